"""Rows for a schema that comes without any: made by its types, and admitted by its constraints.

The same schema gets the same rows. They are good for what does not depend on values: whether a
migration applies, which locks it takes, what it changes, whether its rollback loses a row. They are
no evidence of what production's values would do, nor of times: there are fewer of them than are
asked for before a time is judged.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cattrs
import psycopg
from psycopg import sql

from shadowgate.catalogue.histories import is_history
from shadowgate.server.base import Connection

MOST_ROWS = 90_000
"""In all tables together: from 100,000 on times are judged."""

_ASK = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
_LITERAL = re.compile(r"'((?:[^']|'')*)'|(?<![\w.])(-?\d+(?:\.\d+)?)")
_LOWER = re.compile(r"FROM \((.*?)\) TO|IN \((.*)\)")
_STRIDE = 7919
_TEXTS = ("text", "varchar", "bpchar", "citext", "name")
_BY_TYPE = {
    "bool": "n % 2 = 0",
    "int2": "n % 32767",
    **dict.fromkeys(("int4", "int8"), "n"),
    **dict.fromkeys(("float4", "float8"), "n / 4.0"),
    "numeric": "n % {whole}",
    **dict.fromkeys(_TEXTS, "right({label} || n, {length})"),
    "date": "date '2025-01-01' + n",
    **dict.fromkeys(("timestamp", "timestamptz"), "timestamp '2025-01-01' + n * interval '1 hour'"),
    "time": "time '00:00' + n * interval '1 second'",
    "interval": "n * interval '1 minute'",
    "uuid": "md5({label} || n)",
    "json": "json_build_object('n', n)",
    "jsonb": "jsonb_build_object('n', n)",
    "bytea": "decode(md5(n::text), 'hex')",
    **dict.fromkeys(("inet", "cidr"), "inet '10.0.0.0' + n"),
    "tsvector": "to_tsvector('simple', 'word ' || n)",
    **{name: f"{name}(n, n + 1)" for name in ("int4range", "numrange")},
    "int8range": "int8range(n, n + 1)",
    "daterange": "daterange(date '2025-01-01' + n, date '2025-01-02' + n)",
    "tsrange": "tsrange(timestamp '2025-01-01' + n * interval '1 hour', NULL)",
    "tstzrange": "tstzrange(timestamptz '2025-01-01 00:00Z' + n * interval '1 hour', NULL)",
}
"""Type -> a value that is another one for each n, cast to the column's type."""
_SHAPES = {
    "point": "ST_MakePoint({x}, {y})",
    "linestring": "ST_MakeLine(ST_MakePoint({x}, {y}), ST_MakePoint({x} + {step}, {y}))",
    "polygon": "ST_MakeEnvelope({x}, {y}, {x} + {step}, {y} + {step})",
}
_SHAPE = re.compile(
    r"(?:(multi)?(point|linestring|polygon|geometry)\w*)(?:,(\d+))?\)$", re.IGNORECASE
)


@dataclass(frozen=True)
class Column:
    """A column, as far as its values depend on it."""

    name: str
    type: str
    base: str
    """Name of its type, of a domain that of the type below it."""
    modifier: int
    element: str
    """Of an array, its elements' type."""
    labels: tuple[str, ...]
    """Of an enumerated type."""
    not_null: bool
    unique: bool
    given: bool
    """The server gives its values."""


@dataclass(frozen=True)
class Reference:
    """A foreign key."""

    parent: str
    columns: tuple[str, ...]
    referenced: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table to fill."""

    name: str
    columns: tuple[Column, ...]
    checks: tuple[str, ...]
    bounds: tuple[str, ...]
    partitioned_by: tuple[str, ...]
    references: tuple[Reference, ...]

    def requires(self) -> set[str]:
        """Tables that must have rows before it can have any."""
        needed = {each.name for each in self.columns if each.not_null}
        return {each.parent for each in self.references if needed & {*each.columns}} - {self.name}


@dataclass(frozen=True)
class Filled:
    """How many rows a table has now, and why there are no more."""

    table: str
    rows: int
    why: str = ""

    def __str__(self) -> str:
        return f"{self.table}: {self.rows:,} rows{f': {self.why}' if self.why else ''}"


def fill(connection: Connection, rows: int) -> tuple[Filled, ...]:
    """Fill the empty tables of a database.

    The history of a migration tool and what has rows already is left as it is.

    Args:
        connection: to the database, in autocommit.
        rows: of each table, but no more than :data:`MOST_ROWS` in all.

    Returns:
        Every table, in the order in which they were filled.
    """
    found = [cattrs.structure(row[0], Table) for row in connection.execute(_ASK.encode())]
    tables = in_order([table for table in found if not is_history(table.name)])
    each = min(rows, MOST_ROWS // max(1, len(tables)))
    return tuple(_fill(connection, table, each) for table in tables)


def in_order(tables: Sequence[Table]) -> list[Table]:
    """Parents before their children; what refers to each other in a circle comes last."""
    left = {table.name: table for table in tables}
    wanted = {name: _all_parents(table) for name, table in left.items()}
    done: list[Table] = []
    while left:
        ready = [name for name in left if not wanted[name] & left.keys()]
        ready = ready or [name for name in left if not left[name].requires() & left.keys()]
        done += [left.pop(name) for name in ready or [*left]]
    return done


def _all_parents(table: Table) -> set[str]:
    return {each.parent for each in table.references} - {table.name}


def _fill(connection: Connection, table: Table, rows: int) -> Filled:
    there = _count(connection, table.name)
    if there:
        return Filled(table.name, there, "it has them already")
    try:
        with connection.transaction():
            connection.execute(_insert(connection, table, rows))
    except psycopg.Error as error:
        return Filled(table.name, 0, error.diag.message_primary or str(error))
    made = _count(connection, table.name)
    return Filled(table.name, made, "" if made == rows else "its constraints admit no more of them")


def _count(connection: Connection, table: str) -> int:
    row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.SQL(table))).fetchone()
    return int(row[0]) if row else 0


def _insert(connection: Connection, table: Table, rows: int) -> sql.Composed:
    """One statement for all rows: made, held against the checks, and put in where none is alike."""
    values: dict[str, sql.Composable] = {}
    joins: list[sql.Composable] = []
    for number, reference in enumerate(table.references):
        if there := 0 if reference.parent == table.name else _count(connection, reference.parent):
            values |= _referring(reference, number)
            joins.append(_joined(reference, number, there))
        else:
            values |= dict.fromkeys(reference.columns, sql.SQL("NULL"))
    for column in table.columns:
        if not column.given and column.name not in values:
            values[column.name] = _fitting(connection, table, column)
    names = [sql.Identifier(column.name) for column in table.columns if column.name in values]
    typed = [
        sql.SQL("({})::{} AS {}").format(
            values[column.name], sql.SQL(column.type), sql.Identifier(column.name)
        )
        for column in table.columns
        if column.name in values
    ]
    held = [sql.SQL("({}) IS NOT FALSE").format(sql.SQL(check)) for check in table.checks]
    if {column.name for column in table.columns} - values.keys():
        held = [each for each in held if _is_told_by(connection, each, typed, joins)]
    return sql.SQL(
        "INSERT INTO {table} ({names}) SELECT {names} FROM (SELECT {typed} "
        "FROM generate_series(1, {rows}) AS n {joins}) AS made WHERE {held} ON CONFLICT DO NOTHING"
    ).format(
        table=sql.SQL(table.name),
        names=sql.SQL(", ").join(names),
        typed=sql.SQL(", ").join(typed),
        rows=sql.Literal(rows),
        joins=sql.SQL(" ").join(joins),
        held=sql.SQL(" AND ").join([sql.SQL("true"), *held]),
    )


def _is_told_by(
    connection: Connection,
    check: sql.Composable,
    typed: Sequence[sql.Composable],
    joins: Sequence[sql.Composable],
) -> bool:
    """Whether a check speaks only of values that are made here, not of those the server gives."""
    ask = sql.SQL("SELECT FROM (SELECT {} FROM generate_series(1, 0) AS n {}) AS made WHERE {}")
    query = ask.format(sql.SQL(", ").join(typed), sql.SQL(" ").join(joins), check)
    return _works(connection, query)


def _works(connection: Connection, query: sql.Composed) -> bool:
    try:
        with connection.transaction():
            row = connection.execute(query).fetchone()
    except psycopg.Error:
        return False
    return row is None or not row or bool(row[0])


def _referring(reference: Reference, number: int) -> dict[str, sql.Composable]:
    pairs = zip(reference.columns, reference.referenced, strict=True)
    return {own: sql.Identifier(f"parent {number}", other) for own, other in pairs}


def _joined(reference: Reference, number: int, there: int) -> sql.Composed:
    """A row of the parent for each n, spread over all of them."""
    columns = sql.SQL(", ").join(map(sql.Identifier, reference.referenced))
    return sql.SQL(
        "JOIN (SELECT {columns}, row_number() OVER (ORDER BY {columns}) AS place FROM {parent}) "
        "AS {alias} ON {alias}.place = 1 + n::bigint * {stride} % {there}"
    ).format(
        columns=columns,
        parent=sql.SQL(reference.parent),
        alias=sql.Identifier(f"parent {number}"),
        stride=sql.Literal(_STRIDE),
        there=sql.Literal(there),
    )


def _fitting(connection: Connection, table: Table, column: Column) -> sql.Composable:
    """The first way to make values that the checks of the column alone admit; the usual else."""
    ways = [*_ways(table, column)]
    name = sql.Identifier(column.name)
    alone = [check for check in table.checks if _speaks_of(check, column, table.columns)]
    for way in ways:
        held = sql.SQL(" AND ").join(
            [sql.SQL("true"), *(sql.SQL("({}) IS NOT FALSE").format(sql.SQL(c)) for c in alone)]
        )
        query = sql.SQL(  # counted, or the value would not be made
            "SELECT bool_and({held}) AND count({name}) >= 0 "
            "FROM (SELECT ({way})::{type} AS {name} FROM generate_series(1, 30) AS n) AS t"
        ).format(held=held, way=way, type=sql.SQL(column.type), name=name)
        if _works(connection, query):
            return _with_nulls(way, column, table)
    return sql.SQL("NULL") if not column.not_null or not ways else ways[0]


def _speaks_of(check: str, column: Column, columns: Collection[Column]) -> bool:
    """Whether a check names a column and no other one."""
    named = {each.name for each in columns if re.search(rf"\b{re.escape(each.name)}\b", check)}
    return named == {column.name}


def _with_nulls(way: sql.Composable, column: Column, table: Table) -> sql.Composable:
    if column.not_null or column.unique or column.name in table.partitioned_by:
        return way
    return sql.SQL("CASE WHEN n % 10 <> 7 THEN {} END").format(way)


def _ways(table: Table, column: Column) -> Iterator[sql.Composable]:
    """Expressions of n for a column, the likeliest first."""
    if column.name in table.partitioned_by:
        chosen = [each for bound in table.bounds for each in _literals(_lower(bound))]
        yield from _one_of(chosen, column)
    if column.labels:
        yield from _one_of(column.labels, column)
    usual = _usual(column)
    if usual:
        yield sql.SQL(usual)
    mentioned = [check for check in table.checks if _speaks_of(check, column, table.columns)]
    yield from _one_of([each for check in mentioned for each in _literals(check)], column)
    for expression in ("1 + n % 100", "n % 2", "n / 1000000.0", "-n"):
        yield sql.SQL(expression)
    yield sql.SQL("lower(md5(n::text))")
    yield sql.SQL("'user' || n || '@example.org'")


def _lower(bound: str) -> str:
    found = _LOWER.search(bound)
    return (found[1] or found[2]) if found else ""


def _literals(text: str) -> list[str]:
    return [quoted.replace("''", "'") or number for quoted, number in _LITERAL.findall(text)]


def _one_of(values: Sequence[str], column: Column) -> Iterator[sql.Composable]:
    """Each value in turn, and then each by itself."""
    if values:
        listed = sql.SQL(", ").join(map(sql.Literal, values))
        kind = sql.SQL(column.type)
        yield sql.SQL("(ARRAY[{}]::{}[])[1 + n % {}]").format(
            listed, kind, sql.Literal(len(values))
        )
        yield from (sql.Literal(value) for value in dict.fromkeys(values))


def _usual(column: Column) -> str:
    """An expression of n by the type alone; empty if none is known."""
    if column.base in ("geometry", "geography"):
        return _shape(column)
    kind = column.element or column.base
    if kind not in _BY_TYPE:
        return ""
    label = sql.Literal(f"{column.name} ").as_string(None)
    return _in_array(_BY_TYPE[kind].format(**_limits(column), label=label), column)


def _in_array(expression: str, column: Column) -> str:
    return f"ARRAY[{expression}]" if column.element else expression


def _limits(column: Column) -> Mapping[str, int]:
    """How long a text may be, and how large the whole part of a number."""
    inside = column.modifier - 4
    if column.modifier < 0:
        return {"length": 100, "whole": 10**9}
    digits = (inside >> 16) - (inside & 0x7FF)
    return {"length": max(1, inside), "whole": 10 ** max(0, min(9, digits))}


def _shape(column: Column) -> str:
    """A shape where its reference system has room: by degrees, or by metres amid a UTM zone."""
    found = _SHAPE.search(column.type)
    many, kind, srid = found.groups() if found else (None, "geometry", None)
    degrees = srid in (None, "0", "4326") or column.base == "geography"
    place = {"x": "(-50 + n % 100)", "y": "(-40 + n / 100 % 80)", "step": "0.5"}
    if not degrees:
        place = {"x": "(400000 + n % 300 * 500)", "y": "(4000000 + n / 300 * 500)", "step": "200"}
    plain = _SHAPES.get(kind.lower(), _SHAPES["point"]).format(**place)
    number = srid or ("4326" if column.base == "geography" else "0")
    return f"ST_SetSRID({f'ST_Multi({plain})' if many else plain}, {number})"
