"""What a table contains, as a few numbers that do not depend on the order or place of its rows.

The bytes of each row, all columns in order of their names, are hashed with SHA-256; the first two
64-bit words of the digests are summed over the table. SHA-256 is the same on every machine and
every version of PostgreSQL, which PostgreSQL's own hash functions do not promise; those of PostGIS
see nothing but the bounding box. Sums, unlike exclusive-or, also see a row that is there twice.

Values give their bytes in PostgreSQL's binary format or as text, whichever is quick and the same
everywhere; settings that text depends on are pinned while it is read. Geometries are the bytes of
their EWKB, so a vertex moved by a millimetre shows. A partitioned table stands for its partitions,
so a row that only moved to another partition changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from psycopg import sql

from shadowgate.errors import UsageError
from shadowgate.language import sentence
from shadowgate.server.base import Connection

_TABLES = (Path(__file__).parent / "tables.sql").read_text(encoding="utf-8")

_PINNED: tuple[tuple[str, str], ...] = (
    ("search_path", "pg_catalog"),
    ("extra_float_digits", "1"),
    ("bytea_output", "hex"),
    ("DateStyle", "ISO, YMD"),
    ("IntervalStyle", "iso_8601"),
    ("TimeZone", "UTC"),
    ("lc_monetary", "C"),
    ("xmlbinary", "base64"),
    ("client_encoding", "UTF8"),
    # With a policy in force rows would be missing without a word.
    ("row_security", "off"),
    ("jit", "off"),
    ("max_parallel_workers_per_gather", "2"),
)

LARGE_OBJECTS = "pg_catalog.pg_largeobject"
_MAY_READ_LARGE_OBJECTS = """
SELECT has_table_privilege('pg_catalog.pg_largeobject', 'SELECT')
WHERE EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata)
"""

# unnest() keeps the planner from computing the digest once for each word that is taken from it, and
# lets parallel workers compute it, which OFFSET 0 would not.
_SUMS = sql.SQL(
    """
    SELECT part, count(*),
           coalesce(sum(('x' || encode(substr(digest, 1, 8), 'hex'))::bit(64)::bigint), 0),
           coalesce(sum(('x' || encode(substr(digest, 9, 8), 'hex'))::bit(64)::bigint), 0)
    FROM (
        SELECT {part} AS part, unnest(ARRAY[sha256({row})]) AS digest
        FROM {table} AS t
    ) AS hashed
    GROUP BY part
    """
)

_PIN = sql.SQL("SELECT {}").format(
    sql.SQL(", ").join(
        sql.SQL("set_config({}, {}, true)").format(name, value) for name, value in _PINNED
    )
)


@dataclass(frozen=True)
class LogicalTable:
    """An ordinary table, a materialized view, or a partitioned one as a whole."""

    name: str
    """Qualified and quoted."""
    columns: tuple[str, ...]
    """In the order of their names, so that their order in the table does not matter."""
    senders: Mapping[str, str]
    """Column -> SQL for the bytes of its value in a row of ``t``."""
    primary_key: tuple[str, ...]
    part: str | None
    """SQL for the partition key of a row as text; ``None`` without such a key."""
    only: bool
    """Tables that inherit from it have rows of their own."""

    def source(self) -> sql.Composable:
        """What to select from."""
        return sql.SQL("ONLY {}" if self.only else "{}").format(sql.SQL(self.name))

    def row_bytes(self, columns: Sequence[str]) -> sql.Composable:
        """SQL for the bytes of a row of ``t`` with these columns, each with its length."""
        values = sql.SQL(", ").join(sql.SQL(self.senders[column]) for column in columns)
        return sql.SQL("record_send(ROW({}))").format(values)


@dataclass(frozen=True)
class Sums:
    """Row count and the two sums of hash words."""

    rows: int
    first: int
    second: int

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.rows + other.rows, self.first + other.first, self.second + other.second)


@dataclass(frozen=True)
class TableFingerprint:
    """The content of one logical table."""

    columns: tuple[str, ...]
    total: Sums
    parts: Mapping[str, Sums] = field(default_factory=dict)
    """By year, value or range of the partition key: the same whichever partitions there are."""
    left_out: tuple[str, ...] = field(default=(), compare=False)
    """Columns of the table that were not read."""

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self.total.rows

    @property
    def digest(self) -> str:
        """The sums as 128 bits in hexadecimal, for reports and for comparing by eye."""
        return "".join(
            f"{value % (1 << 64):016x}" for value in (self.total.first, self.total.second)
        )


def fingerprint(
    connection: Connection,
    tables: Sequence[str] | None = None,
    *,
    like: Mapping[str, TableFingerprint] | None = None,
    columns: Mapping[str, Collection[str]] | None = None,
) -> dict[str, TableFingerprint]:
    """Take the content of tables, in about a second for 250,000 polygons of twenty vertices.

    The session's settings are what they were afterwards.

    Args:
        connection: a session that may read every row.
        tables: qualified names; all tables of users, in order, if ``None``.
        like: earlier fingerprints; of a table that they have, columns that are new since then are
            left out, so that adding one changes nothing.
        columns: table -> the columns to read, for tables of which not all are.

    Raises:
        UsageError: a table is not there.
        psycopg.Error: a table cannot be read.
    """
    wanted = {name: found.columns for name, found in (like or {}).items()} | dict(columns or {})
    with pinned(connection):
        return {
            table.name: _of_table(connection, table, wanted.get(table.name, table.columns))
            for table in find(connection, tables)
        }


@contextmanager
def pinned(connection: Connection) -> Iterator[None]:
    """Write values as text in the same way on every server, inside the block only."""
    with connection.transaction(force_rollback=True):
        connection.execute(_PIN)
        yield


def find(connection: Connection, names: Sequence[str] | None = None) -> list[LogicalTable]:
    """Look up logical tables; all of users' tables, in order of their names, if ``None``.

    Raises:
        UsageError: a table is not there.
    """
    if names is None:
        return _look_up(connection, None)
    found = []
    for name in names:
        tables = _look_up(connection, name)
        if not tables:
            raise UsageError(
                sentence("the table {name} does not exist, or has no rows of its own", name=name),
                todo="name a table, a partitioned table or a materialized view with its schema",
            )
        found += tables
    return found


def find_large_objects(connection: Connection) -> list[LogicalTable]:
    """Look up the one table that holds the pages of every large object.

    It is left out where there are none, and of a session that :func:`hides_large_objects`.
    """
    readable = connection.execute(_MAY_READ_LARGE_OBJECTS).fetchone()
    return _look_up(connection, LARGE_OBJECTS) if readable and readable[0] else []


def hides_large_objects(connection: Connection) -> bool:
    """Whether there are large objects whose pages the session may not read: superusers may."""
    return connection.execute(_MAY_READ_LARGE_OBJECTS).fetchone() == (False,)


def count_rows(connection: Connection, table: LogicalTable) -> int:
    """Count the rows of a logical table."""
    query = sql.SQL("SELECT count(*) FROM {}").format(table.source())
    counted = connection.execute(query).fetchone()
    return counted[0] if counted else 0


def _look_up(connection: Connection, name: str | None) -> list[LogicalTable]:
    rows = connection.execute(_TABLES, {"name": name})
    return [
        LogicalTable(name, tuple(columns), senders, tuple(primary_key), part, only)
        for name, columns, senders, primary_key, part, only in rows
    ]


def _of_table(
    connection: Connection, table: LogicalTable, wanted: Collection[str]
) -> TableFingerprint:
    columns = tuple(name for name in table.columns if name in wanted)
    query = _SUMS.format(
        part=sql.SQL(table.part or "NULL::text"),
        table=table.source(),
        row=table.row_bytes(columns),
    )
    parts = {
        "none" if part is None else part: Sums(rows, int(first), int(second))
        for part, rows, first, second in connection.execute(query)
    }
    total = sum(parts.values(), Sums(0, 0, 0))
    left_out = tuple(name for name in table.columns if name not in wanted)
    return TableFingerprint(columns, total, parts if table.part else {}, left_out)
