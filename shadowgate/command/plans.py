"""``plan`` and ``queries``: files that somebody would else have to write."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from shadowgate.command.parser import add_command, add_options, given, say
from shadowgate.errors import UsageError
from shadowgate.language import sentence
from shadowgate.options import OF_RUNNER, OF_SOURCE, OPTIONS, resolve

if TYPE_CHECKING:
    from shadowgate.command.parser import Commands

_OPTIONS = (
    *("--rollback", "--backup", "--queries", "--server", "--postgis-image"),
    *OF_SOURCE,
    *OF_RUNNER,
)


def add_commands(commands: Commands) -> None:
    """Add both."""
    words = (
        "write a plan for a migration from a trial run",
        "Apply a migration to a copy of production and write a plan that announces all that it was "
        "seen to change, for its author to review.",
    )
    plan = add_command(commands, "plan", _plan, words)
    plan.add_argument("migration", metavar="MIGRATION.sql", help="the migration script")
    plan.add_argument("--output", metavar="FILE.toml", required=True, help="the plan to write")
    add_options(plan, [option for option in OPTIONS if option.flag in _OPTIONS])
    words = (
        "write query files from an export of pg_stat_statements",
        "Write the statements that production spends most time on as query files, for --queries: "
        "from a CSV of query, calls and total_exec_time of its pg_stat_statements.",
    )
    queries = add_command(commands, "queries", _queries, words)
    queries.add_argument("statements", metavar="STATEMENTS.csv", help="the export, with a header")
    queries.add_argument("--output", metavar="DIR", required=True, help="a new folder for them")
    queries.add_argument("--most", type=int, default=20, help="files at most (default %(default)s)")


def _plan(asked: argparse.Namespace, _others: Sequence[str]) -> int:
    from shadowgate.phases.environment.preflight import preflight
    from shadowgate.phases.plan_file import written_plan
    from shadowgate.phases.run import Run

    target = Path(asked.output)
    if target.exists():
        raise UsageError(
            sentence("{target} is there already", target=target),
            todo="name another file with --output",
        )
    request = resolve(
        given=given(asked).get,
        ini=lambda _key: "",
        root=Path.cwd(),
        here=Path.cwd(),
    )
    run = Run(request, progress=say)
    with closing(preflight(request, say)) as opened:
        run.opened = opened
        text = written_plan(run, target.resolve().parent)
    target.write_text(text, encoding="utf-8")
    say(f"wrote {target}: review each line, then run shadowgate run --plan={target}")
    return 0


def _queries(asked: argparse.Namespace, _others: Sequence[str]) -> int:
    from shadowgate.queries.statements import (
        read_statements,
        select_statements,
        write_query_files,
    )

    found = select_statements(read_statements(Path(asked.statements)), asked.most)
    for reason in found.left_out:
        say(f"left out: {reason}")
    if not found.chosen:
        raise UsageError("the export holds no statement that a run could ask again")
    folder = Path(asked.output)
    written = write_query_files(found.chosen, folder)
    say(f"wrote {len(written)} queries to {folder}: review them, then pass --queries={folder}")
    return 0
