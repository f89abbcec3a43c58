"""Django: a Python file for each migration of an app, in the order of what each depends on.

What a migration does is asked of Django itself (:mod:`shadowgate.repository.frameworks`); here its
file is only read, for what it is called and what it follows.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from shadowgate.repository.layouts.layout import Layout
from shadowgate.repository.layouts.programs import constants, depth, parsed, without
from shadowgate.repository.model import Files, Finding, Migration, Part

_IS_ONE = re.compile(rb"^class Migration\(.*Migration\)\s*:", re.MULTILINE)
_LABEL = re.compile(rb"""^\s+label\s*(?::\s*str\s*)?=\s*["'](\w+)["']""", re.MULTILINE)

Node = tuple[str, str]
"""App and name, as dependencies are written."""


def told_by(path: PurePosixPath) -> bool:
    """Whether a file is the program that a project is managed with."""
    return path.name == "manage.py"


@dataclass(frozen=True)
class _Source:
    """What a file says of its migration."""

    path: PurePosixPath
    node: Node
    follows: tuple[Node, ...]
    before: tuple[Node, ...]
    replaces: tuple[Node, ...]
    text: str
    """Without what it replaces: that is taken out one day, and changes nothing then."""
    idle: bool
    flaws: tuple[Finding, ...]
    readable: bool = True

    @property
    def key(self) -> str:
        return ".".join(self.node)


def read(files: Files, folder: PurePosixPath) -> list[Migration]:
    """Read the migrations of all apps below a folder; one that only joins others is left out."""
    inside = (path for path in sorted(files) if folder in path.parents and path.suffix == ".py")
    found = [_source(path, files) for path in inside if _IS_ONE.search(files[path])]
    sources = {each.key: each for each in found}
    follows = {each.key: [".".join(node) for node in each.follows] for each in found}
    for each in found:
        for node in each.before:
            follows.setdefault(".".join(node), []).append(each.key)
    heads = _heads({key: each for key, each in sources.items() if each.readable})
    return [
        Migration(
            each.key,
            "",
            (depth(each.key, follows),),
            each.key,
            Part(each.path, each.text, whole=False),
            follows=tuple(follows[each.key]),
            replaces=tuple(".".join(node) for node in each.replaces),
            flaws=(*each.flaws, *heads.get(each.key, ())),
        )
        for each in found
        if not (each.idle and len(each.follows) > 1)
    ]


def _source(path: PurePosixPath, files: Files) -> _Source:
    node = (_app(path, files), path.stem)
    source, tree, flaws = parsed(path, files[path])
    if tree is None:
        return _Source(path, node, (), (), (), source, idle=False, flaws=flaws, readable=False)
    classes = (each for each in tree.body if isinstance(each, ast.ClassDef))
    body = next((each.body for each in classes if each.name == "Migration"), [])
    said = dict(constants(body))
    return _Source(
        path,
        node,
        _nodes(said.get("dependencies")),
        _nodes(said.get("run_before")),
        _nodes(said.get("replaces")),
        without("replaces", body, source),
        idle=said.get("operations") == [],
        flaws=flaws,
    )


def _app(path: PurePosixPath, files: Files) -> str:
    """The label of an app: that of its configuration, or else the name of its folder."""
    app = path.parent.parent if path.parent.name == "migrations" else path.parent
    said = _LABEL.search(files.get(app / "apps.py", b""))
    return said[1].decode() if said else app.name


def _nodes(value: Any) -> tuple[Node, ...]:
    """Of a list those elements that name a migration; others are names of the settings."""
    pairs = value if isinstance(value, list | tuple) else ()
    return tuple((str(each[0]), str(each[1])) for each in pairs if _is_pair(each))


def _is_pair(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2


def _heads(sources: Mapping[str, _Source]) -> dict[str, tuple[Finding, ...]]:
    """Migrations that end an app that has several ends: Django's ``migrate`` refuses that."""
    replaced = {node for each in sources.values() for node in each.replaces}
    live = [each for each in sources.values() if each.node not in replaced]
    followed = {node for each in live for node in each.follows if node[0] == each.node[0]}
    ends: dict[str, list[_Source]] = {}
    for each in live:
        if not followed & {each.node, *each.replaces}:
            ends.setdefault(each.node[0], []).append(each)
    return {
        each.key: (
            Finding(
                "directives",
                str(each.path),
                f"there are several leaf nodes: {', '.join(other.key for other in several)}",
                "let one follow the other, or join them with makemigrations --merge",
            ),
        )
        for several in ends.values()
        for each in several
        if len(several) > 1
    }


LAYOUT = Layout(
    "django",
    told_by,
    r"DJANGO_SETTINGS_MODULE|django\.core\.management",
    read,
    sorted_by_version=False,
    suffixes=(".py", ".toml"),
    framework=True,
)
