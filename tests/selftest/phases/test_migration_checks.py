"""Checks of phase 5, called with evidence made for them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from shadowgate.catalogue import Snapshot
from shadowgate.catalogue.snapshot import CatalogueObject, ObjectId
from shadowgate.phases.finding import CheckFailed, Finding
from shadowgate.phases.migration.checks import no_index_is_invalid
from shadowgate.phases.restore.state import State


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
