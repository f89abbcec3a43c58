from __future__ import annotations

import signal
import time
import uuid
from collections.abc import Iterator
from urllib.parse import quote

import psycopg
import pytest
from psycopg import sql

from shadowgate.errors import ServerError, ToolError, UsageError
from shadowgate.server import Databases, Server, ServerLog, facts, open_server
from shadowgate.server import tools as tools_module
from shadowgate.server.base import Endpoint
from shadowgate.server.databases import MARKER
from shadowgate.server.external import parse_uri
from tests.selftest.conftest import ROOM_BYTES
from tests.selftest.server_runs import HeldServer, comes_true


@pytest.fixture(scope="module")
def outside() -> Iterator[Server]:
    """A server that stands for somebody else's; its log is not collected."""
    opened = open_server("local", settings={"logging_collector": "off"}, room_bytes=ROOM_BYTES)
    yield opened
    opened.close()


def uri(server: Server, database: str = "postgres") -> str:
    endpoint = server.endpoint
    secret = quote(endpoint.password or "", safe="")
    return f"postgresql://{endpoint.user}:{secret}@{endpoint.host}:{endpoint.port}/{database}"


def names(server: Server) -> set[str]:
    with server.maintenance.connect() as connection:
        return {name for (name,) in connection.execute("SELECT datname FROM pg_database")}


def sessions(server: Server) -> list[int]:
    with server.maintenance.connect() as connection:
        return [
            pid
            for (pid,) in connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'"
            )
        ]


def execute(server: Server, statement: str, *identifiers: str) -> None:
    with server.maintenance.connect() as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, identifiers)))


def unique(prefix: str) -> str:
    return f"{prefix}_{uuid.uuid4().hex[:12]}"


def test_it_is_opened_used_and_left_as_it_was(outside: Server) -> None:
    before = names(outside)
    server = open_server(uri(outside))
    assert (server.kind, server.owned, server.free_bytes()) == ("external", False, None)
    assert server.facts.version_num == outside.facts.version_num
    assert names(outside) == before
    with Databases(server) as databases:
        database = databases.create(unique("external"))
        copy = databases.clone(database, unique("copy"))
        assert names(outside) - before == {database.name, copy.name}
        asked = server.tools.run("psql", ["-XAtc", "SELECT current_database()"], database=copy.name)
        assert asked.stdout == f"{copy.name}\n"
    server.close()
    server.close()
    assert names(outside) == before


def test_a_server_that_cannot_be_reached_is_named_without_its_password() -> None:
    with pytest.raises(ServerError, match="cannot be reached") as caught:
        open_server("postgresql://me:hidden@127.0.0.1:1/postgres")
    assert caught.value.exit_status == 4
    assert "127.0.0.1:1" in str(caught.value)
    assert "hidden" not in str(caught.value)


def test_a_wrong_password_is_told_and_not_shown(outside: Server) -> None:
    where = f"{outside.endpoint.host}:{outside.endpoint.port}"
    with pytest.raises(ServerError, match="password authentication failed") as caught:
        open_server(f"postgresql://postgres:mistaken@{where}/postgres")
    assert "mistaken" not in str(caught.value)


def test_a_password_may_come_from_the_environment(
    outside: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert outside.endpoint.password
    monkeypatch.setenv("PGPASSWORD", outside.endpoint.password)
    endpoint = outside.endpoint
    server = open_server(f"postgresql://{endpoint.user}@{endpoint.host}:{endpoint.port}")
    assert server.maintenance.name == "postgres"
    monkeypatch.delenv("PGPASSWORD")
    with server.maintenance.connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_database_that_is_not_ours_is_refused_by_name(outside: Server) -> None:
    name = unique("production")
    execute(outside, "CREATE DATABASE {}", name)
    with pytest.raises(ServerError, match=name) as caught:
        open_server(uri(outside, name))
    assert caught.value.exit_status == 4
    assert name in names(outside)
    with outside.maintenance.connect() as connection:
        connection.execute(
            sql.SQL("COMMENT ON DATABASE {} IS {}").format(
                sql.Identifier(name), sql.Literal(f"{MARKER}{uuid.uuid4()}")
            )
        )
    assert open_server(uri(outside, name)).maintenance.name == name
    execute(outside, "DROP DATABASE {}", name)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("postgresql://a:b@h:port/x", "cannot be read|one port"),
        ("postgresql://h1,h2/postgres", "one host"),
        ("postgresql://u:sec%ret@h/postgres", "cannot be read"),
        ("postgresql://u:secret@h/postgres?sslmode=require", "sslmode"),
    ],
)
def test_a_uri_that_cannot_be_used_is_refused_without_its_password(given: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        parse_uri(given)
    assert "sec" not in str(caught.value).replace("sslmode", "")


def test_a_uri_is_read_with_defaults_and_decoded() -> None:
    endpoint, name = parse_uri("postgresql://me:p%40ss@[::1]:5433")
    assert endpoint == Endpoint("::1", 5433, "me", "p@ss")
    assert name == "postgres"
    assert "p@ss" not in repr(endpoint)


def test_a_server_that_is_too_old_is_refused(
    outside: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No old server is at hand: the oldest accepted version is raised above the one that runs."""
    monkeypatch.setattr(facts, "OLDEST_MAJOR", 99)
    with pytest.raises(ServerError, match="is too old: 99 or newer is needed"):
        open_server(uri(outside))


def test_client_tools_older_than_the_server_are_refused(
    outside: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No newer server is at hand: the tools that are there are hidden."""
    monkeypatch.setattr(tools_module, "installations", tuple)
    with pytest.raises(ToolError, match="found: none"):
        open_server(uri(outside))


def test_a_role_that_may_too_little_is_refused_and_nothing_is_left(outside: Server) -> None:
    role, before = unique("role"), names(outside)
    with outside.maintenance.connect() as connection:
        connection.execute(
            sql.SQL("CREATE ROLE {} PASSWORD 'weak' LOGIN").format(sql.Identifier(role))
        )
    endpoint = outside.endpoint
    with pytest.raises(ServerError, match="may not create databases"):
        open_server(f"postgresql://{role}:weak@{endpoint.host}:{endpoint.port}/postgres")
    assert names(outside) == before
    execute(outside, "DROP ROLE {}", role)


def test_a_log_that_is_not_collected_is_refused_with_what_to_set(outside: Server) -> None:
    with pytest.raises(ServerError, match="does not collect its log") as caught:
        ServerLog(outside.maintenance).position()
    assert "logging_collector" in caught.value.todo


def test_a_killed_run_leaves_no_database_and_no_session(outside: Server) -> None:
    before, name = names(outside), unique("killed")
    run = HeldServer(uri(outside), name)
    run.wait_for("up")
    assert name in names(outside)
    run.die(signal.SIGKILL)
    assert comes_true(lambda: names(outside) == before)


@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.2])
def test_a_run_killed_while_it_creates_a_database_leaves_none(
    outside: Server, seconds: float
) -> None:
    before, name = names(outside), unique("killed")
    run = HeldServer(uri(outside), name)
    run.wait_for("creating")
    time.sleep(seconds)
    run.die(signal.SIGKILL)
    assert comes_true(lambda: names(outside) == before)
    time.sleep(0.5)
    assert names(outside) == before


def test_what_a_run_left_that_died_with_its_guardian_is_dropped_by_the_next(
    outside: Server,
) -> None:
    before, alone = names(outside), unique("shadowgate_not_ours")
    run = HeldServer(uri(outside), unique("killed"))
    run.wait_for("up")
    dead = uuid.uuid4()
    making, marked, busy = f"shadowgate_{dead.hex}_0123456789ab", unique("marked"), unique("busy")
    with Databases(open_server(uri(outside))) as living:
        kept = living.create(unique("alive")).name
        for name in (alone, making, marked, busy):
            execute(outside, "CREATE DATABASE {}", name)
        for name in (marked, busy):
            execute(outside, f"COMMENT ON DATABASE {{}} IS '{MARKER}{dead}'", name)
        run.die_with_its_guardians()
        assert comes_true(lambda: len(sessions(outside)) == 2)  # that of the living run, and ours
        assert len(names(outside) - before) == 6
        with outside.database(busy).connect(), Databases(open_server(uri(outside))):
            assert names(outside) - before == {alone, kept, busy}
    with Databases(open_server(uri(outside))):
        assert names(outside) - before == {alone}
    execute(outside, "DROP DATABASE {}", alone)


def test_the_server_may_go_before_the_run_ends() -> None:
    second = open_server("local", settings={"shared_buffers": "128MB"})
    databases = Databases(second)
    databases.create(unique("lost"))
    second.close()
    databases.close()
    with pytest.raises(psycopg.OperationalError):
        second.maintenance.connect()
