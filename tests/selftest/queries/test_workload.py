"""The workload's files, good and bad."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from shadowgate.errors import PlanError
from shadowgate.queries.workload import load_workload, read_query

GOOD = "-- id: Q1\n-- title: Contains\n-- kind: read\n\nSELECT 1;\n"


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_folder_is_read_in_the_order_of_its_names(tmp_path: Path) -> None:
    write(tmp_path, "Q10_b.sql", GOOD.replace("Q1", "Q10"))
    write(tmp_path, "Q02_a.sql", GOOD.replace("Q1", "Q2"))
    write(tmp_path, "W1_c.sql", "-- id: W1\n-- title: t\n-- kind: write\nINSERT INTO t VALUES (1)")
    workload = load_workload(tmp_path)
    assert [query.id for query in workload.queries] == ["Q2", "Q10", "W1"]
    assert [query.id for query in workload.reads] == ["Q2", "Q10"]
    assert workload.by_id["Q2"].title == "Contains"


def test_comments_and_colons_in_the_header_are_allowed(tmp_path: Path) -> None:
    text = "-- Asks: what lies here?\n-- id: Q1\n-- kind: read\n-- title: a: b\nSELECT 1"
    assert read_query(write(tmp_path, "q.sql", text)).title == "a: b"


def test_a_short_statement_may_be_executed_several_times(tmp_path: Path) -> None:
    once = write(tmp_path, "once.sql", GOOD)
    often = write(tmp_path, "often.sql", GOOD.replace("-- kind", "-- times: 50\n-- kind"))
    assert (read_query(once).times, read_query(often).times) == (1, 50)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (GOOD.replace("Contains", ""), "lacks title"),
        (GOOD.replace("read", "look"), "read or write"),
        (GOOD.replace("Q1", "1; DROP"), "is no id"),
        (GOOD.replace("-- id: Q1\n", "-- id: Q1\n-- id: Q2\n"), "id twice"),
        (GOOD.replace("SELECT 1;", ""), "holds only comments"),
        ("", "holds nothing"),
        (GOOD.replace("SELECT 1", "DELETE FROM t"), "DeleteStmt is not a read"),
        ("-- kind: read\nWITH d AS (DELETE FROM t RETURNING a) SELECT a FROM d", "changes rows"),
        (GOOD.replace("SELECT 1", "TRUNCATE t").replace("read", "write"), "is not a write"),
        ("CREATE TABLE t (a integer)", "CreateStmt is not a read or write"),
        ("SET search_path = app", "VariableSetStmt is not a read or write"),
        ("BEGIN; COMMIT", "holds no query"),
        ("SELECT 1; COMMIT; SELECT 2", "cannot control transactions"),
        ("BEGIN; DELETE FROM t; ROLLBACK", "cannot control transactions"),
        (GOOD.replace("SELECT 1", "SELEC 1"), "syntax error"),
        ("SELECT 'open", "syntax error"),
        (GOOD.replace("-- kind", "-- times: 0\n-- kind"), "whole number of times, not '0'"),
        (GOOD.replace("-- kind", "-- times: often\n-- kind"), "not 'often'"),
        ("\\set customer 5\nSELECT :customer", r"\\set is a command of psql"),
        ("SELECT 1 \\gset", r"\\gset is a command of psql"),
        ('SELECT a FROM :"table"', "stands for a value"),
    ],
)
def test_a_bad_file_is_refused_with_the_reason(tmp_path: Path, text: str, complaint: str) -> None:
    path = write(tmp_path, "q.sql", text)
    with pytest.raises(PlanError, match=complaint) as caught:
        read_query(path)
    assert str(path) in caught.value.where
    assert "\n" not in caught.value.what


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("-- id: Q1\n-- title: ção\n-- kind: read\nSELECT 1\nFRM t", 5),
        ("SELECT :long_name_of_it,\n:other\nFRM t", 3),
        ("SELECT 1;\n\\timing on", 2),
    ],
)
def test_a_syntax_error_names_its_line(tmp_path: Path, text: str, line: int) -> None:
    path = write(tmp_path, "q.sql", text)
    with pytest.raises(PlanError) as caught:
        read_query(path)
    assert caught.value.where.endswith(f"line {line}")


@pytest.mark.parametrize(
    ("name", "id_", "title"),
    [
        ("by_customer.sql", "by_customer", "By customer"),
        ("Orders-of-a-day.sql", "Orders-of-a-day", "Orders of a day"),
        ("01 relatório.sql", "q_01_relatorio", "01 relatório"),
        ("-x-.sql", "x", "X"),
        ("数.sql", "q", "数"),
    ],
)
def test_a_file_without_a_header_is_called_after_its_name(
    tmp_path: Path, name: str, id_: str, title: str
) -> None:
    found = read_query(write(tmp_path, name, "SELECT 1"))
    assert (found.id, found.title, found.kind, found.role) == (id_, title, "read", None)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("-- Orders of a customer\n-- and more\nSELECT 1", "Orders of a customer"),
        ("-- kind: read\n--\n-- Orders\nSELECT 1", "Orders"),
        ("/* Orders of a day */\nSELECT 1", "Orders of a day"),
        ("/*\n * Orders\n */\nSELECT 1", "Orders"),
        ("SELECT 1 -- not this one", "Q"),
        ("\ufeff-- Orders\nSELECT 1", "Orders"),
    ],
)
def test_the_first_comment_is_the_title(tmp_path: Path, text: str, title: str) -> None:
    assert read_query(write(tmp_path, "q.sql", text)).title == title


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("SELECT 1", "read"),
        ("VALUES (1)", "read"),
        ("TABLE t", "read"),
        ("WITH a AS (SELECT 1) SELECT * FROM a", "read"),
        ("WITH a AS (DELETE FROM t RETURNING b) SELECT * FROM a", "write"),
        ("INSERT INTO t VALUES (1)", "write"),
        ("UPDATE t SET a = 1", "write"),
        ("DELETE FROM t", "write"),
        ("MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE", "write"),
        ("CALL p()", "write"),
        ("DO $$ BEGIN END $$", "write"),
        ("SELECT a FROM t FOR UPDATE", "write"),
        ("SELECT a INTO TEMPORARY s FROM t", "write"),
        ("SELECT 1; SELECT 2", "read"),
        ("SELECT 1; DELETE FROM t", "write"),
        ("SET LOCAL search_path = app; SELECT 1", "read"),
        ("-- kind: write\nSELECT book_seat(1)", "write"),
        ("-- kind: read\nSELECT a FROM t FOR UPDATE", "read"),
    ],
)
def test_the_kind_is_told_by_the_statements(tmp_path: Path, text: str, kind: str) -> None:
    found = read_query(write(tmp_path, "q.sql", text))
    assert found.kind == kind
    assert found.in_transaction == (kind == "write" or ";" in text.partition("\n")[0])


def test_begin_and_commit_around_a_step_say_what_it_is_anyway(tmp_path: Path) -> None:
    text = "BEGIN;\nDELETE FROM t; -- gone\nSELECT ';' FROM t WHERE a = :a;\nCOMMIT;\n"
    found = read_query(write(tmp_path, "q.sql", text))
    assert found.statements[0] == "DELETE FROM t"
    assert len(found.statements) == 2
    assert "COMMIT" not in found.sql
    assert found.parameters == ("a",)


def test_a_role_is_read(tmp_path: Path) -> None:
    assert read_query(write(tmp_path, "q.sql", "-- role: web user\nSELECT 1")).role == "web user"


def test_values_come_from_the_file_beside_the_query(tmp_path: Path) -> None:
    write(tmp_path, "q.params", 'customer = 17\ndays = ["mon", "tue"]\n1 = 2024-05-01\n')
    found = read_query(write(tmp_path, "q.sql", "SELECT :customer, :'days', $1, 'a:b'::text"))
    assert found.parameters == ("customer", "days", "1")
    assert dict(found.values) == {"customer": 17, "days": ("mon", "tue"), "1": date(2024, 5, 1)}


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ("customer 17", "not TOML: .*line 1"),
        ("custmer = 17", "has no parameter custmer; it has customer"),
        ("[customer]\na = 1", "is a table"),
    ],
)
def test_a_bad_file_of_values_is_refused(tmp_path: Path, values: str, complaint: str) -> None:
    path = write(tmp_path, "q.params", values)
    query = write(tmp_path, "q.sql", "SELECT :customer")
    with pytest.raises(PlanError, match=complaint) as caught:
        read_query(query)
    assert str(path) in caught.value.where


def test_a_workload_can_do_without_some_queries(tmp_path: Path) -> None:
    write(tmp_path, "a.sql", "SELECT 1")
    write(tmp_path, "b.sql", "SELECT 2")
    assert [one.id for one in load_workload(tmp_path).without({"a"}).queries] == ["b"]


def test_an_id_used_twice_names_both_files(tmp_path: Path) -> None:
    write(tmp_path, "a.sql", GOOD)
    write(tmp_path, "b.sql", GOOD)
    with pytest.raises(PlanError, match="used twice") as caught:
        load_workload(tmp_path)
    assert "a.sql" in caught.value.where
    assert "b.sql" in caught.value.where


def test_a_missing_or_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=r"no \.sql file"):
        load_workload(tmp_path)
    with pytest.raises(PlanError, match="not a folder"):
        load_workload(tmp_path / "nowhere")


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "q.sql"
    path.write_bytes(GOOD.encode("utf-16"))
    with pytest.raises(PlanError, match="cannot be read"):
        read_query(path)


def test_a_rewritten_form_belongs_to_the_query_of_the_same_id(tmp_path: Path) -> None:
    originals, rewrites = tmp_path / "queries", tmp_path / "rewritten"
    originals.mkdir()
    rewrites.mkdir()
    write(originals, "Q01.sql", GOOD)
    write(originals, "Q02.sql", GOOD.replace("Q1", "Q2"))
    write(rewrites, "Q02.sql", GOOD.replace("Q1", "Q2").replace("SELECT 1", "SELECT 2"))
    workload = load_workload(originals, rewrites)
    assert [query.id for query in workload.queries] == ["Q1", "Q2"]
    assert [query.id for query in workload.rewrites] == ["Q2"]
    first, second = workload.queries
    assert first.after is first
    assert "SELECT 1" in second.sql
    assert "SELECT 2" in second.after.sql


@pytest.mark.parametrize(("old", "new"), [("Q1", "Q7"), ("read", "write")])
def test_a_rewritten_form_without_its_original_is_refused(
    tmp_path: Path, old: str, new: str
) -> None:
    originals, rewrites = tmp_path / "queries", tmp_path / "rewritten"
    originals.mkdir()
    rewrites.mkdir()
    write(originals, "Q01.sql", GOOD)
    path = write(rewrites, "Q01.sql", GOOD.replace(old, new))
    with pytest.raises(PlanError, match="has no original") as caught:
        load_workload(originals, rewrites)
    assert str(path) in caught.value.where
