"""The plan of each query before and after, side by side, with the nodes that changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

from shadowgate.evidence import QueryEvidence
from shadowgate.language import _, ngettext
from shadowgate.report import words


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
    pages, rows, spilled = (_count(side, name) for name in ("buffers", "rows", "temp_blocks"))
    known = [ngettext("{n} page", "{n} pages", pages)] if pages else []
    known += [ngettext("{n} row", "{n} rows", rows)] if rows else []
    known += [ngettext("{n} temporary page", "{n} temporary pages", spilled)] if spilled else []
    planning = side.get("planning_ms")
    if isinstance(planning, int | float):
        known.append(_("planned in {time}", time=words.milliseconds(planning)))
    return ", ".join(known)


def _count(side: Mapping[str, Any], name: str) -> int:
    found = side.get(name)
    return found if isinstance(found, int) else 0
