"""Watches a migrating session from another one: its locks, what it rewrote, its rows and its WAL.

Two watches share one face. :class:`LockWatch` looks at ``pg_locks`` at a fixed interval from a
session of its own and, after every statement, before it is committed, reads the catalogue through
the migrating session, which alone sees its own uncommitted work. :class:`NoWatch` looks at nothing.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import LiteralString, Protocol

import psycopg
from psycopg.pq import TransactionStatus

from shadowgate.migrate.kinds import CLOSING, OPENING
from shadowgate.migrate.limits import NEVER, StopAfter
from shadowgate.migrate.planner_statistics import (
    StatisticsGap,
    count_up_to_many,
    read_statistics,
    statistics_gaps,
)
from shadowgate.migrate.results import (
    LockAwaited,
    LockHeld,
    Pitfall,
    Relation,
    RowsTouched,
    spans_to_locks,
)
from shadowgate.migrate.sampler import LockSampler, watch_lost
from shadowgate.migrate.script import Statement
from shadowgate.server.base import Connection, Database
from shadowgate.server.differences import holds

_HERE = Path(__file__).parent
_RELATIONS_SQL = (_HERE / "relations.sql").read_bytes()
_PITFALLS_SQL = (_HERE / "pitfalls.sql").read_bytes()
_SIZES_SQL = (_HERE / "sizes.sql").read_bytes()
_VIEWS_SQL = (_HERE / "views.sql").read_bytes()
# What pg_stat_user_tables and pg_stat_xact_user_tables say, without their join with all indexes, on
# which most of their time is spent: they are asked twice for each statement.
# Rows looked at are counted for the transaction alone, where an index costs a look into memory.
_ALL_ROWS_SQL = """
SELECT coalesce(sum(pg_catalog.pg_stat_get_tuples_inserted(c.oid)), 0)::bigint,
       coalesce(sum(pg_catalog.pg_stat_get_tuples_updated(c.oid)), 0)::bigint,
       coalesce(sum(pg_catalog.pg_stat_get_tuples_deleted(c.oid)), 0)::bigint,
       0::bigint
FROM pg_catalog.pg_class AS c
WHERE c.oid >= 16384
  AND c.relkind IN ('r', 'm')
"""
_OWN_ROWS_SQL = """
SELECT coalesce(sum(pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid)), 0)::bigint,
       coalesce(sum(pg_catalog.pg_stat_get_xact_tuples_updated(c.oid)), 0)::bigint,
       coalesce(sum(pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid)), 0)::bigint,
       coalesce(sum(pg_catalog.pg_stat_get_xact_tuples_returned(c.oid)), 0)::bigint
FROM pg_catalog.pg_class AS c
WHERE c.oid >= 16384
  AND c.relkind IN ('r', 'm', 'i')
"""
_LOCK_TIMEOUT_SQL = """
SELECT (extract(epoch FROM pg_catalog.current_setting('lock_timeout')::interval) * 1000)::bigint
"""
_FLUSH_SQL = "SELECT pg_catalog.pg_stat_force_next_flush()"
_REMARKS_SQL = "SET client_min_messages = debug5"
_NO_ROWS = RowsTouched(0, 0, 0)
_TABLE_KINDS = ("r", "m")
_NOTHING_TO_SEE = (*OPENING, "SET", "SAVEPOINT", *CLOSING)
DEFAULT_INTERVAL = 0.005
"""Seconds between two looks at the locks; a look costs about 0.1 ms of one core."""


@dataclass(frozen=True)
class Seen:
    """What a watch saw of one statement."""

    rows: RowsTouched | None = None
    rewritten: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    wal_bytes: int | None = None
    lock_timeout_ms: int | None = None


@dataclass(frozen=True)
class SeenOverall:
    """What a watch saw of the whole run."""

    locks: tuple[LockHeld, ...] = ()
    awaited: tuple[LockAwaited, ...] = ()
    relations: tuple[Relation, ...] = ()
    pitfalls: tuple[Pitfall, ...] = ()
    pitfalls_before: tuple[Pitfall, ...] = ()
    rewritten_rows: tuple[tuple[str, int], ...] = ()
    statistics_gaps: tuple[StatisticsGap, ...] = ()
    gone: frozenset[str] = frozenset()


class Watch(Protocol):
    """What the runner tells a watch. Each is called from the runner's thread."""

    def attach(self, session: Connection, origin: float) -> None:
        """Begin: this session is about to run a script; times count from ``origin``."""
        ...

    def unit_begins(self) -> None:
        """The session is idle and about to run a block, or a statement by itself."""
        ...

    def statement_begins(self, statement: Statement) -> None:
        """A statement is about to be sent."""
        ...

    def statement_done(self) -> Seen:
        """It has succeeded; its transaction is still open if it has one."""
        ...

    def transaction_ended(self) -> None:
        """The session has committed, rolled back or lost its transaction."""
        ...

    def finish(self) -> SeenOverall:
        """The script has ended; release everything."""
        ...

    @property
    def stopped(self) -> str:
        """Why the watch has stopped the script; empty if it has not."""
        ...


class NoWatch:
    """Looks at nothing, costs nothing."""

    def attach(self, session: Connection, origin: float) -> None:
        """Do nothing."""

    def unit_begins(self) -> None:
        """Do nothing."""

    def statement_begins(self, statement: Statement) -> None:
        """Do nothing."""

    def statement_done(self) -> Seen:
        """Report that nothing was looked at."""
        return Seen()

    def transaction_ended(self) -> None:
        """Do nothing."""

    def finish(self) -> SeenOverall:
        """Report that nothing was looked at."""
        return SeenOverall()

    @property
    def stopped(self) -> str:
        """Nothing is stopped."""
        return ""


@dataclass
class LockWatch:
    """Watches locks at an interval (seconds), and rows, rewrites and WAL by statement."""

    database: Database
    interval: float = DEFAULT_INTERVAL
    stop_after: StopAfter = NEVER

    def attach(self, session: Connection, origin: float) -> None:
        """Begin to watch a session from another one.

        The session is asked for the server's remarks on its own work, such as ``verifying table``:
        no catalogue and no lock tells a table that was scanned from one that was not. What is
        compared with the end is read in the session of the watch, whose settings stay.
        """
        self._session = session
        session.execute(_REMARKS_SQL)
        self._origin = origin
        sizes: dict[int, int] = dict(session.execute(_SIZES_SQL).fetchall())
        rows = session.execute(_RELATIONS_SQL).fetchall()
        self._names: dict[int, str] = {oid: name for oid, name, _, _ in rows}
        self._names_before = frozenset(self._names.values())
        reads = _names_read(session, self._names)
        self._before = {
            oid: Relation(oid, name, kind, filenode, sizes.get(oid, 0), reads.get(oid, frozenset()))
            for oid, name, kind, filenode in rows
        }
        self._filenodes: dict[int, int] = {}
        self._new: dict[int, str] = {}
        self._rewritten: set[int] = set()
        self._rows = self._all_rows = _NO_ROWS
        self._kind = ""
        self._wal = 0
        pid = session.info.backend_pid
        self._watching = self.database.connect(application_name="shadowgate lock watch")
        self._pitfalls = _read_pitfalls(self._watching)
        self._statistics = read_statistics(self._watching)
        there = {oid: relation.name for oid, relation in self._before.items()}
        self._sampler = LockSampler(
            self._watching,
            pid,
            origin,
            self.interval,
            lambda held, now: self.stop_after.reason(held, there, now),
        )
        self._sampler.start()

    @property
    def stopped(self) -> str:
        """Why the script was stopped; empty if it was not."""
        return self._sampler.stopped

    def unit_begins(self) -> None:
        """Note the files of all tables, and empty the session's row counters.

        The counters are flushed once a second at most: left alone, they would still hold rows of
        the transaction before.
        """
        self._filenodes = self._read_filenodes()
        self._rows = _NO_ROWS
        if holds("statistics_flush", self._session.info.server_version):
            self._session.execute(_FLUSH_SQL)
            self._all_rows = self._read_rows(_ALL_ROWS_SQL)

    def statement_begins(self, statement: Statement) -> None:
        """Note where the WAL stands, which locks are left from earlier statements, and rows.

        Where counters cannot be emptied, those of the transaction before are among them; they do
        not go as long as a transaction is open.
        """
        info = self._session.info
        in_transaction = info.transaction_status == TransactionStatus.INTRANS
        if in_transaction and not holds("statistics_flush", info.server_version):
            self._rows = self._read_rows(_OWN_ROWS_SQL)
        self._wal = self._sampler.snapshot()
        self._sampler.statement = statement.number
        self._kind = statement.kind

    def statement_done(self) -> Seen:
        """Look at everything before the transaction ends."""
        wal = self._sampler.snapshot() - self._wal
        if self._kind in _NOTHING_TO_SEE:
            return Seen(wal_bytes=wal)
        row = self._session.execute(_LOCK_TIMEOUT_SQL).fetchone()
        return Seen(
            rows=self._rows_of_statement(),
            rewritten=self._rewritten_by_statement(),
            replaced=self._replaced(),
            wal_bytes=wal,
            lock_timeout_ms=int(row[0]) if row else None,
        )

    def transaction_ended(self) -> None:
        """Note that the locks are given back."""
        self._sampler.snapshot()

    def finish(self) -> SeenOverall:
        """Stop sampling and name what was seen.

        Raises:
            ServerError: the session of the watch was lost.
        """
        with closing(self._watching):
            self._sampler.stop()
            ended = time.monotonic() - self._origin
            try:
                pitfalls = _new_pitfalls(self._pitfalls, _read_pitfalls(self._watching))
                gaps = statistics_gaps(self._statistics, self._watching)
                rows = self._watching.execute(_RELATIONS_SQL).fetchall()
                counted = self._count_rewritten({oid for oid, _, _, _ in rows})
            except psycopg.Error as problem:
                raise watch_lost(problem) from problem
        locks, awaited = spans_to_locks(
            self._sampler.held.finish(ended),
            self._sampler.waited.finish(ended),
            self._names,
            set(self._before),
        )
        return SeenOverall(
            locks,
            awaited,
            tuple(self._before.values()),
            tuple(sorted(pitfalls)),
            tuple(sorted(self._pitfalls)),
            counted,
            gaps,
            gone=self._names_before - {name for _, name, _, _ in rows},
        )

    def _read_filenodes(self) -> dict[int, int]:
        rows = self._session.execute(_RELATIONS_SQL).fetchall()
        self._new = {oid: name for oid, name, _, _ in rows if oid not in self._before}
        self._names.update(self._new)  # the others keep the names that they are known by
        return {oid: filenode for oid, _, kind, filenode in rows if kind in _TABLE_KINDS}

    def _rewritten_by_statement(self) -> tuple[str, ...]:
        last, self._filenodes = self._filenodes, self._read_filenodes()
        rewritten = [
            oid
            for oid, filenode in self._filenodes.items()
            if oid in self._before and last.get(oid, filenode) != filenode
        ]
        self._rewritten.update(rewritten)
        return tuple(self._names[oid] for oid in rewritten)

    def _count_rewritten(self, there: set[int]) -> tuple[tuple[str, int], ...]:
        """Rows of each rewritten table that is there, by the name that it had before."""
        return tuple(
            (self._names[oid], count_up_to_many(oid, self._watching))
            for oid in sorted(self._rewritten & there)
        )

    def _replaced(self) -> tuple[str, ...]:
        """Names from before the script that belong to a relation of the script's by now."""
        return tuple(sorted(self._names_before.intersection(self._new.values())))

    def _rows_of_statement(self) -> RowsTouched | None:
        """Count rows since the statement before: of this transaction, or of the whole server.

        In a transaction the session knows its own. One that has ended by itself has handed its
        counters over to the server's statistics.
        """
        info = self._session.info
        if info.transaction_status == TransactionStatus.INTRANS:
            last, self._rows = self._rows, self._read_rows(_OWN_ROWS_SQL)
            return _difference(self._rows, last)
        if not holds("statistics_flush", info.server_version):
            return None
        self._session.execute(_FLUSH_SQL)
        total = _difference(self._read_rows(_ALL_ROWS_SQL), self._all_rows)
        return replace(total, others_included=True)

    def _read_rows(self, query: LiteralString) -> RowsTouched:
        row = self._session.execute(query).fetchone()
        if row is None:
            return _NO_ROWS
        inserted, updated, deleted, read = row
        return RowsTouched(inserted, updated, deleted, read=read)


def _difference(now: RowsTouched, before: RowsTouched) -> RowsTouched:
    """What came in between; tables dropped meanwhile have taken their counts with them."""
    return RowsTouched(
        max(0, now.inserted - before.inserted),
        max(0, now.updated - before.updated),
        max(0, now.deleted - before.deleted),
        read=max(0, now.read - before.read),
    )


def _names_read(session: Connection, names: Mapping[int, str]) -> dict[int, frozenset[str]]:
    """The relations that each view reads, by name; those of the system are left out."""
    found: dict[int, frozenset[str]] = {}
    for view, relation in session.execute(_VIEWS_SQL).fetchall():
        if relation in names:
            found[view] = found.get(view, frozenset()) | {names[relation]}
    return found


def _new_pitfalls(before: frozenset[Pitfall], after: frozenset[Pitfall]) -> frozenset[Pitfall]:
    known = {(each.rule, each.identity) for each in before}
    return frozenset(each for each in after if (each.rule, each.identity) not in known)


def _read_pitfalls(connection: Connection) -> frozenset[Pitfall]:
    return frozenset(Pitfall(*row) for row in connection.execute(_PITFALLS_SQL).fetchall())
