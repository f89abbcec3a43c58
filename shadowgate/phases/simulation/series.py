"""Phase 7: what the later optimisations add, each applied to a copy and all together.

The arms of one trial: the shadow, the migrated database, that with each later optimisation alone,
and that with all of them. So the effect of one is told against the migrated database, the effect of
the series against the same control as in phase 6, and both from the same rounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from psycopg import sql

from shadowgate.measure import (
    Arm,
    Baseline,
    CloneFactory,
    Judging,
    Trial,
    all_at_once,
    run_trial,
    settle_changes,
)
from shadowgate.migrate import read_script
from shadowgate.phases.baseline.sampling import sampling_of
from shadowgate.phases.runner import Runner
from shadowgate.phases.simulation.combined import BEFORE, undecided_queries
from shadowgate.plan import LaterSection, Plan
from shadowgate.queries import Workload, with_rewrites
from shadowgate.server import Database, Databases

TOGETHER = "all together"
QUICK_ROUNDS = 6
"""Rounds where timings are shown and not judged: the fewest that an interval can be had from."""


@dataclass(frozen=True)
class Cost:
    """What an optimisation takes besides its effect on queries; told, not judged.

    Others are applied beside it where there are cores for them.
    """

    apply_seconds: float
    rollback_seconds: float | None
    """``None`` if one of its optimisations names no rollback."""
    added_bytes: int
    """What the database has grown by."""


@dataclass(frozen=True)
class Built:
    """The migrated database with later optimisations on top, in a fresh copy."""

    name: str
    later: tuple[LaterSection, ...]
    control: str
    """Name of the arm that it is compared with."""
    asked: Workload
    """The queries in the form that its optimisations need."""
    refresh: str
    database: Database
    cost: Cost


@dataclass(frozen=True)
class Variant:
    """Which optimisations make an arm, and of which it tells the cost."""

    name: str
    base: tuple[LaterSection, ...]
    """What they build on, applied first."""
    own: tuple[LaterSection, ...]
    control: str


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


def simulate(
    before: Database,
    migrated: Database,
    baseline: Baseline,
    workload: Workload,
    plan: Plan,
    databases: Databases,
    clones: CloneFactory,
    runner: Runner,
    *,
    quick: str = "",
) -> Series:
    """Apply the later optimisations to clones, roll them back, and measure copies from between.

    Args:
        before: the database before this plan's migration, settled.
        migrated: the database after it, settled.
        baseline: how long the queries take before.
        workload: the plan's queries.
        plan: names the later optimisations.
        databases: makes the clones.
        clones: makes the copies that are measured.
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
            seconds=baseline.seconds,
            clones=clones,
            progress=runner.progress,
        )
        return Series(
            trial=trial,
            migrated=plan.name,
            controls={one.name: one.control for one in built},
            costs={one.name: one.cost for one in built if one.later},
        )


def _arm(built: Built) -> Arm:
    return Arm(built.name, built.database, built.asked, built.refresh, fresh=bool(built.later))


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
    """The migrated database, one for each optimisation on top of it, and one with all of them."""
    variants = _variants(plan)
    built = {plan.name: Built(plan.name, (), BEFORE, workload, "", migrated, Cost(0.0, None, 0))}

    with ExitStack() as copies:

        def build(variant: Variant) -> None:
            made = _build(variant, migrated, workload, plan, databases, runner, copies)
            built[variant.name] = made

        all_at_once(build, variants)
        yield [built[name] for name in (plan.name, *(variant.name for variant in variants))]


def _variants(plan: Plan) -> list[Variant]:
    """Each optimisation with a migration, on what it builds on, and all of them together."""
    known = tuple(later for later in plan.simulation.later if later.migration is not None)
    chains: dict[str, tuple[LaterSection, ...]] = {"": ()}
    variants = []
    for later in known:
        base = chains[later.builds_on]
        chains[later.name] = (*base, later)
        variants.append(Variant(later.name, base, (later,), later.builds_on or plan.name))
    if len(known) > 1:
        variants.append(Variant(TOGETHER, (), known, plan.name))
    return variants


def _build(
    variant: Variant,
    migrated: Database,
    workload: Workload,
    plan: Plan,
    databases: Databases,
    runner: Runner,
    copies: ExitStack,
) -> Built:
    """Apply optimisations to a clone, copy it, and roll back what is the variant's own there.

    The clone is dropped at once, so that its memory serves the next one; the copy with ``copies``.
    """
    suffix = variant.name.lower().replace(" ", "_")
    with databases.cloned(migrated, f"{plan.database}_build_{suffix}") as clone:
        asked, refreshes = workload, []
        for later in (*variant.base, *variant.own):
            asked = with_rewrites(asked, later.rewrites) if later.rewrites else asked
            refreshes.append(later.refresh)
        _apply(variant.base, clone, runner)
        size = _bytes(clone)
        seconds = _apply(variant.own, clone, runner)
        grown = _bytes(clone) - size
        settle_changes(clone)
        copy = copies.enter_context(databases.cloned(clone, f"{plan.database}_{suffix}"))
        cost = Cost(seconds, _roll_back(variant.own, clone, runner), grown)
    refresh = ";\n".join(filter(None, refreshes))
    return Built(variant.name, variant.own, variant.control, asked, refresh, copy, cost)


def _apply(laters: Iterable[LaterSection], clone: Database, runner: Runner) -> float:
    """Apply optimisations one after the other; seconds."""
    return sum(_run(later.migration, clone, runner) for later in laters)


def _roll_back(laters: tuple[LaterSection, ...], clone: Database, runner: Runner) -> float | None:
    """Roll optimisations back, last one first; seconds, or ``None`` if one names no rollback."""
    if any(later.rollback is None for later in laters):
        return None
    return sum(_run(later.rollback, clone, runner) for later in reversed(laters))


def _run(script: Path | None, database: Database, runner: Runner) -> float:
    """Run a script that the caller knows to be there; seconds."""
    assert script is not None  # noqa: S101
    run = runner.run(read_script(script), database)
    run.raise_for_error()
    return run.seconds


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
