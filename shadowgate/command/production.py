"""``preflight`` and ``verify``: production, looked at read-only."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from shadowgate.command.parser import add_command
from shadowgate.production.stages import SHADOW, STAGES

if TYPE_CHECKING:
    from shadowgate.command.parser import Commands

_SERVER = (
    "production, as libpq takes it: postgresql://user@host/database or service=NAME; what it "
    "leaves out comes from the environment and the password file. Only read, never written"
)


def add_commands(commands: Commands) -> None:
    """Add both."""
    words = (
        "hold production against the shadow run before the rollout, read-only",
        "Look at production, read-only and for ten seconds at most, and tell what differs from the "
        "shadow run and what is in the way. Exit status: 0 GO, 1 reasons not to, 4 when it cannot "
        "be asked.",
    )
    preflight = add_command(commands, "preflight", _preflight, words)
    _add_common(preflight)
    script = preflight.add_mutually_exclusive_group()
    script.add_argument("--migration", metavar="FILE.sql", help="the script that is to be applied")
    script.add_argument("--plan", metavar="FILE.toml", help="the plan that names it")
    preflight.add_argument(
        "--role", metavar="NAME", default="", help="who will run it, if not the session's own role"
    )
    words = (
        "hold production against the migrated shadow after a stage of the rollout, read-only",
        "Look at a server that is migrated by now, read-only, and tell whether its objects are as "
        "in the migrated shadow and its queries as fast as before. Exit status: 0 as planned, 1 "
        "escalate, 4 when it cannot be asked.",
    )
    verify = add_command(commands, "verify", _verify, words)
    _add_common(verify)
    doing = verify.add_mutually_exclusive_group(required=True)
    doing.add_argument("--after", choices=STAGES, help="the stage of the rollout that has ended")
    doing.add_argument(
        "--take-reference",
        metavar="FILE",
        help="only keep what each statement takes now, to name with --reference after the stage",
    )
    verify.add_argument("--reference", metavar="FILE", help="what statements took before the stage")
    verify.add_argument(
        "--queries", metavar="DIR", help="queries of the shadow run, to hold their plans against it"
    )


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--server", metavar="DSN", default="", help=_SERVER)
    parser.add_argument(
        "--shadow", metavar="shadow.json", help=f"of the shadow run (default: {SHADOW}, if there)"
    )
    parser.add_argument("--json", metavar="FILE", help="write the answers for programs as well")


def _preflight(asked: argparse.Namespace, _others: Sequence[str]) -> int:
    from shadowgate.production.command import carry_out_preflight

    return carry_out_preflight(asked)


def _verify(asked: argparse.Namespace, _others: Sequence[str]) -> int:
    from shadowgate.production.command import carry_out_verify

    return carry_out_verify(asked)
