"""Splits an effect into physical order and schema, with a clustered control.

Rows that a migration rewrites come out packed and in a new physical order. That alone makes queries
faster, and it fades as rows are updated; the partitions and indexes stay. The *control* is a copy
of the database before that is only clustered: same partitions, same indexes, but the rows in the
order in which they lie after. Its effect against *before*, in rounds of both, is that of the order
(*layout*); the rest of the whole effect, which the comparison has measured, is that of the schema
(*design*).
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import psycopg
from psycopg import sql

from shadowgate.errors import ValidationError
from shadowgate.language import sentence
from shadowgate.measure.copies import CloneFactory, copies_at_once, fresh_copy
from shadowgate.measure.lanes import UNKNOWN, Lanes, assign_lanes, open_lanes, time_round, warm_up
from shadowgate.measure.rounds import undisturbed
from shadowgate.measure.sampler import Pair
from shadowgate.measure.sampling import Sampling
from shadowgate.measure.session import settle_changes
from shadowgate.measure.timings import difference
from shadowgate.progress import Progress, silent
from shadowgate.queries.workload import Query, Workload
from shadowgate.server.base import Connection, Database
from shadowgate.statistics.intervals import (
    Interval,
    effects,
    signed_rank_interval,
    to_percent,
    widen,
)

LAYOUT_ROUNDS = 16
"""Rounds are fixed beforehand, without interim analyses, so plain intervals hold."""

_KEY = """
SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod)
FROM pg_catalog.pg_index AS i
CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k (attnum, place)
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
WHERE i.indrelid = %s::regclass AND i.indisprimary
ORDER BY k.place
"""

_LEAVES = """
SELECT n.nspname, c.relname
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'r'
    AND (
        c.oid = %(table)s::regclass
        OR c.oid IN (SELECT relid FROM pg_catalog.pg_partition_tree(%(table)s::regclass))
    )
ORDER BY c.oid
"""

_FILE = "SELECT pg_catalog.pg_relation_filenode(pg_catalog.to_regclass({}))"

_IN_ORDER = """
SELECT pg_catalog.bool_and(coalesce(place > before, false))
FROM (
    SELECT place, pg_catalog.lag(place, 1, 0::bigint) OVER (ORDER BY t.ctid) AS before
    FROM {leaf} AS t
    LEFT JOIN {places} USING ({names})
) AS lying
"""

_SCHEMA = sql.Identifier("shadowgate_layout")
_PLACES = sql.Identifier("shadowgate_layout", "places")
_PLACE_OF = sql.Identifier("shadowgate_layout", "place_of")

_LOOK_UP = """
CREATE FUNCTION {function} ({types}) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $body$
BEGIN
    RETURN (SELECT place FROM {places} WHERE ({names}) = ({arguments}));
END
$body$
"""
"""Immutable for as long as it lives, so that an index can be ordered by it; safe in parallel, since
looking up is most of the time that rewriting takes."""


@dataclass(frozen=True)
class LayoutShare:
    """One query's effect and its two parts, as log ratios; the parts add up to the whole."""

    query: str
    whole: Interval
    layout: Interval
    """Control against before: the effect of physical order alone."""
    design: Interval
    """The rest of the whole, which stays: schema. Its bounds are those of a difference."""

    @property
    def parts(self) -> tuple[str, str, str]:
        """Whole, layout and design, each with its interval."""
        return _percent(self.whole), _percent(self.layout), _percent(self.design)

    @property
    def sentence(self) -> str:
        """The parts in words."""
        whole, layout, design = self.parts
        return sentence(
            "{query}: {whole}, of which rewriting the rows brings {layout} and fades as they are "
            "updated, and the design {design}",
            query=self.query,
            whole=whole,
            layout=layout,
            design=design,
        )

    @property
    def note(self) -> str:
        """The estimates in words, for where query and whole stand beside it."""
        return sentence(
            "freshly written rows: {layout:+.0f} %, fading as they are updated; design: "
            "{design:+.0f} %",
            layout=to_percent(self.layout.estimate),
            design=to_percent(self.design.estimate),
        )


def _percent(interval: Interval) -> str:
    return sentence(
        "{estimate:+.1f} % ({low:+.1f} to {high:+.1f})",
        estimate=to_percent(interval.estimate),
        low=to_percent(interval.low),
        high=to_percent(interval.high),
    )


def measure_layout(
    databases: tuple[Database, Database],
    table: str,
    workload: Workload,
    wholes: Mapping[str, Interval],
    sampling: Sampling,
    *,
    rounds: int = LAYOUT_ROUNDS,
    seconds: Mapping[str, float] = UNKNOWN,
    clones: CloneFactory = fresh_copy,
    progress: Progress = silent,
) -> Mapping[str, LayoutShare]:
    """Split the effect on each reading query into layout and design.

    Args:
        databases: before, which is settled, and after.
        table: the table that the migration rewrites, partitioned or not, with its schema.
        workload: the queries; those that write are passed over.
        wholes: the effect on each of them, from a comparison at the same level.
        sampling: settings of the sessions, level and seed.
        rounds: how often each query is timed on either of before and control.
        seconds: how long each takes, as far as it is known; so they are dealt out to the lanes.
        clones: makes the copies; see :mod:`shadowgate.measure.copies`.
        progress: receives what is going on.

    Raises:
        ValidationError: the table cannot be rewritten, or a query failed.
        ServerError: a database cannot be cloned or a session was lost.
    """
    before, after = databases
    with ExitStack() as stack:
        progress(f"rewriting {table} in the order of {after.name}")
        rewritten = stack.enter_context(clones(before))
        rewrite_like(rewritten, after, table)
        settle_changes(rewritten)
        copies = stack.enter_context(copies_at_once((before, rewritten), clones))
        lanes = stack.enter_context(open_lanes(copies, sampling))
        lane_of = assign_lanes(workload.reads, seconds, len(lanes))
        pairs = _take_rounds(lanes, lane_of, workload.reads, sampling, rounds, progress)
    return {id_: _share(id_, wholes[id_], taken, sampling) for id_, taken in pairs.items()}


def _take_rounds(
    lanes: Lanes,
    lane_of: Mapping[str, int],
    queries: Sequence[Query],
    sampling: Sampling,
    rounds: int,
    progress: Progress,
) -> dict[str, list[Pair]]:
    """Seconds of each query, before and control."""
    generator = random.Random(f"layout {sampling.demands.seed}")  # noqa: S311 - an order, not a secret
    warm_up(lanes, lambda _place: queries, lane_of)
    pairs: dict[str, list[Pair]] = {query.id: [] for query in queries}
    with undisturbed(*lanes):
        for number in range(1, rounds + 1):
            taken = time_round(lanes, queries, lambda _, query: query, generator, (0, 1), lane_of)
            for id_, seconds in taken.items():
                pairs[id_].append((seconds[0], seconds[1]))
            progress(f"telling layout from design: round {number} of {rounds}")
    return pairs


def _share(query: str, whole: Interval, pairs: Sequence[Pair], sampling: Sampling) -> LayoutShare:
    tail = sampling.tail
    layout = widen(signed_rank_interval(effects(pairs), tail), sampling.copy_deviation(1), tail)
    return LayoutShare(query, whole, layout, design=difference(whole, layout))


def rewrite_like(control: Database, after: Database, table: str) -> None:
    """Rewrite a table of a copy of *before* in the order in which its rows lie in *after*.

    Each row stays in its partition. Rows that *after* does not have come last. Indexes are built
    anew and triggers do not fire. A partition that *after* has never rewritten stays as it is.

    Raises:
        ValidationError: the table has no primary key, is not there, or may not be rewritten.
    """
    with (
        after.connect() as source,
        control.connect() as target,
    ):
        try:
            key = _key(target, table)
            _make_places(target, key)
            _send_places(source, target, table, key)
            for schema, name in _leaves(target, table):
                if not _lies_alike(source, target, sql.Identifier(schema, name), key):
                    _rewrite(target, schema, name, key)
            target.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(_SCHEMA))
        except psycopg.Error as error:
            raise ValidationError(
                sentence(
                    "{table} cannot be rewritten for the control: {error}",
                    table=table,
                    error=error.diag.message_primary,
                ),
                where=control.name,
                todo="turn the layout control off in the plan, or name another table",
            ) from error


def _key(connection: Connection, table: str) -> list[tuple[str, str]]:
    """Columns of the primary key with their types."""
    found = connection.execute(_KEY, (table,)).fetchall()
    if not found:
        raise ValidationError(
            sentence("{table} has no primary key, so its rows cannot be told apart", table=table),
            todo="turn the layout control off in the plan, or name another table",
        )
    return [(name, type_) for name, type_ in found]


def _leaves(connection: Connection, table: str) -> list[tuple[str, str]]:
    """Schema and name of each table that holds rows of it."""
    return connection.execute(_LEAVES, {"table": table}).fetchall()


def _make_places(target: Connection, key: Sequence[tuple[str, str]]) -> None:
    """A table of places, open to the owners of the tables, as whom indexes are built."""
    columns = [sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(type_)) for name, type_ in key]
    target.execute(sql.SQL("CREATE SCHEMA {}").format(_SCHEMA))
    target.execute(
        sql.SQL("CREATE UNLOGGED TABLE {} ({}, place bigint GENERATED ALWAYS AS IDENTITY)").format(
            _PLACES, sql.SQL(", ").join(columns)
        )
    )
    target.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO PUBLIC").format(_SCHEMA))
    target.execute(sql.SQL("GRANT SELECT ON {} TO PUBLIC").format(_PLACES))
    target.execute(
        sql.SQL(_LOOK_UP).format(
            function=_PLACE_OF,
            types=sql.SQL(", ").join(sql.SQL(type_) for _, type_ in key),
            places=_PLACES,
            names=_list(name for name, _ in key),
            arguments=sql.SQL(", ").join(sql.SQL(f"${n}") for n in range(1, len(key) + 1)),
        )
    )


def _send_places(
    source: Connection, target: Connection, table: str, key: Sequence[tuple[str, str]]
) -> None:
    """Copy the keys over in the order in which the rows lie; the place counts up."""
    names = _list(name for name, _ in key)
    parts = [sql.Identifier(part) for part in table.split(".")]
    reading = sql.SQL("COPY (SELECT {} FROM {} ORDER BY tableoid, ctid) TO STDOUT").format(
        names, sql.SQL(".").join(parts)
    )
    writing = sql.SQL("COPY {} ({}) FROM STDIN").format(_PLACES, names)
    with (
        source.cursor().copy(reading) as outgoing,
        target.cursor().copy(writing) as incoming,
    ):
        for block in outgoing:
            incoming.write(block)
    target.execute(sql.SQL("ALTER TABLE {} ADD PRIMARY KEY ({})").format(_PLACES, names))
    target.execute(sql.SQL("ANALYZE {}").format(_PLACES))


def _lies_alike(
    source: Connection, target: Connection, leaf: sql.Identifier, key: Sequence[tuple[str, str]]
) -> bool:
    """Whether both sides still have the file that they were copied with, its rows in one order."""
    name = sql.Literal(leaf.as_string(target))
    files = [side.execute(sql.SQL(_FILE).format(name)).fetchone() for side in (source, target)]
    if files[0] != files[1]:
        return False
    query = sql.SQL(_IN_ORDER).format(
        leaf=leaf, places=_PLACES, names=_list(column for column, _ in key)
    )
    return target.execute(query).fetchone() == (True,)


def _rewrite(target: Connection, schema: str, name: str, key: Sequence[tuple[str, str]]) -> None:
    """Cluster a table in the order of the places."""
    leaf, index = sql.Identifier(schema, name), "shadowgate_by_place"
    target.execute(
        sql.SQL("CREATE INDEX {} ON {} ({} ({}))").format(
            sql.Identifier(index), leaf, _PLACE_OF, _list(column for column, _ in key)
        )
    )
    target.execute(sql.SQL("CLUSTER {} USING {}").format(leaf, sql.Identifier(index)))
    target.execute(sql.SQL("ALTER TABLE {} SET WITHOUT CLUSTER").format(leaf))
    target.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(schema, index)))
    target.execute(sql.SQL("ANALYZE {}").format(leaf))


def _list(names: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(name) for name in names)
