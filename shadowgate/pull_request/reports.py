"""The reports that are published, read from their folders.

A folder has the report of one run (``shadow.json``), or that of each migration of a branch in a
folder of its own, with ``changed.json`` beside them for what was found of the branch itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jsonschema

from shadowgate.errors import UsageError
from shadowgate.evidence import Evidence, Risk, Verdict
from shadowgate.language import sentence
from shadowgate.report import migration_file, read_json, redacted_text

REPORT = "shadow.json"
BRANCH = "changed.json"
_TEXT = {"type": "string"}
_BRANCH_SCHEMA = {
    "type": "object",
    "required": ["findings", "migrations"],
    "properties": {
        "findings": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["rule", "what"],
                "properties": {
                    "rule": _TEXT,
                    "file": _TEXT,
                    "line": {"type": ["integer", "null"], "minimum": 0},
                    "what": _TEXT,
                    "todo": _TEXT,
                    "accepted": _TEXT,
                },
            },
        },
        "migrations": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": _TEXT, "file": _TEXT, "why": _TEXT, "reports": _TEXT},
            },
        },
    },
}
"""Of ``changed.json``, as far as it is read here."""
_RISKS: tuple[Risk, ...] = ("LOW", "MEDIUM", "HIGH")


@dataclass(frozen=True)
class Report:
    """The report of one run, or why there is none."""

    name: str
    """The migration's file where it is known, else the folder."""
    evidence: Evidence | None
    problem: str = ""
    """Why there is no evidence: then nothing was judged, which is no GO."""
    folder: Path | None = None
    """Where it is."""


@dataclass(frozen=True)
class BranchFinding:
    """Something about the files of a branch, found without a server."""

    file: str
    line: int
    """From 1; 0 if it is about no line in particular."""
    message: str
    todo: str
    counts: bool
    """Whether it stands against the branch; else it was accepted with a reason."""


@dataclass(frozen=True)
class Published:
    """All that is published together."""

    reports: tuple[Report, ...]
    findings: tuple[BranchFinding, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """GO if every run is GO and nothing stands against the branch."""
        runs = all(each.evidence and each.evidence.verdict == "GO" for each in self.reports)
        return "GO" if runs and not any(each.counts for each in self.findings) else "NO-GO"

    @property
    def risk(self) -> Risk:
        """The highest of all."""
        if self.verdict == "NO-GO":
            return "HIGH"
        risks = [each.evidence.risk for each in self.reports if each.evidence]
        return max(risks, key=_RISKS.index, default="LOW")

    @property
    def unread(self) -> tuple[Report, ...]:
        """Those that say why there is no evidence."""
        return tuple(each for each in self.reports if each.evidence is None)


def read_reports(folders: Sequence[Path]) -> Published:
    """Read the reports of some folders; one that cannot be read is there with its problem."""
    reports: list[Report] = []
    findings: list[BranchFinding] = []
    for folder in folders:
        if (folder / BRANCH).exists() and not (folder / REPORT).exists():
            try:
                document = _branch(folder / BRANCH)
            except UsageError as error:
                reports.append(Report(folder.name, None, str(error.what)))
                continue
            findings += [_finding(each) for each in document["findings"]]
            reports += _of_branch(folder, document)
        else:
            reports += map(_report, _folders_of(folder))
    return Published(tuple(reports), tuple(findings))


def _folders_of(folder: Path) -> Iterator[Path]:
    """The folder itself if it has a report or no run has one below it, else all directly below.

    One of those that has none belongs to a run that ended before it began.
    """
    if (folder / REPORT).exists() or not any(folder.glob(f"*/{REPORT}")):
        yield folder
    else:
        yield from sorted(each for each in folder.iterdir() if each.is_dir())


def _report(folder: Path) -> Report:
    try:
        evidence = read_json(folder / REPORT)
    except UsageError as error:
        return Report(str(folder), None, error.what, folder)
    return Report(migration_file(evidence) or str(folder), evidence, folder=folder)


def _branch(path: Path) -> dict[str, Any]:
    """The document on a branch.

    Raises:
        UsageError: it cannot be read, or is not one.
    """
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        jsonschema.validate(document, _BRANCH_SCHEMA)
    except (OSError, ValueError, jsonschema.ValidationError) as problem:
        said = getattr(problem, "message", str(problem))
        raise UsageError(
            sentence(
                "{path} cannot be read: {redacted_text}",
                path=path,
                redacted_text=redacted_text(str(said))[:200],
            )
        ) from problem
    return document


def _of_branch(folder: Path, document: dict[str, Any]) -> Iterator[Report]:
    """The report of each migration that the summary names; folders of earlier runs are not."""
    for migration in document["migrations"]:
        name = migration.get("file") or migration["name"]
        if migration.get("reports"):
            found = _report(folder / Path(migration["reports"]).name)
            yield replace(found, name=name)
        else:
            yield Report(name, None, f"not judged: {migration.get('why') or 'no reason is given'}")


def _finding(found: dict[str, Any]) -> BranchFinding:
    accepted = found.get("accepted")
    said = f"{found['rule']}: {found['what']}"
    return BranchFinding(
        file=found.get("file", ""),
        line=found.get("line") or 0,
        message=f"{said} (accepted: {accepted})" if accepted else said,
        todo=found.get("todo", ""),
        counts=not accepted,
    )
