"""Witnesses that have no noise: what a query's plan touched, beside how long it took.

Buffers, rows, the shape of the plan, partitions and indexes come from one ``EXPLAIN (ANALYZE,
BUFFERS)`` outside the timed rounds. They need no statistics and travel between machines.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from shadowgate.measure.rounds import TimedSession
from shadowgate.measure.session import in_words
from shadowgate.measure.workload import Query

PLANNINGS = 9
"""How often a query is planned to time its planning."""

_PARTITIONS = (Path(__file__).parent / "partitions.sql").read_text(encoding="utf-8")
_ANALYZE = "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON)\n"
_PLAN_ONLY = "EXPLAIN (SUMMARY, FORMAT JSON)\n"
_TRANSPARENT = frozenset({"Append", "Merge Append", "Gather", "Gather Merge", "ModifyTable"})

Roots = Mapping[str, str]
"""Name of a partition (table or index) -> name at the root of its tree."""


@dataclass(frozen=True)
class Witness:
    """What one execution of a query touched."""

    rows: int
    shared_hit: int
    """Pages of 8 KiB found in the buffer cache."""
    shared_read: int
    """Pages read from the operating system."""
    temp_blocks: int
    """Pages written to temporary files: sorts and hashes that did not fit ``work_mem``."""
    planning_ms: float
    execution_ms: float
    shape: tuple[str, ...]
    """Nodes of the plan, indented, partitions under the name of their table, costs left out."""
    partitions: tuple[str, ...]
    """Partitions scanned, by name."""
    indexes: tuple[str, ...]
    """Indexes used, partitioned ones under the name of the whole."""
    jit: bool = False
    triggers: Mapping[str, float] = field(default_factory=dict)
    """Triggers that fired within the statement -> milliseconds."""

    @property
    def buffers(self) -> int:
        """Pages touched, wherever they were found."""
        return self.shared_hit + self.shared_read

    def as_evidence(self) -> dict[str, Any]:
        """Plain data for the report."""
        return {**asdict(self), "buffers": self.buffers}


def read_roots(session: TimedSession) -> Roots:
    """Which relation each partition of this database belongs to."""
    return dict(session.connection.execute(_PARTITIONS.encode()).fetchall())


def explain(session: TimedSession, query: Query, roots: Roots) -> Witness:
    """Execute a query under ``EXPLAIN`` and time its planning; a write is rolled back.

    Raises:
        ValidationError: the query failed or took too long.
        ServerError: the session was lost.
    """
    document = _run(session, query, _ANALYZE)
    planned = [_run(session, query, _PLAN_ONLY)["Planning Time"] for _ in range(PLANNINGS)]
    return read_witness(document, roots, planning_ms=statistics.median(planned))


def _run(session: TimedSession, query: Query, prefix: str) -> Mapping[str, Any]:
    with (
        in_words(query, session.database, session.query_seconds),
        session.connection.transaction(force_rollback=True),
    ):
        row = session.connection.execute((prefix + query.sql).encode()).fetchone()
    assert row is not None  # noqa: S101 - EXPLAIN always returns one row in JSON
    found = row[0] if isinstance(row[0], list) else json.loads(row[0])
    document: Mapping[str, Any] = found[0]
    return document


def read_witness(
    document: Mapping[str, Any], roots: Roots, *, planning_ms: float | None = None
) -> Witness:
    """Read one document of ``EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)``.

    Args:
        document: the only element of the list that PostgreSQL returns.
        roots: see :func:`read_roots`.
        planning_ms: a better figure than the document's single one.
    """
    plan = document["Plan"]
    nodes = list(_nodes(plan))
    relations = {node["Relation Name"] for node in nodes if _scans(node)}
    indexes = {node["Index Name"] for node in nodes if "Index Name" in node}
    return Witness(
        rows=int(plan.get("Actual Rows", 0)),
        shared_hit=plan.get("Shared Hit Blocks", 0),
        shared_read=plan.get("Shared Read Blocks", 0),
        temp_blocks=plan.get("Temp Written Blocks", 0),
        planning_ms=document["Planning Time"] if planning_ms is None else planning_ms,
        execution_ms=document.get("Execution Time", 0.0),
        shape=tuple(_shape(plan, roots, 0)),
        partitions=tuple(sorted(name for name in relations if name in roots)),
        indexes=tuple(sorted({roots.get(name, name) for name in indexes})),
        jit="JIT" in document,
        triggers={
            trigger["Trigger Name"]: trigger.get("Time", 0.0)
            for trigger in document.get("Triggers", ())
        },
    )


def _nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """All nodes that were executed."""
    if plan.get("Actual Loops") == 0:
        return
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


def _scans(node: Mapping[str, Any]) -> bool:
    return "Relation Name" in node and node["Node Type"] != "ModifyTable"


def _shape(plan: Mapping[str, Any], roots: Roots, depth: int) -> list[str]:
    """Lines of a plan, each unlike child once; nodes that only collect partitions are left out."""
    transparent = plan["Node Type"] in _TRANSPARENT
    lines = [] if transparent else [f"{'  ' * depth}{_label(plan, roots)}"]
    seen: set[tuple[str, ...]] = set()
    for child in plan.get("Plans", ()):
        below = tuple(_shape(child, roots, depth if transparent else depth + 1))
        if below not in seen:
            seen.add(below)
            lines.extend(below)
    return lines


def _label(plan: Mapping[str, Any], roots: Roots) -> str:
    words = [plan["Node Type"]]
    if "Strategy" in plan and plan["Strategy"] != "Plain":
        words.insert(0, plan["Strategy"])
    if "Join Type" in plan and plan["Join Type"] != "Inner":
        words.append(plan["Join Type"])
    if "Index Name" in plan:
        words += ["using", roots.get(plan["Index Name"], plan["Index Name"])]
    if "Relation Name" in plan:
        words += ["on", roots.get(plan["Relation Name"], plan["Relation Name"])]
    elif "Function Name" in plan:
        words += ["on", plan["Function Name"]]
    return " ".join(words)
