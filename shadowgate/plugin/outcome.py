"""The exit status of a run."""

from __future__ import annotations

import pytest

from shadowgate.evidence import Verdict


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
