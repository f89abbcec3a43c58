"""goose: ``-- +goose Up`` and ``-- +goose Down`` in one file, sent statement by statement.

All in one transaction, unless the file says ``-- +goose NO TRANSACTION``.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from pglast import parser

from shadowgate.repository.layouts.layout import Layout, directly_in
from shadowgate.repository.layouts.two_ways import (
    backwards,
    flaw,
    lines_of,
    misplaced,
    outside,
    part,
)
from shadowgate.repository.model import Files, Finding, Migration, decoded

_NAME = re.compile(r"(?P<version>\d+)_.*\.sql")
_DIRECTIVE = re.compile(r"\s*--\s*\+goose\s+(?P<what>\S.*?)\s*", re.IGNORECASE)
_ENDS = re.compile(r";\s*(?:--.*)?$")


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
    directives = _directives(lines)
    down = directives.get("DOWN", [len(lines)])[0]
    body = ["" if _DIRECTIVE.fullmatch(line) else line for line in lines]
    return Migration(
        path.stem,
        str(int(version)),
        (int(version),),
        path.stem,
        part(path, body, 0, down),
        backwards(path, body, down + 1),
        "statement" if "NO TRANSACTION" in directives else "file",
        flaws=(*flaws, *_flaws(path, lines, directives)),
    )


def _directives(lines: list[str]) -> dict[str, list[int]]:
    """Directive, in upper case -> its lines, from 0."""
    found: dict[str, list[int]] = {}
    for place, line in enumerate(lines):
        match = _DIRECTIVE.fullmatch(line)
        if match is not None:
            found.setdefault(" ".join(match["what"].upper().split()), []).append(place)
    return found


def _flaws(
    path: PurePosixPath, lines: list[str], directives: dict[str, list[int]]
) -> list[Finding]:
    ups, downs = directives.get("UP", []), directives.get("DOWN", [])
    return (
        misplaced(path, lines, "-- +goose Up", ups, "-- +goose Down", downs)
        or _unpaired(path, directives)
        or _cut_apart(path, lines, directives)
    )


def _unpaired(path: PurePosixPath, directives: dict[str, list[int]]) -> list[Finding]:
    begun: int | None = None
    edges = [(place, True) for place in directives.get("STATEMENTBEGIN", [])]
    edges += [(place, False) for place in directives.get("STATEMENTEND", [])]
    for place, begins in sorted(edges):
        if begins == (begun is not None):
            what = "StatementBegin" if begins else "StatementEnd"
            return [flaw(path, place + 1, f"`-- +goose {what}` has no partner", "pair them")]
        begun = place if begins else None
    if begun is not None:
        return [flaw(path, begun + 1, "`-- +goose StatementBegin` has no end", "end it")]
    return []


def _cut_apart(
    path: PurePosixPath, lines: list[str], directives: dict[str, list[int]]
) -> list[Finding]:
    """What goose would send in pieces: to it a line that ends in a semicolon ends a statement."""
    begins, ends = directives.get("STATEMENTBEGIN", []), directives.get("STATEMENTEND", [])
    kept = {line for first, last in zip(begins, ends, strict=True) for line in range(first, last)}
    piece: list[str] = []
    for place, line in enumerate(lines):
        if place in kept or _DIRECTIVE.fullmatch(line):
            if outside(piece) is not None:
                return [flaw(path, place, "a statement has no semicolon at its end", "add it")]
            piece = []
            continue
        piece.append(line)
        if _ENDS.search(line) and outside([line]) is not None:
            if not _is_closed("\n".join(piece)):
                return [flaw(path, place + 1, _INSIDE, _ENCLOSE)]
            piece = []
    if outside(piece) is not None:
        return [flaw(path, len(lines), "a statement has no semicolon at its end", "add it")]
    return []


_INSIDE = "goose ends a statement at this semicolon, which stands inside of a quoted text"
_ENCLOSE = "put `-- +goose StatementBegin` and `-- +goose StatementEnd` around the statement"


def _is_closed(piece: str) -> bool:
    """Whether every quote that is opened is closed."""
    try:
        parser.scan(piece)
    except parser.ParseError:
        return False
    return True


LAYOUT = Layout("goose", told_by, r"(?mi)^\s*--\s*\+goose\s+up\s*$", read)
