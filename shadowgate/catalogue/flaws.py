"""Flaws that an object can be created with. Pure: no database is needed.

A plan announces objects by name. That an announced index is invalid or an announced trigger is
disabled is never what it means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from shadowgate.catalogue.diff import Change, Drift
from shadowgate.catalogue.snapshot import Attributes


def _everybody_may_write(privileges: list[str]) -> bool:
    # An access privilege without a grantee before the "=" is one of PUBLIC; "r" is SELECT.
    granted = [item.split("/")[0] for item in privileges if item.startswith("=")]
    return any(set(item) - set("=r*") for item in granted)


def _everybody_may_create(privileges: list[str]) -> bool:
    return any(item.startswith("=") and "C" in item.split("/")[0] for item in privileges)


_FLAWS: Mapping[tuple[str, str], tuple[Any, Callable[[Any], bool]]] = {
    ("index", "valid"): (True, lambda value: value is False),
    ("index", "ready"): (True, lambda value: value is False),
    ("constraint", "validated"): (True, lambda value: value is False),
    ("constraint", "triggers_enabled"): (["O"], lambda value: "D" in value),
    ("trigger", "enabled"): ("origin", lambda value: value == "disabled"),
    ("rule", "enabled"): ("origin", lambda value: value == "disabled"),
    ("event trigger", "enabled"): ("origin", lambda value: value == "disabled"),
    ("materialized view", "populated"): (True, lambda value: value is False),
    ("table", "persistence"): ("permanent", lambda value: value == "unlogged"),
    ("table", "detach_pending"): (None, bool),
    ("table", "privileges"): (None, _everybody_may_write),
    ("sequence", "persistence"): ("permanent", lambda value: value == "unlogged"),
    ("sequence", "privileges"): (None, _everybody_may_write),
    ("view", "privileges"): (None, _everybody_may_write),
    ("materialized view", "privileges"): (None, _everybody_may_write),
    ("schema", "privileges"): (None, _everybody_may_create),
}
"""Kind and attribute -> what a sound one has, and whether a value is a flaw."""


def is_flaw(kind: str, attribute: str, value: Any) -> bool:
    """Whether an attribute's value is one that no plan means by merely naming the object."""
    _, flawed = _FLAWS.get((kind, attribute), (None, None))
    return flawed is not None and value is not None and flawed(value)


def _lends_its_rights_to_everybody(routine: Attributes) -> bool:
    """Whether PUBLIC may call it with the owner's rights; triggers cannot be called."""
    granted = [item for item in routine.get("privileges", ()) if item.startswith("=")]
    callable_ = routine.get("returns") != "trigger"
    return bool(routine.get("security_definer") and granted and callable_)


def _without_everybody(privileges: list[str]) -> list[str]:
    return [item for item in privileges if not item.startswith("=")]


def created_flaws(drift: Drift) -> Iterator[Change]:
    """Flaws of created objects, each as a change from what it would be without the flaw."""
    for identity, found in drift.created.items():
        is_partition = "partition_of" in found.attributes
        for (kind, attribute), (sound, flawed) in _FLAWS.items():
            value = found.attributes.get(attribute)
            if attribute == "privileges" and is_partition:
                continue  # Judged by its siblings, which may well let everybody write.
            if identity.kind == kind and value is not None and flawed(value):
                without = _without_everybody(value) if attribute == "privileges" else sound
                yield Change(identity, attribute, without, value, found.part_of)
        if identity.kind == "routine" and _lends_its_rights_to_everybody(found.attributes):
            value = found.attributes["privileges"]
            yield Change(identity, "privileges", _without_everybody(value), value, found.part_of)
