"""Holds an announcement against two states of a database: what came of it, by exact names.

The text alone cannot tell which schema of the search path holds a table, which partitions it has,
whether IF EXISTS found anything, or which definitions mention a column that is renamed. Both
snapshots can. What is unexpected then is not in the script's text; what is missing the text said,
and it did not happen or did not last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from shadowgate.catalogue.diff import Change, Drift, diff
from shadowgate.catalogue.expect import Deviations, Expectation, deviations_from
from shadowgate.catalogue.flaws import created_flaws
from shadowgate.catalogue.object_kinds import VIEWS
from shadowgate.catalogue.snapshot import Attributes, CatalogueObject, ObjectId, Snapshot
from shadowgate.migrate.announced.lookup import ByName, matches
from shadowgate.migrate.announced.model import (
    Announcement,
    Effect,
    ObjectChange,
    Renaming,
    expectation_of,
    merged,
)
from shadowgate.migrate.announced.names import Names, split, whole_and_part
from shadowgate.migrate.announced.wording import whole_word, without_names

_NOTHING = Expectation()
Found = tuple[Effect, str, str]
_INHERITED = frozenset({"table", "column", "constraint"})
_KEPT_BY_REPLACEMENT = frozenset(
    {
        "owner",
        "privileges",
        "comment",
        "options",
        "row_security",
        "force_row_security",
        "security_barrier",
        "security_definer",
        "security_invoker",
        "replica_identity",
        "next_value",
        "populated",
        "volatility",
        "strict",
        "leakproof",
        "parallel",
        "settings",
    }
)
"""What an object must not lose by being dropped and created again: the text does not say it."""
_OF_ONE_OBJECT = frozenset({"comment", "privileges"})
"""Attributes that parts have of their own."""
_PUBLISHED = {"relations": ("relation", "table"), "schemas": ("schema", "schema")}
"""Attribute of a publication -> what its entries name, and of which kind that is."""
_GO_WITH_A_COLUMN = frozenset({"index", "constraint", "statistics"})


def expectation_between(
    announcement: Announcement, before: Snapshot, after: Snapshot
) -> Expectation:
    """Tell what a script's text announces of the differences between two states.

    Args:
        announcement: of the script that was applied in between.
        before: of the database without the script.
        after: of the database with it.

    Returns:
        Names of differences that are announced, and of what was announced for certain and did not
        happen.
    """
    return expectation_of(_Between(announcement, before, after).found())


def judge_announced(
    announcement: Announcement,
    before: Snapshot,
    after: Snapshot,
    plan: Expectation = _NOTHING,
) -> Deviations:
    """Sort the differences between two states by what the text and a plan announce.

    An expectation that names an attribute of an object means its parts as well. What a text says of
    a table it does not say of the table's columns: here it announces no more than it says.

    Args:
        announcement: of the script that was applied in between.
        before: of the database without the script.
        after: of the database with it.
        plan: what is announced beside the text.
    """
    between = _Between(announcement, before, after)
    found = tuple(between.found())
    drift = between.drift
    judgement = deviations_from(drift, merged(plan, expectation_of(found)))
    said = {(kind, name) for effect, kind, name in found if effect == "change"}
    unsaid = [
        item
        for item in deviations_from(drift, plan).unexpected
        if item.change is not None
        and (item.object.kind, f"{item.object.name}:{item.change.attribute}") not in said
    ]
    others = [item for item in judgement.unexpected if item.change is None]
    others += deviations_from(between.lost_by_renaming(), plan).unexpected
    sentences = {str(item.change) for item in unsaid}
    expected = tuple(text for text in judgement.expected if text not in sentences)
    return Deviations((*others, *unsaid), judgement.missing, expected)


class _Between:
    """An announcement with the two states."""

    def __init__(self, announcement: Announcement, before: Snapshot, after: Snapshot) -> None:
        self.announcement = announcement
        self.before, self.after = before.objects, after.objects
        self.drift = diff(before, after)
        self.changes = (*self.drift.changed, *created_flaws(self.drift))
        self.after_by_name = ByName(self.after)
        self.gone_by_name = ByName(self.drift.dropped)
        self.renamings = tuple(
            item for item in announcement.renamings if item.certain or self._happened(item)
        )
        self.children = _children(before.objects) | _children(after.objects)

    def found(self) -> Iterator[Found]:
        """Everything announced that happened, or should have."""
        for said in self.announcement.effects:
            match said.effect:
                case "create":
                    yield from self._created(said)
                case "drop":
                    yield from self._dropped(said)
                case "change":
                    yield from self._changed(said)
        yield from self._reworded()
        yield from self._adopted()
        yield from self._in_place_of_another()
        yield from self._gone_from_publications()

    def _happened(self, item: Renaming) -> bool:
        """Whether a renaming that need not happen did: the new name is borne since."""
        return any(
            identity in self.drift.created
            for identity in self.after_by_name.find(item.kind, item.new)
        )

    def _created(self, said: ObjectChange) -> Iterator[Found]:
        names = self._with_descendants(said)
        there = self.after_by_name.find(said.kind, names)
        for identity in there:
            if identity in self.before:
                yield from self._replaced(identity, said)
            else:
                yield "create", identity.kind, identity.name
                yield from self._parts_of_another_kind(identity)
        if said.certain and not there and not self._renames_a_not_null(said):
            yield "create", said.kind, said.names[0]

    def _renames_a_not_null(self, said: ObjectChange) -> bool:
        """Whether it is the new name of a constraint that states do not have: a NOT NULL."""
        return said.kind == "constraint" and any(
            item.new == said.names and not ByName(self.before).find(item.kind, item.old)
            for item in self.renamings
        )

    def _replaced(self, identity: ObjectId, said: ObjectChange) -> Iterator[Found]:
        """An object that was dropped and created again under its name, so that it differs."""
        if not said.certain:
            return
        is_view = identity.kind in VIEWS
        for change in self.drift.changed:
            concerned = change.object == identity or (is_view and identity in change.part_of)
            if concerned and change.attribute not in _KEPT_BY_REPLACEMENT:
                yield _exact(change)
        if is_view:
            yield from self._columns_of_view(identity)

    def _parts_of_another_kind(self, whole: ObjectId) -> Iterator[Found]:
        """Columns that had the same name before: a view took the place of a table."""
        for change in self.drift.changed:
            if whole in change.part_of and change.attribute not in _KEPT_BY_REPLACEMENT:
                yield _exact(change)

    def _columns_of_view(self, view: ObjectId) -> Iterator[Found]:
        for effect, objects in self._comings_and_goings():
            for identity, item in objects.items():
                if identity.kind == "column" and view in item.part_of:
                    yield effect, identity.kind, identity.name

    def _dropped(self, said: ObjectChange) -> Iterator[Found]:
        names = self._with_descendants(said)
        gone = self.gone_by_name.find(said.kind, names)
        for identity in gone:
            yield "drop", identity.kind, identity.name
            if said.kind == "column":
                yield from self._gone_with_column(identity)
        if said.certain and not gone and any(map(self._stayed, self._bearers(said))):
            yield "drop", said.kind, said.names[0]

    def _bearers(self, said: ObjectChange) -> list[ObjectId]:
        return self.after_by_name.find(said.kind, said.names)

    def _stayed(self, identity: ObjectId) -> bool:
        """Whether something that is there was not created by the script, at least not for sure."""
        return not any(
            other.effect == "create" and matches(identity, other.kind, other.names)
            for other in self.announcement.effects
        )

    def _gone_with_column(self, column: ObjectId) -> Iterator[Found]:
        """Indexes, constraints and statistics over a column that is dropped."""
        table, name = whole_and_part(column.name)
        mention = whole_word(name)
        for identity, item in self.drift.dropped.items():
            is_on_table = any(whole.name == table for whole in item.part_of)
            definition = str(item.attributes.get("definition", ""))
            if identity.kind in _GO_WITH_A_COLUMN and is_on_table and mention.search(definition):
                yield "drop", identity.kind, identity.name

    def lost_by_renaming(self) -> Drift:
        """What of a renamed object, or of its parts, is not under the new name as it was.

        By their names alone all that bore the old name is gone, whatever became of it.
        """
        lost: dict[ObjectId, CatalogueObject] = {}
        changed: list[Change] = []
        for item in self.renamings:
            for identity, now in self._under_new_names(item):
                if not any(each in self.after for each in now):
                    if not any(self._is_dropped_by_text(each) for each in (identity, *now)):
                        lost[identity] = self.before[identity]
                    continue
                new = next(each for each in now if each in self.after)
                changed += self._altered(identity, new)
        return Drift(created={}, dropped=lost, changed=tuple(changed))

    def _under_new_names(self, item: Renaming) -> Iterator[tuple[ObjectId, tuple[ObjectId, ...]]]:
        """Everything that the renaming concerns, with the names that it can have now."""
        for old, new in zip(item.old, item.new, strict=True):
            schema = split(new)[0][0]
            for identity, found in self.before.items():
                if matches(identity, item.kind, (old,)):
                    yield identity, (ObjectId(identity.kind, new),)
                elif item.kind != "index" and identity.name.startswith(f"{old}."):
                    yield identity, (ObjectId(identity.kind, new + identity.name[len(old) :]),)
                elif identity.kind == "index" and any(
                    matches(whole, item.kind, (old,)) for whole in found.part_of
                ):
                    moved = f"{schema}.{whole_and_part(identity.name)[1]}"
                    yield identity, (identity, ObjectId("index", moved))

    def _is_dropped_by_text(self, identity: ObjectId) -> bool:
        return any(
            said.effect == "drop" and matches(identity, said.kind, said.names)
            for said in self.announcement.effects
        )

    def _altered(self, old: ObjectId, new: ObjectId) -> Iterator[Change]:
        """Attributes that are not what they were but for names, and of which nothing is said."""
        was, now = self.before[old], self.after[new]
        for attribute in sorted(was.attributes.keys() | now.attributes.keys()):
            values = was.attributes.get(attribute), now.attributes.get(attribute)
            one, other = (without_names(v, self.renamings) for v in values)
            sides = (
                Change(old, attribute, *values, was.part_of),
                Change(new, attribute, *values, now.part_of),
            )
            is_said = any(
                self._speaks_of(said, change)
                for said in self.announcement.effects
                if said.effect == "change"
                for change in sides
            )
            if one != other and not is_said and attribute != "next_value" and old != new:
                yield sides[1]

    def _changed(self, said: ObjectChange) -> Iterator[Found]:
        for change in self.changes:
            if self._speaks_of(said, change):
                yield _exact(change)

    def _speaks_of(self, said: ObjectChange, change: Change) -> bool:
        if not any(fnmatchcase(change.attribute, each) for each in said.attributes):
            return False
        if said.lists_all and self._leaves_out(change):
            return False
        only_itself = change.attribute in _OF_ONE_OBJECT
        wholes = (change.object,) if only_itself else (change.object, *change.part_of)
        names = self._with_descendants(said)
        return any(matches(whole, said.kind, names) for whole in wholes)

    def _leaves_out(self, change: Change) -> bool:
        """Whether a publication's list lacks what was in it and is still there."""
        if change.attribute not in _PUBLISHED:
            return False
        listed = {_published(change, entry) for entry in change.after or ()}
        there = {_published(change, entry) for entry in change.before or ()} & {*self.after}
        return not there <= listed

    def _with_descendants(self, said: ObjectChange) -> Names:
        """The names, and those of the same part in partitions and inheriting tables."""
        dropped_whole = said.kind == "table" and said.effect == "drop"
        if said.kind not in _INHERITED or (said.kind == "table" and said.effect == "create"):
            return said.names
        found = dict.fromkeys(said.names)
        for name in said.names:
            whole, part = (name, "") if said.kind == "table" else whole_and_part(name)
            for child in self._descendants(whole):
                if not dropped_whole or "partition_of" in self.before[child].attributes:
                    found[f"{child.name}.{part}" if part else child.name] = None
        return tuple(found)

    def _descendants(self, table: str) -> Iterator[ObjectId]:
        for child in self.children.get(table, ()):
            yield child
            yield from self._descendants(child.name)

    def _reworded(self) -> Iterator[Found]:
        """Changes that consist in another name for something that was renamed."""
        for change in self.changes:
            renamings = [item for item in self.renamings if self._may_reword(item, change)]
            if not renamings:
                continue
            was, now = (without_names(value, renamings) for value in (change.before, change.after))
            if was == now:
                yield _exact(change)
        for effect, objects in self._comings_and_goings():
            for identity in objects:
                if identity.kind == "routine" and self._has_other_arguments(identity):
                    yield effect, identity.kind, identity.name

    def _may_reword(self, item: Renaming, change: Change) -> bool:
        """Whether a renaming excuses a change.

        Where another table bears the old name by now, whatever still means the old one is
        suspicious, but for its own parts. A view under the old name is for clients that do not
        know the new one yet.
        """
        there = self.after_by_name.find(item.kind, item.old)
        taken = any(each.kind not in VIEWS for each in there)
        return not taken or any(matches(each, item.kind, item.new) for each in change.part_of)

    def _has_other_arguments(self, routine: ObjectId) -> bool:
        """Whether a routine came and went because a type of its arguments was renamed."""
        renamings = list(self.renamings)
        same = without_names(routine.name, renamings)
        sides = (self.drift.created, self.drift.dropped)
        return bool(renamings) and all(
            any(
                other.kind == "routine" and without_names(other.name, renamings) == same
                for other in side
            )
            for side in sides
        )

    def _adopted(self) -> Iterator[Found]:
        """What a partition gets from its parent when it is attached, and loses again."""
        names = [name for child in self.announcement.attached for name in child]
        tables = {*names, *(d.name for name in names for d in self._descendants(name))}
        for effect, objects in self._comings_and_goings():
            for identity, item in objects.items():
                is_of_child = any(whole.name in tables for whole in item.part_of)
                if is_of_child and "parent" in item.attributes:
                    yield effect, identity.kind, identity.name

    def _in_place_of_another(self) -> Iterator[Found]:
        """Parts of a table that gave way to another one, which has the same under other names."""
        made = [item for item in self.announcement.effects if item.effect == "create"]
        for old, new in self.drift.renamed:
            replaced = any(
                whole in self.before and matches(whole, item.kind, item.names) and item.certain
                for whole in self.drift.created[new].part_of
                for item in made
            )
            if replaced and any(matches(new, item.kind, item.names) for item in made):
                yield "drop", old.kind, old.name

    def _gone_from_publications(self) -> Iterator[Found]:
        """Publications that lack nothing but tables and schemas that are gone or renamed."""
        renamed = {name for item in self.renamings for name in item.old}
        for change in self.changes:
            if change.object.kind != "publication" or change.attribute not in _PUBLISHED:
                continue
            kept = (
                entry
                for entry in change.before or ()
                for published in [_published(change, entry)]
                if published.name in renamed or published in self.after
            )
            was, now = (
                sorted(without_names(entry, self.renamings) for entry in entries)
                for entries in (kept, change.after or ())
            )
            if was == now:
                yield _exact(change)

    def _comings_and_goings(
        self,
    ) -> tuple[tuple[Effect, Mapping[ObjectId, CatalogueObject]], ...]:
        return (("create", self.drift.created), ("drop", self.drift.dropped))


def _published(change: Change, entry: Attributes) -> ObjectId:
    """What an entry of a publication's list publishes."""
    part, kind = _PUBLISHED[change.attribute]
    return ObjectId(kind, entry[part])


def _exact(change: Change) -> Found:
    return "change", change.object.kind, f"{change.object.name}:{change.attribute}"


def _children(objects: Mapping[ObjectId, CatalogueObject]) -> dict[str, tuple[ObjectId, ...]]:
    """Table's name -> tables that are its partitions or inherit from it."""
    found: dict[str, tuple[ObjectId, ...]] = {}
    for identity, item in objects.items():
        partition_of = item.attributes.get("partition_of")
        parents = [partition_of] if partition_of else item.attributes.get("inherits", ())
        for parent in parents:
            found[parent] = (*found.get(parent, ()), identity)
    return found
