from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest
from psycopg import sql

from shadowgate.errors import ServerError
from shadowgate.server import Database, Server, ServerLog
from shadowgate.server.log import LogPosition
from tests.selftest.server_runs import logged


def write_to_log(server: Server) -> str:
    """Make the server log a statement that nobody else logs; return what is special about it."""
    mark = f"probe_{uuid.uuid4().hex}"
    with server.maintenance.connect() as connection:
        connection.execute("SET log_statement = 'all'")
        connection.execute(sql.SQL("SELECT {}").format(sql.Literal(mark)))
    return mark


def set_log_file(server: Server, name: str) -> None:
    with server.maintenance.connect() as connection:
        connection.execute(sql.SQL("ALTER SYSTEM SET log_filename = {}").format(sql.Literal(name)))
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("SELECT pg_rotate_logfile()")


@pytest.fixture
def stranger(server: Server) -> Iterator[Database]:
    """The maintenance database as a role without privileges."""
    role = f"stranger_{uuid.uuid4().hex[:8]}"
    password = uuid.uuid4().hex
    with server.maintenance.connect() as connection:
        connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                sql.Identifier(role), sql.Literal(password)
            )
        )
        yield Database(replace(server.endpoint, user=role, password=password), "postgres")
        connection.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(role)))
        connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def test_what_is_written_after_a_position_is_read_and_nothing_before(server: Server) -> None:
    log = ServerLog(server.maintenance)
    beginning = log.position()
    earlier = write_to_log(server)
    assert earlier in logged(log, earlier, beginning)
    position = log.position()
    mark = write_to_log(server)
    written = logged(log, mark, position)
    assert mark in written
    assert earlier not in written


def test_reading_goes_on_when_the_server_changes_to_another_file(server: Server) -> None:
    log = ServerLog(server.maintenance)
    position = log.position()
    before = write_to_log(server)
    assert before in logged(log, before, position)
    try:
        set_log_file(server, "another.log")
        written = ""
        for _ in range(20):
            after = write_to_log(server)
            written = logged(log, after, position)
            if log.position().file != position.file:
                break
        assert log.position().file.endswith("another.log")
        assert before in written
        assert after in written
    finally:
        set_log_file(server, "postgresql.log")


def test_a_log_that_was_cut_since_is_read_from_its_beginning(server: Server) -> None:
    log = ServerLog(server.maintenance)
    end = log.position()
    mark = write_to_log(server)
    assert mark in logged(log, mark, LogPosition(end.file, end.offset + 10**9))


def test_waiting_ends_without_the_text(server: Server) -> None:
    log = ServerLog(server.maintenance)
    assert "never written" not in logged(log, "never written", log.position(), seconds=0.1)


def test_a_role_that_may_not_read_the_log_is_told_what_to_grant(
    server: Server, stranger: Database
) -> None:
    with pytest.raises(ServerError, match="may not read") as caught:
        ServerLog(stranger).position()
    advice = caught.value.todo.removeprefix("as a superuser: ")
    with server.maintenance.connect() as connection:
        connection.execute(advice.encode())
    log = ServerLog(stranger)
    position = log.position()
    mark = write_to_log(server)
    assert mark in logged(log, mark, position)
