"""Whether whoever runs the migration may do what it does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shadowgate.production.answers import Line, Question
from shadowgate.production.known import Known


@dataclass(frozen=True)
class Right:
    """One right that is needed."""

    needed: str
    """In words."""
    held: bool
    todo: str


def judge_rights(rows: Sequence[Right], known: Known) -> Iterator[Line]:
    """A migration that stops half-way for want of a right is worse than none."""
    missing = [row for row in rows if not row.held]
    for row in missing:
        yield Line(f"role {known.role}", "may not", row.needed, "stop", row.todo)
    if not missing:
        said = f"rights held: {len(rows)}, all" if rows else "no right is known to be needed"
        yield Line(f"role {known.role}", said, "", "fine" if rows else "note")


RIGHTS: Question[Known, Right] = Question(
    "rights",
    """
    SELECT
        'to alter ' || c.oid::regclass AS needed,
        pg_has_role(%(role)s, c.relowner, 'USAGE') AS held,
        format('run it as %%s, who owns it, or name another role with --role', c.relowner::regrole)
            AS todo
    FROM unnest(%(owned)s::text[]) AS named (name)
    JOIN pg_class AS c ON c.oid = to_regclass(named.name)
    UNION ALL
    SELECT
        'to create triggers on ' || c.oid::regclass,
        has_table_privilege(%(role)s, c.oid, 'TRIGGER'),
        format('GRANT TRIGGER ON %%s TO %%I', c.oid::regclass, %(role)s::text)
    FROM unnest(%(triggers)s::text[]) AS named (name)
    JOIN pg_class AS c ON c.oid = to_regclass(named.name)
    UNION ALL
    SELECT
        format('to create in schema %%I', n.nspname),
        has_schema_privilege(%(role)s, n.oid, 'CREATE'),
        format('GRANT CREATE ON SCHEMA %%I TO %%I', n.nspname, %(role)s::text)
    FROM unnest(%(schemas)s::text[]) AS named (name)
    JOIN pg_namespace AS n ON quote_ident(n.nspname) = named.name
    UNION ALL
    SELECT
        'to create schemas',
        has_database_privilege(%(role)s, current_database(), 'CREATE'),
        format('GRANT CREATE ON DATABASE %%I TO %%I', current_database(), %(role)s::text)
    WHERE %(makes_schemas)s
    ORDER BY 1
    """,
    Right,
    judge_rights,
    lambda known: {
        "role": known.role,
        "owned": sorted({name for names in known.touched.owned for name in names}),
        "triggers": sorted({name for names in known.touched.triggers for name in names}),
        "schemas": sorted({name for names in known.touched.schemas for name in names}),
        "makes_schemas": any(each.kind == "schema" for each in known.touched.creates),
    },
)
