"""Shelves are kept elsewhere now; the way back makes the column again, but not what was in it."""

import sqlalchemy as sa
from alembic import op

revision = "a3"
down_revision = "a2"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.drop_column("books", "shelf")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.add_column("books", sa.Column("shelf", sa.Text))
