"""One server with one small shop, on which every migration of the corpus is tried."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from shadowgate.catalogue import diff, take_snapshot
from shadowgate.evidence import CheckResult
from shadowgate.migrate import read_script
from shadowgate.options import Request
from shadowgate.phases.check import Check
from shadowgate.phases.environment.preflight import Preflight
from shadowgate.phases.execution import carry_out
from shadowgate.phases.performance.checks import rows_are_the_same
from shadowgate.phases.piece import Piece
from shadowgate.phases.registry import CHECKS
from shadowgate.phases.restore.state import state_of
from shadowgate.phases.run import Run
from shadowgate.plan import Plan, read_plan
from shadowgate.server import Database, Databases, open_server
from tests.selftest.harmless.corpus import BASE, Migration, Mistake

ROOM_BYTES = 1_000_000_000
"""For the shop and its copies, some ten of 20 MB, which are made ten times faster in memory."""

_SETTINGS = {"shared_buffers": "32MB"}

COSTLY = (
    Run.interruptions,
    Run.rehearsal,
    Run.rollback_rehearsal,
    Run.dump,
    Run.dump_differences,
)
"""Evidence that takes several times as long as all the rest: gathered for a chosen few."""

_PROOFS = frozenset(
    piece.proven_by for piece in vars(Run).values() if isinstance(piece, Piece) and piece.proven_by
)
"""Checks that prove evidence for others; taken for granted where a trial leaves them out."""

_OTHERS = "SELECT datname FROM pg_database WHERE datname LIKE %s AND datname <> %s"

_SHOP = """
name = {name}
title = {name}
migration = {migration}
rollback = {rollback}
database = "shop"

[rollout]
start = 2026-12-01

[backup]
table = "public.orders"

[workload]
queries = {queries}

[performance]
min_pairs = 6

[locks]  # those of a machine that others share
reader_ms = 1000
writer_ms = 2000

[traffic]
readers = 2
writers = 1
reads = ['''
SELECT id, customer, total FROM public.order_summary WHERE id = (SELECT max(id) FROM public.orders)
''']
writes = ['''
INSERT INTO public.orders (customer_id, total)
VALUES (1 + floor(random() * 1500)::bigint, 10) RETURNING id, total
''']
kept = "SELECT id, total FROM public.orders"

[undo]
write = '''
INSERT INTO public.orders (customer_id, total, shipping_method) VALUES (17, 20, 'express')
'''
"""


def plan_of(folder: Path, *, migration: Path | None = None, rollback: Path | None = None) -> Plan:
    """The plan that a migration is judged by.

    What its text announces stands in ``announced.toml`` beside it, what only a plan can say in
    ``plan.toml``; both are keys of a plan file.

    Args:
        folder: that of the migration.
        migration: instead of the folder's: one with a mistake.
        rollback: the same for the way back.
    """
    it = Migration(folder)
    said = [folder / "announced.toml", folder / "plan.toml"]
    texts = [path.read_text(encoding="utf-8") for path in said if path.exists()]
    values = {
        "name": it.name,
        "migration": str(migration or it.script),
        "rollback": str(rollback or it.rollback),
        "queries": str(it.queries),
    }
    shop = _SHOP.format(**{key: json.dumps(value) for key, value in values.items()})
    with tempfile.TemporaryDirectory() as made:
        path = Path(made) / "plan.toml"
        path.write_text("\n".join((shop, *texts)), encoding="utf-8")
        return read_plan(path)


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
    """The checks that a harmless migration must pass: all of phases 5 and 8, and the same rows."""
    left_out: Collection[str] = () if costly else {piece.name for piece in COSTLY}
    return tuple(
        check
        for check in CHECKS
        if (check.phase in (5, 8) or check is rows_are_the_same)
        and not any(name in left_out for name in check.takes)
    )


class Bench:
    """A context manager: a server of one's own with the shop on it."""

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._workspace = Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="shadowgate-"))
            )
            self.server = open_server("local", settings=_SETTINGS, room_bytes=ROOM_BYTES)
            stack.callback(self.server.close)
            self._databases = stack.enter_context(Databases(self.server))
            self._maintenance = stack.enter_context(self.server.maintenance.connect())
            self.shop = self._databases.create("shop")
            with self.shop.connect() as connection:
                connection.execute(BASE.read_bytes())
                connection.execute("VACUUM (ANALYZE)")
            self._before = state_of(self.shop)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    @contextmanager
    def copy(self) -> Iterator[Database]:
        """A copy of the shop to work on; sessions on the shop are ended."""
        with self._databases.cloned(self.shop, "shop_copy") as copy:
            yield copy

    def judge(self, migration: Migration, *, costly: bool = False) -> Outcome:
        """Judge a harmless migration by every check, or by all but the costly ones."""
        plan = plan_of(migration.folder)
        return self._carry_out(checks_of_harmless(costly=costly), plan)

    def judge_mistake(self, mistake: Mistake) -> Outcome:
        """Judge a mistake by the check that is named for it."""
        plan = plan_of(mistake.migration.folder, **{mistake.script: mistake.path})
        return self._carry_out([check for check in CHECKS if check.id == mistake.check], plan)

    def drift(self) -> tuple[str, ...]:
        """What is not as it was on the shop, which is nobody's to write to, or on the server."""
        with self.shop.connect() as connection:
            return diff(self._before.snapshot, take_snapshot(connection)).in_words()

    def _carry_out(self, checks: Collection[Check[Any]], plan: Plan) -> Outcome:
        run = self._begin(plan)
        try:
            return Outcome(tuple(_results(checks, run)))
        finally:
            self._clean_up()

    def _begin(self, plan: Plan) -> Run:
        opened = Preflight(
            server=self.server,
            databases=self._databases,
            shadow=self.shop,
            migration=read_script(plan.migration),
            rollback=read_script(plan.rollback),
            earlier=(),
            backup=None,
            workspace=self._workspace,
            inputs={},
            free_bytes=None,
            needed_bytes=0,
            _stack=ExitStack(),
        )
        run = Run(
            Request(
                plan=plan,
                server="local",
                image=None,
                reports=self._workspace,
                generated_rows=None,
            )
        )
        run.opened = opened
        run.before = run.unmigrated = self._before
        run.quiet_before = self.shop
        return run

    def _clean_up(self) -> None:
        made = self._maintenance.execute(_OTHERS, ("shop%", self.shop.name))
        for (name,) in made.fetchall():
            self._databases.drop(name)
        for left in self._workspace.iterdir():
            if left.is_dir():
                shutil.rmtree(left)
            else:
                left.unlink()


def _results(checks: Iterable[Check[Any]], run: Run) -> Iterator[CheckResult]:
    """Carry checks out in order; what those prove that are left out is taken for granted."""
    chosen = tuple(checks)
    for proof in _PROOFS - {check.id for check in chosen}:
        run.results.by_id[proof] = CheckResult(proof, 0, "passed", "taken for granted")
    for check in chosen:
        for item in check.items_of(run.plan) or ("",):
            yield carry_out(check, item, run).result
