"""What a start keeps on the disk is its owner's alone, in a new home and in one that an earlier start left open."""

import os
import stat
import subprocess
from contextlib import suppress

from tests.e2e.running import MKTDASH, Running, environment


def others_may(folder):
    """Each file that others have any right to, with its mode; links have none of their own."""
    found = {}
    for path in (folder, *folder.rglob("*")):
        with suppress(FileNotFoundError):
            mode = path.lstat().st_mode
            if mode & 0o077 and not stat.S_ISLNK(mode):
                found[str(path.relative_to(folder))] = oct(mode & 0o777)
    return found


def test_nothing_that_a_start_keeps_is_anybody_elses(tmp_path):
    home = tmp_path / "home"
    before = os.umask(0o022)
    try:
        with Running(home) as running:
            running.wait_for_line("ready: ")
            names = {path.name for path in home.rglob("*")}

            assert {"mktdash.db", "mktdash.db-wal", "mktdash.log", "redis.sock", "up.lock"} <= names
            assert others_may(home) == {}
    finally:
        os.umask(before)


def test_a_home_that_was_left_open_is_closed_at_the_next_command(tmp_path):
    home = tmp_path / "home"
    (home / "logs").mkdir(parents=True)
    (home / "redis" / "appendonlydir").mkdir(parents=True)
    kept = [home / "mktdash.db", home / "logs" / "mktdash.log.1", home / "redis" / "appendonlydir" / "a.aof"]
    outside = tmp_path / "outside"
    for path in (*kept, outside, home / "notes.txt"):
        path.touch()
        path.chmod(0o644)
    (home / "logs" / "link").symlink_to(outside)
    home.chmod(0o755)

    subprocess.run([*MKTDASH, "db", "upgrade"], env=environment(home, 0), check=True, capture_output=True, umask=0o022)

    assert others_may(home) == {"notes.txt": "0o644"}, "what is not ours stays, behind a folder that nobody enters"
    assert outside.stat().st_mode & 0o777 == 0o644


def test_a_database_that_a_command_makes_is_private_wherever_it_lies(tmp_path):
    home, elsewhere = tmp_path / "home", tmp_path / "shared"
    elsewhere.mkdir(mode=0o755)
    told = environment(home, 0) | {"DATABASE_URL": f"sqlite:///{elsewhere / 'a.db'}"}

    subprocess.run([*MKTDASH, "db", "upgrade"], env=told, check=True, capture_output=True, umask=0o022)

    assert (elsewhere / "a.db").stat().st_mode & 0o777 == 0o600
    assert home.stat().st_mode & 0o777 == 0o700
