"""A workload for those who have no queries: what the catalogue says that a database is asked.

A look-up by each unique index, a range by each other b-tree, a window for each GiST index on
geometry or geography, the join of each foreign key, a count of each table without an index; and,
for tables that the caller names, an update of one row to itself. The values are those of rows that
are there. Every answer is defined: it does not depend on the order in which rows lie.

The same database gives the same workload. A query that takes longer than :data:`MOST_MS` is left
out, since it would be measured some hundred times.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

import psycopg
from psycopg import sql

from shadowgate.catalogue.histories import is_history
from shadowgate.queries.text_forms import write_values_alike
from shadowgate.queries.workload import Query, Workload, in_ascii
from shadowgate.server.base import Connection

MOST_MS = 300
"""A query that takes longer is none for a workload that nobody chose."""

ROWS = 100
"""How many rows a range, a join or the sample behind a window has at most."""

_FOLDER = Path(__file__).parent
_TABLES = (_FOLDER / "derived_tables.sql").read_text(encoding="utf-8")
_INDEXES = (_FOLDER / "derived_indexes.sql").read_text(encoding="utf-8")
_FOREIGN_KEYS = (_FOLDER / "derived_foreign_keys.sql").read_text(encoding="utf-8")
_BEHIND = """
SELECT COALESCE(pg_catalog.pg_partition_root(t.oid), t.oid)::oid
FROM pg_catalog.unnest(%(names)s::text[]) AS name
JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(name)
LEFT JOIN pg_catalog.pg_index AS i ON i.indexrelid = c.oid
CROSS JOIN LATERAL (SELECT COALESCE(i.indrelid, c.oid) AS oid) AS t
"""

_SAMPLE = """
SELECT {values}
FROM (
    SELECT {columns}
    FROM {table}
    WHERE {known}
    ORDER BY {columns}
    LIMIT {rows}
) AS first
ORDER BY {last}
LIMIT 1
"""
"""A row of the table's first ones: far enough from the first to lie amid others."""

_LOOK_UP = """
SELECT *
FROM {table}
WHERE {found}
"""
_RANGE = """
SELECT {column}
FROM {table}
WHERE {column} >= {value}{also}
ORDER BY {column}
LIMIT {rows}
"""
_WINDOW = """
SELECT count(*)
FROM {table}
WHERE {column} OPERATOR({postgis}.&&)
    {postgis}.ST_MakeEnvelope({west}, {south}, {east}, {north}, {srid}){type}{also}
"""
_EXTENT = """
SELECT ({postgis}.ST_XMin(box)), ({postgis}.ST_YMin(box)), ({postgis}.ST_XMax(box)),
    ({postgis}.ST_YMax(box)), srid
FROM (
    SELECT {postgis}.ST_Extent(shape) AS box, min({postgis}.ST_SRID(shape)) AS srid
    FROM (
        SELECT {column}::{postgis}.geometry AS shape
        FROM {table}
        WHERE {column} IS NOT NULL{also}
        ORDER BY {column}
        LIMIT {rows}
    ) AS neighbours
) AS extent
WHERE box IS NOT NULL
"""
"""PostGIS sorts geometries along a space-filling curve, so the first ones are neighbours."""

_JOIN = """
SELECT {answer}
FROM {table} AS child
JOIN {parent} AS parent ON {joined}
ORDER BY {key}
LIMIT {rows}
"""
_JOIN_WITHOUT_KEY = """
SELECT count(*)
FROM (
    SELECT
    FROM {table} AS child
    JOIN {parent} AS parent ON {joined}
    LIMIT {rows}
) AS joined
"""
_COUNT = """
SELECT count(*)
FROM {table}
"""
_UPDATE = """
UPDATE {table}
SET {column} = {column}
WHERE {found}
"""

Kind = Literal["lookup", "range", "window", "join", "count", "update"]


@dataclass(frozen=True)
class _Table:
    oid: int
    schema: str
    name: str
    key: tuple[str, ...]
    """Columns of the primary key; empty if there is none."""
    settable: str | None
    """A column that may be set, rather one that no index holds."""

    @property
    def identifier(self) -> sql.Identifier:
        """As it is written in SQL."""
        return sql.Identifier(self.schema, self.name)

    @property
    def words(self) -> str:
        """As it is said in titles."""
        return self.name if self.schema == "public" else f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class _Index:
    name: str
    method: str
    is_unique: bool
    columns: tuple[str, ...]
    predicate: str | None
    type: str
    postgis: str | None
    """Schema of PostGIS, if it is installed."""

    @property
    def also(self) -> sql.Composable:
        """The predicate of a partial index, as one more condition."""
        return sql.SQL(f"\n    AND ({self.predicate})" if self.predicate else "")


@dataclass(frozen=True)
class _ForeignKey:
    name: str
    schema: str
    parent: str
    columns: tuple[str, ...]
    referenced: tuple[str, ...]


@dataclass(frozen=True)
class _Candidate:
    kind: Kind
    name: str
    title: str
    text: sql.Composed


def derive_workload(
    connection: Connection, *, most: int = 30, touched: Collection[str] = ()
) -> Workload:
    """A workload from the catalogue of a restored database, which is left as it is.

    Of each table, the largest first, the queries are taken in turn, so that many indexes of one do
    not leave another out. Empty tables are passed over.

    Args:
        connection: to the database, in autocommit; it may read all tables.
        most: reading queries at most.
        touched: tables that the migration writes to or alters, and indexes, as ``schema.name``:
            theirs come first, and of each with a primary key one row is updated to itself. Names
            of anything else are passed over.

    Raises:
        psycopg.Error: the catalogue cannot be read.
    """
    with connection.transaction(force_rollback=True):
        # What the catalogue tells as SQL is then qualified, whatever the database sets.
        connection.execute("SET LOCAL search_path = pg_catalog")
        write_values_alike(connection)
        about = _tables_behind(connection, touched)
        tables = sorted(_tables(connection), key=lambda table: table.oid not in about)
        indexes, keys = _indexes(connection), _foreign_keys(connection)
        queues = [
            _reads(connection, table, indexes.get(table.oid, ()), keys.get(table.oid, ()))
            for table in tables
        ]
        named = Counter[str]()
        reads = [_query(one, named) for one in islice(_in_turn(connection, queues), most)]
        writes = [
            _query(one, named)
            for table in tables
            if table.oid in about
            for one in _update(connection, table)
            if _is_fast(connection, one)
        ]
    return Workload((*reads, *writes))


def _tables(connection: Connection) -> list[_Table]:
    found = connection.execute(_TABLES.encode()).fetchall()
    return [
        _Table(oid, schema, name, tuple(key), settable)
        for oid, schema, name, _, key, settable in found
        if not is_history(name)
    ]


def _tables_behind(connection: Connection, names: Collection[str]) -> frozenset[int]:
    """The tables that some names are of: their own, their index's, or their partition's."""
    return frozenset(oid for (oid,) in connection.execute(_BEHIND, {"names": sorted(names)}))


def _indexes(connection: Connection) -> Mapping[int, Sequence[_Index]]:
    found: dict[int, list[_Index]] = {}
    for table, name, method, unique, columns, *others in connection.execute(_INDEXES.encode()):
        index = _Index(name, method, unique, tuple(columns), *others)
        found.setdefault(table, []).append(index)
    return found


def _foreign_keys(connection: Connection) -> Mapping[int, Sequence[_ForeignKey]]:
    found: dict[int, list[_ForeignKey]] = {}
    for table, name, schema, parent, columns, referenced in connection.execute(
        _FOREIGN_KEYS.encode()
    ):
        key = _ForeignKey(name, schema, parent, tuple(columns), tuple(referenced))
        found.setdefault(table, []).append(key)
    return found


def _reads(
    connection: Connection,
    table: _Table,
    indexes: Sequence[_Index],
    keys: Sequence[_ForeignKey],
) -> Iterator[_Candidate]:
    """Queries of one table, made as they are asked for; none if it is empty."""
    row = sql.SQL("SELECT FROM {} LIMIT 1").format(table.identifier)
    if connection.execute(row).fetchone() is None:
        return
    for index in indexes:
        if index.method == "gist":
            yield from _window(connection, table, index)
        elif index.is_unique:
            yield from _look_up(connection, table, index)
        else:
            yield from _range(connection, table, index)
    for key in keys:
        yield _join(table, key)
    if not indexes:
        text = sql.SQL(_COUNT).format(table=table.identifier)
        yield _Candidate("count", table.name, f"All rows of {table.words}", text)


def _in_turn(
    connection: Connection, queues: Sequence[Iterator[_Candidate]]
) -> Iterator[_Candidate]:
    """The next fast query of each table, as long as there are any."""
    left = list(queues)
    while left:
        for queue in list(left):
            one = next((each for each in queue if _is_fast(connection, each)), None)
            if one is None:
                left.remove(queue)
            else:
                yield one


def _is_fast(connection: Connection, candidate: _Candidate) -> bool:
    """Whether it works here within the time; nothing of it stays."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(
                sql.SQL("SET LOCAL statement_timeout = {}").format(sql.Literal(MOST_MS))
            )
            connection.execute(candidate.text)
    except psycopg.Error:
        if connection.closed:
            raise
        return False
    return True


def _values(
    connection: Connection, table: _Table, columns: Sequence[str], also: sql.Composable
) -> tuple[str, ...] | None:
    """Values of a row that is there, as text; ``None`` if none has them all."""
    names = [sql.Identifier(column) for column in columns]
    ask = sql.SQL(_SAMPLE).format(
        values=sql.SQL(", ").join(sql.SQL("{}::text").format(name) for name in names),
        columns=sql.SQL(", ").join(names),
        table=table.identifier,
        known=sql.SQL("{}{}").format(
            sql.SQL(" AND ").join(sql.SQL("{} IS NOT NULL").format(name) for name in names), also
        ),
        rows=sql.Literal(ROWS),
        last=sql.SQL(", ").join(sql.SQL("{} DESC").format(name) for name in names),
    )
    row = connection.execute(ask).fetchone()
    return None if row is None else tuple(row)


def _found(columns: Sequence[str], values: Sequence[str], also: sql.Composable) -> sql.Composed:
    """The condition that finds a row; literals take the types of their columns."""
    return sql.SQL("{}{}").format(
        sql.SQL("\n    AND ").join(
            sql.SQL("{} = {}").format(sql.Identifier(column), sql.Literal(value))
            for column, value in zip(columns, values, strict=True)
        ),
        also,
    )


def _look_up(connection: Connection, table: _Table, index: _Index) -> Iterator[_Candidate]:
    values = _values(connection, table, index.columns, index.also)
    if values is None:
        return
    found = _found(index.columns, values, index.also)
    text = sql.SQL(_LOOK_UP).format(table=table.identifier, found=found)
    yield _Candidate("lookup", index.name, f"A row of {table.words} by {index.name}", text)


def _range(connection: Connection, table: _Table, index: _Index) -> Iterator[_Candidate]:
    values = _values(connection, table, index.columns[:1], index.also)
    if values is None:
        return
    text = sql.SQL(_RANGE).format(
        column=sql.Identifier(index.columns[0]),
        table=table.identifier,
        value=sql.Literal(values[0]),
        also=index.also,
        rows=sql.Literal(ROWS),
    )
    yield _Candidate("range", index.name, f"A range of {table.words} by {index.name}", text)


def _window(connection: Connection, table: _Table, index: _Index) -> Iterator[_Candidate]:
    if index.postgis is None or index.type not in ("geometry", "geography"):
        return
    names = {
        "postgis": sql.Identifier(index.postgis),
        "column": sql.Identifier(index.columns[0]),
        "table": table.identifier,
        "also": index.also,
    }
    extent = connection.execute(sql.SQL(_EXTENT).format(rows=sql.Literal(ROWS), **names)).fetchone()
    if extent is None:
        return
    west, south, east, north, srid = map(sql.Literal, extent)
    text = sql.SQL(_WINDOW).format(
        west=west,
        south=south,
        east=east,
        north=north,
        srid=srid,
        type=sql.SQL("::{}.geography").format(names["postgis"])
        if index.type == "geography"
        else sql.SQL(""),
        **names,
    )
    yield _Candidate("window", index.name, f"A window of {table.words} by {index.name}", text)


def _join(table: _Table, key: _ForeignKey) -> _Candidate:
    """Rows with those that they refer to: the first by key, or just so many where there is none."""
    own = [sql.Identifier("child", column) for column in key.columns]
    other = [sql.Identifier("parent", column) for column in key.referenced]
    joined = sql.SQL(" AND ").join(
        sql.SQL("{} = {}").format(right, left) for left, right in zip(own, other, strict=True)
    )
    ordered = sql.SQL(", ").join(sql.Identifier("child", column) for column in table.key)
    text = sql.SQL(_JOIN if table.key else _JOIN_WITHOUT_KEY).format(
        answer=sql.SQL(", ").join([ordered, *other]),
        table=table.identifier,
        parent=sql.Identifier(key.schema, key.parent),
        joined=joined,
        key=ordered,
        rows=sql.Literal(ROWS),
    )
    return _Candidate("join", key.name, f"{table.words} with {key.parent} by {key.name}", text)


def _update(connection: Connection, table: _Table) -> Iterator[_Candidate]:
    """An update of one row to itself; none without a key or a row."""
    if not table.key or table.settable is None:
        return
    values = _values(connection, table, table.key, sql.SQL(""))
    if values is None:
        return
    text = sql.SQL(_UPDATE).format(
        table=table.identifier,
        column=sql.Identifier(table.settable),
        found=_found(table.key, values, sql.SQL("")),
    )
    yield _Candidate("update", table.name, f"A row of {table.words}, updated to itself", text)


def _query(candidate: _Candidate, named: Counter[str]) -> Query:
    """A query with a readable id that no other has."""
    word = re.sub(r"[^A-Za-z0-9]+", "_", in_ascii(candidate.name)).strip("_")
    id_ = f"{candidate.kind}_{word}".rstrip("_")
    named[id_] += 1
    if named[id_] > 1:
        id_ = f"{id_}-{named[id_]}"
    text = candidate.text.as_string(None).strip()
    kind: Literal["read", "write"] = "write" if candidate.kind == "update" else "read"
    return Query(id_, candidate.title, kind, text, Path(f"{id_}.sql"))
