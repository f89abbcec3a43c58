"""Where on the map a query looks: the places that its text names. Pure.

A place is an expression of PostGIS functions over constants, such as ``ST_MakeEnvelope(…)``. Of
``ST_DWithin`` it is the surroundings of what is named, as far as its distance.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pglast
from pglast import ast
from pglast.stream import RawStream
from pglast.visitors import Visitor


def windows_of(query: str) -> tuple[str, ...]:
    """The places that a query names, as SQL expressions of geometries; none if it is no SQL."""
    try:
        tree = pglast.parse_sql(query)
    except pglast.Error:
        return ()
    found = dict.fromkeys(each for statement in tree for each in _places(statement.stmt))
    return tuple(found)


def _places(node: Any) -> Iterator[str]:
    """The outermost places of a node, from left to right."""
    if isinstance(node, list | tuple):
        for each in node:
            yield from _places(each)
        return
    if not isinstance(node, ast.Node):
        return
    if isinstance(node, ast.FuncCall) and _name(node) == "st_dwithin":
        yield from _surroundings(node)
        return
    if isinstance(node, ast.FuncCall) and _name(node).startswith("st_") and _is_constant(node):
        yield RawStream()(node)
        return
    for name in node:
        yield from _places(getattr(node, name))


def _surroundings(call: ast.FuncCall) -> Iterator[str]:
    arguments = call.args or ()
    if len(arguments) < 3 or not _is_constant(arguments[2]):
        return
    distance = RawStream()(arguments[2])
    for place in arguments[:2]:
        if _is_constant(place):
            yield f"st_expand(st_envelope({RawStream()(place)}), {distance})"


def _name(call: ast.FuncCall) -> str:
    return str((call.funcname or ())[-1].sval)


class _Constant(Visitor):
    """Looks for anything that is no constant, operator or PostGIS function."""

    def __init__(self) -> None:
        super().__init__()
        self.holds = True

    def visit(self, _ancestors: Any, node: ast.Node) -> None:
        """Keep in mind whether a node may stand in a place."""
        known = (ast.A_Const, ast.A_Expr, ast.String, ast.Float, ast.Integer, ast.TypeName)
        if isinstance(node, ast.FuncCall):
            self.holds &= _name(node).startswith("st_")
        elif not isinstance(node, (*known, ast.TypeCast)):
            self.holds = False


def _is_constant(node: ast.Node) -> bool:
    looked = _Constant()
    looked(node)
    return looked.holds
