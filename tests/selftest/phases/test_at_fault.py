"""Which line of a script a finding is pinned to, by its text and from a real trace."""

from __future__ import annotations

from pathlib import Path

import pytest

from shadowgate.catalogue import Deviation
from shadowgate.catalogue.snapshot import ObjectId
from shadowgate.evidence import Place
from shadowgate.migrate import Interruption, LockHeld, parse_script
from shadowgate.migrate.interrupt import Point
from shadowgate.phases.finding import Finding
from shadowgate.phases.migration.at_fault import (
    altered,
    point_at_interruptions,
    point_at_locks,
    point_at_objects,
    point_at_rows,
    point_at_wait,
    wrote,
)
from shadowgate.server import Database
from shadowgate.traffic import Wait
from tests.selftest.migrating import SETUP, watched
from tests.selftest.plain_database import refill

SCRIPT = parse_script(
    """SET lock_timeout = '2s';
DELETE FROM public.orders
 WHERE status = 'open';
ALTER TABLE public.orders ADD COLUMN note text;

CREATE VIEW public.unpaid AS SELECT * FROM public.orders;
""",
    Path("migrations/0042_note.sql"),
    "",
)


def places(finding: Finding) -> list[tuple[int, str]]:
    assert {place.file for place in finding.places} <= {"migrations/0042_note.sql"}
    return [(place.line, place.message) for place in finding.places]


@pytest.mark.parametrize(
    ("kind", "name", "line"),
    [
        ("view", "public.unpaid", 6),
        ("column", "public.orders.note", 4),
        ("table", "public.nobody_names_me", 0),
    ],
)
def test_an_object_is_pinned_to_the_statement_that_names_it(
    kind: str, name: str, line: int
) -> None:
    finding, said = Finding(), f"{kind} {name} was created"
    point_at_objects(finding, SCRIPT, [Deviation(ObjectId(kind, name), "created", "schema", said)])
    assert places(finding) == [(line, said)]


@pytest.mark.parametrize(("table", "line"), [("public.orders", 2), ("public.unpaid", 6)])
def test_rows_are_pinned_to_the_statement_that_writes_them(table: str, line: int) -> None:
    finding = Finding()
    point_at_rows(finding, SCRIPT, table, "5 rows lost")
    assert places(finding) == [(line, "5 rows lost")]


def test_a_lock_and_a_wait_are_pinned_to_the_statement_that_took_the_lock() -> None:
    finding = Finding()
    point_at_locks(
        finding, SCRIPT, [LockHeld(3, "AccessExclusiveLock", "orders", True, 1.0, 3.5), None]
    )
    point_at_wait(finding, SCRIPT, Wait("reader", 1, 0.0, 0.5, "AccessShareLock", "orders", 2))
    point_at_wait(finding, SCRIPT, None)
    assert places(finding) == [
        (4, "holds AccessExclusiveLock on orders for 2500 ms"),
        (2, "a reader waited 500 ms for AccessShareLock on orders"),
    ]


def test_an_interruption_is_pinned_to_its_statement() -> None:
    finding = Finding()
    point = Point("within", SCRIPT.statements[1])
    point_at_interruptions(finding, SCRIPT, [Interruption(point, "broken", "rows are missing")])
    assert places(finding)[0][0] == 2


def test_a_file_is_named_from_the_folder_in_which_the_run_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    inside = Place.of(tmp_path / "db" / "1.sql", 1, "")
    assert inside.file == "db/1.sql"
    assert Place.of(Path("db/1.sql"), 1, "").file == "db/1.sql"
    assert Place.of(tmp_path.parent / "elsewhere.sql", 1, "").file == "elsewhere.sql"


WATCHED = """
SET lock_timeout = '2s';
ALTER TABLE item ADD COLUMN size int;
DELETE FROM item WHERE id < 10;
CREATE TABLE other (id int);
INSERT INTO other VALUES (1);
"""


@pytest.fixture
def database(plain: Database) -> Database:
    """A database with a table of 1,000 rows."""
    return refill(plain, SETUP)


def test_rows_are_the_doing_of_the_statement_that_wrote_them(database: Database) -> None:
    blamed = wrote(watched(WATCHED, database), ["public.item"])
    assert blamed.endswith("line 4: DELETE FROM item WHERE id < 10")


def test_a_changed_schema_is_the_doing_of_the_statement_with_the_strong_lock(
    database: Database,
) -> None:
    blamed = altered(watched(WATCHED, database), ["public.item"])
    assert blamed.endswith("line 3: ALTER TABLE item ADD COLUMN size int")


def test_nobody_is_blamed_for_a_table_that_no_statement_touched(database: Database) -> None:
    run = watched(WATCHED, database)
    assert wrote(run, ["public.nothing"]) == altered(run, ["public.nothing"]) == ""
