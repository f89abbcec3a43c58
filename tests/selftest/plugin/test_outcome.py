"""The exit status of a run: what the verdict says, and nothing hidden behind it."""

from __future__ import annotations

import pytest

from shadowgate.evidence import Verdict
from shadowgate.plugin.outcome import exit_status

OK, FAILED, EMPTY = pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, 5
INTERRUPTED = pytest.ExitCode.INTERRUPTED


@pytest.mark.parametrize(
    ("said", "verdict", "failures", "failed_checks", "status"),
    [
        (OK, "GO", 0, 0, OK),
        (OK, "NO-GO", 0, 0, FAILED),
        (EMPTY, "NO-GO", 0, 0, FAILED),
        (FAILED, "NO-GO", 2, 2, FAILED),
        pytest.param(FAILED, "GO", 1, 1, OK, id="an optional check failed"),
        pytest.param(FAILED, "GO", 2, 1, FAILED, id="a test that is no check failed, too"),
        pytest.param(FAILED, "GO", 1, 0, FAILED, id="only a test that is no check failed"),
        (INTERRUPTED, "NO-GO", 0, 0, INTERRUPTED),
        (INTERRUPTED, "GO", 0, 0, INTERRUPTED),
    ],
)
def test_the_exit_status_says_what_the_verdict_says(
    said: int, verdict: Verdict, failures: int, failed_checks: int, status: int
) -> None:
    assert exit_status(said, verdict, failures=failures, failed_checks=failed_checks) == status
