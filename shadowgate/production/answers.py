"""What production answered: one line for each thing asked, and what they amount to. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from shadowgate.errors import UsageError
from shadowgate.language import sentence
from shadowgate.production.session import NotAnsweredError, ReadOnlySession

K = TypeVar("K")
R = TypeVar("R")

Standing = Literal["fine", "note", "stop", "not answered"]
"""``note``: differs or is not known, and cannot change the verdict by itself. ``stop``: a reason
not to go on. ``not answered``: nobody knows, which is a reason as well."""

STOPPING: tuple[Standing, ...] = ("stop", "not answered")
SYMBOLS: Mapping[Standing, str] = {"fine": "✓", "note": "–", "stop": "✕", "not answered": "?"}


@dataclass(frozen=True)
class Line:
    """One fact of production, beside what it is held against."""

    topic: str
    production: str
    expected: str = ""
    """In the shadow, or allowed; empty where there is nothing to hold it against."""
    standing: Standing = "fine"
    meaning: str = ""
    """What it means and what to do, in a sentence."""

    @property
    def reason(self) -> str:
        """As a reason not to go on."""
        beside = f" ({self.expected})" if self.expected else ""
        return (
            f"{self.topic}: {self.production}{beside}{': ' if self.meaning else ''}{self.meaning}"
        )


@dataclass(frozen=True)
class Question(Generic[K, R]):
    """One query, the dataclass of its rows, and what they say."""

    topic: str
    sql: str
    row: type[R]
    judge: Callable[[Sequence[R], K], Iterable[Line]]
    """Pure: from the rows and what is known beside them to lines."""
    parameters: Callable[[K], Mapping[str, Any]] = lambda _known: {}

    def put(self, session: ReadOnlySession, known: K) -> list[Line]:
        """Ask; what gets no answer is said as that."""
        try:
            rows = session.ask(self.sql, self.row, self.parameters(known))
        except NotAnsweredError as error:
            return [not_answered(self.topic, error)]
        return list(self.judge(rows, known))


def not_answered(topic: str, error: NotAnsweredError) -> Line:
    """The line of a question that got no answer."""
    return Line(topic, "not answered", "", "not answered", error.what)


@dataclass(frozen=True)
class Answers:
    """All lines of one look at production."""

    title: str
    where: str
    lines: tuple[Line, ...]
    rows: Mapping[str, int] = field(default_factory=dict)
    """Table, qualified and quoted -> its rows, as the planner there estimates them."""

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why not to go on; none if nothing stands against it."""
        return tuple(line.reason for line in self.lines if line.standing in STOPPING)

    def document(self, good: str, bad: str) -> dict[str, Any]:
        """As plain data.

        Args:
            good: the verdict where there is no reason against it.
            bad: the verdict otherwise.
        """
        return {
            "schema": 1,
            "title": self.title,
            "production": self.where,
            "verdict": bad if self.reasons else good,
            "reasons": list(self.reasons),
            "answers": [
                {
                    "topic": line.topic,
                    "production": line.production,
                    "expected": line.expected,
                    "standing": line.standing,
                    "meaning": line.meaning,
                }
                for line in self.lines
            ],
            "rows": dict(self.rows),
        }


def read_rows(path: Path) -> dict[str, int]:
    """Rows of production's tables, from a file that a preflight wrote.

    Raises:
        UsageError: it is not there, or is none.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return {str(table): int(rows) for table, rows in document["rows"].items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        raise UsageError(
            sentence("{path} is not what a preflight wrote, or has no rows", path=path),
            todo="write it with: shadowgate preflight --server … --json FILE, and name that with "
            "--production or in [production] preflight",
        ) from None
