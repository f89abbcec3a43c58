"""Values that were computed by a function before the migration changed it, and are kept so.

PostgreSQL computes the entries of an index and the values of a stored column when a row is written,
and takes the word of IMMUTABLE that they will never be others. Whoever replaces a function, or the
mapping of a text search configuration, leaves all of them as they were: a search through the index
misses rows that are there, without an error. What is computed alike before and after is nobody's
concern, so both are computed, over every row.

Source: PostgreSQL manual, 38.7 Function Volatility Categories; CREATE INDEX, Notes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from shadowgate.language import nsentence, sentence
from shadowgate.migrate.clients.refusals import CHECK_NOT_MET, STALE_COLUMN, STALE_INDEX, Refusal
from shadowgate.server.base import Connection

_COMPUTED = (Path(__file__).parent / "computed.sql").read_text(encoding="utf-8")
_FUNCTIONS = """
SELECT p.oid::bigint, p.proname::text, pg_catalog.md5(pg_catalog.concat_ws(
    E'\\x01', p.prosrc, p.probin, p.proconfig::text, pg_catalog.pg_get_function_sqlbody(p.oid)
))
FROM pg_catalog.pg_proc AS p
WHERE p.oid >= 16384 AND p.prokind = 'f'
"""
_TEXT_SEARCH = """
SELECT c.oid::bigint, c.cfgname::text, pg_catalog.string_agg(
    pg_catalog.concat_ws(
        ' ', m.maptokentype, m.mapseqno, d.dictname, d.dicttemplate, d.dictinitoption
    ),
    ', ' ORDER BY m.maptokentype, m.mapseqno
)
FROM pg_catalog.pg_ts_config AS c
JOIN pg_catalog.pg_ts_config_map AS m ON m.mapcfg = c.oid
JOIN pg_catalog.pg_ts_dict AS d ON d.oid = m.mapdict
GROUP BY c.oid, c.cfgname
UNION ALL
SELECT d.oid::bigint, d.dictname::text,
    pg_catalog.concat_ws(' ', d.dicttemplate, d.dictinitoption)
FROM pg_catalog.pg_ts_dict AS d
"""
_SUMS = """
SELECT
    pg_catalog.sum(pg_catalog.hashtextextended(place, 0)),
    pg_catalog.sum(pg_catalog.hashtextextended(place || made, 0))
FROM ({rows} OFFSET 0) AS computed
"""
_ROWS = """
SELECT ROW(ctid, xmin)::text AS place, ROW({given})::text AS given, ROW({made})::text AS made
FROM ONLY {table}
"""
"""A row is at the same place, and of the same transaction, as long as nobody writes it."""
_MOST_EXAMPLES = 20_000
"""Rows among which an example is sought."""
_OTHERS = (
    "SELECT pg_catalog.count(*) FROM ONLY {table} WHERE ROW({column})::text <> ROW({made})::text"
)
_NOT_MET = "SELECT pg_catalog.count(*) FROM ONLY {table} WHERE ({condition}) IS FALSE"
_SHOWN = 60
"""Characters of an example."""


@dataclass(frozen=True)
class _Computed:
    """Something that is kept as an expression once gave it."""

    kind: str
    """``index``, ``column`` or ``check``."""
    relation: int
    number: int
    name: str
    of_table: str
    """Qualified unless it is on the search path, and quoted."""
    expressions: list[str]
    columns: list[str]
    """Of an index, those that its expressions read; of a column, itself."""
    file: int | None

    @property
    def identity(self) -> tuple[str, int, int]:
        """The same in every copy of a database."""
        return self.kind, self.relation, self.number

    @property
    def table(self) -> sql.SQL:
        return sql.SQL(self.of_table)

    @property
    def made(self) -> sql.Composed:
        return sql.SQL(", ").join(sql.SQL(f"({each})") for each in self.expressions)

    @property
    def given(self) -> sql.Composed:
        return sql.SQL(", ").join(map(sql.Identifier, self.columns))


def stale_values(before: Connection, after: Connection, untried: list[str]) -> Iterator[Refusal]:
    """What is kept as a function gave it before the migration, and would be another value now.

    Args:
        before: to a copy of the database before the migration.
        after: to a copy of the migrated database.
        untried: takes a sentence for each thing that could not be computed.
    """
    changed = _changed(before, after, _FUNCTIONS) | _changed(before, after, _TEXT_SEARCH)
    if not changed:
        return
    there = {each.identity: each for each in _computed(before, changed)}
    for now in _computed(after, changed):
        try:
            yield from _stale(before, after, there.get(now.identity), now, (*changed.values(),))
        except psycopg.Error as error:
            if after.closed or before.closed:
                raise
            untried.append(
                sentence(
                    "{table}: what {name} is computed by could not be computed again: {error}",
                    table=now.of_table,
                    name=now.name,
                    error=error.diag.message_primary or str(error),
                )
            )


def _changed(before: Connection, after: Connection, query: str) -> dict[int, str]:
    """What is there in both and is not the same: number -> name."""
    there = {oid: (name, essence) for oid, name, essence in before.execute(query.encode())}
    return {
        oid: name
        for oid, name, essence in after.execute(query.encode())
        if oid in there and there[oid][1] != essence
    }


def _computed(connection: Connection, changed: Mapping[int, str]) -> list[_Computed]:
    with connection.cursor(row_factory=class_row(_Computed)) as cursor:
        return cursor.execute(_COMPUTED.encode(), {"changed": [*changed]}).fetchall()


def _stale(
    before: Connection,
    after: Connection,
    was: _Computed | None,
    now: _Computed,
    changed: tuple[str, ...],
) -> Iterator[Refusal]:
    blamed = (*changed, now.name)
    if now.kind == "index":
        if was is not None and was.file == now.file:
            yield from _stale_index(before, after, was, now, blamed)
        return
    rows = _count(after, now)
    if not rows or (was is not None and _count(before, was) >= rows):
        return
    if now.kind == "column":
        said = nsentence(
            "column {column} of {table} holds in {n:,} row what {expression} gave before the "
            "migration, and gives another value after it: compute it again",
            "column {column} of {table} holds in {n:,} rows what {expression} gave before the "
            "migration, and gives another value after it: compute it again",
            rows,
            column=now.name,
            table=now.of_table,
            expression=now.expressions[0],
        )
        yield Refusal(STALE_COLUMN, now.of_table, said, blamed)
    else:
        said = nsentence(
            "{n:,} row of {table} met the check {check} before the migration and does not after "
            "it: a backup of it cannot be restored",
            "{n:,} rows of {table} met the check {check} before the migration and do not after it: "
            "a backup of them cannot be restored",
            rows,
            table=now.of_table,
            check=now.name,
        )
        yield Refusal(CHECK_NOT_MET, now.of_table, said, blamed)


def _count(connection: Connection, item: _Computed) -> int:
    """Rows whose value is another one, or that do not meet the check."""
    query = (
        sql.SQL(_OTHERS).format(table=item.table, column=item.given, made=item.made)
        if item.kind == "column"
        else sql.SQL(_NOT_MET).format(table=item.table, condition=sql.SQL(item.expressions[0]))
    )
    row = connection.execute(query).fetchone()
    return row[0] if row else 0


def _stale_index(
    before: Connection, after: Connection, was: _Computed, now: _Computed, blamed: tuple[str, ...]
) -> Iterator[Refusal]:
    """An index that was not built anew, though rows that nobody wrote have another entry now.

    Of a row that was written since the server may have made a new entry, or kept the old one (HOT).
    """
    (places, made), (places_now, made_now) = _sums(before, was), _sums(after, now)
    if made == made_now:
        return
    example = _example(before, after, was, now)
    if example is None and places != places_now:
        return
    said = sentence(
        "index {index} of {table} holds what {expression} gave before the migration, and gives "
        "another value after it{example}: a search through the index misses rows until it is built "
        "anew (REINDEX INDEX CONCURRENTLY)",
        index=now.name,
        table=now.of_table,
        expression=", ".join(now.expressions),
        example="" if example is None else sentence(" ({given}: {was}, now {now})", **example),
    )
    yield Refusal(STALE_INDEX, now.of_table, said, blamed)


def _rows(item: _Computed) -> sql.Composed:
    return sql.SQL(_ROWS).format(given=item.given, made=item.made, table=item.table)


def _sums(connection: Connection, item: _Computed) -> tuple[int, int]:
    """Over all rows, sums of hashes: of their places, and of these with what expressions make."""
    row = connection.execute(sql.SQL(_SUMS).format(rows=_rows(item))).fetchone()
    return row or (0, 0)


def _example(
    before: Connection, after: Connection, was: _Computed, now: _Computed
) -> dict[str, str] | None:
    """What is given to the expressions in a row that is in both, and what they made of it."""
    some = sql.SQL("{} LIMIT {}")
    known = {
        place: made for place, _, made in before.execute(some.format(_rows(was), _MOST_EXAMPLES))
    }
    for place, given, made in after.execute(some.format(_rows(now), _MOST_EXAMPLES)):
        if known.get(place, made) != made:
            values = {"given": given, "was": known[place], "now": made}
            return {
                key: value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…"
                for key, value in values.items()
            }
    return None
