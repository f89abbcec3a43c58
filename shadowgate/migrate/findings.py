"""Findings about a script, whoever made them, and the waivers that accept some of them.

A finding that says why it is a note is shown and does not count, unless the plan makes a rule of
it: a policy of style, or a guess from the text that the watched run refutes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from shadowgate.evidence import Table
from shadowgate.language import sentence
from shadowgate.plan import WaiverSection


@dataclass(frozen=True)
class ScriptFinding:
    """Something about a script that a reviewer should see."""

    rule: str
    """Id of the hazard or of squawk's rule."""
    message: str
    line: int
    """Of the script, from 1; 0 if it is about no line in particular."""
    statement: str
    """The statement on one line."""
    source: str
    """Who found it: ``trace``, ``catalogue``, ``script`` or ``squawk``."""
    link: str = ""
    """Where the rule is explained."""
    also: tuple[str, ...] = ()
    """Other rules that say the same of the statement: squawk's name of what the trace shows."""
    note: str = ""
    """Why it does not count by itself; empty if it counts."""

    @property
    def rules(self) -> tuple[str, ...]:
        """Every name that it goes by; a waiver may use any of them."""
        return (self.rule, *self.also)


@dataclass(frozen=True)
class Waiver(WaiverSection):
    """A finding that is accepted, and why: by the plan, or where the script itself says so."""

    lines: tuple[int, int] | None = None
    """First and last line of the script that it is about; ``None`` for all of them."""
    origin: str = sentence("the plan")
    """Where it is written: ``m.sql, line 3``."""

    def covers(self, finding: ScriptFinding) -> bool:
        """Tell whether it accepts a finding."""
        if self.rule not in finding.rules or not self._is_about(finding.line):
            return False
        return bool(re.search(self.statement, finding.statement, re.IGNORECASE))

    def _is_about(self, line: int) -> bool:
        return self.lines is None or self.lines[0] <= line <= self.lines[1]


@dataclass(frozen=True)
class WaivedFinding:
    """A finding with the waiver that accepts it."""

    finding: ScriptFinding
    waiver: Waiver


@dataclass(frozen=True)
class Review:
    """Findings after the waivers."""

    open: tuple[ScriptFinding, ...]
    waived: tuple[WaivedFinding, ...]
    unused: tuple[Waiver, ...]
    """Waivers that accepted nothing: leftovers that would hide a later finding."""
    notes: tuple[ScriptFinding, ...] = ()
    """Findings that do not count, each with its reason."""
    script: Path | None = None
    """The file that they are about."""

    def tables(self) -> tuple[Table, ...]:
        """The findings as tables of evidence: open ones, then what is not empty of the others."""
        tables = [findings_table("Findings", self.open)]
        if self.waived:
            columns = ("rule", "line", "statement", "what", "accepted because")
            rows = tuple((*_row(item.finding), item.waiver.reason) for item in self.waived)
            tables.append(Table("Waived findings", columns, rows))
        if self.notes:
            columns = ("rule", "line", "statement", "what", "does not count because")
            noted = tuple((*_row(item), item.note) for item in in_order(self.notes))
            tables.append(Table("Notes", columns, noted))
        if self.unused:
            unused = tuple((one.rule, one.statement, one.reason, one.origin) for one in self.unused)
            titles = ("rule", "statement", "reason", "written in")
            tables.append(Table("Waivers that accepted nothing", titles, unused))
        return tuple(tables)


def apply_waivers(
    findings: Sequence[ScriptFinding], waivers: Sequence[Waiver], *, rules: Collection[str] = ()
) -> Review:
    """Part findings into open ones, waived ones and notes.

    Args:
        findings: of one script.
        waivers: the first that covers a finding accepts it. One that covers a note is used as
            well, but the note stays one: accepting what does not count changes nothing.
        rules: policies that the plan enforces; a note of one of these counts.
    """
    still_open: list[ScriptFinding] = []
    waived: list[WaivedFinding] = []
    notes: list[ScriptFinding] = []
    for finding in findings:
        waiver = next((waiver for waiver in waivers if waiver.covers(finding)), None)
        if finding.note and not set(rules).intersection(finding.rules):
            notes.append(finding)
        elif waiver is None:
            still_open.append(finding)
        else:
            waived.append(WaivedFinding(finding, waiver))
    used = {item.waiver for item in waived}
    unused = tuple(
        waiver
        for waiver in waivers
        if waiver not in used and not any(waiver.covers(note) for note in notes)
    )
    return Review(tuple(still_open), tuple(waived), unused, tuple(notes))


def findings_table(title: str, findings: Sequence[ScriptFinding]) -> Table:
    """Lay findings out as a table of evidence, in the order of the script."""
    columns = ("rule", "line", "statement", "what", "explained at")
    return Table(title, columns, tuple((*_row(item), item.link) for item in in_order(findings)))


def in_order(findings: Iterable[ScriptFinding]) -> list[ScriptFinding]:
    """Findings in the order of the script; those of one line by their rule."""
    return sorted(findings, key=lambda finding: (finding.line, finding.rule))


def _row(finding: ScriptFinding) -> tuple[str, str, str, str]:
    line = str(finding.line) if finding.line else ""
    return (", ".join(finding.rules), line, finding.statement, finding.message)
