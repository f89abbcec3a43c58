"""The command ``shadowgate``: pytest on the phases that the package brings.

It keeps apart from the project that it is called in: that project's ini file, conftests and plugins
are for its own tests.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Any

from shadowgate.errors import ShadowgateError, UsageError
from shadowgate.options import OPTIONS, Option, resolve
from shadowgate.pull_request.command import FOR_A_REVIEW, add_commands, carry_out

USAGE_ERROR = 4


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks for.

    Returns:
        0 for GO, 1 for NO-GO, 2 interrupted, 3 for an error of the program, 4 for a request or a
        machine that is not right.
    """
    parser = _parser()
    asked, others = parser.parse_known_args(arguments)
    if asked.command is None:
        parser.print_help(sys.stderr)
        return USAGE_ERROR
    if asked.command in FOR_A_REVIEW:
        if others:
            parser.error(f"unrecognized arguments: {' '.join(others)}")
        return carry_out(asked, _say)
    if asked.command != "run":
        for option in OPTIONS:
            if option.flag in _OF_A_PLAN:  # what is set for runs of plans says nothing here either
                os.environ.pop(option.variable, None)
    if asked.command in ("run", "check"):
        return _run(asked, others)
    if others:
        parser.error(f"unrecognized arguments: {' '.join(others)}")
    try:
        return {"plan": _plan, "queries": _queries}[asked.command](asked)
    except ShadowgateError as error:
        _say(f"ERROR: {error}")
        return error.exit_status


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="shadowgate",
        description="Decides, by measurement, whether a PostgreSQL migration may go to production.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--version", action="version", version=f"shadowgate {version('shadowgate')}"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    run = commands.add_parser(
        "run",
        help="run the ten phases on a plan",
        description=f"Run the ten phases on a plan. {_EXIT}",
        allow_abbrev=False,
    )
    _add_options(run, OPTIONS)
    check = commands.add_parser(
        "check",
        help="run the ten phases on a migration that has no plan",
        description="Run the ten phases on a migration without a plan: what it announces is what "
        f"its statements say, and what is not known is derived. {_EXIT}",
        allow_abbrev=False,
    )
    check.add_argument("migration", metavar="MIGRATION.sql", help="the migration script")
    _add_options(check, [option for option in OPTIONS if option.flag not in _OF_A_PLAN])
    plan = commands.add_parser(
        "plan",
        help="write a plan for a migration from a trial run",
        description="Apply a migration to a copy of production and write a plan that announces all "
        "that it was seen to change, for its author to review.",
        allow_abbrev=False,
    )
    plan.add_argument("migration", metavar="MIGRATION.sql", help="the migration script")
    plan.add_argument("--output", metavar="FILE.toml", required=True, help="the plan to write")
    queries = commands.add_parser(
        "queries",
        help="write query files from an export of pg_stat_statements",
        description="Write the statements that production spends most time on as query files, for "
        "--queries: from a CSV of query, calls and total_exec_time of its pg_stat_statements.",
        allow_abbrev=False,
    )
    queries.add_argument("statements", metavar="STATEMENTS.csv", help="the export, with a header")
    queries.add_argument("--output", metavar="DIR", required=True, help="a new folder for them")
    queries.add_argument("--most", type=int, default=20, help="files at most (default %(default)s)")
    asked = ("--rollback", "--backup", "--queries", "--server", "--postgis-image")
    _add_options(plan, [option for option in OPTIONS if option.flag in asked])
    add_commands(commands.add_parser)
    return parser


_OF_A_PLAN = ("--plan", "--migration", "--rows", "--update-baseline")
"""Options that say nothing where there is no plan."""

_EXIT = (
    "Exit status: 0 GO, 1 NO-GO, 4 when the request or the machine is not right. Other options go "
    "to pytest (-k, -q, -x …)."
)


def _add_options(parser: argparse.ArgumentParser, options: Iterable[Option]) -> None:
    for option in options:
        text = f"{option.help} (environment: {option.variable})".replace("%", "%%")
        if option.switch:
            parser.add_argument(option.flag, action="store_true", help=text)
        else:
            parser.add_argument(option.flag, metavar=option.metavar, help=text)


class _Parser(argparse.ArgumentParser):
    """Exits with 4 where the command line is not right, as pytest does."""

    def error(self, message: str) -> None:  # type: ignore[override]
        """Say what is wrong, and how it is meant."""
        self.print_usage(sys.stderr)
        self.exit(USAGE_ERROR, f"{self.prog}: {message}\n")


def _given(asked: argparse.Namespace) -> dict[str, Any]:
    """Flag -> what the command line says of it."""
    return {option.flag: getattr(asked, option.dest, None) for option in OPTIONS}


def _run(asked: argparse.Namespace, others: Sequence[str]) -> int:
    import pytest
    import pytest_benchmark.plugin
    import pytest_html.plugin
    import pytest_metadata.plugin

    from shadowgate import plugin
    from shadowgate.plugin.items import PHASES

    plugins = (pytest_metadata.plugin, pytest_html.plugin, pytest_benchmark.plugin, plugin)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ.pop("PYTEST_ADDOPTS", None)
    options = [
        flag if value is True else f"{flag}={value}"
        for flag, value in _given(asked).items()
        if value
    ]
    apart = [f"--config-file={PHASES / 'pytest.ini'}", f"--rootdir={Path.cwd()}"]
    apart += ["-p", "no:cacheprovider", "--benchmark-quiet"]
    return int(pytest.main([*apart, *options, *others, str(PHASES)], plugins=plugins))


def _plan(asked: argparse.Namespace) -> int:
    from shadowgate.phases.environment.preflight import preflight
    from shadowgate.phases.plan_file import written_plan
    from shadowgate.phases.run import Run

    target = Path(asked.output)
    if target.exists():
        raise UsageError(f"{target} is there already", todo="name another file with --output")
    request = resolve(
        given=_given(asked).get,
        ini=lambda _key: "",
        root=Path.cwd(),
        here=Path.cwd(),
    )
    run = Run(request, progress=_say)
    with closing(preflight(request, _say)) as opened:
        run.opened = opened
        text = written_plan(run, target.resolve().parent)
    target.write_text(text, encoding="utf-8")
    _say(f"wrote {target}: review each line, then run shadowgate run --plan={target}")
    return 0


def _queries(asked: argparse.Namespace) -> int:
    from shadowgate.measure.statements import (
        read_statements,
        select_statements,
        write_query_files,
    )

    found = select_statements(read_statements(Path(asked.statements)), asked.most)
    for reason in found.left_out:
        _say(f"left out: {reason}")
    if not found.chosen:
        raise UsageError("the export holds no statement that a run could ask again")
    folder = Path(asked.output)
    written = write_query_files(found.chosen, folder)
    _say(f"wrote {len(written)} queries to {folder}: review them, then pass --queries={folder}")
    return 0


def _say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
