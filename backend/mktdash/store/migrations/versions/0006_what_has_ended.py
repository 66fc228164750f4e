"""What has ended: series and datasets that their source publishes no more

Revision ID: 0006
Revises: 0005

"""
import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

_ROWS = {'INSERT': ('NEW',), 'UPDATE': ('OLD', 'NEW'), 'DELETE': ('OLD',)}


def upgrade() -> None:
    op.create_table(
        'ended',
        sa.Column('dataset', sa.String(), nullable=False),
        sa.Column('series_id', sa.BigInteger(), nullable=False),
        sa.Column('ended_on', sa.String(), nullable=False),
        sa.Column('reason', sa.String(), nullable=False),
        sa.Column('said_by', sa.String(), nullable=False),
        sa.Column('said_at', sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(['dataset'], ['dataset.key']),
        sa.PrimaryKeyConstraint('dataset', 'series_id'),
    )
    postgres = op.get_bind().dialect.name == 'postgresql'
    for event in _ROWS:
        trigger = f'ended_quality_{event.lower()}'
        if postgres:
            op.execute(
                f'CREATE CONSTRAINT TRIGGER {trigger} AFTER {event} ON ended DEFERRABLE INITIALLY DEFERRED FOR EACH ROW'
                " EXECUTE FUNCTION topic_moved('quality:', 'dataset')"
            )
        else:
            moved = ' '.join(
                f"INSERT INTO topic_version (topic, version) VALUES ('quality:' || {row}.dataset, 1)"
                ' ON CONFLICT (topic) DO UPDATE SET version = version + 1;'
                for row in _ROWS[event]
            )
            op.execute(f'CREATE TRIGGER {trigger} AFTER {event} ON ended BEGIN {moved} END')


def downgrade() -> None:
    op.drop_table('ended')
