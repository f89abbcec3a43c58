"""What can be told of migrations that are Python without running them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from shadowgate.repository.model import Finding, decoded


def parsed(
    path: PurePosixPath, content: bytes
) -> tuple[str, ast.Module | None, tuple[Finding, ...]]:
    """A file's text, its tree, and what is wrong with it; no tree where it is not Python."""
    source, flaws = decoded(path, content)
    try:
        return source, ast.parse(source), flaws
    except (SyntaxError, ValueError) as problem:
        line = getattr(problem, "lineno", None)
        flaw = Finding("script", str(path), f"the file is not Python: {problem}", line=line)
        return source, None, (*flaws, flaw)


def constants(body: Iterable[ast.stmt]) -> Iterator[tuple[str, Any]]:
    """Names that a module or class gives constants to.

    Of a list those elements that are constants.
    """
    for node in body:
        for name, value in _assigned(node):
            parts = value.elts if isinstance(value, ast.List) else None
            try:
                yield name, ast.literal_eval(value)
            except ValueError:
                if parts is not None:
                    yield name, [each for part in parts for each in _constant(part)]


def _constant(node: ast.expr) -> Iterator[Any]:
    try:
        yield ast.literal_eval(node)
    except ValueError:
        yield ...


def _assigned(node: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    targets = node.targets if isinstance(node, ast.Assign) else []
    if isinstance(node, ast.AnnAssign):
        targets = [node.target]
    value = getattr(node, "value", None)
    for target in targets:
        if isinstance(target, ast.Name) and value is not None:
            yield target.id, value


def without(name: str, body: Iterable[ast.stmt], source: str) -> str:
    """A source with empty lines where a function or an assignment of that name is."""
    lines = source.split("\n")
    for node in body:
        named = {each for each, _ in _assigned(node)}
        if name in named or (isinstance(node, ast.FunctionDef) and node.name == name):
            first, last = node.lineno - 1, node.end_lineno or node.lineno
            lines[first:last] = [""] * (last - first)
    return "\n".join(lines)


def depth(key: str, follows: Mapping[str, Sequence[str]]) -> int:
    """How many come before one, on the longest way."""
    found, reached, seen = 0, {*follows.get(key, ())}, {key}
    while reached - seen:
        found += 1
        seen |= reached
        reached = {each for name in reached for each in follows.get(name, ())}
    return found
