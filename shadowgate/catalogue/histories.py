"""Tables in which migration tools note what they have applied.

Scripts of Alembic's and Django's write to them; the users of an application never do.
"""

from __future__ import annotations

HISTORIES = frozenset(
    {
        "alembic_version",
        "databasechangelog",
        "databasechangeloglock",
        "django_migrations",
        "flyway_schema_history",
        "goose_db_version",
        "schema_migrations",  # golang-migrate, dbmate, Supabase, Rails
    }
)


def is_history(table: str) -> bool:
    """Whether a table, with its schema or without, is named as such a one is."""
    return table.rpartition(".")[2].strip('"') in HISTORIES
