"""``changed`` and ``init``: the migrations of a branch, and a repository that judges them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from shadowgate.command.parser import EXIT, add_command, add_options, given, say
from shadowgate.errors import UsageError
from shadowgate.options import OPTIONS

if TYPE_CHECKING:
    from shadowgate.command.parser import Commands

_OF_EACH = (
    *("--backup", "--queries", "--rows", "--server", "--postgis-image"),
    *("--reports", "--lang", "--pdf", "--cold"),
)
"""Options that are the same for each migration of a branch."""


def add_commands(commands: Commands) -> None:
    """Add both."""
    words = (
        "judge the migrations that a branch adds or edits",
        "Judge each migration that the branch adds or edits, in order, on the state that those "
        f"before it leave. {EXIT}",
    )
    changed = add_command(commands, "changed", _changed, words, passes_on=True)
    changed.add_argument(
        "base",
        metavar="BASE",
        nargs="?",
        help="what the branch is compared with: any revision that git knows, such as origin/main "
        "(with --working-tree, HEAD if left out)",
    )
    changed.add_argument(
        "--working-tree", action="store_true", help="with what is not committed yet as well"
    )
    add_options(changed, [option for option in OPTIONS if option.flag in _OF_EACH])
    words = (
        "write shadowgate.toml and a workflow for a repository",
        "Say where the migrations of this repository are, and write shadowgate.toml and "
        ".github/workflows/shadowgate.yml. What is there already is left as it is.",
    )
    init = add_command(commands, "init", _init, words)
    init.add_argument("--backup", metavar="PATH", help="where a dump of production will be")


def _changed(asked: argparse.Namespace, others: Sequence[str]) -> int:
    from shadowgate.repository.changed import changed
    from shadowgate.repository.jobs import Asked
    from shadowgate.repository.judging import ended_by_sigterm

    if not asked.base and not asked.working_tree:
        raise UsageError("name what the branch is compared with, such as origin/main")
    options = {
        flag: "" if value is True else str(value) for flag, value in given(asked).items() if value
    }
    with ended_by_sigterm():
        return changed(
            Path.cwd(),
            asked.base or "HEAD",
            Asked(options, tuple(others)),
            say,
            working_tree=asked.working_tree,
        )


def _init(asked: argparse.Namespace, _others: Sequence[str]) -> int:
    from shadowgate.repository.initial import initialise

    initialise(Path.cwd(), asked.backup or "", say)
    return 0
