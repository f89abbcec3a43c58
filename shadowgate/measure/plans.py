"""Plan metrics, which have no noise: what a query's plan touched, beside how long it took.

Buffers, rows, the shape of the plan, partitions and indexes come from one ``EXPLAIN (ANALYZE,
BUFFERS)`` outside the timed rounds. They need no statistics and travel between machines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from shadowgate.measure.rounds import CHECK_NOW, TimedSession
from shadowgate.queries.workload import Query, has_plan
from shadowgate.server.base import Connection

PLANNINGS = 9
"""How often a query is planned to time its planning; the quickest counts, noise only adds."""

_PARTITIONS = (Path(__file__).parent / "partitions.sql").read_text(encoding="utf-8")
_ANALYZE = "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON)\n"
_PLAN_ONLY = "EXPLAIN (SUMMARY, FORMAT JSON)\n"
_COLLECTORS = frozenset({"Append", "Merge Append"})
_TRANSPARENT = _COLLECTORS | {"Gather", "Gather Merge", "ModifyTable"}

_FOREIGN_KEY = "RI_ConstraintTrigger"
"""How PostgreSQL begins the names of the triggers behind foreign keys; a number follows."""

Roots = Mapping[str, str]
"""Name of a partition (table or index) -> name at the root of its tree."""


@dataclass(frozen=True)
class PlanMetrics:
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
    relations: tuple[str, ...] = ()
    """Tables read or written, partitions under the name of the whole, without their schema."""
    jit: bool = False
    triggers: Mapping[str, int] = field(default_factory=dict)
    """Triggers that fired within the statement -> calls; those of foreign keys are not listed."""
    deferred_ms: float = 0.0
    """What a write had put off to its commit: deferred constraints and their triggers."""

    documents: tuple[Mapping[str, Any], ...] = field(default=(), repr=False, compare=False)
    """What the server wrote of the plans, one of each statement."""

    @property
    def buffers(self) -> int:
        """Pages touched, wherever they were found."""
        return self.shared_hit + self.shared_read

    def as_evidence(self) -> dict[str, Any]:
        """Plain data for the report."""
        return {**asdict(replace(self, documents=())), "buffers": self.buffers}


def read_roots(session: TimedSession) -> Roots:
    """Which relation each partition of this database belongs to."""
    return partition_roots(session.connection)


def partition_roots(connection: Connection) -> Roots:
    """The same, asked on any connection."""
    return dict(connection.execute(_PARTITIONS.encode()).fetchall())


def explain_only(connection: Connection, statement: str, roots: Roots) -> PlanMetrics:
    """Plan a statement without executing it; only shape, relations and indexes are told.

    Args:
        connection: in a transaction or not.
        statement: one statement, its values in it.
        roots: see :func:`read_roots`.

    Raises:
        psycopg.Error: it cannot be planned.
    """
    row = connection.execute(f"{_PLAN_ONLY}{statement}".encode()).fetchone()
    assert row is not None  # noqa: S101 - EXPLAIN always returns one row in JSON
    return plan_metrics(row[0][0], roots)


def explain(session: TimedSession, query: Query, roots: Roots) -> PlanMetrics:
    """Execute a query under ``EXPLAIN`` and time its planning; a write is rolled back.

    Of a step of several statements the figures are sums, and the shapes follow each other. What
    has no plan, such as ``CALL``, is only executed.

    Raises:
        QueryError: the query failed or took too long.
        ServerError: the session was lost.
    """
    with session.executing(query):
        executed = [_execute(session, query) for _ in range(3 if query.in_transaction else 1)]
        planning = [sum(one.get("Planning Time", 0.0) for one in plans) for plans, _ in executed]
        if len(query.statements) == 1 and executed[0][0]:
            planning = [
                _explain(session, _PLAN_ONLY + query.sql)["Planning Time"] for _ in range(PLANNINGS)
            ]
    return replace(
        _merge([plan_metrics(document, roots) for document in executed[-1][0]]),
        planning_ms=min(planning),
        deferred_ms=min(deferred for _, deferred in executed),
    )


def _execute(session: TimedSession, query: Query) -> tuple[Sequence[Mapping[str, Any]], float]:
    """The plans as executed, and the milliseconds of what they deferred."""
    with session.connection.transaction(force_rollback=True):
        documents = []
        for statement in query.statements:
            if has_plan(statement):
                documents.append(_explain(session, _ANALYZE + statement))
            else:
                session.connection.execute(statement.encode())
        if not query.in_transaction:
            return documents, 0.0
        measured = session.clock.time(lambda: session.connection.execute(CHECK_NOW))
        return documents, 1000.0 * measured.net


def _merge(several: Sequence[PlanMetrics]) -> PlanMetrics:
    """What several statements touched together."""
    if len(several) == 1:
        return several[0]
    triggers: Counter[str] = Counter()
    for one in several:
        triggers.update(one.triggers)
    return PlanMetrics(
        rows=sum(one.rows for one in several),
        shared_hit=sum(one.shared_hit for one in several),
        shared_read=sum(one.shared_read for one in several),
        temp_blocks=sum(one.temp_blocks for one in several),
        planning_ms=sum(one.planning_ms for one in several),
        execution_ms=sum(one.execution_ms for one in several),
        shape=tuple(line for one in several for line in one.shape),
        partitions=tuple(sorted({name for one in several for name in one.partitions})),
        indexes=tuple(sorted({name for one in several for name in one.indexes})),
        jit=any(one.jit for one in several),
        triggers=dict(triggers),
        documents=tuple(document for one in several for document in one.documents),
    )


NO_PLAN = _merge(())
"""Of what was not executed."""


def _explain(session: TimedSession, statement: str) -> Mapping[str, Any]:
    row = session.connection.execute(statement.encode()).fetchone()
    assert row is not None  # noqa: S101 - EXPLAIN always returns one row in JSON
    document: Mapping[str, Any] = row[0][0]
    return document


def plan_metrics(document: Mapping[str, Any], roots: Roots) -> PlanMetrics:
    """Read one document of ``EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)``.

    Args:
        document: the only element of the list that PostgreSQL returns.
        roots: see :func:`read_roots`.
    """
    plan = document["Plan"]
    nodes = list(_nodes(plan))
    relations = {node["Relation Name"] for node in nodes if _scans(node)}
    indexes = {node["Index Name"] for node in nodes if "Index Name" in node}
    return PlanMetrics(
        rows=int(plan.get("Actual Rows", 0)),
        shared_hit=plan.get("Shared Hit Blocks", 0),
        shared_read=plan.get("Shared Read Blocks", 0),
        temp_blocks=plan.get("Temp Written Blocks", 0),
        planning_ms=document.get("Planning Time", 0.0),
        execution_ms=document.get("Execution Time", 0.0),
        shape=tuple(_shape(plan, roots, 0)),
        partitions=tuple(sorted(name for name in relations if name in roots)),
        relations=tuple(
            sorted({roots.get(name, name) for node in nodes if (name := node.get("Relation Name"))})
        ),
        indexes=tuple(sorted({roots.get(name, name) for name in indexes})),
        jit="JIT" in document,
        triggers={
            trigger["Trigger Name"]: int(trigger["Calls"])
            for trigger in document.get("Triggers", ())
            if not trigger["Trigger Name"].startswith(_FOREIGN_KEY)
        },
        documents=(document,),
    )


def serving_scans(metrics: PlanMetrics, roots: Roots) -> tuple[frozenset[str], frozenset[str]]:
    """Tables that a plan finds rows of by an index's condition or order, and those it reads all of.

    Partitions are told under the name of the whole, which may be in both.
    """
    by_index, whole = set(), set()
    for document in metrics.documents:
        for node in filter(_scans, _nodes(document["Plan"])):
            table = roots.get(node["Relation Name"], node["Relation Name"])
            if node["Node Type"] == "Seq Scan":
                whole.add(table)
            elif {"Index Cond", "Order By", "Recheck Cond"} & node.keys():
                by_index.add(table)
    return frozenset(by_index), frozenset(whole)


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
    """Lines of a plan, each unlike child once.

    Nodes that only collect partitions are left out, and so are partitions without a page: an empty
    one is scanned sequentially whatever indexes it has.
    """
    transparent = plan["Node Type"] in _TRANSPARENT
    lines = [] if transparent else [f"{'  ' * depth}{_label(plan, roots)}"]
    seen: set[tuple[str, ...]] = set()
    for child in plan.get("Plans", ()):
        if plan["Node Type"] in _COLLECTORS and _is_empty(child):
            continue
        below = tuple(_shape(child, roots, depth if transparent else depth + 1))
        if below not in seen:
            seen.add(below)
            lines.extend(below)
    return lines


def _is_empty(node: Mapping[str, Any]) -> bool:
    touched = node.get("Shared Hit Blocks", 0) + node.get("Shared Read Blocks", 0)
    return bool(touched == 0 and node.get("Actual Rows") == 0)


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
