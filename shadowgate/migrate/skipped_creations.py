"""Compares what a skipped ``CREATE … IF NOT EXISTS`` asked for with what bears the name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pglast import ast
from pglast.enums import ObjectType
from pglast.stream import RawStream

from shadowgate.language import sentence
from shadowgate.migrate.kinds import parse_one
from shadowgate.server.base import Connection

_RELATION_SQL = """
SELECT c.oid::bigint, c.relkind::text,
       pg_catalog.pg_get_expr(c.relpartbound, c.oid),
       (SELECT i.inhparent::regclass::text
        FROM pg_catalog.pg_inherits AS i
        WHERE i.inhrelid = c.oid)
FROM pg_catalog.pg_class AS c
WHERE c.oid = pg_catalog.to_regclass(%s)
"""
_COLUMNS_SQL = """
SELECT attname::text, pg_catalog.format_type(atttypid, NULL)
FROM pg_catalog.pg_attribute
WHERE attrelid = %s
  AND attnum > 0
  AND NOT attisdropped
ORDER BY attnum
"""
_INDEX_SQL = """
SELECT pg_catalog.pg_get_indexdef(i.indexrelid), i.indisvalid
FROM pg_catalog.pg_index AS i
WHERE i.indexrelid = %s
"""
_TYPE_SQL = """
SELECT pg_catalog.format_type(pg_catalog.to_regtype(%s), NULL)
"""
_SERIAL = {"serial": "integer", "bigserial": "bigint", "smallserial": "smallint"}
_KINDS = {
    "r": sentence("table"),
    "p": sentence("partitioned table"),
    "v": sentence("view"),
    "m": sentence("materialized view"),
    "i": sentence("index"),
    "I": sentence("partitioned index"),
    "S": sentence("sequence"),
    "f": sentence("foreign table"),
    "c": sentence("composite type"),
}
"""``pg_class.relkind`` in words."""


def difference_from_existing(asked: str, notice: str, connection: Connection) -> str:
    """Say how the existing object differs from the one a skipped statement asked for.

    Args:
        asked: the statement that was skipped.
        notice: what the server said, which names the object.
        connection: to the database, which still holds the object.

    Returns:
        A clause such as ``the existing index is on other_table``; empty if they are alike as far
        as names, columns, types and bounds tell, or if only the name matters (a schema, an
        extension).
    """
    node: Any = parse_one(asked)
    if isinstance(node, ast.CreateSchemaStmt | ast.CreateExtensionStmt):
        return ""
    if isinstance(node, ast.AlterTableStmt):
        return _column_difference(node, notice, connection)
    name = _relation_asked_for(node)
    if name is None:
        return sentence("what bears the name cannot be compared with what was asked for")
    return _relation_difference(node, _read(name, connection), connection)


@dataclass(frozen=True)
class _Existing:
    oid: int
    kind: str
    bound: str | None
    parent: str | None


def _relation_difference(node: Any, existing: _Existing | None, connection: Connection) -> str:
    wanted = _kinds_asked_for(node)
    if existing is None or existing.kind not in wanted:
        other = sentence("relation of another kind")
        return sentence(
            # TRANSLATORS: {kind} and {wanted} are such as "materialized view"
            "the existing one is a {kind}, not a {wanted}",
            kind=_KINDS.get(existing.kind, other) if existing else sentence("type"),
            wanted=_KINDS[wanted[0]],
        )
    if isinstance(node, ast.IndexStmt):
        return _index_difference(node, existing, connection)
    if isinstance(node, ast.CreateStmt):
        return _bound_difference(node, existing) or _columns_difference(node, existing, connection)
    if isinstance(node, ast.CreateTableAsStmt):
        return sentence("whether its query is the one asked for cannot be told")
    return ""


def _relation_asked_for(node: Any) -> str | None:
    """The name, quoted as needed, that the skipped statement wanted."""
    if isinstance(node, ast.IndexStmt):
        table: Any = node.relation
        return _quoted(table.schemaname, str(node.idxname))
    if isinstance(node, ast.CreateTableAsStmt):
        target: Any = node.into
        return _quoted(target.rel.schemaname, target.rel.relname)
    relation = getattr(node, "relation", None) or getattr(node, "sequence", None)
    return _quoted(relation.schemaname, relation.relname) if relation else None


def _quoted(schema: str | None, name: str) -> str:
    return ".".join('"' + part.replace('"', '""') + '"' for part in (schema, name) if part)


def _kinds_asked_for(node: Any) -> tuple[str, ...]:
    match node:
        case ast.IndexStmt():
            return ("i", "I")
        case ast.CreateSeqStmt():
            return ("S",)
        case ast.CreateTableAsStmt() if node.objtype == ObjectType.OBJECT_MATVIEW:
            return ("m",)
        case ast.CreateStmt() if node.partspec:
            return ("p",)
    return ("r",)


def _read(name: str, connection: Connection) -> _Existing | None:
    row = connection.execute(_RELATION_SQL, (name,)).fetchone()
    return _Existing(*row) if row else None


def _index_difference(node: Any, existing: _Existing, connection: Connection) -> str:
    row = connection.execute(_INDEX_SQL, (existing.oid,)).fetchone()
    if row is None:
        return sentence("it is gone by now")
    definition, valid = row
    there = parse_one(definition)
    asked_on, is_on = node.relation.relname, there.relation.relname
    if asked_on != is_on:
        return sentence(
            "the existing index is on {table}, not on {wanted}", table=is_on, wanted=asked_on
        )
    if not valid:
        return sentence("the existing index is not valid")
    if _index_shape(node) != _index_shape(there):
        return sentence("the existing index is another one: {definition}", definition=definition)
    return ""


def _index_shape(node: Any) -> tuple[Any, ...]:
    """What of an index survives PostgreSQL's rewriting of expressions, to be compared."""
    columns = tuple(element.name for element in node.indexParams)
    included = tuple(element.name for element in node.indexIncludingParams or ())
    return (node.accessMethod or "btree", bool(node.unique), columns, included)


def _bound_difference(node: Any, existing: _Existing) -> str:
    if not node.partbound:
        return ""
    parent = node.inhRelations[0].relname
    if existing.parent is None or existing.parent.rpartition(".")[2].strip('"') != parent:
        return sentence("the existing table is no partition of {table}", table=parent)
    there = parse_one(f"CREATE TABLE x PARTITION OF y {existing.bound}")
    if _bound_values(node.partbound) != _bound_values(there.partbound):
        return sentence("the existing partition is for other rows: {bound}", bound=existing.bound)
    return ""


def _bound_values(bound: Any) -> tuple[Any, ...]:
    values = (
        *(bound.lowerdatums or ()),
        None,
        *(bound.upperdatums or ()),
        *(bound.listdatums or ()),
    )
    return (bound.is_default, *(value and RawStream()(value) for value in values))


def _columns_difference(node: Any, existing: _Existing, connection: Connection) -> str:
    there: dict[str, str] = dict(connection.execute(_COLUMNS_SQL, (existing.oid,)).fetchall())
    elements = node.tableElts or ()
    for column in elements:
        differs = isinstance(column, ast.ColumnDef) and _one_column_difference(
            column, there, connection
        )
        if differs:
            return differs
    open_ended = node.inhRelations or any(isinstance(e, ast.TableLikeClause) for e in elements)
    named = {column.colname for column in elements if isinstance(column, ast.ColumnDef)}
    more = sorted(set(there) - named)
    if more and not open_ended:
        return sentence("the existing table also has {columns}", columns=", ".join(more))
    return ""


def _one_column_difference(column: Any, there: dict[str, str], connection: Connection) -> str:
    if column.colname not in there:
        return sentence("the existing table has no column {column}", column=column.colname)
    written = RawStream()(column.typeName)
    row = connection.execute(_TYPE_SQL, (_SERIAL.get(written, written),)).fetchone()
    wanted = row[0] if row else None
    if wanted is not None and there[column.colname] != wanted:
        return sentence(
            "the existing column {column} is {type}, not {wanted}",
            column=column.colname,
            type=there[column.colname],
            wanted=wanted,
        )
    return ""


def _column_difference(node: Any, notice: str, connection: Connection) -> str:
    existing = _read(_quoted(node.relation.schemaname, node.relation.relname), connection)
    if existing is None:
        return sentence("its table is gone by now")
    there: dict[str, str] = dict(connection.execute(_COLUMNS_SQL, (existing.oid,)).fetchall())
    for command in node.cmds:
        column = command.def_
        if isinstance(column, ast.ColumnDef) and f'"{column.colname}"' in notice:
            return _one_column_difference(column, there, connection)
    return ""
