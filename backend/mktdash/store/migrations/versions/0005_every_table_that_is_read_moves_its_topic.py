"""Every table that answers are read from moves its topic, whichever of its columns changes

Revision ID: 0005
Revises: 0004

What moves no topic, and why, is listed in ``tests/functional/answer_cache/test_topics.py``, which changes every column there is.
"""
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

_ALL = ('INSERT', 'UPDATE', 'DELETE')
# What one observation more or another one changes; not ``said_at``, which moves with every poll that brings nothing.
_LATEST = (
    'series_id', 'n', 'first_as_of', 'as_of', 'value', 'open', 'high', 'low', 'volume', 'flags', 'known_at',
    'batch_id', 'previous_as_of', 'previous_value', 'sealed_to', 'tail',
)
_OF_SERIES = '(SELECT dataset FROM series WHERE id = {row}.series_id)'
_OF_DATASET = '{row}.dataset'
# (table, name, topic, what ends the topic, events, columns of which one must have changed in an update: any if none)
_TRIGGERS = (
    ('dataset', 'named', 'catalogue', None, ('UPDATE',), ('key',)),
    ('latest', 'data', 'data:', _OF_SERIES, _ALL, _LATEST),
    ('observation_chunk', 'data', 'data:', _OF_SERIES, _ALL, ()),
    ('ingest_batch', 'about', 'about:', _OF_DATASET, _ALL, ()),
    # A blob that is new is in no answer before its batch is.
    ('raw_blob', 'raw', 'raw', None, ('UPDATE', 'DELETE'), ('sha256', 'size')),
)
# Tables whose rows moved only the topic of the dataset that they came to, not of the one that they left.
_LEFT = ('dq_result', 'dq_alert')
# Any constant does; it only has to be the same in every transaction.
_LOCK = 0x6D6B_7464_6173_6803
# As in 0002, deferred to the commit and once a transaction and topic; now for the row before a change and for the one
# after it. One transaction at a time, because two that move the same topics need not do so in the same order.
_FUNCTION = f"""
CREATE OR REPLACE FUNCTION topic_moved() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ends text[];
    told text;
    mark text;
BEGIN
    IF TG_NARGS = 1 THEN
        ends := ARRAY[''];
    ELSIF TG_ARGV[1] = 'series_id' THEN
        IF TG_OP <> 'INSERT' THEN
            ends := ends || {_OF_SERIES.format(row='OLD')}::text;
        END IF;
        IF TG_OP <> 'DELETE' THEN
            ends := ends || {_OF_SERIES.format(row='NEW')}::text;
        END IF;
    ELSE
        IF TG_OP <> 'INSERT' THEN
            ends := ends || (to_jsonb(OLD) ->> TG_ARGV[1]);
        END IF;
        IF TG_OP <> 'DELETE' THEN
            ends := ends || (to_jsonb(NEW) ->> TG_ARGV[1]);
        END IF;
    END IF;
    FOREACH told IN ARRAY ends LOOP
        told := TG_ARGV[0] || told;
        mark := 'mktdash.t' || md5(told);
        IF told IS NOT NULL AND current_setting(mark, true) IS DISTINCT FROM pg_current_xact_id()::text THEN
            PERFORM pg_advisory_xact_lock({_LOCK});
            INSERT INTO topic_version (topic, version) VALUES (told, 1)
                ON CONFLICT (topic) DO UPDATE SET version = topic_version.version + 1;
            PERFORM set_config(mark, pg_current_xact_id()::text, true);
        END IF;
    END LOOP;
    RETURN NULL;
END $$
"""
_COLUMNS = {_OF_SERIES: 'series_id', _OF_DATASET: 'dataset'}


def upgrade() -> None:
    postgres = op.get_bind().dialect.name == 'postgresql'
    if postgres:
        op.execute(_FUNCTION)
    for table, name, topic, ends, events, changed in _TRIGGERS:
        for event in events:
            trigger = f'{table}_{name}_{event.lower()}'
            columns = changed if event == 'UPDATE' else ()
            if postgres:
                op.execute(_on_postgres(trigger, table, topic, ends, event, columns))
            else:
                op.execute(_on_sqlite(trigger, table, topic, ends, event, columns))
    for table in () if postgres else _LEFT:
        op.execute(
            f'CREATE TRIGGER {table}_left_update AFTER UPDATE ON {table} WHEN OLD.dataset IS NOT NEW.dataset BEGIN'
            f' {_moved("quality:", _OF_DATASET, "OLD")} END'
        )


def _on_postgres(
    trigger: str, table: str, topic: str, ends: str | None, event: str, changed: tuple[str, ...]
) -> str:
    when = ' OR '.join(f'OLD.{name} IS DISTINCT FROM NEW.{name}' for name in changed)
    arguments = f"'{topic}'" if ends is None else f"'{topic}', '{_COLUMNS[ends]}'"
    return (
        f'CREATE CONSTRAINT TRIGGER {trigger} AFTER {event} ON {table} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW'
        f'{f" WHEN ({when})" if changed else ""} EXECUTE FUNCTION topic_moved({arguments})'
    )


def _on_sqlite(
    trigger: str, table: str, topic: str, ends: str | None, event: str, changed: tuple[str, ...]
) -> str:
    when = ' OR '.join(f'OLD.{name} IS NOT NEW.{name}' for name in changed)
    rows = {'INSERT': ('NEW',), 'DELETE': ('OLD',), 'UPDATE': ('OLD', 'NEW')}[event] if ends else ('NEW',)
    moved = ' '.join(_moved(topic, ends, row) for row in rows)
    return f'CREATE TRIGGER {trigger} AFTER {event} ON {table}{f" WHEN {when}" if changed else ""} BEGIN {moved} END'


def _moved(topic: str, ends: str | None, row: str) -> str:
    told = f"'{topic}'" if ends is None else f"'{topic}' || {ends.format(row=row)}"
    return (
        f'INSERT INTO topic_version (topic, version) SELECT {told}, 1 WHERE {told} IS NOT NULL'
        ' ON CONFLICT (topic) DO UPDATE SET version = version + 1;'
    )


def downgrade() -> None:
    postgres = op.get_bind().dialect.name == 'postgresql'
    # The function stays: it does for the triggers of 0002 what theirs did.
    for table, name, _topic, _ends, events, _changed in _TRIGGERS:
        for event in events:
            trigger = f'{table}_{name}_{event.lower()}'
            op.execute(f'DROP TRIGGER {trigger} ON {table}' if postgres else f'DROP TRIGGER {trigger}')
    for table in () if postgres else _LEFT:
        op.execute(f'DROP TRIGGER {table}_left_update')
