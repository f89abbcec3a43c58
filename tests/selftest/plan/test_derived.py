"""A plan from the files of a migration that has none."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from shadowgate.errors import UsageError
from shadowgate.plan import Plan, derived_plan

TODAY = dt.date(2026, 3, 4)
"""A Wednesday."""


def written(folder: Path, name: str, text: str = "SELECT 1;\n") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def derived(migration: Path, rollback: Path | None = None, queries: Path | None = None) -> Plan:
    return derived_plan(migration, rollback, queries, TODAY)


@pytest.mark.parametrize(
    ("migration", "rollback"),
    [
        ("x.up.sql", "x.down.sql"),
        ("x.sql", "x.down.sql"),
        ("x.sql", "x_down.sql"),
        ("x_up.sql", "x_down.sql"),
        ("x.sql", "x.rollback.sql"),
        ("x.sql", "rollback/x.sql"),
        ("migrations/x.sql", "rollback/x.sql"),
        ("up/x.sql", "down/x.sql"),
        ("deploy/x.sql", "revert/x.sql"),
        ("2026/migration.sql", "2026/rollback.sql"),
        ("2026/up.sql", "2026/down.sql"),
        ("2026/deploy.sql", "2026/revert.sql"),
        ("V1__x.sql", "U1__x.sql"),
        ("V2.1_3__x.sql", "U2.1_3__x.sql"),
    ],
)
def test_a_rollback_is_found_by_the_customs_of_tools(
    tmp_path: Path, migration: str, rollback: str
) -> None:
    path, back = written(tmp_path, migration), written(tmp_path, rollback)
    assert derived(path).rollback == back


@pytest.mark.parametrize(
    ("migration", "other"),
    [
        ("x.sql", "y.down.sql"),
        ("x.sql", "rollback.sql"),
        ("V1__x.sql", "U2__x.sql"),
        ("Vacuum__x.sql", "Uacuum__x.sql"),
        ("down/x.sql", "up/x.sql"),
    ],
)
def test_no_other_script_is_taken_for_it(tmp_path: Path, migration: str, other: str) -> None:
    path = written(tmp_path, migration)
    written(tmp_path, other)
    assert derived(path).rollback is None


def test_a_folder_is_no_rollback(tmp_path: Path) -> None:
    (tmp_path / "x.down.sql").mkdir()
    assert derived(written(tmp_path, "x.sql")).rollback is None


def test_the_rollback_that_is_named_counts(tmp_path: Path) -> None:
    path, named = written(tmp_path, "x.sql"), written(tmp_path, "other.sql")
    written(tmp_path, "x.down.sql")
    assert derived(path, named).rollback == named


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("-- irreversible: the old values are gone\nSELECT 1;", "the old values are gone"),
        ("-- A title.\n\n  --shadowgate: Irreversible : it is \nSELECT 1;", "it is"),
        ("-- irreversible:\nSELECT 1;", ""),
        ("-- irreversible: \n-- and so on\nSELECT 1;", ""),
        ("-- it is not irreversible: see below\nSELECT 1;", ""),
        ("--\nirreversible: x\nSELECT 1;", ""),
        ("SELECT 'irreversible: x';", ""),
    ],
)
def test_a_line_says_why_there_is_no_way_back(tmp_path: Path, text: str, reason: str) -> None:
    assert derived(written(tmp_path, "x.sql", text)).irreversible == reason


def test_with_a_rollback_there_is_a_way_back(tmp_path: Path) -> None:
    path = written(tmp_path, "x.sql", "-- irreversible: they say\nSELECT 1;")
    assert derived(path, written(tmp_path, "back.sql")).irreversible == ""


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("-- A note that customers leave.\nSELECT 1;", "A note that customers leave"),
        ("\n\n--  Größe: 5 % more  \r\nSELECT 1;", "20260301 order note"),
        ("\ufeff-- A note.\nSELECT 1;", "A note"),
        ("-- irreversible: the values are gone\nSELECT 1;", "20260301 order note"),
        ("--------\nSELECT 1;", "20260301 order note"),
        ("SELECT 1; -- a remark\n", "20260301 order note"),
        ("", "20260301 order note"),
        (f"-- {'x' * 300}\n", "x" * 120),
    ],
)
def test_the_first_comment_is_the_title(tmp_path: Path, text: str, title: str) -> None:
    plan = derived(written(tmp_path, "20260301_order_note.sql", text))
    assert plan.title == title
    assert plan.name == "20260301_order_note"


@pytest.mark.parametrize(
    ("today", "monday"),
    [
        (TODAY, dt.date(2026, 3, 9)),
        (dt.date(2026, 3, 9), dt.date(2026, 3, 16)),
        (dt.date(2026, 3, 8), dt.date(2026, 3, 9)),
    ],
)
def test_the_rollout_begins_on_the_next_monday(
    tmp_path: Path, today: dt.date, monday: dt.date
) -> None:
    plan = derived_plan(written(tmp_path, "x.sql"), None, None, today)
    assert plan.rollout.start == monday


def test_a_migration_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no migration .*none\.sql"):
        derived(tmp_path / "none.sql")


def test_a_script_that_is_no_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.sql"
    path.write_bytes("SELECT 'Größe';".encode("latin-1"))
    with pytest.raises(UsageError, match="cannot be read") as refused:
        derived(path)
    assert str(path) in str(refused.value)


def test_a_folder_is_no_script(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        derived(tmp_path)


def test_a_folder_of_queries_must_be_there(tmp_path: Path) -> None:
    path = written(tmp_path, "x.sql")
    with pytest.raises(UsageError, match="there is no folder"):
        derived(path, queries=tmp_path / "none")
    assert derived(path, queries=tmp_path).workload.queries == tmp_path
