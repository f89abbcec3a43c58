"""Readers and writers that go on working while something else happens to the database.

The load is *open*: requests arrive by a schedule drawn beforehand and do not wait for the one
before. A request that cannot start because its session is still blocked is late from its scheduled
arrival on, and its latency says so; a closed loop would simply send fewer requests while the
database stands still ("coordinated omission").
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import cycle
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np
import psycopg
from psycopg import sql

from shadowgate.errors import UsageError
from shadowgate.server.base import Connection, Database
from shadowgate.traffic.blocking import BlockingSampler, Snapshot

Kind = Literal["reader", "writer"]
APPLICATION_NAME = "shadowgate traffic"
"""Of every session of the load, by which it is known in ``pg_stat_activity``."""
_TABLE_GONE = "42P01"
_LEAVE_SECONDS = 5.0
_STEADY_SECONDS = 30.0
_TIMES, _VALUES = 0, 1
"""Arrivals and values are drawn from generators of their own."""


@dataclass(frozen=True)
class TrafficSettings:
    """Who does what, how often.

    Statements take values as ``%(name)s``, drawn anew for each request from ``parameters``; where
    there are parameters, a percent sign of SQL is written twice. ``random()`` in SQL is seeded as
    well, but volatile: no index serves a comparison with it, unless a subquery draws it once.
    Several statements in one text, separated by semicolons, are one transaction.
    """

    reads: tuple[str, ...]
    writes: tuple[str, ...] = ()
    parameters: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Name -> lowest and highest value, evenly distributed: whole numbers if both are whole."""
    readers: int = 4
    writers: int = 1
    reads_per_second: float = 20.0
    """Of each reader, on average; arrivals are a Poisson process."""
    writes_per_second: float = 20.0
    """Of each writer."""
    statement_timeout_ms: int = 30_000
    seed: int = 1
    sample_seconds: float = 0.01
    """How often it is looked who waits for whom."""
    reads_after: tuple[str, ...] = ()
    """For each of ``reads`` what is said instead by a session that was told that its table is gone:
    it goes over once, for good, and asks again. Without it such an answer is an error like any."""
    writes_after: tuple[str, ...] = ()

    def forms(self, kind: Kind) -> list[tuple[str, str]]:
        """The statements of a kind, each with what is said after going over; empty if nothing."""
        if kind == "reader":
            return list(zip(self.reads, self.reads_after or [""] * len(self.reads), strict=True))
        return list(zip(self.writes, self.writes_after or [""] * len(self.writes), strict=True))

    def __post_init__(self) -> None:
        kinds = (
            ("reads", self.reads, self.readers, self.reads_per_second),
            ("writes", self.writes, self.writers, self.writes_per_second),
        )
        for name, statements, sessions, rate in kinds:
            if sessions < 0 or (sessions and (not statements or rate <= 0)):
                raise UsageError(
                    f"{sessions} sessions cannot send {len(statements)} {name} at {rate} a second.",
                    todo="Give a statement and a rate above 0, or no sessions.",
                )
        for before, after in ((self.reads, self.reads_after), (self.writes, self.writes_after)):
            if after and len(after) != len(before):
                raise UsageError(
                    f"{len(before)} statements have {len(after)} other forms.",
                    todo="Give one for each, or none.",
                )


Row = tuple[Any, ...]


@dataclass(frozen=True)
class Request:
    """One request. Times are ``time.monotonic()`` of this process, in seconds."""

    kind: Kind
    pid: int
    """Process ID of its server process."""
    scheduled: float
    """When it should have started."""
    started: float
    ended: float
    sqlstate: str = ""
    """Empty if it succeeded."""
    message: str = ""
    went_over: bool = False
    """Its table was gone, and it was answered when asked in the other form."""
    told: tuple[Row, ...] = ()
    """What a writer's statement returned."""

    @property
    def latency(self) -> float:
        """Seconds from the scheduled arrival to the answer."""
        return self.ended - self.scheduled


class Traffic:
    """A load on a database, as a context manager: it runs until the block is left."""

    def __init__(self, database: Database, settings: TrafficSettings) -> None:
        self.settings = settings
        self._stop = threading.Event()
        self._sampler = BlockingSampler(database, settings.sample_seconds)
        counts: tuple[tuple[Kind, int], ...] = (
            ("reader", settings.readers),
            ("writer", settings.writers),
        )
        self._sessions = [
            _Session(database, settings, kind, number, self._stop)
            for kind, count in counts
            for number in range(count)
        ]

    def __enter__(self) -> Self:
        try:
            self._sampler.start()
            for session in self._sessions:
                session.start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def _end(self) -> None:
        self._stop.set()
        for session in self._sessions:
            session.leave()
        self._sampler.stop()
        for session in self._sessions:
            session.raise_for_error()

    def wait_until_steady(self) -> None:
        """Return when every session has had its first answer.

        Raises:
            UsageError: a session had none within 30 s.
        """
        deadline = time.monotonic() + _STEADY_SECONDS
        for session in self._sessions:
            while not session.requests:
                session.raise_for_error()
                if time.monotonic() > deadline:
                    raise UsageError(
                        f"A {session.kind} of the traffic had no answer within "
                        f"{_STEADY_SECONDS:.0f} s.",
                        todo="Use statements that answer quickly, and a rate above one in 30 s.",
                    )
                time.sleep(0.01)

    def wait_until_all_went_over(self, seconds: float) -> None:
        """Return when every session that has other statements says those, or after some time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not all(each.went_over for each in self._sessions):
            time.sleep(0.01)

    @property
    def requests(self) -> tuple[Request, ...]:
        """Every request answered so far, by the time it was scheduled."""
        everything = [request for session in self._sessions for request in session.requests]
        return tuple(sorted(everything, key=lambda request: request.scheduled))

    @property
    def kinds(self) -> dict[int, Kind]:
        """Process ID -> kind of every session, those that were replaced included."""
        return {pid: session.kind for session in self._sessions for pid in session.pids}

    @property
    def told(self) -> dict[Any, Row]:
        """Of every row that writers were told, by its first value, what they were told last."""
        answers = sorted(self.requests, key=lambda request: request.ended)
        return {row[0]: row for request in answers for row in request.told}

    @property
    def snapshots(self) -> tuple[Snapshot, ...]:
        """Who waited for whom, each time it was looked."""
        return self._sampler.snapshots


@dataclass
class _Session:
    """One client: a schedule, a session and a thread."""

    database: Database
    settings: TrafficSettings
    kind: Kind
    number: int
    stop: threading.Event
    requests: list[Request] = field(default_factory=list)
    pids: list[int] = field(default_factory=list)
    _over: bool = False
    _connection: Connection | None = None
    _failure: BaseException | None = None

    def start(self) -> None:
        self._connection = self._connect()
        name = f"{self.kind} {self.number}"
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)
        self._thread.start()

    def leave(self) -> None:
        """Wait for the last answer, but not for long; close the session."""
        if self._connection is None:
            return
        self._thread.join(_LEAVE_SECONDS)
        if self._thread.is_alive():
            self._connection.cancel_safe()
            self._thread.join()
        self._connection.close()

    def raise_for_error(self) -> None:
        """Raise what ended the thread early, if anything did."""
        if self._failure is not None:
            raise self._failure

    @property
    def went_over(self) -> bool:
        """Whether it says the other statements by now, or has none."""
        return self._over or not any(other for _, other in self.settings.forms(self.kind))

    def _connect(self) -> Connection:
        connection = self.database.connect(application_name=f"{APPLICATION_NAME} {self.kind}")
        self.pids.append(connection.info.backend_pid)
        connection.prepare_threshold = None
        timeout = sql.Literal(self.settings.statement_timeout_ms)
        connection.execute(sql.SQL("SET statement_timeout = {}").format(timeout))
        seed = float(self._generator(_VALUES).uniform(-1, 1))
        connection.execute("SELECT setseed(%s)", (seed,))
        return connection

    def _generator(self, purpose: int) -> np.random.Generator:
        kind_seed = 0 if self.kind == "reader" else 1
        return np.random.default_rng([self.settings.seed, kind_seed, self.number, purpose])

    def _loop(self) -> None:
        reading = self.kind == "reader"
        statements = cycle(self.settings.forms(self.kind))
        rate = self.settings.reads_per_second if reading else self.settings.writes_per_second
        generator = self._generator(_VALUES)
        try:
            for scheduled in _arrivals(self._generator(_TIMES), rate, time.monotonic()):
                if self.stop.wait(max(0.0, scheduled - time.monotonic())):
                    return
                values = _draw(generator, self.settings.parameters)
                self._request(next(statements), values, scheduled)
        except psycopg.Error as problem:
            self._failure = problem

    def _request(
        self, forms: tuple[str, str], values: Mapping[str, float], scheduled: float
    ) -> None:
        connection = self._connection
        assert connection is not None  # noqa: S101  (the thread starts after the session)
        pid = connection.info.backend_pid
        goes_over = False
        started = time.monotonic()
        answer = self._ask(connection, forms[self._over], values)
        if answer.sqlstate == _TABLE_GONE and forms[1] and not self._over:
            goes_over = self._over = True
            answer = self._ask(connection, forms[1], values)
        ended = time.monotonic()
        self.requests.append(
            Request(
                kind=self.kind,
                pid=pid,
                scheduled=scheduled,
                started=started,
                ended=ended,
                sqlstate=answer.sqlstate,
                message=answer.message,
                went_over=goes_over,
                told=answer.rows,
            )
        )
        if connection.closed:
            self._connection = self._connect()

    def _ask(self, connection: Connection, statement: str, values: Mapping[str, float]) -> _Answer:
        cursor = psycopg.ClientCursor(connection)
        try:
            cursor.execute(statement.encode(), values or None)
        except psycopg.Error as problem:
            return _Answer(problem.sqlstate or "08006", str(problem).splitlines()[0])
        returns_rows = self.kind == "writer" and cursor.description is not None
        return _Answer(rows=tuple(cursor.fetchall()) if returns_rows else ())


@dataclass(frozen=True)
class _Answer:
    """What the server said to a statement."""

    sqlstate: str = ""
    message: str = ""
    rows: tuple[Row, ...] = ()


def _draw(
    generator: np.random.Generator, parameters: Mapping[str, tuple[float, float]]
) -> dict[str, float]:
    values: dict[str, float] = {}
    for name, (low, high) in parameters.items():
        if isinstance(low, int) and isinstance(high, int):
            values[name] = int(generator.integers(low, high, endpoint=True))
        else:
            values[name] = float(generator.uniform(low, high))
    return values


def _arrivals(generator: np.random.Generator, rate: float, origin: float) -> Iterator[float]:
    """Arrival times of a Poisson process with a mean of ``rate`` a second."""
    at = origin
    while True:
        at += float(generator.exponential(1.0 / rate))
        yield at
