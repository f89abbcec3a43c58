"""Fresh copies of the two databases, made alike, on which the timing is done.

Two reasons. How pages came into the buffer cache decides on their memory layout: of two databases
with the same files, the one that had been loaded by ``INSERT`` ran the same queries up to 15 %
slower than its clone, in every session, however often one measured; two clones differed by 1 % at
most. A migrated database has just been written to, the other one has not, so both are measured in
copies made in the same way. And the rounds of writing queries, though rolled back, leave dead rows
and used-up sequence values behind; they leave them in a copy.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager

import psycopg
from psycopg import sql

from shadowgate.errors import ServerError
from shadowgate.language import sentence
from shadowgate.measure.concurrency import all_at_once
from shadowgate.server.base import Database
from shadowgate.server.database_properties import copy_properties
from shadowgate.server.databases import Databases, execute_clone

MAINTENANCE = "postgres"

CloneFactory = Callable[[Database], AbstractContextManager[Database]]
"""Clones a database; the clone is dropped when its context ends."""


@contextmanager
def fresh_copy(source: Database) -> Iterator[Database]:
    """Clone a database under a new name and drop the clone at the end.

    For databases that no :class:`~shadowgate.server.Databases` knows; where one does,
    :func:`copies_of_run` also protects the copies from a run that dies.

    Raises:
        ServerError: somebody is connected to the source, or it may not be cloned.
    """
    copy = Database(source.endpoint, _name(source))
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(copy.name))
    with Database(source.endpoint, MAINTENANCE).connect() as connection:
        try:
            try:
                execute_clone(connection, copy.name, source.name)
            except psycopg.errors.ObjectInUse as error:
                raise ServerError(
                    sentence(
                        "{name} cannot be cloned while a session is open on it", name=source.name
                    ),
                    where=str(error.diag.message_detail or error),
                    todo="close the session, then run again",
                ) from error
            except psycopg.errors.InsufficientPrivilege as error:
                raise ServerError(
                    sentence(
                        "{name} cannot be cloned: {error}",
                        name=source.name,
                        error=error.diag.message_primary,
                    ),
                    todo="give the role CREATEDB and the ownership of the database",
                ) from error
            copy_properties(connection, source.name, copy.name)
            yield copy
        finally:
            connection.execute(drop)


def copies_of_run(databases: Databases) -> CloneFactory:
    """Copies that belong to a run, so that they are cleaned up even if the run dies."""

    @contextmanager
    def copy_of_run(source: Database) -> Iterator[Database]:
        copy = databases.clone(source, _name(source))
        try:
            yield copy
        finally:
            databases.drop(copy.name)

    return copy_of_run


@contextmanager
def copies_at_once(sources: Sequence[Database], clones: CloneFactory) -> Iterator[list[Database]]:
    """A copy of each source, in their order; made, and dropped at the end, on all cores.

    Raises:
        ServerError: one of them cannot be cloned; none is left then.
    """
    stacks = [ExitStack() for _ in sources]
    try:
        yield all_at_once(
            lambda pair: pair[0].enter_context(clones(pair[1])),
            list(zip(stacks, sources, strict=True)),
        )
    finally:
        all_at_once(ExitStack.close, stacks)


def _name(source: Database) -> str:
    """A name that no other database has, within PostgreSQL's 63 bytes."""
    start = source.name.encode()[:40].decode(errors="ignore")
    return f"{start}_timed_{uuid.uuid4().hex[:8]}"
