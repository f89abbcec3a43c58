"""What a script passes over in silence is told, and what is as asked for is not."""

from __future__ import annotations

import pytest

from shadowgate.migrate import LockWatch, ScriptFinding, find_silence
from shadowgate.server import Database
from tests.selftest.migrating import apply
from tests.selftest.plain_database import refill

SETUP = (
    "CREATE TABLE old (a int, b text, c varchar(5));"
    "CREATE INDEX old_a ON old (a);"
    "CREATE VIEW v AS SELECT 1 AS a;"
    "CREATE SEQUENCE s;"
    "CREATE TYPE kind AS (a int);"
    "CREATE SCHEMA other; CREATE TABLE other.t (a bigint);"
    "CREATE TABLE log (year int) PARTITION BY RANGE (year);"
    "CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM (1) TO (2);"
)


@pytest.fixture
def database(plain: Database) -> Database:
    return refill(plain, "DROP SCHEMA IF EXISTS other CASCADE;" + SETUP)


def find(sql: str, database: Database) -> tuple[ScriptFinding, ...]:
    run = apply(sql, database, watch=LockWatch(database))
    run.raise_for_error()
    return find_silence(run, database)


@pytest.mark.parametrize(
    ("sql", "difference"),
    [
        (
            "CREATE TABLE t (a int); CREATE INDEX IF NOT EXISTS old_a ON t (a)",
            "is on old, not on t",
        ),
        ("CREATE INDEX IF NOT EXISTS old_a ON old (b)", "another one: CREATE INDEX old_a"),
        ("CREATE UNIQUE INDEX IF NOT EXISTS old_a ON old (a)", "another one"),
        ("CREATE INDEX IF NOT EXISTS old_a ON old USING hash (a)", "another one"),
        ("CREATE INDEX IF NOT EXISTS v ON old (a)", "is a view, not a index"),
        ("CREATE TABLE IF NOT EXISTS v (a int)", "is a view, not a table"),
        ("CREATE TABLE IF NOT EXISTS log (year int)", "is a partitioned table, not a table"),
        ("CREATE TABLE IF NOT EXISTS old (a int, b text)", "also has c"),
        ("CREATE TABLE IF NOT EXISTS old (a bigint, b text, c text)", "a is integer, not bigint"),
        ("CREATE TABLE IF NOT EXISTS old (a int, z text)", "no column z"),
        ("CREATE TABLE IF NOT EXISTS other.t (a int)", "a is bigint, not integer"),
        (
            "CREATE TABLE IF NOT EXISTS log_1 PARTITION OF log FOR VALUES FROM (1) TO (3)",
            "for other rows: FOR VALUES FROM (1) TO (2)",
        ),
        (
            "CREATE TABLE IF NOT EXISTS old PARTITION OF log FOR VALUES FROM (5) TO (6)",
            "no partition of log",
        ),
        ("CREATE SEQUENCE IF NOT EXISTS v", "is a view, not a sequence"),
        ("CREATE MATERIALIZED VIEW IF NOT EXISTS v AS SELECT 1", "is a view, not a materialized"),
        ("ALTER TABLE old ADD COLUMN IF NOT EXISTS a text", "a is integer, not text"),
        (
            "DO $$ BEGIN CREATE TABLE t (a int); CREATE INDEX IF NOT EXISTS old_a ON t (a); END $$",
            "is on old, not on t",
        ),
    ],
)
def test_a_name_taken_by_something_else_is_found(
    database: Database, sql: str, difference: str
) -> None:
    (finding,) = find(sql, database)
    assert finding.rule == "name-taken"
    assert difference in finding.message
    assert "already exists, skipping" in finding.message


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE INDEX IF NOT EXISTS old_a ON old (a)",
        "CREATE INDEX IF NOT EXISTS old_a ON public.old USING btree (a)",
        "CREATE TABLE IF NOT EXISTS old (a integer, b text, c varchar(5))",
        "CREATE TABLE IF NOT EXISTS old (LIKE old)",
        "CREATE TABLE IF NOT EXISTS log (year int) PARTITION BY RANGE (year)",
        "CREATE TABLE IF NOT EXISTS log_1 PARTITION OF log FOR VALUES FROM (1) TO (2)",
        "CREATE SEQUENCE IF NOT EXISTS s",
        "CREATE SCHEMA IF NOT EXISTS other",
        "CREATE EXTENSION IF NOT EXISTS plpgsql",
        "ALTER TABLE old ADD COLUMN IF NOT EXISTS a int, ADD COLUMN IF NOT EXISTS b text",
        "DROP TABLE IF EXISTS nothing",
        "DO $$ BEGIN RAISE NOTICE 'done'; END $$",
    ],
)
def test_a_name_that_bears_what_was_asked_for_is_no_finding(database: Database, sql: str) -> None:
    assert find(sql, database) == ()


def test_an_exception_that_was_caught_is_found_with_its_place(database: Database) -> None:
    sql = (
        "CREATE FUNCTION quiet() RETURNS void LANGUAGE plpgsql AS $$\nBEGIN\n"
        "  PERFORM 1 / 0;\nEXCEPTION WHEN OTHERS THEN\n  NULL;\nEND $$;\n"
        "SELECT quiet() FROM generate_series(1, 3);"
    )
    (finding,) = find(sql, database)
    assert (finding.rule, finding.line) == ("swallowed-exception", 7)
    assert "caught 3 times" in finding.message
    assert "function quiet()" in finding.message


@pytest.mark.parametrize(
    "sql",
    [
        "DO $$ BEGIN PERFORM 1; EXCEPTION WHEN OTHERS THEN NULL; END $$",
        "BEGIN; SAVEPOINT s; INSERT INTO old VALUES (1); ROLLBACK TO s; COMMIT",
    ],
)
def test_a_handler_without_an_exception_and_a_savepoint_are_no_findings(
    database: Database, sql: str
) -> None:
    assert find(sql, database) == ()


def test_a_warning_is_found_and_says_where_it_comes_from(database: Database) -> None:
    (finding,) = find("SELECT 1;\nDO $$ BEGIN RAISE WARNING 'half done'; END $$", database)
    assert (finding.rule, finding.line) == ("warning", 2)
    assert finding.message.startswith("half done (PL/pgSQL function inline_code_block line 1")


def test_hiding_messages_is_found(database: Database) -> None:
    (finding,) = find("SET client_min_messages = error", database)
    assert finding.rule == "messages-hidden"


def raising_and_catching(conditions: str) -> str:
    return (
        "BEGIN\n  BEGIN\n    RAISE lock_not_available;\n"
        f"  EXCEPTION WHEN {conditions} THEN\n    NULL;\n  END;\nEND"
    )


@pytest.mark.parametrize(
    ("conditions", "findings"),
    [
        ("lock_not_available", 0),
        ("lock_not_available OR deadlock_detected", 0),
        ("lock_not_available OR duplicate_table", 1),
        ("OTHERS", 1),
    ],
)
@pytest.mark.parametrize(
    "wrapped",
    [
        "DO $$ {} $$",
        "DO $x$ BEGIN EXECUTE 'DO $$ {} $$'; END $x$",
        "CREATE FUNCTION f(a int) RETURNS void LANGUAGE plpgsql AS $$ {} $$; SELECT f(1)",
        "CREATE FUNCTION pg_temp.f() RETURNS void LANGUAGE plpgsql AS $$ {} $$;SELECT pg_temp.f()",
        "CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ {} $$; CALL p(); DROP PROCEDURE p",
    ],
    ids=["block", "inner block", "function", "temporary function", "dropped procedure"],
)
def test_only_conditions_worth_another_try_may_be_caught_quietly(
    database: Database, wrapped: str, conditions: str, findings: int
) -> None:
    sql = wrapped.format(raising_and_catching(conditions))
    assert [item.rule for item in find(sql, database)] == ["swallowed-exception"] * findings


def test_a_handler_of_a_function_that_was_there_before_is_read_in_the_database(
    database: Database,
) -> None:
    body = raising_and_catching("lock_not_available")
    refill(database, f"CREATE FUNCTION old_f() RETURNS void LANGUAGE plpgsql AS $$ {body} $$")
    assert find("SELECT old_f()", database) == ()
