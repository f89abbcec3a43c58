"""Checks as pytest's items: collected from any module that names them, carried out one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from shadowgate import phases
from shadowgate.evidence import CheckResult
from shadowgate.language import for_readers, told
from shadowgate.log_text import log_text
from shadowgate.phases.check import Check
from shadowgate.phases.execution import carry_out
from shadowgate.phases.finding import CheckFailed
from shadowgate.phases.registry import CHECKS
from shadowgate.phases.run import Run
from shadowgate.report import redacted_text

RUN = pytest.StashKey[Run]()

PHASES_KEY = "shadowgate_phases"
"""Ini key for the files and folders whose modules name the phases."""

NO_PHASE = (
    "a validation was asked for, and no phase was collected: run `shadowgate run`, or name the "
    f"checks in a module (from shadowgate.phases.migration.checks import *) that the ini key "
    f"{PHASES_KEY} lists"
)

PHASES = Path(phases.__file__).parent
"""Folder of the phases that the package brings."""


class CheckItem(pytest.Item):
    """One check, or one item of it."""

    def __init__(self, *, check: Check[Any], item: str, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.check = check
        self.item = item
        self.result: CheckResult | None = None

    def runtest(self) -> None:
        """Carry the check out, and tell pytest how it ended."""
        outcome = carry_out(self.check, self.item, self.config.stash[RUN])
        self.result = outcome.result
        if outcome.error is not None:
            raise outcome.error
        # It goes to the terminal and to JUnit's file.
        detail = log_text(redacted_text(_shown(outcome.result.detail)))
        if outcome.result.status in ("skipped", "blocked"):
            pytest.skip(detail)
        if outcome.result.status != "passed":
            raise CheckFailed(detail)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show the sentences instead of a traceback where the error was raised on purpose."""
        if isinstance(excinfo.value, CheckFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        """Where the check stands, and its name."""
        return self.path, None, self.name


@for_readers
def _shown(detail: str) -> str:
    return told(detail)


class Collection:
    """Answers pytest's hooks while it collects."""

    def __init__(self, run: Run, paths: Sequence[Path]) -> None:
        """Collect the checks that modules in some files and folders name; nowhere else."""
        self.run = run
        self.paths = paths

    def pytest_collect_file(
        self, file_path: Path, parent: pytest.Collector
    ) -> pytest.Module | None:
        """Call a module of the package by its phase, wherever the package is installed."""
        if file_path.parents[1] != PHASES or file_path.name != "checks.py":
            return None
        phase = file_path.parent.name
        module: pytest.Module = pytest.Module.from_parent(parent, path=file_path, nodeid=phase)
        return module

    @pytest.hookimpl(tryfirst=True)
    def pytest_pycollect_makeitem(
        self, collector: pytest.Collector, obj: object
    ) -> list[CheckItem] | None:
        """Collect a check that a module of the phases names."""
        if not isinstance(obj, Check):
            return None
        there = any(path == collector.path or path in collector.path.parents for path in self.paths)
        return list(_items_of(obj, collector, self.run)) if there else []

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Put the checks in the order of the phases, after everything else.

        Raises:
            pytest.UsageError: there is none.
        """
        places = {check.id: place for place, check in enumerate(CHECKS)}
        items.sort(key=lambda item: places[item.check.id] if isinstance(item, CheckItem) else -1)
        if not any(isinstance(item, CheckItem) for item in items):
            raise pytest.UsageError(NO_PHASE)


def _items_of(check: Check[Any], parent: pytest.Collector, run: Run) -> Iterator[CheckItem]:
    """The items of a check for the plan of a run; one where the plan has none."""
    for item in check.items_of(run) or ("",):
        name = f"{check.id}[{item}]" if item else check.id
        made: CheckItem = CheckItem.from_parent(parent, name=name, check=check, item=item)
        yield made
