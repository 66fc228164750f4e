"""Homes and databases as commands find them: none, none yet, of another version; each is one sentence that helps."""

import asyncio

import pytest
from sqlalchemy import text
from tests.factories.command import Command

from mktdash.store.engine.schema import downgrade, head
from mktdash.store.engine.session import open_engine, write_transaction

MAPPING = '{"dataset": "d", "date": "Date", "symbol": "S", "value": "Close"}'
COMMANDS = [
    ("ingest", "sim"),
    ("ingest", "csv", "--file", "file.csv", "--mapping", "mapping.json"),
    ("replay",),
    ("replay", "--refetch", "--source", "sim"),
    ("quality",),
    ("quality", "--stored"),
    ("quality", "alerts"),
    ("report", "list"),
    ("report", "request", "market-summary"),
    ("report", "show", "none"),
    ("report", "verify", "none"),
    ("instruments", "list"),
    ("instruments", "import", "instruments.csv"),
    ("token", "list"),
    ("token", "create", "--name", "one", "--role", "viewer"),
    ("token", "revoke", "none"),
    ("db", "check"),
    ("db", "compact"),
]


@pytest.fixture
def mktdash(tmp_path, monkeypatch):
    (tmp_path / "file.csv").write_text("Date,Close\n2024-01-02,1\n")
    (tmp_path / "mapping.json").write_text(MAPPING)
    (tmp_path / "instruments.csv").write_text("symbol,name,asset_class\nIBM,IBM,EQUITY\n")
    monkeypatch.chdir(tmp_path)
    return Command(tmp_path)


def said(done):
    """The one sentence of a command that refused."""
    assert (done.code, done.out) == (1, "")
    (line,) = done.err.splitlines()
    assert line.startswith("mktdash: ")
    return line


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_fresh_home_names_the_command_that_makes_its_database(mktdash, words):
    file = mktdash.home / "mktdash.db"
    assert said(mktdash(*words)).endswith(
        f"there is no database {file} yet: `mktdash up` or `mktdash db upgrade` makes it"
    )
    assert not file.exists(), "an empty database is no better than none"


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_an_empty_database_names_the_command_that_makes_its_tables(mktdash, words):
    mktdash.home.mkdir()
    (mktdash.home / "mktdash.db").touch()
    assert said(mktdash(*words)).endswith(f"schema none where this version needs {head()}: run `mktdash db upgrade`")


def changed(mktdash, change):
    assert mktdash("db", "upgrade").code == 0

    async def run():
        engine = open_engine(f"sqlite+aiosqlite:///{mktdash.home / 'mktdash.db'}")
        await change(engine)
        await engine.dispose()

    asyncio.run(run())


async def to_older(engine):
    await downgrade(engine, "0003")


async def to_newer(engine):
    async with write_transaction(engine) as conn:
        await conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (to_older, f"the database has schema 0003 where this version needs {head()}: run `mktdash db upgrade`"),
        (
            to_newer,
            f"the database has schema 9999 where this version knows {head()}: run the newer mktdash that made it",
        ),
    ],
)
def test_a_database_of_another_version_is_said_in_the_same_words_everywhere(mktdash, change, says):
    changed(mktdash, change)
    for words in (("ingest", "sim"), ("quality",), ("report", "list"), ("db", "check")):
        assert said(mktdash(*words)) == f"mktdash: {says}"
    assert says in mktdash("doctor").out
    again = mktdash("db", "upgrade")
    assert (again.code, again.err) == ((0, "") if change is to_older else (1, f"mktdash: {says}\n"))


def test_after_the_command_that_was_named_everything_works(mktdash):
    assert mktdash("db", "upgrade").code == 0
    assert mktdash(*COMMANDS[1]).code == 0
    assert mktdash("db", "check").out.startswith("1 series and 1 raw files checked, 0 problems")


@pytest.mark.parametrize(
    "words", [("ingest", "sim"), ("db", "upgrade"), ("quality",), ("doctor",), ("token", "list")], ids=" ".join
)
def test_a_home_that_is_a_file_is_said_so(mktdash, words):
    mktdash.home.write_text("not a folder")
    assert "the home folder" in said(mktdash(*words))


def test_a_home_that_cannot_be_made_is_said_so(tmp_path):
    (tmp_path / "file").touch()
    command = Command(tmp_path, {"MKTDASH_HOME": str(tmp_path / "file" / "home")})
    for words in (("ingest", "sim"), ("db", "upgrade"), ("web",), ("up",)):
        line = command(*words).err.splitlines()[-1]
        assert "the home folder" in line
        assert "MKTDASH_HOME" in line
