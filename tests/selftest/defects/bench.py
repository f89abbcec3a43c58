"""A server with a small restored catalogue, on which defective scripts are tried one by one."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from shadowgate.catalogue import diff, take_snapshot
from shadowgate.evidence import CheckResult
from shadowgate.migrate import Script, read_script
from shadowgate.phases.environment.preflight import Preflight
from shadowgate.phases.migration.checks import jobs_run
from shadowgate.phases.registry import CHECKS
from shadowgate.phases.run import Run
from shadowgate.phases.runner import Applied
from shadowgate.phases.verdict import check_of
from shadowgate.plan import Plan
from shadowgate.server import Databases, open_server
from tests.selftest.defects.files import Defect, rollback_of
from tests.selftest.defects.scope import checks_for, every_check, plan_for
from tests.selftest.defects.traces import TracesLeft, on_server
from tests.selftest.trials import ROOM_BYTES, SETTINGS, empty, opened_for, results_of, run_on

ROWS = 4_000
"""Rows of the catalogue: enough for every partition to have hundreds."""

LEEWAY = 2
"""By how much locks may last longer than the plan says: several servers share a busy machine."""

_OTHERS = "SELECT datname FROM pg_database WHERE datname LIKE %s AND datname <> ALL (%s)"


@dataclass(frozen=True)
class Outcome:
    """What the checks said of one defect, or of the clean scripts."""

    results: tuple[CheckResult, ...]
    seconds: float
    unavailable: Mapping[str, str] = field(default_factory=dict)
    """Result id -> what this machine lacks to judge it."""

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        """The checks that were judged and did not pass; a blocked one was not."""
        return tuple(
            result
            for result in self.results
            if result.status in ("failed", "inconclusive") and result.id not in self.unavailable
        )

    @property
    def failed_checks(self) -> frozenset[str]:
        """Their ids without items."""
        return frozenset(check_of(CHECKS, result.id).id for result in self.failed)


class Bench:
    """A context manager: a server of one's own with the small backup of a plan restored."""

    def __init__(self, plan: Plan) -> None:
        locks = replace(
            plan.locks,
            reader_ms=LEEWAY * plan.locks.reader_ms,
            writer_ms=LEEWAY * plan.locks.writer_ms,
        )
        self.plan: Plan = replace(plan, backup=replace(plan.backup, rows=ROWS), locks=locks)
        self._kept = [self.plan.database, f"{self.plan.database}_clean"]
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._opened = self._open(stack)
            self._restored = run_on(self._opened, self.plan)
            self._restored.ensure(self._restored.unmigrated)  # makes the roles of the backup
            self._on_server = on_server(self._maintenance, self._opened.shadow.name)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def judge(self, defect: Defect | None) -> Outcome:
        """Put a defect into its script and see what the checks say; ``None``: into neither.

        Raises:
            DefectFileError: the defect does not fit the script.
            TracesLeft: the server is not what it was before.
        """
        began = time.perf_counter()
        run = self._begin(defect)
        checks = every_check() if defect is None else checks_for(defect)
        try:
            results = tuple(results_of(checks, run))
        finally:
            self._clean_up()
        if defect is None:
            # The trial with every check; the others do not write to the shadow in any other way.
            self._see_that_the_shadow_is_whole()
        elif defect.undo:
            self._undo(defect.undo)
        self._see_that_nothing_is_left()
        return Outcome(results, time.perf_counter() - began, _unavailable(run))

    def _open(self, stack: ExitStack) -> Preflight:
        workspace = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="shadowgate-")))
        server = open_server("local", settings=SETTINGS, room_bytes=ROOM_BYTES)
        stack.callback(server.close)
        databases = stack.enter_context(Databases(server))
        self._maintenance = stack.enter_context(server.maintenance.connect())
        shadow = databases.create(self.plan.database)
        with shadow.connect() as connection:
            connection.execute("CREATE EXTENSION postgis")
        return opened_for(self.plan, server, databases, shadow, workspace)

    def _begin(self, defect: Defect | None) -> Run:
        """A run with the evidence that no trial has a part in; a defect alters one script."""
        if defect is None:
            run = run_on(self._opened, self.plan)
        elif defect.script == "migration":
            script = self._spoiled(defect, self.plan.migration)
            plan = plan_for(defect, self.plan)
            opened = replace(self._opened, migration=script, production=plan.production.rows)
            run = run_on(opened, plan)
        else:
            script = self._spoiled(defect, rollback_of(self.plan))
            run = run_on(replace(self._opened, rollback=script), plan_for(defect, self.plan))
            run.applied = self._applied
        run.restored = self._restored.restored
        run.before = self._restored.before
        run.unmigrated = self._restored.unmigrated
        run.soundness = self._restored.soundness
        return run

    @cached_property
    def _applied(self) -> Applied:
        """A copy with the clean migration, for every defective rollback."""
        copy = self._opened.databases.clone(self._opened.shadow, self._kept[1])
        return Applied(copy, self._restored.runner.watched(self._opened.migration, copy))

    def _spoiled(self, defect: Defect, clean: Path) -> Script:
        spoiled = self._opened.workspace / clean.name
        spoiled.write_text(defect.spoil(clean.read_text(encoding="utf-8")), encoding="utf-8")
        return read_script(spoiled)

    def _clean_up(self) -> None:
        made = self._maintenance.execute(_OTHERS, (f"{self.plan.database}%", self._kept))
        for (name,) in made.fetchall():
            self._opened.databases.drop(name)
        empty(self._opened.workspace)

    def _undo(self, statements: str) -> None:
        for statement in statements.split(";"):
            self._maintenance.execute(statement.encode())

    def _see_that_nothing_is_left(self) -> None:
        left = on_server(self._maintenance, self._opened.shadow.name) ^ self._on_server
        if left:
            raise TracesLeft("; ".join(sorted(left)))

    def _see_that_the_shadow_is_whole(self) -> None:
        with self._opened.shadow.connect() as connection:
            found = diff(self._restored.unmigrated.snapshot, take_snapshot(connection))
        if found:
            raise TracesLeft("; ".join(found.in_words()))


def _unavailable(run: Run) -> Mapping[str, str]:
    """What could not be carried out for want of pg_cron."""
    scheduled = run.known(Run.scheduled)
    return {jobs_run.id: scheduled.unavailable} if scheduled and scheduled.unavailable else {}
