"""What checks stand on, as facts that another check may find broken.

A fact is a part of a sentence, the same wherever it is spoken of: ``relation orders``, ``columns
of orders``, ``rows of orders``. A check that fails says which facts it found broken, and on which
its own findings stand; :mod:`~shadowgate.phases.consequences` tells from that which failure follows
from which. Relations go by their name without schema: that is how a query's plan knows them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from shadowgate.catalogue import CatalogueObject, Drift, ObjectId
from shadowgate.catalogue.object_kinds import RELATIONS

STATE_BEFORE = "the state before the migration"
"""What a rollback has to bring back, and whatever comes after it begins with."""

WRITES_ACCEPTED = "the migrated database accepts what users write"

RUNS_AGAIN = "a second run of the script succeeds and changes nothing"

_NO_TABLE, _NO_COLUMN = "42P01", "42703"


def relation(name: str) -> str:
    """That a relation is there under its name."""
    return f"relation {bare(name)}"


def columns_of(name: str) -> str:
    """That the columns of a relation are there as they were."""
    return f"columns of {bare(name)}"


def rows_of(name: str) -> str:
    """That the rows of a table are what they were."""
    return f"rows of {bare(name)}"


def error(sqlstate: str) -> str:
    """That the server does not refuse statements with an error of this kind."""
    return f"no SQLSTATE {sqlstate}"


def bare(name: str) -> str:
    """A relation's name without schema and quotes."""
    return name.rpartition(".")[2].strip('"')


def content_of(name: str) -> set[str]:
    """All that the content of a table stands on."""
    return {rows_of(name), relation(name), columns_of(name)}


def gone(identity: ObjectId, part_of: Iterable[ObjectId]) -> Iterator[str]:
    """The facts that do not hold where an object is not what it was."""
    yield str(identity)
    if identity.kind in RELATIONS:
        yield from (relation(identity.name), columns_of(identity.name))
    if identity.kind == "column":
        yield from (columns_of(whole.name) for whole in part_of)


def broken_by(drift: Drift, objects: Iterable[ObjectId]) -> set[str]:
    """The facts that some objects of a drift break, with all that came or went with them."""
    affected = set(objects)
    found: set[str] = set()
    for changes in (drift.dropped, drift.created):
        for identity, thing in changes.items():
            if identity in affected or affected.intersection(thing.part_of):
                facts = gone(identity, thing.part_of)
                found |= set(facts) if changes is drift.dropped else {str(identity)}
    for change in drift.changed:
        if change.object in affected:
            found |= {str(change.object)}
            found |= {columns_of(w.name) for w in change.part_of if change.object.kind == "column"}
    return found


def of_object(identity: ObjectId, objects: Mapping[ObjectId, CatalogueObject]) -> set[str]:
    """What an object stands on: itself, and the relations that it is part of."""
    wholes = objects[identity].part_of if identity in objects else ()
    return {str(identity), *map(str, wholes), *(relation(whole.name) for whole in wholes)}


def of_drift(drift: Drift) -> Iterator[set[str]]:
    """What each difference of a drift stands on."""
    for objects in (drift.dropped, drift.created):
        yield from (of_object(identity, objects) for identity in objects)
    for change in drift.changed:
        yield {str(change.object), *map(str, change.part_of)}


def asked_of(relations: Iterable[str], sqlstate: str | None) -> set[str]:
    """What a query stands on that the server refuses now.

    Args:
        relations: that it reads or writes, by name.
        sqlstate: of the refusal.
    """
    known = tuple(relations)
    found = {refused(name, sqlstate or "") for name in known}
    if sqlstate == _NO_TABLE:
        return found | set(map(relation, known))
    if sqlstate == _NO_COLUMN:
        return found | set(map(columns_of, known))
    return found


def refused(name: str, sqlstate: str) -> str:
    """That the server does not refuse statements on a relation with an error of this kind."""
    return f"{error(sqlstate)} on {bare(name)}"
