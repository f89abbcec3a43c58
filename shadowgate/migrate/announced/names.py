"""Names as the catalogue snapshot spells them, and those that PostgreSQL chooses by itself.

Every name here is a shell-style pattern, as in an expectation: what a wildcard would mean in a
quoted identifier is escaped, and where only the database knows a part of the name there is a ``*``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from pglast import ast
from pglast.keywords import COL_NAME_KEYWORDS, RESERVED_KEYWORDS, TYPE_FUNC_NAME_KEYWORDS

Names = tuple[str, ...]
"""One name, or several of which one is meant; empty for what no snapshot shows."""

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_IDENTIFIER = re.compile(r'(?:"(?:[^"]|"")*"|[^."(])+')
_QUOTED_KEYWORDS = RESERVED_KEYWORDS | COL_NAME_KEYWORDS | TYPE_FUNC_NAME_KEYWORDS
_WILDCARD = re.compile(r"[\[*?]")
_LONGEST_BYTES = 63
_TRIES = 10
"""Numbers that are tried after a name that is taken: nobody has more constraints of one name."""

_SPELLED = {
    "int2": "smallint",
    "int4": "integer",
    "int": "integer",
    "int8": "bigint",
    "float4": "real",
    "float8": "double precision",
    "bool": "boolean",
    "bpchar": "character",
    "varchar": "character varying",
    "varbit": "bit varying",
    "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
    "time": "time without time zone",
    "timetz": "time with time zone",
}
"""Internal name -> as ``format_type`` writes it."""
_WORDS = """
    anyarray anycompatible anyelement anyenum anyrange bit box bytea cidr circle date daterange
    event_trigger inet int4range int8range interval json jsonb jsonpath line lseg macaddr money
    name numeric numrange oid path pg_lsn point polygon record refcursor regclass regproc
    regprocedure regtype text tid trigger tsquery tsrange tstzrange tsvector uuid void xid xml
"""
_BUILT_IN = frozenset(_WORDS.split())
ANY_SCHEMA = "shadowgate_any_schema"
"""Stands, in a statement that is put together, for a schema that only the database knows."""
SERIAL = frozenset({"serial", "serial2", "serial4", "serial8", "bigserial", "smallserial"})
"""Types that stand for an integer with a sequence."""


def quoted(identifier: str) -> str:
    """Spell an identifier as ``quote_ident`` does."""
    if identifier == ANY_SCHEMA:
        return "*"
    if _PLAIN.fullmatch(identifier) and identifier not in _QUOTED_KEYWORDS:
        return identifier
    return _WILDCARD.sub(r"[\g<0>]", '"' + identifier.replace('"', '""') + '"')


def parts_of(names: Names, *identifiers: str) -> Names:
    """The names of parts of something: ``public.t`` and ``a`` make ``public.t.a``."""
    return tuple(
        f"{whole}.{identifier if identifier == '*' else quoted(identifier)}"
        for whole in names
        for identifier in identifiers
    )


def split(name: str) -> tuple[tuple[str, ...], str]:
    """The identifiers of a qualified name, still quoted, and a routine's arguments after them."""
    identifiers = []
    at = 0
    while found := _IDENTIFIER.match(name, at):
        identifiers.append(found[0])
        at = found.end()
        if name[at : at + 1] != ".":
            break
        at += 1
    return tuple(identifiers), name[at:]


def schemas_of(names: Names) -> Names:
    """The schema of each name."""
    return tuple(split(name)[0][0] for name in names)


def whole_and_part(name: str) -> tuple[str, str]:
    """A part's name without the last identifier, and that."""
    *whole, part = split(name)[0]
    return ".".join(whole), part


def strings(nodes: Iterable[Any] | None) -> list[str]:
    """The words of a list of strings in a parse tree."""
    return [str(node.sval) for node in nodes or () if isinstance(node, ast.String)]


def made_name(first: str, second: str, label: str) -> str:
    """Put a name together as PostgreSQL's ``makeObjectName``: at most 63 bytes, parts shortened."""
    one, two = first.encode(), second.encode()
    room = _LONGEST_BYTES - (len(two) > 0) - (len(label.encode()) + 1)
    size_one, size_two = len(one), len(two)
    while size_one + size_two > room:
        if size_one > size_two:
            size_one -= 1
        else:
            size_two -= 1
    kept = (one[:size_one], two[:size_two]) if two else (one[:size_one],)
    return "_".join([*(part.decode(errors="ignore") for part in kept), label])


def chosen_names(first: str, second: str, label: str) -> tuple[str, ...]:
    """Names that PostgreSQL tries in turn for an object without one, unquoted."""
    numbers = ("", *map(str, range(1, _TRIES)))
    return tuple(made_name(first, second, f"{label}{number}") for number in numbers)


def joined_columns(columns: Sequence[str]) -> str:
    """Column names as a part of an index's or constraint's name: no more than fit."""
    text = ""
    for column in columns:
        text += f"_{column}" if text else column
        if len(text.encode()) > _LONGEST_BYTES:
            break
    return text


def index_name_columns(elements: Iterable[Any]) -> tuple[str, ...]:
    """What an unnamed index is named after; nothing if it has an expression without a plain name.

    A column that is there twice is numbered.
    """
    found: list[str] = []
    for element in elements:
        if element.name is None:
            return ()
        name, number = str(element.name), 0
        while name in found:
            number += 1
            name = f"{element.name}{number}"
        found.append(name)
    return tuple(found)


def type_name(node: Any) -> str:
    """A type as an argument of a routine is spelled, without its modifiers."""
    if node is None or node.pct_type:
        return "*"
    *schema, bare = strings(node.names)
    suffix = "[[]]" if node.arrayBounds else ""
    if schema in ([], ["pg_catalog"]) and bare in _SPELLED:
        return _SPELLED[bare] + suffix
    if bare in _BUILT_IN and schema in ([], ["pg_catalog"]):
        return bare + suffix  # without quotes, though some are keywords
    if schema == ["pg_catalog"]:
        return quoted(bare) + suffix
    if schema:
        return ".".join(map(quoted, (*schema, bare))) + suffix
    return f"*{quoted(bare)}{suffix}"
