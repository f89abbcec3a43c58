"""The plan of each query before and after, side by side, with the nodes that changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

from shadowgate.evidence import QueryEvidence
from shadowgate.report import words

_FIGURES = {"buffers": "pages", "rows": "rows", "temp_blocks": "temporary pages"}
"""What is told of each side beside its nodes, where it is not 0."""


@dataclass(frozen=True)
class Node:
    """One line of a plan before and after; empty on the side that has no such node."""

    before: str
    after: str
    changed: bool


@dataclass(frozen=True)
class PlanPair:
    """The plans of one query."""

    query: QueryEvidence
    nodes: tuple[Node, ...]
    before: str
    """What the plan touched before, in words; empty if that is not known."""
    after: str

    @property
    def changed(self) -> bool:
        """Whether any node is another."""
        return any(node.changed for node in self.nodes)


def plan_pairs(queries: Sequence[QueryEvidence]) -> list[PlanPair]:
    """The plans of the queries whose plans are known, those that changed first."""
    pairs = [
        PlanPair(query, tuple(_nodes(before, after)), *map(_figures, sides))
        for query in queries
        if (sides := (query.witnesses.get("before", {}), query.witnesses.get("after", {})))
        and any((before := _shape(sides[0]), after := _shape(sides[1])))
    ]
    return sorted(pairs, key=lambda pair: not pair.changed)


def _shape(side: Mapping[str, Any]) -> list[str]:
    shape = side.get("shape", ())
    return [str(line) for line in shape] if isinstance(shape, list | tuple) else []


def _nodes(before: Sequence[str], after: Sequence[str]) -> Iterator[Node]:
    matcher = SequenceMatcher(a=before, b=after, autojunk=False)
    for tag, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        sides = zip_longest(before[old_from:old_to], after[new_from:new_to], fillvalue="")
        yield from (Node(old, new, tag != "equal") for old, new in sides)


def _figures(side: Mapping[str, Any]) -> str:
    known = [
        f"{words.value(side[name])} {unit}"
        for name, unit in _FIGURES.items()
        if isinstance(side.get(name), int) and side[name]
    ]
    planning = side.get("planning_ms")
    if isinstance(planning, int | float):
        known.append(f"planned in {words.milliseconds(planning)}")
    return ", ".join(known)
