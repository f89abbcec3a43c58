"""A renamed table whose old name a view bears: clients that do not know the new one yet go on.

By their names alone the table has become a view and lost what views do not have: keys, defaults,
NOT NULL. Here it is held against itself under its new name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from shadowgate.catalogue import Deviations, Expectation, Snapshot, deviations_from, diff
from shadowgate.catalogue.object_kinds import PARTS
from shadowgate.catalogue.snapshot import CatalogueObject, ObjectId
from shadowgate.migrate.announced.model import Renaming
from shadowgate.migrate.announced.wording import without_names


def judge_by_plan(
    before: Snapshot, after: Snapshot, objects: Expectation, renames: Mapping[str, str]
) -> Deviations:
    """Sort the differences between two states by what a plan announces.

    Args:
        before: of the database without the migration.
        after: of the database with it.
        objects: what the plan announces.
        renames: tables that get another name: old -> new, both qualified.
    """
    drift = diff(before, after)
    renamings = [
        item
        for old, new in renames.items()
        if _is_behind_a_view(item := Renaming("table", (old,), (new,), 0), before, after)
    ]
    if not renamings:
        return deviations_from(drift, objects)
    moved = diff(_under_new_names(before, renamings), after)
    reworded = {
        str(change)
        for change in moved.changed
        if without_names(change.before, renamings) == without_names(change.after, renamings)
    }
    # The plan says that one name goes and another one comes, and that is what happened by names.
    by_name = deviations_from(replace(drift, changed=moved.changed), objects)
    unexpected = tuple(
        found
        for found in deviations_from(moved, objects).unexpected
        if found.change is None or str(found.change) not in reworded
    )
    return replace(by_name, unexpected=unexpected)


def _is_behind_a_view(item: Renaming, before: Snapshot, after: Snapshot) -> bool:
    """Whether it is the same table under its new name, and a view has its old one."""
    (old,), (new,) = item.old, item.new
    was = before.objects.get(ObjectId("table", old))
    now = after.objects.get(ObjectId("table", new))
    if was is None or now is None or ObjectId("view", old) not in after.objects:
        return False
    return _is_partitioned(was) == _is_partitioned(now)


def _is_partitioned(table: CatalogueObject) -> bool:
    return "partition_key" in table.attributes


def _under_new_names(snapshot: Snapshot, renamings: list[Renaming]) -> Snapshot:
    """A snapshot in which the tables and their parts bear their new names."""
    names = {item.old[0]: item.new[0] for item in renamings}

    def moved(identity: ObjectId) -> ObjectId:
        for old, new in names.items():
            if identity == ObjectId("table", old):
                return ObjectId("table", new)
            if identity.kind in PARTS and identity.name.startswith(f"{old}."):
                return ObjectId(identity.kind, new + identity.name[len(old) :])
        return identity

    return Snapshot(
        {
            moved(identity): replace(found, part_of=tuple(map(moved, found.part_of)))
            for identity, found in snapshot.objects.items()
        }
    )
