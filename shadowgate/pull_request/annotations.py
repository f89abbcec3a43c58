"""What stands against a migration, pinned to the line at fault: for any service that shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from shadowgate.evidence import CheckResult, Evidence
from shadowgate.language import _, for_readers, lines_of, told
from shadowgate.pull_request.reports import BranchFinding, Published, Report
from shadowgate.report import causes_of, migration_file, redacted_text, stands_against_go

Level = Literal["error", "warning"]

_OF_THE_ROLLBACK = 8
_OF_THE_SCRIPTS = 5
"""The phases before are about the backup and the server."""


@dataclass(frozen=True)
class Annotation:
    """One finding at one place."""

    level: Level
    file: str
    """From the root of the repository; empty if it is about no file."""
    line: int
    """From 1; 0 if it is about no line in particular."""
    title: str
    message: str


@for_readers
def annotations_of(published: Published, here: Path) -> list[Annotation]:
    """Everything to pin, errors first; what is NO-GO has at least one.

    Args:
        published: the reports.
        here: the folder in which the runs were started: their files are named from there.
    """
    root = repository_of(here)

    def from_root(file: str) -> str:
        if not file:
            return ""
        full = (here / file).resolve()
        return full.relative_to(root).as_posix() if full.is_relative_to(root) else file

    found = [_of_finding(each, from_root) for each in published.findings]
    for report in published.reports:
        found += _of_report(report, from_root)
    return sorted(found, key=lambda each: each.level)


def repository_of(here: Path) -> Path:
    """The root of the repository that a folder lies in; the folder itself where there is none."""
    full = here.resolve()
    return next((each for each in (full, *full.parents) if (each / ".git").exists()), full)


def _of_finding(found: BranchFinding, from_root: Callable[[str], str]) -> Annotation:
    level: Level = "error" if found.counts else "warning"
    message = "\n".join(map(told, filter(None, (found.message, found.todo))))
    return Annotation(level, from_root(found.file), found.line, "shadowgate", message)


def _of_report(report: Report, from_root: Callable[[str], str]) -> list[Annotation]:
    evidence = report.evidence
    if evidence is None:
        return [Annotation("error", "", 0, f"shadowgate: {report.name}", told(report.problem))]
    found = [
        annotation
        for cause in causes_of(evidence.checks)
        for annotation in _of_check(cause.check, evidence, from_root)
    ]
    if evidence.verdict == "NO-GO" and not any(each.level == "error" for each in found):
        why = redacted_text("\n".join(map(told, evidence.reasons))) or _("no reason was recorded")
        found.append(Annotation("error", from_root(report.name), 0, "shadowgate: NO-GO", why))
    return found


def _of_check(
    check: CheckResult, evidence: Evidence, from_root: Callable[[str], str]
) -> Iterator[Annotation]:
    level: Level = "error" if stands_against_go(check, evidence) else "warning"
    title = f"{check.id} {check.status}"
    detail = redacted_text(told(check.detail)) or told(check.claim)
    remedy = next(
        (
            redacted_text(told(line))
            for line in lines_of(check.detail)
            if line.startswith("To do: ")
        ),
        "",
    )
    for place in check.places:
        message = "\n".join(filter(None, (redacted_text(told(place.message)), remedy)))
        yield Annotation(level, from_root(place.file), place.line, title, message)
    if not check.places:
        yield Annotation(level, from_root(_file_of(check, evidence)), 0, title, detail)


def _file_of(check: CheckResult, evidence: Evidence) -> str:
    """The script that a check is about, as far as it is about one."""
    if check.phase < _OF_THE_SCRIPTS:
        return ""
    files = evidence.plan.get("files")
    rollback = files.get("rollback") if isinstance(files, dict) else None
    return (
        str(rollback) if check.phase == _OF_THE_ROLLBACK and rollback else migration_file(evidence)
    )
