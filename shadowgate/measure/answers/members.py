"""Values reduced to their members, whatever order these are in. Pure functions.

Of an array the members are known, of a geometry too; of a text only how it may be taken apart: at
the separators that the query names, into words, into characters. The first tells most.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pglast
import shapely
from pglast import ast
from pglast.visitors import Visitor

from shadowgate.queries.placeholders import numbered

DECIMALS = 9
"""Coordinates of geometries that agree to so many decimal places are the same."""

Split = Callable[[str], Iterable[str]]
"""Takes a text apart."""

_HEX_EWKB = re.compile(r"(?:[0-9A-Fa-f]{2}){21,}|0[01][0-9A-Fa-f]{8,40}")
_WKT = re.compile(
    r"\s*(?:SRID=(\d+);)?\s*((?:MULTI)?(?:POINT|LINESTRING|POLYGON)|GEOMETRYCOLLECTION)\b", re.I
)
_GEOJSON = ("type", "coordinates", "geometries")
_WORDS = re.compile(r"\w+|\W")
_JOINING = frozenset({"string_agg", "array_to_string"})


def split_words(text: str) -> list[str]:
    """Words, and each character between them."""
    return _WORDS.findall(text)


def split_at(separators: Iterable[str]) -> Split:
    """Take texts apart at separators, the longest first."""
    known = sorted({one for one in separators if one}, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, known))) if known else None
    return lambda text: pattern.split(text) if pattern else [text]


def separators(text: str) -> tuple[str, ...]:
    """Separators that a query joins members with, as far as they are constants.

    Args:
        text: the query; what is not SQL has none.
    """
    try:
        tree = pglast.parse_sql(numbered(text))
    except pglast.parser.ParseError:
        return ()
    visitor = _Separators()
    visitor(tree)
    return tuple(dict.fromkeys(visitor.found))


class _Separators(Visitor):
    """Finds the separators of calls that join texts, where they are constants."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def visit_FuncCall(self, _ancestors: Any, node: Any) -> None:  # noqa: N802
        if node.funcname[-1].sval in _JOINING and len(node.args or ()) > 1:
            value = getattr(node.args[1], "val", None)
            if isinstance(value, ast.String) and value.sval:
                self.found.append(value.sval)


def members(value: Any, split: Split) -> Any:
    """A value such that two are equal if their members are, in whatever order.

    Args:
        value: as psycopg returns it.
        split: takes a text apart.
    """
    if isinstance(value, str):
        return _of_text(value, split)
    if isinstance(value, (list, tuple)):
        return _bag(members(one, split) for one in value)
    if isinstance(value, Mapping):
        return _of_object(value, split)
    return value


def _of_object(value: Mapping[str, Any], split: Split) -> Any:
    """Keys with their values; a geometry in GeoJSON is one, with whatever is said beside it."""
    shape = {key: value[key] for key in _GEOJSON if key in value}
    found = None
    if len(shape) > 1:
        found = _geometry(lambda: shapely.from_geojson(json.dumps(shape)))
    rest = value if found is None else {key: value[key] for key in value if key not in shape}
    return found, tuple(sorted((str(key), repr(members(one, split))) for key, one in rest.items()))


def _of_text(text: str, split: Split) -> Any:
    if _HEX_EWKB.fullmatch(text):
        found = _geometry(lambda: shapely.from_wkb(text))
        if found is not None:
            return found
    match = _WKT.match(text)
    if match:
        found = _geometry(lambda: shapely.from_wkt(text[match.start(2) :]))
        if found is not None:
            return (match.group(1), found)
    if text[:1] in "[{" and text:
        try:
            return members(json.loads(text), split)
        except ValueError:
            pass
    return _bag(split(text))


def _geometry(read: Callable[[], Any]) -> tuple[str, int, str] | None:
    """A geometry in its normal form; ``None`` if it cannot be read, or has measures to lose."""
    try:
        geometry = read()
        if shapely.has_m(geometry):
            return None
        dimension = 3 if shapely.has_z(geometry) else 2
        rounded = shapely.transform(
            geometry, lambda points: np.round(points, DECIMALS) + 0.0, include_z=dimension == 3
        )
        form = shapely.normalize(rounded)
        return ("geometry", int(shapely.get_srid(geometry)), shapely.to_wkb(form, hex=True))
    except (shapely.errors.ShapelyError, ValueError, TypeError, AttributeError):
        return None


def _bag(parts: Iterable[Any]) -> tuple[tuple[str, int], ...]:
    """Members with their numbers, in an order of their own; floats as they print."""
    return tuple(sorted(Counter(map(_key, parts)).items()))


def _key(value: Any) -> str:
    if isinstance(value, float) and math.isfinite(value):
        return f"{value:.12g}"
    return repr(value)


def forms(text: str) -> Sequence[Split]:
    """Ways to take texts of a query's answer apart, the one that tells most first."""
    return (split_at(separators(text)), split_words, list)
