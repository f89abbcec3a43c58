"""How often each statement of a load is asked: as planned, unless sessions would do nothing else.

A load that takes more than a server has is no load that production has: its requests queue up and
time out whatever a migration does, and with somebody always reading there is never a gap in which a
table could be locked. What a statement takes is known before it is asked all the time.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isinf

import psycopg

from shadowgate.errors import UsageError
from shadowgate.language import sentence
from shadowgate.plan import TrafficSection
from shadowgate.server.base import Connection, Database

BUSY = 0.5
"""Part of the processors that a load keeps busy at most, and of its time a session."""


@dataclass(frozen=True)
class Pace:
    """How often one of the statements that a session asks in turn is asked."""

    statement: str
    seconds: float
    """What it takes by itself; infinite if it was given up."""
    planned_seconds: float
    """Between two requests of a session, by the plan."""
    share: float
    """Of its planned requests, those that are made: 1 where a session can keep up, 0 where it was
    given up."""

    def __str__(self) -> str:
        text = " ".join(self.statement.split())
        if not self.share:
            return sentence(
                "not asked, as it was given up before the migration already: {statement}",
                statement=text,
            )
        return sentence(
            "each session asks it {made:,.1f} times a minute and not {planned:,.1f}, as it takes "
            "{milliseconds:,.0f} ms: {statement}",
            made=60 / self.planned_seconds * self.share,
            planned=60 / self.planned_seconds,
            milliseconds=self.seconds * 1000,
            statement=text,
        )


@dataclass(frozen=True)
class Paces:
    """Those of all statements, in the order of the plan."""

    reads: tuple[Pace, ...]
    writes: tuple[Pace, ...]

    @property
    def slowed(self) -> tuple[str, ...]:
        """What is asked less often than planned, a sentence each."""
        return tuple(str(pace) for pace in (*self.reads, *self.writes) if pace.share < 1)


def measure_paces(database: Database, traffic: TrafficSection, *, timeout_seconds: float) -> Paces:
    """Ask every statement once or twice, and tell how often sessions can ask it.

    What the statements write stays.

    Args:
        database: a copy to be thrown away.
        traffic: the statements, and how often a session is to ask one of them.
        timeout_seconds: after which a statement is given up.

    Raises:
        UsageError: no statement of the readers, or of the writers, is answered in time.
        ServerError: no session could be opened.
    """
    busy = min(BUSY, BUSY * (os.cpu_count() or 1) / max(1, traffic.readers + traffic.writers))
    with database.connect() as connection:
        timeout = f"{timeout_seconds:.0f}s"
        connection.execute("SELECT set_config('statement_timeout', %s, false)", [timeout])
        paces = Paces(
            _paces(connection, traffic.reads, traffic.reads_per_second, busy),
            _paces(connection, traffic.writes, traffic.writes_per_second, busy),
        )
    for kind in (paces.reads, paces.writes):
        if kind and not any(pace.share for pace in kind):
            raise UsageError(
                sentence(
                    "no statement of the traffic is answered in {seconds:.0f} s before the "
                    "migration: {statement}",
                    seconds=timeout_seconds,
                    statement=" ".join(kind[0].statement.split()),
                ),
                todo=sentence("use statements that answer quickly"),
            )
    return paces


def _paces(
    connection: Connection, statements: tuple[str, ...], per_second: float, busy: float
) -> tuple[Pace, ...]:
    if not statements:
        return ()
    planned = len(statements) / per_second
    took = [_seconds(connection, each) for each in statements]
    if min(fair_shares([each / planned for each in took], busy)) < 1:
        # What was read may not have been in memory the first time.
        took = [
            one if isinf(one) else min(one, _seconds(connection, each))
            for one, each in zip(took, statements, strict=True)
        ]
    shares = fair_shares([each / planned for each in took], busy)
    rows = zip(statements, took, shares, strict=True)
    return tuple(Pace(each, seconds, planned, share) for each, seconds, share in rows)


def fair_shares(asked: Sequence[float], given: float) -> tuple[float, ...]:
    """Of each statement, the part of its requests with which a session is not too busy in all.

    Those that ask for little get all of it; the others get the same part of a session's time each
    (max-min fairness: Bertsekas and Gallager, Data Networks, 6.5.2). What asks for an infinite part
    gets nothing.

    Args:
        asked: part of a session's time that each statement asks for.
        given: part of it that all of them get.
    """
    shares = [0.0] * len(asked)
    places = sorted((n for n, part in enumerate(asked) if not isinf(part)), key=asked.__getitem__)
    for done, place in enumerate(places):
        gets = min(asked[place], given / (len(places) - done))
        shares[place] = gets / asked[place] if asked[place] else 1.0
        given -= gets
    return tuple(shares)


def _seconds(connection: Connection, statement: str) -> float:
    """How long it takes; infinitely long if it was given up."""
    began = time.monotonic()
    try:
        psycopg.ClientCursor(connection).execute(statement.encode())
    except psycopg.Error as error:
        if not connection.closed:
            connection.rollback()
        if isinstance(error, psycopg.errors.QueryCanceled):
            return inf
        # Of any other error the load will tell.
    return time.monotonic() - began
