"""Migrations that do what their plans announce: nothing is found against them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fixtures.catalogue import Catalogue
from shadowgate.catalogue import (
    Expectation,
    broken_routines,
    compare_content,
    deviations_from,
    diff,
    new_geometry_problems,
    new_sequences_behind,
    newly_broken,
    sequences_behind,
    survey_geometries,
    take_snapshot,
)
from shadowgate.server import Database, Server
from tests.selftest.catalogue_clones import MIGRATIONS, apply, loaded
from tests.selftest.conftest import MakeDatabase

ROWS = 3000
PLANS = sorted(path.name for path in MIGRATIONS.glob("*.toml"))
Names = dict[str, tuple[str, ...]]


@pytest.fixture(scope="module")
def catalogues(server: Server) -> Iterator[dict[str, Database]]:
    """The catalogue before and after it was partitioned, with statistics."""
    with (
        loaded(server, Catalogue(rows=ROWS, state="flat")) as flat,
        loaded(server, Catalogue(rows=ROWS)) as partitioned,
    ):
        made = {"flat": flat, "partitioned": partitioned}
        for database in made.values():
            with database.connect() as connection:
                connection.execute("ANALYZE")
        yield made


def by_kind(section: dict[str, list[str]]) -> Names:
    return {kind.replace("_", " "): tuple(names) for kind, names in section.items()}


def read(name: str) -> dict[str, Any]:
    return tomllib.loads((Path(MIGRATIONS) / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_that_keeps_its_word_has_no_findings(
    name: str, catalogues: dict[str, Database], make_database: MakeDatabase
) -> None:
    plan = read(name)
    backup, renames = plan["backup"], plan.get("renames", {})
    drops = by_kind(plan.get("drops", {}))
    announced = Expectation(
        by_kind(plan.get("creates", {})), by_kind(plan.get("changes", {})), drops
    )
    before = make_database(catalogues[backup.get("state", "partitioned")].name)
    for earlier in backup.get("apply", ()):
        apply(earlier, before)
    after = make_database(before.name)
    apply(plan["migration"], after)
    with before.connect() as old, after.connect() as new:
        snapshots = take_snapshot(old), take_snapshot(new)
        deviations = deviations_from(diff(*snapshots), announced)
        assert (deviations.unexpected, deviations.missing) == ((), ())
        assert new_sequences_behind(sequences_behind(old), sequences_behind(new)) == ()
        assert newly_broken(broken_routines(old), broken_routines(new), snapshots[0].objects) == ()
        surveys = survey_geometries(old), survey_geometries(new)
        assert new_geometry_problems(*surveys, renames) == ()
    assert compare_content(before, after, renames=renames, drops=drops).sentences() == []
