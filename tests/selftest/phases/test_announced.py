"""What a migration announces, by its plan or by its text, and what that excuses."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from shadowgate.migrate import parse_script
from shadowgate.phases.migration.announced import Announced, announced_by
from shadowgate.phases.migration.changes import Migrated, compare_with_announced
from shadowgate.phases.restore.soundness import look_over
from shadowgate.phases.restore.state import state_of
from shadowgate.plan import Plan, RolloutSection
from shadowgate.plan.sections import ObjectsSection
from shadowgate.server import Database
from tests.selftest.conftest import MakeDatabase
from tests.selftest.plain_database import refill

SETUP = """
CREATE SCHEMA depot;
CREATE TABLE project (id serial PRIMARY KEY, name text, state text);
INSERT INTO project (name, state) SELECT 'name ' || n, 'old' FROM generate_series(1, 30) AS n;
CREATE TABLE "Odd. table" ("a.b" int PRIMARY KEY, c text);
INSERT INTO "Odd. table" VALUES (1, 'x');
SELECT lo_unlink(oid) FROM pg_largeobject_metadata;
SELECT lo_from_bytea(90001, 'a picture');
"""


def plan_of(folder: Path, migration: str, **sections: object) -> Plan:
    """A plan without a file."""
    path = folder / "m.sql"
    path.write_text(migration, encoding="utf-8")
    plan = Plan("m", "m", path, RolloutSection(dt.date(2026, 3, 2)), path=folder / "plan.toml")
    return replace(plan, **sections)  # type: ignore[arg-type]


def announced(plan: Plan) -> Announced:
    script = parse_script(plan.migration.read_text(encoding="utf-8"), plan.migration, "")
    return announced_by(plan, script)


class Judged:
    """Applies a migration to a clone and compares it with what is announced."""

    def __init__(self, shadow: Database, make: MakeDatabase, folder: Path) -> None:
        self._shadow, self._make, self._folder = shadow, make, folder
        self._before, self._sound = state_of(shadow), look_over(shadow)

    def __call__(self, migration: str, *, beside: str = "", with_file: bool = False) -> Migrated:
        """Migrate; ``beside`` is done too, and not in the script."""
        plan = plan_of(self._folder, migration)
        if with_file:
            plan.path.write_text("", encoding="utf-8")
        after = self._make(self._shadow.name)
        with after.connect() as connection:
            connection.execute(f"{migration};{beside}".encode())
        return compare_with_announced(
            self._shadow, self._before, self._sound, after, announced(plan), plan
        )


@pytest.fixture
def judged(plain: Database, make_database: MakeDatabase, tmp_path: Path) -> Judged:
    refill(plain, f"DROP SCHEMA IF EXISTS depot CASCADE; {SETUP}")
    return Judged(plain, make_database, tmp_path)


INSERTED = "INSERT INTO project (id, name) VALUES (90, 'made')"
UPDATED = "UPDATE project SET state = 'new'"
DELETED = "DELETE FROM project WHERE id <= 3"
RENAMED = "UPDATE project SET name = 'x' WHERE id = 4"
CHANGES = {
    "INSERT lets rows come": (INSERTED, "", ""),
    "INSERT lets none change": (INSERTED, RENAMED, "1 row differs in name"),
    "INSERT lets none go": (INSERTED, DELETED, "3 rows lost"),
    "UPDATE lets its column change": (UPDATED, "", ""),
    "UPDATE lets no other change": (UPDATED, RENAMED, "1 row differs in name"),
    "UPDATE lets no row come": (UPDATED, INSERTED, "1 row added"),
    "DELETE lets rows go": (DELETED, "", ""),
    "DELETE lets none come": (DELETED, INSERTED, "1 row added"),
    "DELETE lets none change": (DELETED, RENAMED, "1 row differs in name"),
    "TRUNCATE lets all go": ("TRUNCATE project", "", ""),
    "an upsert": (f"{INSERTED} ON CONFLICT (id) DO UPDATE SET state = 'new'", "", ""),
    "another table": ("INSERT INTO \"Odd. table\" VALUES (2, 'y')", "", ""),
    "another table than the one named": (INSERTED, 'DELETE FROM "Odd. table"', "1 row lost"),
    "a dropped table": ("DROP TABLE project", "", ""),
    "a table that nobody drops": (UPDATED, "DROP TABLE project", "30 rows lost"),
    "a large object more": ("SELECT lo_from_bytea(90002, 'another picture')", "", ""),
    "a large object less": ("SELECT lo_unlink(90001)", "", "pg_largeobject: 1 row lost"),
    "a table under another name": ("ALTER TABLE project RENAME TO work", "", ""),
    "a table that a block renames": (
        "DO $$BEGIN EXECUTE concat('ALTER TABLE project RENAME ', 'TO work'); END$$",
        "",
        "",
    ),
    "rows of a table under another name": (
        "ALTER TABLE project RENAME TO work; ALTER TABLE work DROP COLUMN name;"
        "UPDATE work SET state = 'new'; DELETE FROM work WHERE id = 3",
        "",
        "",
    ),
    "rows in secret of a table under another name": (
        "ALTER TABLE project RENAME TO work; UPDATE work SET state = 'new'",
        "UPDATE work SET name = 'x' WHERE id = 4; DELETE FROM work WHERE id = 3",
        "1 row differs in name",
    ),
    "a column in secret of a table under another name": (
        "ALTER TABLE project RENAME TO work",
        "ALTER TABLE work DROP COLUMN name",
        "column name is gone",
    ),
    "nothing": ("SELECT 1", "", ""),
    "rows in secret": ("SELECT 1", DELETED, "3 rows lost"),
}


@pytest.mark.parametrize("case", CHANGES)
def test_rows_may_do_what_statements_say_and_no_more(judged: Judged, case: str) -> None:
    migration, beside, words = CHANGES[case]
    said = judged(migration, beside=beside).content.sentences()
    assert words in "; ".join(said)
    assert bool(said) == bool(words)


def test_with_a_plan_file_the_text_counts_for_nothing(judged: Judged) -> None:
    migration = f"ALTER TABLE project ADD COLUMN note text; {UPDATED}"
    found = judged(migration, with_file=True)
    assert "30 rows differ in state" in "; ".join(found.content.sentences())
    assert "project.note" in "; ".join(map(str, found.unexpected("schema")))


def test_without_one_the_text_announces_objects_and_rows(judged: Judged) -> None:
    found = judged(f"ALTER TABLE project ADD COLUMN note text; {UPDATED}", beside="")
    assert found.unexpected("schema") == []
    assert not found.content


def test_an_object_that_the_text_does_not_name_is_unexpected(judged: Judged) -> None:
    found = judged("ALTER TABLE project ADD COLUMN note text", beside="CREATE TABLE other (id int)")
    assert "public.other" in "; ".join(map(str, found.unexpected("schema")))


@pytest.mark.parametrize(
    ("migration", "tables"),
    [
        ("ALTER TABLE project ADD COLUMN note text", {"public.project"}),
        (UPDATED, {"public.project"}),
        ("ALTER TABLE depot.stock ADD CHECK (id > 0)", {"depot.stock"}),
        ('ALTER TABLE "Odd. table" ADD COLUMN "x.y" int', {'public."Odd. table"'}),
        ("CREATE INDEX ON depot.stock (id)", {"depot.stock"}),
        ("DROP INDEX project_name", {"public.project_name"}),
        ("SELECT 1", set()),
    ],
)
def test_the_tables_that_statements_name(tmp_path: Path, migration: str, tables: set[str]) -> None:
    assert announced(plan_of(tmp_path, migration)).tables == tables


def test_only_a_plan_declares_what_a_rollback_need_not_bring_back(tmp_path: Path) -> None:
    by_text = announced(plan_of(tmp_path, UPDATED))
    assert by_text.rows.of("public.project") == {"state"}
    assert not by_text.declared
    changes = ObjectsSection(rows={"public.project": ("name",)})
    plan = plan_of(tmp_path, UPDATED, changes=changes)
    plan.path.write_text("", encoding="utf-8")
    declared = announced(plan)
    assert declared.declared.of("public.project") == {"name"}
    assert declared.rows == declared.declared


def test_a_script_that_only_psql_can_read_announces_nothing(tmp_path: Path) -> None:
    found = announced(plan_of(tmp_path, "\\set x 1\nDELETE FROM project WHERE id = :x;\n"))
    assert not found.losses
    assert found.text is not None
    assert found.text.opaque


def test_a_block_is_told_as_what_does_not_say_what_it_does(tmp_path: Path) -> None:
    block = announced(plan_of(tmp_path, "DO $$BEGIN DELETE FROM project; END$$")).text
    plain = announced(plan_of(tmp_path, DELETED)).text
    assert block is not None
    assert plain is not None
    assert block.opaque
    assert not plain.opaque


BEHIND_A_VIEW = (
    "ALTER TABLE project RENAME TO undertaking;"
    "CREATE VIEW project AS SELECT id, name, state FROM undertaking"
)


@pytest.mark.parametrize(
    ("beside", "unexpected"),
    [
        ("", []),
        (
            "ALTER TABLE undertaking ALTER state SET DEFAULT 'x', DROP CONSTRAINT project_pkey",
            [
                "column public.undertaking.state: default was not set, is 'x'::text",
                "constraint public.undertaking.project_pkey was dropped",
            ],
        ),
    ],
    ids=["as it was", "altered as well"],
)
def test_a_table_renamed_by_the_plan_behind_a_view_is_held_against_itself(
    plain: Database, make_database: MakeDatabase, tmp_path: Path, beside: str, unexpected: list[str]
) -> None:
    refill(plain, "DROP SCHEMA IF EXISTS depot; " + SETUP)
    before = state_of(plain).snapshot
    plan = plan_of(
        tmp_path,
        BEHIND_A_VIEW,
        renames={"public.project": "public.undertaking"},
        creates=ObjectsSection(table=("public.undertaking",), view=("public.project",)),
        changes=ObjectsSection(sequence=("public.project_id_seq:owned_by",)),
        drops=ObjectsSection(table=("public.project",)),
    )
    plan.path.write_text("", encoding="utf-8")
    after = make_database(plain.name)
    with after.connect() as connection:
        connection.execute(f"{BEHIND_A_VIEW};{beside}".encode())
    judgement = announced(plan).deviations(before, state_of(after).snapshot)
    assert judgement.missing == ()
    found = [str(each) for each in judgement.unexpected]
    assert sorted(found) == unexpected
