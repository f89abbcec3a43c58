"""Whether both databases of a rehearsed rollout have the same rows, while clients write.

Rows are compared by hash words of their keys and of their values, in ranges of the primary key: a
small table as a whole at every look, a large one range by range in turn, and all of it where a
stage ends. Rows that differ because the canary is about to follow are told from wrong ones by
looking again once it has: what differs in the same way three times does not come right by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np
from psycopg import sql

from shadowgate.catalogue.fingerprint import LogicalTable, count_rows, find, pinned
from shadowgate.catalogue.rows import EVERY_ROW, hash_words, key_condition
from shadowgate.language import nsentence
from shadowgate.server.base import Connection, Database
from shadowgate.traffic.acknowledged import Key
from shadowgate.traffic.canary.following import Following

RANGE_ROWS = 20_000
"""Rows of a table that are compared at one look."""
LOOKS = 3
_SHOWN = 5
_PAUSE_SECONDS = 0.1
_TYPE = """
SELECT pg_catalog.format_type(a.atttypid, a.atttypmod)
FROM pg_catalog.pg_attribute AS a
WHERE a.attrelid = pg_catalog.to_regclass(%s) AND a.attname = %s
"""


@dataclass(frozen=True)
class Look:
    """What one look found."""

    at: float
    """``time.monotonic()`` when it ended."""
    rows: int
    wrong: Mapping[str, str]
    """Table with rows that differ -> a sentence about them."""


@dataclass(frozen=True)
class ProbedTable:
    """A table on both sides, and the ranges of its key."""

    before: LogicalTable
    after: LogicalTable
    columns: tuple[str, ...]
    ranges: tuple[sql.Composable, ...]

    @property
    def key(self) -> tuple[str, ...]:
        """The primary key."""
        return self.before.primary_key


@dataclass
class Probes:
    """Looks at both databases, range by range."""

    primary: Database
    canary: Database
    tables: tuple[ProbedTable, ...]
    not_probed: tuple[str, ...]
    """Tables without a primary key, that are not replicated, or that the migration may change."""
    looks: list[Look] = field(default_factory=list)
    _turn: int = 0
    _since: int = 0
    """The turn after the last look at everything."""

    def look(
        self,
        following: Following,
        written: Callable[[str, Set[Key]], Set[Key]],
        besides: Set[str],
        *,
        everything: bool = False,
        migrated: bool = False,
    ) -> Look:
        """Compare the ranges whose turn it is.

        Args:
            following: whether, and how far, the canary follows.
            written: tells which rows of a table, of some, clients have written so far.
            besides: tables that they change by triggers, whose rows are not known.
            everything: all ranges that had no turn since the last such look.
            migrated: the primary is migrated too.
        """
        rows, wrong = 0, dict[str, str]()
        with self.primary.connect() as old, self.canary.connect() as new:
            for table in self.tables:
                name = table.before.name
                side = replace(table, before=table.after) if migrated else table
                if name in besides and not following.active:
                    continue
                ranges = table.ranges
                turns = {self._turn % len(ranges)}
                if everything:
                    had = {turn % len(ranges) for turn in range(self._since, self._turn)}
                    turns = {*range(len(ranges))} - (had if len(ranges) > 1 else set())
                for where in (ranges[number] for number in sorted(turns)):
                    seen, sentence = self._compare(side, where, old, new, following, written)
                    rows += seen
                    wrong |= {name: sentence} if sentence else {}
        self._turn += 1
        self._since = self._turn if everything else self._since
        self.looks.append(Look(time.monotonic(), rows, wrong))
        return self.looks[-1]

    def _compare(
        self,
        table: ProbedTable,
        where: sql.Composable,
        old: Connection,
        new: Connection,
        following: Following,
        written: Callable[[str, Set[Key]], Set[Key]],
    ) -> tuple[int, str]:
        """Rows that were compared, and what is wrong with them."""
        name = table.before.name
        rows, differing = _differing(table, where, old, new)
        named: set[Key] = set()
        for look in range(LOOKS):
            if look > 0:
                if not (following.active and following.caught_up()):
                    time.sleep(_PAUSE_SECONDS)
                differing &= _differing(table, where, old, new)[1]
            if not following.active or look == LOOKS - 1:
                named = _named(table, where, old, new, differing) if differing else set()
                named -= frozenset() if following.active else written(name, named)
            if not differing or (not following.active and not named):
                return rows, ""
        shown = ", ".join(f"({', '.join(key)})" for key in sorted(named)[:_SHOWN])
        more = " …" if len(named) > _SHOWN else ""
        keys = f"({', '.join(table.key)}) = {shown}{more}"
        return rows, nsentence(
            "{n:,} row of {table} is not on the canary as on the primary, {keys}",
            "{n:,} rows of {table} are not on the canary as on the primary, {keys}",
            len(named),
            table=name,
            keys=keys,
        )


def probes_of(
    primary: Database,
    canary: Database,
    may_change: Mapping[str, frozenset[str]],
    renames: Mapping[str, str],
) -> Probes:
    """Find the tables to compare, and the ranges of their keys.

    Args:
        primary: the unmigrated database.
        canary: the migrated one.
        may_change: table -> columns whose values the migration may change; ``*`` for all.
        renames: table -> the name that the migration gives it.
    """
    tables, without = [], []
    with primary.connect() as old, canary.connect() as new, pinned(old), pinned(new):
        there = {table.name: table for table in find(new)}
        for before in find(old):
            after = there.get(before.name) or there.get(renames.get(before.name, ""))
            changing = may_change.get(before.name, frozenset())
            if after is None or "*" in changing:
                without += [before.name] if after is not None else []
                continue
            both = {*before.columns} & {*after.columns} - changing
            columns = tuple(name for name in before.columns if name in both)
            if not before.primary_key or not {*before.primary_key} <= both:
                without.append(before.name)
                continue
            tables.append(ProbedTable(before, after, columns, tuple(_ranges(old, before))))
    return Probes(primary, canary, tuple(tables), tuple(without))


def _ranges(connection: Connection, table: LogicalTable) -> Iterator[sql.Composable]:
    parts = -(-count_rows(connection, table) // RANGE_ROWS)
    if parts <= 1:
        yield EVERY_ROW
        return
    first = sql.Identifier("t", table.primary_key[0])
    (kind,) = connection.execute(_TYPE, (table.name, table.primary_key[0])).fetchone() or ("text",)
    bounds = connection.execute(
        sql.SQL(
            "SELECT DISTINCT bound::text AS shown, bound FROM unnest((SELECT percentile_disc({}) "
            "WITHIN GROUP (ORDER BY {}) FROM {} AS t)) AS u (bound) ORDER BY bound"
        ).format(sql.Literal([number / parts for number in range(1, parts)]), first, table.source())
    ).fetchall()
    values = [sql.SQL("{}::{}").format(sql.Literal(b), sql.SQL(kind)) for b, _ in bounds]
    for low, high in zip([None, *values], [*values, None], strict=True):
        yield sql.SQL(" AND ").join(
            sql.SQL("{} {} {}").format(first, sql.SQL(sign), bound)
            for sign, bound in ((">=", low), ("<", high))
            if bound is not None
        )


def _differing(
    table: ProbedTable, where: sql.Composable, old: Connection, new: Connection
) -> tuple[int, set[bytes]]:
    """Rows before, and the words of those that only one side has."""

    def words(connection: Connection, one: LogicalTable) -> set[bytes]:
        with pinned(connection):
            raw = hash_words(connection, one, table.key, table.columns, where).tobytes()
        return {raw[start : start + 16] for start in range(0, len(raw), 16)}

    with ThreadPoolExecutor(2) as pool:
        there = pool.submit(words, old, table.before)
        here = pool.submit(words, new, table.after)
        before, after = there.result(), here.result()
    return len(before), before ^ after


def _named(
    table: ProbedTable,
    where: sql.Composable,
    old: Connection,
    new: Connection,
    differing: set[bytes],
) -> set[Key]:
    """The keys behind hash words, of either side."""
    words = np.array(sorted({int.from_bytes(one[:8], signed=True) for one in differing}), np.int64)
    found: set[Key] = set()
    for connection, one in ((old, table.before), (new, table.after)):
        with pinned(connection):
            query = sql.SQL("SELECT {} FROM {} AS t WHERE {} AND {}").format(
                sql.SQL(", ").join(
                    sql.SQL("{}::text").format(sql.Identifier("t", c)) for c in table.key
                ),
                one.source(),
                where,
                key_condition(one, table.key, words),
            )
            found |= {tuple(map(str, row)) for row in connection.execute(query)}
    return found
