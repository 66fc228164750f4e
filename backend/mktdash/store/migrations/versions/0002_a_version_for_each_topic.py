"""A version for each topic, moved by the database itself

Revision ID: 0002
Revises: 0001

"""
import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

_DESCRIBED = (
    'title', 'source', 'calendar', 'timezone', 'fixing_time', 'publish_delay_s', 'grace_s', 'licence', 'simulated',
)
_ALL = ('INSERT', 'UPDATE', 'DELETE')
# (table, name, topic, column that ends the topic, events, columns of which one must have changed)
_TRIGGERS = (
    ('instrument', 'catalogue', 'catalogue', None, _ALL, ()),
    ('instrument_alias', 'catalogue', 'catalogue', None, _ALL, ()),
    ('series', 'catalogue', 'catalogue', None, _ALL, ()),
    ('dataset', 'listed', 'catalogue', None, ('INSERT', 'DELETE'), ()),
    ('dataset', 'described', 'catalogue', None, ('UPDATE',), _DESCRIBED),
    ('dataset', 'data', 'data:', 'key', ('UPDATE',), ('version', 'known_at')),
    ('dataset', 'about', 'about:', 'key', ('UPDATE',), ('checked_at', 'last_error', 'last_error_at')),
    ('dq_result', 'quality', 'quality:', 'dataset', _ALL, ()),
    ('dq_alert', 'quality', 'quality:', 'dataset', _ALL, ()),
    ('report_run', 'reports', 'reports', None, _ALL, ()),
    ('report_artifact', 'reports', 'reports', None, _ALL, ()),
    ('report_snapshot', 'reports', 'reports', None, _ALL, ()),
)
# Deferred to the commit, so that the row of a topic is locked for a moment only and never before other rows. Once a
# transaction and topic is enough.
_FUNCTION = """
CREATE FUNCTION topic_moved() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    told text := TG_ARGV[0];
    mark text;
BEGIN
    IF TG_NARGS > 1 THEN
        IF TG_OP = 'DELETE' THEN
            told := told || (to_jsonb(OLD) ->> TG_ARGV[1]);
        ELSE
            told := told || (to_jsonb(NEW) ->> TG_ARGV[1]);
        END IF;
    END IF;
    mark := 'mktdash.t' || md5(told);
    IF current_setting(mark, true) IS NOT DISTINCT FROM pg_current_xact_id()::text THEN
        RETURN NULL;
    END IF;
    INSERT INTO topic_version (topic, version) VALUES (told, 1)
        ON CONFLICT (topic) DO UPDATE SET version = topic_version.version + 1;
    PERFORM set_config(mark, pg_current_xact_id()::text, true);
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.create_table(
        'topic_version',
        sa.Column('topic', sa.String(), nullable=False),
        sa.Column('version', sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint('topic'),
    )
    postgres = op.get_bind().dialect.name == 'postgresql'
    if postgres:
        op.execute(_FUNCTION)
    for table, name, topic, column, events, changed in _TRIGGERS:
        for event in events:
            trigger = f'{table}_{name}_{event.lower()}'
            if postgres:
                op.execute(_on_postgres(trigger, table, topic, column, event, changed))
            else:
                op.execute(_on_sqlite(trigger, table, topic, column, event, changed))


def _on_postgres(
    trigger: str, table: str, topic: str, column: str | None, event: str, changed: tuple[str, ...]
) -> str:
    when = ' OR '.join(f'OLD.{name} IS DISTINCT FROM NEW.{name}' for name in changed)
    arguments = f"'{topic}'" if column is None else f"'{topic}', '{column}'"
    return (
        f'CREATE CONSTRAINT TRIGGER {trigger} AFTER {event} ON {table} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW'
        f'{f" WHEN ({when})" if changed else ""} EXECUTE FUNCTION topic_moved({arguments})'
    )


def _on_sqlite(
    trigger: str, table: str, topic: str, column: str | None, event: str, changed: tuple[str, ...]
) -> str:
    when = ' OR '.join(f'OLD.{name} IS NOT NEW.{name}' for name in changed)
    row = 'OLD' if event == 'DELETE' else 'NEW'
    told = f"'{topic}'" if column is None else f"'{topic}' || {row}.{column}"
    return (
        f'CREATE TRIGGER {trigger} AFTER {event} ON {table}{f" WHEN {when}" if changed else ""} BEGIN'
        f' INSERT INTO topic_version (topic, version) VALUES ({told}, 1)'
        ' ON CONFLICT (topic) DO UPDATE SET version = version + 1; END'
    )


def downgrade() -> None:
    postgres = op.get_bind().dialect.name == 'postgresql'
    for table, name, _topic, _column, events, _changed in _TRIGGERS:
        for event in events:
            trigger = f'{table}_{name}_{event.lower()}'
            op.execute(f'DROP TRIGGER {trigger} ON {table}' if postgres else f'DROP TRIGGER {trigger}')
    if postgres:
        op.execute('DROP FUNCTION topic_moved()')
    op.drop_table('topic_version')
