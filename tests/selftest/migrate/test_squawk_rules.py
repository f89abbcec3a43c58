"""What squawk guesses counts where the watched run shows it, and is a note where it does not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shadowgate.migrate import (
    LockWatch,
    Review,
    ScriptFinding,
    Waiver,
    apply_script,
    apply_waivers,
    lint,
    read_script,
    review_findings,
)
from shadowgate.migrate.hazards import BY_ID as HAZARDS
from shadowgate.migrate.lint import _executable
from shadowgate.migrate.squawk_rules import RULES
from shadowgate.server import Database
from tests.selftest.plain_database import refill

VERSION = 150000
SET = "SET lock_timeout = '2s';\nSET statement_timeout = '1min';\n"
ORDERS = (
    "CREATE TABLE orders (id bigint PRIMARY KEY, name varchar(40), code varchar(9),"
    " kind text CHECK (kind <> ''));"
    "INSERT INTO orders SELECT g, 'n', 'c', 'k' FROM generate_series(1, 2000) AS g;"
    "CREATE TABLE zone (id bigint PRIMARY KEY);"
    "CREATE TABLE empty (id bigint);"
    "ALTER TABLE orders ADD CONSTRAINT known CHECK (name IS NOT NULL);"
)


def found_in(database: Database, tmp_path: Path, sql: str) -> tuple[ScriptFinding, ...]:
    refill(database, ORDERS)
    path = tmp_path / "m.sql"
    path.write_text(sql, encoding="utf-8")
    run = apply_script(read_script(path), database, watch=LockWatch(database))
    return review_findings(run, VERSION)


def review(database: Database, tmp_path: Path, sql: str) -> Review:
    return apply_waivers(found_in(database, tmp_path, sql), ())


@pytest.mark.parametrize(
    "sql",
    [
        "SET lock_timeout = '2s';\nALTER TABLE orders ADD COLUMN IF NOT EXISTS note text;",
        SET + "ALTER TABLE orders DROP COLUMN IF EXISTS note;",
        SET + "ALTER TABLE orders ALTER COLUMN name SET NOT NULL;",
        SET + "ALTER TABLE orders ALTER COLUMN code TYPE varchar(80);",
        SET + "ALTER TABLE orders ADD COLUMN zone_id bigint REFERENCES zone (id);\n"
        "CREATE INDEX CONCURRENTLY orders_zone ON orders (zone_id);",
        SET + "CREATE INDEX empty_id ON empty (id);",
        SET + "ALTER TABLE empty ADD UNIQUE (id);",
        SET + "DROP TABLE empty;",
        SET + "ALTER TABLE orders RENAME COLUMN kind TO sort;",
        SET + "CREATE TABLE fresh (id int GENERATED ALWAYS AS IDENTITY, name varchar(9));",
    ],
)
def test_what_the_watched_run_refutes_and_what_is_policy_is_no_open_finding(
    plain: Database, tmp_path: Path, sql: str
) -> None:
    assert review(plain, tmp_path, sql).open == ()


@pytest.mark.parametrize(
    ("sql", "hazard", "guess"),
    [
        ("CREATE INDEX i ON orders (name);", "index-blocks-writers", "require-concurrent-index-"),
        (
            "ALTER TABLE orders ALTER COLUMN kind SET NOT NULL;",
            "not-null-by-scan",
            "adding-not-nullable-field",
        ),
        (
            "ALTER TABLE orders ALTER COLUMN name TYPE char(40);",
            "table-rewrite",
            "changing-column-type",
        ),
        (
            "ALTER TABLE orders ADD CONSTRAINT c CHECK (id > 0);",
            "constraint-validated-under-lock",
            "constraint-missing-not-valid",
        ),
        (
            "ALTER TABLE orders ADD CONSTRAINT u UNIQUE (kind, id);",
            "constraint-builds-index",
            "disallowed-unique-constraint",
        ),
    ],
)
def test_what_both_sides_find_is_one_finding_with_both_names(
    plain: Database, tmp_path: Path, sql: str, hazard: str, guess: str
) -> None:
    (finding,) = review(plain, tmp_path, SET + sql).open
    assert finding.rule == hazard
    assert any(also.startswith(guess) for also in finding.also)
    assert all(Waiver(name, "known").covers(finding) for name in finding.rules)


def test_a_guess_about_a_statement_that_did_not_run_counts(plain: Database, tmp_path: Path) -> None:
    sql = SET + "SELECT 1 / 0;\nALTER TABLE orders ALTER COLUMN name SET NOT NULL;"
    assert [item.rule for item in review(plain, tmp_path, sql).open] == [
        "adding-not-nullable-field"
    ]


def test_two_statements_of_a_line_are_told_apart(plain: Database, tmp_path: Path) -> None:
    sql = SET + "CREATE INDEX é ON empty (id); CREATE INDEX i ON orders (name);"
    seen = review(plain, tmp_path, sql)
    assert [item.statement for item in seen.open] == ["CREATE INDEX i ON orders (name)"]
    assert "CREATE INDEX é ON empty (id)" in {item.statement for item in seen.notes}


def test_a_policy_counts_if_the_plan_makes_a_rule_of_it(plain: Database, tmp_path: Path) -> None:
    found = found_in(plain, tmp_path, SET + "DROP TABLE empty;")
    assert apply_waivers(found, ()).open == ()
    assert {item.rule for item in apply_waivers(found, (), rules=["ban-drop-table"]).open} == {
        "ban-drop-table"
    }
    waiver = Waiver("ban-drop-table", "announced")
    enforced = apply_waivers(found, [waiver], rules=["ban-drop-table"])
    assert (enforced.open, [item.waiver for item in enforced.waived]) == ((), [waiver])


def test_a_waiver_of_a_note_is_used_and_changes_nothing(plain: Database, tmp_path: Path) -> None:
    found = found_in(plain, tmp_path, SET + "DROP TABLE empty;")
    seen = apply_waivers(found, [Waiver("ban-drop-table", "announced"), Waiver("slow", "is not")])
    assert seen.waived == ()
    assert [item.rule for item in seen.unused] == ["slow"]
    titles = {table.title: table.rows for table in seen.tables()}
    assert titles["Findings"] == ()
    assert [row[:3] for row in titles["Waivers that accepted nothing"]] == [("slow", "", "is not")]
    assert any(row[0] == "ban-drop-table" and row[-1] for row in titles["Notes"])


def test_what_only_the_text_shows_counts_without_a_run(tmp_path: Path) -> None:
    path = tmp_path / "m.sql"
    path.write_text("TRUNCATE orders CASCADE;", encoding="utf-8")
    (finding,) = [f for f in lint(read_script(path), VERSION) if f.rule == "ban-truncate-cascade"]
    assert apply_waivers([finding], ()).open == (finding,)


def test_the_table_knows_each_rule_once_with_a_reason_and_hazards_that_exist() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert bool(rule.why) == (rule.standing != "static")
        assert set(rule.shown_by) <= set(HAZARDS)


def test_the_table_knows_every_rule_that_this_squawk_has() -> None:
    """The binary holds the names in a row, one after another without a space."""
    content = Path(_executable()).read_bytes()
    rows = re.findall(rb"require-concurrent-index-creation[a-z-]{200,}", content)
    assert rows
    rest = max(rows, key=len).decode()
    for rule in sorted(RULES, key=lambda rule: -len(rule.id)):
        rest = rest.replace(rule.id, " ")
    assert not [name for name in rest.split() if "-" in name]


def test_an_unwatched_run_refutes_nothing(plain: Database, tmp_path: Path) -> None:
    refill(plain, ORDERS)
    path = tmp_path / "m.sql"
    path.write_text(SET + "CREATE INDEX IF NOT EXISTS i ON empty (id);", encoding="utf-8")
    script = read_script(path)
    rule = "require-concurrent-index-creation"
    for watch, counts in ((None, True), (LockWatch(plain), False)):
        found = review_findings(apply_script(script, plain, watch=watch), VERSION)
        assert [not item.note for item in found if item.rule == rule] == [counts]
