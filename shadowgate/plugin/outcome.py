"""From pytest's report of a test to the status and detail of a check."""

from __future__ import annotations

import pytest

from shadowgate.errors import ShadowgateError
from shadowgate.evidence import Status, Verdict
from shadowgate.recorder import CheckFailed, CheckInconclusive

SECONDS = pytest.StashKey[float]()


def status_of(
    report: pytest.TestReport, call: pytest.CallInfo[None], *, blocked: bool
) -> Status | None:
    """Status of the check after this stage of its test; ``None`` if the stage decides nothing.

    An error in setup or teardown fails the check: it could not be carried out.
    """
    if report.skipped:
        return "blocked" if blocked else "skipped"
    if report.failed:
        undecided = call.excinfo is not None and call.excinfo.errisinstance(CheckInconclusive)
        return "inconclusive" if undecided else "failed"
    return "passed" if report.when == "call" else None


def describe(report: pytest.TestReport, call: pytest.CallInfo[None]) -> str:
    """What happened, in the words of whoever raised it."""
    if call.excinfo is None:
        return ""
    error = call.excinfo.value
    if isinstance(error, ShadowgateError | CheckFailed):
        return str(error)
    if report.skipped:
        return str(getattr(error, "msg", error))
    return f"{type(error).__name__} in {report.when}: {error}"


def quieten(report: pytest.TestReport, call: pytest.CallInfo[None]) -> None:
    """Show the sentence instead of a traceback where the error was raised on purpose."""
    if call.excinfo is not None and report.failed:
        error = call.excinfo.value
        if isinstance(error, ShadowgateError | CheckFailed):
            report.longrepr = str(error)


def exit_status(said: int, verdict: Verdict, *, failures: int, failed_checks: int) -> int:
    """Exit status of a run, so that it says what the verdict says.

    A run that is not GO never exits with 0. One that is GO does, although an optional check, which
    is shown as failed, stands against it; a failure of anything that is no check stays one.

    Args:
        said: what pytest would exit with.
        verdict: the run's.
        failures: reports of failure in the whole session.
        failed_checks: those of them that are reports on checks; the verdict has judged them.
    """
    if verdict != "GO" and said in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        return pytest.ExitCode.TESTS_FAILED
    if verdict == "GO" and said == pytest.ExitCode.TESTS_FAILED and failures == failed_checks:
        return pytest.ExitCode.OK
    return said
