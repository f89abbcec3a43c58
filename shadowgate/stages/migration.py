"""Phase 5: apply the migration to a copy and learn everything that it changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shadowgate.catalogue import (
    Area,
    Drift,
    Expectation,
    Judgement,
    RowDifferences,
    diff,
    judge,
    odd_partitions,
)
from shadowgate.migrate import (
    LockWatch,
    Probe,
    ProbeResult,
    RetryPolicy,
    Review,
    Script,
    ScriptRun,
    Waiver,
    Watch,
    apply_script,
    apply_waivers,
    find_hazards,
    find_silence,
    lint,
    run_probe_in_clone,
    run_probes,
    wait_for_autovacuum,
)
from shadowgate.plan import Plan, ProbeSection
from shadowgate.progress import Progress
from shadowgate.server import ClientTools, Database, Databases
from shadowgate.stages.state import State, content_differences, differences_in_words, state_of
from shadowgate.traffic import (
    Breach,
    Traffic,
    TrafficSettings,
    WaitBudget,
    WaitReport,
    judge_waits,
    report_waits,
)

RETRY = RetryPolicy(attempts=20, pause_seconds=0.25)
"""How the rollout's runner treats a lock timeout."""

GO_OVER_SECONDS = 5.0
"""How long clients may take after a script to notice that their tables have other names."""

_PROVEN_BY_RUNNING = frozenset({"prefer-robust-stmts"})
"""Rules that guess from the text whether a script can be run again, which running it again shows:
squawk holds ``ALTER TABLE … SET DEFAULT`` for a statement that works only once."""


@dataclass(frozen=True)
class Runner:
    """Applies scripts as the rollout does: statement by statement, lock timeouts retried."""

    tools: ClientTools
    """For scripts that only psql can read."""
    progress: Progress

    def run(self, script: Script, database: Database, watch: Watch | None = None) -> ScriptRun:
        """Apply a script; a failed statement is in the run's ``error``."""
        name = f"{script.path.parent.name}/{script.path.name}"
        self.progress(f"applying {name} to {database.name}")
        return apply_script(
            script, database, watch=watch, retry=RETRY, tools=self.tools, progress=self.progress
        )

    def apply(self, script: Script, database: Database) -> Applied:
        """Apply a script, watched from a second session."""
        return Applied(database, self.run(script, database, LockWatch(database)))


@dataclass(frozen=True)
class Applied:
    """The migration, applied to a quiet copy of the shadow."""

    database: Database
    run: ScriptRun

    @property
    def notices(self) -> tuple[str, ...]:
        """What the script told its operator."""
        return tuple(
            notice.message for _, notice in self.run.notices if notice.severity == "NOTICE"
        )


@dataclass(frozen=True)
class Migrated:
    """The copy after the migration, held against the shadow that it was copied from."""

    state: State
    drift: Drift
    judgement: Judgement
    oddities: tuple[str, ...]
    """Partitions that differ from their siblings, in words."""
    differing: tuple[RowDifferences, ...]
    """For each table whose content differs: which rows."""

    def unexpected(self, area: Area) -> list[str]:
        """What happened unannounced in one area, a sentence each."""
        return [str(found) for found in self.judgement.unexpected if found.area == area]


@dataclass(frozen=True)
class Repeated:
    """A second run of the same script, and what it left different from the first."""

    run: ScriptRun
    differences: tuple[str, ...]


@dataclass(frozen=True)
class Online:
    """The migration again, on another copy, with readers and writers at work."""

    run: ScriptRun
    waits: WaitReport
    breaches: tuple[Breach, ...]
    told: int
    """Rows that writers were told they had written; 0 where the plan does not ask."""
    lost: tuple[str, ...]
    """Those that are not there afterwards as they were told, a sentence each."""


def learn(shadow: Database, before: State, migrated: Database, plan: Plan) -> Migrated:
    """Compare the migrated copy with the shadow, and both with what the plan announces."""
    expected = Expectation(
        creates=plan.creates.by_kind(), changes=plan.changes.by_kind(), drops=plan.drops.by_kind()
    )
    state = state_of(migrated, renames=plan.renames)
    if _same_columns(before, state):
        after = state
    else:
        after = state_of(migrated, before.content, plan.renames)
    drift = diff(before.snapshot, after.snapshot)
    return Migrated(
        state=state,
        drift=drift,
        judgement=judge(drift, expected),
        oddities=tuple(map(str, odd_partitions(after.snapshot, before.snapshot))),
        differing=content_differences(shadow, before, migrated, after),
    )


def _same_columns(before: State, after: State) -> bool:
    """Whether the tables from before have no more columns now: those are no change of content."""
    return all(
        table not in after.content or after.content[table].columns == content.columns
        for table, content in before.content.items()
    )


def review(applied: Applied, server_version: int, plan: Plan) -> Review:
    """Collect the hazards of a script, static and seen, and take off what the plan waives."""
    guessed = lint(applied.run.script, server_version)
    static = [found for found in guessed if found.rule not in _PROVEN_BY_RUNNING]
    findings = (*static, *find_hazards(applied.run))
    return apply_waivers(findings, waivers_of(plan))


def review_silence(applied: Applied, plan: Plan) -> Review:
    """Collect what a script passed over in silence, and take off what the plan waives."""
    return apply_waivers(find_silence(applied.run, applied.database), waivers_of(plan))


def review_trace(run: ScriptRun, database: Database, plan: Plan) -> Review:
    """Collect the hazards of a watched run and what it passed over in silence.

    For scripts whose text says little: that a rollback drops what the migration made is no hazard.
    """
    return apply_waivers((*find_hazards(run), *find_silence(run, database)), waivers_of(plan))


def waivers_of(plan: Plan) -> tuple[Waiver, ...]:
    """The plan's waivers."""
    return tuple(Waiver(w.rule, w.reason, w.statement) for w in plan.waivers)


def behave(plan: Plan, migrated: Database, databases: Databases) -> dict[str, ProbeResult]:
    """Run the plan's probes: rolled back where that is possible, in one clone for the rest."""
    probes = [_probe(section) for section in plan.probes]
    undone = [probe for probe in probes if not probe.commits and probe.sessions == 1]
    clone = databases.clone(migrated, f"{plan.database}_behaviour")
    try:
        wait_for_autovacuum(migrated)
        results = run_probes(undone, migrated)
        results += [run_probe_in_clone(probe, clone) for probe in probes if probe not in undone]
    finally:
        databases.drop(clone.name)
    return {result.name: result for result in results}


def _probe(section: ProbeSection) -> Probe:
    return Probe(
        name=section.name,
        sql=section.sql,
        expect=section.expect,
        verify=section.verify,
        error=section.error,
        sessions=section.sessions,
        commits=section.commits,
    )


def repeat(script: Script, copy: Database, first: State, plan: Plan, runner: Runner) -> Repeated:
    """Run the script again on a copy of the migrated database."""
    run = runner.run(script, copy)
    if run.error:
        return Repeated(run, ())
    return Repeated(run, differences_in_words(first, state_of(copy, renames=plan.renames)))


def rehearse_online(
    script: Script, copy: Database, plan: Plan, runner: Runner, *, back: bool = False
) -> Online:
    """Apply the script while readers and writers work; tell how long they waited, what they lost.

    Args:
        script: the migration, or its rollback.
        copy: a copy of the shadow; for the rollback, the one that was migrated under traffic.
        plan: the plan.
        runner: applies the script.
        back: whether clients begin with what they say after the migration.
    """
    traffic = plan.traffic
    forms = [traffic, traffic.after or traffic]
    first, other = reversed(forms) if back else forms
    settings = TrafficSettings(
        reads=first.reads,
        writes=first.writes,
        reads_after=other.reads if traffic.after else (),
        writes_after=other.writes if traffic.after else (),
        readers=traffic.readers,
        writers=traffic.writers,
        reads_per_second=traffic.reads_per_second,
        writes_per_second=traffic.writes_per_second,
    )
    runner.progress(f"traffic: {traffic.readers} readers, {traffic.writers} writers")
    with Traffic(copy, settings) as load:
        load.wait_until_steady()
        run = runner.run(script, copy, LockWatch(copy))
        if not run.error:
            load.wait_until_all_went_over(GO_OVER_SECONDS)
    waits = report_waits(load, run)
    budget = WaitBudget(reader_ms=plan.locks.reader_ms, writer_ms=plan.locks.writer_ms)
    told = load.told if traffic.kept else {}
    lost = () if run.error else _lost(copy, other.kept, told)
    return Online(run, waits, tuple(judge_waits(waits, budget)), len(told), lost)


def _lost(database: Database, kept: str, told: Mapping[Any, tuple[Any, ...]]) -> tuple[str, ...]:
    """Rows that writers were told and that are not there as they were told."""
    if not told:
        return ()
    with database.connect() as connection:
        there = {row[0]: row for row in connection.execute(kept.encode())}
    return tuple(
        f"{row} was told to a writer, {there.get(key, 'nothing')} is there"
        for key, row in told.items()
        if there.get(key) != row
    )
