"""The committed baseline: what each query's plan touches, on any machine.

Times do not travel between machines; pages, rows, partitions, indexes and the shape of a plan do.
They are committed to the repository as JSON and compared with what a run finds. What may differ by
a little says so: pages by a tenth (trees and free space fall out differently now and then); and the
shape of a plan, its indexes and its pages only count between servers of the same major version of
PostgreSQL and the same PostGIS, whose planners are alike.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shadowgate.errors import PlanError
from shadowgate.language import joined, nsentence, sentence
from shadowgate.measure.comparison import Comparison
from shadowgate.measure.plans import PlanMetrics
from shadowgate.measure.words import explain_change

SCHEMA = 1

BUFFERS_PERCENT = 10.0
"""Pages touched may differ by so much."""

Figures = Mapping[str, Any]
"""What is recorded of one query on one side."""
FiguresBySide = Mapping[str, Figures]
"""``before`` and ``after``."""


@dataclass(frozen=True)
class BaselineMetrics:
    """Metrics of every query's plan, and what they are true of."""

    plan: str
    data: str
    """Names the rows that they were taken on, such as ``20,000 rows (content 1f3a)``."""
    postgresql: int
    """Major version of the server."""
    postgis: str
    """Its PostGIS, without the patch level: what it tells the planner changes between them."""
    queries: Mapping[str, FiguresBySide]

    @property
    def planner(self) -> str:
        """Whose plans they are, in words."""
        return f"PostgreSQL {self.postgresql} with PostGIS {self.postgis}"


@dataclass(frozen=True)
class Difference:
    """One figure that is not what the baseline says."""

    query: str
    side: str
    figure: str
    expected: Any
    found: Any

    def __str__(self) -> str:
        values: dict[str, Any] = {
            "query": self.query,
            "figure": self.figure,
            "found": str(self.found),
            "expected": str(self.expected),
        }
        # TRANSLATORS: {figure} is what is counted, in English, as the baseline's file has it
        if self.side == "before":
            return sentence("{query} before, {figure}: {found} instead of {expected}", **values)
        return sentence("{query} after, {figure}: {found} instead of {expected}", **values)


def metrics_of(
    comparison: Comparison, plan: str, data: str, postgresql: int, postgis: str
) -> BaselineMetrics:
    """The baseline that a comparison would leave; what failed has no figures to keep."""
    queries = {
        id_: {"before": _figures(query.before.metrics), "after": _figures(query.after.metrics)}
        for id_, query in comparison.queries.items()
        if not query.failures
    }
    return BaselineMetrics(plan, data, postgresql, postgis, queries)


def _figures(metrics: PlanMetrics) -> Figures:
    return {
        "rows": metrics.rows,
        "buffers": metrics.buffers,
        "spills": metrics.temp_blocks > 0,
        "jit": metrics.jit,
        "partitions": list(metrics.partitions),
        "indexes": list(metrics.indexes),
        "shape": list(metrics.shape),
    }


def differences(expected: BaselineMetrics, found: BaselineMetrics) -> tuple[Difference, ...]:
    """What is not as the baseline says; nothing if it was taken on other data.

    Check :func:`why_not_comparable` first.
    """
    return tuple(
        difference
        for id_ in sorted({*expected.queries, *found.queries}, key=_number)
        for side in ("before", "after")
        for difference in _side_differences(
            id_,
            side,
            expected.queries.get(id_, {}).get(side, {}),
            found.queries.get(id_, {}).get(side, {}),
            same_planner=expected.planner == found.planner,
        )
    )


def why_not_comparable(expected: BaselineMetrics, found: BaselineMetrics) -> str | None:
    """Why the baseline says nothing about a run; ``None`` if it does."""
    if expected.data != found.data:
        return sentence(
            "the baseline was taken on {expected}, this run is on {found}",
            expected=expected.data,
            found=found.data,
        )
    return None


def what_is_left_out(expected: BaselineMetrics, found: BaselineMetrics) -> str:
    """What of the baseline says nothing on this server, and why; empty if all of it counts."""
    if expected.planner == found.planner:
        return ""
    return sentence(
        "the baseline was taken on {expected}, this server is {found}: rows, partitions and spills "
        "are held against it; indexes, pages and shapes of plans are not",
        expected=expected.planner,
        found=found.planner,
    )


def changes_in_words(
    expected: BaselineMetrics, found: BaselineMetrics, differing: Sequence[Difference]
) -> tuple[str, ...]:
    """What the differences mean: one sentence for each query and side whose plan changed."""
    sides = dict.fromkeys((each.query, each.side) for each in differing)
    changed = (
        (id_, side, _changes(expected.queries, found.queries, id_, side)) for id_, side in sides
    )
    return tuple(
        sentence("{query} before the migration: {changes}", query=id_, changes=joined("; ", words))
        if side == "before"
        else sentence(
            "{query} after the migration: {changes}", query=id_, changes=joined("; ", words)
        )
        for id_, side, words in changed
        if words
    )


def _changes(
    expected: Mapping[str, FiguresBySide], found: Mapping[str, FiguresBySide], id_: str, side: str
) -> tuple[str, ...]:
    old, new = (queries.get(id_, {}).get(side) for queries in (expected, found))
    return explain_change(_metrics(old), _metrics(new)) if old and new else ()


def _metrics(figures: Figures) -> PlanMetrics:
    """Metrics of which only the figures kept are known; how much was spilled is not."""
    return PlanMetrics(
        rows=figures["rows"],
        shared_hit=figures["buffers"],
        shared_read=0,
        temp_blocks=0,
        planning_ms=0.0,
        execution_ms=0.0,
        shape=tuple(figures["shape"]),
        partitions=tuple(figures["partitions"]),
        indexes=tuple(figures["indexes"]),
        jit=figures["jit"],
    )


def _number(id_: str) -> tuple[str, int]:
    """Order Q2 before Q10."""
    letters = id_.rstrip("0123456789")
    return letters, int(id_[len(letters) :] or 0)


def _side_differences(
    id_: str, side: str, expected: Figures, found: Figures, *, same_planner: bool
) -> Iterator[Difference]:
    if not expected or not found:
        if expected or found:
            yield Difference(id_, side, "query", bool(expected), bool(found))
        return
    for figure in expected:
        if figure in ("shape", "indexes", "buffers") and not same_planner:
            continue
        if not _alike(figure, expected[figure], found.get(figure)):
            yield Difference(id_, side, figure, expected[figure], found.get(figure))


def _alike(figure: str, expected: Any, found: Any) -> bool:
    if figure == "buffers":
        return bool(abs(found - expected) * 100 <= BUFFERS_PERCENT * max(expected, 1))
    return bool(expected == found)


def read_metrics(path: Path) -> BaselineMetrics | None:
    """Read a committed baseline; ``None`` if there is none yet.

    Raises:
        PlanError: the file is no baseline, or one of another version of this suite.
    """
    if not path.exists():
        return None
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA:
            raise PlanError(
                sentence(
                    "the baseline has schema {found}, not {known}",
                    found=document["schema"],
                    known=SCHEMA,
                ),
                where=str(path),
                todo="write it anew with --update-baseline",
            )
        return BaselineMetrics(
            str(document["plan"]),
            str(document["data"]),
            int(document["postgresql"]),
            str(document["postgis"]),
            {str(id_): dict(sides) for id_, sides in document["queries"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        said = f"{type(error).__name__}: {error}"
        raise PlanError(
            sentence("the baseline cannot be read: {error}", error=said),
            where=str(path),
            todo="restore it from version control, or write it anew with --update-baseline",
        ) from error


def write_metrics(path: Path, found: BaselineMetrics) -> tuple[str, ...]:
    """Write a baseline; says in words what changed against the one that was there.

    Raises:
        PlanError: what is there is no baseline.
    """
    old = read_metrics(path)
    document = {
        "schema": SCHEMA,
        "plan": found.plan,
        "data": found.data,
        "postgresql": found.postgresql,
        "postgis": found.postgis,
        "queries": found.queries,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if old is None:
        return (
            nsentence(
                "{file} is new: {n} query",
                "{file} is new: {n} queries",
                len(found.queries),
                file=path.name,
            ),
        )
    reason = why_not_comparable(old, found)
    if reason is not None:
        return (sentence("{file} is written anew: {reason}", file=path.name, reason=reason),)
    changed = differences(old, found)
    return tuple(map(str, changed)) or (sentence("{file} is unchanged", file=path.name),)
