"""Tries writes on a copy from before and on a copy from after; nothing that they write stays."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from shadowgate.catalogue.columns import Column
from shadowgate.catalogue.renames import renamed_tables
from shadowgate.language import sentence
from shadowgate.migrate.clients.calls import ambiguous_calls
from shadowgate.migrate.clients.computed import stale_values
from shadowgate.migrate.clients.inheritance import lost_inherited_rows
from shadowgate.migrate.clients.inserts import Insert, inserts
from shadowgate.migrate.clients.narrower import narrower_columns, narrower_sequences
from shadowgate.migrate.clients.pairs import Pair, pairs
from shadowgate.migrate.clients.refusals import (
    CONFLICT_TARGET_LOST,
    INSERT_REFUSED,
    UPDATE_REFUSED,
    Refusal,
    Refusals,
    as_findings,
)
from shadowgate.migrate.clients.views import lost_view_columns
from shadowgate.migrate.script import Script
from shadowgate.server.base import Connection, Database

MOST_TABLES = 300
"""Tables that are looked at, those that the migration touches first."""

_SECONDS = 10
"""What takes longer is left out: a trigger may do anything."""

_SETTINGS = {
    "statement_timeout": f"{_SECONDS}s",
    "TimeZone": "UTC",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
}
_CONFLICT_TARGETS = (Path(__file__).parent / "conflict_targets.sql").read_text(encoding="utf-8")
_ON_CONFLICT = "EXPLAIN INSERT INTO {table} DEFAULT VALUES ON CONFLICT ({key}){where} DO NOTHING"
_UPDATE = "UPDATE {table} SET {column} = {column} WHERE {found}"
_KEYS_OF_A_ROW = "SELECT {keys} FROM {table} ORDER BY {ordered} LIMIT 1"
_COLUMNS_OF_INDEX = """
SELECT a.attname
FROM pg_catalog.pg_class AS x
JOIN pg_catalog.pg_namespace AS n ON n.oid = x.relnamespace
JOIN pg_catalog.pg_index AS i ON i.indexrelid = x.oid
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
WHERE n.nspname = %s AND x.relname = %s
"""
_FOREIGN_KEY = "SELECT FROM pg_catalog.pg_constraint WHERE contype = 'f' AND conname = %s"
_NOT_MATCHED = "42P10"
"""SQLSTATE of ON CONFLICT without an index for it."""
_OF_THE_MOMENT = frozenset({"57014", "55P03", "40P01", "40001"})
"""SQLSTATEs that say nothing of the write: it took too long, or met another one."""
_QUOTED = re.compile(r'(?:enum |")([^\s":]+)')
"""Names in what the server says."""

_KEY_TAKEN, _NOT_REFERENCED, _NULL = "23505", "23503", "23502"


def find_refusals(
    before: Database,
    after: Database,
    script: Script,
    *,
    touched: Collection[str] = (),
    renames: Mapping[str, str] | None = None,
    note_on_targets: str = "",
) -> Refusals:
    """Find what clients could do before a migration and cannot do after it.

    What is written is rolled back, but sequences move on: both databases are to be thrown away.

    Args:
        before: a copy of the database without the migration.
        after: a copy of the migrated database.
        script: the migration, whose statements are to blame.
        touched: qualified names of tables that come first.
        renames: tables that have another name since, by a plan: old name -> new one.
        note_on_targets: why a lost conflict target does not count by itself; empty if it counts.

    Raises:
        psycopg.Error: a catalogue cannot be read, or a session was lost.
    """
    named = {**renamed_tables(before, after), **(renames or {})}
    with before.connect() as old, after.connect() as new:
        for connection in (old, new):
            for name, value in _SETTINGS.items():
                setting = sql.SQL("SET {} = {}").format(sql.Identifier(name), sql.Literal(value))
                connection.execute(setting)
        trial = _Trial(old, new)
        trial.found += narrower_sequences(old, new)  # before numbers are taken for rows of ours
        trial.found += lost_view_columns(old, new)
        trial.found += ambiguous_calls(old, new)
        trial.look_at_rows()
        for number, pair in enumerate(pairs(old, new, touched=touched, renames=named)):
            if number == MOST_TABLES:
                break
            trial.look_at(pair)
    return Refusals(
        as_findings(trial.found, script, note=note_on_targets),
        tuple(trial.found),
        trial.tables,
        trial.written,
        tuple(trial.untried),
    )


@dataclass
class _Trial:
    before: Connection
    after: Connection
    found: list[Refusal] = field(default_factory=list)
    tables: int = 0
    written: int = 0
    untried: list[str] = field(default_factory=list)

    def look_at_rows(self) -> None:
        """Look at rows that nobody writes, and are not found as before."""
        try:
            self.found += lost_inherited_rows(self.before, self.after)
        except psycopg.errors.QueryCanceled:
            self.untried.append(
                sentence(
                    "the rows of tables that inherit could not be counted in {seconds} s",
                    seconds=_SECONDS,
                )
            )
        self.found += stale_values(self.before, self.after, self.untried)

    def look_at(self, pair: Pair) -> None:
        """Try everything on one table."""
        self.tables += 1
        self.found += _demanded(pair)
        try:
            self.found += self._refused_inserts(pair)
            self.found += self._refused_updates(pair)
            self.found += self._lost_targets(pair)
            self.found += narrower_columns(self.before, pair)
        except psycopg.errors.QueryCanceled:
            self.untried.append(
                sentence(
                    "{table}: its rows could not be looked at in {seconds} s",
                    table=pair.table,
                    seconds=_SECONDS,
                )
            )

    def _refused_inserts(self, pair: Pair) -> Iterator[Refusal]:
        taken, refused = 0, ""
        for forms in inserts(self.before, pair):
            for form in forms:
                error = _refusal_of(self.before, form.before)
                if error is None:
                    taken += 1
                    yield from self._refused_since(form)
                    break
                refused = f"{pair.table}: {_primary(error)}"
        self.written += bool(taken)
        if refused and not taken:
            self.untried.append(refused)

    def _refused_since(self, form: Insert) -> Iterator[Refusal]:
        """What the migrated database has against a row that the other one takes."""
        error = _refusal_of(self.after, form.after())
        if error is not None:
            # Of a column that has another type, a client gives other values since.
            others = any(c.type != form.pair.columns[n].type for n, c in form.pair.since.items())
            if others or (error.sqlstate == _KEY_TAKEN and not self._gives_taken_keys(error, form)):
                error = _refusal_of(self.after, form.after(adapted=True))
        if error is not None and self._counts(error, form):
            said = sentence(
                "an INSERT into {table} that works before the migration is refused after it: "
                "{error} (SQLSTATE {sqlstate})",
                table=form.pair.table,
                error=_primary(error),
                sqlstate=error.sqlstate,
            )
            yield Refusal(
                INSERT_REFUSED, form.pair.table, said, _named(error), error.sqlstate or ""
            )

    def _counts(self, error: psycopg.Error, form: Insert) -> bool:
        if error.sqlstate in _OF_THE_MOMENT:
            return False
        if error.sqlstate == _KEY_TAKEN:
            return self._gives_taken_keys(error, form)
        if error.sqlstate == _NOT_REFERENCED:
            # What a row referred to may have been deleted in so many words.
            known = self.before.execute(_FOREIGN_KEY, [error.diag.constraint_name]).fetchone()
            return known is None
        demanded = {column.name for column in form.pair.demanded_since}
        return not (error.sqlstate == _NULL and error.diag.column_name in demanded)

    def _gives_taken_keys(self, error: psycopg.Error, form: Insert) -> bool:
        """Whether the key that is taken came from a sequence, and not from the row copied."""
        index = (error.diag.schema_name, error.diag.constraint_name)
        over = {name for (name,) in self.after.execute(_COLUMNS_OF_INDEX, index).fetchall()}
        return any(
            column.numbered and column.name in over and name not in form.given
            for name, column in form.pair.since.items()
        )

    def _refused_updates(self, pair: Pair) -> Iterator[Refusal]:
        column = next((c for c in pair.columns.values() if _is_settable(c, pair)), None)
        if not pair.key or column is None or not {*pair.key} <= {*pair.since}:
            return
        found = self._last_key(pair)
        if found is None:
            return
        earlier = _update(pair.table, column.name, dict(zip(pair.key, found, strict=True)))
        keys = {pair.since[n].name: v for n, v in zip(pair.key, found, strict=True)}
        if _refusal_of(self.before, earlier) is not None:
            return
        error = _refusal_of(self.after, _update(pair.after, pair.since[column.name].name, keys))
        if error is not None and error.sqlstate not in _OF_THE_MOMENT:
            said = sentence(
                "an UPDATE of a row of {table} to itself works before the migration and is refused "
                "after it: {error} (SQLSTATE {sqlstate})",
                table=pair.table,
                error=_primary(error),
                sqlstate=error.sqlstate,
            )
            yield Refusal(UPDATE_REFUSED, pair.table, said, _named(error), error.sqlstate or "")

    def _last_key(self, pair: Pair) -> tuple[str, ...] | None:
        names = [sql.Identifier(name) for name in pair.key]
        query = sql.SQL(_KEYS_OF_A_ROW).format(
            keys=sql.SQL(", ").join(sql.SQL("{}::text").format(name) for name in names),
            table=sql.SQL(pair.table),
            ordered=sql.SQL(", ").join(sql.SQL("{} DESC").format(name) for name in names),
        )
        return self.before.execute(query).fetchone()

    def _lost_targets(self, pair: Pair) -> Iterator[Refusal]:
        targets = self.before.execute(_CONFLICT_TARGETS.encode(), {"table": pair.oid}).fetchall()
        for index, key, predicate in targets:
            where = f" WHERE {predicate}" if predicate else ""
            target = f"({_bare(key)}){where}"
            asked = [
                sql.SQL(_ON_CONFLICT).format(
                    table=sql.SQL(table), key=sql.SQL(key), where=sql.SQL(where)
                )
                for table in (pair.table, pair.after)
            ]
            if _refusal_of(self.before, asked[0]) is not None:
                continue
            error = _refusal_of(self.after, asked[1])
            if error is not None and error.sqlstate == _NOT_MATCHED:
                said = sentence(
                    # TRANSLATORS: {target} is SQL, as (email) WHERE active
                    "INSERT INTO {table} … ON CONFLICT {target} works before the migration and is "
                    "refused after it: no unique index is for it, as {index} was, so that rows may "
                    "come twice",
                    table=pair.table,
                    target=target,
                    index=index,
                )
                yield Refusal(CONFLICT_TARGET_LOST, pair.table, said, (index,), _NOT_MATCHED)


def _demanded(pair: Pair) -> Iterator[Refusal]:
    """Columns that every INSERT has to give since: no row is needed to see it."""
    for column in pair.demanded_since:
        said = sentence(
            "an INSERT into {table} that leaves {column} out works before the migration and is "
            "refused after it: the column is NOT NULL and has no default ({why})",
            table=pair.table,
            column=column.name,
            why=sentence("it is new")
            if column in pair.new
            else sentence("what gave it a value is gone"),
        )
        yield Refusal(INSERT_REFUSED, pair.table, said, (column.name,), _NULL)


def _is_settable(column: Column, pair: Pair) -> bool:
    since = pair.since.get(column.name)
    return not column.computed and since is not None and not since.computed


def _update(table: str, column: str, keys: Mapping[str, str]) -> sql.Composed:
    return sql.SQL(_UPDATE).format(
        table=sql.SQL(table),
        column=sql.Identifier(column),
        found=sql.SQL(" AND ").join(
            sql.SQL("{} = {}").format(sql.Identifier(name), sql.Literal(value))
            for name, value in keys.items()
        ),
    )


def _refusal_of(connection: Connection, statement: sql.Composed) -> psycopg.Error | None:
    """Why a statement is refused, at the end of its transaction at the latest."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(statement)
            connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except psycopg.Error as error:
        if connection.closed:
            raise
        return error
    return None


def _primary(error: psycopg.Error) -> str:
    return error.diag.message_primary or str(error)


def _named(error: psycopg.Error) -> tuple[str, ...]:
    """What the server says is to blame, most exactly first."""
    diag = error.diag
    function = (diag.context or "").partition("function ")[2].partition("(")[0]
    names = (diag.constraint_name, diag.column_name, diag.datatype_name, function)
    return (*(name for name in names if name), *_QUOTED.findall(_primary(error)))


def _bare(key: str) -> str:
    """The key of an index as somebody writes it."""
    return ", ".join(part.removeprefix("(").removesuffix(")") for part in key.split(", "))
