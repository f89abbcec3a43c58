"""Query files from an export of pg_stat_statements."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.command import main
from shadowgate.errors import UsageError
from shadowgate.queries import load_workload
from shadowgate.queries.parameters import bind_workload
from shadowgate.queries.statements import (
    Statement,
    read_statements,
    select_statements,
    write_query_files,
)
from shadowgate.server import Database
from tests.selftest.plain_database import refill

SHOP = """
CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
CREATE TABLE orders (id bigint PRIMARY KEY, customer text, total numeric);
INSERT INTO orders SELECT n, 'c' || n % 7, n FROM generate_series(1, 500) AS n;
ANALYZE orders;
"""
EXPORT = """
COPY (
    SELECT query, calls, total_exec_time
    FROM pg_stat_statements
    WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
) TO STDOUT WITH (FORMAT csv, HEADER)
"""


def exported(database: Database, path: Path) -> Path:
    with (
        database.connect() as connection,
        connection.cursor() as cursor,
        cursor.copy(EXPORT.encode()) as copy,
    ):
        path.write_bytes(b"".join(bytes(part) for part in copy))
    return path


def test_what_a_server_was_asked_becomes_a_workload_that_runs(
    plain: Database, tmp_path: Path
) -> None:
    shop = refill(plain, SHOP)
    with shop.connect() as connection:
        for number in range(30):
            connection.execute("SELECT total FROM orders WHERE id = %s", (number,))
        connection.execute("UPDATE orders SET total = total + 1 WHERE id = 7")
        connection.execute("SELECT count(*) FROM pg_class")
    path, folder = exported(shop, tmp_path / "statements.csv"), tmp_path / "queries"
    assert main(["queries", str(path), f"--output={folder}"]) == 0
    workload = load_workload(folder)
    assert {query.id[4:] for query in workload.queries} == {"select_orders", "update_orders"}
    (reads,) = workload.reads
    assert workload.weights[reads.id] == 30
    with shop.connect() as connection:
        for query in bind_workload(workload, connection).queries:
            connection.execute(query.sql.encode())


def test_the_costliest_come_first_and_what_cannot_be_asked_again_is_told() -> None:
    found = select_statements(
        [
            Statement("SELECT * FROM rare", 1, 5.0),
            Statement("SELECT * FROM costly WHERE id = $1", 10, 900.0),
            Statement("DELETE FROM middle WHERE id = $1", 10, 90.0),
            Statement("INSERT INTO costly VALUES ($1)", 9, 800.0),
            Statement("BEGIN", 99, 700.0),
            Statement("SELECT * FROM cut WHERE id IN ($1, $2", 9, 600.0),
            Statement("<insufficient privilege>", 9, 500.0),
            Statement("SELECT relname FROM pg_class", 9, 400.0),
        ],
        most=2,
    )
    assert [one.name for one in found.chosen] == ["s01_select_costly", "s02_delete_middle"]
    assert len(found.left_out) == 5
    assert "values of new rows are not known" in found.left_out[0]


def test_entries_of_one_text_are_one_statement(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("query,calls,total_time\nSELECT 1 FROM t,2,1.5\nSELECT 1 FROM t ,3,2.5\n")
    assert read_statements(path) == (Statement("SELECT 1 FROM t", 5, 4.0),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no statement"),
        ("query,calls\n", "no statement"),
        ("text,number\nSELECT 1,2\n", "query and calls are not there"),
        ("query,calls\nSELECT 1,often\n", "not a number"),
        ("query,calls\nSELECT 1\n", "query and calls are not there"),
    ],
)
def test_what_is_no_export_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    path = tmp_path / "s.csv"
    path.write_text(text)
    assert main(["queries", str(path), f"--output={tmp_path / 'out'}"]) == 4
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.sql").write_text("SELECT 1;")
    chosen = select_statements([Statement("SELECT * FROM t", 1, 1.0)], 5).chosen
    with pytest.raises(UsageError, match="is not empty"):
        write_query_files(chosen, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.sql"]


@given(st.lists(st.builds(Statement, st.text(), st.integers(0, 10**9), st.floats(0, 1e9))))
def test_any_text_is_chosen_or_left_out(statements: list[Statement]) -> None:
    found = select_statements(statements, most=5)
    assert len(found.chosen) + len(found.left_out) <= len(statements)
    assert len({one.name for one in found.chosen}) == len(found.chosen) <= 5
