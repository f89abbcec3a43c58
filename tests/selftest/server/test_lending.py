"""One cluster for several runs: the same one while it is as new, and another one otherwise."""

from __future__ import annotations

import json
import os
import select
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from shadowgate.errors import ServerError
from shadowgate.progress import silent
from shadowgate.repository import judging
from shadowgate.server import Databases, Server, lending
from shadowgate.server.binaries import installations, server_for
from shadowgate.server.borrowing import VARIABLE, LentServer, Wanted, borrowed
from shadowgate.server.lending import Lender

WANTED = Wanted(None, False, None, 1_000_000)


@pytest.fixture(scope="module")
def lender() -> Iterator[Lender]:
    made = Lender()
    yield made
    made.close()


@contextmanager
def lent(
    lender: Lender, monkeypatch: pytest.MonkeyPatch, wanted: Wanted = WANTED
) -> Iterator[LentServer]:
    """A run that borrows; here it is a part of this process."""
    installation = server_for(installations(), major=None, postgis=False)
    assert installation is not None
    ours, theirs = socket.socketpair()
    serving = threading.Thread(target=lender.serve, args=(ours,))
    serving.start()
    monkeypatch.setenv(VARIABLE, str(theirs.detach()))
    server = borrowed(installation, wanted, silent)
    assert server is not None
    try:
        yield server
    finally:
        server.close()
        serving.join()
        ours.close()


def directory(server: LentServer) -> str:
    return server.facts.where


def execute(server: LentServer, *statements: str) -> None:
    with server.maintenance.connect() as connection:
        for statement in statements:
            connection.execute(statement.encode())


def test_the_next_run_gets_the_same_cluster_as_if_it_were_new(
    lender: Lender, monkeypatch: pytest.MonkeyPatch
) -> None:
    with lent(lender, monkeypatch) as server:
        first = directory(server)
        assert VARIABLE not in os.environ
        with Databases(server) as databases:
            shadow = databases.create("shadow")
            with shadow.connect() as connection:
                connection.execute(
                    "CREATE ROLE reader; CREATE TABLE t (); GRANT ALL ON t TO reader"
                )
        execute(
            server,
            "CREATE ROLE writer SUPERUSER",
            "GRANT reader TO writer",
            "ALTER ROLE writer SET search_path = app",
            "ALTER SYSTEM SET log_statement = 'ddl'",
            "SELECT pg_reload_conf()",
        )
    with lent(lender, monkeypatch) as server:
        assert directory(server) == first
        with server.maintenance.connect() as connection:
            roles = connection.execute("SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_'")
            assert roles.fetchall() == [("postgres",)]
            assert connection.execute("SHOW log_statement").fetchone() == ("none",)
            names = connection.execute("SELECT datname FROM pg_database ORDER BY datname")
            assert [name for (name,) in names] == ["postgres", "template0", "template1"]


@pytest.mark.parametrize(
    "left",
    [
        "CREATE TABLE public.left_behind ()",
        "SELECT pg_create_physical_replication_slot('left_behind')",
        "COMMENT ON ROLE postgres IS 'left behind'",
        "ALTER ROLE postgres SET work_mem = '1MB'",
        "CREATE DATABASE left_behind",
        "CREATE ROLE owner; CREATE SCHEMA app AUTHORIZATION owner",
    ],
)
def test_a_run_that_leaves_something_is_the_last_on_its_cluster(
    lender: Lender, monkeypatch: pytest.MonkeyPatch, left: str
) -> None:
    with lent(lender, monkeypatch) as server:
        first = directory(server)
        execute(server, *left.split("; "))
    with lent(lender, monkeypatch) as server:
        assert directory(server) != first


def test_a_run_that_wants_another_cluster_gets_it(
    lender: Lender, monkeypatch: pytest.MonkeyPatch
) -> None:
    with lent(lender, monkeypatch) as server:
        first = directory(server)
    more = Wanted(None, False, None, 2_000_000)
    with lent(lender, monkeypatch, more) as server:
        second = directory(server)
    with lent(lender, monkeypatch) as server:
        assert first != second == directory(server)


def test_a_run_that_dies_is_the_last_on_its_cluster_and_nothing_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lender = Lender()
    with lent(lender, monkeypatch) as server:
        folder = Path(server.facts.where.split()[3].rstrip(","))
        assert folder.is_dir()
        monkeypatch.setattr(server, "close", server._lender.close)  # type: ignore[union-attr]
    assert not folder.exists()
    with lent(lender, monkeypatch) as server:
        folder = Path(server.facts.where.split()[3].rstrip(","))
    assert folder.is_dir()
    lender.close()
    assert not folder.exists()


def test_a_run_that_dies_before_it_has_read_the_answer_is_one_that_has_died() -> None:
    lender = Lender()
    ours, theirs = socket.socketpair()
    with ours, ThreadPoolExecutor(1) as pool:
        serving = pool.submit(lender.serve, ours)
        theirs.sendall(f"{json.dumps(asdict(WANTED))}\n".encode())
        assert select.select([theirs], [], [], 60)[0]
        theirs.close()
        serving.result(60)
    assert lender.made == 1
    assert lender._server is None


def test_a_cluster_leaves_room_in_memory_for_those_beside_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rooms = []

    def refuse(_choice: str, **wanted: Any) -> Server:
        rooms.append(wanted["room_bytes"])
        raise ServerError("none")

    monkeypatch.setattr(lending, "open_server", refuse)
    for beside in (1, 3):
        assert Lender(beside)._lend(WANTED) is None
    assert rooms == [1_000_000, 3_000_000]


def test_nothing_is_borrowed_where_nobody_lends(monkeypatch: pytest.MonkeyPatch) -> None:
    installation = server_for(installations(), major=None, postgis=False)
    assert installation is not None
    monkeypatch.delenv(VARIABLE, raising=False)
    assert borrowed(installation, WANTED, silent) is None
    assert judging.LENDER == VARIABLE
