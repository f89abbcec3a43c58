"""What readers and writers ask while a migration is rehearsed, where the plan leaves it open."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from shadowgate.phases.migration.rehearsal import traffic_of
from shadowgate.plan import TrafficSection
from shadowgate.queries import Query, Workload
from shadowgate.server import Database
from tests.selftest.plain_database import refill

READ = Query("Q1", "One", "read", "SELECT 1", Path("Q1.sql"))
WRITE = Query("W1", "Two", "write", "UPDATE t SET a = 1", Path("W1.sql"))
ROLLED_BACK = "BEGIN;\nUPDATE t SET a = 1\n;\nSET CONSTRAINTS ALL IMMEDIATE;\nROLLBACK"
BOTH = Workload((READ, WRITE))
ASKED = TrafficSection(reads=("SELECT 2",), writes=("DELETE FROM t",), readers=3, writers=2)


@pytest.mark.parametrize(
    ("asked", "workload", "reads", "writes", "clients"),
    [
        (ASKED, BOTH, ("SELECT 2",), ("DELETE FROM t",), (3, 2)),
        (ASKED, Workload(()), ("SELECT 2",), ("DELETE FROM t",), (3, 2)),
        (replace(ASKED, reads=()), BOTH, ("SELECT 1",), ("DELETE FROM t",), (3, 2)),
        (replace(ASKED, writes=()), BOTH, ("SELECT 2",), (ROLLED_BACK,), (3, 2)),
        (TrafficSection(), BOTH, ("SELECT 1",), (ROLLED_BACK,), (4, 1)),
        (TrafficSection(), Workload((READ,)), ("SELECT 1",), (), (4, 0)),
        (TrafficSection(), Workload((WRITE,)), (), (ROLLED_BACK,), (0, 1)),
        (TrafficSection(), Workload(()), (), (), (0, 0)),
    ],
)
def test_what_the_plan_leaves_open_the_workload_says(
    asked: TrafficSection,
    workload: Workload,
    reads: tuple[str, ...],
    writes: tuple[str, ...],
    clients: tuple[int, int],
) -> None:
    found = traffic_of(asked, workload)
    assert (found.reads, found.writes) == (reads, writes)
    assert (found.readers, found.writers) == clients
    assert found.reads_per_second == asked.reads_per_second


@pytest.mark.parametrize(
    "query", [replace(READ, role="reporter"), replace(READ, values=(("x", 1),))]
)
def test_what_a_client_cannot_ask_by_its_text_alone_is_left_out(query: Query) -> None:
    assert traffic_of(TrafficSection(), Workload((query, WRITE))).reads == ()


def test_a_write_that_can_be_executed_only_once_is_asked_again_and_again(plain: Database) -> None:
    with refill(plain, "CREATE TABLE t (id int PRIMARY KEY)").connect() as connection:
        once = replace(WRITE, sql="INSERT INTO t VALUES (7) -- by hand")
        (write,) = traffic_of(TrafficSection(), Workload((once,))).writes
        for _ in range(2):
            connection.execute(write.encode())
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (0,)
