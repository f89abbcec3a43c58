"""OPT1 gives every year its partition, now and later, and loses nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg import sql

from fixtures.catalogue import Catalogue
from shadowgate.catalogue import odd_partitions, take_snapshot
from shadowgate.migrate import apply_script, read_script
from shadowgate.server import Database, Server
from tests.selftest.catalogue_clones import (
    MIGRATIONS,
    TABLE,
    apply,
    content,
    drift,
    loaded,
    rows_of,
    run,
    run_from,
    run_until,
    value_of,
)
from tests.selftest.conftest import MakeDatabase
from tests.selftest.plain_database import plain_database

OPT1 = "1770500100_auto_partition_creation_2029_plus.sql"
ROWS = 6_000
NEW_ROW = """
    INSERT INTO catalogo_geometrias_particionada (catalogo_id, geometry, tipo_uso, data_inicio)
    SELECT 1 + mod(n, 5000), ST_Multi(ST_Buffer(ST_SetSRID(ST_Point(610000, 8078000), 31983), 20)),
        'plantio', %s::date
    FROM generate_series(1, %s) AS n
"""
PARTITIONS = """
    SELECT inhrelid::regclass::text FROM pg_inherits
    WHERE inhparent = 'public.catalogo_geometrias_particionada'::regclass
    ORDER BY 1
"""
SWITCH_OFF = """
    ALTER TABLE catalogo_geometrias_particionada DISABLE TRIGGER trigger_auto_create_partition
"""
WRITES = """
    UPDATE catalogo_geometrias_particionada SET data_inicio = data_inicio + 365 WHERE id % 10 = 1;
    UPDATE catalogo_geometrias_particionada SET data_inicio = data_inicio + 11000 WHERE id % 10 = 2;
    UPDATE catalogo_geometrias_particionada SET data_inicio = 'infinity' WHERE id % 100 = 7;
    UPDATE catalogo_geometrias_particionada SET id = id + 100000 WHERE id % 10 = 3;
    DELETE FROM catalogo_geometrias_particionada WHERE id % 10 = 4;
    INSERT INTO catalogo_geometrias_particionada (catalogo_id, geometry, data_inicio)
    SELECT catalogo_id, geometry, '2033-05-05' FROM catalogo_geometrias_particionada LIMIT 50;
"""
"""Into the default partition, out of it, within it, and into years that nobody thought of."""
ORIGINAL = [f"catalogo_geometrias_particionada_{name}" for name in (2026, 2027, 2028, "default")]
MOVED = [f"catalogo_geometrias_particionada_{year}" for year in range(2029, 2036)]


@pytest.fixture(scope="module")
def before(server: Server) -> Iterator[Database]:
    """A catalogue before OPT1, not to be written to."""
    with loaded(server, Catalogue(rows=ROWS)) as database:
        yield database


@pytest.fixture(scope="module")
def after(server: Server, before: Database) -> Iterator[Database]:
    """The same with OPT1, not to be written to."""
    with plain_database(server, before.name) as database:
        apply(OPT1, database)
        yield database


@pytest.fixture
def migrated(make_database: MakeDatabase, after: Database) -> Database:
    """A catalogue with OPT1 of one's own."""
    return make_database(after.name)


def insert(database: Database, start: str, count: int = 1) -> None:
    """Insert rows in one statement and commit."""
    with database.connect() as connection:
        connection.execute(NEW_ROW, (start, count))


def statuses(database: Database) -> list[tuple[str, str, int]]:
    """What the log says of partitions: suffix, status and rows moved, in order."""
    return rows_of(
        database,
        "SELECT right(partition_name, 4), status, rows_moved"
        " FROM partition_maintenance_log ORDER BY id",
    )


def rows_in(database: Database, partition: str) -> int:
    """How many rows a partition holds."""
    query = sql.SQL("SELECT count(*) FROM {}").format(
        sql.Identifier(f"catalogo_geometrias_particionada_{partition}")
    )
    with database.connect() as connection:
        ((count,),) = connection.execute(query).fetchall()
    return int(count)


def test_every_row_is_kept_and_lies_in_the_partition_of_its_year(
    before: Database, after: Database
) -> None:
    assert content(after) == content(before)
    assert rows_of(after, PARTITIONS) == [(name,) for name in sorted(ORIGINAL + MOVED)]
    assert rows_in(after, "default") == 0
    query = """
        SELECT bool_and(tableoid::regclass::text LIKE '%' || extract(year FROM data_inicio))
        FROM catalogo_geometrias_particionada
    """
    assert value_of(after, query) is True


def test_neighbours_on_the_ground_are_neighbours_on_disk(after: Database) -> None:
    query = """
        SELECT avg(ST_Distance(geometry, next)) FROM (
            SELECT geometry, lead(geometry) OVER (ORDER BY {order}) AS next
            FROM catalogo_geometrias_particionada_2031
        ) AS pairs
    """
    on_disk = value_of(after, query.format(order="ctid"))
    assert on_disk < value_of(after, query.format(order="id")) / 4


def test_new_partitions_are_like_their_siblings(after: Database) -> None:
    with after.connect() as connection:
        assert odd_partitions(take_snapshot(connection)) == ()


def test_nothing_but_the_announced_objects_changed(before: Database, after: Database) -> None:
    sentences = drift(before, after)
    announced = (
        *MOVED,
        "partition_maintenance_log",
        "create_partition_table",
        "index_partition_table",
        "create_missing_year_partitions",
        "auto_create_partition_for_year",
        "scheduled_partition_maintenance",
        "maintain_partitions",
        "trigger_auto_create_partition",
    )
    surplus = [s for s in sentences if not any(name in s for name in announced)]
    assert surplus == []


def test_rows_of_a_year_never_seen_get_their_partition_at_commit(migrated: Database) -> None:
    insert(migrated, "2036-07-01")
    insert(migrated, "2050-01-01")
    insert(migrated, "2050-12-31")
    assert (rows_in(migrated, "2036"), rows_in(migrated, "2050")) == (1, 2)
    assert rows_in(migrated, "default") == 0
    assert statuses(migrated)[-2:] == [
        ("2036", "CREATED_SUCCESS", 1),
        ("2050", "CREATED_SUCCESS", 1),
    ]
    with migrated.connect() as connection:
        assert odd_partitions(take_snapshot(connection)) == ()


def test_ten_thousand_rows_of_a_new_year_arrive_in_one_statement(migrated: Database) -> None:
    insert(migrated, "2036-07-01", 10_000)
    assert rows_in(migrated, "2036") == 10_000
    assert statuses(migrated)[-1] == ("2036", "CREATED_SUCCESS", 10_000)


def test_a_row_moved_to_a_new_year_by_update_gets_its_partition(migrated: Database) -> None:
    with migrated.connect() as connection:
        connection.execute(
            "UPDATE catalogo_geometrias_particionada SET data_inicio = '2040-02-03' WHERE id = 17"
        )
    assert rows_in(migrated, "2040") == 1


def test_rows_taken_back_before_commit_leave_no_partition(migrated: Database) -> None:
    with migrated.connect() as connection, connection.transaction():
        connection.execute(NEW_ROW, ("2036-07-01", 3))
        connection.execute(
            "DELETE FROM catalogo_geometrias_particionada WHERE data_inicio >= '2036-01-01'"
        )
    assert rows_in(migrated, "default") == 0
    assert "2036" not in {suffix for suffix, _, _ in statuses(migrated)}


def test_a_date_without_a_year_stays_in_the_default_partition(migrated: Database) -> None:
    insert(migrated, "infinity")
    assert rows_in(migrated, "default") == 1


def test_ordinary_rows_queue_no_trigger(migrated: Database) -> None:
    with migrated.connect() as connection, connection.transaction(force_rollback=True):
        plan = connection.execute(
            f"EXPLAIN (ANALYZE, FORMAT JSON) {NEW_ROW}".replace("%s::date", "DATE '2031-05-05'"),
            (50,),
        ).fetchone()
        assert plan is not None
        fired = {trigger["Trigger Name"] for trigger in plan[0][0]["Triggers"]}
        locks = connection.execute(
            "SELECT mode FROM pg_locks WHERE relation = %s::regclass AND pid = pg_backend_pid()",
            (TABLE,),
        ).fetchall()
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert not any("auto_create" in name for name in fired)
    assert locks == [("RowExclusiveLock",)]


@pytest.mark.parametrize("sessions", [2, 6])
def test_sessions_that_meet_the_same_new_year_at_once_all_succeed(
    migrated: Database, sessions: int
) -> None:
    written = threading.Barrier(sessions)

    def write(_number: int) -> None:
        with migrated.connect() as connection, connection.transaction():
            connection.execute(NEW_ROW, ("2036-03-01", 5))
            written.wait(timeout=30)

    with ThreadPoolExecutor(sessions) as pool:
        list(pool.map(write, range(sessions)))
    assert rows_in(migrated, "2036") == 5 * sessions
    assert rows_in(migrated, "default") == 0


def test_a_writer_who_will_not_end_postpones_the_partition_but_no_commit(
    migrated: Database,
) -> None:
    with migrated.connect() as idle, idle.transaction():
        idle.execute(NEW_ROW, ("2027-01-01", 1))
        insert(migrated, "2036-03-01", 500)
        assert rows_in(migrated, "default") == 500
    assert statuses(migrated)[-1] == ("2036", "POSTPONED", 0)
    assert value_of(migrated, "SELECT scheduled_partition_maintenance()") == 1
    assert (rows_in(migrated, "2036"), rows_in(migrated, "default")) == (500, 0)


def test_readers_on_an_older_snapshot_keep_seeing_every_row(migrated: Database) -> None:
    query = "SELECT count(*) FROM catalogo_geometrias_particionada"
    with migrated.connect() as reader, reader.transaction():
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        first = reader.execute("SELECT count(*) FROM catalogo").fetchone()
        insert(migrated, "2036-03-01")
        assert first == (5_000,)
        assert reader.execute(query.encode()).fetchone() == (ROWS,)
    assert value_of(migrated, query) == ROWS + 1


@pytest.mark.parametrize("isolation", ["REPEATABLE READ", "SERIALIZABLE"])
def test_stricter_transactions_get_their_partition_too(migrated: Database, isolation: str) -> None:
    with migrated.connect() as connection, connection.transaction():
        connection.execute(f"SET TRANSACTION ISOLATION LEVEL {isolation}".encode())
        connection.execute(NEW_ROW, ("2036-03-01", 2))
    assert rows_in(migrated, "2036") == 2


def test_a_writer_without_rights_on_the_schema_gets_its_partition_too(migrated: Database) -> None:
    with migrated.connect() as connection:
        connection.execute("CREATE ROLE catalogue_writer")
        try:
            connection.execute(
                "GRANT INSERT ON catalogo_geometrias_particionada TO catalogue_writer;"
                "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO catalogue_writer"
            )
            with connection.transaction():
                connection.execute("SET LOCAL ROLE catalogue_writer")
                connection.execute(NEW_ROW, ("2036-03-01", 1))
            assert rows_in(migrated, "2036") == 1
            connection.execute("SET ROLE catalogue_writer")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("SELECT create_missing_year_partitions('2037')")
            connection.execute("RESET ROLE")
        finally:
            connection.execute("DROP OWNED BY catalogue_writer; DROP ROLE catalogue_writer")


def test_partitions_are_made_in_advance_for_a_range_of_years(migrated: Database) -> None:
    query = "SELECT right(partition_name, 4), status, rows_moved FROM {}"
    made = rows_of(migrated, query.format("create_missing_year_partitions('2035-2038')"))
    assert made == [(str(year), "CREATED_SUCCESS", 0) for year in (2036, 2037, 2038)]
    assert rows_of(migrated, query.format("create_missing_year_partitions('2036')")) == []
    insert(migrated, "2037-03-01")
    assert rows_in(migrated, "2037") == 1


@pytest.mark.parametrize("years", ["", "36", "2036-", "2036; DROP TABLE catalogo", "2036-20377"])
def test_years_that_are_none_are_refused(after: Database, years: str) -> None:
    with after.connect() as connection, pytest.raises(psycopg.errors.InvalidParameterValue):
        connection.execute("SELECT create_missing_year_partitions(%s)", (years,))


def test_a_name_taken_by_another_table_is_reported_and_the_row_kept(migrated: Database) -> None:
    with migrated.connect() as connection:
        connection.execute("CREATE TABLE catalogo_geometrias_particionada_2036 (note text)")
    insert(migrated, "2036-03-01")
    assert rows_in(migrated, "default") == 1
    assert statuses(migrated)[-1] == ("2036", "POSTPONED", 0)
    with migrated.connect() as connection, pytest.raises(psycopg.errors.DuplicateTable):
        connection.execute("CALL maintain_partitions()")


def test_maintenance_empties_a_default_partition_that_filled_up(migrated: Database) -> None:
    with migrated.connect() as connection:
        connection.execute(SWITCH_OFF)
        connection.execute(NEW_ROW, ("2038-03-01", 30))
        connection.execute(NEW_ROW, ("2041-03-01", 20))
        assert rows_in(migrated, "default") == 50
        connection.execute("CALL maintain_partitions()")
    assert (rows_in(migrated, "2038"), rows_in(migrated, "2041")) == (30, 20)
    assert rows_in(migrated, "default") == 0


def test_scheduled_maintenance_logs_every_run(migrated: Database) -> None:
    with migrated.connect() as connection:
        connection.execute(SWITCH_OFF)
        connection.execute(NEW_ROW, ("2038-03-01", 30))
        results = [
            connection.execute("SELECT scheduled_partition_maintenance()").fetchone()
            for _ in range(2)
        ]
    assert results == [(1,), (0,)]
    query = """
        SELECT status, rows_moved FROM partition_maintenance_log
        WHERE routine = 'scheduled_partition_maintenance' ORDER BY id
    """
    assert rows_of(migrated, query) == [("COMPLETED", 30), ("COMPLETED", 0)]


@pytest.mark.parametrize("again", [False, True], ids=["goes on", "begins anew"])
def test_what_is_written_between_copy_and_exchange_comes_along(
    make_database: MakeDatabase, before: Database, *, again: bool
) -> None:
    database = make_database(before.name)
    run_until(OPT1, database, "few CONSTANT")
    run(database, WRITES)
    written = content(database)
    if again:
        apply(OPT1, database)
    else:
        run_from(OPT1, database, "few CONSTANT")
    assert content(database) == written != content(before)
    timeless = """
        SELECT count(*) FROM catalogo_geometrias_particionada WHERE data_inicio = 'infinity'
    """
    assert rows_in(database, "default") == value_of(database, timeless)
    assert rows_in(database, "2061") > 0


def test_an_emptied_default_partition_is_empty_afterwards(
    make_database: MakeDatabase, before: Database
) -> None:
    database = make_database(before.name)
    run_until(OPT1, database, "few CONSTANT")
    run(database, f"TRUNCATE {TABLE}_default")
    run_from(OPT1, database, "few CONSTANT")
    later = """
        SELECT count(*) FROM catalogo_geometrias_particionada WHERE data_inicio > '2028-12-31'
    """
    assert value_of(database, later) == 0


@pytest.mark.parametrize(
    "end", ["default_nova", "NOT VALID", "few CONSTANT", "DROP TABLE %I", "DROP FUNCTION public"]
)
def test_the_rollback_takes_away_what_an_interrupted_migration_left(
    make_database: MakeDatabase, before: Database, end: str
) -> None:
    database = make_database(before.name)
    run_until(OPT1, database, end)
    apply(f"rollback/{OPT1}", database)
    assert drift(before, database) == ()
    assert content(database) == content(before)


@pytest.mark.parametrize(
    "extra",
    [
        f"GRANT UPDATE (tipo_uso) ON {TABLE}_default TO pg_monitor",
        f"CREATE POLICY mine ON {TABLE}_default USING (true)",
        f"CREATE TRIGGER mine AFTER DELETE ON {TABLE}_default"
        " FOR EACH STATEMENT EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    ],
    ids=["privilege on a column", "policy", "trigger"],
)
def test_what_the_new_default_partition_would_not_have_is_refused(
    make_database: MakeDatabase, before: Database, extra: str
) -> None:
    database = make_database(before.name)
    run(database, extra)
    refused = apply_script(read_script(MIGRATIONS / OPT1), database)
    assert "that the new one would not have" in str(refused.error)
    assert rows_of(database, PARTITIONS) == [(name,) for name in sorted(ORIGINAL)]
    assert content(database) == content(before)


def test_running_it_again_changes_nothing(migrated: Database, after: Database) -> None:
    run = apply(OPT1, migrated)
    assert drift(after, migrated) == ()
    assert content(migrated) == content(after)
    assert statuses(migrated) == statuses(after)
    assert [notice for item in run.runs for notice in item.notices] == []


def test_its_notices_name_every_partition(make_database: MakeDatabase, before: Database) -> None:
    run = apply(OPT1, make_database(before.name))
    notices = [notice.message for item in run.runs for notice in item.notices]
    assert notices == [
        *(f"Partition: {name} - Status: CREATED_SUCCESS" for name in MOVED),
        "Trigger: trigger_auto_create_partition - Status: CREATED",
    ]


def test_source_names_no_search_path_that_a_caller_could_bend(after: Database) -> None:
    query = """
        SELECT proname, proconfig[1] FROM pg_proc
        WHERE prosecdef AND proname LIKE '%partition%' ORDER BY 1
    """
    expected = "search_path=public, pg_temp"
    assert rows_of(after, query) == [
        ("auto_create_partition_for_year", expected),
        ("create_missing_year_partitions", expected),
        ("scheduled_partition_maintenance", expected),
    ]
