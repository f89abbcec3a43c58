"""Finds for Babel what checks say that is a sentence by itself: in the code it is not marked.

A check's claim, its reason and its remedy are kept in English by a run and translated where they
are shown. So are the titles and columns of tables and the sentences of findings that hold no value,
and what an error says and advises without one. With a value they have to be a ``sentence(…)``: a
text that is put together by Python is found by :func:`put_together`, and a test lets none pass.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from babel.messages.extract import extract_python

from shadowgate import errors
from shadowgate.phases.check import checks_of
from shadowgate.phases.registry import MODULES

Found = tuple[Any, ...]
"""Line, function, message or messages, and comments, as Babel takes them."""

_ERRORS = frozenset(
    name
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, errors.ShadowgateError)
) | {"QueryError", "Lack", "Omission", "Complaint"}
"""What carries what happened first, and ``where`` and ``todo``."""

_WITH_TITLE = ("Table", "Difference")
_OF_A_TABLE = ("title", "columns")
"""Names that are given to the title and the columns of a table."""
_SAYING: Mapping[str, int] = {
    "say": 0,
    "require": 1,
    "require_decided": 1,
    "require_none": 0,
    "point_at": 2,
}
"""Method of a finding -> place of its first argument that is a sentence."""
_ADVICE = ("todo", "where")
_MARKED = ("sentence", "nsentence", "shown")


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
    if _name(call.func) == "note":
        for argument in call.args:
            yield from _keys(argument)
    else:
        for argument in _said_in(call):
            yield from _texts(argument)


def _said_in(call: ast.Call) -> list[ast.expr]:
    """The arguments of a call that people read."""
    name = _name(call.func)
    if name in _WITH_TITLE:
        return call.args[:2]
    if name in _SAYING and isinstance(call.func, ast.Attribute):
        return call.args[_SAYING[name] :]
    if name in _ERRORS:
        return [*call.args, *(each.value for each in call.keywords if each.arg in _ADVICE)]
    return []


def put_together(path: Path) -> Iterator[tuple[int, str]]:
    """Sentences of findings and errors that Python puts together, so that nobody can tell them.

    Yields:
        Line and expression of each.
    """
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            said = [*_said_in(node), *(node.args if _name(node.func) == "note" else ())]
            for argument in said:
                for part in _outside_of_sentences(argument):
                    if isinstance(part, ast.JoinedStr) and _is_word(_words_of(part)):
                        yield part.lineno, ast.unparse(part)


def _outside_of_sentences(node: ast.AST) -> Iterator[ast.AST]:
    """A node and what is in it, but for what is marked already."""
    if isinstance(node, ast.Call) and _name(node.func) in _MARKED:
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _outside_of_sentences(child)


def _words_of(text: ast.JoinedStr) -> str:
    """What of an f-string is written there, but for names as of options and units."""
    written = " ".join(
        each.value
        for each in text.values
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    )
    return " ".join(word for word in written.split() if word.isalpha() and len(word) > 2)


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _texts(node: ast.expr) -> Iterator[str]:
    """The texts of an argument: one, or the items of a tuple."""
    several: Sequence[ast.expr] = node.elts if isinstance(node, ast.Tuple) else (node,)
    if isinstance(node, ast.IfExp):
        several = (node.body, node.orelse)
    for each in several:
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
