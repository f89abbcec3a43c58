"""Phase 3: what the server does can be read afterwards."""

from __future__ import annotations

import pytest

from shadowgate.monitoring import Monitoring
from shadowgate.recorder import Finding


@pytest.mark.check("monitoring.settings")
def test_settings(monitoring: Monitoring, finding: Finding) -> None:
    """DDL and durations are logged, and the server has reloaded its settings."""
    finding.note(dict(monitoring.settings), dict(monitoring.wanted))
    wrong = {k: v for k, v in monitoring.wanted.items() if monitoring.settings.get(k) != v}
    finding.require(not wrong, f"not in force: {wrong}")


@pytest.mark.check("monitoring.log_directory")
def test_log_directory(monitoring: Monitoring, finding: Finding) -> None:
    """The server's log can be read and grows."""
    finding.note(f"{monitoring.grown_bytes} bytes in {monitoring.log_file}", "> 0 bytes")
    finding.require(monitoring.grown_bytes > 0, f"{monitoring.log_file} did not grow")


@pytest.mark.check("monitoring.probe_ddl")
def test_probe_ddl(monitoring: Monitoring, finding: Finding) -> None:
    """A probe DDL statement is found in the log with its duration."""
    finding.note(monitoring.ddl_duration_ms, "a duration in ms")
    finding.require(monitoring.ddl_duration_ms is not None, "the probe DDL is not in the log")


@pytest.mark.check("monitoring.probe_query")
def test_probe_query(monitoring: Monitoring, finding: Finding) -> None:
    """A probe query is found in the log with its duration."""
    finding.note(monitoring.query_duration_ms, "a duration in ms")
    finding.require(monitoring.query_duration_ms is not None, "the probe query is not in the log")
