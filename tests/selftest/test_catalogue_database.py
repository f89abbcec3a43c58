"""A loaded catalogue is what a restored production backup would be."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures.catalogue import Catalogue, load, version
from shadowgate.errors import ServerError
from shadowgate.progress import silent
from shadowgate.server import Database, Server
from tests.selftest.catalogue_clones import content, loaded, rows_of, value_of
from tests.selftest.plain_database import plain_database

ROWS = 6_000
GENERATE = Path(__file__).parents[2] / "fixtures" / "catalogue" / "generate.py"


@pytest.fixture(scope="module")
def catalogue(server: Server) -> Iterator[Database]:
    """A partitioned catalogue of 6,000 rows, not to be written to."""
    with loaded(server, Catalogue(rows=ROWS)) as database:
        yield database


def test_eighteen_indexes_are_valid(catalogue: Database) -> None:
    query = """
        SELECT i.indisvalid, count(*) FROM pg_index AS i JOIN pg_class AS t ON t.oid = i.indrelid
        WHERE t.relname LIKE 'catalogo%' AND t.relkind IN ('r', 'p') GROUP BY 1
    """
    assert rows_of(catalogue, query) == [(True, 18)]


def test_rows_lie_in_the_partition_of_their_year_or_in_the_default(catalogue: Database) -> None:
    query = """
        SELECT DISTINCT tableoid::regclass::text, extract(year FROM data_inicio)::integer
        FROM catalogo_geometrias_particionada ORDER BY 2
    """
    places = [("2026", 2026), ("2027", 2027), ("2028", 2028)]
    places += [("default", year) for year in range(2029, 2036)]
    assert rows_of(catalogue, query) == [
        (f"catalogo_geometrias_particionada_{name}", year) for name, year in places
    ]


def test_postgis_finds_invalid_exactly_what_is_declared_invalid(catalogue: Database) -> None:
    query = """
        SELECT count(*) FILTER (WHERE is_valid IS DISTINCT FROM ST_IsValid(geometry)),
            count(*) FILTER (WHERE NOT is_valid) > 0,
            count(*)
        FROM catalogo_geometrias_particionada
    """
    assert rows_of(catalogue, query) == [(0, True, ROWS)]


def test_every_geometry_belongs_to_an_item_and_lies_inside_the_extent(catalogue: Database) -> None:
    assert value_of(catalogue, "SELECT count(*) FROM catalogo") == 5_000
    query = """
        SELECT count(*) FROM catalogo_geometrias_particionada
        WHERE ST_SRID(geometry) <> 31983
            OR NOT geometry @ ST_MakeEnvelope(605657, 8071281, 618522, 8085564, 31983)
    """
    assert value_of(catalogue, query) == 0


def test_constraints_are_validated_and_the_next_ids_are_free(catalogue: Database) -> None:
    assert value_of(catalogue, "SELECT count(*) FROM pg_constraint WHERE NOT convalidated") == 0
    query = (
        "SELECT nextval(pg_get_serial_sequence('public.catalogo_geometrias_particionada', 'id'))"
    )
    assert value_of(catalogue, query) > ROWS
    assert value_of(catalogue, "SELECT nextval(pg_get_serial_sequence('catalogo', 'id'))") > 5_000


def test_search_finds_words_in_any_inflection(catalogue: Database) -> None:
    query = """
        SELECT lower(c.nome || ' ' || c.descricao)
        FROM search_catalogo('nascentes', 605657, 8071281, 618522, 8085564, 10) AS found
        JOIN catalogo AS c ON c.id = found.catalogo_id
    """
    found = rows_of(catalogue, query)
    assert len(found) == 10
    assert all("nascente" in text and "nascentes" not in text for (text,) in found)


def test_search_puts_the_most_relevant_first_and_keeps_to_its_limit(catalogue: Database) -> None:
    query = """
        SELECT relevancia, catalogo_id
        FROM search_catalogo('estrada', 605657, 8071281, 618522, 8085564, {})
    """
    found = rows_of(catalogue, query.format(10_000))
    assert found == sorted(found, key=lambda row: (-row[0], row[1]))
    assert len({relevance for relevance, _ in found}) > 1
    assert rows_of(catalogue, query.format(7)) == found[:7]


def test_search_stays_inside_the_window_and_counts_what_is_there(catalogue: Database) -> None:
    query = """
        WITH found AS (
            SELECT * FROM search_catalogo('pasto', 609000, 8077000, 612000, 8080000, 1000)
        ), expected AS (
            SELECT catalogo_id, count(*) FROM catalogo_geometrias_particionada
            WHERE is_valid AND geometry && ST_MakeEnvelope(609000, 8077000, 612000, 8080000, 31983)
            GROUP BY 1
        )
        SELECT count(*) > 0, bool_and(found.geometrias = expected.count)
        FROM found LEFT JOIN expected USING (catalogo_id)
    """
    assert rows_of(catalogue, query) == [(True, True)]


def test_flat_state_holds_the_same_rows(server: Server, catalogue: Database) -> None:
    with loaded(server, Catalogue(rows=ROWS, state="flat")) as flat:
        flat_rows = rows_of(flat, "SELECT g::text FROM catalogo_geometrias AS g ORDER BY id")
    query = "SELECT g::text FROM catalogo_geometrias_particionada AS g ORDER BY id"
    assert flat_rows == rows_of(catalogue, query)


def test_command_line_fills_the_database_that_the_environment_names(
    server: Server, catalogue: Database
) -> None:
    with plain_database(server) as database:
        environment = {
            "PGHOST": server.endpoint.host,
            "PGPORT": str(server.endpoint.port),
            "PGUSER": server.endpoint.user,
            "PGPASSWORD": server.endpoint.password or "",
            "PGDATABASE": database.name,
        }
        command = [sys.executable, str(GENERATE), "--rows", str(ROWS)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert f"6,000 geometries, partitioned, generator {version()}" in done.stderr
        assert content(database) == content(catalogue)
        again = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False
        )
        assert again.returncode == 4
        assert "already holds a catalogue" in again.stderr
        assert "Traceback" not in again.stderr


def test_loading_into_a_database_that_holds_a_catalogue_changes_nothing(
    catalogue: Database,
) -> None:
    before = content(catalogue)
    with catalogue.connect() as connection, pytest.raises(ServerError, match="already holds"):
        load(connection, Catalogue(rows=10, seed=1), silent)
    assert content(catalogue) == before
