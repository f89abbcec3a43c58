"""OPT3 answers searches as before, only sooner, and says how old its answers may be."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from fixtures.catalogue import Catalogue
from shadowgate.server import Database, Server
from tests.selftest.catalogue_clones import apply, content, drift, loaded, rows_of, value_of
from tests.selftest.conftest import MakeDatabase
from tests.selftest.plain_database import plain_database

OPT3 = "1770470300_indexed_views_rpc_search.sql"
SEARCH = "SELECT * FROM search_catalogo(%s, %s, %s, %s, %s, %s)"
WHOLE = (605657.0, 8071281.0, 618522.0, 8085564.0)
REFRESH = "REFRESH MATERIALIZED VIEW CONCURRENTLY catalogo_busca"


@pytest.fixture(scope="module")
def before(server: Server) -> Iterator[Database]:
    """A catalogue before OPT3, not to be written to."""
    with loaded(server, Catalogue(rows=8_000)) as database:
        yield database


@pytest.fixture(scope="module")
def after(server: Server, before: Database) -> Iterator[Database]:
    """The same with OPT3, not to be written to."""
    with plain_database(server, before.name) as database:
        apply(OPT3, database)
        yield database


@pytest.fixture
def migrated(make_database: MakeDatabase, after: Database) -> Database:
    """A catalogue with OPT3 of one's own."""
    return make_database(after.name)


def search(
    database: Database, words: str, window: tuple[float, ...] = WHOLE, limit: int = 1000
) -> list[tuple[Any, ...]]:
    """What the web client gets."""
    with database.connect() as connection:
        return connection.execute(SEARCH, (words, *window, limit)).fetchall()


@pytest.mark.parametrize("limit", [1, 25, 1000])
@pytest.mark.parametrize("side", [300.0, 3_000.0, 20_000.0])
@pytest.mark.parametrize(
    "words", ["pasto", "curral or gado", '"plantio direto"', "nascente -mata", "inexistente", ""]
)
def test_searches_return_the_same_rows_in_the_same_order(
    before: Database, after: Database, words: str, side: float, limit: int
) -> None:
    window = (610_500 - side / 2, 8_078_500 - side / 2, 610_500 + side / 2, 8_078_500 + side / 2)
    assert search(after, words, window, limit) == search(before, words, window, limit)


def test_searches_compared_do_find_something(before: Database) -> None:
    assert len(search(before, "pasto")) > 100


def test_counts_and_areas_are_those_of_the_moment(migrated: Database) -> None:
    ((item, _, _, count, area, _), *_) = search(migrated, "pasto")
    with migrated.connect() as connection:
        connection.execute(
            "INSERT INTO catalogo_geometrias_particionada (catalogo_id, geometry, data_inicio)"
            " SELECT catalogo_id, geometry, '2027-01-01' FROM catalogo_geometrias_particionada"
            " WHERE catalogo_id = %s AND is_valid LIMIT 1",
            (item,),
        )
    ((_, _, _, count_now, area_now, _),) = [
        row for row in search(migrated, "pasto") if row[0] == item
    ]
    assert (count_now, area_now > area) == (count + 1, True)


def test_names_appear_after_the_next_refresh(migrated: Database) -> None:
    with migrated.connect() as connection:
        connection.execute(
            "UPDATE catalogo SET nome = 'Jardim botânico' WHERE id ="
            " (SELECT catalogo_id FROM catalogo_geometrias_particionada WHERE is_valid LIMIT 1)"
        )
        connection.execute("UPDATE catalogo SET status = 'ativo'")
        assert search(migrated, "botânico") == []
        connection.execute(REFRESH)
    assert [row[1] for row in search(migrated, "jardins botânicos or botânico")] == [
        "Jardim botânico"
    ]


def test_staleness_counts_from_the_last_refresh(migrated: Database) -> None:
    query = "SELECT search_catalogo_staleness()"
    with migrated.connect() as connection:
        connection.execute(REFRESH)
        first = value_of(migrated, query)
        assert dt.timedelta(0) < first < dt.timedelta(seconds=30)
        assert value_of(migrated, query) > first
        connection.execute(REFRESH)
        assert value_of(migrated, query) < dt.timedelta(seconds=30)


def test_every_role_may_search(migrated: Database) -> None:
    with migrated.connect() as connection, connection.transaction():
        connection.execute("SET LOCAL ROLE pg_monitor")
        assert connection.execute(SEARCH, ("pasto", *WHOLE, 5)).rowcount == 5


def test_only_the_announced_objects_come(before: Database, after: Database) -> None:
    surplus = [
        sentence
        for sentence in drift(before, after)
        if "catalogo_busca" not in sentence and "search_catalogo" not in sentence
    ]
    assert surplus == []
    assert content(after) == content(before)


def test_running_it_again_changes_nothing(migrated: Database, after: Database) -> None:
    apply(OPT3, migrated)
    assert drift(after, migrated) == ()
    query = "SELECT v::text FROM catalogo_busca AS v ORDER BY catalogo_id"
    assert rows_of(migrated, query) == rows_of(after, query)


def test_rollback_leaves_everything_as_it_was(
    make_database: MakeDatabase, before: Database, after: Database
) -> None:
    database = make_database(after.name)
    for _ in range(2):
        apply(f"rollback/{OPT3}", database)
        assert drift(before, database) == ()
    assert search(database, "pasto") == search(before, "pasto")
    apply(OPT3, database)
    assert drift(after, database) == ()
