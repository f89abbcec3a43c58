from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from psycopg import sql

from shadowgate.errors import ServerError, SpaceError
from shadowgate.server import Databases, Server, require_space
from shadowgate.server.databases import MARKER, is_alive, marked_run
from shadowgate.server.space import in_units
from tests.selftest.server_runs import comes_true


def unique(prefix: str) -> str:
    return f"{prefix}_{uuid.uuid4().hex[:12]}"


def names(server: Server) -> set[str]:
    with server.maintenance.connect() as connection:
        return {name for (name,) in connection.execute("SELECT datname FROM pg_database")}


def create_by_hand(server: Server, name: str, comment: str = "") -> None:
    with server.maintenance.connect() as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        connection.execute(
            sql.SQL("COMMENT ON DATABASE {} IS {}").format(
                sql.Identifier(name), sql.Literal(comment)
            )
        )


def sessions_on(server: Server, name: str) -> int:
    with server.maintenance.connect() as connection:
        ((count,),) = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = %s", (name,)
        ).fetchall()
    return int(count)


def drop_by_hand(server: Server, name: str) -> None:
    with server.maintenance.connect() as connection:
        connection.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )


def test_no_page_of_a_clone_is_in_the_buffer_cache_and_it_belongs_to_the_run(
    server: Server, databases: Databases
) -> None:
    source = databases.create(unique("source"))
    with source.connect() as connection:
        connection.execute("CREATE TABLE numbers AS SELECT generate_series(1, 50000) AS n")
        connection.execute(f"ALTER DATABASE {source.name} SET work_mem = '7MB'".encode())
        connection.execute("VACUUM numbers")
    held = source.connect()
    copy = databases.clone(source, unique("copy"))
    held.close()
    with copy.connect() as connection:
        plan = connection.execute(
            "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT count(*) FROM numbers"
        ).fetchone()
        pages = connection.execute("SELECT pg_relation_size('numbers') / 8192").fetchone()
        assert plan is not None
        assert pages == (plan[0][0]["Plan"]["Shared Read Blocks"],)
        assert connection.execute("SHOW work_mem").fetchone() == ("7MB",)
    databases.drop_all()
    assert not names(server) & {source.name, copy.name}


def test_a_clone_has_the_rows_settings_privileges_and_owner_of_its_source(
    server: Server, databases: Databases
) -> None:
    role = unique("role")
    source = databases.create(unique("source"))
    with source.connect() as connection:
        connection.execute("CREATE TABLE numbers AS SELECT generate_series(1, 1000) AS n")
        for statement in (
            "ALTER DATABASE {0} SET default_transaction_read_only = on",
            "ALTER DATABASE {0} SET search_path = \"$user\", public, 'Odd, name'",
            "ALTER DATABASE {0} SET work_mem = '7MB'",
            "ALTER DATABASE {0} SET shadow.note = 'it''s = ours'",
            "CREATE ROLE {1}",
            "ALTER ROLE {1} IN DATABASE {0} SET statement_timeout = '9s'",
            "REVOKE CONNECT ON DATABASE {0} FROM PUBLIC",
            "GRANT CREATE ON DATABASE {0} TO {1} WITH GRANT OPTION",
            "ALTER DATABASE {0} OWNER TO {1}",
        ):
            connection.execute(
                sql.SQL(statement).format(sql.Identifier(source.name), sql.Identifier(role))
            )
    clone = databases.clone(source, unique("clone"))
    compared = """
        SELECT pg_get_userbyid(d.datdba), d.datacl::text,
               (SELECT array_agg(s.setrole::text || s.setconfig::text ORDER BY s.setrole)
                FROM pg_db_role_setting s WHERE s.setdatabase = d.oid)
        FROM pg_database d WHERE d.datname = %s
    """
    with clone.connect() as connection:
        of_source = connection.execute(compared, (source.name,)).fetchone()
        of_clone = connection.execute(compared, (clone.name,)).fetchone()
        assert of_source is not None
        assert all(of_source)
        assert of_clone == of_source
        assert connection.execute("SELECT sum(n) FROM numbers").fetchone() == (500500,)
        found = connection.execute("SHOW search_path").fetchone()
        assert found == ("\"$user\", public, 'Odd, name'".replace("'", '"'),)
    databases.drop_all()
    with server.maintenance.connect() as connection:
        connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def test_several_threads_clone_and_drop_at_once(server: Server, databases: Databases) -> None:
    """Each in a session of its own: what one sets in a transaction is not in another's way."""
    source = databases.create(unique("source"))
    with source.connect() as connection:
        connection.execute(f"ALTER DATABASE {source.name} SET work_mem = '7MB'".encode())
    cloned = [unique("clone") for _ in range(12)]

    def clone_and_drop(name: str) -> str:
        with databases.clone(source, name).connect() as connection:
            (found,) = connection.execute("SHOW work_mem").fetchall()
        databases.drop(name)
        return str(found[0])

    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(clone_and_drop, cloned)) == {"7MB"}
    assert not names(server) & {*cloned}


def test_only_databases_of_this_run_are_cloned(server: Server, databases: Databases) -> None:
    with pytest.raises(ServerError, match="not created by this run"):
        databases.clone(server.database("template1"), unique("clone"))


def test_a_foreign_database_is_refused_and_not_touched(
    server: Server, databases: Databases
) -> None:
    name = unique("foreign")
    create_by_hand(server, name)
    try:
        with pytest.raises(ServerError, match=name):
            databases.create(name)
        databases.drop(name)
        assert name in names(server)
    finally:
        drop_by_hand(server, name)


@pytest.mark.parametrize("name", ["postgres", "template1"])
def test_databases_of_the_server_itself_are_refused(databases: Databases, name: str) -> None:
    with pytest.raises(ServerError, match="not created by shadowgate"):
        databases.create(name)


@pytest.mark.parametrize("name", ["", "ä" * 32])
def test_a_name_that_the_server_would_cut_is_refused(databases: Databases, name: str) -> None:
    with pytest.raises(ServerError, match="cannot be the name"):
        databases.create(name)


def test_what_a_dead_run_left_is_made_anew(server: Server, databases: Databases) -> None:
    name = unique("leftover")
    create_by_hand(server, name, f"{MARKER}{uuid.uuid4()}")
    with server.database(name).connect() as connection:
        connection.execute("CREATE TABLE old ()")
    # The server notices the end of a session a moment after the client has.
    assert comes_true(lambda: sessions_on(server, name) == 0)
    again = databases.create(name)
    with again.connect() as connection:
        assert connection.execute("SELECT to_regclass('old')").fetchone() == (None,)


def test_a_leftover_that_somebody_looks_at_is_refused(server: Server, databases: Databases) -> None:
    name = unique("leftover")
    create_by_hand(server, name, f"{MARKER}{uuid.uuid4()}")
    try:
        with (
            server.database(name).connect(),
            pytest.raises(ServerError, match="another run is using it"),
        ):
            databases.create(name)
    finally:
        drop_by_hand(server, name)


def test_a_database_of_a_living_run_is_refused_even_with_no_session_on_it(
    server: Server, databases: Databases
) -> None:
    with Databases(server) as other:
        name = other.create(unique("taken")).name
        with pytest.raises(ServerError, match="another run is using it"):
            databases.create(name)
        assert name in names(server)


def test_a_run_is_alive_until_it_is_closed(server: Server) -> None:
    with server.maintenance.connect() as connection, server.database("template1").connect() as far:
        with Databases(server) as databases:
            assert is_alive(connection, databases.run)
            assert is_alive(far, databases.run)
        assert not is_alive(connection, databases.run)


def test_closing_drops_every_database_in_spite_of_open_sessions(server: Server) -> None:
    before = names(server)
    with Databases(server) as databases:
        source = databases.create(unique("one"))
        clone = databases.clone(source, unique("two"))
        session = clone.connect()
        assert names(server) > before
    session.close()
    databases.close()
    assert names(server) == before


def test_a_marker_is_recognised_only_whole() -> None:
    run = uuid.uuid4()
    assert marked_run(f"{MARKER}{run}") == run
    assert marked_run(f"copy of {MARKER}{run}") is None
    assert marked_run(f"{MARKER}somebody") is None
    assert marked_run("") is None


def test_a_disk_that_is_too_small_is_refused_with_both_sizes(server: Server) -> None:
    free = server.free_bytes()
    assert free is not None
    require_space(server, free * 7 // 10)
    with pytest.raises(SpaceError, match="the disk is too small"):
        require_space(server, free * 4 // 5)
    with pytest.raises(SpaceError, match=r"12000\.0 GB are needed") as caught:
        require_space(server, 9 * 10**12)
    assert caught.value.exit_status == 4


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (3_210_000_000, "3.2 GB")],
)
def test_sizes_are_written_for_people(size: int, text: str) -> None:
    assert in_units(size) == text


def test_a_database_that_replaced_ours_is_not_dropped(server: Server, databases: Databases) -> None:
    name = databases.create(unique("replaced")).name
    drop_by_hand(server, name)
    create_by_hand(server, name)
    try:
        databases.drop(name)
        assert name in names(server)
    finally:
        drop_by_hand(server, name)
