"""The commands for a review: ``publish``.

They are imported before anything heavy is, and load what they need once they are asked for.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from shadowgate.errors import ShadowgateError

FOR_A_REVIEW = ("publish",)

Say = Callable[[str], None]


def add_commands(add: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the commands to a command line's."""
    publish = add(
        "publish",
        help="show reports in a pull request",
        description="Show the reports of one or several runs in a pull request: annotations at "
        "file and line, the job's summary, and one comment that is kept up to date. Exit status: "
        "0, or 4 when a report cannot be read; the verdict is the run's to tell.",
        allow_abbrev=False,
    )
    publish.add_argument(
        "folders",
        nargs="+",
        metavar="REPORTS_FOLDER",
        help="folder with a shadow.json, or with folders that have one each",
    )
    publish.add_argument(
        "--github",
        action="store_true",
        help="in a job of GitHub Actions; the comment needs GITHUB_TOKEN in the environment",
    )
    publish.add_argument(
        "--gitlab", metavar="FILE", help="write GitLab's code quality report to a file"
    )
    publish.add_argument(
        "--name",
        default="",
        help="tells the comments of several jobs on one pull request apart",
    )


def carry_out(asked: argparse.Namespace, say: Say) -> int:
    """Carry out a command; what is wrong with the request is said.

    Returns:
        The exit status.
    """
    try:
        return _publish(asked, say)
    except ShadowgateError as error:
        say(f"ERROR: {error}")
        return error.exit_status


def _publish(asked: argparse.Namespace, say: Say) -> int:
    from shadowgate.pull_request.publish import Targets, publish

    targets = Targets(asked.github, Path(asked.gitlab) if asked.gitlab else None, asked.name)
    return publish([Path(each) for each in asked.folders], targets, os.environ, out=_out, say=say)


def _out(line: str) -> None:
    sys.stdout.write(f"{line}\n")
