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

from shadowgate.command.parser import EXIT, add_command, add_options, given
from shadowgate.options import OPTIONS

if TYPE_CHECKING:
    from shadowgate.command.parser import Commands

OF_A_PLAN = ("--plan", "--migration", "--rows", "--update-baseline")
"""Options that say nothing where there is no plan."""


def add_commands(commands: Commands) -> None:
    """Add both."""
    words = ("run the ten phases on a plan", f"Run the ten phases on a plan. {EXIT}")
    run = add_command(commands, "run", _run, words, passes_on=True)
    add_options(run, OPTIONS)
    words = (
        "run the ten phases on a migration that has no plan",
        "Run the ten phases on a migration without a plan: what it announces is what its "
        f"statements say, and what is not known is derived. {EXIT}",
    )
    check = add_command(commands, "check", _run, words, passes_on=True)
    check.add_argument("migration", metavar="MIGRATION.sql", help="the migration script")
    add_options(check, [option for option in OPTIONS if option.flag not in OF_A_PLAN])


def _run(asked: argparse.Namespace, others: Sequence[str]) -> int:
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
