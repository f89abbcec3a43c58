"""Checks of phase 3: DDL and durations are logged, and the log can be read."""

from __future__ import annotations

from shadowgate.language import nsentence, sentence
from shadowgate.phases.check import check
from shadowgate.phases.finding import Finding
from shadowgate.phases.monitoring.log_probes import Monitoring

_LOG_DESTINATION = "Look at log_destination and at the free space of the log directory."


def _require_log(monitoring: Monitoring, finding: Finding) -> None:
    """A probe can only be found in a log that grows."""
    finding.require_decided(
        monitoring.grown_bytes > 0, sentence("{file} did not grow", file=monitoring.log_file)
    )


@check(
    "monitoring.settings",
    remedy="Set log_statement = 'ddl' and log_duration = on, then reload.",
)
def settings_are_in_force(monitoring: Monitoring, finding: Finding) -> None:
    """DDL and durations are logged, and the server has reloaded its settings.

    Without DDL and duration logging nobody can say afterwards what ran when.
    """
    finding.note(dict(monitoring.settings), dict(monitoring.wanted))
    wrong = {k: v for k, v in monitoring.wanted.items() if monitoring.settings.get(k) != v}
    finding.require(not wrong, sentence("not in force: {settings}", settings=wrong))


@check(
    "monitoring.log_directory",
    remedy="Turn logging_collector on; the role needs pg_read_server_files or superuser.",
)
def log_grows(monitoring: Monitoring, finding: Finding) -> None:
    """The server's log can be read and grows.

    A log that cannot be read is no evidence.
    """
    finding.note(
        nsentence(
            "{n:,} byte in {file}",
            "{n:,} bytes in {file}",
            monitoring.grown_bytes,
            file=monitoring.log_file,
        ),
        "> 0 bytes",
    )
    finding.require(
        monitoring.grown_bytes > 0, sentence("{file} did not grow", file=monitoring.log_file)
    )


@check("monitoring.probe_ddl", remedy=_LOG_DESTINATION)
def probe_ddl_is_logged(monitoring: Monitoring, finding: Finding) -> None:
    """A probe DDL statement is found in the log with its duration.

    A setting can be on while nothing is written.
    """
    finding.note(monitoring.ddl_duration_ms, "a duration in ms")
    _require_log(monitoring, finding)
    finding.require(monitoring.ddl_duration_ms is not None, "the probe DDL is not in the log")


@check("monitoring.probe_query", remedy=_LOG_DESTINATION)
def probe_query_is_logged(monitoring: Monitoring, finding: Finding) -> None:
    """A probe query is found in the log with its duration.

    A setting can be on while nothing is written.
    """
    finding.note(monitoring.query_duration_ms, "a duration in ms")
    _require_log(monitoring, finding)
    finding.require(monitoring.query_duration_ms is not None, "the probe query is not in the log")
