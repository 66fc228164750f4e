"""A series is one of its dataset: files of one symbol from two vendors are two series (ops/decisions/0015)

Revision ID: 0007
Revises: 0006

"""
import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None

_NAME = 'series_instrument_id_{}_measure_interval_adjustment_key'
_COLUMNS = (
    'id', 'instrument_id', 'dataset', 'source', 'measure', 'interval', 'unit', 'unit_scale', 'positive', 'adjustment',
)


def upgrade() -> None:
    _tell_apart_by('dataset', before='source')


def downgrade() -> None:
    _tell_apart_by('source', before='dataset')


def _tell_apart_by(column: str, before: str) -> None:
    unique = ('instrument_id', column, 'measure', 'interval', 'adjustment')
    if op.get_bind().dialect.name == 'postgresql':
        op.drop_constraint(_NAME.format(before), 'series', type_='unique')
        op.create_unique_constraint(_NAME.format(column), 'series', list(unique))
        return
    # SQLite can't take a constraint off a table: the table is made anew, and what hung on it is put back. Rows that
    # refer to it are looked at when the transaction ends.
    hung = "SELECT sql FROM sqlite_master WHERE tbl_name = 'series' AND type IN ('index', 'trigger') AND sql IS NOT NULL"
    again = list(op.get_bind().execute(sa.text(hung)).scalars())
    columns = ', '.join(f'"{name}"' for name in _COLUMNS)
    op.execute('PRAGMA defer_foreign_keys = ON')
    op.execute(f'CREATE TEMP TABLE series_kept AS SELECT {columns} FROM series')
    op.execute('DROP TABLE series')
    op.create_table(
        'series',
        sa.Column('id', sa.INTEGER(), nullable=False),
        sa.Column('instrument_id', sa.BigInteger(), nullable=False),
        sa.Column('dataset', sa.String(), nullable=False),
        sa.Column('source', sa.String(), nullable=False),
        sa.Column('measure', sa.String(), nullable=False),
        sa.Column('interval', sa.String(), nullable=False),
        sa.Column('unit', sa.String(), nullable=False),
        sa.Column('unit_scale', sa.Float(), nullable=False),
        sa.Column('positive', sa.Boolean(), nullable=False),
        sa.Column('adjustment', sa.String(), nullable=False),
        sa.ForeignKeyConstraint(['dataset'], ['dataset.key']),
        sa.ForeignKeyConstraint(['instrument_id'], ['instrument.id']),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint(*unique),
    )
    op.execute(f'INSERT INTO series ({columns}) SELECT {columns} FROM series_kept')
    op.execute('DROP TABLE series_kept')
    for statement in again:
        op.execute(statement)
