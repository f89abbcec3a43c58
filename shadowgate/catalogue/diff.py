"""What differs between two snapshots. Pure: no database is needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

from shadowgate.catalogue.sentences import change_in_words, created, dropped, renamed
from shadowgate.catalogue.snapshot import CatalogueObject, ObjectId, Snapshot


@dataclass(frozen=True)
class Change:
    """One attribute of one object that is not what it was; ``None`` stands for *not set*."""

    object: ObjectId
    attribute: str
    before: Any
    after: Any
    part_of: tuple[ObjectId, ...] = ()

    def __str__(self) -> str:
        return change_in_words(self.object, self.attribute, self.before, self.after)


@dataclass(frozen=True)
class Drift:
    """All that differs between a snapshot and a later one; false if nothing does."""

    created: Mapping[ObjectId, CatalogueObject]
    dropped: Mapping[ObjectId, CatalogueObject]
    changed: tuple[Change, ...]
    renamed: tuple[tuple[ObjectId, ObjectId], ...] = ()
    """Pairs of a dropped and a created object that are the same but for the name."""
    advanced: tuple[Change, ...] = ()
    """Sequences that moved on in their own direction: what any insert does, and no difference."""

    def __bool__(self) -> bool:
        return bool(self.created or self.dropped or self.changed)

    def in_words(self) -> tuple[str, ...]:
        """Each difference in one sentence, whole objects before attributes.

        Parts that came or went with their whole are not named.
        """
        old_names, new_names = ({pair[place] for pair in self.renamed} for place in (0, 1))
        return (
            *(renamed(old, new) for old, new in self.renamed),
            *map(dropped, _wholes(self.dropped, old_names)),
            *map(created, _wholes(self.created, new_names)),
            *map(str, self.changed),
        )


def _wholes(
    objects: Mapping[ObjectId, CatalogueObject], leave_out: Set[ObjectId]
) -> Iterator[ObjectId]:
    for identity, found in objects.items():
        if identity not in leave_out and not any(whole in objects for whole in found.part_of):
            yield identity


def diff(before: Snapshot, after: Snapshot) -> Drift:
    """Compare two snapshots of a database, or of a database and its clone."""
    old, new = before.objects, after.objects
    created = {identity: new[identity] for identity in sorted(new.keys() - old.keys())}
    dropped = {identity: old[identity] for identity in sorted(old.keys() - new.keys())}
    changes = [
        change
        for identity in sorted(old.keys() & new.keys())
        for change in _changes(identity, old[identity], new[identity])
        if not _closed_up(change, old, dropped)
    ]
    advanced = tuple(change for change in changes if _advanced(change, new[change.object]))
    changed = tuple(change for change in changes if change not in advanced)
    return Drift(created, dropped, changed, tuple(_renames(dropped, created)), advanced)


def _advanced(change: Change, sequence: CatalogueObject) -> bool:
    if change.attribute != "next_value":
        return False
    distance = (change.after - change.before) * sequence.attributes["increment"]
    return bool(distance > 0)


def _closed_up(
    change: Change,
    before: Mapping[ObjectId, CatalogueObject],
    dropped: Mapping[ObjectId, CatalogueObject],
) -> bool:
    """Whether a column only closed up to where a dropped one was: its drop says that already."""
    if change.attribute != "position" or change.after > change.before:
        return False
    siblings = (
        found.attributes["position"]
        for gone, found in dropped.items()
        if gone.kind == change.object.kind and found.part_of == before[change.object].part_of
    )
    return bool(change.after == change.before - sum(place < change.before for place in siblings))


def _changes(identity: ObjectId, old: CatalogueObject, new: CatalogueObject) -> Iterator[Change]:
    for attribute in sorted(old.attributes.keys() | new.attributes.keys()):
        was, now = old.attributes.get(attribute), new.attributes.get(attribute)
        # 1 == True, but a number that became a truth value is a change of meaning.
        if was != now or type(was) is not type(now):
            yield Change(identity, attribute, was, now, new.part_of)


def _renames(
    dropped: Mapping[ObjectId, CatalogueObject], created: Mapping[ObjectId, CatalogueObject]
) -> Iterator[tuple[ObjectId, ObjectId]]:
    """Pair what is the same but for its name, where exactly one fits on each side."""
    arrived = _by_essence(created)
    for essence, gone in _by_essence(dropped).items():
        come = arrived.get(essence, [])
        if len(gone) == len(come) == 1:
            yield gone[0], come[0]


def _by_essence(objects: Mapping[ObjectId, CatalogueObject]) -> dict[str, list[ObjectId]]:
    groups: dict[str, list[ObjectId]] = {}
    for identity, found in objects.items():
        groups.setdefault(_essence(identity, found), []).append(identity)
    return groups


def _essence(identity: ObjectId, found: CatalogueObject) -> str:
    """All that an object is but for its own name, wherever its definition repeats that."""
    own = identity.name.rsplit(".", 1)[-1]
    wholes = sorted(map(str, found.part_of))
    return repr((identity.kind, sorted(found.attributes.items()), wholes)).replace(own, "?")
