"""Finds objects of a snapshot by the names of an announcement."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from shadowgate.catalogue.object_kinds import RELATIONS
from shadowgate.catalogue.snapshot import ObjectId
from shadowgate.migrate.announced.names import Names

_WILDCARDS = frozenset("[*?")


class ByName:
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
    return "relation" if kind in (*RELATIONS, "sequence", "index") else kind


def _compact(name: str) -> str:
    return "".join(name.split())


def matches(identity: ObjectId, kind: str, names: Names) -> bool:
    """Whether one of the names stands for an object of a kind."""
    if _kin(identity.kind) != _kin(kind):
        return False
    compact = _compact(identity.name)
    return any(fnmatchcase(compact, _compact(name)) for name in names)
