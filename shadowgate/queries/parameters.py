"""Gives the parameters of a query their values: those that a file says, or drawn from the data.

A parameter that is compared with a column, or written to one, is drawn from that column's
statistics: the most common value where it must equal it, else a value from the inner part of the
histogram, so that a range is neither empty nor everything. A column without statistics of its
values is asked for some of its rows. The same database gives the same values each time.

The values are put into the text as literals: each execution is planned for them, on both sides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pglast
import psycopg
from pglast import ast
from pglast.enums import A_Expr_Kind
from psycopg import sql

from shadowgate.errors import PlanError
from shadowgate.language import sentence
from shadowgate.queries.placeholders import numbered, numbers, substitute
from shadowgate.queries.text_forms import write_values_alike
from shadowgate.queries.workload import Query, Value, Workload, values_path
from shadowgate.server.base import Connection

LOWER, MIDDLE, UPPER = 0.4, 0.5, 0.6
"""Where in the order of a column's values a lower bound, a single value and an upper bound lie."""

_BETWEEN = (A_Expr_Kind.AEXPR_BETWEEN, A_Expr_Kind.AEXPR_BETWEEN_SYM)
_LOWER_BOUNDS = frozenset({">", ">="})
_UPPER_BOUNDS = frozenset({"<", "<="})

_Column = tuple[str, tuple[tuple[str, ...], ...], bool]
"""A column's name, the tables that it may belong to, and whether it is cast."""

_STATISTICS = """
SELECT most_common_vals::text::text[], histogram_bounds::text::text[]
FROM pg_catalog.pg_stats
WHERE schemaname = %s AND tablename = %s AND attname = %s
ORDER BY inherited DESC
LIMIT 1
"""

_COLUMN = """
SELECT n.nspname, c.relname, a.attname, pg_catalog.format_type(a.atttypid, NULL),
    EXISTS (
        SELECT FROM pg_catalog.pg_index AS i
        WHERE i.indrelid = c.oid AND i.indisunique AND a.attnum = ANY (i.indkey)
    )
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid
WHERE c.oid = pg_catalog.to_regclass(%s) AND a.attname = %s AND a.attnum > 0
"""

_SAMPLE = """
SELECT (pg_catalog.percentile_disc({quantile}) WITHIN GROUP (ORDER BY value))::text
FROM (SELECT {column} AS value FROM {table} WHERE {column} IS NOT NULL LIMIT 1000) AS sample
"""

_ANY_ROW = "SELECT {column}::text FROM {table} WHERE {column} IS NOT NULL LIMIT 1"


@dataclass(frozen=True)
class Use:
    """A parameter beside a column."""

    parameter: int
    column: str
    tables: tuple[tuple[str, ...], ...]
    """Tables that the column may belong to, each with its schema if the text says it."""
    quantile: float = MIDDLE
    equals: bool = False
    """Whether the parameter must equal the column for a row to be found."""
    is_array: bool = False
    """Whether the parameter is an array of such values."""
    is_new: bool = False
    """Whether it is the value of a row that is inserted."""
    is_cast: bool = False
    """Whether the column is cast to another type, so that its own says nothing."""


def bind_workload(workload: Workload, connection: Connection) -> Workload:
    """Give all parameters of a workload their values; see :func:`bind_parameters`."""
    return Workload(tuple(bind_parameters(query, connection) for query in workload.queries))


def bind_parameters(query: Query, connection: Connection) -> Query:
    """Give the parameters of a query, and of its rewritten form, their values.

    Call it once a run, on the database before the migration: both sides are asked the same. Values
    that both forms need are the original's.

    Raises:
        PlanError: a parameter has no value, and none can be drawn.
    """
    form = query.rewritten
    with connection.transaction(force_rollback=True):
        write_values_alike(connection)
        values = _values_of(query, connection, {})
        own = _values_of(form, connection, values) if form else {}
    bound = replace(query, sql=_bind(query.sql, values), values=())
    if form is None:
        return bound
    rewritten = replace(form, sql=_bind(form.sql, own), values=())
    return replace(bound, rewritten=rewritten)


def _bind(text: str, literals: Mapping[str, str]) -> str:
    return substitute(text, lambda placeholder: literals[placeholder.name])


def _stated(query: Query, connection: Connection) -> dict[str, str]:
    """Literals of the values that the file beside a query says."""
    return {name: _literal(value, connection) for name, value in query.values}


def _literal(value: Value, connection: Connection) -> str:
    """A text is left to take the type that its place asks for, as in a prepared statement."""
    plain: Any = list(value) if isinstance(value, tuple) else value
    return f"({sql.Literal(plain).as_string(connection).strip()})"


def _values_of(query: Query, connection: Connection, known: Mapping[str, str]) -> dict[str, str]:
    literals = {**_stated(query, connection), **known}
    missing = [name for name in query.parameters if name not in literals]
    if not missing:
        return literals
    number = numbers(query.sql)
    uses = find_uses(query.sql)
    for name in missing:
        drawn = next(
            (
                literal
                for use in uses
                if use.parameter == number[name]
                for literal in [draw(use, connection)]
                if literal is not None
            ),
            None,
        )
        if drawn is None:
            raise _no_value(query, name)
        literals[name] = drawn
    return literals


def _no_value(query: Query, name: str) -> PlanError:
    shown = f"${name}" if name.isdecimal() else f":{name}"
    file = values_path(query.path).name
    return PlanError(
        sentence(
            "the parameter {shown} of {id} has no value, and none can be drawn "
            "from a column beside it",
            shown=shown,
            id=query.id,
        ),
        where=str(query.path),
        todo=sentence(
            "say it in {file} beside the query, in a line such as `{name} = 17`",
            file=file,
            name=name,
        ),
    )


def draw(use: Use, connection: Connection) -> str | None:
    """A literal for a parameter from the column beside it; ``None`` if that holds no value.

    A value for a row that is inserted is not drawn where it would have to be unique.
    """
    found = None
    for table in use.tables:
        name = ".".join(sql.Identifier(part).as_string(connection) for part in table)
        found = found or connection.execute(_COLUMN, (name, use.column)).fetchone()
    if found is None or (use.is_new and found[4]):
        return None
    schema, table_name, column, type_ = found[:4]
    quantiles = (0.25, MIDDLE, 0.75) if use.is_array else (use.quantile,)
    values = [
        value
        for quantile in quantiles
        for value in [_value(connection, (schema, table_name, column), quantile, use)]
        if value is not None
    ]
    if not values:
        return None
    literals = [sql.Literal(value).as_string(connection).strip() for value in values]
    if use.is_array:
        array = f"ARRAY[{', '.join(dict.fromkeys(literals))}]"
        return array if use.is_cast else f"({array}::{type_}[])"
    return literals[0] if use.is_cast else f"({literals[0]}::{type_})"


def _value(
    connection: Connection, column: tuple[str, str, str], quantile: float, use: Use
) -> str | None:
    """A value of a column, as text."""
    statistics = connection.execute(_STATISTICS, column).fetchone()
    common, bounds = statistics or (None, None)
    if common and (use.equals or use.is_new):
        return str(common[0])
    if bounds:
        return str(bounds[round(quantile * (len(bounds) - 1))])
    schema, table, name = column
    parts = {"column": sql.Identifier(name), "table": sql.Identifier(schema, table)}
    try:
        with connection.transaction():
            ask = sql.SQL(_SAMPLE).format(quantile=sql.Literal(quantile), **parts)
            row = connection.execute(ask).fetchone()
    except psycopg.errors.UndefinedFunction:  # values of this type have no order
        row = connection.execute(sql.SQL(_ANY_ROW).format(**parts)).fetchone()
    return None if row is None else row[0]


def find_uses(text: str) -> tuple[Use, ...]:
    """Every parameter of a text that stands beside a column, found in the parse tree.

    Raises:
        pglast.parser.ParseError: the text is not SQL.
    """
    uses: list[Use] = []
    for raw in pglast.parse_sql(numbered(text)):
        _walk(raw.stmt, (), frozenset(), uses)
    return tuple(uses)


@dataclass(frozen=True)
class _Scope:
    """The tables of one FROM clause: alias -> name, with its schema if the text says it."""

    tables: Mapping[str, tuple[str, ...]]


def _walk(node: Any, scopes: tuple[_Scope, ...], hidden: frozenset[str], uses: list[Use]) -> None:
    """Visit a tree with the tables that are in sight.

    Args:
        node: a node, or a tuple of them.
        scopes: FROM clauses around it, the innermost first.
        hidden: names of common table expressions, which are no tables.
        uses: what is found is added.
    """
    if isinstance(node, tuple):
        for one in node:
            _walk(one, scopes, hidden, uses)
    if not isinstance(node, ast.Node):
        return
    if isinstance(node, (ast.SelectStmt, ast.UpdateStmt, ast.DeleteStmt, ast.InsertStmt)):
        hidden |= _common_names(node)
        scopes = (_Scope(dict(_tables_of(node, hidden))), *scopes)
    uses.extend(_uses_at(node, scopes))
    for name in node:
        _walk(getattr(node, name), scopes, hidden, uses)


def _common_names(statement: Any) -> set[str]:
    """Names of a statement's common table expressions."""
    clause = statement.withClause
    return {one.ctename for one in clause.ctes} if clause else set()


def _tables_of(statement: Any, hidden: frozenset[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    clauses = [
        getattr(statement, "relation", None),
        *(getattr(statement, "fromClause", None) or ()),
        *(getattr(statement, "usingClause", None) or ()),
    ]
    while clauses:
        one = clauses.pop(0)
        if isinstance(one, ast.JoinExpr):
            clauses += [one.larg, one.rarg]
        elif isinstance(one, ast.RangeVar):
            name = _name(one)
            if len(name) > 1 or name[0] not in hidden:
                yield _alias(one), name


def _alias(relation: Any) -> str:
    return str(relation.alias.aliasname if relation.alias else relation.relname)


def _uses_at(node: Any, scopes: tuple[_Scope, ...]) -> Iterator[Use]:
    if isinstance(node, ast.A_Expr):
        yield from _compared(node, scopes)
    elif isinstance(node, ast.InsertStmt):
        yield from _inserted(node)
    elif isinstance(node, ast.UpdateStmt):
        target = _name(node.relation)
        for one in node.targetList or ():
            yield from _written(one.val, one.name, target, is_new=False)


def _compared(node: Any, scopes: tuple[_Scope, ...]) -> Iterator[Use]:
    """Parameters on one side of an operator with a column on the other."""
    left, right = _column(node.lexpr, scopes), _column(node.rexpr, scopes)
    if left is not None:
        yield from _compared_with(left, node, node.rexpr, is_left=True)
    if right is not None and node.kind != A_Expr_Kind.AEXPR_OP_ANY:
        yield from _compared_with(right, node, node.lexpr, is_left=False)


def _compared_with(column: _Column, node: Any, other: Any, *, is_left: bool) -> Iterator[Use]:
    """Parameters on the other side of an operator."""
    if node.kind in _BETWEEN and len(other) == 2:
        for bound, quantile in zip(other, (LOWER, UPPER), strict=True):
            yield from _use(bound, column, quantile=quantile)
    elif node.kind == A_Expr_Kind.AEXPR_OP_ANY:
        yield from _use(other, column, is_array=True)
    else:
        operator = node.name[-1].sval
        is_lower = operator in (_LOWER_BOUNDS if is_left else _UPPER_BOUNDS)
        is_upper = operator in (_UPPER_BOUNDS if is_left else _LOWER_BOUNDS)
        quantile = LOWER if is_lower else UPPER if is_upper else MIDDLE
        for one in other if isinstance(other, tuple) else (other,):
            yield from _use(one, column, quantile=quantile, equals=operator == "=")


def _inserted(node: Any) -> Iterator[Use]:
    rows = getattr(node.selectStmt, "valuesLists", None) or ()
    names = [column.name for column in node.cols or ()]
    for row in rows:
        for name, value in zip(names, row, strict=False):
            yield from _written(value, name, _name(node.relation), is_new=True)


def _written(value: Any, column: str, table: tuple[str, ...], *, is_new: bool) -> Iterator[Use]:
    number = _parameter(value)
    if number is not None:
        yield Use(number, column, (table,), equals=True, is_new=is_new)


def _use(
    node: Any,
    column: _Column,
    *,
    quantile: float = MIDDLE,
    equals: bool = False,
    is_array: bool = False,
) -> Iterator[Use]:
    number = _parameter(node)
    if number is not None:
        name, tables, is_cast = column
        yield Use(number, name, tables, quantile, equals, is_array, is_cast=is_cast)


def _parameter(node: Any) -> int | None:
    bare = _without_cast(node)
    return int(bare.number) if isinstance(bare, ast.ParamRef) and bare.number else None


def _without_cast(node: Any) -> Any:
    while isinstance(node, ast.TypeCast):
        node = node.arg
    return node


def _column(node: Any, scopes: tuple[_Scope, ...]) -> _Column | None:
    """A column and the tables that it may belong to."""
    bare = _without_cast(node)
    fields = bare.fields if isinstance(bare, ast.ColumnRef) else None
    if not fields:
        return None
    parts = [str(field.sval) for field in fields if isinstance(field, ast.String)]
    if len(parts) != len(fields):
        return None
    if len(parts) == 1:
        tables = [table for scope in scopes for table in scope.tables.values()]
    else:
        alias = parts[-2]
        tables = [scope.tables[alias] for scope in scopes if alias in scope.tables][:1]
    return parts[-1], tuple(tables), bare is not node


def _name(relation: Any) -> tuple[str, ...]:
    if relation.schemaname:
        return (relation.schemaname, relation.relname)
    return (relation.relname,)
