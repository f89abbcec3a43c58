"""Checks of phase 5, called with evidence made for them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from shadowgate.catalogue import Snapshot
from shadowgate.catalogue.snapshot import CatalogueObject, ObjectId
from shadowgate.migrate import parse_script
from shadowgate.phases.finding import CheckFailed, Finding
from shadowgate.phases.migration.checks import no_index_is_invalid
from shadowgate.phases.migration.interruption import is_atomic
from shadowgate.phases.restore.state import State
from shadowgate.plan import RunnerSection
from shadowgate.plan.derived import UNKNOWN


def state(**valid: bool) -> State:
    indexes = {
        ObjectId("index", f"public.{name}"): CatalogueObject({"valid": each})
        for name, each in valid.items()
    }
    return State(Snapshot(indexes), {})


def migrated(**valid: bool) -> Any:
    return cast("Any", SimpleNamespace(state=state(**valid)))


def test_an_index_that_the_migration_leaves_invalid_is_named() -> None:
    with pytest.raises(CheckFailed, match=r"public\.orders_note"):
        no_index_is_invalid(migrated(orders_note=False, old=True), state(old=True), Finding())


def test_one_that_was_invalid_before_is_not_the_migrations() -> None:
    no_index_is_invalid(migrated(old=False, made=True), state(old=False), Finding())


ONCE = "ALTER TABLE orders ADD COLUMN note text;"


@pytest.mark.parametrize(
    ("sql", "runner", "atomic"),
    [
        (ONCE, UNKNOWN, True),
        (ONCE, "file", True),
        (ONCE, "statement", False),
        (f"BEGIN; {ONCE} COMMIT; SELECT 1;", UNKNOWN, False),
        (f"SET lock_timeout = '1s'; BEGIN; {ONCE} COMMIT; RESET lock_timeout;", "statement", True),
        (f"BEGIN; {ONCE} COMMIT; BEGIN; DROP TABLE old; COMMIT;", UNKNOWN, False),
        (f"BEGIN; {ONCE} ROLLBACK;", UNKNOWN, False),
        ("CREATE INDEX CONCURRENTLY i ON orders (note);", UNKNOWN, False),
    ],
)
def test_a_script_that_a_tool_may_apply_in_one_transaction_need_not_run_twice(
    sql: str, runner: str, atomic: bool
) -> None:
    plan = cast("Any", SimpleNamespace(runner=RunnerSection(runner)))
    assert is_atomic(parse_script(sql, Path("m.sql"), ""), plan) == atomic
