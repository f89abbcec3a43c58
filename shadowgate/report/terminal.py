"""What the terminal says at the end of a run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from shadowgate.evidence import Evidence, Status
from shadowgate.language import _, for_readers, told
from shadowgate.log_text import log_text
from shadowgate.report import words
from shadowgate.report.causes import Cause, causes_of, not_explained
from shadowgate.report.keyfigures import key_figures
from shadowgate.report.redact import without_secrets

_BELOW = " " * 17
"""Before what stands under the line of a check."""


@for_readers
def verdict_lines(evidence: Evidence, reports: Path | None = None) -> list[str]:
    """Say the verdict, what did not pass, the key numbers, and where the report is.

    Args:
        evidence: the run.
        reports: the folder of the report; only files that are there are named.
    """
    clean = without_secrets(evidence)
    said = words.headline(clean)
    head, risk = _("verdict"), _("risk {risk}", risk=words.risk(clean.risk))
    lines = [f"{head:<10}{said.label}   {risk}", f"{'':<10}{said.sentence}", ""]
    lines += _open_lines(clean)
    lines += _key_lines(clean)
    if reports is not None:
        lines += [
            f"  {reports / name}   {purpose}"
            for name, purpose in _files().items()
            if (reports / name).exists()
        ]
    return [log_text(line) for line in lines]


def _files() -> dict[str, str]:
    return {
        "shadow.html": _("to read and sign"),
        "shadow.pdf": _("to print"),
        "shadow.md": _("for a pull request"),
        "shadow.json": _("for programs"),
        "rollout_plan.md": _("the four weeks"),
    }


def _open_lines(evidence: Evidence) -> list[str]:
    lines = [line for cause in causes_of(evidence.checks) for line in _cause_lines(cause)]
    for group in words.not_run(not_explained(evidence.checks)):
        lines.append(f"{_head(group.status)} {words.grouped_ids(group.ids)}: {group.reason}")
    return [*lines, ""] if lines else []


def _cause_lines(cause: Cause) -> Iterator[str]:
    """A check that did not pass, and below it what follows from it."""
    check = cause.check
    name = check.id if check.required else _("{check} (optional)", check=check.id)
    yield f"{_head(check.status)} {name}: {words.reason_of(check)}"
    if check.where:
        yield _BELOW + _("at {place}", place=words.shortened(told(check.where), 140))
    for each in cause.failed:
        why = words.shortened(words.reason_of(each), 80)
        yield f"{_BELOW}↳ {words.status(each.status)} {each.id}: {why}"
    for said, ids in cause.not_run:
        yield f"{_BELOW}↳ {said} {words.grouped_ids(ids)}"


def _head(status: Status) -> str:
    return f"  {words.STATUS_SYMBOLS[status]} {words.status(status):<12}"


def _key_lines(evidence: Evidence) -> list[str]:
    figures = key_figures(evidence)
    label = max(len(figure.label) for figure in figures)
    amount = max(len(figure.value) for figure in figures)
    return [
        f"  {figure.label:<{label}}  {figure.value:>{amount}}  {figure.note}".rstrip()
        for figure in figures
    ] + [""]
