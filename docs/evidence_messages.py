"""Finds for Babel what checks say that is a sentence by itself: in the code it is not marked.

A check's claim, its reason and its remedy are kept in English by a run and translated where they
are shown. So are the titles and columns of tables and the sentences of findings that hold no value.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from babel.messages.extract import extract_python

from shadowgate.phases.check import checks_of
from shadowgate.phases.registry import MODULES

Found = tuple[Any, ...]
"""Line, function, message or messages, and comments, as Babel takes them."""

_WITH_TITLE = ("Table", "Difference")
_OF_A_TABLE = ("title", "columns")
"""Names that are given to the title and the columns of a table."""
_SAYING: Mapping[str, int] = {"say": 0, "require": 1, "require_decided": 1}
"""Method of a finding -> place of its first argument that is a sentence."""


def extract(
    fileobj: IO[bytes],
    keywords: Mapping[str, Any],
    comment_tags: Sequence[str],
    options: Any,
) -> Iterator[Found]:
    """Extract what is marked, as Babel does, and what is told by its place."""
    yield from extract_python(fileobj, keywords, comment_tags, options)
    fileobj.seek(0)
    tree = ast.parse(fileobj.read())
    path = Path(fileobj.name).resolve()
    yield from _of_checks(path)
    for node in ast.walk(tree):
        if isinstance(node, ast.Return) and node.value is not None and path.name == "checks.py":
            for text in _reasons(node.value):
                yield node.lineno, None, text, []
        if isinstance(node, ast.Call):
            for text in _sentences(node):
                yield node.lineno, None, text, []
        elif isinstance(node, ast.Assign) and _name(node.targets[0]) in _OF_A_TABLE:
            for text in _texts(node.value):
                yield node.lineno, None, text, []


def _reasons(node: ast.expr) -> Iterator[str]:
    """Why a check does not apply, as its predicate returns it."""
    for each in (node.body, node.orelse) if isinstance(node, ast.IfExp) else (node,):
        yield from _texts(each)


def _of_checks(path: Path) -> Iterator[Found]:
    """Claim, reason and remedy of the checks of a module, if it is one of a phase."""
    for module in MODULES:
        if Path(str(module.__file__)).resolve() == path:
            for check in checks_of(module):
                for text in (check.claim, check.why, check.remedy):
                    yield 1, None, text, [f"check {check.id}"]


def _sentences(call: ast.Call) -> Iterator[str]:
    name = _name(call.func)
    if name in _WITH_TITLE:
        for argument in call.args[:2]:
            yield from _texts(argument)
    elif name in _SAYING and isinstance(call.func, ast.Attribute):
        for argument in call.args[_SAYING[name] :]:
            yield from _texts(argument)
    elif name == "note":
        for argument in call.args:
            yield from _keys(argument)


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _texts(node: ast.expr) -> Iterator[str]:
    """The texts of an argument: one, or the items of a tuple."""
    for each in node.elts if isinstance(node, ast.Tuple) else (node,):
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and _is_word(each.value):
            yield each.value


def _keys(node: ast.expr) -> Iterator[str]:
    """The names of what was measured, and measured or allowed texts."""
    if isinstance(node, ast.Dict):
        for key in node.keys:
            if key is not None:
                yield from _texts(key)
    else:
        yield from _texts(node)


def _is_word(text: str) -> bool:
    return any(character.isalpha() for character in text)
