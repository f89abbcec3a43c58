"""Migrations that do what their plans announce: nothing is found against them."""

from __future__ import annotations

from collections.abc import Iterator

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
from shadowgate.migrate import apply_script, read_script
from shadowgate.plan import read_plan
from shadowgate.server import Database, Server
from tests.selftest.catalogue_clones import MIGRATIONS, loaded
from tests.selftest.conftest import MakeDatabase

ROWS = 3000
PLANS = sorted(path.name for path in MIGRATIONS.glob("*.toml"))


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


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_that_keeps_its_word_has_no_findings(
    name: str, catalogues: dict[str, Database], make_database: MakeDatabase
) -> None:
    plan = read_plan(MIGRATIONS / name)
    drops = plan.drops.by_kind()
    announced = Expectation(plan.creates.by_kind(), plan.changes.by_kind(), drops)
    before = make_database(catalogues[plan.backup.state or "partitioned"].name)
    for earlier in plan.backup.apply:
        apply_script(read_script(earlier), before).raise_for_error()
    after = make_database(before.name)
    apply_script(read_script(plan.migration), after).raise_for_error()
    with before.connect() as old, after.connect() as new:
        snapshots = take_snapshot(old), take_snapshot(new)
        deviations = deviations_from(diff(*snapshots), announced)
        assert (deviations.unexpected, deviations.missing) == ((), ())
        assert new_sequences_behind(sequences_behind(old), sequences_behind(new)) == ()
        assert newly_broken(broken_routines(old), broken_routines(new), snapshots[0].objects) == ()
        surveys = survey_geometries(old), survey_geometries(new)
        assert new_geometry_problems(*surveys, plan.renames) == ()
    assert compare_content(before, after, renames=plan.renames, drops=drops).sentences() == []
