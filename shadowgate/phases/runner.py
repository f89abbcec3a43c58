"""Applies a script to a copy as the rollout does, watched."""

from __future__ import annotations

from dataclasses import dataclass, field

from shadowgate.migrate import (
    NEVER,
    LockWatch,
    RetryPolicy,
    Script,
    ScriptRun,
    SessionSettings,
    StopAfter,
    Watch,
    apply_script,
)
from shadowgate.plan import RunnerSection
from shadowgate.progress import Progress
from shadowgate.server import ClientTools, Database

RETRY = RetryPolicy(attempts=20, pause_seconds=0.25)
"""How the rollout's runner treats a lock timeout."""


def session_of(runner: RunnerSection) -> SessionSettings:
    """The session that a plan says production's runner has."""
    return SessionSettings(
        statement_timeout=runner.statement_timeout,
        lock_timeout=runner.lock_timeout,
        search_path=runner.search_path,
        role=runner.role,
    )


@dataclass(frozen=True)
class Applied:
    """The migration, applied to a quiet copy of the shadow."""

    database: Database
    run: ScriptRun

    @property
    def notices(self) -> tuple[str, ...]:
        """What the script told its operator."""
        return tuple(
            notice.message for _, notice in self.run.notices if notice.severity == "NOTICE"
        )


@dataclass(frozen=True)
class Runner:
    """Applies scripts as the rollout does: statement by statement, lock timeouts retried."""

    tools: ClientTools
    """For scripts that only psql can read."""
    progress: Progress
    session: SessionSettings = field(default_factory=SessionSettings)
    """What its session has before the script."""

    def run(self, script: Script, database: Database, watch: Watch | None = None) -> ScriptRun:
        """Apply a script; a failed statement is in the run's ``error``."""
        name = f"{script.path.parent.name}/{script.path.name}"
        self.progress(f"applying {name} to {database.name}")
        return apply_script(
            script,
            database,
            watch=watch,
            retry=RETRY,
            tools=self.tools,
            session=self.session,
            progress=self.progress,
        )

    def watched(
        self, script: Script, database: Database, stop_after: StopAfter = NEVER
    ) -> ScriptRun:
        """Apply a script, watched from a second session, which may stop it."""
        return self.run(script, database, LockWatch(database, stop_after=stop_after))
