"""What the migration is expected to take with as many rows as production has, judged and shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shadowgate.evidence import Table
from shadowgate.language import Shown, _, nsentence, sentence, shown
from shadowgate.migrate import Script
from shadowgate.phases.finding import Finding
from shadowgate.phases.migration.at_production import (
    AtProduction,
    disk_at_production,
    locks_at_production,
    wal_at_production,
)
from shadowgate.phases.migration.sizes import Sizes
from shadowgate.plan import Plan
from shadowgate.report import words
from shadowgate.report.figures import Curve, growth
from shadowgate.server.space import in_units
from shadowgate.statistics.growth import LEVEL

_DRAWN = 3
"""Locks that are drawn: those expected to be held for longest."""


@dataclass(frozen=True)
class Forecast:
    """All that was extrapolated."""

    locks: tuple[AtProduction, ...]
    wal: AtProduction | None
    disk: AtProduction
    sizes: Sizes

    @classmethod
    def of(cls, sizes: Sizes, plan: Plan) -> Forecast:
        """Extrapolate to what a plan allows."""
        allowed = plan.production
        return cls(
            locks_at_production(sizes, plan.locks),
            wal_at_production(sizes, _gigabytes(allowed.wal_gb)),
            disk_at_production(sizes, _gigabytes(allowed.disk_gb)),
            sizes,
        )

    @property
    def all(self) -> tuple[AtProduction, ...]:
        """Locks, WAL and disk."""
        return (*self.locks, *filter(None, (self.wal, self.disk)))

    @property
    def over(self) -> tuple[AtProduction, ...]:
        """What passes its limit."""
        return tuple(each for each in self.all if each.is_over)

    @property
    def undecided(self) -> tuple[AtProduction, ...]:
        """What may pass it."""
        return tuple(each for each in self.all if each.is_undecided)

    @property
    def decides(self) -> bool:
        """Whether more measurements would change nothing."""
        return bool(self.over) or not self.undecided


def _gigabytes(limit: float | None) -> float | None:
    return None if limit is None else limit * 1e9


def judge_forecast(found: Forecast, script: Script, finding: Finding) -> None:
    """Write down what is expected in production, show it, and require the limits.

    Raises:
        CheckFailed: something passes its limit.
        CheckInconclusive: something may, or cannot be told.
    """
    worst = max(found.locks, key=lambda lock: lock.bounds.estimate, default=None)
    tables = found.sizes.larger.values()
    finding.note(
        {each.what: _estimate(each) for each in (*((worst,) if worst else ()), *found.all[-2:])},
        {
            table.name: sentence(
                "{rows:,} rows here, {production:,} there",
                rows=table.rows,
                production=table.production,
            )
            for table in tables
        },
    )
    finding.say(*_what_it_rests_on(found.sizes))
    finding.show(_table(found))
    drawn = sorted((each for each in found.locks if each.table), key=_by_estimate)[:_DRAWN]
    finding.show(*(growth(_curve(each)) for each in drawn))
    for each in found.over:
        line = next((s.line for s in script.statements if s.number == each.statement), 0)
        finding.point_at(script.path, line, sentence("in production: {what}", what=_sentence(each)))
    finding.require(not found.over, [_sentence(each) for each in found.over])
    finding.require_decided(not found.undecided, [_sentence(each) for each in found.undecided])
    empty = found.sizes.empty
    finding.require_decided(
        not empty,
        sentence(
            "nothing follows from a table that is empty in the shadow: {tables}",
            tables=", ".join(empty),
        ),
    )


def in_words(each: AtProduction) -> str:
    """The estimate with its interval."""
    low, high = _amount(each, each.bounds.low), _amount(each, each.bounds.high)
    estimate = _amount(each, each.bounds.estimate)
    if low == high:
        return estimate
    return _("{estimate} ({low} to {high})", estimate=estimate, low=low, high=high)


def _estimate(each: AtProduction) -> str:
    """The same, as a run keeps it."""
    return shown(in_words, each)


def _amount(each: AtProduction, value: float) -> str:
    return words.duration(value / 1e3) if each.unit == "ms" else in_units(int(value))


def _sentence(each: AtProduction) -> str:
    values: dict[str, Any] = {
        "what": each.what,
        "estimate": Shown(in_words, each),
        "limit": Shown(_amount, each, each.limit or 0.0),
        # TRANSLATORS: it stands behind the size of a table, or an estimate
        "stops": sentence(", which stops {who}", who=each.stops) if each.stops else "",
    }
    if each.table:
        values |= {
            "rows": each.production_rows,
            "table": each.table,
            "here": Shown(_amount, each, each.measured),
        }
        if each.is_over:
            return sentence(
                "{what} takes {estimate} with the {rows:,} rows that production has of {table}"
                "{stops}; allowed are {limit}; here it was {here}",
                **values,
            )
        return sentence(
            "{what} may take {estimate} with the {rows:,} rows that production has of {table}"
            "{stops}; allowed are {limit}; here it was {here}",
            **values,
        )
    if each.is_over:
        return sentence(
            "{what} takes {estimate}{stops}, with or without more rows; allowed are {limit}",
            **values,
        )
    return sentence(
        "{what} may take {estimate}{stops}, with or without more rows; allowed are {limit}",
        **values,
    )


def _what_it_rests_on(sizes: Sizes) -> Iterator[str]:
    runs = len([run for run in sizes.runs if run.share == 1.0])
    yield nsentence(
        "Applied once each to copies with a quarter, half and all of the rows, in {seconds:.0f} s. "
        "Lines of Theil and Sen with intervals of {level:.0%} (Sen, JASA 63, 1968), over the rows "
        "that were looked at or written; where an index is built or kept up, through n log n.",
        "Applied {n} times each to copies with a quarter, half and all of the rows, in "
        "{seconds:.0f} s. Lines of Theil and Sen with intervals of {level:.0%} (Sen, JASA 63, "
        "1968), over the rows that were looked at or written; where an index is built or kept up, "
        "through n log n.",
        runs,
        seconds=sizes.seconds,
        level=LEVEL,
    )
    yield sentence(
        "Copies lie in memory and no parallel worker helps: where production has to read from "
        "disk, or is busy, it takes longer than this."
    )
    if sizes.unknown:
        yield sentence(
            "Taken to be as large as here, as nobody says otherwise: {tables}",
            tables=", ".join(sizes.unknown),
        )


def _table(found: Forecast) -> Table:
    rows = tuple(
        (
            each.what,
            each.stops,
            shown(_amount, each, each.measured),
            _estimate(each),
            "" if each.limit is None else shown(_amount, each, each.limit),
            each.how,
        )
        for each in found.all
    )
    columns = ("", "stops", "here", "in production", "allowed", "grows")
    return Table("At production's size", columns, rows)


def _by_estimate(each: AtProduction) -> float:
    return -each.bounds.estimate


def _curve(each: AtProduction) -> Curve:
    return Curve(
        label=each.what,
        table=each.table,
        points=each.points,
        rows=each.production_rows,
        estimate=each.bounds.estimate,
        low=each.bounds.low,
        high=each.bounds.high,
        limit=each.limit or 0.0,
    )
