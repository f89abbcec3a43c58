"""What if a long transaction is at a table when a fast migration comes?

An ``ALTER TABLE`` of two milliseconds waits for every transaction that has read the table, and
while it waits, all that come after it wait too: they stand behind it in the lock queue, though
they would not disturb the one that holds the lock. Nothing of that shows on an idle copy. So a
transaction is opened first, then the script is applied while readers and writers go on asking.
"""

from __future__ import annotations

import math
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Literal

import psycopg
from psycopg import sql

from shadowgate.errors import UsageError
from shadowgate.evidence import Table
from shadowgate.language import nsentence, sentence
from shadowgate.migrate.results import APPLICATION_NAME, STOPS_WRITERS, ScriptRun
from shadowgate.plan import TrafficSection
from shadowgate.server.base import Connection, Database
from shadowgate.traffic.budget import Breach
from shadowgate.traffic.load import Traffic
from shadowgate.traffic.waits import KINDS, Wait, WaitReport, report_waits

Holder = Literal["report", "writer", "idle"]
Ending = Literal["applied", "gave up", "failed"]

HOLDERS: tuple[Holder, ...] = ("report", "writer", "idle")
HOLD_SECONDS = 4.0
LONGEST_WAIT_MS = 1000.0
"""What a request may stand in the queue: as long as a cautious ``lock_timeout``."""

_WORDS: Mapping[Holder, str] = {
    "report": sentence("a report"),
    "writer": sentence("an open transaction with a locked row"),
    "idle": sentence("a session idle in a transaction"),
}
_SLACK_MS = 250.0
"""A lock timeout ends a wait no sooner than it is noticed, and a busy machine notices late."""
_APPLICATION_NAME = "shadowgate long transaction"
_LOCK_TIMEOUT = "SQLSTATE 55P03"
_ASK_PER_SECOND = 20.0
_MOST_SESSIONS = 8
_POLL_SECONDS = 0.05
_BLOCKERS_SQL = """
SELECT DISTINCT pg_catalog.unnest(pg_catalog.pg_blocking_pids(pid))
FROM pg_catalog.pg_stat_activity
WHERE application_name = %s AND datname = pg_catalog.current_database()
"""
_READ_SQL = "SELECT 1 FROM {} LIMIT 1"
_HOLD_ROW_SQL = "SELECT 1 FROM {} LIMIT 1 FOR UPDATE"
# The lock of a writer, without a trigger or a row. Two statements in one text are a transaction.
_WRITE_SQL = "LOCK TABLE {} IN ROW EXCLUSIVE MODE; SELECT 1"


@dataclass(frozen=True)
class LongTransactionRehearsal:
    """What a script and its neighbours felt of one long transaction. Times in milliseconds."""

    holder: Holder
    relations: tuple[str, ...]
    """Tables that the long transaction was at."""
    hold_seconds: float
    """For how long it was open, at most."""
    longest_wait_ms: Mapping[str, float]
    """``reader`` and ``writer`` -> how long one of them waited behind the script, at most."""
    longest: Wait | None
    """The longest of these waits: on which relation, behind which statement."""
    resolution_ms: float
    """Shorter waits may have gone unseen, and a wait is too long by that at most."""
    ended: Ending
    """``gave up``: its last attempt ran into ``lock_timeout``."""
    retries: int
    seconds: float
    """How long the script took."""
    error: str = ""

    @property
    def blocked_by(self) -> str:
        """Behind what the longest wait was, in words; empty if nobody waited."""
        if self.longest is None:
            return ""
        return sentence(
            # TRANSLATORS: a statement that others wait behind, for a lock on a relation
            "{statement}, for {lock} on {relation}",
            statement=self.longest.blocker or sentence("the migration"),
            lock=self.longest.mode,
            relation=self.longest.target,
        )

    @property
    def outcome(self) -> str:
        """How the script ended, in words."""
        retries = nsentence(" after {n} retry", " after {n} retries", self.retries)
        values: dict[str, Any] = {
            "retried": retries if self.retries else "",
            "seconds": self.seconds,
        }
        # TRANSLATORS: of a script; {retried} is empty, or " after 3 retries"
        match self.ended:
            case "applied":
                return sentence("applied{retried} in {seconds:.1f} s", **values)
            case "gave up":
                return sentence("gave up by lock_timeout{retried} in {seconds:.1f} s", **values)
            case "failed":
                return sentence("failed{retried} in {seconds:.1f} s", **values)


def strongly_locked(run: ScriptRun) -> tuple[str, ...]:
    """Tables that were there before and that a watched run locked against writers or everyone.

    Not those that it drops for good: who waits for one waits for the answer that it is gone.
    """
    tables = {item.name for item in run.relations if item.kind in ("r", "p")} - run.gone
    locked = [*run.locks, *run.awaited]
    return tuple(
        dict.fromkeys(
            lock.relation
            for lock in locked
            if lock.existed and lock.mode in STOPS_WRITERS and lock.relation in tables
        )
    )


def rehearse_long_transaction(
    database: Database,
    relations: Sequence[str],
    migrate: Callable[[], ScriptRun],
    *,
    holder: Holder = "report",
    hold_seconds: float = HOLD_SECONDS,
) -> LongTransactionRehearsal:
    """Apply a script while a transaction holds locks on tables, and measure who waits how long.

    Args:
        database: a copy of its own for this rehearsal: the script is applied to it.
        relations: tables as ``regclass`` spells them: those that the script locks, as
            :func:`strongly_locked` tells.
        migrate: applies the script to the database in this process, with the retries and settings
            that the real roll-out has.
        holder: what the long transaction is: a ``report`` has read the tables and is busy, a
            ``writer`` holds a row of each, an ``idle`` one has read them and does nothing.
        hold_seconds: how long the script is kept waiting for each table; less where it gives up.

    Raises:
        UsageError: no table is given.
        ServerError: a session that watched was lost.
        psycopg.Error: a table cannot be read.
    """
    if not relations:
        raise UsageError(
            "a long transaction at no table holds up nobody",
            todo="name the tables that the script locks; skip the rehearsal if it locks none",
        )
    sessions = min(2 * len(relations), _MOST_SESSIONS)
    settings = TrafficSection(
        reads=tuple(_READ_SQL.format(name) for name in relations),
        writes=tuple(_WRITE_SQL.format(name) for name in relations),
        readers=sessions,
        writers=sessions,
        reads_per_second=_ASK_PER_SECOND,
        writes_per_second=_ASK_PER_SECOND,
    )
    with Traffic(database, settings, timeout_seconds=hold_seconds + 30) as traffic:
        traffic.wait_until_steady()
        with _open_transactions(database, relations, holder, hold_seconds):
            run = migrate()
    return rehearsal_of(run, report_waits(traffic, run), holder, tuple(relations), hold_seconds)


def rehearsal_of(
    run: ScriptRun,
    report: WaitReport,
    holder: Holder,
    relations: tuple[str, ...],
    hold_seconds: float,
) -> LongTransactionRehearsal:
    """Put together what a run and the sessions beside it felt. Pure."""
    error = "" if run.error is None else str(run.error.what)
    known = {item.kind: item.longest_wait_ms for item in report.kinds}
    return LongTransactionRehearsal(
        holder=holder,
        relations=relations,
        hold_seconds=hold_seconds,
        longest_wait_ms={kind: known.get(kind, 0.0) for kind in KINDS},
        longest=report.waits[0] if report.waits else None,
        resolution_ms=report.resolution_ms,
        ended=_ending(error),
        retries=len(run.retries),
        seconds=run.seconds,
        error=error,
    )


def judge_long_transaction(
    rehearsal: LongTransactionRehearsal, longest_wait_ms: float = LONGEST_WAIT_MS
) -> tuple[Breach, ...]:
    """List the kinds that stood in the lock queue for too long; empty if none did. Pure.

    A script that gives up by its ``lock_timeout`` has held up nobody for longer than that, and is
    no breach. One that failed for another reason proves nothing, which is.
    """
    return (*_waits(rehearsal, longest_wait_ms), *_failure(rehearsal))


def long_transactions_table(rehearsals: Iterable[LongTransactionRehearsal]) -> Table:
    """The rehearsals as a table of evidence."""
    columns = (
        "with",
        "at",
        "for s, at most",
        "longest wait of a reader ms",
        "of a writer ms",
        "behind",
        "the script",
    )
    rows = tuple(
        (
            _WORDS[item.holder],
            ", ".join(item.relations),
            f"{item.hold_seconds:g}",
            *(f"{item.longest_wait_ms[kind]:.0f}" for kind in KINDS),
            item.blocked_by,
            item.outcome,
        )
        for item in rehearsals
    )
    return Table("Long transactions in the way of the script", columns, rows)


def _waits(rehearsal: LongTransactionRehearsal, limit: float) -> Iterator[Breach]:
    for kind, waited in rehearsal.longest_wait_ms.items():
        if waited - rehearsal.resolution_ms > limit + _SLACK_MS:
            yield Breach(f"{kind} wait", waited, limit, _advice(rehearsal, kind, waited, limit))


def _advice(rehearsal: LongTransactionRehearsal, kind: str, waited: float, limit: float) -> str:
    longest = rehearsal.longest
    target = longest.target if longest else ", ".join(rehearsal.relations)
    values: dict[str, Any] = {
        "holder": _WORDS[rehearsal.holder],
        "held": rehearsal.hold_seconds,
        "target": target,
        "statement": (longest.blocker if longest else "") or sentence("the migration"),
        "waited": waited / 1000,
        "limit": limit / 1000,
    }
    if kind == "reader":
        return sentence(
            "With {holder} of {held:g} s on {target}, {statement} waits in the lock queue, and "
            "every reader behind it waits too: up to {waited:.1f} s; {limit:g} s is the limit. Set "
            "lock_timeout to a second or two before the statement, and try again when it runs out.",
            **values,
        )
    return sentence(
        "With {holder} of {held:g} s on {target}, {statement} waits in the lock queue, and every "
        "writer behind it waits too: up to {waited:.1f} s; {limit:g} s is the limit. Set "
        "lock_timeout to a second or two before the statement, and try again when it runs out.",
        **values,
    )


def _failure(rehearsal: LongTransactionRehearsal) -> Iterator[Breach]:
    if rehearsal.ended == "failed":
        detail = sentence(
            "With {holder} in the way the script failed: {error}",
            holder=_WORDS[rehearsal.holder],
            error=rehearsal.error,
        )
        yield Breach("evidence", 0, 1, detail)


def _ending(error: str) -> Ending:
    if not error:
        return "applied"
    return "gave up" if _LOCK_TIMEOUT in error else "failed"


@contextmanager
def _open_transactions(
    database: Database, relations: Sequence[str], holder: Holder, seconds: float
) -> Iterator[None]:
    """Keep transactions open on relations until the script has met each, or the block is left.

    One for each relation, as far as there are sessions: a script that waits for its first table
    until a report ends would find no report on its second one.
    """
    over = threading.Event()
    with ExitStack() as stack:
        transactions: list[Connection] = []
        for number in range(min(len(relations), _MOST_SESSIONS)):
            connection = database.connect(application_name=_APPLICATION_NAME)
            stack.callback(connection.close)
            connection.execute("BEGIN")
            for name in relations[number::_MOST_SESSIONS]:
                _be_at(connection, name, holder)
            transactions.append(connection)
        watching = stack.enter_context(database.connect(application_name=_APPLICATION_NAME))
        letting_go = threading.Thread(
            target=_let_go, args=(transactions, watching, seconds, over), name=_APPLICATION_NAME
        )
        letting_go.start()
        try:
            yield
        finally:
            over.set()
            letting_go.join()


def _be_at(connection: Connection, name: str, holder: Holder) -> None:
    # The name comes from regclass, so it is quoted already.
    relation = sql.SQL(name)
    if holder == "writer":
        connection.execute(sql.SQL("LOCK TABLE {} IN ROW EXCLUSIVE MODE").format(relation))
        connection.execute(sql.SQL(_HOLD_ROW_SQL).format(relation))
    elif holder == "report":  # an open cursor keeps its snapshot, as a query that is running does
        cursor = sql.Identifier(f"report_{uuid.uuid4().hex[:8]}")
        query = sql.SQL(_READ_SQL).format(relation)
        connection.execute(sql.SQL("DECLARE {} CURSOR FOR {}").format(cursor, query))
        connection.execute(sql.SQL("FETCH FORWARD 0 FROM {}").format(cursor))
    else:
        connection.execute(sql.SQL(_READ_SQL).format(relation))


def _let_go(
    transactions: Sequence[Connection], watching: Connection, seconds: float, over: threading.Event
) -> None:
    """End each transaction once it has kept the script waiting for long enough.

    That is so many seconds, or until the script has given up once: it will come again.
    """
    since: dict[int, float] = {}
    waiting_for = {connection.info.backend_pid: connection for connection in transactions}
    while waiting_for and not over.wait(_POLL_SECONDS):
        blockers = {pid for (pid,) in watching.execute(_BLOCKERS_SQL, (APPLICATION_NAME,))}
        for pid, connection in list(waiting_for.items()):
            if pid in blockers:
                since.setdefault(pid, time.monotonic())
            gave_up = pid in since and pid not in blockers
            if gave_up or time.monotonic() - since.get(pid, math.inf) > seconds:
                del waiting_for[pid]
                with suppress(psycopg.Error):  # the script may have ended the session
                    connection.execute("ROLLBACK")
