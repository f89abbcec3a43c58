"""What a disturbed run must do, and whether it did: pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

SOUND = frozenset({"before", "after", "resumable", "gone"})
"""States that a database may be left in; ``gone`` is one that its run had made and dropped."""

TITLES = ("case", "seconds", "exit status", "message", "left", "state", "")


@dataclass(frozen=True)
class Expected:
    """How a run must end."""

    status: frozenset[int]
    says: str = ""
    """Pattern of the sentence that it must say; empty where it cannot say any more."""
    verdict: Literal["GO", "NO-GO", "any", "none"] = "NO-GO"
    """Of the document that it leaves; ``none`` where there is no document."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended and what it left."""

    status: int
    output: str
    document: Mapping[str, Any] | None
    """``shadow.json``; ``None`` if there is none."""
    left: tuple[str, ...]
    """Processes, containers, databases, sessions and files that are still there."""
    states: Mapping[str, str]
    """Database -> ``before``, ``after``, ``resumable``, ``gone``, or how it differs."""
    complaints: tuple[str, ...] = ()
    """What the fault itself found wrong."""
    seconds: float = 0.0

    @property
    def text(self) -> str:
        """All that is said to the reader, on the terminal and in the document."""
        checks = (self.document or {}).get("checks", ())
        return "\n".join((self.output, *(check["detail"] for check in checks)))


@dataclass(frozen=True)
class Row:
    """A case with its judgement."""

    name: str
    outcome: Outcome
    message: str
    wrong: tuple[str, ...] = field(default=())


def judge(name: str, outcome: Outcome, expected: Expected) -> Row:
    """Hold what a run did against what it must do."""
    message, wrong = _said(outcome, expected)
    return Row(name, outcome, message, (*wrong, *_wrong(outcome, expected)))


def _said(outcome: Outcome, expected: Expected) -> tuple[str, tuple[str, ...]]:
    if not expected.says:
        return "", ()
    found = re.search(expected.says, outcome.text, re.IGNORECASE)
    if found is None:
        return "", (f"it does not say /{expected.says}/",)
    line = (
        outcome.text[: found.end()].rpartition("\n")[2]
        + (outcome.text[found.end() :].partition("\n")[0])
    )
    return line.strip(), ()


def _wrong(outcome: Outcome, expected: Expected) -> Iterator[str]:
    if outcome.status not in expected.status:
        yield f"exit status {outcome.status}, not {sorted(expected.status)}"
    for word in ("Traceback", "INTERNALERROR", "Exception ignored"):
        if word in outcome.output:
            yield f"a {word} on the terminal"
    yield from _wrong_verdict(outcome, expected)
    yield from (f"left: {each}" for each in outcome.left)
    yield from (
        f"{name} is {state}" for name, state in outcome.states.items() if state not in SOUND
    )
    yield from outcome.complaints


def _wrong_verdict(outcome: Outcome, expected: Expected) -> Iterator[str]:
    if outcome.document is None:
        if expected.verdict != "none":
            yield "there is no shadow.json"
        return
    verdict = outcome.document["verdict"]
    if expected.verdict not in ("any", "none", verdict):
        yield f"the document says {verdict}"
    ended = outcome.status in (0, 1, 4)  # one that is interrupted may have come to its end
    if ended and (verdict == "GO") != (outcome.status == 0):
        yield f"the document says {verdict}, the exit status {outcome.status}"


def table(rows: Iterable[Row]) -> Iterator[str]:
    """The cases in Markdown, what was wrong below."""
    told = list(rows)
    yield f"| {' | '.join(TITLES)} |"
    yield f"|{'---|' * len(TITLES)}"
    for row in told:
        yield f"| {' | '.join(_cells(row))} |"
    yield ""
    for row in told:
        yield from (f"- **{row.name}**: {each}" for each in row.wrong)
    right = sum(not row.wrong for row in told)
    yield f"{right} of {len(told)} are right."


def _cells(row: Row) -> tuple[str, ...]:
    outcome = row.outcome
    return (
        row.name,
        f"{outcome.seconds:.0f}",
        str(outcome.status),
        _brief(row.message),
        "; ".join(outcome.left) or "nothing",
        ", ".join(f"{name} {state}" for name, state in outcome.states.items()),
        "**wrong**" if row.wrong else "right",
    )


def _brief(text: str, most: int = 90) -> str:
    clean = text.replace("|", "¦")
    return clean if len(clean) <= most else f"{clean[: most - 1]}…"
