"""The workload's files, good and bad."""

from __future__ import annotations

from pathlib import Path

import pytest

from shadowgate.errors import PlanError
from shadowgate.measure.workload import load_workload, read_query

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
        (GOOD.replace("-- id: Q1\n", ""), "lacks id"),
        (GOOD.replace("Contains", ""), "lacks title"),
        (GOOD.replace("read", "look"), "read or write"),
        (GOOD.replace("Q1", "1; DROP"), "is no id"),
        (GOOD.replace("-- id: Q1\n", "-- id: Q1\n-- id: Q2\n"), "id twice"),
        (GOOD.replace("SELECT 1", "SELECT 1; SELECT 2"), "one statement, this one 2"),
        (GOOD.replace("SELECT 1", ""), "one statement, this one 0"),
        (GOOD.replace("SELECT 1", "DELETE FROM t"), "DeleteStmt is not a read"),
        (GOOD.replace("SELECT 1", "TRUNCATE t").replace("read", "write"), "is not a write"),
        (GOOD.replace("SELECT 1", "SELEC 1"), "syntax error"),
        (GOOD.replace("-- kind", "-- times: 0\n-- kind"), "whole number of times, not '0'"),
        (GOOD.replace("-- kind", "-- times: often\n-- kind"), "not 'often'"),
    ],
)
def test_a_bad_file_is_refused_with_the_reason(tmp_path: Path, text: str, complaint: str) -> None:
    path = write(tmp_path, "q.sql", text)
    with pytest.raises(PlanError, match=complaint) as caught:
        read_query(path)
    assert str(path) in caught.value.where


def test_a_syntax_error_names_its_line(tmp_path: Path) -> None:
    path = write(tmp_path, "q.sql", "-- id: Q1\n-- title: ção\n-- kind: read\nSELECT 1\nFRM t")
    with pytest.raises(PlanError) as caught:
        read_query(path)
    assert caught.value.where.endswith("line 5")


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
