"""Parameters in the text of a query: ``$1`` as in a prepared statement, ``:name`` as in psql.

Pure functions over PostgreSQL's own tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest

from pglast.parser import Token, scan

FIRST_NAMED = 1000
"""Number of the first named parameter where a text is parsed: the grammar only knows numbers."""

_ENDS_AN_EXPRESSION = frozenset({"IDENT", "ICONST", "PARAM", "ASCII_41", "ASCII_93"})
"""A name, a number, ``$1``, ``)`` and ``]``: a colon after one of them within brackets is that of
an array's slice."""


@dataclass(frozen=True)
class Placeholder:
    """One place in a text where a parameter's value belongs."""

    name: str
    """``1`` for ``$1``, ``name`` for ``:name`` and ``:'name'``."""
    start: int
    end: int
    """Characters of the text, the end not included."""
    is_identifier: bool = False
    """Whether it is ``:"name"``, which stands for a name instead of a value."""


def find_placeholders(text: str) -> tuple[Placeholder, ...]:
    """Every placeholder of a text, in order.

    What looks like one in a string, a comment or a quoted name is none, nor are ``::``, ``:=`` and
    the colon of an array's slice.

    Raises:
        pglast.parser.ParseError: the text has no tokens of SQL, such as an unterminated string.
    """
    return tuple(_placeholders(text, scan(text)))


def has_backslash(text: str) -> int | None:
    """Where psql's first meta-command or a stray backslash is, as an index into the text.

    Raises:
        pglast.parser.ParseError: as :func:`find_placeholders`.
    """
    return next((token.start for token in scan(text) if token.name == "ASCII_92"), None)


def _placeholders(text: str, tokens: list[Token]) -> Iterator[Placeholder]:
    depth, previous = 0, ""
    for token, following in zip_longest(tokens, tokens[1:]):
        if token.name == "PARAM":
            yield Placeholder(text[token.start + 1 : token.end + 1], token.start, token.end + 1)
        elif token.name == "ASCII_58" and following is not None:
            is_slice = depth > 0 and previous in _ENDS_AN_EXPRESSION
            word = text[following.start : following.end + 1]
            if following.start == token.end + 1 and not is_slice:
                name = word.strip("'\"")
                if name.isidentifier() and (word == name or word[0] in "'\""):
                    yield Placeholder(name, token.start, following.end + 1, word[0] == '"')
        depth += {"ASCII_91": 1, "ASCII_93": -1}.get(token.name, 0)
        previous = token.name


def substitute(text: str, value: Callable[[Placeholder], str]) -> str:
    """The text with another one in the place of each placeholder."""
    parts, position = [], 0
    for placeholder in find_placeholders(text):
        parts += [text[position : placeholder.start], value(placeholder)]
        position = placeholder.end
    return "".join([*parts, text[position:]])


def numbers(text: str) -> Mapping[str, int]:
    """The number under which :func:`numbered` names each parameter of a text."""
    names = dict.fromkeys(placeholder.name for placeholder in find_placeholders(text))
    words = [name for name in names if not name.isdecimal()]
    return {name: int(name) for name in names if name.isdecimal()} | {
        name: FIRST_NAMED + place for place, name in enumerate(words)
    }


def numbered(text: str) -> str:
    """The text as PostgreSQL's grammar takes it: named parameters by numbers, lines as they are."""
    known = numbers(text)
    return substitute(text, lambda placeholder: f"${known[placeholder.name]}")
