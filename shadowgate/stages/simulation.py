"""Phase 7: what the later optimisations add, each applied to a copy and all together.

The arms of one trial: the shadow, the migrated database, that with each later optimisation alone,
and that with all of them. So the effect of one is told against the migrated database, the effect of
the series against the same control as in phase 6, and both from the same rounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from psycopg import sql

from shadowgate.measure import Arm, Copier, Trial, Workload, run_trial, with_rewrites
from shadowgate.migrate import read_script
from shadowgate.plan import LaterSection, Plan
from shadowgate.server import Database, Databases
from shadowgate.stages.migration import Runner
from shadowgate.stages.performance import sampling_of

BEFORE = "before"
TOGETHER = "all together"
QUICK_ROUNDS = 6
"""Rounds where timings are shown and not judged: the fewest that an interval can be had from."""


@dataclass(frozen=True)
class Built:
    """A clone of the migrated database with later optimisations on top."""

    name: str
    later: tuple[LaterSection, ...]
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
    control: str
    """Name of the arm with this plan's own migration."""
    costs: Mapping[str, Cost]
    """Arm -> cost."""
    complete: bool
    """Whether every later optimisation was measured, so that "together" means all."""


def simulate(
    shadow: Database,
    migrated: Database,
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
        shadow: the database before this plan's migration.
        migrated: the database after it.
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
    known = tuple(later for later in plan.simulation.later if later.migration is not None)
    series = [*((later,) for later in known), *([known] if len(known) > 1 else [])]
    built: list[Built] = []
    try:
        for laters in series:
            built.append(_build(laters, migrated, databases, plan, runner))
        originals = Workload(tuple(replace(q, rewritten=None) for q in workload.queries))
        arms = [
            Arm(BEFORE, shadow, originals),
            Arm(plan.name, migrated, workload),
            *(_arm(item, workload) for item in built),
        ]
        trial = run_trial(
            arms,
            sampling_of(plan),
            QUICK_ROUNDS if quick else plan.simulation.rounds,
            copier=copier,
            progress=runner.progress,
        )
        costs = {item.name: _cost(item, runner) for item in built}
    finally:
        for item in built:
            databases.drop(item.database.name)
    return Series(trial, plan.name, costs, complete=len(known) == len(plan.simulation.later))


def _build(
    laters: Sequence[LaterSection],
    migrated: Database,
    databases: Databases,
    plan: Plan,
    runner: Runner,
) -> Built:
    name = laters[0].name if len(laters) == 1 else TOGETHER
    clone = databases.clone(migrated, f"{plan.database}_{name.lower().replace(' ', '_')}")
    try:
        size, seconds = _bytes(clone), 0.0
        for later in laters:
            assert later.migration is not None  # noqa: S101 - the caller chose those with one
            run = runner.run(read_script(later.migration), clone)
            run.raise_for_error()
            seconds += run.seconds
        return Built(name, tuple(laters), clone, seconds, _bytes(clone) - size)
    except BaseException:
        databases.drop(clone.name)
        raise


def _arm(built: Built, workload: Workload) -> Arm:
    """The clone, with the queries in the form that its optimisations need."""
    for later in built.later:
        if later.rewrites is not None:
            workload = with_rewrites(workload, later.rewrites)
    refresh = ";\n".join(later.refresh for later in built.later if later.refresh)
    return Arm(built.name, built.database, workload, refresh)


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
