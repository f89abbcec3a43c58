"""``shadowgate preflight`` and ``shadowgate verify``: from the command line to the exit status."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from shadowgate.errors import ShadowgateError, UsageError
from shadowgate.measure import load_workload
from shadowgate.migrate import Script, read_script
from shadowgate.plan import read_plan
from shadowgate.production import verify as verifying
from shadowgate.production.answers import Answers
from shadowgate.production.preflight import PATIENCE, preflight
from shadowgate.production.reference import read_reference, write_reference
from shadowgate.production.session import read_only_session
from shadowgate.production.shadow_run import ShadowRun, read_shadow_run
from shadowgate.production.table import rendered
from shadowgate.report.json_file import write_document
from shadowgate.report.redact import data_without_secrets

PRODUCTION = ("preflight", "verify")
"""The commands that look at production."""

SHADOW = Path("reports") / "shadow.json"
"""Taken if it is there and none is named."""

_SERVER = (
    "production, as libpq takes it: postgresql://user@host/database or service=NAME; what it "
    "leaves out comes from the environment and the password file. Only read, never written"
)


def add_commands(commands: Any) -> None:
    """Add both commands to a parser's subparsers."""
    asked = commands.add_parser(
        "preflight",
        help="hold production against the shadow run before the rollout, read-only",
        description="Look at production, read-only and for ten seconds at most, and tell what "
        "differs from the shadow run and what is in the way. Exit status: 0 GO, 1 reasons not to, "
        "4 when it cannot be asked.",
        allow_abbrev=False,
    )
    _add_common(asked)
    script = asked.add_mutually_exclusive_group()
    script.add_argument("--migration", metavar="FILE.sql", help="the script that is to be applied")
    script.add_argument("--plan", metavar="FILE.toml", help="the plan that names it")
    asked.add_argument(
        "--role", metavar="NAME", default="", help="who will run it, if not the session's own role"
    )
    asked.set_defaults(carry_out=_preflight)
    asked = commands.add_parser(
        "verify",
        help="hold production against the migrated shadow after a stage of the rollout, read-only",
        description="Look at a server that is migrated by now, read-only, and tell whether its "
        "objects are as in the migrated shadow and its queries as fast as before. Exit status: 0 "
        "as planned, 1 escalate, 4 when it cannot be asked.",
        allow_abbrev=False,
    )
    _add_common(asked)
    doing = asked.add_mutually_exclusive_group(required=True)
    doing.add_argument(
        "--after", choices=verifying.STAGES, help="the stage of the rollout that has ended"
    )
    doing.add_argument(
        "--take-reference",
        metavar="FILE",
        help="only keep what each statement takes now, to name with --reference after the stage",
    )
    asked.add_argument("--reference", metavar="FILE", help="what statements took before the stage")
    asked.add_argument(
        "--queries", metavar="DIR", help="queries of the shadow run, to hold their plans against it"
    )
    asked.set_defaults(carry_out=_verify)


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--server", metavar="DSN", default="", help=_SERVER)
    parser.add_argument(
        "--shadow", metavar="shadow.json", help=f"of the shadow run (default: {SHADOW}, if there)"
    )
    parser.add_argument("--json", metavar="FILE", help="write the answers for programs as well")


def carry_out(asked: argparse.Namespace) -> int:
    """Do what one of the commands asks for.

    Returns:
        0 if nothing stands against going on, 1 if something does, 4 for a request that cannot be
        carried out.
    """
    try:
        status: int = asked.carry_out(asked)
    except ShadowgateError as error:
        sys.stderr.write(f"ERROR: {error}\n")
        return error.exit_status
    return status


def _preflight(asked: argparse.Namespace) -> int:
    shadow, script = _shadow(asked.shadow), _script(asked)
    if shadow is None and script is None:
        raise UsageError(
            "nothing says what is to be applied, or what production is held against",
            todo="name a shadow run with --shadow, a script with --migration, or both",
        )
    with read_only_session(asked.server, PATIENCE) as session:
        answers = preflight(session, shadow, script, asked.role)
    return _said(answers, asked.json, "GO", "NO-GO")


def _verify(asked: argparse.Namespace) -> int:
    if asked.take_reference is not None:
        return _take_reference(asked)
    shadow = read_shadow_run(Path(asked.shadow) if asked.shadow else SHADOW)
    reference = read_reference(Path(asked.reference)) if asked.reference else None
    workload = load_workload(Path(asked.queries)) if asked.queries else None
    with read_only_session(asked.server, verifying.PATIENCE) as session:
        answers = verifying.verify(session, shadow, asked.after, reference, workload)
    return _said(answers, asked.json, "AS PLANNED", "ESCALATE")


def _take_reference(asked: argparse.Namespace) -> int:
    if asked.reference or asked.shadow or asked.json or asked.queries:
        raise UsageError(
            "--take-reference keeps what statements take now, and compares nothing",
            todo="leave out --reference, --shadow, --queries and --json",
        )
    with read_only_session(asked.server, verifying.PATIENCE) as session:
        reference = write_reference(session, Path(asked.take_reference))
    count = len(reference.statements)
    sys.stdout.write(f"wrote {asked.take_reference}: {count} statements until {reference.taken}\n")
    return 0


def _shadow(given: str | None) -> ShadowRun | None:
    if given is not None:
        return read_shadow_run(Path(given))
    return read_shadow_run(SHADOW) if SHADOW.exists() else None


def _script(asked: argparse.Namespace) -> Script | None:
    if asked.plan is not None:
        return read_script(read_plan(Path(asked.plan)).migration)
    return read_script(Path(asked.migration)) if asked.migration is not None else None


def _said(answers: Answers, target: str | None, good: str, bad: str) -> int:
    if target is not None:
        document = data_without_secrets(answers.document(good, bad))
        try:
            write_document(document, Path(target))
        except OSError as error:
            raise UsageError(f"{target} cannot be written: {error.strerror}") from None
    sys.stdout.write(rendered(answers, good, bad) + "\n")
    return 1 if answers.reasons else 0
