"""Holds an announcement against two states of a database: what came of it, by exact names.

The text alone cannot tell which schema of the search path holds a table, which partitions it has,
whether IF EXISTS found anything, or which definitions mention a column that is renamed. Both
snapshots can. The result is an ordinary expectation: what :func:`shadowgate.catalogue.judge` calls
unexpected is not in the script's text, and what it calls missing the text said and did not happen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase

from shadowgate.catalogue.diff import Change, diff, in_words
from shadowgate.catalogue.expect import Expectation
from shadowgate.catalogue.flaws import created_flaws
from shadowgate.catalogue.snapshot import CatalogueObject, ObjectId, Snapshot
from shadowgate.migrate.announced.model import (
    Announcement,
    Effect,
    ObjectChange,
    Renaming,
    expectation_of,
)
from shadowgate.migrate.announced.names import Names, split, whole_and_part

Found = tuple[Effect, str, str]
_RELATIONS = frozenset({"table", "foreign table", "view", "materialized view", "sequence", "index"})
_WILDCARDS = frozenset("[*?")
_VIEWS = frozenset({"view", "materialized view"})
_INHERITED = frozenset({"table", "column", "constraint"})
_KEPT_BY_REPLACEMENT = frozenset(
    {
        "owner",
        "privileges",
        "comment",
        "options",
        "row_security",
        "force_row_security",
        "security_definer",
        "replica_identity",
        "next_value",
    }
)
"""What an object must not lose by being dropped and created again: the text does not say it."""
_OF_ONE_OBJECT = frozenset({"comment", "privileges"})
"""Attributes that parts have of their own."""
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


class _Between:
    """An announcement with the two states."""

    def __init__(self, announcement: Announcement, before: Snapshot, after: Snapshot) -> None:
        self.announcement = announcement
        self.before, self.after = before.objects, after.objects
        self.drift = diff(before, after)
        self.changes = (*self.drift.changed, *created_flaws(self.drift))
        self.after_by_name = _ByName(self.after)
        self.gone_by_name = _ByName(self.drift.dropped)
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

    def _created(self, said: ObjectChange) -> Iterator[Found]:
        names = self._with_descendants(said)
        there = self.after_by_name.find(said.kind, names)
        for identity in there:
            if identity in self.before:
                yield from self._replaced(identity, said)
            else:
                yield "create", identity.kind, identity.name
                yield from self._parts_of_another_kind(identity)
        if said.certain and not there:
            yield "create", said.kind, said.names[0]

    def _replaced(self, identity: ObjectId, said: ObjectChange) -> Iterator[Found]:
        """An object that was dropped and created again under its name, so that it differs."""
        if not said.certain:
            return
        is_view = identity.kind in _VIEWS
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
        if said.certain and not gone and self.after_by_name.find(said.kind, said.names):
            yield "drop", said.kind, said.names[0]

    def _gone_with_column(self, column: ObjectId) -> Iterator[Found]:
        """Indexes, constraints and statistics over a column that is dropped."""
        table, name = whole_and_part(column.name)
        mention = re.compile(rf'(?<![\w"]){re.escape(name)}(?![\w"])')
        for identity, item in self.drift.dropped.items():
            is_on_table = any(whole.name == table for whole in item.part_of)
            definition = str(item.attributes.get("definition", ""))
            if identity.kind in _GO_WITH_A_COLUMN and is_on_table and mention.search(definition):
                yield "drop", identity.kind, identity.name

    def _changed(self, said: ObjectChange) -> Iterator[Found]:
        names = self._with_descendants(said)
        for change in self.changes:
            only_itself = change.attribute in _OF_ONE_OBJECT
            wholes = (change.object,) if only_itself else (change.object, *change.part_of)
            is_said = any(fnmatchcase(change.attribute, each) for each in said.attributes)
            if is_said and any(_matches(whole, said.kind, names) for whole in wholes):
                yield _exact(change)

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
            if child in self.before or child in self.after:
                yield child
                yield from self._descendants(child.name)

    def _reworded(self) -> Iterator[Found]:
        """Changes that consist in another name for something that was renamed."""
        for change in self.changes:
            renamings = [
                item for item in self.announcement.renamings if self._may_reword(item, change)
            ]
            if not renamings:
                continue
            was, now = (_without_names(value, renamings) for value in (change.before, change.after))
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
        taken = any(each.kind not in _VIEWS for each in there)
        return not taken or any(_matches(each, item.kind, item.new) for each in change.part_of)

    def _has_other_arguments(self, routine: ObjectId) -> bool:
        """Whether a routine came and went because a type of its arguments was renamed."""
        renamings = list(self.announcement.renamings)
        same = _without_names(routine.name, renamings)
        sides = (self.drift.created, self.drift.dropped)
        return bool(renamings) and all(
            any(
                other.kind == "routine" and _without_names(other.name, renamings) == same
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
                whole in self.before and _matches(whole, item.kind, item.names) and item.certain
                for whole in self.drift.created[new].part_of
                for item in made
            )
            if replaced and any(_matches(new, item.kind, item.names) for item in made):
                yield "drop", old.kind, old.name

    def _comings_and_goings(
        self,
    ) -> tuple[tuple[Effect, Mapping[ObjectId, CatalogueObject]], ...]:
        return (("create", self.drift.created), ("drop", self.drift.dropped))


class _ByName:
    """Objects by kind and name: a catalogue has thousands, and most names have no wildcard."""

    def __init__(self, objects: Iterable[ObjectId]) -> None:
        self._known: dict[str, dict[str, list[ObjectId]]] = {}
        for identity in objects:
            names = self._known.setdefault(_kin(identity.kind), {})
            names.setdefault(_compact(identity.name), []).append(identity)

    def find(self, kind: str, names: Names) -> list[ObjectId]:
        """All objects of a kind that one of the names stands for."""
        known = self._known.get(_kin(kind), {})
        found: dict[ObjectId, None] = {}
        for name in map(_compact, names):
            is_plain = not _WILDCARDS.intersection(name)
            matching = [name] if is_plain else [each for each in known if fnmatchcase(each, name)]
            found |= dict.fromkeys(item for each in matching for item in known.get(each, ()))
        return list(found)


def _kin(kind: str) -> str:
    """Relations of all kinds share their names, and ALTER TABLE serves most of them."""
    return "relation" if kind in _RELATIONS else kind


def _compact(name: str) -> str:
    return "".join(name.split())


def _exact(change: Change) -> Found:
    return "change", change.object.kind, f"{change.object.name}:{change.attribute}"


def _matches(identity: ObjectId, kind: str, names: Names) -> bool:
    if _kin(identity.kind) != _kin(kind):
        return False
    compact = _compact(identity.name)
    return any(fnmatchcase(compact, _compact(name)) for name in names)


def _children(objects: Mapping[ObjectId, CatalogueObject]) -> dict[str, tuple[ObjectId, ...]]:
    """Table's name -> tables that are its partitions or inherit from it."""
    found: dict[str, tuple[ObjectId, ...]] = {}
    for identity, item in objects.items():
        partition_of = item.attributes.get("partition_of")
        parents = [partition_of] if partition_of else item.attributes.get("inherits", ())
        for parent in parents:
            found[parent] = (*found.get(parent, ()), identity)
    return found


def _without_names(value: object, renamings: list[Renaming]) -> str:
    """A value with the same mark for the old and the new name of each renaming."""
    text = in_words(value)
    for number, item in enumerate(renamings):
        mark = f"<{number}>"
        for old, new in zip(item.old, item.new, strict=True):
            for name in sorted({old, new}, key=len, reverse=True):
                text = _replace_word(text, name, mark)
            bare = {split(name)[0][-1] for name in (old, new)}
            for name in sorted(bare, key=len, reverse=True):
                text = _replace_word(text, name, mark)
        # A view keeps the names of its columns: what was "a" reads "b AS a" from now on.
        text = text.replace(f"{mark} AS {mark}", mark)
    return text


def _replace_word(text: str, word: str, mark: str) -> str:
    return re.sub(rf'(?<![\w"]){re.escape(word)}(?![\w"])', mark, text)
