"""``changed`` and ``init``: the migrations of a branch, and a repository that judges them."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from shadowgate.command.parser import EXIT, add_command, add_options, given, say
from shadowgate.errors import UsageError
from shadowgate.options import OPTIONS, resolve

if TYPE_CHECKING:
    from shadowgate.command.parser import Commands

_OF_EACH = (
    *("--backup", "--shadow", "--production", "--queries", "--rows"),
    *("--server", "--postgis-image", "--reports", "--lang", "--pdf", "--cold"),
    *("--all", "--no-rehearsal"),
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
        "roll several migrations back in reverse",
        "Apply the migrations of a list to a restored backup, in order, roll them back in reverse, "
        "and write down what is not as it was. `changed` calls it, once it has judged each.",
    )
    back = add_command(commands, "roll-back", _roll_back, words)
    back.add_argument("steps", metavar="STEPS.json", help="the migrations, with their rollbacks")
    back.add_argument("--result", metavar="FILE", required=True, help="what is left")
    add_options(back, OPTIONS)
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
    from shadowgate.repository.judging import ended_by_signals

    if not asked.base and not asked.working_tree:
        raise UsageError("name what the branch is compared with, such as origin/main")
    options = {
        flag: "" if value is True else str(value) for flag, value in given(asked).items() if value
    }
    with ended_by_signals():
        return changed(
            Path.cwd(),
            asked.base or "HEAD",
            Asked(options, tuple(others)),
            say,
            working_tree=asked.working_tree,
        )


def _roll_back(asked: argparse.Namespace, _others: Sequence[str]) -> int:
    from shadowgate.phases.batch import read_steps, roll_back_batch
    from shadowgate.phases.environment.preflight import preflight
    from shadowgate.phases.run import Run
    from shadowgate.repository.judging import ended_by_signals

    request = resolve(given=given(asked).get, ini=lambda _key: "", root=Path.cwd(), here=Path.cwd())
    run = Run(request, progress=say)
    with ended_by_signals(), closing(preflight(request, say)) as opened:
        run.opened = opened
        left = roll_back_batch(run, read_steps(Path(asked.steps)))
    text = json.dumps([asdict(each) for each in left], indent=2)
    Path(asked.result).write_text(f"{text}\n", encoding="utf-8")
    for each in left:
        say(f"{each.step} leaves: {each.what}")
    return 0


def _init(asked: argparse.Namespace, _others: Sequence[str]) -> int:
    from shadowgate.repository.initial import initialise

    initialise(Path.cwd(), asked.backup or "", say)
    return 0
