"""Phase 7: what the later optimisations add, each applied to a copy and all together.

The arms of one trial: the shadow, the migrated database, that with each later optimisation alone,
and that with all of them. So the effect of one is told against the migrated database, the effect of
the series against the same control as in phase 6, and both from the same rounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

from psycopg import sql

from shadowgate.measure import (
    Arm,
    Baseline,
    Copier,
    Judging,
    Trial,
    Workload,
    all_at_once,
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
class Recipe:
    """What is to be applied to a copy of which arm, and what is rolled back there afterwards."""

    name: str
    laters: tuple[LaterSection, ...]
    control: str
    undo: tuple[LaterSection, ...]


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
    """Apply the later optimisations to clones, roll them back, and measure copies from between.

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
            costs={one.name: one.cost for one in built if one.later},
            complete=all(later.migration is not None for later in plan.simulation.later),
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
    """The migrated database, one for each optimisation on top of it, and one with all of them.

    The last one is begun where the first optimisation is applied already: the same script on the
    same data need not run twice. What builds on nothing unbuilt is built at once, on all cores.
    """
    known = tuple(later for later in plan.simulation.later if later.migration is not None)
    alone = Built(plan.name, (), BEFORE, workload, "", migrated, Cost(0.0, None, 0))
    built = {plan.name: alone}
    recipes = [
        Recipe(later.name, (later,), later.builds_on or plan.name, undo=(later,)) for later in known
    ]
    if len(known) > 1:
        recipes.append(Recipe(TOGETHER, known[1:], known[0].name, undo=known))

    def build(recipe: Recipe) -> None:
        built[recipe.name] = _build(recipe, built[recipe.control], plan, databases, runner)

    try:
        left = recipes
        while left:
            all_at_once(build, [recipe for recipe in left if recipe.control in built])
            left = [recipe for recipe in left if recipe.name not in built]
        if TOGETHER in built:
            built[TOGETHER] = _from_below(built[TOGETHER], built[known[0].name])
        yield [built[name] for name in (plan.name, *(recipe.name for recipe in recipes))]
    finally:
        for one in built.values():
            if one.later:
                databases.drop(one.database.name)


def _build(
    recipe: Recipe, control: Built, plan: Plan, databases: Databases, runner: Runner
) -> Built:
    """Apply optimisations to a clone of the control, copy it, and roll back what is in the clone.

    The clone is dropped at once, so that its memory serves the next one.
    """
    suffix = recipe.name.lower().replace(" ", "_")
    clone = databases.clone(control.database, f"{plan.database}_build_{suffix}")
    try:
        size, seconds = _bytes(clone), 0.0
        asked, refreshes = control.asked, [control.refresh]
        for later in recipe.laters:
            seconds += _run(later.migration, clone, runner)
            asked = with_rewrites(asked, later.rewrites) if later.rewrites else asked
            refreshes.append(later.refresh)
        grown = _bytes(clone) - size
        settle_changes(clone)
        copy = databases.clone(clone, f"{plan.database}_{suffix}")
        try:
            cost = Cost(seconds, _roll_back(recipe.undo, clone, runner), grown)
        except BaseException:
            databases.drop(copy.name)
            raise
    finally:
        databases.drop(clone.name)
    refresh = ";\n".join(filter(None, refreshes))
    return Built(recipe.name, recipe.laters, control.name, asked, refresh, copy, cost)


def _from_below(top: Built, first: Built) -> Built:
    """What was built on an optimisation that is alone on its control, with that one as a part."""
    cost = Cost(
        first.cost.apply_seconds + top.cost.apply_seconds,
        top.cost.rollback_seconds,
        first.cost.added_bytes + top.cost.added_bytes,
    )
    return replace(top, later=(*first.later, *top.later), control=first.control, cost=cost)


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
