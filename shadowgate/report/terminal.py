"""What the terminal says at the end of a run."""

from __future__ import annotations

from pathlib import Path

from shadowgate.evidence import Evidence, Status
from shadowgate.report import words
from shadowgate.report.keyfigures import key_figures
from shadowgate.report.redact import without_secrets

FILES = (
    ("shadow.html", "to read and sign"),
    ("shadow.md", "for a pull request"),
    ("shadow.json", "for programs"),
    ("rollout_plan.md", "the four weeks"),
)


def verdict_lines(evidence: Evidence, reports: Path | None = None) -> list[str]:
    """Say the verdict, what did not pass, the key numbers, and where the report is.

    Args:
        evidence: the run.
        reports: the folder of the report; only files that are there are named.
    """
    clean = without_secrets(evidence)
    said = words.headline(clean)
    lines = [f"verdict   {said.label}   risk {clean.risk}", f"          {said.sentence}", ""]
    lines += _open_lines(clean)
    lines += _key_lines(clean)
    if reports is not None:
        lines += [
            f"  {reports / name}   {purpose}"
            for name, purpose in FILES
            if (reports / name).exists()
        ]
    return lines


def _open_lines(evidence: Evidence) -> list[str]:
    lines = []
    for status in ("failed", "inconclusive"):
        for check in (each for each in evidence.checks if each.status == status):
            if check.id == words.DERIVED:
                continue
            optional = "" if check.required else " (optional)"
            lines.append(f"{_head(check.status)} {check.id}{optional}: {words.reason_of(check)}")
    for group in words.not_run(evidence.checks):
        lines.append(f"{_head(group.status)} {words.grouped_ids(group.ids)}: {group.reason}")
    return [*lines, ""] if lines else []


def _head(status: Status) -> str:
    return f"  {words.STATUS_SYMBOLS[status]} {status:<12}"


def _key_lines(evidence: Evidence) -> list[str]:
    figures = key_figures(evidence)
    label = max(len(figure.label) for figure in figures)
    amount = max(len(figure.value) for figure in figures)
    return [
        f"  {figure.label:<{label}}  {figure.value:>{amount}}  {figure.note}".rstrip()
        for figure in figures
    ] + [""]
