"""Runs of every kind of job stand in one table (ops/decisions/0021)

Revision ID: 0009
Revises: 0008

"""
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None

_EVENTS = ('INSERT', 'UPDATE', 'DELETE')
_TEXT, _MICROS, _JSON, _INTEGER = sa.String, sa.BigInteger, sa.JSON, sa.Integer
# What the runs of reports and of replays had in common: name, type, whether it may be null.
_SHARED = (
    ('state', _TEXT, False),
    ('epoch', _INTEGER, False),
    ('attempts', _INTEGER, False),
    ('requested_by', _TEXT, False),
    ('created_at', _MICROS, False),
    ('available_at', _MICROS, False),
    ('dispatched_at', _MICROS, True),
    ('started_at', _MICROS, True),
    ('finished_at', _MICROS, True),
    ('lease_until', _MICROS, True),
    ('worker', _TEXT, True),
    ('error_code', _TEXT, True),
    ('error_message', _TEXT, True),
)
# What only reports had of it.
_QUEUED = (
    *_SHARED,
    ('parameters', _JSON, False),
    ('stage', _TEXT, False),
    ('progress', sa.Float, False),
    ('max_attempts', _INTEGER, False),
    ('crashes', _INTEGER, False),
    ('idempotency_key', _TEXT, True),
)
_RUN = (*_QUEUED, ('kind', _TEXT, False), ('max_crashes', _INTEGER, False), ('result', _JSON, True))
_REPORT = (
    ('template', _TEXT, False),
    ('template_version', _INTEGER, False),
    ('snapshot_id', _TEXT, True),
    ('snapshot_at', _MICROS, True),
    ('snapshot_facts', _JSON, True),
    ('code_sha', _TEXT, True),
)
_REPLAY = (*_SHARED, ('since', _MICROS, False), ('source', _TEXT, True), ('total', _INTEGER, False), ('results', _JSON, False))
_EVENT = (
    ('run_id', _TEXT, False),
    ('at', _MICROS, False),
    ('state', _TEXT, False),
    ('stage', _TEXT, False),
    ('progress', sa.Float, False),
    ('epoch', _INTEGER, False),
    ('message', _TEXT, False),
)


def upgrade() -> None:
    _create('job_run', _RUN)
    op.create_index('ix_job_run_state', 'job_run', ['state', 'available_at'])
    op.create_index('ix_job_run_kind', 'job_run', ['kind', 'id'])
    op.create_index('ux_job_run_idempotency_key', 'job_run', ['kind', 'idempotency_key'], unique=True)
    queued, shared = _names(_QUEUED), _names(_SHARED)
    op.execute(
        f"INSERT INTO job_run (id, {queued}, kind, max_crashes) SELECT id, {queued}, 'report', 3 FROM report_run"
    )
    build = 'json_build_object' if _postgres() else 'json_object'
    done = 'json_array_length(results)'
    op.execute(
        f'INSERT INTO job_run (id, {shared}, kind, parameters, stage, progress, max_attempts, crashes, max_crashes, result)'
        f" SELECT id, {shared}, 'replay', {build}('since', since, 'source', source), state, CASE WHEN state = 'succeeded'"
        f' THEN 1.0 WHEN total > 0 THEN {done} * 1.0 / total ELSE 0.0 END, 5, 0, 5, CASE WHEN {done} > 0 THEN results END'
        ' FROM replay_run'
    )
    op.drop_table('replay_run')
    for name in ('ix_report_run_state', 'ix_report_run_created_at', 'ux_report_run_idempotency_key'):
        op.drop_index(name, 'report_run')
    if _postgres():
        for name, _, _ in _QUEUED:
            op.drop_column('report_run', name)
        op.create_foreign_key('report_run_id_fkey', 'report_run', 'job_run', ['id'], ['id'])
    else:
        kept = f'SELECT id, {_names(_REPORT)} FROM report_run'
        _rebuild('report_run', _REPORT, kept, sa.ForeignKeyConstraint(['id'], ['job_run.id']), *_snapshot())
    _events_refer_to('job_run')
    for event in _EVENTS:
        op.execute(
            f'CREATE CONSTRAINT TRIGGER job_run_reports_{event.lower()} AFTER {event} ON job_run'
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION topic_moved('reports')"
            if _postgres()
            else f'CREATE TRIGGER job_run_reports_{event.lower()} AFTER {event} ON job_run BEGIN'
            " INSERT INTO topic_version (topic, version) VALUES ('reports', 1)"
            ' ON CONFLICT (topic) DO UPDATE SET version = version + 1; END'
        )


def downgrade() -> None:
    _create('replay_run', _REPLAY)
    op.create_index('ix_replay_run_state', 'replay_run', ['state', 'available_at'])
    shared, queued = _names(_SHARED), _names(_QUEUED)
    of = "parameters ->> '{}'" if _postgres() else "json_extract(parameters, '$.{}')"
    total = 'CASE WHEN progress > 0 THEN CAST(ROUND(json_array_length(result) / progress) AS INTEGER) END'
    op.execute(
        f'INSERT INTO replay_run (id, {shared}, since, source, total, results)'
        f" SELECT id, {shared}, CAST({of.format('since')} AS BIGINT), {of.format('source')},"
        f" COALESCE({total}, 0), COALESCE(result, '[]') FROM job_run WHERE kind = 'replay'"
    )
    op.execute("DELETE FROM run_event WHERE run_id IN (SELECT id FROM job_run WHERE kind <> 'report')")
    if _postgres():
        op.drop_constraint('report_run_id_fkey', 'report_run', type_='foreignkey')
        for name, kind, _ in _QUEUED:
            op.add_column('report_run', sa.Column(name, kind(), nullable=True))
        values = ', '.join(f'{name} = job_run.{name}' for name, _, _ in _QUEUED)
        op.execute(f'UPDATE report_run SET {values} FROM job_run WHERE report_run.id = job_run.id')
        # A table can't be altered while its triggers wait for the commit.
        op.execute('SET CONSTRAINTS ALL IMMEDIATE')
        for name, _, nullable in _QUEUED:
            op.alter_column('report_run', name, nullable=nullable)
        op.execute('SET CONSTRAINTS ALL DEFERRED')
    else:
        rows = f'SELECT id, {queued}, {_names(_REPORT)} FROM job_run JOIN report_run USING (id)'
        _rebuild('report_run', (*_QUEUED, *_REPORT), rows, *_snapshot())
    op.create_index('ix_report_run_state', 'report_run', ['state', 'available_at'])
    op.create_index('ix_report_run_created_at', 'report_run', ['created_at'])
    op.create_index('ux_report_run_idempotency_key', 'report_run', ['idempotency_key'], unique=True)
    _events_refer_to('report_run')
    op.drop_table('job_run')


def _postgres() -> bool:
    return op.get_bind().dialect.name == 'postgresql'


def _names(columns: tuple[Any, ...]) -> str:
    return ', '.join(name for name, _, _ in columns)


def _snapshot() -> list[sa.ForeignKeyConstraint]:
    return [sa.ForeignKeyConstraint(['snapshot_id'], ['report_snapshot.id'])]


def _create(table: str, columns: tuple[Any, ...], *constraints: sa.Constraint) -> None:
    op.create_table(
        table,
        sa.Column('id', sa.INTEGER() if table == 'run_event' else sa.String(), nullable=False),
        *(sa.Column(name, kind(), nullable=nullable) for name, kind, nullable in columns),
        *constraints,
        sa.PrimaryKeyConstraint('id'),
    )


def _events_refer_to(table: str) -> None:
    if _postgres():
        op.drop_constraint('run_event_run_id_fkey', 'run_event', type_='foreignkey')
        op.create_foreign_key('run_event_run_id_fkey', 'run_event', table, ['run_id'], ['id'])
        return
    rows = f'SELECT id, {_names(_EVENT)} FROM run_event'
    _rebuild('run_event', _EVENT, rows, sa.ForeignKeyConstraint(['run_id'], [f'{table}.id']))
    op.create_index('ix_run_event_run_id', 'run_event', ['run_id', 'id'])


def _rebuild(table: str, columns: tuple[Any, ...], rows: str, *constraints: sa.Constraint) -> None:
    """Make a table of SQLite anew, which can't take constraints off one, with rows of a query and its triggers."""
    triggers = f"SELECT sql FROM sqlite_master WHERE tbl_name = '{table}' AND type = 'trigger'"
    again = list(op.get_bind().execute(sa.text(triggers)).scalars())
    # Rows that refer to it are looked at when the transaction ends.
    op.execute('PRAGMA defer_foreign_keys = ON')
    op.execute(f'CREATE TEMP TABLE kept AS {rows}')
    op.execute(f'DROP TABLE {table}')
    _create(table, columns, *constraints)
    op.execute(f'INSERT INTO {table} (id, {_names(columns)}) SELECT id, {_names(columns)} FROM kept')
    op.execute('DROP TABLE kept')
    for statement in again:
        op.execute(statement)
