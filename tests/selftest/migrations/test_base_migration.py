"""The base migration leaves exactly what OPT1 starts from, and its rollback what was there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures.catalogue import Catalogue
from shadowgate.catalogue import diff, fingerprint, take_snapshot
from shadowgate.measure import load_workload
from shadowgate.migrate import apply_script, read_script
from shadowgate.server import Database, Server
from tests.selftest.catalogue_clones import MIGRATIONS, apply, loaded, value_of
from tests.selftest.conftest import MakeDatabase

BASE = "1770470100_temporal_partitioning_geometrias.sql"
QUERIES = Path(__file__).parents[3] / "fixtures" / "queries"
ROWS = 6_000
INSERT = """
    INSERT INTO {} (id, catalogo_id, geometry, data_inicio, created_at, updated_at)
    SELECT {}, 7, geometry, DATE '2033-03-03', created_at, updated_at FROM {} ORDER BY id LIMIT 1
"""
COUNT = "SELECT count(*) FROM catalogo_geometrias_particionada"
FLAT, PARTITIONED = "catalogo_geometrias", "catalogo_geometrias_particionada"


@pytest.fixture(scope="module")
def flat(server: Server) -> Iterator[Database]:
    """The catalogue of before, not to be written to."""
    with loaded(server, Catalogue(rows=ROWS, state="flat")) as database:
        yield database


@pytest.fixture(scope="module")
def partitioned(server: Server) -> Iterator[Database]:
    """What OPT1 starts from, not to be written to."""
    with loaded(server, Catalogue(rows=ROWS, state="partitioned")) as database:
        yield database


@pytest.fixture
def copy(make_database: MakeDatabase, flat: Database) -> Database:
    """A flat catalogue of one's own."""
    return make_database(flat.name)


def run(database: Database, *statements: str) -> None:
    with database.connect() as connection:
        for statement in statements:
            connection.execute(statement.encode())


def run_until(name: str, database: Database, end: str) -> None:
    """Run the statements of a script up to the one that holds a passage, that one left out."""
    for statement in read_script(MIGRATIONS / name).statements:
        if end in statement.sql:
            return
        run(database, statement.sql)
    raise AssertionError(f"no statement of {name} holds {end}")


def run_from(name: str, database: Database, start: str) -> None:
    """Run the statements of a script from the one that holds a passage on."""
    statements = read_script(MIGRATIONS / name).statements
    first = next(place for place, statement in enumerate(statements) if start in statement.sql)
    run(database, *(statement.sql for statement in statements[first:]))


def differences(one: Database, other: Database) -> list[str]:
    """What differs in schema, privileges, settings and content."""
    with one.connect() as first, other.connect() as second:
        drift = diff(take_snapshot(first), take_snapshot(second))
        old, new = fingerprint(first), fingerprint(second)
    advanced = [str(change) for change in drift.advanced]
    content = [table for table in {*old, *new} if old.get(table) != new.get(table)]
    return [*drift.in_words(), *advanced, *content]


def test_it_leaves_exactly_the_state_of_the_partitioned_backup(
    copy: Database, partitioned: Database
) -> None:
    apply(BASE, copy)
    assert differences(partitioned, copy) == []
    apply(BASE, copy)
    assert differences(partitioned, copy) == []


def test_the_rollback_leaves_exactly_the_flat_state(copy: Database, flat: Database) -> None:
    apply(BASE, copy)
    apply(f"rollback/{BASE}", copy)
    assert differences(flat, copy) == []
    apply(f"rollback/{BASE}", copy)
    assert differences(flat, copy) == []


@pytest.mark.parametrize("again", [False, True], ids=["goes on", "begins anew"])
def test_what_is_written_between_copy_and_exchange_comes_along(
    copy: Database, make_database: MakeDatabase, flat: Database, *, again: bool
) -> None:
    writes = (
        "UPDATE catalogo_geometrias SET data_inicio = data_inicio + 365 WHERE id % 10 = 1",
        "DELETE FROM catalogo_geometrias WHERE id % 10 = 2",
        "UPDATE catalogo_geometrias SET id = id + 100000 WHERE id % 10 = 3",
        INSERT.format(FLAT, 90001, FLAT),
    )
    run_until(BASE, copy, "few CONSTANT")
    run(copy, *writes)
    if again:
        apply(BASE, copy)
    else:
        run_from(BASE, copy, "few CONSTANT")
    wanted = make_database(flat.name)
    run(wanted, *writes)
    apply(BASE, wanted)
    assert differences(wanted, copy) == []


def test_an_emptied_table_is_empty_afterwards(copy: Database) -> None:
    run_until(BASE, copy, "few CONSTANT")
    run(copy, f"TRUNCATE {FLAT}")
    run_from(BASE, copy, "few CONSTANT")
    assert value_of(copy, COUNT) == 0


@pytest.mark.parametrize("end", ["PARTITION BY RANGE", "NOT VALID", "VACUUM", "RAISE NOTICE"])
def test_the_rollback_takes_away_what_an_interrupted_migration_left(
    copy: Database, flat: Database, end: str
) -> None:
    run_until(BASE, copy, end)
    apply(f"rollback/{BASE}", copy)
    assert differences(flat, copy) == []


@pytest.mark.parametrize("end", ["GENERATED BY DEFAULT", "NOT VALID", "VACUUM", "RAISE NOTICE"])
def test_an_interrupted_rollback_is_completed_by_running_it_again(
    copy: Database, flat: Database, end: str
) -> None:
    apply(BASE, copy)
    run_until(f"rollback/{BASE}", copy, end)
    refused = apply_script(read_script(MIGRATIONS / BASE), copy)
    assert "the rollback of this migration was interrupted" in str(refused.error)
    apply(f"rollback/{BASE}", copy)
    assert differences(flat, copy) == []


def test_privileges_and_owner_come_along(copy: Database) -> None:
    privileges = (
        "SELECT relacl::text FROM pg_class WHERE relname LIKE '{}%' AND relkind IN ('r', 'p')"
    )
    run(copy, f"GRANT INSERT, UPDATE ON {FLAT} TO pg_monitor WITH GRANT OPTION")
    with copy.connect() as connection:
        before = connection.execute(privileges.format(FLAT).encode()).fetchall()
    apply(BASE, copy)
    with copy.connect() as connection:
        after = connection.execute(privileges.format(PARTITIONED).encode()).fetchall()
    assert after == before * 5
    apply(f"rollback/{BASE}", copy)
    with copy.connect() as connection:
        assert connection.execute(privileges.format(FLAT).encode()).fetchall() == before


@pytest.mark.parametrize(
    "extra",
    [
        f"CREATE INDEX ON {FLAT} (tipo_uso)",
        f"GRANT UPDATE (tipo_uso) ON {FLAT} TO pg_monitor",
        f"CREATE POLICY mine ON {FLAT} USING (true)",
    ],
)
def test_what_the_new_table_would_not_have_is_refused_before_anything_happens(
    copy: Database, extra: str
) -> None:
    run(copy, extra)
    refused = apply_script(read_script(MIGRATIONS / BASE), copy)
    assert "that the new table would not have" in str(refused.error)
    with copy.connect() as connection:
        assert connection.execute(f"SELECT to_regclass('{PARTITIONED}')".encode()).fetchone() == (
            None,
        )


def test_a_rollback_that_would_lose_a_row_changes_nothing(copy: Database) -> None:
    apply(BASE, copy)
    run(copy, INSERT.format(PARTITIONED, 5, PARTITIONED))
    refused = apply_script(read_script(MIGRATIONS / "rollback" / BASE), copy)
    assert "catalogo_geometrias_pkey" in str(refused.error)
    assert value_of(copy, COUNT) == ROWS + 1


def test_each_query_has_its_form_for_the_flat_table() -> None:
    workload = load_workload(QUERIES / "flat", QUERIES)
    assert [query.id for query in workload.rewrites] == [query.id for query in workload.queries]
    for query in workload.queries:
        assert query.sql.replace(FLAT, PARTITIONED) == query.after.sql
