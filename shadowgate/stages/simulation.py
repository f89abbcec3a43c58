"""Phase 7: what the later optimisations add, each applied to a copy and all together.

The arms of one trial: the shadow, the migrated database, that with each later optimisation alone,
and that with all of them. So the effect of one is told against the migrated database, the effect of
the series against the same control as in phase 6, and both from the same rounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from statistics import fmean

from psycopg import sql

from shadowgate.measure import (
    Arm,
    Baseline,
    Copier,
    Judging,
    Trial,
    Workload,
    run_trial,
    settle_changes,
    with_rewrites,
)
from shadowgate.migrate import read_script
from shadowgate.plan import LaterSection, Plan
from shadowgate.server import Database, Databases
from shadowgate.stages.migration import Runner
from shadowgate.stages.performance import sampling_of
from shadowgate.stages.together import BEFORE, undecided_queries

TOGETHER = "all together"
QUICK_ROUNDS = 6
"""Rounds where timings are shown and not judged: the fewest that an interval can be had from."""


@dataclass(frozen=True)
class Built:
    """A clone of the migrated database with later optimisations on top."""

    name: str
    later: tuple[LaterSection, ...]
    control: str
    """Name of the arm that it is compared with."""
    asked: Workload
    """The queries in the form that its optimisations need."""
    refresh: str
    database: Database
    apply_seconds: float
    added_bytes: int
    """What the clone has grown by."""


@dataclass(frozen=True)
class Cost:
    """What an optimisation takes besides its effect on queries."""

    apply_seconds: float
    rollback_seconds: float | None
    """``None`` if one of its optimisations names no rollback."""
    added_bytes: int


@dataclass(frozen=True)
class Series:
    """The trial of all optimisations that have a migration."""

    trial: Trial
    migrated: str
    """Name of the arm with this plan's own migration."""
    controls: Mapping[str, str]
    """Arm -> the arm that lacks only its optimisation."""
    costs: Mapping[str, Cost]
    """Arm -> cost."""
    complete: bool
    """Whether every later optimisation was measured, so that "together" means all."""


def simulate(
    before: Database,
    migrated: Database,
    baseline: Baseline,
    workload: Workload,
    plan: Plan,
    databases: Databases,
    copier: Copier,
    runner: Runner,
    *,
    quick: str = "",
) -> Series:
    """Apply the later optimisations to clones, measure them, and roll them back.

    Args:
        before: the database before this plan's migration, settled.
        migrated: the database after it, settled.
        baseline: how long the queries take before.
        workload: the plan's queries.
        plan: names the later optimisations.
        databases: makes the clones.
        copier: makes the copies that are measured.
        runner: applies the scripts.
        quick: why timings are not judged; empty when they are.

    Raises:
        ScriptError: a migration or rollback is missing or cannot be parsed.
        MigrationError: a statement of it fails.
        ValidationError: a query fails on one of the databases.
    """
    with _all_built(migrated, workload, plan, databases, runner) as built:
        originals = Workload(tuple(replace(q, rewritten=None) for q in workload.queries))
        trial = run_trial(
            [Arm(BEFORE, before, originals), *map(_arm, built)],
            sampling_of(plan),
            QUICK_ROUNDS if quick else plan.simulation.rounds,
            judging=None if quick else _judging(built[-1].name, plan),
            seconds={id_: fmean(found.rounds) for id_, found in baseline.queries.items()},
            copier=copier,
            progress=runner.progress,
        )
        return Series(
            trial=trial,
            migrated=plan.name,
            controls={one.name: one.control for one in built},
            costs={one.name: _cost(one, runner) for one in built if one.later},
            complete=all(later.migration is not None for later in plan.simulation.later),
        )


def _arm(built: Built) -> Arm:
    return Arm(built.name, built.database, built.asked, built.refresh)


def _judging(together: str, plan: Plan) -> Judging:
    """Measure the series as a whole until every verdict on it is decided."""

    def undecided(trial: Trial, queries: Sequence[str]) -> Sequence[str]:
        return undecided_queries(trial, together, plan, queries)

    simulation = plan.simulation
    return Judging(
        frozenset((BEFORE, together)),
        undecided,
        simulation.max_rounds,
        simulation.budget_seconds,
    )


@contextmanager
def _all_built(
    migrated: Database, workload: Workload, plan: Plan, databases: Databases, runner: Runner
) -> Iterator[list[Built]]:
    """The migrated database, a clone for each optimisation, and one with all of them.

    The last one is begun where the first optimisation is applied already: the same script on the
    same data need not run twice.
    """
    known = tuple(later for later in plan.simulation.later if later.migration is not None)
    alone = Built(plan.name, (), BEFORE, workload, "", migrated, 0.0, 0)
    built = {plan.name: alone}
    try:
        for later in known:
            control = built[later.builds_on or plan.name]
            built[later.name] = _build(later.name, (later,), control, databases, plan, runner)
        if len(known) > 1:
            first = built[known[0].name]
            top = _build(TOGETHER, known[1:], first, databases, plan, runner)
            built[TOGETHER] = _from_below(top, first)
        yield list(built.values())
    finally:
        for one in built.values():
            if one.later:
                databases.drop(one.database.name)


def _build(
    name: str,
    laters: tuple[LaterSection, ...],
    control: Built,
    databases: Databases,
    plan: Plan,
    runner: Runner,
) -> Built:
    """Apply optimisations to a clone of the control."""
    suffix = name.lower().replace(" ", "_")
    clone = databases.clone(control.database, f"{plan.database}_{suffix}")
    try:
        size, seconds = _bytes(clone), 0.0
        asked, refreshes = control.asked, [control.refresh]
        for later in laters:
            assert later.migration is not None  # noqa: S101 - the caller chose those with one
            run = runner.run(read_script(later.migration), clone)
            run.raise_for_error()
            seconds += run.seconds
            asked = with_rewrites(asked, later.rewrites) if later.rewrites else asked
            refreshes.append(later.refresh)
        refresh = ";\n".join(filter(None, refreshes))
        grown = _bytes(clone) - size
        settle_changes(clone)
        return Built(name, laters, control.name, asked, refresh, clone, seconds, grown)
    except BaseException:
        databases.drop(clone.name)
        raise


def _from_below(top: Built, first: Built) -> Built:
    """What was built on an optimisation that is alone on its control, with that one as a part."""
    return replace(
        top,
        later=(*first.later, *top.later),
        control=first.control,
        apply_seconds=first.apply_seconds + top.apply_seconds,
        added_bytes=first.added_bytes + top.added_bytes,
    )


def _cost(built: Built, runner: Runner) -> Cost:
    """Roll back what was built, last one first."""
    seconds: float | None = 0.0
    for later in reversed(built.later):
        if later.rollback is None or seconds is None:
            seconds = None
            break
        run = runner.run(read_script(later.rollback), built.database)
        run.raise_for_error()
        seconds += run.seconds
    return Cost(built.apply_seconds, seconds, built.added_bytes)


def _bytes(database: Database) -> int:
    with database.connect() as connection:
        name = sql.Literal(database.name)
        row = connection.execute(
            sql.SQL("SELECT pg_catalog.pg_database_size({})").format(name)
        ).fetchone()
    assert row is not None  # noqa: S101 - the query returns one row
    return int(row[0])


# --- projections ------------------------------------------------------------------------------


def compounded(percents: Iterable[float]) -> float:
    """What improvements of so many percent amount to, one on top of the other, in percent.

    Each takes its share of what the ones before it left: ``1 - (1 - a)(1 - b) …``.
    """
    left = 1.0
    for percent in percents:
        left *= 1.0 - percent / 100.0
    return 100.0 * (1.0 - left)


def compounded_by_query(
    own_percent: float, laters: Iterable[LaterSection], before_ms: Mapping[str, float]
) -> float:
    """The same, but each optimisation speeds up only the queries that it is for, in percent.

    Args:
        own_percent: what this plan's own migration is projected to bring, on every query.
        laters: the optimisations; one without queries is for all.
        before_ms: how long each query takes before, in milliseconds: its share in the sum.
    """
    left = {query: ms * (1.0 - own_percent / 100.0) for query, ms in before_ms.items()}
    for later in laters:
        for query in later.queries or tuple(left):
            if query in left:
                left[query] *= 1.0 - later.projected_percent / 100.0
    return 100.0 * (1.0 - sum(left.values()) / sum(before_ms.values()))
