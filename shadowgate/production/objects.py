"""Objects: tables that must be there, names that must be free, indexes that must be sound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shadowgate.catalogue import ObjectId
from shadowgate.migrate.announced.lookup import matches
from shadowgate.migrate.announced.names import split
from shadowgate.production.activity import TOUCHED
from shadowgate.production.answers import Line, Question, Standing
from shadowgate.production.known import ROWS_PERCENT, ROWS_SLACK, Known
from shadowgate.report.words import number


@dataclass(frozen=True)
class Named:
    """An object that bears one of the names."""

    kind: str
    name: str


def judge_names(rows: Sequence[Named], known: Known) -> Iterator[Line]:
    """What the migration is to create must not be there yet."""
    planned = known.touched.creates
    taken = [
        row
        for row in rows
        if any(matches(ObjectId(row.kind, row.name), each.kind, each.names) for each in planned)
    ]
    for row in taken:
        meaning = "the migration fails at it or takes it for its own; drop it, or see whose it is"
        yield Line(f"{row.kind} {row.name}", "there already", "to be created", "stop", meaning)
    if not taken:
        yield Line(
            "names to be created", f"free: {len(planned)} of {len(planned)}" if planned else "none"
        )


def _bare_names(known: Known) -> Mapping[str, Any]:
    bare = {
        split(name)[0][-1].strip('"').replace('""', '"')
        for each in known.touched.creates
        for name in each.names
    }
    return {"bare": sorted(bare)}


NAMES: Question[Known, Named] = Question(
    "names to be created",
    (Path(__file__).parent / "names.sql").read_text(encoding="utf-8"),
    Named,
    judge_names,
    _bare_names,
)


@dataclass(frozen=True)
class Present:
    """A table that the migration touches, by one of its names."""

    name: str
    there: bool


def judge_tables(rows: Sequence[Present], known: Known) -> Iterator[Line]:
    """What the migration alters must be there."""
    there = {row.name for row in rows if row.there}
    missing = [names for names in known.touched.tables if not there.intersection(names)]
    for names in missing:
        meaning = "the migration alters it; is this the right database?"
        yield Line(f"table {' or '.join(names)}", "not there", "in the backup", "stop", meaning)
    if not missing and known.touched.tables:
        yield Line("tables touched", f"there: {len(known.touched.tables)}, all")


TABLES: Question[Known, Present] = Question(
    "tables touched",
    """
    SELECT named.name, to_regclass(named.name) IS NOT NULL AS there
    FROM unnest(%(tables)s::text[]) AS named (name)
    """,
    Present,
    judge_tables,
    lambda known: {"tables": known.touched.names},
)


@dataclass(frozen=True)
class InvalidIndex:
    """An index that no query uses."""

    name: str
    table: str
    touched: bool


def judge_indexes(rows: Sequence[InvalidIndex], _known: Known) -> Iterator[Line]:
    """A dump restores them valid: the shadow had an index there that production has not."""
    if not rows:
        yield Line("invalid indexes", "none")
    for row in rows:
        meaning = "the shadow had it valid: REINDEX INDEX CONCURRENTLY it, or drop it"
        standing: Standing = "stop" if row.touched else "note"
        yield Line(f"index {row.name} on {row.table}", "invalid", "valid", standing, meaning)


INVALID_INDEXES: Question[Known, InvalidIndex] = Question(
    "invalid indexes",
    f"""
    WITH {TOUCHED}
    SELECT
        i.indexrelid::regclass::text AS name,
        i.indrelid::regclass::text AS table,
        i.indrelid IN (SELECT oid FROM touched WHERE oid IS NOT NULL) AS touched
    FROM pg_index i
    WHERE NOT (i.indisvalid AND i.indisready AND i.indislive)
    ORDER BY 3 DESC, 1
    """,  # noqa: S608 - no value is put into it
    InvalidIndex,
    judge_indexes,
    lambda known: {"tables": known.touched.names},
)


@dataclass(frozen=True)
class Estimate:
    """What the planner thinks that a logical table holds."""

    name: str
    there: bool
    rows: float | None
    """``None`` where nothing was ever counted."""


def judge_rows(rows: Sequence[Estimate], known: Known) -> Iterator[Line]:
    """Times and locks measured on other numbers of rows say little."""
    expected = known.rows
    touched = set(known.touched.names)
    differing = []
    for row in rows:
        stop: Standing = "stop" if not touched or row.name in touched else "note"
        topic, backup = f"rows of {row.name}", f"{expected[row.name]:,} in the shadow run"
        if not row.there:
            differing.append(Line(topic, "no such table", backup, stop))
        elif row.rows is None:
            meaning = "ANALYZE it: the planner has no estimate, and nobody knows its rows"
            unknown: Standing = "not answered" if stop == "stop" else "note"
            differing.append(Line(topic, "never counted", backup, unknown, meaning))
        elif _is_another(row.rows, expected[row.name]):
            meaning = "run the shadow on a backup of today: times and locks were measured on others"
            differing.append(Line(topic, f"about {number(row.rows)}", backup, stop, meaning))
    if differing or not rows:
        yield from differing or [Line("rows", "not compared", "none recorded", "note")]
        return
    yield Line("rows", f"tables: {len(rows)}, all within {ROWS_PERCENT:g} %", "of the shadow run's")


def _is_another(found: float, expected: int) -> bool:
    larger, smaller = max(found, expected), min(found, expected)
    return larger - smaller > ROWS_SLACK and larger > smaller * (1 + ROWS_PERCENT / 100)


ROWS: Question[Known, Estimate] = Question(
    "rows",
    """
    SELECT
        named.name,
        to_regclass(named.name) IS NOT NULL AS there,
        (
            SELECT CASE WHEN bool_or(c.reltuples < 0 AND pg_relation_size(c.oid) > 0) THEN NULL
                        ELSE sum(greatest(c.reltuples, 0)) END::float8
            FROM (
                SELECT to_regclass(named.name)::oid AS oid
                UNION
                SELECT relid::oid FROM pg_partition_tree(to_regclass(named.name))
            ) AS tree
            JOIN pg_class AS c ON c.oid = tree.oid AND c.relkind IN ('r', 'm', 'f')
        ) AS rows
    FROM unnest(%(recorded)s::text[]) AS named (name)
    """,
    Estimate,
    judge_rows,
    lambda known: {"recorded": sorted(known.rows)},
)
