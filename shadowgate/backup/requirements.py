"""What a dump needs and the server or the target lacks, found before anything is restored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shadowgate.backup.contents import Needs, Setting
from shadowgate.backup.recognise import Backup
from shadowgate.backup.roles import absent_roles, made_roles
from shadowgate.backup.versions import version_advice
from shadowgate.errors import RestoreError
from shadowgate.language import joined, nsentence, sentence
from shadowgate.server.base import Connection

_ORDINARY = """
SELECT rolname
FROM pg_catalog.pg_roles
WHERE NOT rolsuper
"""

_INSTALLED = """
SELECT e.extname, n.nspname
FROM pg_catalog.pg_extension e
JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
"""

_TYPES = """
SELECT n.nspname, t.typname
FROM pg_catalog.pg_type t
JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
WHERE n.nspname <> 'pg_catalog'
"""


@dataclass(frozen=True)
class Lack:
    """Something that a dump needs and that is not there."""

    what: str
    todo: str


def require_all(needs: Needs, backup: Backup, connection: Connection) -> None:
    """See that the server and the target have all that a dump needs.

    Raises:
        RestoreError: something is missing; all that is missing is named at once.
    """
    lacks = tuple(lacks_of(needs, backup, connection))
    if lacks:
        raise RestoreError(
            sentence(
                "the backup cannot be restored here: {lacks}",
                lacks=joined("; ", (lack.what for lack in lacks)),
            ),
            where=str(backup.path),
            todo=joined("; ", dict.fromkeys(lack.todo for lack in lacks)),
        )


def lacks_of(needs: Needs, backup: Backup, connection: Connection) -> Iterator[Lack]:
    """What a dump needs and is not there."""
    major = connection.info.server_version // 10_000
    yield from _roles(needs, backup, connection, major)
    yield from _superusers(needs, connection)
    yield from _extensions(needs, connection)
    yield from _objects(needs, connection)
    unknown = [
        setting for setting in unknown_settings(needs, connection) if not changes_no_data(setting)
    ]
    for setting in unknown:
        yield Lack(
            sentence(
                "it sets the parameter {parameter}, which PostgreSQL {major} does "
                "not know (line {line})",
                parameter=setting.parameter,
                major=major,
                line=setting.statement.line,
            ),
            version_advice(backup, major),
        )


def unknown_settings(needs: Needs, connection: Connection) -> Iterator[Setting]:
    """Parameters that a dump sets and the server does not have."""
    for setting in needs.settings:
        row = connection.execute(
            "SELECT pg_catalog.current_setting(%s, true) IS NULL", (setting.parameter,)
        ).fetchone()
        if row is not None and row[0]:
            yield setting


def changes_no_data(setting: Setting) -> bool:
    """Whether a restore without a parameter leaves the same database behind: if it ends."""
    return setting.parameter.endswith("_timeout") and setting.statement.alone


def _roles(needs: Needs, backup: Backup, connection: Connection, major: int) -> Iterator[Lack]:
    absent = absent_roles(connection, needs.roles)
    ours = [role for role in absent if not role.startswith("pg_")]
    if ours:
        # The line is to replace the one that may be there already.
        listed = ", ".join(f'"{_escaped(role)}"' for role in (*made_roles(connection), *ours))
        yield Lack(
            sentence("it names roles that the server lacks: {ours}", ours=", ".join(ours)),
            sentence(
                "name them in the plan, which makes them on a server that this run "
                "started: [backup] roles = [{listed}]",
                listed=listed,
            ),
        )
    if newer := [role for role in absent if role.startswith("pg_")]:
        yield Lack(
            sentence(
                "it names predefined roles that PostgreSQL {major} lacks: {newer}",
                major=major,
                newer=", ".join(newer),
            ),
            version_advice(backup, major),
        )


def _escaped(role: str) -> str:
    return role.replace("\\", "\\\\").replace('"', '\\"')


def ordinary_owners(needs: Needs, connection: Connection) -> dict[str, list[str]]:
    """Roles that are no superusers and have to be, each with what the dump lets it own."""
    ordinary = {row[0] for row in connection.execute(_ORDINARY)}
    major = connection.info.server_version // 10_000
    owned: dict[str, list[str]] = {}
    for one in needs.privileged:
        if one.owner in ordinary and (one.before is None or major < one.before):
            owned.setdefault(one.owner, []).append(one.described)
    return owned


def _superusers(needs: Needs, connection: Connection) -> Iterator[Lack]:
    made = set(made_roles(connection))
    for role, objects in ordinary_owners(needs, connection).items():
        if role not in made:
            yield Lack(
                sentence(
                    "it makes {role}, who is no superuser here, the owner of "
                    "{objects}, which only a superuser can be",
                    role=role,
                    objects=", ".join(objects),
                ),
                sentence(
                    "make that role one on a server for tests: ALTER ROLE {role} "
                    "SUPERUSER, or use one that this run starts (--server local or "
                    "container), where the plan's roles are made as they have to be",
                    role=role,
                ),
            )


def _extensions(needs: Needs, connection: Connection) -> Iterator[Lack]:
    known = {row[0] for row in connection.execute("SELECT name FROM pg_available_extensions")}
    absent = [name for name, _ in needs.extensions if name not in known]
    if absent:
        yield Lack(
            sentence(
                "it needs extensions that the server lacks: {absent}",
                absent=", ".join(absent),
            ),
            "use a server that has them (--postgis-image, --server), or dump only the schemas that"
            " do without them: pg_dump --schema=public",
        )


def _objects(needs: Needs, connection: Connection) -> Iterator[Lack]:
    """Schemas and types that neither the dump makes nor the target has.

    An extension that the dump creates may bring them, and so may a statement that was not read.
    """
    if needs.unread or set(needs.extensions) - set(connection.execute(_INSTALLED).fetchall()):
        return
    schemas = {row[0] for row in connection.execute("SELECT nspname FROM pg_namespace")}
    without = needs.used_schemas - schemas
    types = needs.used_types - set(connection.execute(_TYPES).fetchall())
    todo = (
        "dump the whole database, or with --schema=NAME for each schema and --extension=NAME for"
        " each extension that is used"
    )
    if without:
        yield Lack(
            sentence(
                "it uses schemas that neither the dump creates nor the target has: {some}",
                some=_some(without),
            ),
            todo,
        )
    if absent := sorted(f"{schema}.{name}" for schema, name in types if schema not in without):
        yield Lack(
            sentence(
                "it uses types that neither the dump creates nor the target has: {some}",
                some=_some(absent),
            ),
            todo,
        )


def _some(names: Iterable[str], most: int = 10) -> str:
    listed = sorted(names)
    shown = ", ".join(listed[:most])
    if len(listed) <= most:
        return shown
    return nsentence("{some} and {n} more", "{some} and {n} more", len(listed) - most, some=shown)
