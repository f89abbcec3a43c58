"""The command ``shadowgate``, a module for the commands that belong together.

What a command needs is imported in the function that carries it out: nobody waits for what is not
asked for.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence

from shadowgate.command import branches, filling, plans, production, reports, reviews, runs
from shadowgate.command.parser import INTERRUPTED, USAGE_ERROR, Parser, new_parser, say
from shadowgate.errors import ShadowgateError
from shadowgate.language import language_of, reading, told_error
from shadowgate.options import LANG, OPTIONS


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
    if asked.passes_on and any(re.match(r"-n\d*$|--numprocesses", each) for each in others):
        parser.error("the phases run in order, in one process: leave out -n")
    if others and not asked.passes_on:
        parser.error(f"unrecognized arguments: {' '.join(others)}")
    if asked.command != "run":
        for option in OPTIONS:
            if option.flag in runs.OF_A_PLAN:  # set for runs of plans, it says nothing here
                os.environ.pop(option.variable, None)
    said = getattr(asked, LANG.dest, None) or os.environ.get(LANG.variable) or LANG.default
    try:
        language = language_of(said, os.environ)
    except ShadowgateError as error:
        say(f"ERROR: {error}")
        return error.exit_status
    with reading(language):
        try:
            return int(asked.execute(asked, others))
        except ShadowgateError as error:
            say(f"ERROR: {told_error(error)}")
            return error.exit_status
        except KeyboardInterrupt:
            say("interrupted")
            return INTERRUPTED


def _parser() -> Parser:
    parser = new_parser()
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    for module in (runs, plans, branches, filling, production, reports, reviews):
        module.add_commands(commands)
    return parser
