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

from shadowgate.checks import spec_of
from shadowgate.inspect import diff, take_snapshot
from shadowgate.migrate import Script, read_script
from shadowgate.options import Run
from shadowgate.plan import Plan
from shadowgate.preflight import Preflight
from shadowgate.progress import silent
from shadowgate.recorder import Recorder
from shadowgate.server import Databases, open_server
from shadowgate.stages import Applied, Runner
from tests.selftest.defect_files import Defect
from tests.selftest.defect_scope import checks_for, every_check, plan_for
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
"""Thousands of rows: to read them for each state of each copy is what takes longest there."""

_ON_SERVER = """
WITH shadow AS (SELECT * FROM pg_database WHERE datname = %s)
SELECT concat_ws(' ', 'database', to_jsonb(shadow) - 'datfrozenxid' - 'datminmxid') FROM shadow
UNION SELECT concat_ws(' ', 'role', to_jsonb(r)) FROM pg_roles r
UNION SELECT concat_ws(' ', 'role membership', to_jsonb(m)) FROM pg_auth_members m
UNION SELECT concat_ws(' ', 'setting', setrole, setconfig) FROM pg_db_role_setting
    WHERE setdatabase IN (0, (SELECT oid FROM shadow))
UNION SELECT concat_ws(' ', 'comment', description) FROM pg_shdescription
    WHERE classoid = 'pg_authid'::regclass OR objoid = (SELECT oid FROM shadow)
UNION SELECT concat_ws(' ', 'replication slot', slot_name) FROM pg_replication_slots
UNION SELECT concat_ws(' ', 'server setting', name, setting) FROM pg_file_settings
    WHERE sourcefile LIKE '%%/postgresql.auto.conf'
"""
"""What a trial can change outside of the databases that are dropped after it, as lines."""


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


class TracesLeft(Exception):  # noqa: N818  (says what is there)
    """A defect changed the server for those after it: its file lacks an ``undo``."""


class Bench:
    """A context manager: a server of one's own with the small backup of a plan restored."""

    def __init__(self, plan: Plan) -> None:
        locks = replace(
            plan.locks,
            reader_ms=LEEWAY * plan.locks.reader_ms,
            writer_ms=LEEWAY * plan.locks.writer_ms,
        )
        self.plan: Plan = replace(plan, backup=replace(plan.backup, rows=ROWS), locks=locks)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._opened = self._open(stack)
            self._shared = self._prepare()
            self._on_server = frozenset(self._maintained(_ON_SERVER, self._opened.shadow.name))
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
        values = Values({**self._shared, **self._spoiled(defect), "plan": plan})
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
            connection.execute(_OTHER_REFERENCE_SYSTEMS, (self.plan.backup.srid,))
            connection.execute("VACUUM FULL spatial_ref_sys")
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

    def _prepare(self) -> dict[str, Any]:
        """Values that every trial begins with: the restored shadow and what is in it."""
        opened = self._opened
        run = Run(self.plan, "local", None, opened.workspace, self.plan.backup.rows)
        given = {"run": run, "progress": silent, "opened": opened}
        values = Values(given)
        return given | {name: values[name] for name in _SHARED}

    def _spoiled(self, defect: Defect | None) -> dict[str, Any]:
        """Values that a defect alters: the scripts, and for a rollback what it begins with."""
        if defect is None:
            return {}
        if defect.script == "migration":
            script = self._with(defect, self.plan.migration)
            return {"opened": replace(self._opened, migration=script)}
        script = self._with(defect, self.plan.rollback)
        return {"opened": replace(self._opened, rollback=script), "applied": self._applied}

    def _with(self, defect: Defect, clean: Path) -> Script:
        spoiled = self._opened.workspace / clean.name
        spoiled.write_text(defect.spoil(clean.read_text(encoding="utf-8")), encoding="utf-8")
        return read_script(spoiled)

    @cached_property
    def _applied(self) -> Applied:
        """A copy with the clean migration, for every defective rollback."""
        copy = self._opened.databases.clone(self._opened.shadow, f"{self.plan.database}_clean")
        runner: Runner = Values(self._shared)["runner"]
        return runner.apply(self._opened.migration, copy)

    def _clean_up(self) -> None:
        kept = [self._opened.shadow.name, f"{self.plan.database}_clean"]
        made = self._maintained(_OTHERS, f"{self.plan.database}%", kept)
        for name in made:
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
        left = set(self._maintained(_ON_SERVER, self._opened.shadow.name)) ^ self._on_server
        if left:
            raise TracesLeft("; ".join(sorted(left)))

    def _see_that_the_shadow_is_whole(self) -> None:
        with self._opened.shadow.connect() as connection:
            found = diff(self._shared["unmigrated"].snapshot, take_snapshot(connection))
        if found:
            raise TracesLeft("; ".join(found.in_words()))

    def _maintained(self, query: str, *values: Any) -> list[str]:
        """The lines that a query of the maintenance database returns."""
        return [line for (line,) in self._maintenance.execute(query.encode(), values)]


def _recorder() -> Recorder:
    recorder = Recorder()
    for check in _STANDS_ON:
        recorder.close(check, "passed", claim="", seconds=0.0)
    return recorder
