"""There is one way into the store, and the code itself shows it."""

import ast
from pathlib import Path

import mktdash

PACKAGE = Path(mktdash.__file__).parent
MARKET_TABLES = {"observation", "observation_revision", "observation_chunk", "latest", "raw_blob", "raw_piece"}
WRITES = {"insert", "update", "delete", "copy_records_to_table", "exec_driver_sql"}
# The writers of market data, and the only modules that call them.
WRITERS = {
    "store/observations.py",
    "store/upkeep.py",
    "store/rewind.py",
    "store/holding.py",
    "store/raw.py",
}
CALLERS = {"write_rows", "keep_up", "rewind", "hold", "note_said", "keep_raw"}


def modules():
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if not name.startswith("store/migrations/"):
            yield name, ast.parse(path.read_text(encoding="utf-8"))


def called(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def test_sql_stands_only_in_the_store():
    outside = [
        name
        for name, tree in modules()
        if not name.startswith("store/")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").split(".")[0] in {"sqlalchemy", "sqlmodel"}
        and {alias.name for alias in node.names} & {"select", "insert", "update", "delete", "text"}
    ]
    assert outside == []


def test_only_the_writers_touch_market_tables_to_write():
    found = set()
    for name, tree in modules():
        named = {
            node.slice.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant)
        }
        models = {
            alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mktdash.store.tables")
            for alias in node.names
        }
        market = named & MARKET_TABLES or models & {"Observation", "ObservationRevision", "ObservationChunk", "Latest"}
        if market and WRITES & set(called(tree)):
            found.add(name)
    assert found <= WRITERS


def test_only_a_batch_calls_the_writers():
    callers = {name for name, tree in modules() if CALLERS & set(called(tree)) and name not in WRITERS}
    assert callers == {"ingest/batch.py", "ingest/pipeline.py"}
