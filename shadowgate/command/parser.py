"""What the commands have in common: how their options are declared, and how they speak."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from shadowgate.options import OPTIONS, Option

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction["Parser"]

INTERRUPTED = 2
USAGE_ERROR = 4

EXIT = (
    "Exit status: 0 GO, 1 NO-GO, 4 when the request or the machine is not right. Other options go "
    "to pytest (-k, -q, -x …)."
)

Execute = Callable[[argparse.Namespace, Sequence[str]], int]
"""Carries a command out: what was asked, what is for pytest; gives the exit status."""


class Parser(argparse.ArgumentParser):
    """Exits with 4 where the command line is not right, as pytest does."""

    def error(self, message: str) -> None:  # type: ignore[override]
        """Say what is wrong, and how it is meant."""
        self.print_usage(sys.stderr)
        self.exit(USAGE_ERROR, f"{self.prog}: {message}\n")


def new_parser() -> Parser:
    """The parser that commands are added to."""
    parser = Parser(
        prog="shadowgate",
        description="Decides, by measurement, whether a PostgreSQL migration may go to production.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--version", action="version", version=f"shadowgate {version('shadowgate')}"
    )
    return parser


def add_command(
    commands: Commands,
    name: str,
    execute: Execute,
    words: tuple[str, str],
    *,
    passes_on: bool = False,
) -> Parser:
    """Add a command.

    Args:
        commands: of the parser, or of another command.
        name: how it is called.
        execute: carries it out.
        words: what it does, in a line of the list of commands and in its own help.
        passes_on: whether options that it does not know go to pytest.
    """
    parser = commands.add_parser(name, help=words[0], description=words[1], allow_abbrev=False)
    parser.set_defaults(execute=execute, passes_on=passes_on)
    return parser


def add_options(parser: argparse.ArgumentParser, options: Iterable[Option]) -> None:
    """Add options of a run, each with the environment variable that says the same."""
    for option in options:
        text = f"{option.help} (environment: {option.variable})".replace("%", "%%")
        if option.switch:
            parser.add_argument(option.flag, action="store_true", help=text)
        else:
            parser.add_argument(option.flag, metavar=option.metavar, help=text)


def given(asked: argparse.Namespace) -> dict[str, Any]:
    """Flag -> what the command line says of it."""
    return {option.flag: getattr(asked, option.dest, None) for option in OPTIONS}


def say(sentence: str) -> None:
    """Say something to whoever called the command."""
    from shadowgate.log_text import log_text

    sys.stderr.write(f"{log_text(sentence)}\n")
