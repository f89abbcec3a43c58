"""The way back of small migrations: what is lost by it, and what only looks so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from shadowgate.catalogue import AllowedChanges
from shadowgate.errors import ValidationError
from shadowgate.migrate import parse_script
from shadowgate.phases.finding import CheckFailed, CheckInconclusive, Finding
from shadowgate.phases.migration.announced import announced_by
from shadowgate.phases.restore.state import state_of
from shadowgate.phases.rollback.checks import later_rows_are_kept, rows_identical
from shadowgate.phases.rollback.later_writes import LaterWrite, derive_later_writes
from shadowgate.phases.rollback.way_back import (
    RolledBack,
    apply_again,
    roll_back,
    write_later_rows,
)
from shadowgate.phases.runner import Applied, Runner
from shadowgate.plan import Plan, RolloutSection
from shadowgate.progress import silent
from shadowgate.server import Database, Server
from tests.selftest.conftest import MakeDatabase
from tests.selftest.migrating import value
from tests.selftest.plain_database import refill

SETUP = """
CREATE TABLE project (id integer PRIMARY KEY, name varchar(10) NOT NULL, state text);
INSERT INTO project SELECT n, 'name ' || n, 'old' FROM generate_series(1, 40) AS n;
CREATE TABLE loose (name text, state text);
INSERT INTO loose SELECT 'name ' || n, 'old' FROM generate_series(1, 40) AS n;
"""


class WayBack:
    """One database before; migrates, writes and rolls back on copies."""

    def __init__(self, shadow: Database, make: MakeDatabase, server: Server, folder: Path) -> None:
        self._shadow, self._make = shadow, make
        self._folder = folder
        self.runner = Runner(server.tools, silent)
        self.before = state_of(shadow)

    def __call__(
        self,
        migration: str,
        rollback: str,
        later: str | None = None,
        declared: AllowedChanges | None = None,
        renames: dict[str, str] | None = None,
    ) -> RolledBack:
        """Roll back; what is written in between is derived where nobody says it."""
        path = self._folder / "m.sql"
        path.write_text(migration, encoding="utf-8")
        self.script = parse_script(migration, path, "")
        self.plan = replace(_plan(path), renames=renames or {})
        self.announced = announced_by(self.plan, self.script)
        if declared:
            self.announced = replace(self.announced, declared=declared)
        after = self._make(self._shadow.name)
        applied = Applied(after, self.runner.run(self.script, after))
        applied.run.raise_for_error()
        left = state_of(after, renames=self.plan.renames)
        writes = derive_later_writes(self._shadow, after, self.announced.tables)
        if later is not None:
            writes = (LaterWrite("[undo] write", later, required=True),)
        written = self._make(after.name)
        write_later_rows(written, writes)
        return roll_back(
            parse_script(rollback, self._folder / "r.sql", ""),
            self._shadow,
            self.before,
            applied,
            left,
            written,
            self._make(written.name),
            self.announced,
            self.plan,
            self.runner,
        )


def _plan(path: Path) -> Plan:
    return Plan(
        name="m",
        title="m",
        migration=path,
        rollout=RolloutSection(start=dt.date(2026, 3, 2)),
        path=path.parent / "none.toml",
    )


@pytest.fixture
def way_back(
    plain: Database, make_database: MakeDatabase, server: Server, tmp_path: Path
) -> WayBack:
    return WayBack(refill(plain, SETUP), make_database, server, tmp_path)


def failure(judge: Callable[..., object], found: RolledBack) -> str:
    """What a check says against it; empty if it passes."""
    found.run.raise_for_error()
    try:
        judge(found, Finding())
    except CheckFailed as failed:
        return str(failed)
    return ""


WIDER = "ALTER TABLE project ALTER name TYPE varchar(30)"
HARMLESS = {
    "a column": (
        "ALTER TABLE project ADD COLUMN note text DEFAULT 'x'",
        "ALTER TABLE project DROP COLUMN note",
    ),
    "rows of its own": (
        "INSERT INTO project VALUES (90, 'made', 'new'); ALTER TABLE project ADD COLUMN note text",
        "DELETE FROM project WHERE id = 90; ALTER TABLE project DROP COLUMN note",
    ),
    "rows updated and back, without a key": (
        "UPDATE loose SET state = 'new' WHERE name = 'name 7'",
        "UPDATE loose SET state = 'old' WHERE name = 'name 7'",
    ),
    "rows deleted and back": (
        "CREATE TABLE kept AS SELECT * FROM project WHERE id <= 20;"
        "DELETE FROM project WHERE id <= 20",
        "INSERT INTO project SELECT * FROM kept; DROP TABLE kept",
    ),
    "a type and back": (
        "ALTER TABLE project ALTER id TYPE numeric",
        "ALTER TABLE project ALTER id TYPE integer",
    ),
}


@pytest.mark.parametrize("case", HARMLESS)
def test_a_way_back_that_keeps_all_is_not_complained_of(way_back: WayBack, case: str) -> None:
    found = way_back(*HARMLESS[case])
    assert found.written_rows == 3
    assert failure(rows_identical, found) == ""
    assert failure(later_rows_are_kept, found) == ""


@pytest.mark.parametrize(
    ("migration", "rollback", "words"),
    [
        (WIDER, f"{WIDER[:-4]}(10) USING left(name, 10)", "public.project: 3 of 3 rows"),
        (
            "ALTER TABLE project ADD COLUMN note text",
            "ALTER TABLE project DROP COLUMN note; DELETE FROM project WHERE id > 40",
            "is gone",
        ),
        (
            "DELETE FROM project WHERE id <= 20",
            "DELETE FROM project WHERE id > 40; INSERT INTO project "
            "SELECT n, 'name ' || n, 'old' FROM generate_series(1, 20) AS n",
            "is gone",
        ),
        (
            "ALTER TABLE project ALTER name DROP NOT NULL",
            "UPDATE project SET name = '' WHERE name IS NULL;"
            "ALTER TABLE project ALTER name SET NOT NULL",
            "name was NULL, is ''",
        ),
    ],
)
def test_a_way_back_that_alters_later_rows_is_told(
    way_back: WayBack, migration: str, rollback: str, words: str
) -> None:
    found = way_back(migration, rollback)
    assert words in failure(later_rows_are_kept, found)
    assert failure(rows_identical, found) == ""


@pytest.mark.parametrize(
    ("migration", "rollback", "words"),
    [
        (WIDER, f"{WIDER[:-4]}(10)", "value too long"),
        (
            "ALTER TABLE project ALTER id TYPE bigint",
            "ALTER TABLE project ALTER id TYPE integer",
            "integer out of range",
        ),
    ],
)
def test_values_that_do_not_fit_any_more_stop_a_rollback(
    way_back: WayBack, migration: str, rollback: str, words: str
) -> None:
    found = way_back(migration, rollback)
    assert found.run.error is not None
    assert words in str(found.run.error)


def test_rows_that_the_rollback_itself_doubles_are_told(way_back: WayBack) -> None:
    found = way_back(
        "ALTER TABLE loose ADD COLUMN note text",
        "ALTER TABLE loose DROP COLUMN note; INSERT INTO loose SELECT * FROM loose",
    )
    assert "40 rows doubled" in failure(rows_identical, found)


UPDATED = ("UPDATE project SET state = 'new' WHERE id <= 7", "SELECT 1")


def test_old_values_must_come_back_though_the_text_announces_new_ones(way_back: WayBack) -> None:
    assert "7 rows differ in state" in failure(rows_identical, way_back(*UPDATED))


def test_they_need_not_where_a_plan_declares_so(way_back: WayBack) -> None:
    declared = AllowedChanges({"public.project": ("state",)})
    assert failure(rows_identical, way_back(*UPDATED, declared=declared)) == ""


@pytest.mark.parametrize(
    ("rollback", "complaint"),
    [
        ("", ""),
        ("; DELETE FROM log_2031 WHERE id = 3", "public.log: 1 of 2 rows"),
        ("; DROP TABLE log_2031", "public.log: 2 of 2 rows"),
    ],
    ids=["kept", "one is lost", "all are lost"],
)
def test_rows_in_a_partition_that_is_a_table_of_its_own_again_are_followed(
    plain: Database,
    make_database: MakeDatabase,
    server: Server,
    tmp_path: Path,
    rollback: str,
    complaint: str,
) -> None:
    setup = (
        "CREATE TABLE log (id int, year int, PRIMARY KEY (id, year)) PARTITION BY RANGE (year);"
        "CREATE TABLE log_2030 PARTITION OF log FOR VALUES FROM (2030) TO (2031);"
        "CREATE TABLE log_2031 (LIKE log INCLUDING ALL); INSERT INTO log VALUES (1, 2030);"
        "INSERT INTO log_2031 VALUES (2, 2031)"
    )
    way_back = WayBack(refill(plain, setup), make_database, server, tmp_path)
    found = way_back(
        "ALTER TABLE log ATTACH PARTITION log_2031 FOR VALUES FROM (2031) TO (2032)",
        f"ALTER TABLE log DETACH PARTITION log_2031{rollback}",
        "INSERT INTO log VALUES (3, 2031), (4, 2031)",
    )
    said = failure(later_rows_are_kept, found)
    assert complaint in said
    assert bool(said) == bool(complaint)


def test_a_renamed_table_is_followed(way_back: WayBack) -> None:
    found = way_back(
        "ALTER TABLE project RENAME TO undertaking",
        "ALTER TABLE undertaking RENAME TO project; DELETE FROM project WHERE id = 91",
        "INSERT INTO undertaking VALUES (90, 'a', 'b'), (91, 'a', 'b')",
        renames={"public.project": "public.undertaking"},
    )
    assert "public.project: 1 of 2 rows" in failure(later_rows_are_kept, found)


def test_nothing_written_decides_nothing(way_back: WayBack) -> None:
    found = way_back("CREATE TABLE other (id int)", "DROP TABLE other", "SELECT 1")
    with pytest.raises(CheckInconclusive):
        later_rows_are_kept(found, Finding())


def test_a_write_that_the_plan_asks_for_and_that_is_refused_is_an_error(way_back: WayBack) -> None:
    with pytest.raises(ValidationError, match=r"refuses \[undo\] write: .*23505"):
        way_back("SELECT 1", "SELECT 1", "INSERT INTO project VALUES (1, 'a', 'b')")


def test_any_other_write_that_is_refused_is_left_out_as_a_whole(plain: Database) -> None:
    refill(plain, SETUP)
    refused = "INSERT INTO project VALUES (90, 'a', 'b'); INSERT INTO project VALUES (1, 'a', 'b')"
    accepted = "INSERT INTO project VALUES (91, '100%', '%s')"
    write_later_rows(plain, [LaterWrite("W1", refused), LaterWrite("W2", accepted)])
    assert value(plain, "SELECT string_agg(id::text, ',') FROM project WHERE id > 40") == "91"


@pytest.mark.parametrize(
    ("migration", "rollback", "words"),
    [
        (
            "ALTER TABLE project ADD COLUMN note text",
            "ALTER TABLE project DROP COLUMN note",
            "",
        ),
        (
            "ALTER TABLE project ADD COLUMN IF NOT EXISTS note text DEFAULT 'x'",
            "ALTER TABLE project ALTER note DROP DEFAULT",
            "note",
        ),
        (
            "DELETE FROM project WHERE id = 7",
            "INSERT INTO project VALUES (7, 'name 7', 'old');"
            "CREATE RULE kept AS ON DELETE TO project DO INSTEAD NOTHING",
            "the content of public.project differs",
        ),
    ],
)
def test_the_migration_ends_the_second_time_as_the_first(
    way_back: WayBack, migration: str, rollback: str, words: str
) -> None:
    found = way_back(migration, rollback)
    again = apply_again(
        way_back.script,
        way_back.before,
        found,
        way_back.announced,
        way_back.plan,
        way_back.runner,
    )
    again.run.raise_for_error()
    assert bool(again.differences) == bool(words), again.differences
    assert words in "; ".join(again.differences)
