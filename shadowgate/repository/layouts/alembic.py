"""Alembic: a Python file for each revision, in the order that they follow each other.

What a revision does is asked of Alembic itself (:mod:`shadowgate.repository.frameworks`); here its
file is only read, for what it is called, what it follows and whether it leads back.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from shadowgate.repository.layouts.layout import Layout
from shadowgate.repository.layouts.programs import constants, depth, parsed, without
from shadowgate.repository.model import Files, Finding, Migration, Part

_REFUSED = "a revision that joins several and does something as well is not read"


def told_by(path: PurePosixPath) -> bool:
    """Whether a file is the environment that revisions run in."""
    return path.name == "env.py"


def folder_of(path: PurePosixPath) -> PurePosixPath:
    """The folder of the revisions, beside the environment."""
    return path.parent / "versions"


@dataclass(frozen=True)
class Revision:
    """What a file says of its revision."""

    path: PurePosixPath
    name: str
    follows: tuple[str, ...]
    upwards: str
    """Its source without ``downgrade``, each line where it was."""
    back: str
    """Its source without ``upgrade``; empty if there is no way back."""
    upgrades: bool
    flaws: tuple[Finding, ...]


def read(files: Files, folder: PurePosixPath) -> list[Migration]:
    """Read the revisions of a folder; one that only joins others does nothing and is left out."""
    listed = (path for path in sorted(files) if path.parent == folder and path.suffix == ".py")
    revisions = {each.name: each for path in listed for each in _revision(path, files[path])}
    heads = _twice_followed(revisions)
    follows = {each.name: each.follows for each in revisions.values()}
    return [
        _migration(each, depth(each.name, follows), heads)
        for each in revisions.values()
        if each.upgrades or len(each.follows) < 2
    ]


def _migration(revision: Revision, place: int, heads: dict[str, Finding]) -> Migration:
    flaws = [*revision.flaws, *([heads[revision.name]] if revision.name in heads else [])]
    if len(revision.follows) > 1:
        flaws.append(Finding("directives", str(revision.path), _REFUSED, "split it"))
    return Migration(
        revision.name,
        "",
        (place,),
        revision.path.stem,
        Part(revision.path, revision.upwards, whole=False),
        Part(revision.path, revision.back, whole=False) if revision.back else None,
        "statement",
        follows=revision.follows,
        flaws=tuple(flaws),
    )


def _revision(path: PurePosixPath, content: bytes) -> Iterator[Revision]:
    """The revision of a file; nothing of one that has none."""
    source, tree, flaws = parsed(path, content)
    if tree is None:
        yield Revision(path, path.stem, (), source, source, True, flaws)
        return
    said = dict(constants(tree.body))
    if isinstance(said.get("revision"), str):
        follows = said.get("down_revision")
        names = (follows,) if isinstance(follows, str) else tuple(follows or ())
        yield Revision(
            path,
            said["revision"],
            names,
            without("downgrade", tree.body, source),
            without("upgrade", tree.body, source) if _does_something(tree, "downgrade") else "",
            _does_something(tree, "upgrade"),
            flaws,
        )


def _functions(tree: ast.Module, name: str) -> list[ast.FunctionDef]:
    return [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name]


def _does_something(tree: ast.Module, function: str) -> bool:
    """Whether a function is more than a text, ``pass`` and an error that is raised."""
    return any(not _is_idle(each) for node in _functions(tree, function) for each in node.body)


def _is_idle(node: ast.stmt) -> bool:
    constant = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return constant or isinstance(node, ast.Pass | ast.Raise)


def _twice_followed(revisions: dict[str, Revision]) -> dict[str, Finding]:
    """Heads beside the first: Alembic's ``upgrade head`` refuses more than one."""
    followed = {name for each in revisions.values() for name in each.follows}
    heads = sorted(
        (each for each in revisions.values() if each.name not in followed), key=_file_name
    )
    return {
        each.name: Finding(
            "directives",
            str(each.path),
            f"there are several heads: {', '.join(head.name for head in heads)}",
            "let one follow the other, or join them with alembic merge",
        )
        for each in heads
        if len(heads) > 1
    }


def _file_name(revision: Revision) -> str:
    return revision.path.name


LAYOUT = Layout(
    "alembic",
    told_by,
    r"(?m)^\s*from alembic import .*\bcontext\b",
    read,
    folder_of=folder_of,
    sorted_by_version=False,
    suffixes=(".py", ".toml"),
    framework=True,
)
