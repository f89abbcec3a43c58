"""Frameworks whose migrations are programs: each is asked itself, in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from shadowgate.repository.frameworks import alembic, django
from shadowgate.repository.frameworks.asking import Asking
from shadowgate.repository.model import Migration

WITH_SQL: dict[str, Callable[[Sequence[Migration], Asking], list[Migration]]] = {
    "alembic": alembic.with_sql,
    "django": django.with_sql,
}
"""Layout -> its migrations with the SQL that is sent for them, in the order they are applied in.

What the framework refuses, and what cannot be said in SQL, are flaws of the migration.
"""

__all__ = ["WITH_SQL", "Asking"]
