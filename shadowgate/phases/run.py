"""The evidence of one run: each piece is gathered once, when a check first asks for it.

What a piece is made of stands in its method, so the order of the work follows from what is asked.
A piece that a check proves sound (``proven_by``) blocks every other check until that one passed.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from shadowgate import measure
from shadowgate.backup import (
    Backup,
    ReadBackup,
    Restoration,
    cache_directory,
    create_roles,
    examine_backup,
    generated_backup,
    restore,
)
from shadowgate.catalogue import Integrity, check_restored, take_snapshot
from shadowgate.errors import ValidationError
from shadowgate.evidence import Evidence, Figure, QueryEvidence
from shadowgate.language import sentence
from shadowgate.measure import (
    Baseline,
    CloneFactory,
    ColdFigures,
    Comparison,
    LayoutShare,
    copies_of_run,
    measure_cold,
    settle_changes,
    to_evidence,
)
from shadowgate.migrate import NEVER, Interruption, ProbeResult, Review, Script, StopAfter
from shadowgate.migrate.clients import Refusals, find_refusals
from shadowgate.options import Request
from shadowgate.phases.baseline.sampling import sampling_of
from shadowgate.phases.environment.preflight import Preflight
from shadowgate.phases.gathered import Gathered
from shadowgate.phases.items import workload_of
from shadowgate.phases.migration.announced import Announced, announced_by
from shadowgate.phases.migration.behaviour import behave
from shadowgate.phases.migration.changes import Migrated, compare_with_announced
from shadowgate.phases.migration.forecast import Forecast
from shadowgate.phases.migration.interruption import interrupt
from shadowgate.phases.migration.jobs import Scheduled, run_scheduled
from shadowgate.phases.migration.lock_queue import rehearse_lock_queue
from shadowgate.phases.migration.locks import stop_after
from shadowgate.phases.migration.maps import draw_maps
from shadowgate.phases.migration.rehearsal import Rehearsal, rehearse, traffic_of
from shadowgate.phases.migration.repetition import Repeated, repeat
from shadowgate.phases.migration.review import (
    review,
    review_refusals,
    review_suppressed_errors,
    review_trace,
    unused_waivers,
)
from shadowgate.phases.migration.simultaneous import Simultaneous, run_at_once
from shadowgate.phases.migration.sizes import larger_in_production, measure_sizes
from shadowgate.phases.monitoring.log_probes import Monitoring, set_up_monitoring
from shadowgate.phases.performance.committed_baseline import (
    BaselineComparison,
    compare_with_baseline,
)
from shadowgate.phases.performance.history import History, last_run, timing_key
from shadowgate.phases.performance.index_use import LostIndex, lost_indexes
from shadowgate.phases.performance.layout import tell_layout, with_layout
from shadowgate.phases.performance.rewrites import Rewrites, prove_rewrites
from shadowgate.phases.piece import (
    Durations,
    Piece,
    evidence,
    judged_durations,
    judged_timings,
    proven_by,
)
from shadowgate.phases.registry import CHECKS
from shadowgate.phases.restore.earlier_migrations import apply_earlier
from shadowgate.phases.restore.soundness import Soundness, look_over
from shadowgate.phases.restore.state import State, state_of
from shadowgate.phases.results import Results
from shadowgate.phases.rollback.later_writes import LaterWrite, derive_later_writes
from shadowgate.phases.rollback.snapshot import Dump, restored_differences, take_dump
from shadowgate.phases.rollback.way_back import (
    RolledBack,
    apply_again,
    roll_back,
    rollback_stop_after,
    write_later_rows,
)
from shadowgate.phases.rollout.after import after_of_run
from shadowgate.phases.rollout.document import rollout_plan
from shadowgate.phases.rollout.facts import Measured, rollout_facts
from shadowgate.phases.rollout.handed_over import write_handed_over
from shadowgate.phases.rollout.model import RolloutPlan
from shadowgate.phases.rollout.rehearsed import rehearse_canary
from shadowgate.phases.rounds import (
    RoundStore,
    record_baseline,
    record_comparison,
)
from shadowgate.phases.runner import Applied, Runner, session_of
from shadowgate.phases.simulation.series import Series, simulate
from shadowgate.phases.verdict import ALL_PHASES, Conclusion, Terms, judge, stopping
from shadowgate.plan import Plan, TrafficSection
from shadowgate.progress import Progress, silent
from shadowgate.queries import Workload, bind_workload, derive_workload
from shadowgate.report.after_file import After
from shadowgate.server import Database, Databases, Server
from shadowgate.traffic.canary import CanaryRehearsal
from shadowgate.traffic.long_transactions import LongTransactionRehearsal
from shadowgate.turn import turn_of_this_process

T = TypeVar("T")


def _required(value: T | None) -> T:
    """What the request was refused without."""
    assert value is not None  # noqa: S101
    return value


class Run:
    """One run of the phases: what was asked for, the evidence, the results.

    Args:
        request: what was asked for.
        progress: told what is going on.
        rounds: where measured rounds are kept.
    """

    def __init__(
        self, request: Request, *, progress: Progress = silent, rounds: RoundStore | None = None
    ) -> None:
        self.request = request
        self.progress = progress
        self.rounds = rounds or RoundStore.of_reports(request.reports)
        self.results = Results()
        self.gathered = Gathered()
        self.judged_check = ""
        """Id of the check that is being carried out; empty between them."""
        self.turn = turn_of_this_process()
        self.started = dt.datetime.now(dt.UTC).astimezone()
        self._clock = time.monotonic()

    @property
    def run(self) -> Run:
        """Itself, for the checks that judge the run as a whole."""
        return self

    @property
    def plan(self) -> Plan:
        """The validation plan."""
        return self.request.plan

    @contextmanager
    def judging(self, check: str) -> Iterator[None]:
        """While a check is carried out: evidence that another has to prove first blocks it."""
        self.judged_check = check
        try:
            yield
        finally:
            self.judged_check = ""

    def ensure(self, *evidence: object) -> None:
        """Name evidence that has to be gathered before something else, for what it leaves."""

    def known(self, piece: Piece[T]) -> T | None:
        """A piece of evidence as far as it was gathered; ``None`` if it was not."""
        found: T | None = self.gathered.known(piece.name)
        return found

    def is_judged(self, durations: Durations) -> bool:
        """Whether a check judges such durations; while the rows are not known, it may."""
        if durations == "judged on enough rows":
            return not self.known(Run.quick)
        return durations == "judged"

    # --- 1: environment ---------------------------------------------------------------------------

    @evidence
    def opened(self) -> Preflight:
        """The server and the examined inputs; whoever begins the run sets it."""
        raise RuntimeError("the preflight has not run")

    @proven_by("environment.server")
    def server(self) -> Server:
        """The server that everything runs on."""
        return self.opened.server

    @proven_by("environment.database")
    def shadow(self) -> Database:
        """The database that the backup is restored into: what *before* means."""
        return self.opened.shadow

    @evidence
    def databases(self) -> Databases:
        """Makes and drops the databases of this run."""
        return self.opened.databases

    @evidence
    def runner(self) -> Runner:
        """Applies scripts."""
        return Runner(self.opened.server.tools, self.progress, session_of(self.plan.runner))

    # --- 2: restore -------------------------------------------------------------------------------

    @proven_by("restore.backup")
    def backup(self) -> Backup:
        """The dump to restore: the one given, or a generated one."""
        opened, wanted = self.opened, self.plan.backup
        if opened.backup is not None:
            return opened.backup
        return examine_backup(
            generated_backup(
                _required(wanted.generator),
                rows=_required(wanted.rows),
                seed=wanted.seed,
                state=wanted.state,
                server=opened.server,
                databases=opened.databases,
                cache=cache_directory(),
                progress=self.progress,
            )
        )

    @proven_by("restore.clean")
    def restored(self) -> Restoration:
        """The restore into the shadow, with the migrations that production has since."""
        opened = self.opened
        if opened.given is not None:
            apply_earlier(opened.earlier, self.shadow, self.runner)
            return Restoration(opened.given.seconds, 0.0, opened.given.described)
        if opened.server.owned:
            create_roles(self.shadow, self.plan.backup.roles)
        found = restore(
            self._to_restore(),
            opened.server.tools,
            self.shadow,
            workspace=opened.workspace,
            make_roles=opened.server.owned and self.plan.derived,
            progress=self.progress,
        )
        apply_earlier(opened.earlier, self.shadow, self.runner)
        return found

    def _to_restore(self) -> Backup | ReadBackup:
        """The backup; with what the preflight found in it, if it is the one passed."""
        backup, read = self.backup, self.opened.read
        return read if read is not None and read.backup == backup else backup

    @proven_by("restore.fingerprint")
    def before(self) -> State:
        """Schema and content before the migration."""
        shadow = self.shadow
        self.ensure(self.restored)
        self.progress(f"reading schema and content of {shadow.name}")
        return state_of(shadow, renames=self.plan.renames)

    @evidence
    def integrity(self) -> Integrity:
        """How sound the restored data is."""
        shadow = self.shadow
        self.ensure(self.restored)
        with shadow.connect() as connection:
            return check_restored(connection, self.plan.backup)

    @evidence
    def soundness(self) -> Soundness:
        """What is wrong with the shadow already, so that it is not the migration's doing."""
        self.ensure(self.restored)
        return look_over(self.shadow)

    @evidence
    def quick(self) -> str:
        """Why timings are shown and not judged; empty when they are judged."""
        rows, asked = self.before.rows_of(self.plan.backup.table), self.plan.performance.min_rows
        if rows >= asked:
            return ""
        return sentence(
            "{rows:,} rows are too few to judge timings; the plan asks for {asked:,}",
            rows=rows,
            asked=asked,
        )

    # --- 3: monitoring ----------------------------------------------------------------------------

    @evidence
    def monitoring(self) -> Monitoring:
        """Logging, turned on and probed."""
        return set_up_monitoring(self.opened.server, self.shadow)

    # --- 4: baseline ------------------------------------------------------------------------------

    @evidence
    def workload(self) -> Workload:
        """The queries that are timed: the plan's, or else some derived from the catalogue."""
        found = workload_of(self.plan)
        if found is None:
            return self.derived_workload
        self.ensure(self.restored)
        with self.shadow.connect() as connection:
            return bind_workload(found, connection)

    @evidence
    def derived_workload(self) -> Workload:
        """Queries and writes of the restored tables, for what the plan names none of."""
        self.ensure(self.restored)
        self.progress("deriving a workload from the catalogue")
        with self.shadow.connect() as connection:
            return derive_workload(connection, touched=self.announced.tables)

    @evidence
    def clones(self) -> CloneFactory:
        """Makes the copies that are measured: the run's own, so that they go however it ends."""
        return copies_of_run(self.databases)

    @evidence
    def quiet_before(self) -> Database:
        """The shadow, settled, that the copies are taken from that are measured."""
        shadow = self.shadow
        self.ensure(self.restored)
        self.progress(f"settling {shadow.name}")
        settle_changes(shadow)  # a restore ends by analysing
        return shadow

    @judged_timings
    @evidence
    def baseline(self) -> Baseline:
        """The workload on the shadow."""
        found = measure.baseline(
            self.quiet_before,
            self.workload,
            sampling_of(self.plan),
            rounds=self.plan.performance.baseline_rounds,
            clones=self.clones,
            progress=self.progress,
        )
        record_baseline(self.rounds, found)
        return found

    # --- 5: migration -----------------------------------------------------------------------------

    @evidence
    def unmigrated(self) -> State:
        """The shadow right before the migration: monitoring has changed settings since."""
        before = self.before
        with self.shadow.connect() as connection:
            return replace(before, snapshot=take_snapshot(connection))

    @judged_durations
    @proven_by("migration.applied")
    def applied(self) -> Applied:
        """The migration, applied to a copy of the shadow."""
        self.ensure(self.unmigrated)  # a migration can change what belongs to the server
        copy = self.databases.clone(self.shadow, f"{self.plan.database}_after")
        limit = self._unless_waived("migration.lock_budget", stop_after(self.plan.locks))
        return Applied(copy, self.runner.watched(self.opened.migration, copy, limit))

    def _unless_waived(self, check: str, limit: StopAfter) -> StopAfter:
        """When a script is stopped: never, where its check may fail or everything is asked for."""
        return NEVER if self.request.all_checks or self._is_waived(check) else limit

    @evidence
    def announced(self) -> Announced:
        """What the migration may change."""
        return announced_by(self.plan, self.opened.migration)

    @evidence
    def migrated(self) -> Migrated:
        """What the migration changed."""
        after = self.applied.database
        self.progress("comparing schema and content with before")
        return compare_with_announced(
            self.shadow, self.unmigrated, self.soundness, after, self.announced, self.plan
        )

    @evidence
    def maps(self) -> tuple[Figure, ...]:
        """The tables of the migrated copy that have geometries, drawn."""
        rows = {name: found.rows for name, found in self.migrated.state.content.items()}
        return draw_maps(self.applied.database, self.known(Run.workload), rows, self.progress)

    @evidence
    def hazards(self) -> Review:
        """Known hazards of the script and its trace."""
        return review(self.applied, self.server.facts.version_num, self.plan)

    @evidence
    def suppressed_errors(self) -> Review:
        """Warnings, skipped creations and swallowed exceptions of the script."""
        return review_suppressed_errors(self.applied, self.plan)

    @evidence
    def refusals(self) -> Refusals:
        """What clients could do before the migration and cannot do after it."""
        self.applied.run.raise_for_error()
        name = self.plan.database
        self.progress("trying on both sides what clients write")
        with (
            self.databases.cloned(self.shadow, f"{name}_asked") as before,
            self.databases.cloned(self.applied.database, f"{name}_asks") as after,
        ):
            return find_refusals(
                before,
                after,
                self.opened.migration,
                touched=self.announced.tables,
                renames=self.plan.renames,
                note_on_targets=""
                if self.plan.derived
                else "the plan names what is dropped, and what is asked",
            )

    @evidence
    def clients_review(self) -> Review:
        """What of it is a finding about the script."""
        return review_refusals(self.refusals, self.opened.migration, self.plan)

    @evidence
    def traffic(self) -> TrafficSection:
        """What readers and writers ask meanwhile: as the plan says, or else the workload."""
        asked = self.plan.traffic
        if asked.reads and asked.writes:
            return asked
        workload = self.workload
        if not asked.writes and not workload.writes:
            workload = Workload((*workload.queries, *self.derived_workload.writes))
        return traffic_of(asked, workload)

    @evidence
    def online_copy(self) -> Database:
        """A copy on which migration and rollback are rehearsed under traffic."""
        return self.databases.clone(self.shadow, f"{self.plan.database}_online")

    @judged_durations
    @evidence
    def rehearsal(self) -> Rehearsal:
        """The migration under traffic."""
        self.applied.run.raise_for_error()
        return rehearse(
            self.opened.migration,
            self.online_copy,
            self.traffic,
            self.plan,
            self.runner,
            queries=self.workload.queries,
        )

    @evidence
    def larger(self) -> Mapping[str, tuple[int, int]]:
        """Tables of which production has more rows: how many here, and how many there."""
        return larger_in_production(
            self.before, self.opened.production, stated=self.plan.production.rows
        )

    @judged_durations
    @evidence
    def forecast(self) -> Forecast:
        """What the migration is expected to take with as many rows as production has."""
        self.applied.run.raise_for_error()
        if self.opened.migration.needs_psql:
            raise ValidationError(
                sentence(
                    "what the script takes in production cannot be told: psql applies "
                    "it as a whole, so that no lock of it was seen ({needs_psql})",
                    needs_psql=self.opened.migration.needs_psql,
                ),
                where=str(self.plan.migration),
                todo="write it without psql's own commands",
            )
        sizes = measure_sizes(
            self.opened.migration,
            self.shadow,
            self.before,
            self.larger,
            self.opened.production,
            self.databases,
            self.runner,
            lambda found: Forecast.of(found, self.plan).decides,
        )
        return Forecast.of(sizes, self.plan)

    @judged_durations
    @evidence
    def lock_queue(self) -> LongTransactionRehearsal:
        """The migration while a long report is reading every table that it locks strongly."""
        run = self.applied.run
        with self.databases.cloned(self.shadow, f"{self.plan.database}_queue") as copy:
            return rehearse_lock_queue(self.opened.migration, run, copy, self.runner)

    @judged_durations
    @evidence
    def behaviour(self) -> Mapping[str, ProbeResult]:
        """What the plan's probes measured on the migrated copy, by name."""
        after = self.applied.database
        self.ensure(self.migrated)  # what probes write must not be taken for the migration's
        self.progress(f"probing what the migration made: {len(self.plan.probes)} probes")
        return behave(self.plan, after, self.databases, self.stopped_by())

    @evidence
    def scheduled(self) -> Scheduled:
        """What the plan's jobs did when pg_cron ran them."""
        return run_scheduled(
            self.plan, self.applied.database, self.databases, self.server, self.progress
        )

    @evidence
    def repeated(self) -> Repeated:
        """The migration a second time, on a copy of the migrated database."""
        first = self.migrated.state
        with self.databases.cloned(self.applied.database, f"{self.plan.database}_again") as copy:
            return repeat(self.opened.migration, copy, first, self.plan, self.runner)

    @judged_durations
    @evidence
    def simultaneous(self) -> Simultaneous:
        """The migration from several runners at once."""
        self.applied.run.raise_for_error()
        single = self.migrated.state
        with self.databases.cloned(self.shadow, f"{self.plan.database}_at_once") as copy:
            return run_at_once(self.opened.migration, copy, single, self.plan, self.runner)

    @evidence
    def interruptions(self) -> tuple[Interruption, ...]:
        """The migration, interrupted at every statement of a thinned copy."""
        self.applied.run.raise_for_error()
        return interrupt(
            self.opened.migration,
            self.shadow,
            self.unmigrated,
            self.databases,
            self.plan,
            self.progress,
        )

    # --- 6: performance ---------------------------------------------------------------------------

    @evidence
    def quiet_after(self) -> Database:
        """A copy of what the migration left, settled: what is as before keeps its statistics.

        A copy, so that what the suite does to it is in nothing that is compared or rolled back.
        """
        left = self.applied.database
        self.progress(f"settling a copy of {left.name}")
        after = self.databases.clone(left, f"{self.plan.database}_settled")
        settle_changes(after, left)
        return after

    @judged_timings
    @evidence
    def comparison(self) -> Comparison:
        """The workload on both sides of the migration, in pairs."""
        after = self.quiet_after
        found = measure.compare(
            self.quiet_before,
            after,
            self.workload,
            sampling_of(self.plan, self.workload, quick=self.quick),
            clones=self.clones,
            stopped_by=self.stopped_by,
            seconds=self._patient_seconds(),
            progress=self.progress,
        )
        record_comparison(self.rounds, found, self.timing_key)
        return found

    def _patient_seconds(self) -> Mapping[str, float]:
        """How long each query takes before, of those that may not take any time afterwards."""
        baseline = self.known(Run.baseline)
        if baseline is None or self.request.all_checks:
            return {}
        return {
            id_: seconds
            for id_, seconds in baseline.seconds.items()
            if not self._is_waived("performance.not_slower", id_)
        }

    @evidence
    def answered(self) -> Workload:
        """The queries that run on both sides."""
        return self.workload.without(self.comparison.failed)

    @evidence
    def timing_key(self) -> str:
        """What this run's times depend on."""
        return timing_key(self.server.facts, self.before.content, self.workload, self.plan)

    @evidence
    def committed_baseline(self) -> BaselineComparison | None:
        """What the queries touched beside the committed baseline; ``None`` if there is none."""
        if self.plan.performance.baseline is None:
            return None
        return compare_with_baseline(
            self.comparison,
            self.before.content,
            self.server.facts,
            self.plan,
            update=self.request.update_baseline,
        )

    @evidence
    def index_losses(self) -> tuple[LostIndex, ...]:
        """Queries that no index serves any longer."""
        return lost_indexes(self.shadow, self.applied.database, self.answered)

    @evidence
    def history(self) -> History | None:
        """This run beside the last stored one with the same key; ``None`` if there is none."""
        return last_run(self.rounds.storage, self.timing_key, self.comparison)

    @judged_timings
    @evidence
    def layout(self) -> Mapping[str, LayoutShare]:
        """The parts of each gain: the rewrite of the rows, and the design."""
        sides = (self.quiet_before, self.quiet_after)
        return tell_layout(sides, self.comparison, self.plan, self.clones, self.progress)

    @judged_timings
    @evidence
    def cold(self) -> Mapping[str, ColdFigures]:
        """The reading queries with a cold buffer cache."""
        sides = (self.shadow, self.applied.database)
        return measure_cold(
            sides,
            self.answered,
            sampling_of(self.plan),
            clones=self.clones,
            progress=self.progress,
        )

    @evidence
    def rewrites(self) -> Rewrites:
        """Rewritten queries beside their originals."""
        after = self.applied.database
        return prove_rewrites(
            self.shadow, after, self.answered, self.databases, self.plan, self.progress
        )

    # --- 7: simulation ----------------------------------------------------------------------------

    @judged_timings
    @evidence
    def series(self) -> Series:
        """Every later optimisation that has a migration, measured in one trial."""
        after = self.quiet_after
        return simulate(
            self.quiet_before,
            after,
            self.baseline,
            self.answered,
            self.plan,
            self.databases,
            self.clones,
            self.runner,
            quick=self.quick,
        )

    # --- 8: rollback ------------------------------------------------------------------------------

    @proven_by("rollback.snapshot")
    def dump(self) -> Dump:
        """A snapshot of the migrated copy."""
        target = self.opened.workspace / "snapshot"
        return take_dump(self.server, self.applied.database, target, self.progress)

    @evidence
    def dump_differences(self) -> tuple[str, ...]:
        """What the restored snapshot has different from what it was taken from."""
        dump, expected = self.dump, self.migrated.state
        with self.databases.created(f"{self.plan.database}_snapshot") as target:
            return restored_differences(
                self.server,
                dump,
                target,
                expected,
                self.plan,
                self.opened.workspace,
                self.progress,
            )

    @evidence
    def rollback(self) -> Script:
        """The rollback script."""
        if self.opened.rollback is None:
            raise ValidationError(
                "there is no rollback, and nothing says why",
                where=str(self.plan.migration),
                todo="put one beside it or name it with --rollback; or say why there can be none: "
                "a line '-- irreversible: REASON' in the migration, or irreversible in the plan",
            )
        return self.opened.rollback

    @evidence
    def later_writes(self) -> tuple[LaterWrite, ...]:
        """What users write between a migration and its rollback."""
        if self.plan.undo.write:
            return (LaterWrite("[undo] write", self.plan.undo.write, required=True),)
        return self._writes(wider=True)

    def _writes(self, *, wider: bool) -> tuple[LaterWrite, ...]:
        users = [LaterWrite(query.id, query.after.sql) for query in self.workload.writes]
        sides = (self.shadow, self.applied.database)
        copies = derive_later_writes(*sides, self.announced.tables, wider=wider)
        others = copies or derive_later_writes(*sides, self.before.content, wider=wider)
        return (*users, *others)

    @judged_durations
    @proven_by("rollback.clean")
    def rolled_back(self) -> RolledBack:
        """The rollback, after rows were written as users do before someone rolls back."""
        found = self._rolled_back(self.later_writes)
        if not found.run.error or found.run.canceled or self.plan.undo.write:
            return found
        # Values that only the migrated tables admit may well be refused: nothing is lost by it.
        usual = self._rolled_back(self._writes(wider=False))
        return usual if usual.run.error else replace(usual, refused=found.run.error.what)

    def _rolled_back(self, writes: Iterable[LaterWrite]) -> RolledBack:
        names = (f"{self.plan.database}_written", f"{self.plan.database}_undo")
        for name in names:
            self.databases.drop(name)
        written = self.databases.clone(self.applied.database, names[0])
        write_later_rows(written, writes)
        copy = self.databases.clone(written, names[1])
        return roll_back(
            self.rollback,
            self.shadow,
            self.unmigrated,
            self.applied,
            self.migrated.state,
            written,
            copy,
            self.announced,
            self.plan,
            self.runner,
            self._unless_waived("rollback.in_time", rollback_stop_after(self.plan.undo)),
        )

    @evidence
    def rollback_review(self) -> Review:
        """Hazards in the trace of the rollback, and what it passed over in silence."""
        back = self.rolled_back
        return review_trace(back.run, back.database, self.plan, migration=self.applied.run)

    @judged_durations
    @evidence
    def rollback_rehearsal(self) -> Rehearsal:
        """The rollback under traffic, on the copy that was migrated under traffic."""
        self.rolled_back.run.raise_for_error()
        self.rehearsal.run.raise_for_error()
        return rehearse(
            self.rollback, self.online_copy, self.traffic, self.plan, self.runner, back=True
        )

    @evidence
    def reapplied(self) -> Repeated:
        """The migration again, after its rollback."""
        return apply_again(
            self.opened.migration,
            self.unmigrated,
            self.rolled_back,
            self.announced,
            self.plan,
            self.runner,
        )

    # --- 9: sign-off ------------------------------------------------------------------------------

    def conclude(
        self, phases: Collection[int] = ALL_PHASES, *, besides: Collection[str] = ()
    ) -> Conclusion:
        """The verdict as the results stand; what never ran stands against it.

        Args:
            phases: those that count.
            besides: ids of checks of other phases that count too.
        """
        return judge(
            CHECKS,
            self.results.by_id,
            expected=self._expected(),
            terms=self._terms(),
            phases=phases,
            besides=besides,
        )

    def stopped_by(self, slower: Collection[str] = (), broken: Collection[str] = ()) -> str:
        """Id of the check that makes the verdict NO-GO, whatever else is found.

        Empty while it may still be GO, and where everything is asked for.

        Args:
            slower: queries that are found to be slower than they may be, by now.
            broken: queries that fail since the migration.
        """
        if self.request.all_checks:
            return ""
        return stopping(CHECKS, self.results.by_id, self._terms()) or next(
            (
                f"{check}.{query}"
                for check, queries in (
                    ("performance.same_results", broken),
                    ("performance.not_slower", slower if slower and not self.quick else ()),
                )
                for query in queries
                if not self._is_waived(check, query)
            ),
            "",
        )

    def _is_waived(self, check: str, item: str = "") -> bool:
        """Whether the plan accepts that a check does not pass."""
        return any(each.rule in (check, f"{check}.{item}") for each in self.plan.waivers)

    def _expected(self) -> Iterator[str]:
        for check in CHECKS:
            yield from check.result_ids(self)

    def _terms(self) -> Terms:
        comparison = self.known(Run.comparison)
        ids = {check.id for check in CHECKS}
        waivers = {each.rule: each.reason for each in self.plan.waivers}
        by_check = {
            rule: why for rule, why in waivers.items() if ".".join(rule.split(".")[:2]) in ids
        }
        reviews = [
            self.known(piece)
            for piece in (
                Run.hazards,
                Run.suppressed_errors,
                Run.clients_review,
                Run.rollback_review,
            )
        ]
        return Terms(
            not_applicable=self.results.not_applicable,
            irreversible=self.plan.irreversible,
            quick=self.known(Run.quick) or "",
            waivers=by_check,
            unused_waivers=(
                *unused_waivers(reviews, self.plan, by_check),
                *(rule for rule in by_check if self._has_passed(rule)),
            ),
            queries=self.queries,
            limits={id_: found.limit_percent for id_, found in comparison.queries.items()}
            if comparison
            else {},
        )

    def _has_passed(self, result_id: str) -> bool:
        result = self.results.by_id.get(result_id)
        return result is not None and result.status == "passed"

    @property
    def queries(self) -> tuple[QueryEvidence, ...]:
        """The queries as far as they were measured."""
        comparison = self.known(Run.comparison)
        found = to_evidence(comparison) if comparison else ()
        return with_layout(found, self.known(Run.layout) or {})

    def report(self) -> Evidence:
        """Everything found so far, with the verdict that it amounts to."""
        conclusion, quick = self.conclude(), self.known(Run.quick)
        opened, backup = self.known(Run.opened), self.known(Run.backup)
        return Evidence(
            plan=self.request.described(),
            inputs={
                **(opened.inputs if opened else {}),
                **({backup.path.name: backup.sha256} if backup else {}),
            },
            server=opened.described() if opened else {},
            started=self.started.isoformat(timespec="seconds"),
            seconds=round(time.monotonic() - self._clock, 1),
            checks=conclusion.checks,
            queries=self.queries,
            quick=bool(quick),
            verdict=conclusion.verdict,
            risk=conclusion.risk,
            reasons=conclusion.reasons,
        )

    # --- 10: rollout ------------------------------------------------------------------------------

    @judged_durations
    @evidence
    def canary(self) -> CanaryRehearsal | None:
        """The rollout, rehearsed under traffic; ``None`` where the request leaves it out."""
        if self.request.no_rehearsal:
            return None
        self.applied.run.raise_for_error()
        before, after = self.shadow, self.applied.database
        if not self.quick:
            before, after = self.quiet_before, self.quiet_after
        name = self.plan.database
        self.progress("rehearsing the rollout")
        judged = self.plan.rollout.rehearsal.judge_latency and not self.quick
        with (
            self.databases.cloned(before, f"{name}_primary") as primary,
            self.databases.cloned(after, f"{name}_canary") as canary,
            self.databases.cloned(before, f"{name}_baseline")
            if judged
            else nullcontext() as baseline,
        ):
            return rehearse_canary(
                self.server,
                primary,
                canary,
                self.opened.migration,
                self.opened.rollback,
                self.workload,
                self.announced,
                self.before.content,
                self.plan,
                self.runner,
                self.quick,
                baseline,
            )

    @proven_by("rollout.plan")
    def rollout(self) -> RolloutPlan:
        """The four weeks, with what was measured."""
        measured = Measured(
            before=self.known(Run.before),
            applied=self.known(Run.applied),
            rehearsal=self.known(Run.rehearsal),
            rolled_back=self.known(Run.rolled_back),
            canary=self.known(Run.canary),
        )
        facts = rollout_facts(
            self.report(),
            self.conclude(range(1, 10), besides=("rollout.rehearsed",)),
            measured,
            self.plan,
        )
        return rollout_plan(facts, self.plan.rollout)

    def after(self) -> After | None:
        """What production is later held against; ``None`` if the migration did not come so far."""
        before, migrated = self.known(Run.unmigrated), self.known(Run.migrated)
        applied, opened = self.known(Run.applied), self.known(Run.opened)
        if before is None or migrated is None or applied is None or opened is None:
            return None
        backup = opened.backup.path if opened.backup else None
        return after_of_run(
            self.started, backup, before, migrated, applied.run, self.known(Run.forecast)
        )

    @evidence
    def rollout_file(self) -> Path:
        """The four weeks as a page, with alert rules, triggers as SQL and dates beside it."""
        return write_handed_over(self.rollout, self.request.reports, self.started)
