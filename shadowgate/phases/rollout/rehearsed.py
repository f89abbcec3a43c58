"""Phase 10: the rollout rehearsed on two copies, and what of it is judged."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from itertools import pairwise

from shadowgate.evidence import Figure, Table
from shadowgate.measure import Sampling, Workload
from shadowgate.migrate import Script
from shadowgate.phases.facts import content_of
from shadowgate.phases.finding import Finding
from shadowgate.phases.migration.announced import Announced
from shadowgate.phases.runner import Runner
from shadowgate.plan import Plan, RolloutSection, TrafficSection
from shadowgate.report import words
from shadowgate.report.figures import canary
from shadowgate.server import Database, Server
from shadowgate.traffic.canary import (
    BRIEF,
    Asked,
    CanaryRehearsal,
    Differences,
    Scripts,
    rehearse_rollout,
    requests_to_see_errors,
    seconds_to_see_latency,
)

BLIND = 2.0
"""Times the limit: latencies that may have been slower by as much decide nothing."""


def asked_of(traffic: TrafficSection, workload: Workload) -> Iterator[Asked]:
    """What clients ask: the plan's traffic and the workload, but for queries of other roles.

    How often each is asked, the workload says by its weights where it is all that there is.
    """
    after = traffic.after
    for kind, texts, later in (
        ("R", traffic.reads, after.reads if after else traffic.reads),
        ("U", traffic.writes, after.writes if after else traffic.writes),
    ):
        for number, (text, other) in enumerate(zip(texts, later, strict=True), 1):
            yield Asked(f"{kind}{number}", "reader" if kind == "R" else "writer", text, other)
    for query in workload.queries:
        if not query.role:
            yield Asked(
                query.id,
                "reader" if query.kind == "read" else "writer",
                query.sql,
                query.after.sql,
                None if traffic.reads else query.weight,
            )


def limits_of(rollout: RolloutSection, quick: str) -> RolloutSection:
    """What a rehearsal keeps to: the plan's, in less than a second where timings are not judged."""
    if not quick:
        return rollout
    asked = rollout.rehearsal
    brief = replace(
        BRIEF,
        canary_seconds=min(BRIEF.canary_seconds, asked.canary_seconds),
        gradual_seconds=min(BRIEF.gradual_seconds, asked.gradual_seconds),
        full_seconds=min(BRIEF.full_seconds, asked.full_seconds),
        requests_per_second=asked.requests_per_second,
    )
    return replace(rollout, rehearsal=brief)


def rehearse_canary(
    server: Server,
    primary: Database,
    canary: Database,
    migration: Script,
    rollback: Script | None,
    workload: Workload,
    announced: Announced,
    tables: Collection[str],
    plan: Plan,
    runner: Runner,
    quick: str,
) -> CanaryRehearsal:
    """Rehearse the rollout on two copies of its own.

    Args:
        server: both are on it.
        primary: a copy from before the migration.
        canary: a copy of the migrated database.
        migration: applied to the primary under the load.
        rollback: the way back; ``None`` where there is none by a script.
        workload: what clients ask, beside the plan's traffic.
        announced: what the migration may change.
        tables: that there were before.
        plan: has the limits.
        runner: applies scripts.
        quick: why timings are not judged; empty when they are.
    """
    return rehearse_rollout(
        server,
        primary,
        canary,
        asked_of(plan.traffic, workload),
        Scripts(
            lambda database: runner.run(migration, database),
            (lambda database: runner.run(rollback, database)) if rollback else None,
        ),
        Differences({name: may_change(announced, name) for name in tables}, plan.renames),
        limits_of(plan.rollout, quick),
        Sampling(plan.performance),
        plan.performance.seed,
    )


def may_change(announced: Announced, table: str) -> frozenset[str]:
    """Columns whose values the migration may change; ``*`` where rows may come or go."""
    if table in announced.gains | announced.losses:
        return frozenset("*")
    return announced.rows.of(table)


def judge_rehearsal(found: CanaryRehearsal, plan: Plan, finding: Finding) -> None:
    """Write down what the rehearsal measured, and require that no trigger fired.

    Raises:
        CheckFailed: a trigger fired, the way back failed, or an acknowledged write is lost.
        CheckInconclusive: the canary was not asked, or its latency is not known well enough.
    """
    limits, back, slower = plan.rollout, found.way_back, found.slowest
    finding.note(
        {
            "latency_percent": round(slower.percent, 1) if slower else None,
            "error_percent": round(found.errors.percent, 3),
            "wrong_rows": sum(bool(look.wrong) for look in found.looks),
            "restore_seconds": round(back.restore_seconds, 2) if back else None,
            "requests_failed": back.failed if back else None,
            "writes_lost": len(found.lost),
        },
        {
            "latency_percent": limits.latency_percent,
            "error_percent": limits.error_percent,
            "wrong_rows": 0,
            "writes_lost": 0,
        },
    )
    finding.say(*sentences(found))
    finding.show(
        drawn(found),
        stages_table(found),
        triggers_table(found, limits),
        way_back_table(found, plan.undo.max_seconds),
    )
    wrong = list(_wrong(found))
    for look in found.looks:
        finding.stands_on(*(content_of(name) for name in look.wrong))
    finding.require(not wrong, wrong)
    asked = sum(arm.requests for stage in found.stages for arm in stage.arms if arm.migrated)
    finding.require_decided(
        asked > 0 and bool(found.looks), "the canary was not asked: nothing is known"
    )
    if found.judges_latency:
        blind = BLIND * limits.latency_percent
        finding.require_decided(
            slower is not None and slower.high < blind,
            f"the latency of the canary is not known well enough: it may be {blind:g} % higher; "
            "lengthen canary_seconds or raise requests_per_second in [rollout.rehearsal]",
        )


def _wrong(found: CanaryRehearsal) -> Iterator[str]:
    if found.hit:
        yield (
            f"{found.hit.trigger} fired in stage {found.hit.stage} after "
            f"{words.duration(found.hit.detect_seconds)}: {found.hit.detail}"
        )
    if found.way_back and found.way_back.error:
        yield f"the rollback under the load failed: {found.way_back.error}"
    yield from found.lost


def sentences(found: CanaryRehearsal) -> Iterator[str]:
    """What was rehearsed, what was not, and what it would have seen."""
    back, slower = found.way_back, found.slowest
    yield (
        f"{len(found.answers):,} requests in {words.duration(found.seconds)}, "
        f"{found.acknowledged:,} rows written and followed."
    )
    if found.lag_ms is not None:
        yield f"The canary was behind the primary by {words.milliseconds(found.lag_ms)} at most."
    if slower is not None:
        judged = "" if found.judges_latency else "; shown, not judged"
        yield (
            f"Latency on the canary {slower.percent:+.1f} % ({slower.low:+.1f} to "
            f"{slower.high:+.1f} %){judged}."
        )
    if back is not None:
        how = "the rollback script" if back.by_script else "sending the sessions back"
        yield (
            f"{'The way back' if found.hit else 'The way back, tried at the end,'} by {how} took "
            f"{words.duration(back.restore_seconds)}; {back.failed} requests failed meanwhile, "
            f"{len(found.lost)} acknowledged writes are lost."
        )
    yield from found.left_out
    if found.not_probed:
        yield (
            "Not compared, for want of a primary key or of replication, or because the migration "
            f"may change them: {', '.join(found.not_probed)}."
        )


def stages_table(found: CanaryRehearsal) -> Table:
    """What each side answered, stage by stage."""
    columns = ("stage", "asked", "requests", "errors", "median ms", "p95 ms", "p99 ms")
    rows = tuple(
        (
            f"{stage.percent} %",
            f"{arm.arm}, {'migrated' if arm.migrated else 'unmigrated'}",
            str(arm.requests),
            str(arm.errors),
            *(words.number(value) for value in (arm.median_ms, arm.p95_ms, arm.p99_ms)),
        )
        for stage in found.stages
        for arm in stage.arms
    )
    return Table("Stages of the rollout, rehearsed", columns, rows)


def triggers_table(found: CanaryRehearsal, limits: RolloutSection) -> Table:
    """Each trigger with its limit, what was measured, and how soon it sees what it is made for."""
    rows = (_latency_row(found, limits), _error_row(found, limits), _integrity_row(found))
    hit = found.hit

    def fired(name: str) -> str:
        return (
            f"after {words.duration(hit.detect_seconds)}" if hit and hit.trigger == name else "no"
        )

    return Table(
        "Triggers of the rehearsed rollout",
        ("trigger", "limit", "measured", "ratio and bound", "would see", "fired"),
        tuple((*row, fired(row[0])) for row in rows),
    )


def _latency_row(found: CanaryRehearsal, limits: RolloutSection) -> tuple[str, ...]:
    slower, limit = found.slowest, limits.latency_percent
    if slower is None:
        return ("latency", f"{limit:g} %", words.NOTHING, words.NOTHING, words.NOTHING)
    seconds = seconds_to_see_latency(slower, limit, found.compared_seconds)
    judged = "" if found.judges_latency else ", not judged"
    return (
        "latency",
        f"{limit:g} %",
        f"{slower.percent:+.1f} % ({slower.low:+.1f} to {slower.high:+.1f} %){judged}",
        f"{slower.ratio:.1f} of {slower.bound:.1f}",
        f"+{2 * limit:g} % in {words.duration(seconds)}",
    )


def _error_row(found: CanaryRehearsal, limits: RolloutSection) -> tuple[str, ...]:
    errors, limit = found.errors, limits.error_percent
    seen = 5 * limit if limit else 0.5
    migrated = [arm.requests for one in found.stages[:1] for arm in one.arms if arm.migrated]
    rate = sum(migrated) / max(found.stages[0].ended - found.stages[0].began, 1e-3)
    seconds = requests_to_see_errors(errors, limit, seen) / max(rate, 1e-3)
    return (
        "errors",
        f"{limit:g} %",
        f"{errors.errors} of {errors.requests:,} ({errors.percent:.2g} %)",
        f"{errors.ratio:.1f} of {errors.bound:.1f}",
        f"{seen:g} % in {words.duration(seconds)}",
    )


def _integrity_row(found: CanaryRehearsal) -> tuple[str, ...]:
    times = [found.origin, *(look.at for look in found.looks)]
    gap = max((later - earlier for earlier, later in pairwise(times)), default=0.0)
    rows = sum(look.rows for look in found.looks)
    wrong = {name for look in found.looks for name in look.wrong}
    return (
        "integrity",
        "0 rows",
        f"{rows:,} rows in {len(found.looks)} looks, wrong in {len(wrong)} tables",
        words.NOTHING,
        f"a wrong row at the next look, {words.duration(gap)} later at most",
    )


def way_back_table(found: CanaryRehearsal, plan_seconds: float) -> Table:
    """What the way back took and cost, beside what it may."""
    back, hit = found.way_back, found.hit
    rows = [
        (
            "time to detect",
            words.duration(hit.detect_seconds) if hit else "no trigger fired",
            words.NOTHING,
        )
    ]
    if back is not None:
        rows += [
            (
                "time to restore service",
                words.duration(back.restore_seconds),
                f"≤ {words.duration(plan_seconds)}",
            ),
            ("requests failed meanwhile", str(back.failed), words.NOTHING),
        ]
    rows.append(("acknowledged writes lost", f"{len(found.lost)} of {found.acknowledged:,}", "0"))
    return Table("The way back, rehearsed", ("", "measured", "limit"), tuple(rows))


def drawn(found: CanaryRehearsal) -> Figure:
    """Draw latencies over time."""

    def points(*, migrated: bool) -> list[tuple[float, float]]:
        return [
            (one.scheduled - found.origin, one.latency * 1000)
            for one in found.answers
            if one.migrated == migrated and not one.wrote and one.scheduled >= found.origin
        ]

    events = []
    if found.migrating:
        events.append(canary.Event("primary migrated", *found.migrating))
    if found.hit:
        events.append(canary.Event(f"{found.hit.trigger} fired", found.hit.at, found.hit.at, True))
    if found.way_back:
        back = found.way_back
        events.append(
            canary.Event(
                "way back", back.began, back.began + back.restore_seconds, bool(back.error)
            )
        )
    return canary.canary(
        points(migrated=False),
        points(migrated=True),
        [canary.StageSpan(f"{one.percent} %", one.began, one.ended) for one in found.stages],
        events,
    )
