"""Taking OPT1 back loses nothing, not even what was written since; interruptions are survived."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest
from psycopg import sql

from fixtures.catalogue import Catalogue
from shadowgate.catalogue import Snapshot, diff, odd_partitions, take_snapshot
from shadowgate.migrate import (
    InterruptionTrial,
    Statement,
    apply_script,
    interrupt_at_every_boundary,
    read_script,
)
from shadowgate.plan import TrafficSection
from shadowgate.server import Database, Server
from shadowgate.traffic import Traffic
from tests.selftest.catalogue_clones import (
    MIGRATIONS,
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
ROLLBACK = f"rollback/{OPT1}"
WRITES = """
    INSERT INTO catalogo_geometrias_particionada (catalogo_id, geometry, tipo_uso, data_inicio)
    SELECT 1 + n, ST_Multi(ST_Buffer(ST_SetSRID(ST_Point(610000 + n, 8078000), 31983), 20)),
        'plantio', make_date(2024 + n % 27, 1 + n % 12, 1 + n % 28)
    FROM generate_series(1, 200) AS n;
    INSERT INTO catalogo_geometrias_particionada (catalogo_id, geometry, data_inicio)
    SELECT 7, geometry, 'infinity' FROM catalogo_geometrias_particionada WHERE id = 11;
    UPDATE catalogo_geometrias_particionada SET geometry = ST_Translate(geometry, 0.001, 0)
    WHERE id BETWEEN 100 AND 120;
    UPDATE catalogo_geometrias_particionada SET data_inicio = data_inicio + 800
    WHERE id BETWEEN 130 AND 160;
    DELETE FROM catalogo_geometrias_particionada WHERE id BETWEEN 200 AND 230;
"""


@pytest.fixture(scope="module")
def before(server: Server) -> Iterator[Database]:
    """A catalogue before OPT1, not to be written to."""
    with loaded(server, Catalogue(rows=6_000)) as database:
        yield database


@pytest.fixture(scope="module")
def after(server: Server, before: Database) -> Iterator[Database]:
    """The same with OPT1, not to be written to."""
    with plain_database(server, before.name) as database:
        apply(OPT1, database)
        yield database


def write(database: Database) -> None:
    """Write into every part of the table."""
    with database.connect() as connection:
        connection.execute(WRITES)


def test_schema_and_rows_are_what_they_were(
    make_database: MakeDatabase, before: Database, after: Database
) -> None:
    database = make_database(after.name)
    apply(ROLLBACK, database)
    assert drift(before, database) == ()
    assert content(database) == content(before)


def test_traits_of_partitions_survive_there_and_back(
    make_database: MakeDatabase, before: Database
) -> None:
    database = make_database(before.name)
    with database.connect() as connection:
        for suffix in ("2026", "2027", "2028", "default"):
            partition = f"catalogo_geometrias_particionada_{suffix}"
            for trait in (
                "ALTER TABLE {} SET (fillfactor = 90, autovacuum_analyze_threshold = 70)",
                "ALTER TABLE {} ALTER COLUMN geometry SET STORAGE EXTERNAL",
                "ALTER TABLE {} ALTER COLUMN tipo_uso SET STATISTICS 250",
                "ALTER TABLE {} ENABLE ROW LEVEL SECURITY",
                "GRANT UPDATE ON {} TO pg_monitor WITH GRANT OPTION",
                "COMMENT ON COLUMN {}.tipo_uso IS 'uso planejado'",
            ):
                connection.execute(sql.SQL(trait).format(sql.Identifier(partition)))
        connection.execute(
            "COMMENT ON TABLE catalogo_geometrias_particionada_default IS 'o resto';"
            "CREATE INDEX catalogo_tipo_uso ON catalogo_geometrias_particionada (tipo_uso)"
        )
        original = take_snapshot(connection)
        apply(OPT1, database)
        assert odd_partitions(take_snapshot(connection)) == ()
        apply(ROLLBACK, database)
        assert diff(original, take_snapshot(connection)).in_words() == ()


def test_rows_written_since_are_kept_whatever_their_year(
    make_database: MakeDatabase, before: Database, after: Database
) -> None:
    database = make_database(after.name)
    write(database)
    partitions = """
        SELECT count(*) FROM pg_inherits
        WHERE inhparent = 'catalogo_geometrias_particionada'::regclass
    """
    assert value_of(database, partitions) == len(range(2024, 2051)) + 1
    written = content(database)
    apply(ROLLBACK, database)
    assert content(database) == written
    assert drift(before, database) == ()


@pytest.mark.parametrize("again", [False, True], ids=["goes on", "begins anew"])
def test_what_is_written_between_copy_and_exchange_comes_along(
    make_database: MakeDatabase, before: Database, after: Database, *, again: bool
) -> None:
    database = make_database(after.name)
    run_until(ROLLBACK, database, "few CONSTANT")
    run(
        database,
        WRITES,
        "TRUNCATE catalogo_geometrias_particionada_2031",
        "UPDATE catalogo_geometrias_particionada SET id = id + 50000 WHERE id BETWEEN 170 AND 190",
    )
    written = content(database)
    if again:
        apply(ROLLBACK, database)
    else:
        run_from(ROLLBACK, database, "few CONSTANT")
    assert content(database) == written != content(after)
    assert drift(before, database) == ()


def test_the_migration_is_refused_while_its_rollback_is_unfinished(
    make_database: MakeDatabase, after: Database
) -> None:
    database = make_database(after.name)
    run_until(ROLLBACK, database, "few CONSTANT")
    refused = apply_script(read_script(MIGRATIONS / OPT1), database)
    assert "the rollback of this migration was interrupted" in str(refused.error)


def test_rows_return_in_the_order_of_their_entry(
    make_database: MakeDatabase, after: Database
) -> None:
    database = make_database(after.name)
    apply(ROLLBACK, database)
    query = """
        SELECT correlation > 0.99 FROM pg_stats
        WHERE tablename = 'catalogo_geometrias_particionada_default' AND attname = 'id'
    """
    assert value_of(database, query) is True


def test_running_it_again_changes_nothing(
    make_database: MakeDatabase, before: Database, after: Database
) -> None:
    database = make_database(after.name)
    for _ in range(2):
        apply(ROLLBACK, database)
    assert drift(before, database) == ()
    assert content(database) == content(before)


def test_migration_applies_again_after_it(make_database: MakeDatabase, after: Database) -> None:
    database = make_database(after.name)
    apply(ROLLBACK, database)
    apply(OPT1, database)
    assert drift(after, database) == ()
    assert content(database) == content(after)


def test_new_ids_go_on_after_it(make_database: MakeDatabase, after: Database) -> None:
    database = make_database(after.name)
    write(database)
    apply(ROLLBACK, database)
    highest = value_of(database, "SELECT max(id) FROM catalogo_geometrias_particionada")
    insert = """
        INSERT INTO catalogo_geometrias_particionada (catalogo_id, geometry, data_inicio)
        SELECT 7, geometry, '2033-05-05' FROM catalogo_geometrias_particionada WHERE id = 11
        RETURNING id, tableoid::regclass::text
    """
    assert rows_of(database, insert) == [(highest + 1, "catalogo_geometrias_particionada_default")]


def interrupt(database: Database, name: str, statements: int, delay: float) -> None:
    """Apply some statements of a script, then terminate it within the next one."""
    script = read_script(MIGRATIONS / name)
    first = replace(script, units=script.units[:statements])
    apply_script(first, database).raise_for_error()
    following = script.units[statements]
    assert isinstance(following, Statement)
    with database.connect() as session, database.connect() as killer:
        pid = session.info.backend_pid
        timer = threading.Timer(
            delay, killer.execute, ("SELECT pg_terminate_backend(%s, 10000)", (pid,))
        )
        timer.start()
        with contextlib.suppress(psycopg.OperationalError):
            session.execute(following.sql.encode())
        timer.join()


@pytest.mark.parametrize(
    ("name", "kind", "delay"),
    [
        (OPT1, "CREATE PROCEDURE", 0.0),
        (OPT1, "CALL", 0.05),
        (OPT1, "CALL", 0.2),
        (OPT1, "VACUUM", 0.0),
        (ROLLBACK, "DO", 0.05),
        (ROLLBACK, "DROP PROCEDURE", 0.0),
        (ROLLBACK, "DROP TABLE", 0.0),
    ],
)
def test_an_interruption_leaves_what_running_it_again_completes(
    make_database: MakeDatabase,
    before: Database,
    after: Database,
    name: str,
    kind: str,
    delay: float,
) -> None:
    origin, goal = (before, after) if name == OPT1 else (after, before)
    kinds = [statement.kind for statement in read_script(MIGRATIONS / name).statements]
    database = make_database(origin.name)
    interrupt(database, name, kinds.index(kind) + (kind == "DO"), delay)
    assert content(database) == content(before)
    apply(name, database)
    assert drift(goal, database) == ()
    assert content(database) == content(before)


@pytest.mark.parametrize("script", [OPT1, ROLLBACK])
def test_writes_made_meanwhile_are_neither_lost_nor_refused(
    make_database: MakeDatabase, before: Database, after: Database, script: str
) -> None:
    """Every answer that a writer got is counted, and must be found in the table at the end."""
    database = make_database(before.name if script == OPT1 else after.name)
    with database.connect() as connection:
        connection.execute("CREATE TABLE tally (change bigint)")
    settings = TrafficSection(
        reads=("SELECT count(*) FROM catalogo_geometrias_particionada WHERE catalogo_id < 500",),
        writes=(
            """
            WITH gone AS (
                DELETE FROM catalogo_geometrias_particionada
                WHERE id = 1 + floor(random() * 6000)::bigint RETURNING 1
            ), come AS (
                INSERT INTO catalogo_geometrias_particionada (catalogo_id, geometry, data_inicio)
                SELECT 9, geometry, DATE '2028-06-01' + floor(random() * 2700)::integer
                FROM catalogo_geometrias_particionada LIMIT 2 RETURNING 1
            )
            INSERT INTO tally
            SELECT (SELECT count(*) FROM come) - (SELECT count(*) FROM gone)
            """,
            """
            UPDATE catalogo_geometrias_particionada SET data_inicio = data_inicio + 190
            WHERE catalogo_id = 1 + floor(random() * 5000)::bigint
                AND data_inicio < DATE '2035-01-01'
            """,
        ),
        readers=2,
        writers=2,
        reads_per_second=10.0,
        writes_per_second=25.0,
    )
    with Traffic(database, settings) as traffic:
        traffic.wait_until_steady()
        apply(script, database)
    assert {request.sqlstate for request in traffic.requests} == {""}
    counts = """
        SELECT (SELECT 6000 + sum(change) FROM tally),
            count(*), count(DISTINCT id) FROM catalogo_geometrias_particionada
    """
    ((expected, rows, ids),) = rows_of(database, counts)
    assert rows == ids == expected


def test_a_row_changed_between_copy_and_exchange_arrives_as_it_is_now(
    make_database: MakeDatabase, before: Database
) -> None:
    """A writer who holds the table keeps the migration waiting after its first copy."""
    database = make_database(before.name)
    with database.connect() as writer:
        writer.execute("BEGIN")
        writer.execute(
            "UPDATE catalogo_geometrias_particionada SET tipo_uso = 'mudado'"
            " WHERE data_inicio >= DATE '2029-01-01' AND catalogo_id < 2500"
        )
        writer.execute(
            "DELETE FROM catalogo_geometrias_particionada"
            " WHERE data_inicio >= DATE '2029-01-01' AND catalogo_id > 4000"
        )
        migration = threading.Thread(target=apply, args=(OPT1, database))
        migration.start()
        time.sleep(1.0)
        writer.execute("COMMIT")
        migration.join()
    wrong = """
        SELECT count(*) FILTER (WHERE catalogo_id > 4000),
            count(*) FILTER (WHERE catalogo_id < 2500 AND tipo_uso IS DISTINCT FROM 'mudado'),
            count(*) FILTER (WHERE catalogo_id BETWEEN 2500 AND 4000)
        FROM catalogo_geometrias_particionada WHERE data_inicio >= DATE '2029-01-01'
    """
    untouched = """
        SELECT count(*) FROM catalogo_geometrias_particionada
        WHERE data_inicio >= DATE '2029-01-01' AND catalogo_id BETWEEN 2500 AND 4000
    """
    assert rows_of(database, wrong) == [(0, 0, value_of(before, untouched))]


State = tuple[Snapshot, dict[str, str]]
"""Schema and content; the log of the maintenance keeps times and is left out."""


def state_of(database: Database) -> State:
    with database.connect() as connection:
        return take_snapshot(connection), content(database)


def differences(wanted: State, found: State) -> tuple[str, ...]:
    tables = (
        f"the content of {table} differs"
        for table in wanted[1]
        if wanted[1][table] != found[1].get(table)
    )
    return (*diff(wanted[0], found[0]).in_words(), *tables)


def test_what_an_interruption_leaves_can_be_finished_by_running_again(
    server: Server, after: Database
) -> None:
    """The way back; the migration itself is interrupted by a check of phase 5."""
    trial = InterruptionTrial(lambda: plain_database(server, after.name), state_of, differences)
    found = interrupt_at_every_boundary(read_script(MIGRATIONS / ROLLBACK), trial)
    assert [item for item in found if item.outcome == "broken"] == []
    assert {"as before", "completed by running it again"} <= {item.outcome for item in found}
