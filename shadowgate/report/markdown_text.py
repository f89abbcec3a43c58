"""Text from anywhere as GitHub-flavoured Markdown that shows it and does nothing else.

Names and messages come from a database and may hold Markdown, HTML, links, or an ``@`` that calls a
person. A backslash keeps a character from being Markdown; a mention, a reference to an issue and an
address are found in the rendered text, where no backslash helps: a zero-width space parts them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import Markup

_ZERO_WIDTH = "\u200b"
_CONTROLS = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""Control characters, those that turn the direction of text, and halves of surrogate pairs."""

_REPLACED: Mapping[str, str] = {
    "<": "&lt;",
    ">": "&gt;",
    "&": "&amp;",
    "|": "&#124;",
    "$": "<span>$</span>",  # between two of them is mathematics
}
_SPECIAL = re.compile(
    r"""
      (?P<address>(?<=:)(?=//) | (?<=www)(?=\.) | (?<=GH-)(?=\d))
    | (?P<called>[@\#])(?=\S)
    | (?P<emoji>:)(?=[A-Za-z+-][\w+-]*:)
    | (?P<inside>(?<=[^\W_])_(?=[^\W_]))
    | (?P<replaced>[<>&|$])
    | (?P<escaped>[\\`*_\[\]~\#])
    """,
    re.VERBOSE | re.IGNORECASE,
)
_BEGINS_A_BLOCK = re.compile(r"\d{1,9}(?=[.)](?:\s|$))|(?=[-+](?:[\s-]|$))|(?=[=:])")
"""A list, a heading's underline or a table's: up to where the backslash goes."""


def text(value: Any) -> Markup:
    """Any value as Markdown that shows it on one line, as it is."""
    line = _one_line(str(value))
    start = _BEGINS_A_BLOCK.match(line)
    kept = start.end() if start else 0
    escaped = _SPECIAL.sub(_harmless, line)
    if start:  # digits and these marks are left as they are: the places are still the same
        escaped = f"{escaped[:kept]}\\{escaped[kept:]}"
    return Markup(escaped)  # noqa: S704 - every character that means something was escaped


def code(value: Any) -> Markup:
    """Any value as a code span, outside of tables; nothing for an empty one."""
    return _code(value, lambda line: line)


def code_cell(value: Any) -> Markup:
    """Any value as a code span in a table, whose cells end at a ``|`` without a backslash."""
    return _code(value, lambda line: line.replace("\\|", f"\\{_ZERO_WIDTH}|").replace("|", "\\|"))


def _code(value: Any, prepared: Callable[[str], str]) -> Markup:
    line = prepared(_one_line(str(value)))
    if not line:
        return Markup()
    longest = max((len(run) for run in re.findall(r"`+", line)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if line[0] == "`" or line[-1] == "`" else ""
    return Markup(f"{fence}{pad}{line}{pad}{fence}")  # noqa: S704 - the fence is longer than any in it


def _one_line(raw: str) -> str:
    return _CONTROLS.sub("\ufffd", " ".join(raw.split()))


def _harmless(found: re.Match[str]) -> str:
    character = found[0]
    match found.lastgroup:
        case "address":
            return _ZERO_WIDTH
        case "called":
            return f"\\{character}{_ZERO_WIDTH}"
        case "emoji":
            return f"{character}{_ZERO_WIDTH}"
        case "inside":
            return character
        case "replaced":
            return _REPLACED[character]
        case _:
            return f"\\{character}"
