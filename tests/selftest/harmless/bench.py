"""One server with one small shop, on which every migration of the corpus is tried."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Collection
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Queue
from types import TracebackType
from typing import Any, Self, TypeVar

from shadowgate.backup import Restoration
from shadowgate.catalogue import diff, take_snapshot
from shadowgate.evidence import CheckResult
from shadowgate.phases.check import Check
from shadowgate.phases.performance.checks import rows_are_the_same
from shadowgate.phases.registry import CHECKS
from shadowgate.phases.restore.soundness import look_over
from shadowgate.phases.restore.state import state_of
from shadowgate.phases.rollout.checks import rollout_is_rehearsed
from shadowgate.phases.run import Run
from shadowgate.plan import LocksSection, Plan, derived_plan, read_plan
from shadowgate.server import Database, Databases, Server, open_server
from tests.selftest.harmless.corpus import BASE, Migration, Mistake
from tests.selftest.trials import (
    COSTLY,
    ROOM_BYTES,
    SETTINGS,
    empty,
    opened_for,
    results_of,
    run_on,
)

T = TypeVar("T")

WORKERS = 2
"""Trials at once: each waits for the server nearly all the time."""

_OTHERS = "SELECT datname FROM pg_database WHERE datname LIKE %s"

_KEYS = ("\\restrict", "\\unrestrict")

LARGER = 1_000
"""By so much production is larger than the shop."""

_DAY = dt.date(2026, 12, 1)

_PAIRS = 6
"""The fewest that there may be: timings are not judged."""

_LOCKS = LocksSection(reader_ms=1000, writer_ms=2000)
"""Twice the usual: others share the machine."""


def plan_of(folder: Path, *, migration: Path | None = None, rollback: Path | None = None) -> Plan:
    """The plan that a migration is judged by: none but what the product derives from its text.

    Where a folder has a ``plan.toml``, what the migration does cannot be told from its text.

    Args:
        folder: that of the migration.
        migration: instead of the folder's: one with a mistake.
        rollback: the same for the way back.
    """
    it = Migration(folder)
    scripts = (migration or it.script, rollback or it.rollback)
    if it.plan.exists():
        plan = replace(read_plan(it.plan), migration=scripts[0], rollback=scripts[1])
    else:
        plan = derived_plan(*scripts, it.queries, _DAY)
    quick = replace(plan.performance, min_pairs=_PAIRS)
    return replace(plan, performance=quick, locks=_LOCKS)


@dataclass(frozen=True)
class Outcome:
    """What the checks said of one trial."""

    results: tuple[CheckResult, ...]

    @property
    def against(self) -> tuple[CheckResult, ...]:
        """The results that stand in the way of GO."""
        return tuple(
            result
            for result in self.results
            if result.required and result.status in ("failed", "inconclusive", "blocked")
        )

    def in_words(self) -> str:
        """What stands in the way of GO, a paragraph a result."""
        return "\n".join(f"{each.id} {each.status}: {each.detail}" for each in self.against)


def checks_of_harmless(*, costly: bool) -> tuple[Check[Any], ...]:
    """The checks that a harmless migration must pass: all of phases 5 and 8, and two others."""
    left_out: Collection[str] = () if costly else {piece.name for piece in COSTLY}
    return tuple(
        check
        for check in CHECKS
        if (check.phase in (5, 8) or check in (rows_are_the_same, rollout_is_rehearsed))
        and not any(name in left_out for name in check.takes)
    )


@dataclass(frozen=True)
class Walk:
    """A migration twice, its rollback, and the migration again, as psql runs them."""

    errors: tuple[str, ...]
    """What psql complained about."""
    astray: tuple[str, ...]
    """Lines of a dump that the way back did not lead back to."""


class Shop:
    """A restored shop of its own for one trial at a time."""

    def __init__(self, server: Server, databases: Databases, database: Database) -> None:
        self._server = server
        self._databases = databases
        self._database = database
        self._workspace = Path(tempfile.mkdtemp(prefix="shadowgate-"))
        self._before = state_of(database)
        self._soundness = look_over(database)
        self._dump = self._dumped(database)

    def judge(self, migration: Migration, *, costly: bool) -> Outcome:
        """Judge a harmless migration by every check, or by all but the costly ones."""
        plan = plan_of(migration.folder)
        return self._carry_out(checks_of_harmless(costly=costly), plan)

    def judge_mistake(self, mistake: Mistake) -> Outcome:
        """Judge a mistake by the check that is named for it."""
        plan = plan_of(mistake.migration.folder, **{mistake.script: mistake.path})
        return self._carry_out([check for check in CHECKS if check.id == mistake.check], plan)

    def walk(self, migration: Migration) -> Walk:
        """Run both scripts in psql, which is no part of the product."""
        there, back = migration.script, migration.rollback
        with self._databases.cloned(self._database, f"{self._database.name}_walk") as copy:
            errors = [self._psql(copy, script) for script in (there, there, back)]
            dump = self._dumped(copy)
            errors.append(self._psql(copy, there))
        astray = (dump - self._dump) + (self._dump - dump)
        return Walk(tuple(filter(None, errors)), tuple(astray))

    def close(self) -> None:
        """See that nobody wrote to the shop, which is there to be copied.

        Raises:
            RuntimeError: somebody did; says what.
        """
        shutil.rmtree(self._workspace)
        with self._database.connect() as connection:
            found = diff(self._before.snapshot, take_snapshot(connection))
        if found:
            raise RuntimeError("; ".join(found.in_words()))

    def _carry_out(self, checks: Collection[Check[Any]], plan: Plan) -> Outcome:
        run = self._begin(replace(plan, database=self._database.name))
        try:
            return Outcome(tuple(results_of(checks, run)))
        finally:
            self._clean_up()

    def _begin(self, plan: Plan) -> Run:
        opened = opened_for(plan, self._server, self._databases, self._database, self._workspace)
        rows = {table: LARGER * found.rows for table, found in self._before.content.items()}
        run = run_on(replace(opened, production=rows), plan)
        run.restored = Restoration(0.0, 0.0, f"read {BASE.name}")
        run.before = run.unmigrated = self._before
        run.soundness = self._soundness
        run.quiet_before = self._database
        return run

    def _clean_up(self) -> None:
        with self._server.maintenance.connect() as connection:
            made = connection.execute(_OTHERS, (f"{self._database.name}_%",)).fetchall()
        for (name,) in made:
            self._databases.drop(name)
        empty(self._workspace)

    def _psql(self, database: Database, script: Path) -> str:
        done = self._server.tools.run(
            "psql",
            ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file={script}"],
            database=database.name,
            files={"script": script},
        )
        return done.stderr if done.status else ""

    def _dumped(self, database: Database) -> Counter[str]:
        """The lines of a dump, in whatever order: rows and columns move.

        pg_dump protects each dump by a key of its own, which is left out.
        """
        done = self._server.tools.run("pg_dump", [], database=database.name)
        if done.status:
            raise RuntimeError(done.stderr)
        return Counter(line for line in done.stdout.splitlines() if not line.startswith(_KEYS))


class Bench:
    """A context manager: a server with as many copies of one restored shop as work at once."""

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            server = open_server("local", settings=SETTINGS, room_bytes=ROOM_BYTES)
            stack.callback(server.close)
            databases = stack.enter_context(Databases(server))
            base = databases.create("base")
            with base.connect() as connection:
                connection.execute(BASE.read_bytes())
                connection.execute("VACUUM (ANALYZE)")
            self._free: Queue[Shop] = Queue()
            for number in range(1, WORKERS + 1):
                shop = Shop(server, databases, databases.clone(base, f"shop_{number}"))
                stack.callback(shop.close)
                self._free.put(shop)
            self._pool = ThreadPoolExecutor(WORKERS)
            stack.callback(self._pool.shutdown, cancel_futures=True)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def begin(self, trial: Callable[[Shop], T]) -> Future[T]:
        """Try something on the next shop that is free; its outcome is to come."""
        return self._pool.submit(self._on_a_free_shop, trial)

    def _on_a_free_shop(self, trial: Callable[[Shop], T]) -> T:
        shop = self._free.get()
        try:
            return trial(shop)
        finally:
            self._free.put(shop)
