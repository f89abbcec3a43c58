"""Asks Alembic itself what SQL a revision is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from shadowgate.repository.frameworks.asking import Asking, Program, ask, generated
from shadowgate.repository.model import Migration

_SECONDS = 120
_PROGRAM = (
    "import sys; sys.path[:] = [path for path in sys.path if path]; "
    "from alembic.config import main; main(prog='alembic')"
)
"""A folder of the project that is called alembic must not be taken for the package."""
_NAME = 'python = "…" in shadowgate.toml names the Python that has Alembic and the project'


def with_sql(migrations: Sequence[Migration], asking: Asking) -> list[Migration]:
    """Migrations with the SQL that Alembic would send for them, both ways.

    Raises:
        UsageError: Alembic is not there, or refuses.
    """
    return [_with_sql(each, asking) for each in migrations]


def _with_sql(migration: Migration, asking: Asking) -> Migration:
    before = migration.follows[0] if migration.follows else "base"
    up = _asked(migration, asking, "upgrade", f"{before}:{migration.key}")
    down = migration.down
    back = _asked(migration, asking, "downgrade", f"{migration.key}:{before}") if down else None
    return generated(migration, up, back)


def _asked(migration: Migration, asking: Asking, way: str, revisions: str) -> str:
    where = _folder_of_ini(asking.root / migration.up.path, asking.root)
    program = Program(
        f"alembic {way} {revisions} --sql",
        ("-c", _PROGRAM, way, revisions, "--sql"),
        where,
        _SECONDS,
        str(migration.up.path),
        f"make this command work in {where}; {_NAME}",
    )
    return ask(program, asking.python, {})


def _folder_of_ini(path: Path, root: Path) -> Path:
    """The nearest folder above a file that has alembic.ini; the project's where none has."""
    inside = (each for each in path.parents if each.is_relative_to(root))
    return next((each for each in inside if (each / "alembic.ini").is_file()), root)
