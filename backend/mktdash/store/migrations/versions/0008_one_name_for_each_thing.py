"""Tables and columns go by the words of the glossary: raw files and blocks, chunk periods, parsers, known to

Revision ID: 0008
Revises: 0007

"""
import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None

_TABLES = (('raw_piece', 'raw_block'), ('raw_blob', 'raw_file'))
_COLUMNS = (
    ('observation_chunk', 'bucket', 'period'),
    ('latest', 'said_at', 'known_to'),
    ('ingest_batch', 'reader', 'parser'),
    ('ended', 'said_by', 'recorded_by'),
    ('ended', 'said_at', 'recorded_at'),
)
# PostgreSQL names constraints after the table that they were made with.
_CONSTRAINTS = (
    ('raw_block', 'raw_piece_pkey', 'raw_block_pkey'),
    ('raw_block', 'raw_piece_sha256_fkey', 'raw_block_sha256_fkey'),
    ('raw_file', 'raw_blob_pkey', 'raw_file_pkey'),
)
# The triggers of 0005 on raw files, which are named after their table.
_EVENTS = ('update', 'delete')
_CHANGED = 'OLD.sha256 IS NOT NEW.sha256 OR OLD.size IS NOT NEW.size'
_RAW_MOVED = (
    "INSERT INTO topic_version (topic, version) SELECT 'raw', 1 WHERE 'raw' IS NOT NULL"
    ' ON CONFLICT (topic) DO UPDATE SET version = version + 1;'
)


def upgrade() -> None:
    for before, after in _TABLES:
        op.rename_table(before, after)
    for table, before, after in _COLUMNS:
        op.execute(f'ALTER TABLE {table} RENAME COLUMN {before} TO {after}')
    if _on_postgres():
        for table, before, after in _CONSTRAINTS:
            op.execute(f'ALTER TABLE {table} RENAME CONSTRAINT {before} TO {after}')
    _name_triggers('raw_blob', 'raw_file', on='raw_file')
    _name_in_snapshots('leaves', 'chunks')


def downgrade() -> None:
    _name_in_snapshots('chunks', 'leaves')
    _name_triggers('raw_file', 'raw_blob', on='raw_file')
    if _on_postgres():
        for table, before, after in _CONSTRAINTS:
            op.execute(f'ALTER TABLE {table} RENAME CONSTRAINT {after} TO {before}')
    for table, before, after in reversed(_COLUMNS):
        op.execute(f'ALTER TABLE {table} RENAME COLUMN {after} TO {before}')
    for before, after in reversed(_TABLES):
        op.rename_table(after, before)


def _on_postgres() -> bool:
    return op.get_bind().dialect.name == 'postgresql'


def _name_triggers(before: str, after: str, on: str) -> None:
    for event in _EVENTS:
        old, new = f'{before}_raw_{event}', f'{after}_raw_{event}'
        if _on_postgres():
            op.execute(f'ALTER TRIGGER {old} ON {on} RENAME TO {new}')
            continue
        when = f' WHEN {_CHANGED}' if event == 'update' else ''
        op.execute(f'DROP TRIGGER {old}')
        op.execute(f'CREATE TRIGGER {new} AFTER {event.upper()} ON {on}{when} BEGIN {_RAW_MOVED} END')


def _name_in_snapshots(before: str, after: str) -> None:
    """What a snapshot consists of is JSON: its key is renamed in each."""
    snapshots = sa.table('report_snapshot', sa.column('id', sa.String()), sa.column('contents', sa.JSON()))
    connection = op.get_bind()
    if _on_postgres():
        # What is deferred to the commit would keep a later migration from altering the table.
        op.execute('SET CONSTRAINTS ALL IMMEDIATE')
    for snapshot_id in connection.execute(sa.select(snapshots.c.id)).scalars().all():
        one = snapshots.c.id == snapshot_id
        contents = connection.execute(sa.select(snapshots.c.contents).where(one)).scalar_one()
        renamed = {after if name == before else name: value for name, value in contents.items()}
        connection.execute(sa.update(snapshots).where(one).values(contents=renamed))
    if _on_postgres():
        op.execute('SET CONSTRAINTS ALL DEFERRED')
