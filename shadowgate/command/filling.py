"""``fill``: a backup of made rows, where production's may not be had."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from shadowgate.command.parser import add_command, add_options, say
from shadowgate.errors import UsageError
from shadowgate.language import sentence
from shadowgate.options import OPTIONS

if TYPE_CHECKING:
    from shadowgate.command.parser import Commands

_SERVER = next(option for option in OPTIONS if option.flag == "--server")


def add_commands(commands: Commands) -> None:
    """Add it."""
    words = (
        "make a backup of made rows from a schema without any",
        "Fill the tables of a schema with rows that its constraints admit, on a throw-away server, "
        "and dump it. Exit status: 0 made, 1 a table stays empty, 4 it cannot be made.",
    )
    command = add_command(commands, "fill", _fill, words)
    command.add_argument(
        "schema",
        metavar="SCHEMA",
        nargs="+",
        help="a dump by pg_dump --schema-only, or SQL scripts in their order",
    )
    command.add_argument("--output", metavar="FILE", required=True, help="the dump to write")
    command.add_argument(
        "--rows-each",
        metavar="N",
        default="2000",
        help="rows of each table, 90,000 of all at most (default: 2000)",
    )
    add_options(command, [_SERVER])


def _fill(asked: argparse.Namespace, _others: Sequence[str]) -> int:
    from shadowgate.backup.filled import filled_dump
    from shadowgate.cleanup import guarded_folder
    from shadowgate.server import CLEANER

    if not asked.rows_each.isdecimal() or int(asked.rows_each) < 1:
        raise UsageError(
            sentence("--rows-each {rows_each}: no number of rows", rows_each=asked.rows_each),
            todo="such as --rows-each 2000",
        )
    schemas, output = [Path(each) for each in asked.schema], Path(asked.output)
    server = asked.server or os.environ.get(_SERVER.variable) or "auto"
    with guarded_folder(CLEANER):
        found = filled_dump(schemas, output, int(asked.rows_each), server)
    for each in found:
        say(f"  {each}")
    if not found:
        raise UsageError("the schema has no table to fill", where=", ".join(asked.schema))
    say(f"wrote {output}")
    return 0 if all(each.rows for each in found) else 1
