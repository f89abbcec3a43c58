"""Statements of a dump that are passed over: each is without effect on what is restored."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from shadowgate.backup.contents import Needs
from shadowgate.backup.requirements import changes_no_data, unknown_settings
from shadowgate.backup.statements import DumpedStatement
from shadowgate.backup.versions import knows_restrict
from shadowgate.language import sentence
from shadowgate.server.base import Connection

_ENTRY = re.compile(r"\d+; \d+ \d+ SCHEMA - (?P<name_and_owner>.*)")


@dataclass(frozen=True)
class Omission:
    """What is passed over, and why it may be."""

    why: str
    statements: tuple[DumpedStatement, ...]
    schema: str | None = None
    """The schema whose creation this is, if it is that."""


def omissions_of(needs: Needs, connection: Connection, tools_version: int) -> tuple[Omission, ...]:
    """Tell which statements to pass over.

    Args:
        needs: what the dump needs.
        connection: a session of the target, as it is just before the restore.
        tools_version: version of psql (150018 is 15.18).
    """
    return (
        *_schemas(needs, connection),
        *_settings(needs, connection),
        *_restrictions(needs, tools_version),
    )


def _schemas(needs: Needs, connection: Connection) -> Iterator[Omission]:
    """The target holds nothing but extensions, so a schema that is there is empty but for them."""
    there = {row[0] for row in connection.execute("SELECT nspname FROM pg_catalog.pg_namespace")}
    for schema in needs.schemas:
        alone = all(statement.alone for statement in schema.statements)
        if schema.name in there and schema.statements and alone:
            yield Omission(
                sentence(
                    "CREATE SCHEMA {name} was passed over: the target has that schema "
                    "already, with nothing in it but what extensions put there",
                    name=schema.name,
                ),
                schema.statements,
                schema.name,
            )


def _settings(needs: Needs, connection: Connection) -> Iterator[Omission]:
    major = connection.info.server_version // 10_000
    for setting in unknown_settings(needs, connection):
        if changes_no_data(setting):
            yield Omission(
                sentence(
                    "{text} was passed over (line {line}): a pg_dump newer than "
                    "PostgreSQL {major}, which does not know the parameter "
                    "{parameter}, wrote it; it changes no data",
                    text=setting.statement.text.rstrip(";"),
                    line=setting.statement.line,
                    major=major,
                    parameter=setting.parameter,
                ),
                (setting.statement,),
            )


def _restrictions(needs: Needs, tools_version: int) -> Iterator[Omission]:
    if needs.restrictions and not knows_restrict(tools_version):
        yield Omission(
            r"\restrict and \unrestrict were passed over: the psql here is older than these"
            " commands, which change no data",
            needs.restrictions,
        )


def comment_out(dump: Path, omissions: Iterable[Omission], copy: Path) -> None:
    """Copy a plain dump and make comments of the statements, so that every line keeps its place.

    Raises:
        OSError: the copy cannot be written.
    """
    shutil.copyfile(dump, copy)
    with copy.open("r+b") as stream:
        for omission in omissions:
            for statement in omission.statements:
                if statement.alone:
                    stream.seek(statement.offset)
                    stream.write(b"--")


def without_schemas(listing: str, omissions: Iterable[Omission], schemas: Iterable[str]) -> str:
    """Leave the schemas that are passed over out of what ``pg_restore --list`` told.

    Args:
        listing: one entry a line.
        omissions: what is passed over.
        schemas: all that the archive creates.
    """
    left_out = {omission.schema for omission in omissions if omission.schema is not None}
    names = tuple(schemas)
    return "".join(
        line
        for line in listing.splitlines(keepends=True)
        if _created_schema(line, names) not in left_out
    )


def _created_schema(line: str, names: tuple[str, ...]) -> str | None:
    """The schema that an entry creates: a blank parts name and owner, and both can have some."""
    entry = _ENTRY.match(line)
    if entry is None:
        return None
    text = entry["name_and_owner"]
    fitting = [name for name in names if text == name or text.startswith(f"{name} ")]
    return max(fitting, key=len, default=None)
