"""Several migrations as one: applied in order to the restored backup, then rolled back in reverse.

Each has its own run, in which its rollback is tried on the state that it left itself. Here each is
rolled back on what the rollbacks of those behind it have left, as one does who takes back a whole
deployment; what counts is whether that ends where it began.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from shadowgate.catalogue import AllowedChanges, TableFingerprint, diff
from shadowgate.migrate import Script, in_one_transaction, read_script
from shadowgate.phases.restore.state import State, content_in_words, state_of
from shadowgate.phases.run import Run
from shadowgate.phases.runner import Runner, session_of
from shadowgate.plan import Plan, read_plan
from shadowgate.server import Database


@dataclass(frozen=True)
class Step:
    """One migration of a batch."""

    name: str
    up: Path
    """As its runner sends it, the runner's own transaction included."""
    down: Path
    plan: Path | None = None
    """Its plan, where it has one."""
    transaction: str = ""
    """``file`` where its runner sends the rollback in one transaction."""


@dataclass(frozen=True)
class Left:
    """Something that is not as it was before the batch."""

    step: str
    """Name of the migration whose rollback left it."""
    what: str


def read_steps(path: Path) -> tuple[Step, ...]:
    """Read what :mod:`shadowgate.repository.batch` has written."""
    return tuple(
        Step(
            each["name"],
            Path(each["up"]),
            Path(each["down"]),
            Path(each["plan"]) if each["plan"] else None,
            each["transaction"],
        )
        for each in json.loads(path.read_text(encoding="utf-8"))
    )


def roll_back_batch(run: Run, steps: Sequence[Step]) -> tuple[Left, ...]:
    """Apply migrations in order, roll them back in reverse, and tell what is not as it was.

    Args:
        run: its preflight is through; it has the backup.
        steps: the migrations, in order.

    Raises:
        MigrationError: one of them cannot be applied.
        ShadowgateError: the backup does not restore.
    """
    run.ensure(run.restored)
    plans = [read_plan(each.plan) if each.plan else None for each in steps]
    with run.databases.cloned(run.shadow, f"{run.plan.database}_batch") as copy:
        return _Batch(run, copy, plans).left(steps)


class _Batch:
    def __init__(self, run: Run, copy: Database, plans: Sequence[Plan | None]) -> None:
        self.run = run
        self.copy = copy
        self.plans = plans
        self.allowed = _declared_by(plan for plan in plans if plan is not None)

    def left(self, steps: Sequence[Step]) -> tuple[Left, ...]:
        before = []
        for number, step in enumerate(steps):
            before.append(self._state())
            self._runner(number).run(read_script(step.up), self.copy).raise_for_error()
        found: dict[str, str] = {}  # sentence -> the first rollback after which it holds
        last: tuple[str, ...] = ()
        for number, step in reversed([*enumerate(steps)]):
            back = self._runner(number).run(_rollback(step), self.copy)
            if back.error:
                return (Left(step.name, f"its rollback fails: {back.error}"),)
            last = self._differences(before[number])
            found = {sentence: found.get(sentence, step.name) for sentence in last}
        return tuple(Left(found[sentence], sentence) for sentence in last)

    def _runner(self, number: int) -> Runner:
        plan = self.plans[number] or self.run.plan
        return replace(self.run.runner, session=session_of(plan.runner))

    def _state(self) -> State:
        state = state_of(self.copy)
        if not self.allowed:
            return state
        return replace(state, content=state_of(self.copy, self._compared(state.content)).content)

    def _compared(self, content: Mapping[str, TableFingerprint]) -> dict[str, TableFingerprint]:
        """The tables, in the columns whose values have to come back."""
        return {
            table: replace(
                found,
                columns=tuple(c for c in found.columns if c not in self.allowed.of(table)),
            )
            for table, found in content.items()
        }

    def _differences(self, expected: State) -> tuple[str, ...]:
        """What is not as expected, a sentence each."""
        found = state_of(self.copy, self._compared(expected.content))
        content = {
            table: known
            for table, known in expected.content.items()
            if not self.allowed.whole(table)
        }
        schema = diff(expected.snapshot, found.snapshot).in_words()
        return (*schema, *content_in_words(content, found.content))


def _declared_by(plans: Iterable[Plan]) -> AllowedChanges:
    """Data whose old values no rollback has to bring back: the plans say so."""
    columns: dict[str, set[str]] = {}
    for plan in plans:
        for table, names in plan.changes.rows.items():
            columns.setdefault(table, set()).update(names)
    return AllowedChanges(
        {table: ("*",) if "*" in names else tuple(names) for table, names in columns.items()}
    )


def _rollback(step: Step) -> Script:
    script = read_script(step.down)
    return in_one_transaction(script) if step.transaction == "file" else script
