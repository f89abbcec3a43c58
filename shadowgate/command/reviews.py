"""``publish`` and ``lint``: what a review of a pull request shows."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from shadowgate.command.parser import add_command, add_options, say
from shadowgate.options import LANG

if TYPE_CHECKING:
    from shadowgate.command.parser import Commands


def add_commands(commands: Commands) -> None:
    """Add both."""
    words = (
        "show reports in a pull request",
        "Show the reports of one or several runs in a pull request: annotations at file and line, "
        "the job's summary, and one comment that is kept up to date. Exit status: 0, or 4 when a "
        "report cannot be read; the verdict is the run's to tell.",
    )
    publish = add_command(commands, "publish", _publish, words)
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
    add_options(publish, [LANG])
    words = (
        "say what the text of migrations and plans shows, without a server",
        "Say what the text of migrations shows by itself, and which plan files cannot be read; for "
        "a commit hook. What is clean here is not a GO. Exit status: 0, 1 on a finding, 4 where a "
        "file is no SQL or no plan.",
    )
    lint = add_command(commands, "lint", _lint, words)
    lint.add_argument("files", nargs="+", metavar="FILE", help="scripts, and plans (.toml)")
    lint.add_argument(
        "--release",
        type=int,
        choices=range(10, 31),
        default=14,
        metavar="MAJOR",
        help="release of PostgreSQL that production runs (default: %(default)s, the oldest that "
        "runs are possible on)",
    )


def _publish(asked: argparse.Namespace, _others: Sequence[str]) -> int:
    from shadowgate.pull_request.publish import Targets, publish

    targets = Targets(asked.github, Path(asked.gitlab) if asked.gitlab else None, asked.name)
    return publish([Path(each) for each in asked.folders], targets, os.environ, out=_out, say=say)


def _lint(asked: argparse.Namespace, _others: Sequence[str]) -> int:
    from shadowgate.pull_request.lint import lint_files

    return lint_files([Path(each) for each in asked.files], asked.release, _out)


def _out(line: str) -> None:
    sys.stdout.write(f"{line}\n")
