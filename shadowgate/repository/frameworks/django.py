"""Asks Django itself what SQL a migration is, on an empty database that it migrates first.

It looks up the names of constraints that it drops, so it cannot be asked without a database. Those
of the project's settings are never reached: a throw-away one stands in for them, and what comes
before is applied to it, as Django's own tests do.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from shadowgate.errors import UsageError
from shadowgate.language import sentence
from shadowgate.repository.frameworks.asking import Asking, Program, ask, generated
from shadowgate.repository.model import Finding, Migration

VARIABLE = "DJANGO_SETTINGS_MODULE"
_SECONDS = 600
_ROOM_BYTES = 200_000_000
_PROGRAM = Path(__file__).with_name("django_program.py")
_SAYS = re.compile(rf"""["']{VARIABLE}["']\s*,\s*["']([\w.]+)["']""")
_NAME = 'python = "…" in shadowgate.toml names the Python that has Django and the project'


def with_sql(migrations: Sequence[Migration], asking: Asking) -> list[Migration]:
    """Migrations with the SQL that Django would send for them, in the order that it applies them.

    Each ends with the row of ``django_migrations``, or its end, which Django writes as well.

    Raises:
        UsageError: Django is not there, or the project cannot be loaded or migrated.
        SetupError: there is no server for the throw-away database.
    """
    if not migrations:
        return []
    settings = _settings_module(asking)
    from shadowgate.server import Databases, open_server  # noqa: PLC0415  (takes long to load)

    with (
        closing(open_server(asking.server, room_bytes=_ROOM_BYTES)) as server,
        Databases(server) as databases,
        databases.created(f"shadowgate_django_{os.getpid()}") as database,
    ):
        at = database.endpoint
        scratch = {
            "NAME": database.name,
            "HOST": at.host,
            "PORT": str(at.port),
            "USER": at.user,
            "PASSWORD": at.password or "",
        }
        return _asked(migrations, asking, settings, scratch)


def _asked(
    migrations: Sequence[Migration], asking: Asking, settings: str, scratch: Mapping[str, str]
) -> list[Migration]:
    by_path = {str((asking.root / each.up.path).resolve()): each for each in migrations}
    with tempfile.TemporaryDirectory(prefix="shadowgate-") as folder:
        answer, request = Path(folder, "answer.json"), Path(folder, "request.json")
        request.touch(mode=0o600)
        wanted = {"files": [*by_path], "database": scratch, "answer": str(answer)}
        request.write_text(json.dumps(wanted), "utf-8")
        program = Program(
            "asking Django for the SQL of its migrations",
            ("-c", _PROGRAM.read_text("utf-8"), str(request)),
            asking.folder,
            _SECONDS,
            str(asking.folder),
            f"make `manage.py migrate` work there on an empty database; {_NAME}",
        )
        ask(program, asking.python, {VARIABLE: settings})
        answers = json.loads(answer.read_text("utf-8"))
    found = [_migration(by_path.pop(each["file"]), each) for each in answers]
    return found + [_not_known(each) for each in by_path.values()]


def _settings_module(asking: Asking) -> str:
    """The settings that the project runs with, as ``manage.py`` finds them.

    Raises:
        UsageError: nothing names them.
    """
    named = asking.settings_module or os.environ.get(VARIABLE, "")
    manage = asking.folder / "manage.py"
    said = _SAYS.search(manage.read_text("utf-8", "replace")) if manage.is_file() else None
    if not named and said is None:
        raise UsageError(
            "nothing says which settings Django is to run with",
            where=str(manage),
            todo=sentence(
                'say settings_module = "shop.settings" in shadowgate.toml, or set {variable}',
                variable=VARIABLE,
            ),
        )
    return named or (said[1] if said else "")


def _migration(migration: Migration, answer: Mapping[str, Any]) -> Migration:
    """What Django says of one.

    Args:
        migration: as read from its file.
        answer: why it is ``refused``, or else ``forwards``, ``backwards`` (null if there is no way
            back), ``atomic`` and ``python`` (what is no SQL, either way).
    """
    path, text = str(migration.up.path), migration.up.text
    if answer["refused"]:
        return replace(migration, flaws=(Finding("script", path, answer["refused"]),))
    line = _line(text)
    return replace(
        generated(migration, answer["forwards"], answer["backwards"]),
        transactions="file" if answer["atomic"] else "statement",
        flaws=tuple(
            Finding("not-sql", path, f"{each}: {_PYTHON}", _IN_SQL, line=line)
            for each in answer["python"]
        ),
    )


_PYTHON = "Django runs it as Python and cannot show it as SQL, so what it does is not judged"
_IN_SQL = "write it with RunSQL; or accept that: `# shadowgate: allow not-sql: reason`"


def _line(text: str) -> int | None:
    """The first line, from 1, where Python is run."""
    lines = (number for number, line in enumerate(text.splitlines(), 1) if "RunPython(" in line)
    return next(lines, None)


def _not_known(migration: Migration) -> Migration:
    flaw = Finding(
        "directives",
        str(migration.up.path),
        "Django does not load it",
        "put its app into INSTALLED_APPS, and its file where Django looks for the app's migrations",
    )
    return replace(migration, flaws=(flaw,))
