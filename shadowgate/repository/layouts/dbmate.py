"""dbmate: ``-- migrate:up`` and ``-- migrate:down`` in one file, each in one transaction.

With ``transaction:false`` the part is sent as one request, without a transaction around it.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from shadowgate.repository.layouts.layout import Layout, directly_in
from shadowgate.repository.layouts.two_ways import backwards, lines_of, misplaced, part
from shadowgate.repository.model import Files, Migration, Transactions, decoded

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
        flaws=(*flaws, *misplaced(path, lines, "-- migrate:up", ups, "-- migrate:down", downs)),
    )


def _transactions(directive: str) -> Transactions:
    match = _UP.fullmatch(directive)
    alone = match and _ALONE.search(match["options"] or "")
    return "together" if alone else "file"


LAYOUT = Layout("dbmate", told_by, r"(?m)^--\s*migrate:up(?:\s|$)", read)
