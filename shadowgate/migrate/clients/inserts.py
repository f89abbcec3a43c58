"""The last rows of a table once more: as INSERTs that production takes, with the values as text.

As text, since that is how a client sends them: a label that an enum has under another name since is
refused, though the row that held it is as it was.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from psycopg import sql

from shadowgate.catalogue.columns import Column, fresh_value
from shadowgate.migrate.clients.pairs import Pair
from shadowgate.server.base import Connection

ROWS = 3
"""How many of the last rows stand for those to come."""

_INSERT = sql.SQL("INSERT INTO {table} ({columns}) VALUES ({values}){otherwise}")
_DEFAULTS = sql.SQL("INSERT INTO {table} DEFAULT VALUES{otherwise}")
_PASSED_OVER = sql.SQL(" ON CONFLICT DO NOTHING")
_SOME = sql.SQL("(SELECT {column} FROM {table} WHERE {column} IS NOT NULL LIMIT 1)")
_LAST = sql.SQL("""
SELECT {values}
FROM (
    SELECT pg_catalog.row_number() OVER () AS {number}, t.*
    FROM (SELECT * FROM {table}{ordered} LIMIT {rows}) AS t
) AS t
""")
_NUMBER = "number of the row"

Values = Mapping[str, str | None]


@dataclass(frozen=True)
class Insert:
    """One row, with columns left out or not, and with new keys or not."""

    pair: Pair
    own: Values
    """Values that the row has."""
    fresh: Values
    """Values under which there is no row yet, of the columns that get one."""
    given: tuple[str, ...]
    """Columns by their names before."""
    passed_over: bool = False
    """Whether nothing is inserted, and nothing refused, where a row has its key already."""

    @property
    def before(self) -> sql.Composed:
        """The statement for the database before the migration."""
        values = {name: sql.Literal(self._value(name)) for name in self.given}
        return _statement(self.pair.table, values, passed_over=self.passed_over)

    def after(self, *, adapted: bool = False) -> sql.Composed:
        """The same for the migrated database, without columns that are gone.

        What it demands since is given, for that is a finding of its own.

        Args:
            adapted: columns of another type get a value that the table has since.
        """
        pair, values = self.pair, dict[str, sql.Composable]()
        demanded = tuple(pair.demanded_since)
        for name, column in pair.since.items():
            is_other = pair.columns[name].type != column.type
            if name in self.given and (not (adapted and is_other) or self.own[name] is None):
                values[column.name] = sql.Literal(self._value(name))
            elif name in self.given or column in demanded:
                values[column.name] = _some(pair.after, column)
        values |= {c.name: _some(pair.after, c) for c in demanded if c.name not in values}
        passed_over = self.passed_over or adapted or bool(demanded)
        return _statement(pair.after, values, passed_over=passed_over)

    def _value(self, name: str) -> str | None:
        return self.fresh.get(name, self.own[name])


def inserts(before: Connection, pair: Pair) -> Iterator[tuple[Insert, ...]]:
    """Rows of a table as they may be inserted; of each group the first that is taken counts.

    Args:
        before: to the database before the migration, whose rows are read.
        pair: the table.
    """
    writable = [column for column in pair.columns.values() if not column.computed]
    least = tuple(column.name for column in writable if not column.filled)
    most = tuple(column.name for column in writable if not column.numbered)
    unique = [column for column in writable if _is_unique(column, pair) and not column.numbered]
    for own, fresh in _last_rows(before, pair, writable, unique):
        for given in dict.fromkeys((least, most)):
            new = {name: value for name, value in fresh.items() if name in given}
            singly = ({name: value} for name, value in new.items() if len(new) > 1)
            yield (
                *(Insert(pair, own, keys, given) for keys in (new, *singly)),
                Insert(pair, own, {}, given, passed_over=True),
            )


def _is_unique(column: Column, pair: Pair) -> bool:
    since = pair.since.get(column.name)
    return column.unique or (since is not None and since.unique)


def _last_rows(
    before: Connection, pair: Pair, columns: Sequence[Column], unique: Collection[Column]
) -> Iterator[tuple[Values, Values]]:
    """The last rows by key, each as its values and as new values of the unique columns."""
    number = sql.Identifier("t", _NUMBER)
    own = [sql.Identifier("t", column.name) for column in columns]
    fresh = [fresh_value(pair.table, column, number) for column in unique]
    ordered = [sql.SQL("{} DESC").format(sql.Identifier(name)) for name in pair.key]
    query = _LAST.format(
        values=sql.SQL(", ").join(sql.SQL("({})::text").format(each) for each in (*own, *fresh)),
        number=sql.Identifier(_NUMBER),
        table=sql.SQL(pair.table),
        ordered=sql.SQL(" ORDER BY {}").format(sql.SQL(", ").join(ordered))
        if ordered
        else sql.SQL(""),
        rows=sql.Literal(ROWS),
    )
    for row in before.execute(query).fetchall():
        named = [column.name for column in columns], [column.name for column in unique]
        yield (
            dict(zip(named[0], row[: len(own)], strict=True)),
            dict(zip(named[1], row[len(own) :], strict=True)),
        )


def _some(table: str, column: Column) -> sql.Composed:
    return _SOME.format(column=sql.Identifier(column.name), table=sql.SQL(table))


def _statement(
    table: str, values: Mapping[str, sql.Composable], *, passed_over: bool
) -> sql.Composed:
    otherwise = _PASSED_OVER if passed_over else sql.SQL("")
    if not values:
        return _DEFAULTS.format(table=sql.SQL(table), otherwise=otherwise)
    return _INSERT.format(
        table=sql.SQL(table),
        columns=sql.SQL(", ").join(map(sql.Identifier, values)),
        values=sql.SQL(", ").join(values.values()),
        otherwise=otherwise,
    )
