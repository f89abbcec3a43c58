"""Asks Alembic itself, in a process of its own, what SQL a revision is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from shadowgate.errors import UsageError
from shadowgate.repository.model import Migration, Part

_SECONDS = 120
_PROGRAM = (
    "import sys; sys.path[:] = [path for path in sys.path if path]; "
    "from alembic.config import main; main(prog='alembic')"
)
"""A folder of the project that is called alembic must not be taken for the package."""
_TO_US = re.compile(r"^\s*#\s*(shadowgate\s*:.*)$", re.MULTILINE)
_SAID = re.compile(r"^(?:FAILED: .*|[\w.]*(?:Error|Exception|Exit)\b.*)$", re.MULTILINE)


def with_sql(migration: Migration, root: Path, python: str) -> Migration:
    """A migration with the SQL that Alembic would send for it, both ways.

    Comments to shadowgate in its file come along.

    Args:
        migration: one of the layout ``alembic``.
        root: the project's folder.
        python: the Python that has Alembic and what the project needs; this one if empty.

    Raises:
        UsageError: Alembic is not there, or refuses.
    """
    before, own = migration.follows or "base", migration.key
    comments = "".join(f"-- {said}\n" for said in _TO_US.findall(migration.up.text))
    up = _asked(migration, root, python, "upgrade", f"{before}:{own}")
    down = migration.down
    if down is not None:
        down = _part(migration, _asked(migration, root, python, "downgrade", f"{own}:{before}"))
    return replace(migration, up=_part(migration, comments + up), down=down)


def _part(migration: Migration, sql: str) -> Part:
    return Part(migration.up.path, sql, whole=False, generated=True)


def _asked(migration: Migration, root: Path, python: str, way: str, revisions: str) -> str:
    where = _folder_of_ini(root / migration.up.path, root)
    try:
        done = subprocess.run(
            [python or sys.executable, "-c", _PROGRAM, way, revisions, "--sql"],
            cwd=where,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except OSError as error:
        raise UsageError(f"{python} cannot be started: {error.strerror}", todo=_NAME) from error
    except subprocess.TimeoutExpired as error:
        raise UsageError(
            f"alembic {way} {revisions} --sql took longer than {_SECONDS} s", where=str(where)
        ) from error
    if done.returncode != 0:
        raise UsageError(
            f"alembic {way} {revisions} --sql failed: {_reason(done.stdout + done.stderr)}",
            where=str(migration.up.path),
            todo=f"make this command work in {where}; {_NAME}",
        )
    return done.stdout


_NAME = 'python = "…" in shadowgate.toml names the Python that has Alembic and the project'


def _reason(output: str) -> str:
    said = _SAID.findall(output) or output.strip().splitlines() or ["it said nothing"]
    return str(said[-1]).removeprefix("FAILED: ")


def _folder_of_ini(path: Path, root: Path) -> Path:
    """The nearest folder above a file that has alembic.ini; the project's where none has."""
    inside = (each for each in path.parents if each.is_relative_to(root))
    return next((each for each in inside if (each / "alembic.ini").is_file()), root)
