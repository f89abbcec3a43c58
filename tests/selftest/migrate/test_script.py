"""Scripts are split where PostgreSQL would split them, and refused with the place named."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pglast
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.errors import ScriptError, UsageError
from shadowgate.migrate import (
    Script,
    TransactionBlock,
    parse_script,
    read_script,
    refuse_beyond,
    statements_beyond,
)

PIECES = (
    "SELECT 1",
    "SELECT ';'",
    "SELECT 'it''s; not over'",
    "SELECT E'\\';'",
    'SELECT 1 AS ";"',
    "SELECT /* ; /* nested; */ ; */ 2",
    "SELECT 1 -- ; comment\n + 1",
    "SELECT $$;$$",
    "SELECT $q$ $$;$$ ; -- $q$",
    "DO $body$ BEGIN PERFORM ';'; -- ;\n END $body$",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END",
    "CREATE TABLE müll (größe int)",
    "INSERT INTO t VALUES ('ж;\n\n')",
)
GAPS = (";", " ;\n", ";\n\n", ";;", "; -- one; two\n", "; /* a;\n /* b */ ; */ ", "\n;\t")


def parse(text: str) -> Script:
    return parse_script(text, Path("m.sql"), "")


@given(st.lists(st.tuples(st.sampled_from(PIECES), st.sampled_from(GAPS)), min_size=1))
def test_any_row_of_statements_is_split_into_exactly_these_on_their_lines(
    parts: list[tuple[str, str]],
) -> None:
    text, expected = "-- head; \n", []
    for piece, gap in parts:
        expected.append((piece, text.count("\n") + 1))
        text += piece + gap
    assert [(item.sql, item.line) for item in parse(text).statements] == expected


@given(st.lists(st.tuples(st.sampled_from(PIECES), st.sampled_from(GAPS)), min_size=1))
def test_nothing_but_separators_and_comments_is_left_between_statements(
    parts: list[tuple[str, str]],
) -> None:
    text = "".join(piece + gap for piece, gap in parts)
    rest, at = "", 0
    for statement in parse(text).statements:
        assert text[statement.offset :].startswith(statement.sql)
        rest += text[at : statement.offset] + " "
        at = statement.offset + len(statement.sql)
    tokens = [token.name for token in pglast.parser.scan(rest + text[at:])]
    assert set(tokens) <= {"ASCII_59", "SQL_COMMENT", "C_COMMENT"}


@pytest.mark.parametrize(
    ("sql", "kind", "alone", "as_is"),
    [
        ("CREATE TABLE t (a int)", "CREATE TABLE", False, False),
        ("CREATE INDEX i ON t (a)", "CREATE INDEX", False, False),
        ("CREATE INDEX CONCURRENTLY i ON t (a)", "CREATE INDEX CONCURRENTLY", True, True),
        ("DROP INDEX CONCURRENTLY i", "DROP INDEX CONCURRENTLY", True, True),
        ("DROP MATERIALIZED VIEW v", "DROP MATERIALIZED VIEW", False, False),
        ("ALTER TABLE t RENAME COLUMN a TO b", "ALTER TABLE", False, False),
        ("ALTER INDEX i RENAME TO j", "ALTER INDEX", False, False),
        ("ALTER TABLE t DETACH PARTITION p", "ALTER TABLE", False, False),
        ("ALTER TABLE t DETACH PARTITION p CONCURRENTLY", "ALTER TABLE", True, True),
        ("VACUUM t", "VACUUM", True, True),
        ("ANALYZE t", "ANALYZE", False, False),
        ("REINDEX TABLE t", "REINDEX", False, False),
        ("REINDEX TABLE CONCURRENTLY t", "REINDEX", True, True),
        ("REINDEX SCHEMA s", "REINDEX", True, True),
        ("CLUSTER", "CLUSTER", True, True),
        ("ALTER SYSTEM SET a = 1", "ALTER SYSTEM", True, True),
        ("CREATE DATABASE d", "CREATE DATABASE", True, True),
        ("CALL p()", "CALL", True, True),
        ("DO $$ BEGIN NULL; END $$", "DO", False, False),
        ("DO $$ BEGIN IF true THEN COMMIT; END IF; END $$", "DO", True, True),
        ("SET LOCAL work_mem = 1", "SET", False, True),
        ("SET work_mem = 1", "SET", False, False),
        ("LOCK TABLE t", "LOCK", False, True),
        ("SAVEPOINT s", "SAVEPOINT", False, True),
        ("COMMIT", "COMMIT", False, True),
        ("CREATE MATERIALIZED VIEW v AS SELECT 1", "CREATE MATERIALIZED VIEW", False, False),
        ("CREATE TABLE t AS SELECT 1", "CREATE TABLE AS", False, False),
        ("CREATE PROCEDURE p() LANGUAGE sql AS ''", "CREATE PROCEDURE", False, False),
        ("REVOKE ALL ON t FROM PUBLIC", "REVOKE", False, False),
        ("ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR word WITH simple", None, False, False),
    ],
)
def test_a_statement_is_named_and_run_as_postgresql_would(
    sql: str, kind: str | None, alone: bool, as_is: bool
) -> None:
    (statement,) = parse(sql).statements
    expected = kind or "ALTER TS CONFIGURATION"
    assert (statement.kind, statement.must_run_alone, statement.runs_as_is) == (
        expected,
        alone,
        as_is,
    )


def test_an_explicit_transaction_is_one_unit_with_its_begin_and_commit() -> None:
    script = parse("SELECT 1; BEGIN; SELECT 2; SAVEPOINT s; COMMIT; SELECT 3; BEGIN; ROLLBACK")
    shapes = [
        [item.number for item in unit.statements] if isinstance(unit, TransactionBlock) else unit
        for unit in script.units
    ]
    first, block, third, undone = shapes
    assert (block, undone) == ([2, 3, 4, 5], [7, 8])
    assert (first, third) == (script.statements[0], script.statements[5])
    assert [unit.commits for unit in script.units if isinstance(unit, TransactionBlock)] == [
        True,
        False,
    ]
    assert [item.number for item in script.statements if item.in_transaction] == [2, 3, 4, 5, 7, 8]


def test_a_chained_transaction_stays_one_unit() -> None:
    (unit,) = parse("BEGIN; SELECT 1; COMMIT AND CHAIN; SELECT 2; COMMIT").units
    assert isinstance(unit, TransactionBlock)
    assert len(unit.statements) == 5


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("\\set x 1\nSELECT :x;", "it uses psql's \\set in line 1"),
        ("SELECT 1;\n\\echo done\n", "it uses psql's \\echo in line 2"),
        ("SELECT 1 \\gset\n", "it uses psql's \\gset in line 1"),
        ("SELECT 1;\nCOPY t FROM stdin;\n1\tit's\n\\.\n", "it copies rows FROM STDIN in line 2"),
        ("COPY t FROM stdin;\n", "it copies rows through the client"),
        ("COPY t TO stdout;\n", "it copies rows through the client"),
    ],
)
def test_a_script_that_only_psql_can_read_is_recognised_and_not_split(
    text: str, reason: str
) -> None:
    script = parse(text)
    assert (script.needs_psql, script.units) == (reason, ())


@pytest.mark.parametrize(
    "text", ["SELECT '\\i x'; COPY t FROM '/tmp/x';", "-- \\i x\nCOPY t FROM PROGRAM 'ls';"]
)
def test_a_backslash_in_quotes_or_comments_or_a_copy_of_the_server_needs_no_psql(text: str) -> None:
    assert parse(text).needs_psql == ""


@pytest.mark.parametrize(
    ("content", "where", "what"),
    [
        (b"", "m.sql", "no statement"),
        (b" \n;;\n", "m.sql", "no statement"),
        (b"-- nothing\n/* at all */", "m.sql", "no statement"),
        (b"SELECT 1;\n\nSELEC 2;\n", "m.sql, line 3, column 1: SELEC 2;", '"SELEC"'),
        ("SELECT 'é';\n  DROP é é".encode(), "m.sql, line 2, column 8: DROP é é", '"é"'),
        (b"SELECT 1;\nCREATE TABLE\n\n", "m.sql, line 2, column 13: CREATE TABLE", "end of input"),
        (b"SELECT 1;\nSELECT 'open", "m.sql, line 2, column 8: SELECT 'open", "unterminated"),
        (b"SELECT 1;\nBEGIN;\nSELECT 2;", "m.sql, line 2: BEGIN", "never ends it"),
        (b"SELECT 1;\nSELECT '\xe9';", "m.sql, line 2, byte 18", "not UTF-8"),
        ("SELECT 1;".encode("utf-16"), "m.sql, line 1, byte 0", "UTF-16"),
    ],
)
def test_a_bad_script_is_refused_with_its_place(
    tmp_path: Path, content: bytes, where: str, what: str
) -> None:
    path = tmp_path / "m.sql"
    path.write_bytes(content)
    with pytest.raises(ScriptError, match=re.escape(what)) as caught:
        read_script(path)
    assert caught.value.where == str(tmp_path / where)
    assert caught.value.todo


def test_a_missing_script_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match="No such file") as caught:
        read_script(tmp_path / "m.sql")
    assert caught.value.where == str(tmp_path / "m.sql")


def test_a_script_keeps_the_hash_of_its_bytes_and_loses_its_byte_order_mark(tmp_path: Path) -> None:
    content = "\ufeffSELECT 1;\r\nSELECT 2;\r\n".encode()
    path = tmp_path / "m.sql"
    path.write_bytes(content)
    script = read_script(path)
    assert script.sha256 == hashlib.sha256(content).hexdigest()
    assert [(item.sql, item.line) for item in script.statements] == [
        ("SELECT 1", 1),
        ("SELECT 2", 2),
    ]


def test_an_excerpt_is_one_line_of_readable_length() -> None:
    (statement,) = parse("SELECT\n  1,\n  " + "2, " * 100 + "3").statements
    assert statement.excerpt.startswith("SELECT 1, 2, 2")
    assert len(statement.excerpt) == 100
    assert statement.excerpt.endswith("…")


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER SYSTEM SET work_mem = 1",
        "CREATE DATABASE other",
        "DROP DATABASE villa_canabrava",
        "ALTER DATABASE villa_canabrava SET work_mem = 1",
        "ALTER DATABASE villa_canabrava CONNECTION LIMIT 0",
        "CREATE ROLE reader",
        "ALTER ROLE postgres SET work_mem = 1",
        "DROP ROLE reader",
        "GRANT admin TO reader",
        "CREATE TABLESPACE fast LOCATION '/x'",
    ],
)
def test_a_statement_that_reaches_beyond_its_database_is_refused_where_that_would_stay(
    sql: str,
) -> None:
    script = parse("SELECT 1;\n" + sql)
    assert [item.line for item in statements_beyond(script)] == [2]
    with pytest.raises(UsageError, match="more than its database") as caught:
        refuse_beyond(script)
    assert caught.value.where == f"m.sql, line 2: {sql}"


def test_what_stays_inside_the_database_is_allowed_and_what_psql_hides_is_not() -> None:
    refuse_beyond(parse("GRANT SELECT ON t TO r; CREATE SCHEMA s; SET work_mem = 1; DROP TABLE t"))
    with pytest.raises(UsageError, match="cannot be known"):
        refuse_beyond(parse("\\set t item\nDROP TABLE :t;"))
