"""The clients of a rehearsed rollout: an open load that goes to one database or the other.

Arrivals are a Poisson process for each session and do not wait for the answer before: latency is
counted from the intended start, so that a stall is not hidden by asking less meanwhile. A session
asks one database at a time, as a connection pooler has it: which, its :class:`Routing` says.
Writers write to the primary; there is one, so that the order of its writes is known.

A session that asks the canary has a counterpart on the unmigrated side: both ask the same, with the
same ``random()``, at the same times, so that their latencies differ by the databases alone.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal, Self

import numpy as np
import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus

from shadowgate.measure import Sampling
from shadowgate.measure.clock import (
    LEAST_SHARE,
    Clock,
    WallClock,
    clock_for,
    clock_of_thread,
    find_process,
)
from shadowgate.measure.session import open_session
from shadowgate.server.base import Connection, Database
from shadowgate.traffic.acknowledged import AcknowledgedWrites
from shadowgate.traffic.canary.statements import READ_ONLY, Statement, acknowledged, shares

Arm = Literal["primary", "canary", "baseline"]

MOST_PER_SECOND = 250.0
BUSY = 1 / 3
"""Part of the cores that the load keeps busy."""
_WRITES_PER_SECOND = 20.0
_WRITER_BUSY = 0.4
_GONE = frozenset({"42P01", "42703"})
"""SQLSTATE of a relation or a column that is not there."""
Pair = tuple[int, int, int]
"""What two requests have in common that are compared: turn, lane, and place in it."""
PATIENCE_SECONDS = 5.0
"""An unmigrated database is given so long for a request; the statement is then asked no more."""


@dataclass(frozen=True)
class Answer:
    """One request. Times are ``time.monotonic()``, in seconds."""

    statement: str
    arm: Arm
    migrated: bool
    """Whether its database was migrated, or being migrated, when it was asked or answered."""
    scheduled: float
    started: float
    ended: float
    sqlstate: str = ""
    message: str = ""
    wrote: bool = False
    pair: Pair | None = None
    """What it shares with the answer that it is compared with; ``None`` if it is with none, since
    its session has no counterpart, or asked this for the first time."""
    session: int = -1
    """Number of the reader; negative for the writer."""
    net: float = 0.0
    """Seconds from the intended start to the answer, had there always been a core: what the arms
    are compared by."""

    @property
    def latency(self) -> float:
        """Seconds from the intended start to the answer."""
        return self.ended - self.scheduled


@dataclass
class Routing:
    """Which database a session asks, changed while the clients are at work."""

    sessions: int
    percent: float = 0.0
    """Share of the readers' sessions that ask the canary."""
    baseline: bool = False
    """As many ask an unmigrated copy of its own, while they are fewer than half."""
    turn: int = 0
    """Counts what begins anew: a stage, or another rate."""
    since: float = 0.0
    """``time.monotonic()`` when that was."""
    primary_migrated: bool = False
    """From the beginning of the migration of the primary on."""
    new_form: bool = False
    """Clients of the primary say what they say after the migration."""
    _turns: threading.Condition = field(default_factory=threading.Condition, repr=False)

    def ask(self, percent: float) -> None:
        """Have such a share ask the canary; all sessions begin anew."""
        with self._turns:
            self.percent, self.since = percent, time.monotonic()
            self.turn += 1
            self._turns.notify_all()

    def lasts_until(self, moment: float, turn: int) -> bool:
        """Wait until then (``time.monotonic()``) or for the next turn; whether it is still this."""
        with self._turns:
            seconds = max(0.0, moment - time.monotonic())
            return not self._turns.wait_for(lambda: self.turn != turn, seconds)

    @property
    def on_canary(self) -> int:
        """Sessions that ask the canary."""
        return round(self.sessions * self.percent / 100)

    @property
    def against(self) -> Arm:
        """What the canary's latency is held against."""
        return "baseline" if self.baseline and 2 * self.on_canary < self.sessions else "primary"

    def arm(self, session: int) -> Arm:
        """The database of a reader's session."""
        if session < self.on_canary:
            return "canary"
        return self.against if session < 2 * self.on_canary else "primary"

    def lane(self, session: int) -> int:
        """Number of a session and its counterpart, or of a session without one."""
        counterpart = self.on_canary <= session < 2 * self.on_canary
        return session - self.on_canary if counterpart else session


@dataclass
class Clients:
    """All sessions, as a context manager: they work until the block is left."""

    databases: dict[Arm, Database]
    statements: Sequence[Statement]
    routing: Routing
    sampling: Sampling
    per_second: float
    """Requests of all sessions together, on average."""
    seed: int = 1
    timed: bool = True
    """Each session plans every statement before the first request, and it is known how long its
    process waits for a core."""
    answers: list[Answer] = field(default_factory=list)
    acknowledged: AcknowledgedWrites = field(default_factory=AcknowledgedWrites)
    """The hash of the last acknowledged write of each row; close it when it has been looked at."""
    asking: dict[int, Arm] = field(default_factory=dict)
    """Session -> the database that it waits for an answer of."""
    given_up: dict[str, None] = field(default_factory=dict)
    """Statements that an unmigrated database took too long for, though it did not when they were
    tried: its plan tipped, say, and no migration is to blame for what follows."""

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._failures: list[BaseException] = []
        self._threads: list[threading.Thread] = []
        self._sessions: list[_Session] = []
        self._ready = threading.Barrier(1)
        self._pace = 1.0
        # They ask again where a table is gone, the same text too: a function that is replaced with
        # its tables may have been read just before.
        self._knows_new_names = any(one.before != one.after for one in self.statements)

    def __enter__(self) -> Self:
        readers, writers = (
            [one for one in self.statements if one.kind == kind] for kind in ("reader", "writer")
        )
        writes = self._writes_per_second(writers) if writers else 0.0
        each = (self.per_second - writes) / self.routing.sessions
        jobs = [(number, readers, each) for number in range(self.routing.sessions)]
        if writers:
            jobs.append((-1, writers, writes))
        self._ready = threading.Barrier(
            len(jobs) + 1, action=lambda: self.routing.ask(self.routing.percent)
        )
        for number, statements, rate in jobs:
            thread = threading.Thread(
                target=self._work, args=(number, statements, rate), daemon=True
            )
            self._threads.append(thread)
            thread.start()
        self._ready.wait()
        self.raise_for_error()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._stop.set()
        self.routing.ask(self.routing.percent)
        for thread in self._threads:
            thread.join(10.0)
        for session in self._sessions:
            session.connection.close()
            session.clock.close()
        self.raise_for_error()

    def slow_down(self) -> None:
        """Ask half as often from now on, and leave out what is late already."""
        self.per_second /= 2
        self._pace /= 2
        self.routing.ask(self.routing.percent)

    def raise_for_error(self) -> None:
        """Raise what ended a client early, if anything did."""
        if self._failures:
            raise self._failures[0]

    def _writes_per_second(self, writers: Sequence[Statement]) -> float:
        """How often the one writer writes: by its shares, as far as it comes after."""
        parts = zip(self.statements, shares(self.statements), strict=True)
        part = sum(share for one, share in parts if one.kind == "writer")
        seconds = sum(s.seconds * p for s, p in zip(writers, shares(writers), strict=True))
        most = min(_WRITES_PER_SECOND, _WRITER_BUSY / max(seconds, 1e-4))
        return min(self.per_second * part, most)

    def _work(self, number: int, statements: Sequence[Statement], rate: float) -> None:
        try:
            sessions = self._open(number, statements)
        except BaseException as error:
            self._failures.append(error)
            self._ready.wait()
            return
        self._ready.wait()
        thread = _Thread(clock_of_thread() if self.timed else WallClock())
        try:
            for request in self._requests(number, statements, rate):
                turn, _, _ = request.pair
                lasts = self.routing.lasts_until(request.scheduled, turn)
                if self._stop.is_set():
                    return
                if lasts and request.statement.id not in self.given_up:
                    self._ask(number, request, sessions, thread)
        except BaseException as error:
            self._failures.append(error)
        finally:
            thread.clock.close()

    def _open(self, number: int, statements: Sequence[Statement]) -> dict[Arm, _Session]:
        """Sessions on both databases, which have planned everything once."""
        found: dict[Arm, _Session] = {}
        for arm in self.databases:
            if number < 0 and arm != "primary":
                continue
            found[arm] = self._connect(number, arm)
            connection = found[arm].connection
            for one in statements:
                text = one.after if arm == "canary" else one.before
                if self.timed and one.kind == "reader":
                    _plan(connection, text)
        return found

    def _requests(
        self, number: int, statements: Sequence[Statement], rate: float
    ) -> Iterator[_Request]:
        """What a session asks and when: a Poisson process of ``rate`` a second in each turn."""
        parts, turn = shares(statements), -1
        while rate > 0:
            if turn != self.routing.turn:
                turn, lane = self.routing.turn, self.routing.lane(number)
                at, place = self.routing.since, 0
                generator = np.random.default_rng([self.seed, turn, lane + 1])
            at += float(generator.exponential(1.0 / (rate * self._pace)))
            place += 1
            chosen = statements[int(generator.choice(len(statements), p=parts))]
            yield _Request(chosen, at, (turn, lane, place), float(generator.uniform(-1, 1)))

    def _connect(self, number: int, arm: Arm) -> _Session:
        connection = open_session(self.databases[arm], self.sampling)
        if number >= 0:
            connection.execute(READ_ONLY)
        process = find_process(connection, self.databases[arm]) if self.timed else None
        session = _Session(connection, clock_for(process))
        if arm != "canary" and not self.routing.primary_migrated:
            session.has_patience_for(PATIENCE_SECONDS)
        self._sessions.append(session)
        return session

    def _ask(
        self,
        number: int,
        request: _Request,
        sessions: dict[Arm, _Session],
        thread: _Thread,
    ) -> None:
        one, scheduled = request.statement, request.scheduled
        arm: Arm = "primary" if number < 0 else self.routing.arm(number)
        connection, clock = sessions[arm].connection, sessions[arm].clock
        migrated = arm == "canary" or self.routing.primary_migrated
        forms = [one.before, one.after]
        if arm == "canary" or self.routing.new_form:
            forms.reverse()
        self.asking[number] = arm
        warm = one.id in sessions[arm].asked
        sessions[arm].asked.add(one.id)
        with suppress(psycopg.Error):  # that the session is gone, the request will tell
            if migrated:
                sessions[arm].has_patience_for(self.sampling.query_seconds)
            if number >= 0:
                connection.execute("SELECT setseed(%s)", (request.seed,))
        queued = clock.queued() + thread.clock.queued()
        started = time.monotonic()
        problem, rows = _execute(connection, forms[0], fetch=one.follows is not None)
        if problem is not None and problem.sqlstate in _GONE and self._knows_new_names:
            problem, rows = _execute(connection, forms[1], fetch=one.follows is not None)
        ended = time.monotonic()
        queued = clock.queued() + thread.clock.queued() - queued
        net = thread.net(scheduled, ended - started, queued)
        if isinstance(problem, psycopg.errors.QueryCanceled) and not migrated:
            self.given_up[one.id] = None
            self.asking.pop(number, None)
            return
        if one.follows and problem is None:
            self.acknowledged.add(one.follows.name, acknowledged(rows), ended)
        self.answers.append(
            Answer(
                one.id,
                arm,
                migrated or (arm == "primary" and self.routing.primary_migrated),
                scheduled,
                started,
                ended,
                (problem.sqlstate or "08006") if problem else "",
                str(problem).splitlines()[0] if problem else "",
                number < 0,
                request.pair if warm and 0 <= number < 2 * self.routing.on_canary else None,
                number,
                net,
            )
        )
        self.asking.pop(number, None)
        if connection.closed:
            sessions[arm] = self._connect(number, arm)


@dataclass(frozen=True)
class _Request:
    """What a session is to ask."""

    statement: Statement
    scheduled: float
    """``time.monotonic()`` when it is to start."""
    pair: Pair
    seed: float
    """Of ``random()`` in SQL."""


@dataclass
class _Session:
    connection: Connection
    clock: Clock
    asked: set[str] = field(default_factory=set)
    """Statements that it has executed: the first time tells of the session."""
    patience: float = math.inf
    """Seconds until a statement is given up."""

    def has_patience_for(self, seconds: float) -> None:
        """Give up what takes longer, from now on."""
        if self.patience != seconds:
            timeout = sql.Literal(f"{seconds * 1000:.0f}ms")
            self.connection.execute(sql.SQL("SET statement_timeout = {}").format(timeout))
            self.patience = seconds


@dataclass
class _Thread:
    """A session's requests, one after the other, as they would be if there were always a core.

    The queue of one server, by Lindley's recursion: a request begins when it is to, or when the one
    before has ended; what that one waited for a core counts for neither.
    """

    clock: Clock
    _free: float = 0.0
    """When the request before would have ended."""

    def net(self, scheduled: float, seconds: float, queued: float) -> float:
        """Seconds from the intended start to the answer.

        Args:
            scheduled: the intended start.
            seconds: from the real start to the answer.
            queued: of them, without a core.
        """
        took = max(seconds - queued, seconds * LEAST_SHARE)
        self._free = max(scheduled, self._free) + took
        return self._free - scheduled


def _plan(connection: Connection, text: str) -> None:
    """Have a session read what it needs of the catalogue, before its first request is timed."""
    try:
        psycopg.ClientCursor(connection).execute(f"EXPLAIN {text}".encode())
    except psycopg.Error:  # several statements, say; its requests will tell
        if connection.info.transaction_status != TransactionStatus.IDLE:
            connection.rollback()


def _execute(
    connection: Connection, text: str, *, fetch: bool
) -> tuple[psycopg.Error | None, list[tuple[str, ...]]]:
    """Execute it; its rows are made objects only where somebody looks at them."""
    cursor = psycopg.ClientCursor(connection)
    try:
        cursor.execute(text.encode())
        return None, cursor.fetchall() if fetch and cursor.description else []
    except psycopg.Error as problem:
        if not connection.closed and connection.info.transaction_status != TransactionStatus.IDLE:
            connection.rollback()  # a statement may have begun a transaction of its own
        return problem, []


def rate_for(statements: Sequence[Statement], cores: int, asked: float | None) -> float:
    """Requests a second of all clients: as asked, or what keeps a part of the cores busy."""
    if asked is not None:
        return asked
    parts = zip(statements, shares(statements), strict=True)
    seconds = sum(one.seconds * part for one, part in parts)
    return min(MOST_PER_SECOND, BUSY * cores / max(seconds, 1e-4))
