"""There is one way into the store, and the code itself shows it."""

import ast
import re
from pathlib import Path

import mktdash

PACKAGE = Path(mktdash.__file__).parent
MARKET_TABLES = {
    "observation": "OBSERVATIONS",
    "observation_revision": "REVISIONS",
    "observation_chunk": "CHUNKS",
    "latest": "LATEST",
    "raw_file": "RAW_FILES",
    "raw_block": "RAW_BLOCKS",
}
STATEMENTS = {"insert", "update", "delete"}
RAW_WRITE = re.compile(rf"(insert\s+into|update|delete\s+from)\s+({'|'.join(MARKET_TABLES)})\b", re.IGNORECASE)
# The writers of market data, and the only modules that call them.
WRITERS = {
    "store/series/compact.py",
    "store/series/writing.py",
    "store/series/chunk_upkeep.py",
    "store/series/rewind.py",
    "store/series/locking.py",
    "store/batches/raw_files.py",
}
CALLERS = {
    "lock_series",
    "write_rows",
    "update_chunks_and_latest",
    "rewind",
    "lock_and_read",
    "mark_known",
    "store_raw",
}


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


def tables_by_name(tree):
    """The names in a module that stand for a market table."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Subscript):
            key = node.value.slice
            if isinstance(key, ast.Constant) and key.value in MARKET_TABLES:
                yield from (target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mktdash.store.tables"):
            yield from (alias.asname or alias.name for alias in node.names if alias.name in MARKET_TABLES.values())


def writes_market_tables(tree):
    names = set(tables_by_name(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if function in STATEMENTS and isinstance(node.args[0], ast.Name) and node.args[0].id in names:
                return True
            if function == "copy_records_to_table" and getattr(node.args[0], "value", None) in MARKET_TABLES:
                return True
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and RAW_WRITE.search(node.value):
            return True
    return False


def test_only_the_writers_write_market_tables():
    assert {name for name, tree in modules() if writes_market_tables(tree)} == WRITERS


def test_only_ingestion_calls_the_writers():
    callers = {name for name, tree in modules() if CALLERS & set(called(tree)) and name not in WRITERS}
    assert callers == {"ingest/batch.py", "ingest/pipeline.py", "ingest/replay.py"}
