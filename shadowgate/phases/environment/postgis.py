"""Whether a run needs PostGIS, and why: a database without it is judged without it."""

# ruff: noqa: N802  pglast calls a visitor's methods by the names of the nodes

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pglast
import psycopg
from pglast.visitors import Visitor

from shadowgate.backup import Lack, Needs, ReadBackup, create_roles, lacks_of
from shadowgate.errors import ServerError
from shadowgate.language import joined, sentence
from shadowgate.migrate import Script
from shadowgate.queries import Query
from shadowgate.queries.placeholders import numbered
from shadowgate.server import Database, Server

_TYPES = frozenset({"geometry", "geography"})


@dataclass(frozen=True)
class PostgisNeed:
    """Why a run needs PostGIS."""

    installed: tuple[str, ...] = ()
    """Why the database has it from the start."""
    available: tuple[str, ...] = ()
    """Why the server must have it, though the database need not."""

    def __bool__(self) -> bool:
        return bool(self.installed or self.available)

    def __str__(self) -> str:
        return joined("; ", (*self.installed, *self.available))


def postgis_need(
    geometry: str, queries: Iterable[Query], scripts: Iterable[Script], needs: Needs | None
) -> PostgisNeed:
    """Tell why a run needs PostGIS.

    Args:
        geometry: the geometry column that the plan names; empty without one.
        queries: those that the plan names.
        scripts: everything that is applied.
        needs: of the backup; ``None`` if there is none yet.
    """
    routines = needs.routines if needs is not None else frozenset()
    installed = [needs.postgis] if needs is not None else []
    if geometry:
        installed.append(sentence("the plan names the geometry column {column}", column=geometry))
    installed += [
        # TRANSLATORS: {name} is a function or a type of PostGIS
        sentence("query {query} names {name}", query=query.id, name=name)
        for query in queries
        if (name := _of_postgis(query.sql, routines))
    ]
    available = [
        sentence("{script} creates the extension", script=script.path.name)
        for script in scripts
        if any(_creates_postgis(statement.sql) for statement in script.statements)
    ]
    return PostgisNeed(tuple(filter(None, installed)), tuple(available))


class _Names(Visitor):
    """The functions that a query calls, and the types that it casts to."""

    def __init__(self) -> None:
        super().__init__()
        self.functions: list[str] = []
        self.types: list[str] = []

    def visit_FuncCall(self, _: object, node: Any) -> None:
        self.functions.append(node.funcname[-1].sval)

    def visit_TypeName(self, _: object, node: Any) -> None:
        self.types.extend(name.sval for name in node.names or ())


def _of_postgis(query: str, routines: Collection[str]) -> str:
    """A function or type of PostGIS that a query names; empty if there is none."""
    names = _Names()
    try:
        names(pglast.parse_sql(numbered(query)))
    except pglast.parser.ParseError:
        return ""  # who reads the workload says so
    functions = (name for name in names.functions if name.startswith("st_"))
    theirs = (name for name in functions if name not in routines)
    return next(theirs, next((name for name in names.types if name in _TYPES), ""))


def _creates_postgis(statement: str) -> bool:
    try:
        parsed = pglast.parse_sql(statement)
    except pglast.parser.ParseError:
        return False
    return any(
        isinstance(raw.stmt, pglast.ast.CreateExtensionStmt) and raw.stmt.extname == "postgis"
        for raw in parsed
    )


def provide_postgis(
    need: PostgisNeed,
    server: Server,
    shadow: Database,
    read: ReadBackup | None,
    roles: Iterable[str],
) -> None:
    """Make PostGIS in the shadow if it is needed there, before anything is restored.

    Args:
        need: why, if at all.
        server: where the shadow is.
        shadow: empty so far.
        read: the backup, if one was passed.
        roles: those that are made for the restore.

    Raises:
        ServerError: the server lacks it, with all else that the backup needs and is not there; or
            the role may not create it.
    """
    if not need:
        return
    if not server.facts.postgis:
        raise _lacking(need, server, shadow, read, roles)
    if not need.installed:
        return
    try:
        with shadow.connect() as connection:
            connection.execute("CREATE EXTENSION postgis")
    except psycopg.Error as error:
        raise ServerError(
            sentence(
                "role {role} cannot create the extension PostGIS, which is needed: {why}",
                role=server.endpoint.user,
                why=str(need),
            ),
            where=f"{server.facts.where}: {error}",
            todo="use a role that may (often a superuser), or run with --server auto",
        ) from None


def _lacking(
    need: PostgisNeed,
    server: Server,
    shadow: Database,
    read: ReadBackup | None,
    roles: Iterable[str],
) -> ServerError:
    others = tuple(_other_lacks(server, shadow, read, roles)) if read is not None else ()
    return ServerError(
        joined(
            "; ",
            (
                sentence(
                    "PostGIS is not installed on this server, and it is needed: {why}",
                    why=str(need),
                ),
                *(sentence("as for the backup, {lack}", lack=lack.what) for lack in others),
            ),
        ),
        where=server.facts.where,
        todo=joined(
            "; ",
            (
                sentence(
                    "install the PostGIS package of its PostgreSQL version there (Debian:"
                    " postgresql-postgis), or use a server that has it (--server container,"
                    " --postgis-image, --server postgresql://…)"
                ),
                *dict.fromkeys(lack.todo for lack in others),
            ),
        ),
    )


def _other_lacks(
    server: Server, shadow: Database, read: ReadBackup, roles: Iterable[str]
) -> Iterator[Lack]:
    if server.owned:
        create_roles(shadow, roles)
    with shadow.connect() as connection:
        yield from lacks_of(read.needs, read.backup, connection)
