"""dbmate: ``-- migrate:up`` and ``-- migrate:down`` in one file, each in one transaction.

With ``transaction:false`` the part is sent as one request, without a transaction around it.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from shadowgate.repository.layouts.layout import Layout, directly_in
from shadowgate.repository.layouts.two_ways import backwards, flaw, lines_of, outside, part
from shadowgate.repository.model import Files, Finding, Migration, Transactions, decoded

_NAME = re.compile(r"(?P<version>\d+).*\.sql")
_UP = re.compile(r"--\s*migrate:up(?:\s+(?P<options>\S.*)|\s*)")
_DOWN = re.compile(r"--\s*migrate:down(?:\s+\S.*|\s*)")
_ALONE = re.compile(r"(?:^|\s)transaction:false(?:\s|$)")


def told_by(path: PurePosixPath) -> bool:
    """Whether a file is named as its are; the directives in it decide."""
    return _NAME.fullmatch(path.name) is not None


def read(files: Files, folder: PurePosixPath) -> list[Migration]:
    """Read the files of a folder."""
    return [_read_one(path, files[path]) for path in directly_in(folder, files) if told_by(path)]


def _read_one(path: PurePosixPath, content: bytes) -> Migration:
    match = _NAME.fullmatch(path.name)
    version = match["version"] if match else ""
    text, flaws = decoded(path, content)
    lines = lines_of(text)
    ups = [place for place, line in enumerate(lines) if _UP.fullmatch(line)]
    downs = [place for place, line in enumerate(lines) if _DOWN.fullmatch(line)]
    up = ups[0] if ups else 0
    down = next((place for place in downs if place > up), None)
    body = [*lines[:up], "", *lines[up + 1 :]] if ups else lines
    return Migration(
        path.stem,
        version,
        (int(version),),
        path.stem,
        part(path, body, 0, len(lines) if down is None else down),
        None if down is None else backwards(path, lines, down + 1),
        _transactions(lines[up]),
        flaws=(*flaws, *_flaws(path, lines, ups, downs)),
    )


def _transactions(directive: str) -> Transactions:
    match = _UP.fullmatch(directive)
    alone = match and _ALONE.search(match["options"] or "")
    return "together" if alone else "file"


def _flaws(
    path: PurePosixPath, lines: list[str], ups: list[int], downs: list[int]
) -> list[Finding]:
    if not ups:
        return [flaw(path, 1, "there is no `-- migrate:up`", "write it above the statements")]
    if downs and downs[0] < ups[0]:
        return [
            flaw(
                path,
                downs[0] + 1,
                "`-- migrate:down` comes before `-- migrate:up`",
                "put what goes up first",
            )
        ]
    early = outside(lines[: ups[0]])
    if early is None:
        return []
    return [flaw(path, early, "a statement stands before `-- migrate:up`", "move it below")]


LAYOUT = Layout("dbmate", told_by, r"(?m)^--\s*migrate:up(?:\s|$)", read)
