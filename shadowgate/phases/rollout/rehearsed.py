"""Phase 10: the rollout rehearsed on two copies, and what of it is judged."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

from shadowgate.evidence import Figure, Table
from shadowgate.language import Shown, nsentence, sentence, shown
from shadowgate.measure import Sampling
from shadowgate.migrate import Script
from shadowgate.phases.facts import content_of
from shadowgate.phases.finding import Finding
from shadowgate.phases.migration.announced import Announced
from shadowgate.phases.runner import Runner
from shadowgate.plan import Plan, RolloutSection, TrafficSection
from shadowgate.queries import Workload
from shadowgate.report import words
from shadowgate.report.figures import canary
from shadowgate.server import Database, Server
from shadowgate.traffic.canary import (
    BRIEF,
    Asked,
    CanaryRehearsal,
    Differences,
    Scripts,
    Trigger,
    rehearse_rollout,
    requests_to_see_errors,
    seconds_to_see_latency,
)
from shadowgate.traffic.canary.clients import Arm

BLIND = 2.0
"""Times the limit: latencies that may have been slower by as much decide nothing."""

_TRIGGERS: Mapping[Trigger, str] = {
    "latency": sentence("latency"),
    "errors": sentence("errors"),
    "integrity": sentence("integrity"),
    "migration": sentence("migration"),
}
_ARMS: Mapping[Arm, str] = {
    "primary": sentence("primary"),
    "canary": sentence("canary"),
    "baseline": sentence("baseline"),
}


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
    baseline: Database | None,
) -> CanaryRehearsal:
    """Rehearse the rollout on copies of its own.

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
        baseline: one more copy from before the migration, where latency is judged.
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
        baseline,
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
            sentence(
                "the latency of the canary is not known well enough: it may be {percent:g} % "
                "higher; lengthen canary_seconds or raise requests_per_second in "
                "[rollout.rehearsal]",
                percent=blind,
            ),
        )


def _wrong(found: CanaryRehearsal) -> Iterator[str]:
    if found.hit:
        yield sentence(
            # TRANSLATORS: {trigger} is "latency", "errors", "integrity" or "migration"
            "{trigger} fired in stage {stage} after {time}: {what}",
            trigger=_TRIGGERS[found.hit.trigger],
            stage=found.hit.stage,
            time=Shown(words.duration, found.hit.detect_seconds),
            what=found.hit.detail,
        )
    if found.way_back and found.way_back.error:
        yield sentence("the rollback under the load failed: {error}", error=found.way_back.error)
    yield from found.lost


def sentences(found: CanaryRehearsal) -> Iterator[str]:
    """What was rehearsed, what was not, and what it would have seen."""
    back, slower = found.way_back, found.slowest
    yield nsentence(
        "{requests:,} requests in {time}, {n:,} row written and followed.",
        "{requests:,} requests in {time}, {n:,} rows written and followed.",
        found.acknowledged,
        requests=len(found.answers),
        time=Shown(words.duration, found.seconds),
    )
    if found.lag_ms is not None:
        yield sentence(
            "The canary was behind the primary by {time} at most.",
            time=Shown(words.milliseconds, found.lag_ms),
        )
    if slower is not None:
        values = {"percent": slower.percent, "low": slower.low, "high": slower.high}
        yield (
            sentence(
                "Latency on the canary {percent:+.1f} % ({low:+.1f} to {high:+.1f} %).", **values
            )
            if found.judges_latency
            else sentence(
                "Latency on the canary {percent:+.1f} % ({low:+.1f} to {high:+.1f} %); shown, not "
                "judged.",
                **values,
            )
        )
    if back is not None:
        facts: dict[str, Any] = {
            "how": sentence("the rollback script")
            if back.by_script
            else sentence("sending the sessions back"),
            "time": Shown(words.duration, back.restore_seconds),
            "failed": back.failed,
            "lost": len(found.lost),
        }
        # TRANSLATORS: {how} is "the rollback script" or "sending the sessions back"
        if found.hit:
            yield sentence(
                "The way back by {how} took {time}; requests that failed meanwhile: {failed:,}; "
                "acknowledged writes lost: {lost:,}.",
                **facts,
            )
        else:
            yield sentence(
                "The way back, tried at the end, by {how} took {time}; requests that failed "
                "meanwhile: {failed:,}; acknowledged writes lost: {lost:,}.",
                **facts,
            )
    yield from found.left_out
    if found.not_probed:
        yield sentence(
            "Not compared, for want of a primary key or of replication, or because the migration "
            "may change them: {tables}.",
            tables=", ".join(found.not_probed),
        )


def stages_table(found: CanaryRehearsal) -> Table:
    """What each side answered, stage by stage."""
    columns = ("stage", "asked", "requests", "errors", "median ms", "p95 ms", "p99 ms")
    rows = tuple(
        (
            f"{stage.percent} %",
            sentence("{arm}, migrated", arm=_ARMS[arm.arm])
            if arm.migrated
            else sentence("{arm}, unmigrated", arm=_ARMS[arm.arm]),
            str(arm.requests),
            str(arm.errors),
            *(shown(words.number, value) for value in (arm.median_ms, arm.p95_ms, arm.p99_ms)),
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
        if hit is None or hit.trigger != name:
            return sentence("no")
        return sentence("after {time}", time=Shown(words.duration, hit.detect_seconds))

    return Table(
        "Triggers of the rehearsed rollout",
        ("trigger", "limit", "measured", "ratio and bound", "would see", "fired"),
        tuple((*row, fired(row[0])) for row in rows),
    )


def _latency_row(found: CanaryRehearsal, limits: RolloutSection) -> tuple[str, ...]:
    slower, limit = found.slowest, limits.latency_percent
    if slower is None:
        return (
            sentence("latency"),
            sentence("{percent:g} %", percent=limit),
            words.NOTHING,
            words.NOTHING,
            words.NOTHING,
        )
    seconds = seconds_to_see_latency(slower, limit, found.compared_seconds)
    values = {"percent": slower.percent, "low": slower.low, "high": slower.high}
    return (
        sentence("latency"),
        sentence("{percent:g} %", percent=limit),
        sentence("{percent:+.1f} % ({low:+.1f} to {high:+.1f} %)", **values)
        if found.judges_latency
        else sentence("{percent:+.1f} % ({low:+.1f} to {high:+.1f} %), not judged", **values),
        sentence("{ratio:.1f} of {bound:.1f}", ratio=slower.ratio, bound=slower.bound),
        sentence(
            "+{percent:g} % in {time}", percent=2 * limit, time=Shown(words.duration, seconds)
        ),
    )


def _error_row(found: CanaryRehearsal, limits: RolloutSection) -> tuple[str, ...]:
    errors, limit = found.errors, limits.error_percent
    seen = 5 * limit if limit else 0.5
    migrated = [arm.requests for one in found.stages[:1] for arm in one.arms if arm.migrated]
    rate = sum(migrated) / max(found.stages[0].ended - found.stages[0].began, 1e-3)
    seconds = requests_to_see_errors(errors, limit, seen) / max(rate, 1e-3)
    return (
        sentence("errors"),
        sentence("{percent:g} %", percent=limit),
        sentence(
            "{errors} of {requests:,} ({percent:.2g} %)",
            errors=errors.errors,
            requests=errors.requests,
            percent=errors.percent,
        ),
        sentence("{ratio:.1f} of {bound:.1f}", ratio=errors.ratio, bound=errors.bound),
        sentence("{percent:g} % in {time}", percent=seen, time=Shown(words.duration, seconds)),
    )


def _integrity_row(found: CanaryRehearsal) -> tuple[str, ...]:
    times = [found.origin, *(look.at for look in found.looks)]
    gap = max((later - earlier for earlier, later in pairwise(times)), default=0.0)
    rows = sum(look.rows for look in found.looks)
    wrong = {name for look in found.looks for name in look.wrong}
    return (
        sentence("integrity"),
        sentence("0 rows"),
        nsentence(
            "{rows:,} rows in {n} look, tables with wrong ones: {tables}",
            "{rows:,} rows in {n} looks, tables with wrong ones: {tables}",
            len(found.looks),
            rows=rows,
            tables=len(wrong),
        ),
        words.NOTHING,
        sentence(
            "a wrong row at the next look, {time} later at most", time=Shown(words.duration, gap)
        ),
    )


def way_back_table(found: CanaryRehearsal, plan_seconds: float) -> Table:
    """What the way back took and cost, beside what it may."""
    back, hit = found.way_back, found.hit
    rows: list[tuple[str, ...]] = [
        (
            sentence("time to detect"),
            shown(words.duration, hit.detect_seconds) if hit else sentence("no trigger fired"),
            words.NOTHING,
        )
    ]
    if back is not None:
        rows += [
            (
                sentence("time to restore service"),
                shown(words.duration, back.restore_seconds),
                sentence("≤ {time}", time=Shown(words.duration, plan_seconds)),
            ),
            (sentence("requests failed meanwhile"), str(back.failed), words.NOTHING),
        ]
    rows.append(
        (
            sentence("acknowledged writes lost"),
            sentence("{lost:,} of {all:,}", lost=len(found.lost), all=found.acknowledged),
            "0",
        )
    )
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
        events.append(canary.Event(sentence("primary migrated"), *found.migrating))
    if found.hit:
        events.append(
            canary.Event(
                sentence("{trigger} fired", trigger=_TRIGGERS[found.hit.trigger]),
                found.hit.at,
                found.hit.at,
                True,
            )
        )
    if found.way_back:
        back = found.way_back
        events.append(
            canary.Event(
                sentence("way back"),
                back.began,
                back.began + back.restore_seconds,
                bool(back.error),
            )
        )
    return canary.canary(
        points(migrated=False),
        points(migrated=True),
        [canary.StageSpan(f"{one.percent} %", one.began, one.ended) for one in found.stages],
        events,
    )
