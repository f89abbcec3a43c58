"""A script again, with readers and writers at work: who waited, and whether a write was lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace

from shadowgate.evidence import Figure
from shadowgate.language import nsentence, sentence
from shadowgate.migrate import STOPS_READERS, STOPS_WRITERS, LockWatch, Script, ScriptRun
from shadowgate.phases.facts import error
from shadowgate.phases.finding import Finding
from shadowgate.phases.migration.at_fault import point_at_wait
from shadowgate.phases.migration.open_sessions import StaleStatement, open_session
from shadowgate.phases.runner import Runner
from shadowgate.plan import Plan, TrafficSection
from shadowgate.queries import Query, Workload
from shadowgate.report.figures import ClientWait, LockSpan, StatementSpan, Stops, locks, waits
from shadowgate.server import Database
from shadowgate.traffic import (
    Breach,
    Traffic,
    WaitReport,
    judge_waits,
    report_waits,
)
from shadowgate.traffic.acknowledged import BATCH, AcknowledgedWrites
from shadowgate.traffic.load import TIMEOUT_SECONDS, WRITTEN, key_of
from shadowgate.traffic.pace import measure_paces

SWITCH_SECONDS = 5.0
"""How long clients may take after a script to notice that their tables have other names."""

_ROLLED_BACK = "BEGIN;\n{}\n;\nSET CONSTRAINTS ALL IMMEDIATE;\nROLLBACK"
_SHOWN = 10
"""Lost rows that are named."""


@dataclass(frozen=True)
class Rehearsal:
    """The migration again, on another copy, with readers and writers at work."""

    run: ScriptRun
    waits: WaitReport
    breaches: tuple[Breach, ...]
    acknowledged: int
    """Rows whose writes were acknowledged; 0 where the plan does not ask."""
    lost: tuple[str, ...]
    """Those that are not there afterwards as they were acknowledged, a sentence each."""
    prepared: int
    """Statements that a session has prepared before and executed again afterwards."""
    stale: tuple[StaleStatement, ...]
    """Those of them that only a new session can execute."""
    slowed: tuple[str, ...]
    """What was asked less often than planned, a sentence each."""

    @property
    def grounds(self) -> tuple[set[str], ...]:
        """What explains each breach: requests may fail for a reason that others meet too."""
        states = [state for kind in self.waits.kinds for state in kind.errors]
        refusals = tuple({error(state)} for state in states)
        others = tuple(set[str]() for breach in self.breaches if breach.about != "errors")
        return (*others, *refusals)


def traffic_of(asked: TrafficSection, workload: Workload) -> TrafficSection:
    """Traffic as a plan says; of kinds that it does not name, what the workload asks.

    The workload's writes are rolled back, as they are where they are timed: many can be executed
    only once, such as an insert with a key of its own.
    """
    alone = [query for query in workload.queries if not query.role and not query.values]
    reads = asked.reads or tuple(query.sql for query in alone if query.kind == "read")
    writes = asked.writes or tuple(
        _ROLLED_BACK.format(query.sql) for query in alone if query.kind == "write"
    )
    return replace(
        asked,
        reads=reads,
        writes=writes,
        readers=asked.readers if reads else 0,
        writers=asked.writers if writes else 0,
    )


def rehearse(
    script: Script,
    copy: Database,
    traffic: TrafficSection,
    plan: Plan,
    runner: Runner,
    *,
    queries: Sequence[Query] = (),
    back: bool = False,
) -> Rehearsal:
    """Apply the script while readers and writers work; tell how long they waited, what they lost.

    Args:
        script: the migration, or its rollback.
        copy: a copy of the shadow; for the rollback, the one that was migrated under traffic.
        traffic: what clients ask.
        plan: has the budgets.
        runner: applies the script.
        queries: of the workload; a session that is open all the while has them prepared.
        back: whether clients begin with what they say after the migration.
    """
    if back:
        traffic = traffic.reversed()
    runner.progress(f"traffic: {traffic.readers} readers, {traffic.writers} writers")
    paces = measure_paces(copy, traffic, timeout_seconds=TIMEOUT_SECONDS)
    load = Traffic(copy, traffic, paces=paces)
    with open_session(copy, queries) as session, closing(load.acknowledged) as acknowledged:
        with load:
            load.wait_until_steady()
            run = runner.run(script, copy, LockWatch(copy))
            if not run.error:
                load.wait_until_switched_over(SWITCH_SECONDS)
        stale = () if run.error else session.stale()
        kept, count = (traffic.after or traffic).kept, acknowledged.count(WRITTEN)
        lost = tuple(_lost(copy, kept, acknowledged)) if count and not run.error else ()
    waits = report_waits(load, run)
    return Rehearsal(
        run,
        waits,
        judge_waits(waits, plan.locks),
        count,
        lost,
        session.prepared,
        stale,
        paces.slowed,
    )


def _lost(database: Database, kept: str, acknowledged: AcknowledgedWrites) -> Iterator[str]:
    """Acknowledged writes that are not there, or not as they were acknowledged.

    Args:
        database: where they should be.
        kept: a query for all rows that are there.
        acknowledged: what is found there is forgotten.
    """
    with (
        database.connect() as connection,
        connection.transaction(),
        connection.cursor("kept") as cursor,
    ):
        cursor.execute(kept.encode())
        while rows := cursor.fetchmany(BATCH):
            there = {key_of(row): row for row in rows}
            written = acknowledged.of(WRITTEN, there)
            yield from (
                sentence(
                    "{row} was acknowledged to a writer, {found} is there",
                    row=row,
                    found=there[key],
                )
                for key, row in written.items()
                if row != there[key]
            )
            acknowledged.forget(WRITTEN, written)
    for rest in acknowledged.batches(WRITTEN):
        yield from (
            sentence("{row} was acknowledged to a writer, nothing is there", row=row)
            for row in rest.values()
        )


def judge_waiting(online: Rehearsal, plan: Plan, finding: Finding) -> None:
    """Write down the longest waits, show who waited for what, and require the plan's budgets.

    Raises:
        CheckFailed: somebody waited longer than the plan allows, or got an error.
        MigrationError: the script failed under traffic.
    """
    measured = {f"{kind.kind}_ms": round(kind.longest_wait_ms) for kind in online.waits.kinds}
    errors = sum(kind.error_count for kind in online.waits.kinds)
    finding.note(measured | {"errors": errors}, asdict(plan.locks) | {"errors": 0})
    finding.show(*online.waits.tables())
    finding.say(*online.slowed)
    if online.waits.waits:
        finding.show(waits_figure(online, plan))
    finding.show(*lock_figures(online.run, online))
    online.run.raise_for_error()
    finding.stands_on(*online.grounds)
    if online.breaches:
        point_at_wait(finding, online.run.script, online.waits.longest)
    finding.require(not online.breaches, [breach.detail for breach in online.breaches])


def judge_acknowledged(online: Rehearsal, finding: Finding) -> None:
    """Require that no acknowledged write is lost.

    Raises:
        CheckFailed: a row is not there, or not as it was acknowledged.
        CheckInconclusive: no write was acknowledged.
        MigrationError: the script failed under traffic.
    """
    finding.note(
        nsentence(
            "{lost:,} of {n:,} acknowledged write lost",
            "{lost:,} of {n:,} acknowledged writes lost",
            online.acknowledged,
            lost=len(online.lost),
        ),
        0,
    )
    online.run.raise_for_error()
    finding.require(not online.lost, online.lost[:_SHOWN])
    finding.require_decided(online.acknowledged > 0, "no write was acknowledged")


def waits_figure(online: Rehearsal, plan: Plan) -> Figure:
    """Draw when readers and writers waited while the statements ran."""
    return waits(
        statement_spans(online.run),
        _client_waits(online),
        reader_limit_ms=plan.locks.reader_ms,
        writer_limit_ms=plan.locks.writer_ms,
    )


def lock_figures(run: ScriptRun, online: Rehearsal | None = None) -> tuple[Figure, ...]:
    """Draw when a watched run held which locks, and who waited for them where there was traffic."""
    spans = [
        LockSpan(
            lock.relation, lock.mode, _stops(lock.mode), lock.statement, lock.since, lock.until
        )
        for lock in run.locks
        if lock.existed
    ]
    drawn = locks(statement_spans(run), spans, _client_waits(online) if online else ())
    return (drawn,) if drawn else ()


def statement_spans(run: ScriptRun) -> list[StatementSpan]:
    """When each statement ran, its commit included."""
    return [
        StatementSpan(each.statement.excerpt, each.started, each.ended + each.commit_seconds)
        for each in run.runs
    ]


def _client_waits(online: Rehearsal) -> list[ClientWait]:
    return [
        ClientWait(w.kind, w.since - online.run.origin, w.seconds * 1e3, w.blocker, w.target)
        for w in online.waits.waits
    ]


def _stops(mode: str) -> Stops:
    if mode in STOPS_READERS:
        return "everyone"
    return "writers" if mode in STOPS_WRITERS else "nobody"
