"""What was created, changed and dropped, as lines of definitions before and after. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from shadowgate.catalogue.diff import Drift
from shadowgate.catalogue.object_kinds import RELATIONS
from shadowgate.catalogue.sentences import created, dropped, named
from shadowgate.catalogue.snapshot import CatalogueObject, ObjectId, Snapshot
from shadowgate.language import sentence

_CONTEXT = 2
"""Unchanged lines that are shown around changed ones."""

_ORDER = ("column", "constraint", "index", "trigger", "rule", "policy", "statistics", "sequence")

_BRINGS = frozenset({"constraint", "column"})
"""Kinds that bring an index or a sequence along and say all of it."""

_USUAL: Mapping[str, Any] = {
    "access_method": "heap",
    "live": True,
    "persistence": "permanent",
    "ready": True,
    "replica_identity": "default",
    "valid": True,
    "validated": True,
}
"""Attributes that say nothing where they have these values."""

_ASIDE = frozenset(
    {
        "clustered",
        "constraint",
        "cost",
        "immediate",
        "inherited",
        "next_value",
        "owned_by",
        "parallel",
        "position",
        "rows",
        "statistics_target",
        "storage",
        "table",
        "triggers_enabled",
    }
)
"""Attributes that are shown only where they changed."""

_UNSET: tuple[Any, ...] = (None, False, -1, "", [], {})


@dataclass(frozen=True)
class DefinitionChange:
    """One object, with all that belongs to it, before and after."""

    object: ObjectId
    happened: Literal["created", "dropped", "changed"]
    lines: tuple[str, ...]
    """Each begins with ``+``, ``-`` or a space, and ``…`` stands for unchanged ones left out."""

    def __str__(self) -> str:
        match self.happened:
            case "created":
                return created(self.object)
            case "dropped":
                return dropped(self.object)
            case "changed":
                return sentence("{object} was changed", object=named(self.object))


def definition_changes(before: Snapshot, after: Snapshot, drift: Drift) -> list[DefinitionChange]:
    """Tell each object of a drift by its definition; parts are told with their relation."""
    touched: dict[ObjectId, set[tuple[ObjectId, str]]] = {}
    known = {**before.objects, **after.objects}
    for identity in (*drift.created, *drift.dropped):
        touched.setdefault(_whole(identity, known), set())
    for change in drift.changed:
        whole = _whole(change.object, known)
        touched.setdefault(whole, set()).add((change.object, change.attribute))
    parts = _parts(before), _parts(after)
    found = []
    for whole in sorted(touched):
        old, new = (
            list(_definition(whole, snapshot, of.get(whole, []), touched[whole]))
            for snapshot, of in zip((before, after), parts, strict=True)
        )
        happened: Literal["created", "dropped", "changed"] = (
            "changed" if old and new else "created" if new else "dropped"
        )
        lines = tuple(_compared(old, new))
        if lines:
            found.append(DefinitionChange(whole, happened, lines))
    return found


def _whole(identity: ObjectId, known: Mapping[ObjectId, CatalogueObject]) -> ObjectId:
    """The relation that an object belongs to, or itself."""
    wholes = (each for each in known[identity].part_of if each.kind in RELATIONS)
    return next((each for each in wholes if each in known), identity)


def _parts(snapshot: Snapshot) -> dict[ObjectId, list[ObjectId]]:
    """Relation -> what belongs to it, in the order in which it is told."""
    found: dict[ObjectId, list[ObjectId]] = {}
    for identity, thing in snapshot.objects.items():
        for whole in thing.part_of:
            if whole.kind in RELATIONS:
                found.setdefault(whole, []).append(identity)
    for parts in found.values():
        parts.sort(key=lambda part: _place(part, snapshot.objects[part]))
    return found


def _place(part: ObjectId, thing: CatalogueObject) -> tuple[int, int, str]:
    kind = _ORDER.index(part.kind) if part.kind in _ORDER else len(_ORDER)
    return kind, int(thing.attributes.get("position", 0)), part.name


def _definition(
    whole: ObjectId,
    snapshot: Snapshot,
    parts: Sequence[ObjectId],
    changed: Set[tuple[ObjectId, str]],
) -> Iterator[str]:
    if whole not in snapshot.objects:
        return
    yield str(whole)
    own = {name for identity, name in changed if identity == whole}
    for name, value in _told(snapshot.objects[whole], own):
        first, *more = _in_words(value).splitlines() or [""]
        yield f"    {name}: {first}"
        yield from (f"        {line}" for line in more)
    for part in parts:
        thing = snapshot.objects[part]
        attributes = {name for identity, name in changed if identity == part}
        if not attributes and any(each.kind in _BRINGS for each in thing.part_of):
            continue
        yield f"    {_part_in_words(part, whole, thing, attributes)}"


def _part_in_words(
    part: ObjectId, whole: ObjectId, thing: CatalogueObject, changed: Set[str]
) -> str:
    name = part.name.removeprefix(f"{whole.name}.")
    told = dict(_told(thing, changed))
    main = [str(told.pop(key)) for key in ("type", "definition") if key in told]
    rest = [key if value is True else f"{key} {_in_words(value)}" for key, value in told.items()]
    names = [] if part.kind == "index" else [part.kind, name]  # an index's definition says both
    return " ".join(" ".join([*names, *main, *rest]).split())


def _told(thing: CatalogueObject, changed: Set[str]) -> Iterator[tuple[str, Any]]:
    for name, value in sorted(thing.attributes.items()):
        usual = _USUAL.get(name)
        silent = value == usual or name in _ASIDE or (value in _UNSET and usual is not True)
        if name in changed or not silent:
            yield name, value


def _in_words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={_in_words(each)}" for key, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_in_words, value))
    return str(value)


def _compared(old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    groups = SequenceMatcher(a=old, b=new, autojunk=False).get_grouped_opcodes(_CONTEXT)
    for number, group in enumerate(groups):
        if number or group[0][1] > 0 or group[0][3] > 0:
            yield "…"
        for tag, old_from, old_to, new_from, new_to in group:
            if tag == "equal":
                yield from (f"  {line}" for line in old[old_from:old_to])
                continue
            yield from (f"- {line}" for line in old[old_from:old_to])
            yield from (f"+ {line}" for line in new[new_from:new_to])
