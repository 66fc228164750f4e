"""Sessions of browsers hang on their tokens and end with them

Revision ID: 0004
Revises: 0003

"""
import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Sessions were tokens that knew nothing of the one they came from: nobody can say when they should end.
    op.execute("DELETE FROM api_token WHERE kind = 'session'")
    op.add_column('api_token', sa.Column('made_by', sa.String(), nullable=True))
    op.create_table(
        'browser_session',
        sa.Column('id', sa.String(), nullable=False),
        sa.Column('sha256', sa.String(), nullable=False),
        sa.Column('token_id', sa.String(), nullable=False),
        sa.Column('opened_at', sa.BigInteger(), nullable=False),
        sa.Column('expires_at', sa.BigInteger(), nullable=False),
        sa.Column('last_used_at', sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(['token_id'], ['api_token.id'], ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('sha256'),
    )
    op.create_index('ix_browser_session_token_id', 'browser_session', ['token_id'])


def downgrade() -> None:
    op.drop_table('browser_session')
    op.drop_column('api_token', 'made_by')
