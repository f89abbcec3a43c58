"""Checks of phase 5: the migration does what its plan says, nothing else, and stops nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from shadowgate.catalogue import Deviation
from shadowgate.evidence import Figure
from shadowgate.language import joined, nsentence, sentence
from shadowgate.migrate import (
    Interruption,
    ProbeResult,
    Review,
    interruptions_table,
    is_one_transaction,
)
from shadowgate.migrate.clients import Refusals
from shadowgate.phases.check import check
from shadowgate.phases.facts import (
    RUNS_AGAIN,
    WRITES_ACCEPTED,
    content_of,
    error,
    refused,
    rows_of,
)
from shadowgate.phases.finding import Finding
from shadowgate.phases.items import PROBES
from shadowgate.phases.migration.announced import Announced
from shadowgate.phases.migration.at_fault import (
    altered,
    point_at_interruptions,
    point_at_locks,
    point_at_objects,
    point_at_rows,
    point_at_wait,
    wrote,
)
from shadowgate.phases.migration.changes import Migrated
from shadowgate.phases.migration.forecast import Forecast, judge_forecast
from shadowgate.phases.migration.interruption import is_atomic
from shadowgate.phases.migration.jobs import Scheduled
from shadowgate.phases.migration.lock_queue import allowed_wait_ms
from shadowgate.phases.migration.locks import longest_locks, over_budget
from shadowgate.phases.migration.rehearsal import (
    Rehearsal,
    judge_acknowledged,
    judge_waiting,
    lock_figures,
)
from shadowgate.phases.migration.repetition import Repeated, judge_repetition
from shadowgate.phases.migration.review import judge_review
from shadowgate.phases.migration.simultaneous import Simultaneous, judge_simultaneous
from shadowgate.phases.restore.state import State
from shadowgate.phases.results import Needless
from shadowgate.phases.runner import Applied
from shadowgate.plan import Plan
from shadowgate.traffic.long_transactions import (
    LongTransactionRehearsal,
    judge_long_transaction,
    long_transactions_table,
    strongly_locked,
)

if TYPE_CHECKING:
    from shadowgate.phases.run import Run


def has_traffic(run: Run) -> str:
    """Whether there is anything that readers or writers could ask."""
    if run.traffic.reads or run.traffic.writes:
        return ""
    return "there is no traffic: the plan and the workload name no query"


def asks_for_acknowledged_writes(run: Run) -> str:
    """Whether the plan has a query for the writes that were acknowledged."""
    return "" if run.plan.traffic.kept else "the plan has no query for acknowledged writes"


def _clients_are_known(run: Run) -> str:
    if run.plan.workload.queries is None:
        return "which statements the clients prepare is not known: the workload is a derived one"
    return has_traffic(run)


def _is_smaller_than_production(run: Run) -> str:
    if not run.opened.production:
        return "how many rows production has is not known ([production] rows, --production)"
    if not run.larger:
        return "the shadow has about as many rows as production"
    return ""


def _locks_strongly(run: Run) -> str:
    if strongly_locked(run.applied.run):
        return ""
    return "the script takes no lock that stops writers on a table that was there"


def _is_run_again(run: Run) -> str:
    if not is_atomic(run.opened.migration, run.plan):
        return ""
    if run.plan.runner.transaction == "file":
        return "the runner applies it in one transaction: a failure leaves nothing to run again"
    if is_one_transaction(run.opened.migration):
        return "it is one transaction: a failure leaves nothing to run again"
    return (
        "nothing says that its runner applies it statement by statement ([runner] transaction in a "
        "plan); in one transaction a failure leaves nothing to run again"
    )


def _several_apply_it(run: Run) -> str:
    if run.plan.runner.instances > 1:
        return ""
    return "one runner applies it at a time ([runner] instances in a plan)"


def _has_jobs(run: Run) -> str:
    return "" if run.plan.jobs else "the plan has no jobs"


def _require_none(wrong: Sequence[Deviation], applied: Applied, finding: Finding) -> None:
    """Point at what changed unannounced, and require that nothing has."""
    point_at_objects(finding, applied.run.script, wrong)
    finding.require_none(list(map(str, wrong)))


@check(
    "migration.applied",
    remedy="Mend the statement named; the detail says what was already committed.",
)
def script_runs(applied: Applied, finding: Finding) -> None:
    """The script runs to its end without an error.

    A migration that fails half-way leaves production in a state nobody tested.
    """
    run = applied.run
    total = len(run.script.statements)
    finding.note(
        {"statements": len(run.committed), "seconds": round(run.seconds, 1)},
        {"statements": total},
    )
    finding.say(*(f"NOTICE: {text}" for text in applied.notices))
    finding.show(*run.tables())
    run.raise_for_error()


@check(
    "migration.lock_budget",
    remedy="Split the work, set lock_timeout, do the long part before the strong lock.",
)
def locks_are_short(applied: Applied, plan: Plan, finding: Finding) -> None:
    """No lock that stops readers or writers is held for longer than the plan allows.

    A lock that stops readers or writers for long is an outage.
    """
    locks, budget = longest_locks(applied.run), plan.locks
    finding.note(
        {"reader_ms": round(locks.reader_ms), "writer_ms": round(locks.writer_ms)}, asdict(budget)
    )
    finding.show(*lock_figures(applied.run))
    over = over_budget(locks, budget)
    if over:
        point_at_locks(finding, applied.run.script, {locks.readers, locks.writers})
    finding.require(not over, over)


@check(
    "migration.objects",
    remedy="Create what is missing, or take it out of the plan's [creates].",
)
def announced_objects_are_there(
    migrated: Migrated, announced: Announced, applied: Applied, finding: Finding
) -> None:
    """Every announced object is there, and what the migration leaves is sound.

    A script can end without an error and without its objects.

    Raises:
        CheckInconclusive: a routine may be broken, and this server cannot look into it.
    """
    wrong = [*map(str, migrated.deviations.missing), *migrated.oddities, *migrated.unsound]
    finding.say(*migrated.deviations.expected)
    if migrated.unread:
        finding.say(
            nsentence(
                "{n} routine or trigger in PL/pgSQL was not looked into: this server has no"
                " plpgsql_check",
                "{n} routines and triggers in PL/pgSQL were not looked into: this server has no"
                " plpgsql_check",
                migrated.unread,
            )
        )
    finding.show(*announced.tables_of_evidence(), *migrated.differences())
    finding.show(migrated.changes_table())
    point_at_objects(finding, applied.run.script, migrated.deviations.missing)
    finding.require_none(wrong)
    finding.require_decided(not migrated.in_doubt, migrated.in_doubt)


@check(
    "migration.schema_unchanged",
    remedy="Undo the change in the migration, or declare it in a plan: shadowgate plan writes one "
    "from a trial run.",
)
def nothing_else_in_the_schema_changed(
    migrated: Migrated, applied: Applied, finding: Finding
) -> None:
    """Nothing else in the schema changed.

    A migration must do what its plan says and nothing else.
    """
    finding.breaks(migrated.broken("schema"))
    finding.where = altered(applied.run, migrated.relations_of("schema"))
    _require_none(migrated.unexpected("schema"), applied, finding)


@check(
    "migration.indexes_valid",
    remedy="Drop the invalid index (DROP INDEX CONCURRENTLY) and build it again.",
)
def no_index_is_invalid(migrated: Migrated, before: State, finding: Finding) -> None:
    """No index that was valid, or was not there, is invalid after the migration.

    An invalid index is kept up by every write and used by no query; a unique one enforces nothing.
    """
    invalid = sorted(migrated.state.invalid_indexes - before.invalid_indexes)
    finding.note(len(invalid), 0)
    finding.require(not invalid, sentence("invalid: {indexes}", indexes=", ".join(invalid)))


@check(
    "migration.privileges_unchanged",
    remedy="Undo the change in the migration, or say that it is meant: in the plan, or above the "
    "statement in a comment, -- shadowgate: announce privileges: reason.",
)
def no_privilege_changed(migrated: Migrated, applied: Applied, finding: Finding) -> None:
    """No privilege, owner, policy or role changed.

    One privilege, owner or policy more is a security hole; one less is an outage.
    """
    finding.breaks(migrated.broken("privileges"))
    _require_none(migrated.unexpected("privileges"), applied, finding)


@check("migration.settings_unchanged", remedy="RESET it at the end of the migration.")
def no_setting_changed(migrated: Migrated, applied: Applied, finding: Finding) -> None:
    """No setting of the server, the database or a role changed.

    A setting left on the database or a role outlives the migration unseen.
    """
    _require_none(migrated.unexpected("settings"), applied, finding)


@check(
    "migration.data_unchanged",
    remedy="Compare the rows named in the restored backup and in the migrated copy.",
)
def no_row_changed(
    migrated: Migrated, applied: Applied, maps: tuple[Figure, ...], finding: Finding
) -> None:
    """Every row of every table is as it was, in whichever partition it lies now.

    Not one row may be lost, doubled or altered.
    """
    content, wrong = migrated.content, migrated.content.sentences()
    finding.note(len(wrong), 0)
    finding.say(
        nsentence(
            "{n:,} row compared by fingerprint over every column from before",
            "{n:,} rows compared by fingerprint over every column from before",
            content.rows,
        )
    )
    finding.say(*map(str, content.left_out))
    finding.show(*maps)
    finding.breaks(rows_of(rows.table) for rows in content.differing)
    finding.where = wrote(applied.run, [rows.table for rows in content.differing])
    finding.stands_on(*(content_of(rows.table) for rows in content.differing))
    finding.stands_on(*(set() for _ in content.unknown))
    for rows in content.differing:
        point_at_rows(finding, applied.run.script, rows.table, joined("; ", rows.sentences()))
    finding.require(not content, wrong)


@check(
    "migration.hazards",
    remedy="Follow the workaround named, or waive the rule in the plan with a reason.",
)
def no_known_hazard(hazards: Review, finding: Finding) -> None:
    """No known hazard shows in the script, in its locks or in what it rewrote.

    Known ways to hurt a busy database show in the script and in its trace.
    """
    judge_review(hazards, finding)


@check(
    "migration.silence",
    remedy="Mend the statement, or waive the rule in the plan with a reason.",
)
def nothing_is_passed_over_in_silence(suppressed_errors: Review, finding: Finding) -> None:
    """No warning, no skipped creation and no swallowed exception went by.

    IF NOT EXISTS that was skipped and a swallowed exception look like success.
    """
    judge_review(suppressed_errors, finding)


@check(
    "migration.clients",
    remedy="Keep what clients need until they no longer do; where they are changed first, say so: "
    "-- shadowgate: allow RULE: reason, above the statement.",
)
def clients_go_on(refusals: Refusals, clients_review: Review, finding: Finding) -> None:
    """What clients write, and what they read from views, works after the migration as before.

    A default that is gone, a check or an index that is not what it was: the schema looks right, and
    the application that is deployed today is refused.
    """
    tried = refusals
    finding.say(
        sentence(
            "rows inserted into {written} of {tables} tables, on both sides",
            written=tried.written,
            tables=tried.tables,
        ),
        *(sentence("not inserted: {why}", why=why) for why in tried.untried),
    )
    if clients_review.open:
        finding.breaks({WRITES_ACCEPTED})
        for each in tried.refusals:
            finding.breaks({error(each.sqlstate), refused(each.table, each.sqlstate)})
    judge_review(clients_review, finding)


@check(
    "migration.production_size",
    remedy="Do the long part without the lock (CONCURRENTLY, NOT VALID and VALIDATE, in batches); "
    "where it is not decided, take a larger backup.",
    applies=_is_smaller_than_production,
)
def production_is_not_stopped_either(
    forecast: Forecast, applied: Applied, finding: Finding
) -> None:
    """With as many rows as production has, no lock is held for longer, and no more is written.

    What takes a moment on a small backup takes hours on a large table.
    """
    judge_forecast(forecast, applied.run.script, finding)


@check(
    "migration.waiting",
    remedy="Shorten the step that the detail names as the blocker.",
    applies=has_traffic,
)
def nobody_waits_long(rehearsal: Rehearsal, plan: Plan, finding: Finding) -> None:
    """Readers and writers at work meanwhile waited no longer than the plan allows.

    What counts is how long a reader and a writer really waited while it ran.
    """
    judge_waiting(rehearsal, plan, finding)


@check(
    "migration.open_sessions",
    remedy="Name the columns in the query, or let the clients prepare it anew: many drivers do.",
    required=False,
    applies=_clients_are_known,
)
def open_sessions_go_on(rehearsal: Rehearsal, finding: Finding) -> None:
    """What a session prepared before the migration it can execute after it, as a new one can.

    The application keeps its connections, plans included: ``SELECT *`` of a table with a new column
    fails in them (cached plan must not change result type) until it is prepared anew.
    """
    wrong = [str(one) for one in rehearsal.stale]
    finding.note({"statements": rehearsal.prepared, "refused": len(wrong)}, {"refused": 0})
    rehearsal.run.raise_for_error()
    finding.require(not wrong, wrong)


@check(
    "migration.lock_queue",
    remedy="SET lock_timeout to a second or two before the statement, and run it again when it "
    "gives up.",
    applies=_locks_strongly,
)
def queue_behind_a_report_is_short(
    lock_queue: LongTransactionRehearsal, applied: Applied, finding: Finding
) -> None:
    """With a long report open on what the script locks, nobody waits as long as the report.

    Most migrations are over in an instant; the outage comes when one has to wait for its lock and
    everybody else queues behind it.
    """
    limit = allowed_wait_ms(applied.run)
    finding.note(
        {f"{kind}_ms": round(waited) for kind, waited in lock_queue.longest_wait_ms.items()},
        {"longest_ms": round(limit)},
    )
    finding.say(lock_queue.outcome)
    finding.show(long_transactions_table([lock_queue]))
    breaches = judge_long_transaction(lock_queue, limit)
    if breaches:
        point_at_wait(finding, applied.run.script, lock_queue.longest)
    finding.require(not breaches, [breach.detail for breach in breaches])


@check(
    "migration.writes_kept",
    remedy="See how the rows named were written, and what the migration does with such writes.",
    applies=asks_for_acknowledged_writes,
)
def acknowledged_writes_are_kept(rehearsal: Rehearsal, finding: Finding) -> None:
    """No acknowledged write of the writers at work meanwhile is lost.

    A row written while the migration copies can be lost without an error.
    """
    judge_acknowledged(rehearsal, finding)


@check(
    "migration.behaviour",
    remedy="See what the probe measured against what it expects.",
    items=PROBES,
)
def objects_work(
    behaviour: Mapping[str, ProbeResult], probe: str, plan: Plan, finding: Finding
) -> None:
    """What the migration made does its work.

    That an object exists does not say that it works.
    """
    result = behaviour[probe]
    finding.note(result.measured, result.expected)
    finding.say(next(section.claim for section in plan.probes if section.name == probe))
    if result.cut_short_by:
        raise Needless(result.cut_short_by)
    finding.require(result.passed, result.detail)


@check(
    "migration.scheduled",
    remedy="See pg_cron's own record of the runs in the detail.",
    applies=_has_jobs,
)
def jobs_run(scheduled: Scheduled, plan: Plan, finding: Finding) -> None:
    """pg_cron itself runs what the migration schedules, and it does its work.

    A job can be scheduled and never run, or fail each time where nobody looks.
    """
    finding.say(*(job.claim for job in plan.jobs))
    finding.require_decided(not scheduled.unavailable, scheduled.unavailable)
    finding.note(
        {result.name: result.measured for result in scheduled.results},
        {result.name: result.expected for result in scheduled.results},
    )
    finding.show(*scheduled.runs)
    wrong = [
        sentence("{name}: {what}", name=found.name, what=found.detail)
        for found in scheduled.results
        if not found.passed
    ]
    finding.require(not wrong, wrong)


@check(
    "migration.repeatable",
    remedy="Guard each step so that it does nothing when it is already done.",
    applies=_is_run_again,
)
def a_second_run_changes_nothing(repeated: Repeated, finding: Finding) -> None:
    """Running the script a second time succeeds and changes nothing.

    A deployment that is retried applies the script a second time.
    """
    finding.breaks({RUNS_AGAIN})
    judge_repetition(repeated, finding)


@check(
    "migration.simultaneous",
    remedy="Take a lock at the beginning (pg_advisory_lock); the second run then finds all done.",
    applies=_several_apply_it,
)
def several_runs_at_once_leave_one_result(simultaneous: Simultaneous, finding: Finding) -> None:
    """Applied from several runners at once, one succeeds and the result is that of a single run.

    Servers that migrate when they start do it together after a deployment.
    """
    judge_simultaneous(simultaneous, finding)


@check(
    "migration.interruptible",
    remedy="Guard each step so that a second run completes what the first left.",
)
def an_interrupted_run_can_be_completed(
    interruptions: tuple[Interruption, ...], applied: Applied, finding: Finding
) -> None:
    """Interrupted at any statement, it leaves nothing that running it again does not complete.

    Connections break and machines restart in the middle of a deployment.
    """
    broken = [found for found in interruptions if found.outcome == "broken"]
    finding.note(
        nsentence(
            "{broken} of {n} interruption",
            "{broken} of {n} interruptions",
            len(interruptions),
            broken=len(broken),
        ),
        0,
    )
    finding.show(interruptions_table(interruptions))
    finding.stands_on(*({RUNS_AGAIN} for _ in broken))
    point_at_interruptions(finding, applied.run.script, broken)
    finding.require(bool(interruptions), "nothing was interrupted")
    finding.require(
        not broken,
        [
            # TRANSLATORS: {name} is what was looked at, {what} what is wrong with it
            sentence("{name}: {what}", name=str(found.point), what=found.detail)
            for found in broken
        ],
    )
