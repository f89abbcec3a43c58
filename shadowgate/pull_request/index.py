"""The index over the reports in a folder, written beside them."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

from shadowgate.errors import UsageError
from shadowgate.language import sentence
from shadowgate.pull_request.reports import Published, Report, read_reports
from shadowgate.report import Listed, index

NAME = "index.html"


def index_of(folder: Path) -> Published:
    """Read the reports of a folder and write ``index.html`` beside them.

    Args:
        folder: see :mod:`shadowgate.pull_request.reports`.

    Returns:
        What it shows.

    Raises:
        UsageError: the folder is not there, has no report, or cannot be written.
    """
    if not folder.is_dir():
        raise UsageError(
            sentence("there is no folder {folder}", folder=folder), todo="name a folder of reports"
        )
    published = read_reports([folder])
    if all(each.evidence is None for each in published.reports):
        raise UsageError(
            "there is no report to list",
            where=str(folder),
            todo="name a folder with a shadow.json, or with folders that have one each",
        )
    write_index(published, folder)
    return published


def write_index(published: Published, folder: Path) -> None:
    """Write ``index.html`` over some reports.

    Args:
        published: what it shows.
        folder: where it is written.

    Raises:
        UsageError: it cannot be written.
    """
    runs = [
        Listed(each.name, _link(each, folder), each.evidence, each.problem)
        for each in published.reports
    ]
    notes = [f"{each.file}: {each.message}" for each in published.findings if each.counts]
    try:
        page = index(runs, published.verdict, published.risk, notes)
        (folder / NAME).write_text(page, "utf-8")
    except OSError as problem:
        raise UsageError(
            sentence("the index cannot be written: {reason}", reason=problem.strerror),
            where=str(folder / NAME),
        ) from problem


def _link(report: Report, folder: Path) -> str:
    """To the page of a report, or to its data where the page is not there."""
    pages = (
        [report.folder / name for name in ("shadow.html", "shadow.json")] if report.folder else []
    )
    found = next((page for page in pages if page.is_file()), None)
    return quote(Path(os.path.relpath(found, folder)).as_posix()) if found else ""
