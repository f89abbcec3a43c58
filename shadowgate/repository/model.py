"""A repository's migrations as plain data, whatever tool they are written for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

Files = Mapping[PurePosixPath, bytes]
"""Path, relative to the project's folder -> content."""

Transactions = Literal["file", "together", "where possible", "statement", ""]
"""How a runner sends a script: in a transaction of the runner's own; as one request, which
PostgreSQL takes as one transaction if it has several statements; in one transaction unless a
statement forbids it; statement by statement; or nobody knows."""


@dataclass(frozen=True)
class Finding:
    """Something about the repository's files that keeps a branch from passing, unless waived."""

    rule: str
    file: str
    """Relative to the project's folder."""
    what: str
    todo: str = ""
    line: int | None = None
    reason: str = ""
    """Why it is accepted; it counts without one."""

    @property
    def place(self) -> str:
        """File and line, as compilers write them."""
        return f"{self.file}:{self.line}" if self.line else self.file

    def __str__(self) -> str:
        text = f"{self.place}: {self.rule}: {self.what}"
        if self.reason:
            return f"{text} (accepted: {self.reason})"
        return f"{text}; {self.todo}" if self.todo else text


@dataclass(frozen=True)
class Part:
    """A script as its runner sends it: a file, or what of a file is for one direction."""

    path: PurePosixPath
    text: str
    """Its lines stand where they stand in the file."""
    whole: bool = True
    """Whether it is the file as it is."""
    generated: bool = False
    """Its lines are none of the file's."""


@dataclass(frozen=True)
class Migration:
    """One migration of a repository."""

    key: str
    """What it is told by, in any state of the repository."""
    version: str
    """As its tool writes it; two migrations must not share one. Empty for one that has none."""
    order: tuple[int, ...]
    """What it is sorted by, before its key."""
    name: str
    up: Part
    down: Part | None = None
    transactions: Transactions = ""
    follows: tuple[str, ...] = ()
    """Keys of those right before it, where its file says so."""
    replaces: tuple[str, ...] = ()
    """Keys of others that it does the work of: a database that has them has it."""
    repeatable: bool = False
    """Run again whenever it changes."""
    flaws: tuple[Finding, ...] = ()
    """Why it cannot be read as its tool would."""


def decoded(path: PurePosixPath, content: bytes) -> tuple[str, tuple[Finding, ...]]:
    """The text of a file; what cannot be decoded is replaced, and is a finding."""
    try:
        return content.decode("utf-8-sig"), ()
    except UnicodeDecodeError as problem:
        utf16 = content[:2] in (b"\xff\xfe", b"\xfe\xff")
        flaw = Finding(
            "not-utf-8",
            str(path),
            "the file is UTF-16, as PowerShell's redirection writes"
            if utf16
            else f"the file is not UTF-8 (byte {problem.start})",
            "save it as UTF-8",
            line=content.count(b"\n", 0, problem.start) + 1,
        )
        return content.decode("utf-8-sig", errors="replace"), (flaw,)


def whole_file(path: PurePosixPath, files: Files) -> tuple[Part, tuple[Finding, ...]]:
    """A file that is a script as it is."""
    text, flaws = decoded(path, files[path])
    return Part(path, text), flaws


def optional_file(
    path: PurePosixPath | None, files: Files
) -> tuple[Part | None, tuple[Finding, ...]]:
    """The same for a file that may not be there."""
    return whole_file(path, files) if path is not None and path in files else (None, ())
