"""From pytest's report of a test to the status and detail of a check."""

from __future__ import annotations

import pytest

from shadowgate.errors import ShadowgateError
from shadowgate.evidence import Status
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
