"""What ``shadowgate changed`` found, in sentences and as data."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shadowgate.repository.batch import RolledBack
from shadowgate.repository.judging import Judged
from shadowgate.repository.model import Finding

SCHEMA = 1
NAME = "changed.json"


@dataclass(frozen=True)
class Summary:
    """All that was found of a branch."""

    place: str
    """Folder and layout of the migrations."""
    base: str
    """What the branch was compared with."""
    folder: str = "."
    """The project's folder, from the repository's top: files are relative to it."""
    findings: tuple[Finding, ...] = ()
    judged: tuple[Judged, ...] = ()
    notes: tuple[str, ...] = ()
    """What decides nothing, and a reader should know."""
    rolled_back: RolledBack = field(default_factory=RolledBack)
    """The whole batch in reverse; what is wrong with it is among the findings."""

    @property
    def exit_status(self) -> int:
        """0 GO, 1 NO-GO, else the worst that a run ended with; 4 if one judged nothing."""
        if any(not each.reason for each in self.findings):
            return 1
        if any(each.verdict == "NO-GO" for each in self.judged):
            return 1
        unjudged = 4 if any(each.verdict == "not judged" for each in self.judged) else 0
        return max((each.status for each in self.judged), default=0) or unjudged

    @property
    def verdict(self) -> str:
        """GO only if nothing stands against the branch and all was judged."""
        return "GO" if self.exit_status == 0 else "NO-GO"

    def found(self) -> Iterator[str]:
        """What is known before anything is run."""
        yield from (f"  {finding}" for finding in self.findings)
        yield from (f"  {note}" for note in self.notes)

    def lines(self) -> Iterator[str]:
        """The summary for a terminal."""
        yield ""
        yield f"shadowgate changed: {self.place} against {self.base}"
        yield from self.found()
        yield from table(self.judged)
        if not self.findings and not self.judged:
            yield "  no migration is added or edited"
        yield f"verdict   {self.verdict}"

    def document(self) -> dict[str, Any]:
        """The summary for programs."""
        return {
            "schema": SCHEMA,
            "verdict": self.verdict,
            "exit_status": self.exit_status,
            "migrations_in": self.place,
            "base": self.base,
            "folder": self.folder,
            "findings": [_finding(each) for each in self.findings],
            "notes": list(self.notes),
            "migrations": [_migration(each) for each in self.judged],
            "rolled_back": {
                "migrations": list(self.rolled_back.migrations),
                "seconds": round(self.rolled_back.seconds, 1),
            },
        }

    def write(self, reports: Path) -> None:
        """Write ``changed.json`` into the reports folder."""
        reports.mkdir(parents=True, exist_ok=True)
        text = json.dumps(self.document(), indent=2, ensure_ascii=False)
        (reports / NAME).write_text(f"{text}\n", encoding="utf-8")


def table(judged: Sequence[Judged]) -> Iterator[str]:
    """The runs for a terminal, a line each."""
    width = max((len(each.name) for each in judged), default=0)
    for each in judged:
        where = each.why or f"{each.seconds:5.0f} s  {each.reports}{_QUICK if each.quick else ''}"
        yield f"  {each.verdict:<10}  {each.name:<{width}}  {where}"
        yield from (f"    {_on_one_line(cause)}" for cause in each.causes)


def _on_one_line(cause: str) -> str:
    text = " ".join(cause.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


_LONGEST = 200
"""Characters of a cause: the report has all of it."""
_QUICK = "  (quick: performance not judged)"


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "file": finding.file,
        "line": finding.line,
        "what": finding.what,
        "todo": finding.todo,
        "accepted": finding.reason,
    }


def _migration(judged: Judged) -> dict[str, Any]:
    return {
        "name": judged.name,
        "file": judged.file,
        "verdict": judged.verdict,
        "quick": judged.quick,
        "why": judged.why,
        "exit_status": judged.status,
        "reports": str(judged.reports) if judged.reports else "",
        "seconds": round(judged.seconds, 1),
    }
