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


def flaw(path: PurePosixPath, line: int, what: str, todo: str) -> Finding:
    """A finding about how such a file is written."""
    return Finding("directives", str(path), what, todo, line=line)
