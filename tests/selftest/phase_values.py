"""Runs the checks of the phases outside of pytest, on values that the caller chooses.

A check of ``tests/phases`` is a function of values that fixtures make. Here the same fixture
functions make them, on demand and once, from whatever the caller has given by name.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import psycopg
import pytest

from shadowgate.checks import CATALOGUE, spec_of
from shadowgate.errors import ShadowgateError
from shadowgate.evidence import Status
from shadowgate.recorder import CheckFailed, CheckInconclusive, Finding, Recorder
from tests.phases import conftest as phases
from tests.phases.fixtures import migration, performance, rollback, rollout, shadow

_FIXTURES = {
    name: value
    for module in (phases, shadow, migration, performance, rollback, rollout)
    for name, value in vars(module).items()
}


class Values:
    """Values by name: those given, and those that the phases' fixtures make of them."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._known = dict(given)
        self._failed: dict[str, Exception] = {}

    def __getitem__(self, name: str) -> Any:
        """Return the value, made now if nobody asked before.

        Raises:
            Exception: what the fixture raised, the first time and every time after it.
        """
        if name in self._failed:
            raise self._failed[name]
        if name not in self._known:
            try:
                self._known[name] = self.call(inspect.unwrap(_FIXTURES[name]))
            except Exception as error:
                self._failed[name] = error
                raise
        return self._known[name]

    def call(self, function: Callable[..., Any], **more: Any) -> Any:
        """Call a fixture or a check with the values that its parameters name."""
        wanted = inspect.signature(function).parameters
        return function(**{name: more[name] if name in more else self[name] for name in wanted})


@dataclass(frozen=True)
class Check:
    """One check function of a phase, or one item of it."""

    id: str
    """Id of its result: ``migration.behaviour.new_year`` for the probe of that name."""
    function: Callable[..., None]
    item: Mapping[str, str]


@dataclass(frozen=True)
class Result:
    """How one check ended."""

    id: str
    status: Status
    detail: str


def checks_of(modules: Sequence[ModuleType], items: Mapping[str, Sequence[str]]) -> list[Check]:
    """The checks of phase modules in the order of the catalogue.

    Args:
        modules: modules of ``tests/phases``.
        items: parameter -> values, for checks that are proven item by item.
    """
    found = [
        check
        for module in modules
        for function in vars(module).values()
        for check in _checks(function, items)
    ]
    order = {spec.id: place for place, spec in enumerate(CATALOGUE)}
    return sorted(found, key=lambda check: order[spec_of(check.id).id])


def _checks(function: Any, items: Mapping[str, Sequence[str]]) -> Iterator[Check]:
    marks = [mark for mark in getattr(function, "pytestmark", ()) if mark.name == "check"]
    if not marks:
        return
    name = str(marks[0].args[0])
    parameter = next((p for p in inspect.signature(function).parameters if p in items), None)
    if parameter is None:
        yield Check(name, function, {})
        return
    for value in items[parameter]:
        yield Check(f"{name}.{value}", function, {parameter: value})


def run_checks(checks: Sequence[Check], values: Values, recorder: Recorder) -> list[Result]:
    """Run checks in order; those that an earlier failure makes meaningless are blocked."""
    return [_run(check, values, recorder) for check in checks]


def _run(check: Check, values: Values, recorder: Recorder) -> Result:
    blocker = recorder.blocker(spec_of(check.id))
    if blocker is not None:
        status: Status = "blocked"
        detail = blocker
    else:
        status, detail = _outcome(check, values)
    recorder.close(check.id, status, claim="", seconds=0.0, blocked_by=blocker)
    return Result(check.id, status, detail)


def _outcome(check: Check, values: Values) -> tuple[Status, str]:
    """Status and detail, as the plugin derives them from pytest's report."""
    try:
        values.call(check.function, finding=Finding(), **check.item)
    except pytest.skip.Exception as error:
        return "skipped", str(error)
    except CheckInconclusive as error:
        return "inconclusive", str(error)
    except (CheckFailed, ShadowgateError) as error:
        return "failed", str(error)
    except psycopg.Error as error:
        return "failed", f"{type(error).__name__}: {error}"
    return "passed", ""
