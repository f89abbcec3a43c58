"""PL/pgSQL on a server that does not offer plpgsql_check: what a migration may have broken.

Nothing else looks into a body without running it. A body that names what is gone is therefore
neither sound nor broken: it is not known, and that has to be said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from shadowgate.catalogue.diff import Drift
from shadowgate.catalogue.routines import offers_plpgsql_check, read_routines
from shadowgate.catalogue.sentences import named
from shadowgate.catalogue.snapshot import ObjectId, Snapshot
from shadowgate.language import joined, sentence
from shadowgate.server.base import Connection

_NAMED_IN_BODIES = frozenset(
    {
        "column",
        "constraint",
        "foreign table",
        "materialized view",
        "routine",
        "schema",
        "sequence",
        "table",
        "type",
        "view",
    }
)
_PARTS_OF_A_NAME = re.compile(r'"(?:[^"]|"")*"|[^".(]+|\(')
_SAME_OPERATORS = (
    ("smallint", "integer", "bigint", "numeric", "real", "double precision"),
    ("text", "character varying", "character"),
    ("date", "timestamp without time zone", "timestamp with time zone"),
)
"""Types of a column that can replace each other, and what is written with one runs with another."""


@dataclass(frozen=True)
class UnreadRoutine:
    """A routine or trigger in PL/pgSQL that could not be looked into."""

    object: ObjectId
    body: str


@dataclass(frozen=True)
class InDoubt:
    """One that may not run any more, since it names what the migration took away or changed."""

    routine: ObjectId
    names: tuple[ObjectId, ...]

    def __str__(self) -> str:
        return sentence(
            "{routine} may not run any more: it names {objects}, and this server has no"
            " plpgsql_check that could look into it: install the extension there, or run with"
            " --server container",
            routine=named(self.routine),
            objects=joined(", ", map(named, self.names)),
        )


def unread_routines(connection: Connection) -> tuple[UnreadRoutine, ...]:
    """The routines and triggers in PL/pgSQL; none where the server offers plpgsql_check.

    Raises:
        psycopg.Error: the catalogues cannot be read.
    """
    if offers_plpgsql_check(connection):
        return ()
    return tuple(
        UnreadRoutine(ObjectId(routine.kind, routine.name), routine.body)
        for routine in read_routines(connection)
        if routine.language == "plpgsql"
    )


def in_doubt(routines: Iterable[UnreadRoutine], drift: Drift, after: Snapshot) -> Iterator[InDoubt]:
    """Those whose body names what is gone, or a column that is of another kind of type.

    A column counts where its table is named too, in the body, among the arguments or as the
    trigger's.

    Args:
        routines: those of the database afterwards.
        drift: how it differs from before.
        after: what it holds.
    """
    doubtful = list(_doubtful(drift, after))
    for routine in routines:
        names = tuple(identity for identity, table in doubtful if _names(routine, identity, table))
        if names:
            yield InDoubt(routine.object, names)


def _doubtful(drift: Drift, after: Snapshot) -> Iterator[tuple[ObjectId, ObjectId | None]]:
    """What a body may no longer name; of a column its table too."""
    there = {identity.name for identity in after.objects}
    for identity, thing in drift.dropped.items():
        # What went with its table cannot be named without it.
        is_alone = not drift.dropped.keys() & set(thing.part_of)
        if identity.kind in _NAMED_IN_BODIES and identity.name not in there and is_alone:
            yield identity, next(iter(thing.part_of), None)
    for change in drift.changed:
        is_type = change.object.kind == "column" and change.attribute == "type"
        if is_type and not _are_alike(change.before, change.after):
            yield change.object, next(iter(change.part_of), None)


def _names(routine: UnreadRoutine, identity: ObjectId, table: ObjectId | None) -> bool:
    if not _as_a_word(identity).search(routine.body):
        return False
    if identity.kind != "column" or table is None:
        return True
    return bool(_as_a_word(table).search(f"{routine.object.name} {routine.body}"))


def _are_alike(before: str, after: str) -> bool:
    """Whether two types, with their modifiers, take the same operators."""
    names = {re.sub(r"\(.*?\)", "", each) for each in (before, after)}
    return len(names) == 1 or any(names <= set(alike) for alike in _SAME_OPERATORS)


@cache
def _as_a_word(identity: ObjectId) -> re.Pattern[str]:
    """How a body would name an object: by its last name, which may stand in quotes."""
    last = ""
    for part in _PARTS_OF_A_NAME.findall(identity.name):
        if part == "(":
            break
        last = part
    bare = last[1:-1].replace('""', '"') if last.startswith('"') else last
    return re.compile(rf"(?<!\w){re.escape(bare)}(?!\w)", re.IGNORECASE)
