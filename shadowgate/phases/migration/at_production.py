"""From copies of several sizes to production's: locks, WAL and disk, with their intervals. Pure.

What is extrapolated is not the time over the rows of a table, but over the rows that were looked at
or written meanwhile, which are counted: then a statement over three tables of which one is larger
in production is told rightly, and one that looks at no more rows of a larger table takes no longer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from shadowgate.language import sentence
from shadowgate.migrate import STOPS_READERS, STOPS_WRITERS, LockHeld, StatementRun
from shadowgate.migrate.results import with_schema
from shadowgate.phases.migration.sizes import SizedRun, Sizes
from shadowgate.plan import LocksSection
from shadowgate.statistics.growth import Bounds, constant, exponent, extrapolate, grows

Unit = Literal["ms", "bytes"]

_MOST_OF, _SAMPLED_LATE_MS = 0.7, 10.0
"""A lock that was held for most of its statements' time counts for all of it: that is measured, and
locks are seen at an interval."""

_VISIBLE: Mapping[Unit, tuple[float, float]] = {"ms": (10.0, 0.3), "bytes": (4096.0, 0.02)}
"""Growth that is visible without a count of rows: by how much, and by which share, from a quarter
of the rows to all. Times scatter, bytes hardly do."""

_SAME_WORK = 1.05
_SAME_ROWS = 10


@dataclass(frozen=True)
class AtProduction:
    """Something that was measured, at production's size."""

    what: str
    """In words: ``statement 3: AccessExclusiveLock on orders``, ``WAL``."""
    unit: Unit
    measured: float
    """On a copy as large as the shadow, the median."""
    bounds: Bounds
    limit: float | None
    """What is allowed; ``None`` if nothing says."""
    how: str
    """How it depends on the rows, in words."""
    points: tuple[tuple[float, float], ...]
    """Rows of ``table`` on each copy, and what was measured there."""
    table: str = ""
    """Whose rows matter most; empty where it does not depend on rows."""
    production_rows: int = 0
    statement: int = 0
    stops: str = ""

    @property
    def is_over(self) -> bool:
        """Whether the limit is passed, whatever the interval leaves open."""
        return self.limit is not None and self.bounds.low > self.limit

    @property
    def is_undecided(self) -> bool:
        """Whether the interval has the limit in it."""
        return self.limit is not None and self.bounds.low <= self.limit < self.bounds.high


def locks_at_production(sizes: Sizes, budget: LocksSection) -> tuple[AtProduction, ...]:
    """Each lock that stops readers or writers, by statement and mode: its longest."""
    full = [run for run in sizes.runs if run.share == 1.0]
    keys = dict.fromkeys((lock.statement, lock.mode) for run in full for lock in _strong(run))
    return tuple(_lock(sizes, key, budget) for key in keys)


def wal_at_production(sizes: Sizes, limit: float | None) -> AtProduction | None:
    """What the script writes to the WAL, in bytes; ``None`` if that was not seen."""

    def written(run: SizedRun) -> float:
        return float(sum(each.wal_bytes or 0 for each in run.run.runs))

    seen = all(each.wal_bytes is not None for run in sizes.runs for each in run.run.runs)
    return _bytes(sizes, "WAL", written, limit) if seen else None


def disk_at_production(sizes: Sizes, limit: float | None) -> AtProduction:
    """Room that the script takes on disk, in bytes."""
    return _bytes(sizes, sentence("disk"), lambda run: float(run.disk_bytes), limit)


def _bytes(
    sizes: Sizes, what: str, of: Callable[[SizedRun], float], limit: float | None
) -> AtProduction:
    measured = [(run, of(run), tuple(run.run.runs)) for run in sizes.runs]
    return _told(sizes, measured, what, "bytes", limit, involved=sizes.larger)


def _strong(run: SizedRun) -> Iterator[LockHeld]:
    """Locks that stop writers, but for those beside a stronger one of the same statement."""
    strong = [lock for lock in run.run.locks if lock.existed and lock.mode in STOPS_WRITERS]
    closed = {(lock.statement, lock.relation) for lock in strong if lock.mode in STOPS_READERS}
    for lock in strong:
        if lock.mode in STOPS_READERS or (lock.statement, lock.relation) not in closed:
            yield lock


def _lock(sizes: Sizes, key: tuple[int, str], budget: LocksSection) -> AtProduction:
    longest: dict[int, LockHeld] = {}
    for place, run in enumerate(sizes.runs):
        own = [lock for lock in _strong(run) if (lock.statement, lock.mode) == key]
        if own:
            longest[place] = max(own, key=lambda lock: lock.seconds)
    during = {place: _during(sizes.runs[place], lock) for place, lock in longest.items()}
    spans = {place: sum(each.seconds for each in runs) * 1e3 for place, runs in during.items()}
    full = [place for place in longest if sizes.runs[place].share == 1.0]
    held = median(longest[place].seconds * 1e3 for place in full)
    late = held < _MOST_OF * median(spans[place] for place in full) - _SAMPLED_LATE_MS
    measured = [
        (sizes.runs[place], lock.seconds * 1e3 if late else spans[place], during[place])
        for place, lock in longest.items()
    ]
    statement, mode = key
    everyone = mode in STOPS_READERS
    shown = max(longest.values(), key=lambda lock: lock.seconds)
    names = {with_schema(lock.relation) for run in sizes.runs for lock in run.run.locks}
    return _told(
        sizes,
        measured,
        sentence(
            # TRANSLATORS: a statement of the script, a lock mode and a relation
            "statement {number}: {lock} on {relation}",
            number=statement,
            lock=mode,
            relation=shown.relation,
        ),
        "ms",
        min(budget.reader_ms, budget.writer_ms) if everyone else budget.writer_ms,
        involved={oid: each for oid, each in sizes.larger.items() if each.name in names},
        late=late,
        statement=statement,
        stops=sentence("readers and writers") if everyone else sentence("writers"),
    )


def _during(run: SizedRun, lock: LockHeld) -> tuple[StatementRun, ...]:
    """The statements that ran while it was held, from the one that took it on."""
    return tuple(
        each
        for each in run.run.runs
        if each.statement.number >= lock.statement and each.started < lock.until
    )


Measured = tuple[SizedRun, float, tuple[StatementRun, ...]]
"""A copy, what was measured on it, and the statements that ran meanwhile."""


def _told(
    sizes: Sizes,
    measured: Sequence[Measured],
    what: str,
    unit: Unit,
    limit: float | None,
    *,
    involved: Mapping[int, object],
    late: bool = False,
    statement: int = 0,
    stops: str = "",
) -> AtProduction:
    work = _Work.of(sizes, measured)
    values = [(run.share, value) for run, value, _ in measured]
    table = work.table if work.grows else _most_grown(sizes, involved)
    rows = [(float(run.rows.get(table, 0)), value) for run, value, _ in measured]
    seen_once = len({share for share, _ in values}) < 2
    if seen_once:  # nothing tells how it grows: in proportion to the rows, from nothing on
        rows = [(0.0, 0.0), *rows]
    there = sizes.larger[table].production if table else 0
    least, share = _VISIBLE[unit]
    visible = bool(table) and grows(rows, least=least, share=share)
    by_count = work.grows and not late and (unit == "ms" or visible)
    if by_count:
        sorts = unit == "ms" and any(_sorts(each) for _, _, runs in measured for each in runs)
        points = [(float(w), v) for w, (_, v) in zip(work.points, values, strict=True)]
        bounds = extrapolate(points, work.at_production, sorts=sorts)
        counts = {"here": work.here, "there": work.at_production}
        how = (
            sentence(
                "with the rows looked at or written (n log n): {here:,.0f} here, {there:,.0f} in "
                "production",
                **counts,
            )
            if sorts
            else sentence(
                "with the rows looked at or written: {here:,.0f} here, {there:,.0f} in production",
                **counts,
            )
        )
    elif table and (seen_once or visible or (unit == "ms" and (late or not work.known))):
        bounds = extrapolate(rows, float(there))
        how = sentence(
            "with the rows of the table, as it was measured: no count of rows explains it"
        )
    else:
        bounds, table = constant(values), 0
        how = (
            sentence("not with the rows")
            if work.known or unit == "bytes"
            else sentence("with no table that grows")
        )
    return AtProduction(
        what=what,
        unit=unit,
        measured=median(value for run, value, _ in measured if run.share == 1.0),
        bounds=bounds,
        limit=limit,
        how=how,
        points=tuple(point for point in rows if point[0]) if table else tuple(values),
        table=sizes.larger[table].name if table else "",
        production_rows=there if table else 0,
        statement=statement,
        stops=stops,
    )


def _sorts(run: StatementRun) -> bool:
    """Whether entries were sorted or put into a tree: an index was built or kept up."""
    built = any(remark.message.startswith("building index") for remark in run.remarks)
    return built or bool(run.rewritten) or bool(run.rows and run.rows.total)


def _most_grown(sizes: Sizes, involved: Iterable[int]) -> int:
    """Of some tables the one that is larger in production by the most; 0 if there is none."""

    def ratio(oid: int) -> float:
        return sizes.larger[oid].production / sizes.larger[oid].rows

    return max(involved, key=ratio, default=0)


@dataclass(frozen=True)
class _Work:
    """Rows looked at or written on each copy, and in production."""

    known: bool
    points: tuple[int, ...]
    here: float
    """On a copy as large as the shadow."""
    at_production: float
    table: int
    """The larger table that most of it is about; 0 for none."""

    @property
    def grows(self) -> bool:
        return self.known and self.at_production > _SAME_WORK * self.here + _SAME_ROWS

    @classmethod
    def of(cls, sizes: Sizes, measured: Sequence[Measured]) -> _Work:
        by_table = [_together(run, during) for run, _, during in measured]
        if any(each is None for each in by_table):
            return cls(False, (), 0.0, 0.0, 0)
        counts = [each for each in by_table if each is not None]
        tables = {oid for each in counts for oid in each}
        about = [oid for oid in tables if oid in sizes.larger] or list(sizes.larger)
        here: dict[int, float] = {}
        there: dict[int, float] = {}
        for oid in tables:
            of = [oid] if oid in sizes.larger else about
            grown = [
                (float(sum(run.rows.get(each, 0) for each in of)), float(count.get(oid, 0)))
                for (run, _, _), count in zip(measured, counts, strict=True)
            ]
            full = [
                w for (run, _, _), (_, w) in zip(measured, grown, strict=True) if run.share == 1
            ]
            here[oid] = median(full)
            now = sum(sizes.larger[each].rows for each in of)
            then = sum(sizes.larger[each].production for each in of)
            power = exponent([point for point in grown if point[0]])
            there[oid] = here[oid] * (then / now) ** power if of else here[oid]
        leading = max((oid for oid in tables if oid in sizes.larger), key=there.get, default=0)  # type: ignore[arg-type]
        return cls(
            known=True,
            points=tuple(sum(each.values()) for each in counts),
            here=sum(here.values()),
            at_production=sum(there.values()),
            table=leading or _most_grown(sizes, about),
        )


def _together(run: SizedRun, during: Sequence[StatementRun]) -> dict[int, int] | None:
    """Work of several statements by table; ``None`` if that of one is not known."""
    found: dict[int, int] = {}
    for each in during:
        work = run.work.get(each.statement.number)
        if work is None:
            return None
        for oid, count in work.items():
            found[oid] = found.get(oid, 0) + count
    return found
