"""``shadowgate preflight`` and ``shadowgate verify``: from what is asked to the exit status."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from shadowgate.errors import UsageError
from shadowgate.language import sentence
from shadowgate.migrate import Script, read_script
from shadowgate.plan import read_plan
from shadowgate.production import verify as verifying
from shadowgate.production.answers import Answers
from shadowgate.production.preflight import PATIENCE, preflight
from shadowgate.production.reference import read_reference, write_reference
from shadowgate.production.session import read_only_session
from shadowgate.production.shadow_run import ShadowRun, read_shadow_run
from shadowgate.production.stages import SHADOW
from shadowgate.production.table import rendered
from shadowgate.queries import load_workload
from shadowgate.report.json_file import write_document
from shadowgate.report.redact import data_without_secrets


def carry_out_preflight(asked: argparse.Namespace) -> int:
    """Look at production before the rollout.

    Returns:
        0 if nothing stands against going on, 1 if something does.

    Raises:
        ShadowgateError: production cannot be asked, or what is asked makes no sense.
    """
    shadow, script = _shadow(asked.shadow), _script(asked)
    if shadow is None and script is None:
        raise UsageError(
            "nothing says what is to be applied, or what production is held against",
            todo="name a shadow run with --shadow, a script with --migration, or both",
        )
    with read_only_session(asked.server, PATIENCE) as session:
        answers = preflight(session, shadow, script, asked.role)
    return _said(answers, asked.json, "GO", "NO-GO")


def carry_out_verify(asked: argparse.Namespace) -> int:
    """Look at a server after a stage of the rollout.

    Returns:
        0 if it is as planned, 1 if not.

    Raises:
        ShadowgateError: it cannot be asked, or what is asked makes no sense.
    """
    if asked.take_reference is not None:
        return _take_reference(asked)
    shadow = read_shadow_run(Path(asked.shadow or SHADOW))
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
    shadow = Path(SHADOW)
    return read_shadow_run(shadow) if shadow.exists() else None


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
            raise UsageError(
                sentence(
                    "{target} cannot be written: {reason}", target=target, reason=error.strerror
                )
            ) from None
    sys.stdout.write(rendered(answers, good, bad) + "\n")
    return 1 if answers.reasons else 0
