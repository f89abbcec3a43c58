"""``report``: what can be done with a report that is there."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from shadowgate.command.parser import Parser, add_command, add_options, say
from shadowgate.errors import UsageError
from shadowgate.language import sentence
from shadowgate.options import LANG

if TYPE_CHECKING:
    from shadowgate.command.parser import Commands


def add_commands(commands: Commands) -> None:
    """Add it, with ``verify``, ``index`` and ``pdf``."""
    report = commands.add_parser(
        "report", help="look at a report again", description="Look at a report again."
    )
    actions = report.add_subparsers(
        dest="action", metavar="ACTION", required=True, parser_class=Parser
    )
    words = (
        "tell whether a report, its JSON and the files belong together",
        "Hold a report against its seal, the shadow.json beside it and the files that it was made "
        "of. Exit status: 0 they belong together, 1 they do not, 4 it is no report.",
    )
    verify = add_command(actions, "verify", _verify, words)
    verify.add_argument("page", metavar="FILE", help="the shadow.html")
    verify.add_argument(
        "--files",
        metavar="PATH",
        action="append",
        default=[],
        help="a file, or a folder in which files are looked for by name; again for more (default: "
        "the working directory)",
    )
    verify.add_argument(
        "--leave-out",
        metavar="NAME",
        action="append",
        default=[],
        help="an input that is not at hand, such as the dump, by its name in the report; again for "
        "more",
    )

    words = (
        "write one page over several reports",
        "Write index.html into a folder of reports: the verdict of each run, its risk, what "
        "decides, and a link. Exit status: 0, or 4 when a report cannot be read.",
    )
    index = add_command(actions, "index", _index, words)
    index.add_argument(
        "folder",
        metavar="REPORTS_FOLDER",
        help="folder with folders that have a shadow.json each, such as shadowgate changed leaves",
    )
    add_options(index, [LANG])
    words = (
        "print a report on A4",
        "Print a report as a PDF beside it, by the Chromium that is on the machine.",
    )
    pdf = add_command(actions, "pdf", _pdf, words)
    pdf.add_argument("page", metavar="FILE", help="the shadow.html")


def _index(asked: argparse.Namespace, _others: Sequence[str]) -> int:
    from shadowgate.pull_request.index import NAME, index_of

    folder = Path(asked.folder)
    published = index_of(folder)
    for each in published.unread:
        say(f"{each.name}: {each.problem}")
    say(f"{folder / NAME}: {published.verdict}, {len(published.reports)} runs")
    return UsageError.exit_status if published.unread else 0


def _pdf(asked: argparse.Namespace, _others: Sequence[str]) -> int:
    from shadowgate.report import print_pdf

    page = Path(asked.page)
    if not page.is_file():
        raise UsageError(sentence("there is no file {page}", page=page), todo="name a shadow.html")
    target = page.with_suffix(".pdf")
    print_pdf(page, target)
    say(f"{target}")
    return 0


def _verify(asked: argparse.Namespace, _others: Sequence[str]) -> int:
    from shadowgate.report import verify_report

    folders = [Path(each) for each in asked.files or ["."]]
    found = verify_report(Path(asked.page), folders, leave_out=asked.leave_out)
    for each in found:
        say(f"{each.state:<14} {each.name}{'   ' + each.detail if each.detail else ''}")
    wrong = sum(not each.holds for each in found)
    say(f"{wrong} of {len(found)} do not belong together" if wrong else "all belong together")
    return 1 if wrong else 0
