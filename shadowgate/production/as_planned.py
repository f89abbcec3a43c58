"""Whether the migrated production is what the migrated shadow was: objects, and what is left open.

Pure, but for the reading of the catalogues. What belongs to a place and not to the migration is not
compared: owners, positions of columns, tablespaces, the next value of a sequence, and of privileges
who granted them and what an owner has anyway.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shadowgate.catalogue import ObjectId, Snapshot, read_catalogue
from shadowgate.migrate.planner_statistics import MANY_ROWS
from shadowgate.production.activity import TOUCHED
from shadowgate.production.answers import Line, Question, not_answered
from shadowgate.production.known import Known
from shadowgate.production.session import NotAnsweredError, ReadOnlySession
from shadowgate.report.after_file import After, AfterAttribute, AfterObject
from shadowgate.report.redact import data_without_secrets
from shadowgate.report.words import shortened

TOPIC = "objects"
_OF_THE_PLACE = frozenset({"owner", "position", "next_value", "tablespace"})
_WIDTH = 60


def object_lines(session: ReadOnlySession, after: After) -> list[Line]:
    """Hold production's catalogues against the shadow's after."""
    try:
        with session.transaction() as connection:
            snapshot = read_catalogue(connection)
    except NotAnsweredError as error:
        return [not_answered(TOPIC, error)]
    return list(judge_objects(snapshot, after))


def judge_objects(here: Snapshot, after: After) -> Iterator[Line]:
    """What the migration created and changed must be there and alike, what it dropped gone."""
    lines = [
        *(line for each in after.created for line in _created(here, each)),
        *(line for each in after.changed for line in _changed(here, each)),
        *(
            Line(f"{each.kind} {each.name}", "still there", "dropped", "stop")
            for each in after.dropped
            if ObjectId(each.kind, each.name) in here.objects
        ),
    ]
    yield from lines
    if not lines:
        counts = (
            f"{len(after.created)} created, {len(after.changed)} changed, {len(after.dropped)} "
            "dropped"
        )
        yield Line(TOPIC, counts, "as in the shadow")


def _created(here: Snapshot, planned: AfterObject) -> Iterator[Line]:
    topic = f"{planned.kind} {planned.name}"
    found = here.objects.get(ObjectId(planned.kind, planned.name))
    if found is None:
        yield Line(topic, "not there", "created", "stop", "is the migration applied here?")
        return
    for attribute in sorted({*planned.attributes, *found.attributes} - _OF_THE_PLACE):
        yield from _differing(
            topic, attribute, found.attributes.get(attribute), planned.attributes.get(attribute)
        )


def _changed(here: Snapshot, planned: AfterAttribute) -> Iterator[Line]:
    topic = f"{planned.kind} {planned.name}"
    found = here.objects.get(ObjectId(planned.kind, planned.name))
    if found is None:
        yield Line(topic, "not there", "changed", "stop", "is this the right database?")
    elif planned.attribute not in _OF_THE_PLACE:
        now = found.attributes.get(planned.attribute)
        yield from _differing(topic, planned.attribute, now, planned.value)


def _differing(topic: str, attribute: str, now: Any, planned: Any) -> Iterator[Line]:
    here, there = _comparable(attribute, now), _comparable(attribute, planned)
    if here != there:
        yield Line(f"{topic}, {attribute}", _said(here), _said(there), "stop")


def _comparable(attribute: str, value: Any) -> Any:
    """A value as it is stored: without secrets, and grants without what is of the place."""
    clean = data_without_secrets(value)
    if attribute == "statistics_target" and clean == -1:
        return None  # the default; newer servers do not set it
    if attribute != "privileges" or not clean:
        return clean or None if isinstance(clean, list | Mapping) else clean
    grants = [grant.rpartition("/") for grant in clean]
    return sorted(held for held, _, grantor in grants if held.partition("=")[0] != grantor) or None


def _said(value: Any) -> str:
    return "not set" if value is None else shortened(str(value), _WIDTH)


@dataclass(frozen=True)
class OpenConstraint:
    """A constraint that is not validated, on a table that the migration touches."""

    name: str


def judge_constraints(rows: Sequence[OpenConstraint], known: Known) -> Iterator[Line]:
    """One that the shadow had validated is not proven for the rows that are there."""
    planned = set(known.after.not_validated) if known.after else set()
    unplanned = [row for row in rows if row.name not in planned]
    for row in unplanned:
        meaning = "ALTER TABLE … VALIDATE CONSTRAINT it, and see what it finds"
        yield Line(f"constraint {row.name}", "not validated", "validated", "stop", meaning)
    if not unplanned:
        yield Line("constraints", "validated", "as in the shadow")


CONSTRAINTS: Question[Known, OpenConstraint] = Question(
    "constraints",
    f"""
    WITH {TOUCHED}
    SELECT format('%%I.%%I.%%I', n.nspname, c.relname, k.conname) AS name
    FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT k.convalidated
      AND k.conrelid IN (SELECT oid FROM touched WHERE oid IS NOT NULL)
    ORDER BY 1
    """,  # noqa: S608 - no value is put into it
    OpenConstraint,
    judge_constraints,
    lambda known: {"tables": known.touched.names},
)


@dataclass(frozen=True)
class Statistics:
    """What the planner knows of one table."""

    name: str
    rows: float
    """As the server counted them since they were written."""
    columns: int
    """Columns that it has statistics of."""
    readable: bool
    """Whether the role may see them."""


def judge_statistics(rows: Sequence[Statistics], _known: Known) -> Iterator[Line]:
    """Without statistics the planner guesses, and the shadow's plans say nothing.

    Of a small table it may guess, and autovacuum leaves it alone for long.
    """
    filled = [row for row in rows if row.rows >= MANY_ROWS]
    for row in (row for row in filled if row.columns == 0):
        if row.readable:
            meaning = "ANALYZE it: the planner knows nothing of it"
            yield Line(f"statistics of {row.name}", "none", "some", "stop", meaning)
        else:
            meaning = "the role may not see them: GRANT pg_read_all_data TO it"
            yield Line(f"statistics of {row.name}", "not visible", "some", "not answered", meaning)
    if all(row.columns > 0 for row in filled):
        yield Line("statistics", f"tables with many rows: {len(filled)}, all known")


STATISTICS: Question[Known, Statistics] = Question(
    "statistics",
    f"""
    WITH {TOUCHED}
    SELECT
        c.oid::regclass::text AS name,
        greatest(c.reltuples, pg_stat_get_live_tuples(c.oid))::float8 AS rows,
        (
            SELECT count(*) FROM pg_stats s
            WHERE s.schemaname = n.nspname AND s.tablename = c.relname
        ) AS columns,
        has_table_privilege(c.oid, 'SELECT') AND NOT row_security_active(c.oid) AS readable
    FROM touched t
    JOIN pg_class c ON c.oid = t.oid AND c.relkind IN ('r', 'm')
    JOIN pg_namespace n ON n.oid = c.relnamespace
    ORDER BY 1
    """,  # noqa: S608 - no value is put into it
    Statistics,
    judge_statistics,
    lambda known: {"tables": known.touched.names},
)
