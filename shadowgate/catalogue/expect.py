"""Compares what changed with what the plan says a migration does. Pure: no database is needed.

A created object covers its parts: columns, constraints, indexes, triggers, the sequence of an
identity column, and on partitions what came with the parent's index, constraint or trigger. The
same holds for a dropped one. Whatever else differs is unexpected, and so is a flaw that an object
was created with, such as an invalid index; whatever was announced and did not happen is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

from shadowgate.catalogue import sentences
from shadowgate.catalogue.diff import Change, Drift
from shadowgate.catalogue.flaws import created_flaws, is_flaw
from shadowgate.catalogue.object_kinds import KINDS, VIEWS
from shadowgate.catalogue.snapshot import CatalogueObject, ObjectId
from shadowgate.errors import UsageError
from shadowgate.language import sentence

Area = Literal["schema", "privileges", "settings"]
Names = Mapping[str, tuple[str, ...]]

_PRIVILEGE_KINDS = frozenset({"policy", "default privileges", "system privileges", "role"})
_PRIVILEGE_ATTRIBUTES = frozenset(
    {
        "owner",
        "privileges",
        "row_security",
        "force_row_security",
        "security_definer",
        "security_invoker",
        "security_barrier",
    }
)
_APART_FROM_DEFINITION = _PRIVILEGE_ATTRIBUTES | {
    "comment",
    "leakproof",
    "next_value",
    "options",
    "replica_identity",
    "settings",
    "tablespace",
    "toast_options",
}
"""Attributes that live beside an object's definition: whoever drops it and makes it anew from its
definition loses them without a word, so that a plan has to name each."""
_SETTING_KINDS = frozenset({"setting", "server setting", "replication slot", "database"})


@dataclass(frozen=True)
class Expectation:
    """What a migration announces: kind -> names; shell-style patterns are allowed.

    A name may leave out leading parts (``orders`` for ``public.orders``, a trigger without its
    table) and a routine's arguments. In ``changes`` a name stands for the definition of the object
    and of its parts: columns, query, body, constraints. It does not stand for owner, privileges,
    policies, row security, options, settings and comments, nor for a change for the worse such as
    a trigger that is disabled: those are announced by ``NAME:ATTRIBUTE``, which also narrows a name
    to one attribute; ``NAME:*`` stands for all of them. Columns of a view come and go with its
    query; those of a table have to be named.
    """

    creates: Names = field(default_factory=dict)
    changes: Names = field(default_factory=dict)
    drops: Names = field(default_factory=dict)

    def __post_init__(self) -> None:
        unknown = sorted({*self.creates, *self.changes, *self.drops} - set(KINDS))
        if unknown:
            raise UsageError(
                sentence(
                    "the expectation names kinds that there are not: {unknown}",
                    unknown=", ".join(unknown),
                ),
                todo=sentence("use one of: {kinds}", kinds=", ".join(KINDS)),
            )


@dataclass(frozen=True)
class Deviation:
    """One thing that happened unannounced, or was announced and did not happen."""

    object: ObjectId
    problem: Literal[
        "created", "dropped", "changed", "renamed", "not created", "not changed", "not dropped"
    ]
    area: Area
    sentence: str
    change: Change | None = None
    """The attribute with its values before and after, where the problem is a change."""

    def __str__(self) -> str:
        return self.sentence


@dataclass(frozen=True)
class Deviations:
    """What of a drift departs from what was announced, and what does not."""

    unexpected: tuple[Deviation, ...]
    missing: tuple[Deviation, ...]
    expected: tuple[str, ...]
    """What happened as announced, in words."""

    def __bool__(self) -> bool:
        """True if all that happened was announced, and the other way round."""
        return not (self.unexpected or self.missing)


def deviations_from(drift: Drift, expectation: Expectation) -> Deviations:
    """Sort a drift by an expectation: unexpected, missing, expected."""
    created = _announced(drift.created, expectation.creates)
    created |= set(_outputs(drift.created, expectation.changes))
    dropped = _announced(drift.dropped, expectation.drops)
    dropped |= set(_outputs(drift.dropped, expectation.changes))
    changes = (*drift.changed, *created_flaws(drift))
    announced = [change for change in changes if _change_announced(change, expectation.changes)]
    unexpected = (
        *_renamed(drift, created | dropped),
        *_surprising(drift, drift.created, created, "created"),
        *_surprising(drift, drift.dropped, dropped, "dropped"),
        *(_unannounced(change) for change in changes if change not in announced),
    )
    missing = (
        *_unmet(expectation.creates, list(drift.created), "not created"),
        *_unmet(expectation.drops, list(drift.dropped), "not dropped"),
        *_unmet_changes(expectation.changes, changes),
    )
    expected = (
        *map(sentences.created, _wholes(drift.created, created)),
        *map(sentences.dropped, _wholes(drift.dropped, dropped)),
        *map(str, announced),
    )
    return Deviations(unexpected, missing, expected)


def _unannounced(change: Change) -> Deviation:
    area = _area(change.object, change.attribute)
    return Deviation(change.object, "changed", area, str(change), change)


def names_object(pattern: str, identity: ObjectId) -> bool:
    """Whether a name of an expectation stands for an object of the same kind."""
    wanted = "".join(pattern.split())
    return any(
        wanted == spelling or fnmatchcase(spelling, wanted) for spelling in _spellings(identity)
    )


def _spellings(identity: ObjectId) -> Iterator[str]:
    """The ways to write an object's name: qualified and not, with arguments and without."""
    compact = "".join(identity.name.split())
    name, opening, arguments = compact.partition("(")
    parts = name.split(".")
    for start in range(len(parts)):
        short = ".".join(parts[start:])
        yield short
        if opening:
            yield short + opening + arguments


def _announced(objects: Mapping[ObjectId, CatalogueObject], names: Names) -> set[ObjectId]:
    """Those of the created (or dropped) objects that are announced, or part of one that is."""
    found = {identity for identity in objects if is_named(identity, names)}
    while True:
        parts = {
            identity
            for identity in objects.keys() - found
            if found.intersection(objects[identity].part_of)
        }
        if not parts:
            return found
        found |= parts


def _outputs(objects: Mapping[ObjectId, CatalogueObject], changes: Names) -> Iterator[ObjectId]:
    """Columns of queries that are announced to change: they are nothing by themselves."""
    for identity, found in objects.items():
        if identity.kind == "column" and any(
            whole.kind in VIEWS and is_named(whole, changes) for whole in found.part_of
        ):
            yield identity


def is_named(identity: ObjectId, names: Names) -> bool:
    """Whether one of the names, by kind, stands for an object."""
    return any(names_object(pattern, identity) for pattern in names.get(identity.kind, ()))


def _change_announced(change: Change, names: Names) -> bool:
    return any(
        _names_change(pattern, whole, change)
        for whole in (change.object, *change.part_of)
        for pattern in names.get(whole.kind, ())
    )


def _names_change(pattern: str, whole: ObjectId, change: Change) -> bool:
    name, colon, attribute = pattern.partition(":")
    if not names_object(name, whole):
        return False
    if colon:
        return fnmatchcase(change.attribute, attribute)
    return _of_definition(whole, change)


def _of_definition(whole: ObjectId, change: Change) -> bool:
    """Whether a change is one of the definition of the object that a plan names."""
    kind, attribute = change.object.kind, change.attribute
    if is_flaw(kind, attribute, change.after):
        return False
    if kind in _PRIVILEGE_KINDS:
        # A privilege is announced by its own name, not by that of the table that it is about.
        return kind == whole.kind and attribute != "comment"
    return kind in _SETTING_KINDS - {"database"} or attribute not in _APART_FROM_DEFINITION


def _surprising(
    drift: Drift,
    objects: Mapping[ObjectId, CatalogueObject],
    announced: set[ObjectId],
    problem: Literal["created", "dropped"],
) -> Iterator[Deviation]:
    """Objects that nobody announced; parts go with the whole that came or went with them."""
    renamed = {identity for pair in drift.renamed for identity in pair}
    for identity in _wholes(objects, objects.keys() - announced - renamed):
        said = sentences.created if problem == "created" else sentences.dropped
        yield Deviation(identity, problem, _area(identity), said(identity))


def _wholes(
    objects: Mapping[ObjectId, CatalogueObject], among: Set[ObjectId]
) -> Iterator[ObjectId]:
    """Those that did not come or go as part of another one."""
    for identity, found in objects.items():
        if identity in among and not any(whole in objects for whole in found.part_of):
            yield identity


def _renamed(drift: Drift, announced: set[ObjectId]) -> Iterator[Deviation]:
    for old, new in drift.renamed:
        if old not in announced or new not in announced:
            yield Deviation(old, "renamed", _area(old), sentences.renamed(old, new))


def _unmet(
    names: Names, happened: list[ObjectId], problem: Literal["not created", "not dropped"]
) -> Iterator[Deviation]:
    for kind, patterns in names.items():
        for pattern in patterns:
            if not any(
                identity.kind == kind and names_object(pattern, identity) for identity in happened
            ):
                wanted = ObjectId(kind, pattern)
                name = sentences.named(wanted)
                said = (
                    sentence("{object} was not created", object=name)
                    if problem == "not created"
                    else sentence("{object} was not dropped", object=name)
                )
                yield Deviation(wanted, problem, _area(wanted), said)


def _unmet_changes(names: Names, changes: Sequence[Change]) -> Iterator[Deviation]:
    for kind, patterns in names.items():
        for pattern in patterns:
            if not any(
                whole.kind == kind and _names_change(pattern, whole, change)
                for change in changes
                for whole in (change.object, *change.part_of)
            ):
                wanted = ObjectId(kind, pattern)
                said = sentence("{object} was not changed", object=sentences.named(wanted))
                yield Deviation(wanted, "not changed", _area(wanted), said)


def _area(identity: ObjectId, attribute: str = "") -> Area:
    if identity.kind in _PRIVILEGE_KINDS or attribute in _PRIVILEGE_ATTRIBUTES:
        return "privileges"
    return "settings" if identity.kind in _SETTING_KINDS else "schema"
