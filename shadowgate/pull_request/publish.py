"""Shows reports where the people are who decide: in the pull request.

A run decides by its exit status. What cannot be published is said in one sentence, and takes
nothing from the verdict.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shadowgate.errors import ServiceError, UsageError
from shadowgate.language import sentence
from shadowgate.pull_request.annotations import annotations_of
from shadowgate.pull_request.code_quality import code_quality
from shadowgate.pull_request.comment import comment_body, marker, page_of
from shadowgate.pull_request.github import PullRequest
from shadowgate.pull_request.github_job import Job, job_of
from shadowgate.pull_request.reports import Published, read_reports
from shadowgate.pull_request.workflow_commands import one_line, workflow_command

_LONGEST_SUMMARY = 250_000
"""Characters: GitHub takes a summary of one MiB, and a character has up to four bytes."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Targets:
    """Where to publish."""

    github: bool = False
    """Annotations, the job's summary, its outputs, and the comment."""
    gitlab: Path | None = None
    """File for GitLab's code quality report."""
    name: str = ""
    """Tells the comments of several jobs on one pull request apart."""


def publish(
    folders: Sequence[Path],
    targets: Targets,
    environment: Mapping[str, str],
    *,
    out: Say,
    say: Say,
) -> int:
    """Publish the reports of some folders.

    Args:
        folders: of the reports; see :mod:`shadowgate.pull_request.reports`.
        targets: where to.
        environment: of the job.
        out: gets the workflow commands, a line each.
        say: gets sentences for people.

    Returns:
        0; 4 if a report cannot be read, which is published as a NO-GO.

    Raises:
        UsageError: nothing says where to publish, or a file cannot be written.
    """
    if not targets.github and targets.gitlab is None:
        raise UsageError(
            "nothing says where to publish", todo="add --github, or --gitlab FILE, or both"
        )
    try:
        marker(targets.name)
    except ValueError as problem:
        raise UsageError(f"--name {problem}") from problem
    published = read_reports(folders)
    annotations = annotations_of(published, Path.cwd())
    try:
        if targets.gitlab is not None:
            entries = json.dumps(code_quality(annotations), indent=2, ensure_ascii=True)
            targets.gitlab.write_text(f"{entries}\n", encoding="utf-8")
        if targets.github:
            for each in annotations:
                out(workflow_command(each))
            _to_github(published, folders, targets.name, job_of(environment), say)
    except OSError as problem:
        raise UsageError(
            sentence("a file cannot be written: {reason}", reason=problem.strerror),
            where=str(problem.filename),
        ) from problem
    for report in published.unread:
        say(one_line(f"{report.name}: {report.problem}"))
    return UsageError.exit_status if published.unread else 0


def _to_github(
    published: Published, folders: Sequence[Path], name: str, job: Job, say: Say
) -> None:
    job.append_summary(page_of(published, longest=_LONGEST_SUMMARY))
    job.set_outputs(
        {
            "verdict": published.verdict,
            "risk": published.risk,
            "report": "\n".join(map(str, folders)),
        }
    )
    why_not = _why_no_comment(job)
    if why_not:
        say(f"no comment is written: {why_not}")
        return
    assert job.pull_request is not None  # noqa: S101 - said by _why_no_comment
    request = PullRequest(job.api, job.repository, job.pull_request, job.token)
    body = comment_body(published, name=name, footer=job.footer())
    empty = not published.reports and not published.findings
    try:
        address = request.put_comment(marker(name), body, create=not empty)
    except ServiceError as error:
        say(one_line(f"no comment is written: {error}"))
    else:
        say(f"comment: {address}" if address else "no comment is written: there is nothing to say")


def _why_no_comment(job: Job) -> str:
    if not job.repository:
        return "GITHUB_REPOSITORY is not set"
    if job.pull_request is None:
        return "the job was not started for a pull request"
    if not job.token:
        return "there is no GITHUB_TOKEN in the environment, as in a fork's pull request"
    return ""
