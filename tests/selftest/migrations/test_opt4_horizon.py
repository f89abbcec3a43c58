"""OPT4 keeps partitions ahead of a date that the tests choose, and says what it could not do."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import psycopg
import pytest

from fixtures.catalogue import Catalogue
from shadowgate.server import Database, Server
from tests.selftest.catalogue_clones import apply, content, drift, loaded, rows_of, value_of
from tests.selftest.conftest import MakeDatabase
from tests.selftest.plain_database import plain_database

OPT1 = "1770500100_auto_partition_creation_2029_plus.sql"
OPT4 = "1770500150_rolling_partition_horizon.sql"
NEW_ROW = """
    INSERT INTO catalogo_geometrias_particionada (catalogo_id, geometry, tipo_uso, data_inicio)
    SELECT catalogo_id, geometry, tipo_uso, %s::date
    FROM (SELECT * FROM catalogo_geometrias_particionada LIMIT 1) AS first
"""
YEARS = """
    SELECT string_agg(right(inhrelid::regclass::text, 4), ' ' ORDER BY inhrelid::regclass::text)
    FROM pg_inherits
    WHERE inhparent = 'catalogo_geometrias_particionada'::regclass
        AND inhrelid::regclass::text > 'catalogo_geometrias_particionada_2035'
        AND inhrelid::regclass::text !~ 'default'
"""
LOG = """
    SELECT status, rows_moved, detail FROM partition_maintenance_log
    WHERE routine = 'extend_partition_horizon' ORDER BY id
"""
SLOWEST_WRITE_SECONDS = 1.0
"""The budget of OPT1's plan for a writer who waits."""


@pytest.fixture(scope="module")
def before(server: Server) -> Iterator[Database]:
    """A catalogue with OPT1, not to be written to."""
    with loaded(server, Catalogue(rows=3_000)) as database:
        apply(OPT1, database)
        yield database


@pytest.fixture(scope="module")
def after(server: Server, before: Database) -> Iterator[Database]:
    """The same with OPT4, not to be written to."""
    with plain_database(server, before.name) as database:
        apply(OPT4, database)
        yield database


@pytest.fixture
def migrated(make_database: MakeDatabase, after: Database) -> Database:
    """A catalogue with OPT4 of one's own."""
    return make_database(after.name)


def extend(database: Database, today: str) -> None:
    """Do what the scheduler does, on a day of one's choice."""
    with database.connect() as connection:
        connection.execute("CALL extend_partition_horizon(%s::date)", (today,))


def test_the_horizon_moves_with_the_turn_of_the_year(migrated: Database) -> None:
    made = []
    for today in ("2030-12-31", "2031-01-01", "2031-12-31", "2032-01-01", "2032-01-01"):
        extend(migrated, today)
        made.append(value_of(migrated, YEARS))
    assert made == [None, "2036", "2036", "2036 2037", "2036 2037"]
    assert [row[2] for row in rows_of(migrated, LOG)] == [
        "years 2030 to 2035",
        "years 2031 to 2036; made 2036",
        "years 2031 to 2036",
        "years 2032 to 2037; made 2037",
        "years 2032 to 2037",
    ]


def test_years_in_which_nobody_ran_it_are_made_up_for(migrated: Database) -> None:
    extend(migrated, "2039-06-01")
    assert value_of(migrated, YEARS) == "2039 2040 2041 2042 2043 2044"
    assert value_of(migrated, "SELECT count(*) FROM missing_horizon_years('2039-06-01')") == 0


def test_today_is_the_default(migrated: Database) -> None:
    with migrated.connect() as connection:
        connection.execute("CALL extend_partition_horizon()")
    wanted = value_of(migrated, "SELECT extract(year FROM current_date)::integer + 5")
    assert rows_of(migrated, LOG)[0][2].split(";")[0].endswith(f"to {wanted}")
    assert value_of(migrated, "SELECT count(*) FROM missing_horizon_years()") == 0


def test_no_row_is_lost_and_no_partition_retired(migrated: Database, before: Database) -> None:
    extend(migrated, "2045-01-01")
    assert content(migrated) == content(before)
    query = "SELECT count(*) FROM pg_partition_tree('catalogo_geometrias_particionada')"
    assert value_of(migrated, query) == value_of(before, query) + 6


def test_writers_at_work_meanwhile_wait_shortly_and_lose_nothing(migrated: Database) -> None:
    stop = threading.Event()
    slowest, written = 0.0, 0

    def write() -> None:
        nonlocal slowest, written
        with migrated.connect() as connection:
            while not stop.is_set():
                began = time.monotonic()
                connection.execute(NEW_ROW, (f"20{36 + written % 6}-02-01",))
                slowest = max(slowest, time.monotonic() - began)
                written += 1

    total = "SELECT count(*) FROM catalogo_geometrias_particionada"
    rows = value_of(migrated, total)
    writer = threading.Thread(target=write)
    writer.start()
    try:
        extend(migrated, "2036-05-05")
    finally:
        stop.set()
        writer.join()
    assert written > 0
    assert slowest < SLOWEST_WRITE_SECONDS
    assert value_of(migrated, total) == rows + written
    assert value_of(migrated, YEARS) == "2036 2037 2038 2039 2040 2041"


def test_a_table_that_is_held_postpones_and_ends_with_an_error(migrated: Database) -> None:
    with migrated.connect() as idle, idle.transaction():
        idle.execute(NEW_ROW, ("2030-01-01",))
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="2036"):
            extend(migrated, "2031-01-01")
    (status, moved, detail) = rows_of(migrated, LOG)[-1]
    assert (status, moved) == ("POSTPONED", 0)
    assert "2036" in detail
    extend(migrated, "2031-01-01")
    assert rows_of(migrated, LOG)[-1] == ("COMPLETED", 0, "years 2031 to 2036; made 2036")


@pytest.mark.parametrize("call", ["NULL", "'2031-01-01', -1", "'2031-01-01', 51", "'infinity'"])
def test_horizons_that_are_none_are_refused(after: Database, call: str) -> None:
    with after.connect() as connection, pytest.raises(psycopg.errors.InvalidParameterValue):
        connection.execute(f"CALL extend_partition_horizon({call})".encode())


def test_nobody_else_may_call_it(after: Database) -> None:
    query = """
        SELECT bool_or(has_function_privilege('pg_monitor', oid, 'EXECUTE')) FROM pg_proc
        WHERE proname IN ('extend_partition_horizon', 'partition_horizon_job')
    """
    assert value_of(after, query) is False


def test_running_it_again_changes_nothing(migrated: Database, after: Database) -> None:
    apply(OPT4, migrated)
    assert drift(after, migrated) == ()
    assert rows_of(migrated, LOG) == []


def test_its_rollback_leaves_what_was_there_before(migrated: Database, before: Database) -> None:
    apply(f"rollback/{OPT4}", migrated)
    assert drift(before, migrated) == ()
    apply(f"rollback/{OPT4}", migrated)
    assert content(migrated) == content(before)


def test_its_rollback_keeps_partitions_that_may_hold_rows(migrated: Database) -> None:
    extend(migrated, "2031-01-01")
    with migrated.connect() as connection:
        connection.execute(NEW_ROW, ("2036-03-03",))
    apply(f"rollback/{OPT4}", migrated)
    assert value_of(migrated, YEARS) == "2036"
    assert value_of(migrated, "SELECT count(*) FROM catalogo_geometrias_particionada_2036") == 1
