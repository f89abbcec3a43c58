"""What a dump will ask of the server: roles and extensions, read from its schema part."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shadowgate.backup.complaints import first_complaint
from shadowgate.backup.decode import read_chunks, unwrap
from shadowgate.backup.recognise import Backup
from shadowgate.errors import RestoreError
from shadowgate.server.base import ClientTools

_NAME = r'(?:"(?:[^"]|"")+"|[a-z_][\w$]*)'
_NAMES = rf"{_NAME}(?:, {_NAME})*"
# One line each, in the wording of pg_dump. PUBLIC is no role and does not match: it is upper-case.
_ROLES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"^ALTER .* OWNER TO (?P<roles>{_NAME});$",
        rf"^GRANT .* TO (?P<roles>{_NAMES})(?: WITH GRANT OPTION)?;$",
        rf"^REVOKE .* FROM (?P<roles>{_NAMES});$",
        rf"^ALTER DEFAULT PRIVILEGES FOR ROLE (?P<roles>{_NAME}) ",
        rf"^ALTER DEFAULT PRIVILEGES .* (?:TO|FROM) +(?P<roles>{_NAME})(?: WITH GRANT OPTION)?;$",
        rf"^CREATE POLICY .*? ON \S+ (?:AS \w+ )?(?:FOR \w+ )?TO (?P<roles>{_NAMES})",
        rf"^CREATE USER MAPPING FOR (?P<roles>{_NAME}) ",
        rf"^SET SESSION AUTHORIZATION (?P<roles>{_NAME});$",
    )
)
_EXTENSION = re.compile(
    rf"^CREATE EXTENSION (?:IF NOT EXISTS )?(?P<name>{_NAME}) WITH SCHEMA (?P<schema>{_NAME})"
)
_COPY = re.compile(r"^COPY .* FROM stdin;$")


@dataclass(frozen=True)
class Needs:
    """What a dump expects to find."""

    roles: frozenset[str]
    extensions: tuple[tuple[str, str], ...]
    """Name and schema of each extension that the dump creates."""


def read_needs(backup: Backup, tools: ClientTools) -> Needs:
    """Read the schema part of a dump.

    Args:
        backup: the dump; an archive must have been unwrapped.
        tools: client tools that can read an archive.

    Raises:
        RestoreError: pg_restore cannot read the archive.
    """
    if backup.format == "plain":
        with backup.path.open("rb") as stream:
            return needs_of(_text_lines(unwrap(read_chunks(stream), backup.wrappings)))
    result = tools.run(
        "pg_restore",
        ["--schema-only", "--file=-", "{dump}"],
        database=None,
        files={"dump": backup.path},
    )
    if result.status:
        complaint = first_complaint(result.stderr)
        raise RestoreError(
            f"the backup cannot be read: {complaint.what}",
            where=str(backup.path),
            todo=complaint.todo,
        )
    return needs_of(result.stdout.splitlines())


def needs_of(lines: Iterable[str]) -> Needs:
    """Collect roles and extensions from the lines of a plain dump."""
    roles: set[str] = set()
    extensions: dict[str, str] = {}
    for line in _outside_copy(lines):
        if not line.startswith(("ALTER", "GRANT", "REVOKE", "CREATE", "SET SESSION")):
            continue
        if match := _EXTENSION.match(line):
            extensions[_unquoted(match["name"])] = _unquoted(match["schema"])
        for pattern in _ROLES:
            if match := pattern.match(line):
                roles.update(_unquoted(name) for name in re.findall(_NAME, match["roles"]))
    return Needs(frozenset(roles), tuple(extensions.items()))


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def _outside_copy(lines: Iterable[str]) -> Iterator[str]:
    """Leave out the rows between ``COPY … FROM stdin;`` and the line that ends them."""
    inside = False
    for line in lines:
        if inside:
            inside = line != r"\."
        else:
            inside = _COPY.match(line) is not None
            yield line


def _text_lines(chunks: Iterable[bytes]) -> Iterator[str]:
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.decode("utf-8", errors="replace")
    yield rest.decode("utf-8", errors="replace")
