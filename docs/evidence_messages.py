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
    yield from _of_checks(Path(fileobj.name).resolve())
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            for text in _sentences(node):
                yield node.lineno, None, text, []


def _of_checks(path: Path) -> Iterator[Found]:
    """Claim, reason and remedy of the checks of a module, if it is one of a phase."""
    for module in MODULES:
        if Path(str(module.__file__)).resolve() == path:
            for check in checks_of(module):
                for text in (check.claim, check.why, check.remedy):
                    yield 1, None, text, [f"check {check.id}"]


def _sentences(call: ast.Call) -> Iterator[str]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name in _WITH_TITLE:
        for argument in call.args[:2]:
            yield from _texts(argument)
    elif name in _SAYING and isinstance(call.func, ast.Attribute):
        for argument in call.args[_SAYING[name] :]:
            yield from _texts(argument)
    elif name == "note":
        for argument in call.args:
            yield from _keys(argument)


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
