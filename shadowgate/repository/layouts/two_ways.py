"""Files that hold both directions: their text is cut apart, and every line stays where it is."""

from __future__ import annotations

from pathlib import PurePosixPath

from shadowgate.repository.model import Finding, Part


def lines_of(text: str) -> list[str]:
    """The lines of a text, without their ends; a carriage return before the end goes with it."""
    return [line.removesuffix("\r") for line in text.split("\n")]


def part(path: PurePosixPath, lines: list[str], first: int, last: int) -> Part:
    """Lines ``first`` to ``last`` (from 0, ``last`` excluded), with empty ones before them."""
    return Part(path, "\n".join([""] * first + lines[first:last]) + "\n", whole=False)


def backwards(path: PurePosixPath, lines: list[str], first: int) -> Part | None:
    """The part from a line on that leads back; ``None`` if it has no statement."""
    statement = outside(lines[first:])
    return None if statement is None else part(path, lines, first, len(lines))


def outside(lines: list[str]) -> int | None:
    """The first line, from 1, that is neither empty nor a comment."""
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.strip().startswith("--"):
            return number
    return None


def misplaced(
    path: PurePosixPath, lines: list[str], up: str, ups: list[int], down: str, downs: list[int]
) -> list[Finding]:
    """What is wrong with where the directives stand, whose lines are given from 0."""
    if not ups:
        return [flaw(path, 1, f"there is no `{up}`", "write it above the statements")]
    if downs and downs[0] < ups[0]:
        what = f"`{down}` comes before `{up}`"
        return [flaw(path, downs[0] + 1, what, "put what goes up first")]
    early = outside(lines[: ups[0]])
    if early is None:
        return []
    return [flaw(path, early, f"a statement stands before `{up}`", "move it below")]


def flaw(path: PurePosixPath, line: int, what: str, todo: str) -> Finding:
    """A finding about how such a file is written."""
    return Finding("directives", str(path), what, todo, line=line)
