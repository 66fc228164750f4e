"""The README and the code say the same."""

import re

from ops.settings_table import README, written

from mktdash.settings import REPOSITORY, Settings
from mktdash.supervisor.up import PROCESSES


def test_the_readmes_table_of_settings_is_the_settings_class():
    # given
    readme = README.read_text()
    # when / then: `python ops/settings_table.py` writes it anew
    assert written(readme) == readme
    assert readme.count("| `MKTDASH_") >= 5


def test_every_setting_has_its_sentence():
    # given / when / then
    for name, field in Settings.model_fields.items():
        assert re.fullmatch(r"\S.{15,}\.", field.description or ""), name


def test_the_procfile_names_the_processes_that_are_started():
    # given
    lines = (REPOSITORY / "Procfile").read_text().split("\n")
    # when
    named = [tuple(line.split(": ")) for line in lines if line]
    # then
    assert named == [(name, f"mktdash {name}") for name in PROCESSES]


def test_the_readmes_map_shows_every_package_and_nothing_else():
    # given
    rows = re.findall(r"^\| (`[^|]+) \|", README.read_text().split("## The map")[1], re.MULTILINE)
    # when
    shown = set()
    for row in rows:
        first, *others = re.findall(r"`([^`]+)`", row)
        shown |= {REPOSITORY / first, *((REPOSITORY / first).parent / other for other in others)}
    # then
    assert [folder for folder in shown if not folder.exists()] == []
    packages = {path.parent for path in (REPOSITORY / "backend" / "mktdash").glob("*/__init__.py")}
    assert packages - shown == set()
