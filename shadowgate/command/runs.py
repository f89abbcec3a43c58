"""``run`` and ``check``: pytest on the phases that the package brings.

They keep apart from the project that they are called in: that project's ini file, conftests and
plugins are for its own tests.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from shadowgate.command.parser import EXIT, add_command, add_options, given, say
from shadowgate.errors import UsageError
from shadowgate.language import sentence
from shadowgate.options import OPTIONS, PLAN
from shadowgate.turn import turn_of_this_process

if TYPE_CHECKING:
    from shadowgate.command.parser import Commands

OF_A_PLAN = ("--plan", "--migration", "--rows", "--update-baseline")
"""Options that say nothing where there is no plan."""


def add_commands(commands: Commands) -> None:
    """Add both."""
    words = (
        "run the ten phases on a plan, or on several",
        "Run the ten phases on a plan. With several (--plan again, or a folder of them) each has a "
        "process and a folder of reports of its own, and the exit status is the worst of all. "
        f"{EXIT}",
    )
    run = add_command(commands, "run", _run_plans, words, passes_on=True)
    run.add_argument(
        PLAN.flag,
        metavar=PLAN.metavar,
        action="append",
        help=f"{PLAN.help}; again for more, or a folder that has some (environment: "
        f"{PLAN.variable})",
    )
    run.add_argument(
        "-n",
        metavar="N",
        type=int,
        default=1,
        dest="at_once",
        help="run so many of several plans at a time (default: 1); what is judged by its duration "
        "is measured while the others wait",
    )
    add_options(run, [option for option in OPTIONS if option is not PLAN])
    words = (
        "run the ten phases on a migration that has no plan",
        "Run the ten phases on a migration without a plan: what it announces is what its "
        f"statements say, and what is not known is derived. {EXIT}",
    )
    check = add_command(commands, "check", _run, words, passes_on=True)
    check.add_argument("migration", metavar="MIGRATION.sql", help="the migration script")
    add_options(check, [option for option in OPTIONS if option.flag not in OF_A_PLAN])


def _run_plans(asked: argparse.Namespace, others: Sequence[str]) -> int:
    named = asked.plan or list(filter(None, [os.environ.get(PLAN.variable)]))
    if asked.at_once < 1:
        raise UsageError(
            sentence("-n {number} is no number of plans", number=str(asked.at_once)),
            todo=sentence("name 1 or more"),
        )
    if len(named) < 2 and not any(Path(name).expanduser().is_dir() for name in named):
        if asked.at_once > 1:
            raise UsageError(
                sentence("the phases run in order, in one process: leave out -n"),
                todo=sentence("name several plans with --plan, of which as many are run at a time"),
            )
        asked.plan = named[0] if named else None
        return _run(asked, others)

    from shadowgate.repository.jobs import Asked
    from shadowgate.repository.judging import ended_by_signals
    from shadowgate.repository.several import plans_named, run_plans

    options = {
        flag: "" if value is True else str(value)
        for flag, value in given(asked).items()
        if value and flag not in (PLAN.flag, "--reports")
    }
    each = Asked(options, tuple(others))
    reports = Path(asked.reports or each.of("--reports") or "reports")
    with ended_by_signals():
        return run_plans(plans_named(named), asked.at_once, each, reports, say)


def _run(asked: argparse.Namespace, others: Sequence[str]) -> int:
    turn_of_this_process()  # what is loaded from here on is work beside others

    import pytest
    import pytest_benchmark.plugin
    import pytest_html.plugin
    import pytest_metadata.plugin

    from shadowgate import plugin
    from shadowgate.plugin.items import PHASES

    # What else is installed beside is for the project's own tests.
    plugins = (pytest_metadata.plugin, pytest_html.plugin, pytest_benchmark.plugin, plugin)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ.pop("PYTEST_ADDOPTS", None)
    options = [
        flag if value is True else f"{flag}={value}"
        for flag, value in given(asked).items()
        if value
    ]
    apart = [f"--config-file={PHASES / 'pytest.ini'}", f"--rootdir={Path.cwd()}"]
    apart += ["-p", "no:cacheprovider", "--benchmark-quiet"]
    return int(pytest.main([*apart, *options, *others, str(PHASES)], plugins=plugins))
