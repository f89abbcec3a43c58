"""A server with a small restored catalogue, on which defective scripts are tried one by one."""

from __future__ import annotations

import shutil
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from shadowgate.catalogue import diff, take_snapshot
from shadowgate.checks import spec_of
from shadowgate.migrate import Script, read_script
from shadowgate.options import Run
from shadowgate.plan import Plan
from shadowgate.preflight import Preflight
from shadowgate.progress import silent
from shadowgate.recorder import Recorder
from shadowgate.server import Databases, open_server
from shadowgate.stages import Applied, Runner
from tests.selftest.defects.files import Defect
from tests.selftest.defects.scope import checks_for, every_check, plan_for
from tests.selftest.defects.traces import TracesLeft, on_server
from tests.selftest.phase_values import Result, Values, run_checks

ROWS = 4_000
"""Rows of the catalogue: enough for every partition to have hundreds."""

ROOM_BYTES = 1_000_000_000
"""For a server with all copies: hundreds of small files each, ten times faster in memory."""

LEEWAY = 2
"""By how much locks may last longer than the plan says: several servers share a busy machine."""

_SETTINGS = {"shared_buffers": "32MB", "default_statistics_target": "10"}
_STANDS_ON = ("restore.clean", "restore.fingerprint", "migration.applied")
"""What the checks of phases 5 and 8 require of the phase before, taken for granted at first."""
_OTHERS = "SELECT datname FROM pg_database WHERE datname LIKE %s AND datname <> ALL (%s)"
_SHARED = ("plan", "shadow", "before", "unmigrated", "before_rows")
"""Values that no defect has a part in."""

_OTHER_REFERENCE_SYSTEMS = "DELETE FROM spatial_ref_sys WHERE srid <> %s"
"""Twice as many rows as the catalogue has, to be read for each state of each copy."""
_BRINGS_THEM_BACK = "rollback.snapshot_restores"
"""A restored dump has all of them: they come with PostGIS. No rollback has a part in it."""


@dataclass(frozen=True)
class Outcome:
    """What the checks said of one defect, or of the clean scripts."""

    results: tuple[Result, ...]
    seconds: float

    @property
    def failed(self) -> tuple[Result, ...]:
        """The checks that did not pass, those aside that were blocked by another one."""
        return tuple(r for r in self.results if r.status not in ("passed", "blocked", "skipped"))

    @property
    def failed_checks(self) -> frozenset[str]:
        """Their ids without items."""
        return frozenset(spec_of(result.id).id for result in self.failed)


class Bench:
    """A context manager: a server of one's own with the small backup of a plan restored."""

    def __init__(self, plan: Plan) -> None:
        locks = replace(
            plan.locks,
            reader_ms=LEEWAY * plan.locks.reader_ms,
            writer_ms=LEEWAY * plan.locks.writer_ms,
        )
        self.plan: Plan = replace(plan, backup=replace(plan.backup, rows=ROWS), locks=locks)
        self._kept = [f"{self.plan.database}{suffix}" for suffix in ("", "_light", "_clean")]
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._opened = self._open(stack)
            self._whole = self._start(self._opened)
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
        plan = self.plan if defect is None else plan_for(defect, self.plan)
        checks = every_check(plan) if defect is None else checks_for(defect, plan)
        values = Values(self._given(defect) | {"plan": plan})
        try:
            results = run_checks(checks, values, _recorder())
        finally:
            self._clean_up()
        if defect is None:
            # The trial with every check; the others do not write to the shadow in any other way.
            self._see_that_the_shadow_is_whole()
        elif defect.undo:
            self._undo(defect.undo)
        self._see_that_nothing_is_left()
        return Outcome(tuple(results), time.perf_counter() - began)

    def _open(self, stack: ExitStack) -> Preflight:
        workspace = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="shadowgate-")))
        server = open_server("local", settings=_SETTINGS, room_bytes=ROOM_BYTES)
        stack.callback(server.close)
        databases = stack.enter_context(Databases(server))
        self._maintenance = stack.enter_context(server.maintenance.connect())
        shadow = databases.create(self.plan.database)
        with shadow.connect() as connection:
            connection.execute("CREATE EXTENSION postgis")
        return Preflight(
            server=server,
            databases=databases,
            shadow=shadow,
            migration=read_script(self.plan.migration),
            rollback=read_script(self.plan.rollback),
            earlier=tuple(read_script(path) for path in self.plan.backup.apply),
            backup=None,
            workspace=workspace,
            inputs={},
            free_bytes=None,
            needed_bytes=0,
            _stack=ExitStack(),
        )

    def _start(self, opened: Preflight, **made: Any) -> dict[str, Any]:
        """Values that trials begin with: the shadow and what is in it, restored unless it is."""
        run = Run(self.plan, "local", None, opened.workspace, self.plan.backup.rows)
        given = {"run": run, "progress": silent, "opened": opened}
        values = Values(given | made)
        return given | {name: values[name] for name in _SHARED}

    @cached_property
    def _light(self) -> dict[str, Any]:
        """The same with a copy that has one reference system, that of the catalogue."""
        shadow = self._opened.databases.clone(self._opened.shadow, self._kept[1])
        with shadow.connect() as connection:
            connection.execute(_OTHER_REFERENCE_SYSTEMS, (self.plan.backup.srid,))
            connection.execute("VACUUM FULL spatial_ref_sys")
        return self._start(replace(self._opened, shadow=shadow), restored=None)

    @cached_property
    def _applied(self) -> Applied:
        """A copy with the clean migration, for every defective rollback."""
        copy = self._opened.databases.clone(self._light["shadow"], self._kept[2])
        runner: Runner = Values(self._light)["runner"]
        return runner.apply(self._opened.migration, copy)

    def _given(self, defect: Defect | None) -> dict[str, Any]:
        """Values to begin with; a defect alters the scripts, one of a rollback also the copy."""
        if defect is None:
            return self._whole
        if defect.script == "migration":
            start = self._whole if _BRINGS_THEM_BACK in defect.allowed else self._light
            script = self._with(defect, self.plan.migration)
            return start | {"opened": replace(start["opened"], migration=script)}
        script = self._with(defect, self.plan.rollback)
        opened = replace(self._light["opened"], rollback=script)
        return self._light | {"opened": opened, "applied": self._applied}

    def _with(self, defect: Defect, clean: Path) -> Script:
        spoiled = self._opened.workspace / clean.name
        spoiled.write_text(defect.spoil(clean.read_text(encoding="utf-8")), encoding="utf-8")
        return read_script(spoiled)

    def _clean_up(self) -> None:
        made = self._maintenance.execute(_OTHERS, (f"{self.plan.database}%", self._kept))
        for (name,) in made.fetchall():
            self._opened.databases.drop(name)
        for left in self._opened.workspace.iterdir():
            if left.is_dir():
                shutil.rmtree(left)
            else:
                left.unlink()

    def _undo(self, statements: str) -> None:
        for statement in statements.split(";"):
            self._maintenance.execute(statement.encode())

    def _see_that_nothing_is_left(self) -> None:
        left = on_server(self._maintenance, self._opened.shadow.name) ^ self._on_server
        if left:
            raise TracesLeft("; ".join(sorted(left)))

    def _see_that_the_shadow_is_whole(self) -> None:
        with self._opened.shadow.connect() as connection:
            found = diff(self._whole["unmigrated"].snapshot, take_snapshot(connection))
        if found:
            raise TracesLeft("; ".join(found.in_words()))


def _recorder() -> Recorder:
    recorder = Recorder()
    for check in _STANDS_ON:
        recorder.close(check, "passed", claim="", seconds=0.0)
    return recorder
