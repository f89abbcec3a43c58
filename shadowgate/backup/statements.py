"""The statements of a plain dump, told apart as psql tells them, in the memory that one needs.

A dump can be of any size, and what looks like a statement can be a row, a string or a line of a
function's body. So quotes, comments, parentheses and bodies are followed; rows are passed by.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_COPY = re.compile(rb"COPY .* FROM stdin;", re.DOTALL)
_END_OF_ROWS = rb"\."
_OPENING = re.compile(
    rb"""
    (?P<remark>--)
    | (?P<block>/\*)
    | (?<![\w$\x80-\xff])(?P<escapes>[eE]')
    | (?P<quote>['"])
    | (?<![\w$\x80-\xff])(?P<dollar>\$(?:[A-Za-z_\x80-\xff][\w\x80-\xff]*)?\$)
    | (?P<bracket>[()\[\]])
    | (?<![\w$\x80-\xff])(?P<word>BEGIN\s+ATOMIC|CASE|END)(?![\w$\x80-\xff])
    | (?P<semicolon>;)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_BLOCK = re.compile(rb"(?P<open>/\*)|(?P<close>\*/)")
_WITH_ESCAPES = re.compile(rb"\\.|(?P<close>')", re.DOTALL)


@dataclass(frozen=True)
class DumpedStatement:
    """A statement of a dump, or a line for psql, with its place."""

    text: str
    """Without the comments before it; a psql command begins with a backslash."""
    line: int
    """In the dump, from 1."""
    offset: int
    """Of its first byte in the dump, from 0."""
    alone: bool
    """It has one line, from the first byte on, for itself: that line can be commented out."""


def read_statements(lines: Iterable[bytes]) -> Iterator[DumpedStatement]:
    """Tell the statements of a dump apart.

    Args:
        lines: the dump's lines with their line ends.

    Yields:
        Every statement and psql command; of ``COPY … FROM stdin`` not the rows. What a dump that
        was cut off ends with is left out.
    """
    scanner = _Scanner()
    held: list[bytes] = []
    place, offset, in_rows = (0, 0), 0, False
    for number, line in enumerate(lines, 1):
        position = 0
        if in_rows:
            in_rows = line.rstrip(b"\r\n") != _END_OF_ROWS
            position = len(line)
        elif not held and line.startswith(b"\\"):
            yield DumpedStatement(_text(line), number, offset, alone=True)
            position = len(line)
        for end in scanner.ends(line, position):
            piece = line[position:end]
            if not held:
                place = (number, offset + position + _blank(piece))
            whole = b"".join((*held, piece)).strip()
            alone = place == (number, offset) and not line[end:].strip()
            yield DumpedStatement(_text(whole), *place, alone=alone)
            in_rows = _COPY.fullmatch(whole) is not None
            held, position = [], end
        rest = line[position:]
        if held or _says_something(rest):
            if not held:
                place = (number, offset + position + _blank(rest))
            held.append(rest)
        offset += len(line)


class _Scanner:
    """Knows from line to line what is open: a string, a comment, a body, parentheses."""

    def __init__(self) -> None:
        self._closing: re.Pattern[bytes] | None = None
        self._comments = 0
        self._brackets = 0
        self._bodies = 0

    def ends(self, line: bytes, position: int = 0) -> Iterator[int]:
        """Where statements end in a line: after each semicolon that stands in nothing else."""
        while position < len(line):
            if self._closing is not None:
                position = self._close(line, position, self._closing)
                continue
            found = _OPENING.search(line, position)
            if found is None or found.lastgroup == "remark":
                return
            position = found.end()
            if found.lastgroup == "semicolon":
                if not self._brackets and not self._bodies:
                    yield position
            else:
                self._open(found)

    def _open(self, found: re.Match[bytes]) -> None:
        match found.lastgroup:
            case "block":
                self._closing, self._comments = _BLOCK, 1
            case "escapes":
                self._closing = _WITH_ESCAPES
            case "quote" | "dollar":
                self._closing = re.compile(b"(?P<close>" + re.escape(found[0]) + b")")
            case "bracket":
                step = 1 if found[0] in b"([" else -1
                self._brackets = max(self._brackets + step, 0)
            case "word":
                # A body begins with BEGIN ATOMIC; CASE and END count only inside of one.
                if found[0].upper().startswith(b"BEGIN"):
                    self._bodies += 1
                elif self._bodies:
                    self._bodies += 1 if found[0].upper() == b"CASE" else -1

    def _close(self, line: bytes, position: int, closing: re.Pattern[bytes]) -> int:
        """Go to the end of what is open; to the end of the line if it goes on after it."""
        for found in closing.finditer(line, position):
            if found.lastgroup == "open":
                self._comments += 1
            elif found.lastgroup == "close":
                self._comments = max(self._comments - 1, 0)
                if not self._comments:
                    self._closing = None
                    return found.end()
        return len(line)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", errors="replace").strip()


def _blank(piece: bytes) -> int:
    """Bytes of white space at the start."""
    return len(piece) - len(piece.lstrip())


def _says_something(rest: bytes) -> bool:
    text = rest.strip()
    return bool(text) and not text.startswith(b"--")


def split_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Cut a stream of chunks into lines, each with its line end."""
    parts: list[bytes] = []
    for chunk in chunks:
        first, *more = chunk.split(b"\n")
        parts.append(first)
        for following in more:
            yield b"".join(parts) + b"\n"
            parts = [following]
    if last := b"".join(parts):
        yield last
