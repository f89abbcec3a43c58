"""Readers and writers that go on working while something else happens to the database.

The load is *open*: requests arrive by a schedule drawn beforehand and do not wait for the one
before. A request that cannot start because its session is still blocked is late from its scheduled
arrival on, and its latency says so; a closed loop would simply send fewer requests while the
database stands still ("coordinated omission").
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any, Literal, Self

import numpy as np
import psycopg
from psycopg import sql

from shadowgate.errors import UsageError
from shadowgate.language import sentence
from shadowgate.plan import TrafficSection
from shadowgate.server.base import Connection, Database
from shadowgate.traffic.acknowledged import AcknowledgedWrites, Key
from shadowgate.traffic.blocking import BlockingSampler, LockSnapshot
from shadowgate.traffic.pace import Paces

Kind = Literal["reader", "writer"]
APPLICATION_NAME = "shadowgate traffic"
"""Of every session of the load, by which it is known in ``pg_stat_activity``."""
TIMEOUT_SECONDS = 30.0
"""After so long a statement of the load is an error."""

_TABLE_GONE, _CANCELED = "42P01", "57014"
_LEAVE_SECONDS = 5.0
_STEADY_SECONDS = 30.0
_SAMPLE_SECONDS = 0.01
"""How often it is looked who waits for whom."""
_TIMES, _VALUES, _CHOICES = 0, 1, 2
"""Arrivals, values and what is left out are drawn from generators of their own."""


Row = tuple[Any, ...]

WRITTEN = "written"
"""What the writers' rows are noted as: which table they are of, no statement needs to say."""


def key_of(row: Row) -> Key:
    """What tells a row that a writer's statement returned from others: its first value."""
    return (str(row[0]),)


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
    switched_over: bool = False
    """Its table was gone, and it was answered when asked in the other form."""

    @property
    def latency(self) -> float:
        """Seconds from the scheduled arrival to the answer."""
        return self.ended - self.scheduled


class Traffic:
    """A load on a database, as a context manager: it runs until the block is left."""

    def __init__(
        self,
        database: Database,
        settings: TrafficSection,
        *,
        seed: int = 1,
        timeout_seconds: float = TIMEOUT_SECONDS,
        paces: Paces | None = None,
    ) -> None:
        """Prepare a load.

        Args:
            database: what the clients work on.
            settings: who does what, how often.
            seed: of the arrival times and of ``random()`` in SQL.
            timeout_seconds: after which a statement is an error.
            paces: how often each statement is asked; ``None`` for as often as the settings say.

        Raises:
            UsageError: sessions have no statement to send, or no rate to send it at.
        """
        self.settings = settings
        self._paces = paces
        self._timeout_ms = round(timeout_seconds * 1000)
        self._stop = threading.Event()
        self._sampler = BlockingSampler(database, _SAMPLE_SECONDS)
        self.acknowledged = AcknowledgedWrites()
        """What the writers' statements returned; close it when it has been looked at."""
        after = settings.after
        self._sessions = [
            *self._clients("reader", database, after.reads if after else (), seed),
            *self._clients("writer", database, after.writes if after else (), seed),
        ]

    def sessions(self, kind: Kind) -> int:
        """How many clients of a kind there are."""
        return self.settings.readers if kind == "reader" else self.settings.writers

    def _clients(
        self, kind: Kind, database: Database, after: tuple[str, ...], seed: int
    ) -> Iterator[_Session]:
        load, count = self.settings, self.sessions(kind)
        statements, rate = (
            (load.reads, load.reads_per_second)
            if kind == "reader"
            else (load.writes, load.writes_per_second)
        )
        if count < 0 or (count and (not statements or rate <= 0)):
            raise UsageError(
                sentence(
                    "{count} {kind}s cannot send {statements} statements at {rate} a second",
                    count=count,
                    kind=kind,
                    statements=len(statements),
                    rate=rate,
                ),
                todo="give a statement and a rate above 0, or no sessions",
            )
        paces = self._paces and (self._paces.reads if kind == "reader" else self._paces.writes)
        shares = [pace.share for pace in paces] if paces else [1.0] * len(statements)
        forms = tuple(zip(statements, after or [""] * len(statements), shares, strict=True))
        for number in range(count):
            yield _Session(
                database,
                kind,
                forms,
                rate,
                (seed, number),
                self._timeout_ms,
                self._stop,
                self.acknowledged if kind == "writer" and load.kept else None,
            )

    def __enter__(self) -> Self:
        try:
            self._sampler.start()
            for session in self._sessions:
                session.start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_raised: object) -> None:
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
                        sentence(
                            "a {kind} of the load had no answer in {steady_seconds:.0f} s",
                            kind=session.kind,
                            steady_seconds=_STEADY_SECONDS,
                        ),
                        todo="use statements that answer quickly, and a rate above one in 30 s",
                    )
                time.sleep(0.01)

    def wait_until_switched_over(self, seconds: float) -> None:
        """Return when every session that has other statements says those, or after some time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not all(s.switched_over for s in self._sessions):
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
    def snapshots(self) -> tuple[LockSnapshot, ...]:
        """Who waited for whom, each time it was looked."""
        return self._sampler.snapshots


@dataclass
class _Session:
    """One client: a schedule, a session and a thread."""

    database: Database
    kind: Kind
    forms: tuple[tuple[str, str, float], ...]
    """The statements, each with what is said after switching over, empty if nothing, and with the
    part of its requests that are made."""
    rate: float
    """Requests a second."""
    seed: tuple[int, int]
    timeout_ms: int
    stop: threading.Event
    acknowledged: AcknowledgedWrites | None
    """Where what its statements return is noted; ``None`` if nobody asks for it."""
    requests: list[Request] = field(default_factory=list)
    pids: list[int] = field(default_factory=list)
    _switched_over: bool = False
    _given_up: bool = False
    """Whether the load is over and its last answer was not waited for."""
    _connection: Connection | None = None
    _failure: BaseException | None = None

    def start(self) -> None:
        self._connection = self._connect()
        name = f"{self.kind} {self.seed[1]}"
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)
        self._thread.start()

    def leave(self) -> None:
        """Wait for the last answer, but not for long; close the session."""
        if self._connection is None:
            return
        self._thread.join(_LEAVE_SECONDS)
        if self._thread.is_alive():
            self._given_up = True
            self._connection.cancel_safe()
            self._thread.join()
        self._connection.close()

    def raise_for_error(self) -> None:
        """Raise what ended the thread early, if anything did."""
        if self._failure is not None:
            raise self._failure

    @property
    def switched_over(self) -> bool:
        """Whether it says the other statements by now, or has none."""
        return self._switched_over or not any(other for _, other, _ in self.forms)

    def _connect(self) -> Connection:
        connection = self.database.connect(application_name=f"{APPLICATION_NAME} {self.kind}")
        self.pids.append(connection.info.backend_pid)
        connection.prepare_threshold = None
        connection.execute(sql.SQL("SET statement_timeout = {}").format(self.timeout_ms))
        seed = float(self._generator(_VALUES).uniform(-1, 1))
        connection.execute("SELECT setseed(%s)", (seed,))
        return connection

    def _generator(self, purpose: int) -> np.random.Generator:
        return np.random.default_rng([*self.seed, self.kind == "writer", purpose])

    def _loop(self) -> None:
        arrivals = _arrivals(self._generator(_TIMES), self.rate, time.monotonic())
        choices = self._generator(_CHOICES)
        try:
            for (*forms, share), scheduled in zip(cycle(self.forms), arrivals, strict=False):
                # A Poisson process of which a part is left out at random is one. A first request
                # is made, so that the load begins.
                if not share or (self.requests and choices.random() >= share):
                    continue
                if self.stop.wait(max(0.0, scheduled - time.monotonic())):
                    return
                self._request(forms, scheduled)
        except psycopg.Error as problem:
            self._failure = problem

    def _request(self, forms: Sequence[str], scheduled: float) -> None:
        connection = self._connection
        assert connection is not None  # noqa: S101  (the thread starts after the session)
        pid = connection.info.backend_pid
        switches_over = False
        started = time.monotonic()
        answer = self._ask(connection, forms[self._switched_over])
        if answer.sqlstate == _TABLE_GONE and forms[1] and not self._switched_over:
            switches_over = self._switched_over = True
            answer = self._ask(connection, forms[1])
        ended = time.monotonic()
        if self._given_up and answer.sqlstate == _CANCELED:
            return
        if self.acknowledged is not None:
            self.acknowledged.add(WRITTEN, {key_of(row): row for row in answer.rows}, ended)
        self.requests.append(
            Request(
                kind=self.kind,
                pid=pid,
                scheduled=scheduled,
                started=started,
                ended=ended,
                sqlstate=answer.sqlstate,
                message=answer.message,
                switched_over=switches_over,
            )
        )
        if connection.closed:
            self._connection = self._connect()

    def _ask(self, connection: Connection, statement: str) -> _Answer:
        cursor = psycopg.ClientCursor(connection)
        try:
            cursor.execute(statement.encode())
        except psycopg.Error as problem:
            if not connection.closed:
                connection.rollback()  # a statement may have begun a transaction of its own
            return _Answer(problem.sqlstate or "08006", str(problem).splitlines()[0])
        is_noted = self.acknowledged is not None and cursor.description is not None
        return _Answer(rows=tuple(cursor.fetchall()) if is_noted else ())


@dataclass(frozen=True)
class _Answer:
    """What the server said to a statement."""

    sqlstate: str = ""
    message: str = ""
    rows: tuple[Row, ...] = ()


def _arrivals(generator: np.random.Generator, rate: float, origin: float) -> Iterator[float]:
    """Arrival times of a Poisson process with a mean of ``rate`` a second."""
    at = origin
    while True:
        at += float(generator.exponential(1.0 / rate))
        yield at
