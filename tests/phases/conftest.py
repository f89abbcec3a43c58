"""What the phases stand on: each stage runs once, when the first check asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from shadowgate import measure
from shadowgate.backup import (
    Backup,
    Restoration,
    cache_directory,
    create_roles,
    examine_backup,
    generated_backup,
    restore,
)
from shadowgate.inspect import Integrity, check_restored, take_snapshot
from shadowgate.measure import Baseline, Comparison, Workload, load_workload, to_evidence
from shadowgate.migrate import Interruption, ProbeResult, Review
from shadowgate.monitoring import Monitoring, set_up_monitoring
from shadowgate.options import Run
from shadowgate.plan import Plan
from shadowgate.plugin.session import FINDING, RUN, ShadowSession
from shadowgate.plugin.timing import BenchmarkRecorder
from shadowgate.preflight import Preflight
from shadowgate.progress import Progress
from shadowgate.recorder import Finding, Recorder
from shadowgate.rollout import RolloutPlan, render_markdown, rollout_plan
from shadowgate.server import Database
from shadowgate.stages import (
    Applied,
    Dump,
    Migrated,
    Online,
    Repeated,
    RolledBack,
    Runner,
    Simulated,
    State,
    apply_again,
    behave,
    interrupt,
    learn,
    rehearse_online,
    repeat,
    restored_differences,
    review,
    review_silence,
    review_trace,
    roll_back,
    rollout_facts,
    rollout_settings,
    sampling_of,
    simulate,
    state_of,
    take_dump,
    write_later_rows,
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each query, target and later optimisation of the plan."""
    run = metafunc.config.stash.get(RUN, None)
    if run is None:
        return
    items: Mapping[str, list[str]] = {
        "query_id": list(load_workload(run.plan.workload.queries).by_id),
        "probe": [probe.name for probe in run.plan.probes],
        "target": list(run.plan.performance.targets),
        "later": [later.name for later in run.plan.simulation.later],
    }
    for name, values in items.items():
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, values, ids=values)


# --- the run ----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def shadow_session(pytestconfig: pytest.Config) -> ShadowSession:
    """The plugin's view of this run."""
    session = pytestconfig.pluginmanager.getplugin("shadowgate-session")
    assert isinstance(session, ShadowSession)
    return session


@pytest.fixture(scope="session")
def run(shadow_session: ShadowSession) -> Run:
    """What was asked for."""
    return shadow_session.run


@pytest.fixture(scope="session")
def plan(run: Run) -> Plan:
    """The validation plan."""
    return run.plan


@pytest.fixture(scope="session")
def recorder(shadow_session: ShadowSession) -> Recorder:
    """Where results are kept."""
    return shadow_session.recorder


@pytest.fixture(scope="session")
def progress(shadow_session: ShadowSession) -> Progress:
    """Shows what is going on."""
    return shadow_session.progress


@pytest.fixture(scope="session")
def benchmarks(pytestconfig: pytest.Config) -> BenchmarkRecorder:
    """Hands rounds to pytest-benchmark."""
    return BenchmarkRecorder(pytestconfig)


@pytest.fixture
def finding(request: pytest.FixtureRequest) -> Finding:
    """What this check finds."""
    found: Finding = request.node.stash[FINDING]
    return found


# --- phases 1 to 3: the shadow ----------------------------------------------------------------


@pytest.fixture(scope="session")
def opened(shadow_session: ShadowSession) -> Preflight:
    """The server and the examined inputs."""
    return shadow_session.opened


@pytest.fixture(scope="session")
def runner(opened: Preflight, progress: Progress) -> Runner:
    """Applies scripts."""
    return Runner(opened.server.tools, progress)


@pytest.fixture(scope="session")
def shadow(opened: Preflight) -> Database:
    """The restored backup: what *before* means."""
    return opened.shadow


@pytest.fixture(scope="session")
def generated_rows(run: Run) -> int | None:
    """Rows of the generated backup; ``None`` when a dump was given."""
    return run.generated_rows


@pytest.fixture(scope="session")
def backup(opened: Preflight, plan: Plan, progress: Progress) -> Backup:
    """The dump to restore: the one given, or a generated one."""
    if opened.backup is not None:
        return opened.backup
    wanted = plan.backup
    assert wanted.generator is not None
    path = generated_backup(
        wanted.generator,
        rows=wanted.rows,
        seed=wanted.seed,
        state=wanted.state,
        server=opened.server,
        databases=opened.databases,
        cache=cache_directory(),
        progress=progress,
    )
    return examine_backup(path)


@pytest.fixture(scope="session")
def restored(opened: Preflight, backup: Backup, plan: Plan, progress: Progress) -> Restoration:
    """The restore of the backup into the shadow."""
    if opened.server.owned:
        create_roles(opened.shadow, plan.backup.roles)
    return restore(
        backup, opened.server.tools, opened.shadow, workspace=opened.workspace, progress=progress
    )


@pytest.fixture(scope="session")
def before(restored: Restoration, shadow: Database, progress: Progress) -> State:
    """Schema and content before the migration."""
    progress(f"reading schema and content of {shadow.name}")
    return state_of(shadow)


@pytest.fixture(scope="session")
def integrity(restored: Restoration, shadow: Database, plan: Plan) -> Integrity:
    """How sound the restored catalogue is."""
    with shadow.connect() as connection:
        return check_restored(connection, plan.backup)


@pytest.fixture(scope="session")
def monitoring(opened: Preflight) -> Monitoring:
    """Logging, turned on and probed."""
    return set_up_monitoring(opened.server, opened.shadow)


# --- phases 4 to 7: the migration and what it brings ------------------------------------------


@pytest.fixture(scope="session")
def workload(plan: Plan) -> Workload:
    """The queries that are timed."""
    return load_workload(plan.workload.queries)


@pytest.fixture(scope="session")
def baseline(
    restored: Restoration, shadow: Database, workload: Workload, plan: Plan, progress: Progress
) -> Baseline:
    """The workload on the shadow."""
    rounds = plan.performance.baseline_rounds
    return measure.baseline(shadow, workload, sampling_of(plan), rounds=rounds, progress=progress)


@pytest.fixture(scope="session")
def unmigrated(before: State, shadow: Database) -> State:
    """The shadow right before the migration: monitoring has changed settings since the restore."""
    with shadow.connect() as connection:
        return replace(before, snapshot=take_snapshot(connection))


@pytest.fixture(scope="session")
def applied(unmigrated: State, opened: Preflight, plan: Plan, runner: Runner) -> Applied:
    """The migration, applied to a copy of the shadow."""
    copy = opened.databases.clone(opened.shadow, f"{plan.database}_after")
    return runner.apply(opened.migration, copy)


@pytest.fixture(scope="session")
def migrated(
    applied: Applied, unmigrated: State, shadow: Database, plan: Plan, progress: Progress
) -> Migrated:
    """What the migration changed."""
    progress("comparing schema and content with before")
    return learn(shadow, unmigrated, applied.database, plan)


@pytest.fixture(scope="session")
def before_rows(before: State) -> int:
    """Rows of all tables before the migration."""
    return sum(content.rows for content in before.content.values())


@pytest.fixture(scope="session")
def hazards(applied: Applied, opened: Preflight, plan: Plan) -> Review:
    """Known hazards of the script and its trace."""
    return review(applied, opened.server.facts.version_num, plan)


@pytest.fixture(scope="session")
def silence(applied: Applied, plan: Plan) -> Review:
    """What the script passed over in silence."""
    return review_silence(applied, plan)


@pytest.fixture(scope="session")
def online_copy(opened: Preflight, plan: Plan) -> Database:
    """A copy on which migration and rollback are rehearsed under traffic."""
    return opened.databases.clone(opened.shadow, f"{plan.database}_online")


@pytest.fixture(scope="session")
def online(online_copy: Database, opened: Preflight, plan: Plan, runner: Runner) -> Online:
    """The migration under traffic."""
    return rehearse_online(opened.migration, online_copy, plan, runner)


@pytest.fixture(scope="session")
def behaviour(
    migrated: Migrated, applied: Applied, opened: Preflight, plan: Plan, progress: Progress
) -> dict[str, ProbeResult]:
    """What the plan's probes measured on the migrated copy, by name."""
    progress(f"probing what the migration made: {len(plan.probes)} probes")
    return behave(plan, applied.database, opened.databases)


@pytest.fixture(scope="session")
def repeated(
    applied: Applied, migrated: Migrated, opened: Preflight, plan: Plan, runner: Runner
) -> Repeated:
    """The migration a second time, on a copy of the migrated database."""
    copy = opened.databases.clone(applied.database, f"{plan.database}_again")
    try:
        return repeat(opened.migration, copy, migrated.state, runner)
    finally:
        opened.databases.drop(copy.name)


@pytest.fixture(scope="session")
def interruptions(
    unmigrated: State, opened: Preflight, plan: Plan, progress: Progress
) -> tuple[Interruption, ...]:
    """The migration, interrupted at every statement of a thinned copy."""
    return interrupt(opened.migration, opened.shadow, unmigrated, opened.databases, plan, progress)


@pytest.fixture(scope="session")
def comparison(
    shadow: Database,
    applied: Applied,
    workload: Workload,
    recorder: Recorder,
    plan: Plan,
    progress: Progress,
) -> Comparison:
    """The workload on both sides of the migration, in pairs."""
    sampling = sampling_of(plan, quick=recorder.quick)
    found = measure.compare(shadow, applied.database, workload, sampling, progress=progress)
    recorder.queries = to_evidence(found)
    return found


@pytest.fixture(scope="session")
def simulated(
    applied: Applied, opened: Preflight, workload: Workload, plan: Plan, runner: Runner
) -> dict[str, Simulated]:
    """Each later optimisation that has a migration, on top of this one."""
    return {
        later.name: simulate(later, applied.database, opened.databases, workload, plan, runner)
        for later in plan.simulation.later
        if later.migration is not None
    }


# --- phase 8: the way back --------------------------------------------------------------------


@pytest.fixture(scope="session")
def written_copy(applied: Applied, opened: Preflight, plan: Plan) -> Database:
    """A copy of the migrated database, written to as users do before someone rolls back."""
    copy = opened.databases.clone(applied.database, f"{plan.database}_undo")
    if plan.undo.write:
        write_later_rows(copy, plan.undo.write)
    return copy


@pytest.fixture(scope="session")
def dump(applied: Applied, opened: Preflight, progress: Progress) -> Dump:
    """A snapshot of the migrated copy."""
    target = opened.workspace / "snapshot.dump"
    return take_dump(opened.server, applied.database, target, progress)


@pytest.fixture(scope="session")
def dump_differences(
    dump: Dump, migrated: Migrated, opened: Preflight, plan: Plan, progress: Progress
) -> tuple[str, ...]:
    """What the restored snapshot has different from what it was taken from."""
    target = opened.databases.create(f"{plan.database}_snapshot")
    try:
        return restored_differences(
            opened.server, dump, target, migrated.state, opened.workspace, progress
        )
    finally:
        opened.databases.drop(target.name)


@pytest.fixture(scope="session")
def rolled_back(
    written_copy: Database,
    unmigrated: State,
    opened: Preflight,
    plan: Plan,
    runner: Runner,
) -> RolledBack:
    """The rollback, after later rows were written."""
    return roll_back(
        opened.rollback, opened.shadow, unmigrated, written_copy, plan.backup.table, runner
    )


@pytest.fixture(scope="session")
def rollback_review(rolled_back: RolledBack, plan: Plan) -> Review:
    """Hazards in the trace of the rollback, and what it passed over in silence."""
    return review_trace(rolled_back.run, rolled_back.database, plan)


@pytest.fixture(scope="session")
def online_rollback(
    online: Online, online_copy: Database, opened: Preflight, plan: Plan, runner: Runner
) -> Online:
    """The rollback under traffic, on the copy that was migrated under traffic."""
    online.run.raise_for_error()
    return rehearse_online(opened.rollback, online_copy, plan, runner)


@pytest.fixture(scope="session")
def reapplied(
    rolled_back: RolledBack, unmigrated: State, opened: Preflight, runner: Runner
) -> Repeated:
    """The migration again, after its rollback."""
    return apply_again(opened.migration, unmigrated, rolled_back, runner)


# --- phase 10: the way into production --------------------------------------------------------


@pytest.fixture(scope="session")
def rollout(shadow_session: ShadowSession, plan: Plan) -> RolloutPlan:
    """The four weeks, with what was measured."""
    facts = rollout_facts(shadow_session.evidence(), plan)
    return rollout_plan(plan.rollout.start, facts, rollout_settings(plan))


@pytest.fixture(scope="session")
def rollout_file(rollout: RolloutPlan, run: Run) -> Path:
    """The four weeks as a page."""
    target = run.reports / "rollout_plan.md"
    target.write_text(render_markdown(rollout), encoding="utf-8")
    return target
