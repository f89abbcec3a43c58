"""The script on copies of several sizes, for a production that is larger than the shadow.

Each copy is a sample of the shadow along its foreign keys. On each the script is applied several
times, and for each statement the rows are counted that it looked at or wrote: what does that for no
more rows of a larger table is the same in production, whatever its times scatter by.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from psycopg import sql

from shadowgate.errors import MigrationError, ValidationError
from shadowgate.language import sentence
from shadowgate.migrate import Script, ScriptRun
from shadowgate.migrate.results import with_schema
from shadowgate.migrate.work_watch import Work, WorkWatch
from shadowgate.phases.migration.thinning import thin
from shadowgate.phases.restore.state import State
from shadowgate.phases.runner import Runner
from shadowgate.production.known import ROWS_PERCENT, ROWS_SLACK
from shadowgate.progress import silent
from shadowgate.server import Connection, Database, Databases

SHARES = (0.25, 0.5, 1.0)
"""Of the shadow's rows."""

LOOKS = (3, 5, 8)
"""Rounds after which it is looked whether what was measured decides; in each, every size is
migrated once."""

BUDGET_SECONDS = 120.0
"""Once so much time has gone, no other round is begun: what takes so long scatters little."""

_TABLES = """
SELECT asked.name, pg_catalog.to_regclass(asked.name)::oid::bigint
FROM unnest(%s::text[]) AS asked (name)
"""
_PARALLEL = ("max_parallel_maintenance_workers", "max_parallel_workers_per_gather")


@dataclass(frozen=True)
class SizedRun:
    """The script, applied to one copy."""

    share: float
    rows: Mapping[int, int]
    """Object id of a table -> rows on this copy before the script."""
    run: ScriptRun
    work: Mapping[int, Work | None]
    """Number of a statement -> rows that it looked at or wrote, by table."""
    disk_bytes: int
    """By how much the database grew, and what rewritten tables took beside their old selves."""


@dataclass(frozen=True)
class Larger:
    """A table of which production has more rows than the shadow."""

    name: str
    rows: int
    """In the shadow."""
    production: int


@dataclass(frozen=True)
class Sizes:
    """What was measured on all copies."""

    runs: tuple[SizedRun, ...]
    larger: Mapping[int, Larger]
    """Object id -> table, of those that production has more rows of."""
    unknown: tuple[str, ...]
    """Tables of which nobody says how many rows production has."""
    empty: tuple[str, ...] = ()
    """Tables that the script locks, with rows in production and none in the shadow."""
    seconds: float = 0.0

    @property
    def told_for(self) -> dict[str, int]:
        """Larger table -> rows in production."""
        return {each.name: each.production for each in self.larger.values()}


def larger_in_production(
    before: State, production: Mapping[str, int], *, stated: Mapping[str, int]
) -> dict[str, tuple[int, int]]:
    """Tables of which production has more rows, beyond what a backup lags behind.

    Args:
        before: the shadow.
        production: table -> rows in production.
        stated: those of them that a plan names itself.

    Returns:
        Table -> rows in the shadow and in production.

    Raises:
        ValidationError: the plan names a table that the shadow has not.
    """
    strange = sorted(set(stated) - set(before.content))
    if strange:
        raise ValidationError(
            sentence(
                "[production] rows names {strange}, which the shadow has not",
                strange=", ".join(strange),
            ),
            where=sentence(
                "the shadow has {content}",
                content=", ".join(sorted(before.content)) or "no table",
            ),
            todo="name tables as they are called there, with their schema",
        )
    return {
        table: (before.content[table].rows, rows)
        for table, rows in production.items()
        if table in before.content and is_larger(before.content[table].rows, rows)
    }


def is_larger(here: int, there: int) -> bool:
    """Whether there are more rows there by more than a backup lags behind."""
    return there - here > ROWS_SLACK and there > here * (1 + ROWS_PERCENT / 100)


def measure_sizes(
    script: Script,
    shadow: Database,
    before: State,
    larger: Mapping[str, tuple[int, int]],
    production: Mapping[str, int],
    databases: Databases,
    runner: Runner,
    decides: Callable[[Sizes], bool],
) -> Sizes:
    """Apply the script to samples of the shadow and to the whole of it, several times each.

    Args:
        script: the migration.
        shadow: as it is before the migration; only copied.
        before: its state.
        larger: table -> rows in the shadow and in production; see :func:`larger_in_production`.
        production: table -> rows in production, as far as they are known.
        databases: makes the copies, and drops them.
        runner: applies the script.
        decides: whether what was measured so far suffices.

    Raises:
        MigrationError: the script fails on a smaller copy.
    """
    began = time.monotonic()
    # Extensions' tables come with their own rows.
    named = {identity.name for identity in before.snapshot.objects}
    ours = {name for name, found in before.content.items() if found.rows and name in named}
    with shadow.connect() as connection:
        oids: dict[str, int] = dict(connection.execute(_TABLES, [list(before.content)]).fetchall())
    sampled = {name: rows for name, (rows, _) in larger.items() if rows}
    sources = _Sources(shadow, sampled, databases)
    quiet = replace(runner, progress=silent)
    found = Sizes(
        runs=(),
        larger={
            oids[name]: Larger(name, rows, there) for name, (rows, there) in larger.items() if rows
        },
        unknown=tuple(sorted(ours - set(production))),
    )
    try:
        for round_ in range(1, LOOKS[-1] + 1):
            for share in SHARES:
                runner.progress(f"production's size: a copy of {share:.0%} of the rows")
                found = replace(found, runs=(*found.runs, _measure(script, sources, share, quiet)))
            if time.monotonic() - began > BUDGET_SECONDS or (round_ in LOOKS and decides(found)):
                break
    finally:
        sources.close()
    locked = {with_schema(lock.relation) for run in found.runs for lock in run.run.locks}
    empty = sorted(name for name, (rows, _) in larger.items() if not rows and name in locked)
    return replace(found, empty=tuple(empty), seconds=time.monotonic() - began)


class _Sources:
    """The shadow and its samples, each made when it is first asked for."""

    def __init__(self, shadow: Database, rows: Mapping[str, int], databases: Databases) -> None:
        self.databases = databases
        self._shadow = shadow
        self._tables = list(rows)
        self._made: dict[float, tuple[Database, dict[int, int]]] = {}

    @property
    def name(self) -> str:
        """What copies are called after."""
        return self._shadow.name

    def of(self, share: float) -> tuple[Database, dict[int, int]]:
        """A database with so many of the rows, and the rows of its sampled tables by object id."""
        if share not in self._made:
            database = self._shadow if share == 1.0 else self._sample(share)
            with database.connect() as connection:
                self._made[share] = (database, _rows_of(connection, self._tables))
        return self._made[share]

    def _sample(self, share: float) -> Database:
        name = f"{self._shadow.name}_{share * 100:.0f}_percent"
        database = self.databases.clone(self._shadow, name)
        with database.connect() as connection:
            thin(connection, dict.fromkeys(self._tables, share))
        return database

    def close(self) -> None:
        for database, _ in self._made.values():
            if database != self._shadow:
                self.databases.drop(database.name)


def _rows_of(connection: Connection, tables: list[str]) -> dict[int, int]:
    found = {}
    for name, oid in connection.execute(_TABLES, [tables]).fetchall():
        count = connection.execute(f"SELECT count(*) FROM {name}".encode()).fetchone()  # noqa: S608
        found[oid] = int(count[0]) if count else 0
    return found


def _measure(script: Script, sources: _Sources, share: float, runner: Runner) -> SizedRun:
    source, rows = sources.of(share)
    with sources.databases.cloned(source, f"{sources.name}_sized") as copy:
        _without_parallel_workers(copy)
        before = _size(copy)
        watch = WorkWatch(copy)
        run = runner.run(script, copy, watch)
        if run.error:
            raise MigrationError(
                sentence(
                    "on a copy with {share:.0%} of the rows the script fails: {what}",
                    share=share,
                    what=run.error.what,
                ),
                where=run.error.where,
                todo=run.error.todo,
            )
        grown = max(_size(copy) - before, 0)
        return SizedRun(share, rows, run, watch.work, grown + _rewritten_bytes(copy, run))


def _without_parallel_workers(copy: Database) -> None:
    """Of work that they do, the session's own counters know nothing."""
    with copy.connect() as connection:
        for setting in _PARALLEL:
            connection.execute(
                sql.SQL("ALTER DATABASE {} SET {} = 0").format(
                    sql.Identifier(copy.name), sql.Identifier(setting)
                )
            )


def _size(database: Database) -> int:
    with database.connect() as connection:
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    return int(row[0]) if row else 0


def _rewritten_bytes(database: Database, run: ScriptRun) -> int:
    """What rewritten tables take now, with their indexes: so much there was of them twice."""
    with database.connect() as connection:
        row = connection.execute(
            "SELECT coalesce(sum(pg_total_relation_size(to_regclass(name))), 0)"
            " FROM unnest(%s::text[]) AS rewritten (name)",
            [list(map(with_schema, run.rewritten))],
        ).fetchone()
    return int(row[0]) if row else 0
