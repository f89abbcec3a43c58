"""Partitions that are not like their siblings. Pure: no database is needed.

A plan announces new partitions by name, which covers their parts; that a new one is UNLOGGED, owned
by somebody else or without a privilege that its siblings grant is found here.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shadowgate.catalogue.sentences import in_words, named
from shadowgate.catalogue.snapshot import CatalogueObject, ObjectId, Snapshot
from shadowgate.language import sentence

_TABLE_ATTRIBUTES = (
    "owner",
    "privileges",
    "persistence",
    "access_method",
    "tablespace",
    "options",
    "toast_options",
    "replica_identity",
    "row_security",
    "force_row_security",
)
_COLUMN_ATTRIBUTES = (
    "type",
    "not_null",
    "default",
    "generated",
    "collation",
    "storage",
    "compression",
    "statistics_target",
    "options",
    "privileges",
)
_STATES: Mapping[str, tuple[str, ...]] = {
    "constraint": ("validated", "deferrable", "initially_deferred", "triggers_enabled"),
    "index": ("valid", "ready", "clustered", "replica_identity", "tablespace", "options"),
    "trigger": ("enabled",),
    "policy": ("permissive", "command", "roles", "using", "with_check"),
    "rule": ("enabled",),
    "statistics": ("statistics_target",),
}


@dataclass(frozen=True)
class OddPartition:
    """One trait in which a partition differs from its siblings."""

    partition: ObjectId
    trait: str
    value: Any
    siblings: Any

    def __str__(self) -> str:
        return sentence(
            # TRANSLATORS: {trait} is a property of a partition in English, as the catalogue has it
            "{partition}: {trait} is {value}, on its siblings {siblings}",
            partition=named(self.partition),
            trait=self.trait,
            value=in_words(self.value),
            siblings=in_words(self.siblings),
        )


def odd_partitions(snapshot: Snapshot, before: Snapshot | None = None) -> tuple[OddPartition, ...]:
    """Compare each partition with the other partitions of its table.

    Args:
        snapshot: the state to judge.
        before: an earlier state; its partitions, where there are any, say what is normal. Without
            it the most common value does.
    """
    families: dict[str, list[ObjectId]] = {}
    for identity, found in snapshot.of_kind("table"):
        if "partition_of" in found.attributes:
            families.setdefault(found.attributes["partition_of"], []).append(identity)
    return tuple(
        odd for members in families.values() for odd in _odd_members(snapshot, members, before)
    )


def _odd_members(
    snapshot: Snapshot, members: Sequence[ObjectId], before: Snapshot | None
) -> Iterator[OddPartition]:
    traits = {member: dict(_traits(snapshot, member)) for member in members}
    elders = [member for member in members if before is None or member in before.objects]
    reference = [traits[member] for member in elders or members]
    for trait in sorted({name for found in traits.values() for name in found}):
        votes = Counter(_hashable(found.get(trait)) for found in reference)
        normal = votes.most_common(1)[0][0]
        for member in members:
            value = traits[member].get(trait)
            if _hashable(value) != normal:
                yield OddPartition(member, trait, value, json.loads(normal))


def _traits(snapshot: Snapshot, partition: ObjectId) -> Iterator[tuple[str, Any]]:
    """All that can be compared between siblings: trait -> value."""
    attributes = snapshot.objects[partition].attributes
    yield from ((name, attributes.get(name)) for name in _TABLE_ATTRIBUTES)
    for identity, part in snapshot.parts_of(partition):
        if identity.kind == "column":
            column = identity.name.removeprefix(f"{partition.name}.")
            for name in _COLUMN_ATTRIBUTES:
                yield f"{name} of column {column}", part.attributes.get(name)
        elif identity.kind in _STATES:
            label = f"{identity.kind} {_common_name(partition, identity, part)}"
            yield label, "there"
            for name in _STATES[identity.kind]:
                yield f"{name} of {label}", part.attributes.get(name)


def _common_name(partition: ObjectId, identity: ObjectId, part: CatalogueObject) -> str:
    """What a part is called on every sibling: its parent's name, or what it does."""
    if "parent" in part.attributes:
        return f"of {part.attributes['parent']}"
    own = identity.name.rsplit(".", 1)[-1]
    if "definition" not in part.attributes:
        return own
    definition = str(part.attributes["definition"])
    table = partition.name.rsplit(".", 1)[-1]
    return definition.replace(partition.name, "…").replace(own, "…").replace(table, "…")


def _hashable(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
