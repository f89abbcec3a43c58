"""``shadowgate changed``: the migrations that a branch adds or edits, judged in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from shadowgate.cleanup import guarded_folder
from shadowgate.repository.batch import roll_back_batch
from shadowgate.repository.branch import open_project, read_branch
from shadowgate.repository.jobs import Asked, Job, jobs_for
from shadowgate.repository.judging import Runs, judge
from shadowgate.repository.summary import Summary

CLEANER = "shadowgate.server.cleaning"
"""As of :mod:`shadowgate.server`, which takes long to import."""


def changed(
    here: Path,
    base: str,
    asked: Asked,
    say: Callable[[str], None],
    *,
    working_tree: bool,
    run: Callable[[Job], int] | None = None,
) -> int:
    """Judge what the branch that is checked out does to the migrations of its base.

    Args:
        here: the folder that the command was called in.
        base: a revision of git's.
        asked: the options of each run.
        say: told what is going on, and the summary at the end.
        working_tree: with what is not committed yet as well.
        run: carries one run out; by default in a process of its own.

    Returns:
        0 if all may go, 1 if something may not, 4 if a run could not be carried out.

    Raises:
        UsageError: what was asked for cannot be done as asked.
    """
    project = open_project(here)
    branch = read_branch(project, base, working_tree=working_tree)
    reports = here / (asked.of("--reports") or "reports")
    summary = Summary(
        str(project.place),
        branch.base,
        project.from_top,
        branch.changes.findings,
        notes=project.notes,
    )
    if not branch.untouched:
        from shadowgate.repository.examine import examine  # noqa: PLC0415  (takes long to load)

        with guarded_folder(CLEANER) as workspace:
            server = asked.of("--server") or "auto"
            examined = examine(project, branch, workspace, server)
            summary = replace(
                summary,
                findings=(*summary.findings, *examined.findings),
                notes=(*project.notes, *examined.notes),
            )
            for line in summary.found():
                say(line)
            jobs = jobs_for(examined.candidates, asked, project.settings, reports)
            with Runs() as runs:
                judged = (*judge(jobs, say, run or runs), *examined.unjudged)
                rolled_back = roll_back_batch(
                    examined.candidates,
                    judged,
                    asked,
                    project.settings,
                    workspace / "batch",
                    run or runs,
                    say,
                )
            summary = replace(
                summary,
                judged=judged,
                findings=(*summary.findings, *rolled_back.findings),
                notes=(*summary.notes, *rolled_back.notes),
                rolled_back=rolled_back,
            )
    summary.write(reports)
    if sum(each.reports is not None for each in summary.judged) > 1:
        from shadowgate.pull_request.index import NAME, write_index  # noqa: PLC0415
        from shadowgate.pull_request.reports import read_reports  # noqa: PLC0415

        write_index(read_reports([reports]), reports)
        say(f"shadowgate: one page over all reports: {reports / NAME}")
    for line in summary.lines():
        say(line)
    return summary.exit_status
