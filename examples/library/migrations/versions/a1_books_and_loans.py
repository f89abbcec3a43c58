"""Books, and who has them."""

import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "books",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("shelf", sa.Text),
    )
    op.create_table(
        "loans",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("book_id", sa.BigInteger, sa.ForeignKey("books.id"), nullable=False),
        sa.Column("reader", sa.Text, nullable=False),
        sa.Column("lent_on", sa.Date, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("loans")
    op.drop_table("books")
