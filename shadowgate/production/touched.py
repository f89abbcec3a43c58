"""What of production a migration touches: by a run's own record, or else by the script's text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from shadowgate.catalogue import ObjectId
from shadowgate.catalogue.object_kinds import IN_A_SCHEMA, RELATIONS
from shadowgate.migrate import Script
from shadowgate.migrate.announced import ObjectChange, announced
from shadowgate.migrate.announced.drops import drops
from shadowgate.migrate.announced.lookup import matches
from shadowgate.migrate.announced.names import schemas_of, whole_and_part
from shadowgate.report.after_file import After, AfterAttribute, AfterObject

_PARTS_OF_ITS_OWNER = frozenset({"column", "constraint", "policy", "rule"})
"""Parts that only a table's owner makes or changes."""
_ESCAPED = re.compile(r"\[(.)\]")


@dataclass(frozen=True)
class Planned:
    """An object that the migration is to create: one of several names, shell-style."""

    kind: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Touched:
    """What a migration touches. Names are qualified and quoted as SQL would have them."""

    tables: tuple[tuple[str, ...], ...]
    """Tables that must be there already, each by the names of which one is meant."""
    owned: tuple[tuple[str, ...], ...]
    """Those of them that only their owner may alter so."""
    triggers: tuple[tuple[str, ...], ...]
    """Those of them that get a trigger."""
    creates: tuple[Planned, ...]
    schemas: tuple[tuple[str, ...], ...]
    """Schemas that must be there already and in which something is created."""
    source: str
    """Where that is known from, in words."""
    unknown: tuple[str, ...] = ()
    """Statements of which it is not known what they touch."""

    @property
    def names(self) -> list[str]:
        """All names of the tables."""
        return sorted({name for names in self.tables for name in names})


NOTHING = Touched((), (), (), (), (), "nothing")


def touched_of_run(after: After) -> Touched:
    """What a run saw the migration lock, create, change and drop."""
    new = {(each.kind, each.name) for each in after.created}
    owned = _owned(after, {name for _, name in new})
    triggers = {
        name
        for each in after.created
        if each.kind == "trigger"
        for _, name in each.part_of[:1]
        if name not in {made for _, made in new}
    }
    schemas = {
        whole_and_part(each.name.partition("(")[0])[0]
        for each in after.created
        if each.kind in IN_A_SCHEMA
    } - {name for kind, name in new if kind == "schema"}
    return Touched(
        tables=tuple((name,) for name in sorted({*after.locks, *owned})),
        owned=tuple((name,) for name in sorted(owned)),
        triggers=tuple((name,) for name in sorted(triggers)),
        creates=tuple(
            Planned(each.kind, (_pattern(each.name),))
            for each in after.created
            if not any(tuple(whole) in new for whole in each.part_of)
            and not any(
                matches(ObjectId(each.kind, each.name), kind, (name,))
                for kind, name in after.dropped_first
            )
        ),
        schemas=tuple((name,) for name in sorted(schemas)),
        source="the shadow run",
    )


def _owned(after: After, new: set[str]) -> set[str]:
    """Tables that were there before, and that only their owner may alter as the migration did."""
    met: list[AfterObject | AfterAttribute] = [*after.created, *after.changed, *after.dropped]
    altered = {_owned_table(each.kind, each.name, each.part_of) for each in met}
    parents = {
        str(parent)
        for each in after.created
        for parent in (each.attributes.get("partition_of"), *each.attributes.get("inherits", ()))
    }
    return (altered | parents) - new - {"", "None"}


def _owned_table(kind: str, name: str, part_of: Iterable[tuple[str, str]]) -> str:
    if kind in RELATIONS:
        return name
    wholes = [whole for whole_kind, whole in part_of if whole_kind in RELATIONS]
    is_part = kind in _PARTS_OF_ITS_OWNER or kind in ("index", "statistics")
    return wholes[0] if is_part and wholes else ""


def _pattern(name: str) -> str:
    """A name that stands for itself alone."""
    return re.sub(r"([\[*?])", r"[\1]", name)


def touched_by_text(script: Script, text: str) -> Touched:
    """What a script's statements say; no database is needed.

    Args:
        script: the migration.
        text: the script's text.
    """
    said, dropped = announced(script, text=text), drops(script)
    made = {name for each in said.objects if each.effect == "create" for name in each.names}
    owned = _certain(_tables(said.objects), made)
    written = [(each.table,) for each in said.rows]
    creates = [each for each in said.objects if each.effect == "create" and each.certain]
    schemas = [schemas_of(each.names) for each in creates if each.kind in IN_A_SCHEMA]
    return Touched(
        tables=_certain([*owned, *written, *_with_triggers(said.objects)], made),
        owned=owned,
        triggers=_certain(_with_triggers(said.objects), made),
        creates=tuple(
            Planned(each.kind, each.names)
            for each in creates
            if not _made_with_its_whole(each, made) and not _dropped_first(each, dropped)
        ),
        schemas=_certain(schemas, made),
        source="the script's text",
        unknown=tuple(map(str, said.opaque)),
    )


def _tables(changes: Iterable[ObjectChange]) -> Iterable[tuple[str, ...]]:
    for change in changes:
        if change.kind in _PARTS_OF_ITS_OWNER:
            yield tuple(whole_and_part(name)[0] for name in change.names)
        elif change.kind == "table" and (change.effect == "change" or change.certain):
            yield change.names


def _with_triggers(changes: Iterable[ObjectChange]) -> Iterable[tuple[str, ...]]:
    for change in changes:
        if change.kind == "trigger" and change.effect == "create":
            yield tuple(whole_and_part(name)[0] for name in change.names)


def _certain(
    several: Iterable[tuple[str, ...]], made: Iterable[str]
) -> tuple[tuple[str, ...], ...]:
    """Each once, without those that the script makes itself."""
    known = set(made)
    kept = (names for names in several if names and not known.intersection(names))
    plain = (tuple(dict.fromkeys(_ESCAPED.sub(r"\1", name) for name in names)) for names in kept)
    return tuple(dict.fromkeys(plain))


def _made_with_its_whole(change: ObjectChange, made: Iterable[str]) -> bool:
    known = set(made)
    return change.kind in (*_PARTS_OF_ITS_OWNER, "trigger") and any(
        whole_and_part(name)[0] in known for name in change.names
    )


def _dropped_first(change: ObjectChange, dropped: Iterable[ObjectChange]) -> bool:
    return any(
        other.kind == change.kind
        and other.line <= change.line
        and set(other.names) & set(change.names)
        for other in dropped
    )
