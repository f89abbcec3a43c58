"""OPT2 keeps exact measures beside OPT1, and in columnar storage where there is one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fixtures.catalogue import Catalogue
from shadowgate.server import Database, Server
from tests.selftest.catalogue_clones import apply, loaded, value_of
from tests.selftest.conftest import MakeDatabase

OPT1 = "1770500100_auto_partition_creation_2029_plus.sql"
OPT2 = "1770470200_columnar_storage_gis.sql"
STORED = """
SELECT geometria_id, data_inicio, catalogo_id, tipo_uso, is_valid, area_m2, perimetro_m, vertices
FROM catalogo_medidas
"""
MEASURED = """
SELECT id, data_inicio, catalogo_id, tipo_uso, is_valid, ST_Area(geometry), ST_Perimeter(geometry),
    ST_NPoints(geometry)
FROM catalogo_geometrias_particionada
"""
NEW_YEAR = """
INSERT INTO catalogo_geometrias_particionada
    (catalogo_id, geometry, tipo_uso, is_valid, data_inicio)
SELECT catalogo_id, geometry, tipo_uso, is_valid, DATE '2044-03-01'
FROM catalogo_geometrias_particionada ORDER BY id LIMIT 30
"""
IN_ITS_PARTITION = "SELECT count(*) FROM catalogo_geometrias_particionada_2044"
METHOD = """
SELECT amname FROM pg_class JOIN pg_am ON pg_am.oid = relam
WHERE relname = 'catalogo_geometrias_medidas'
"""


@pytest.fixture(scope="module")
def before(server: Server) -> Iterator[Database]:
    """A catalogue before OPT1 and OPT2, not to be written to."""
    with loaded(server, Catalogue(rows=3_000)) as database:
        yield database


def differing(database: Database) -> object:
    """How many rows have other measures than the view says."""
    return value_of(
        database,
        f"SELECT count(*) FROM (({STORED} EXCEPT ALL {MEASURED}) UNION ALL"  # noqa: S608
        f" ({MEASURED} EXCEPT ALL {STORED})) AS differing",
    )


def read_from_geometries(database: Database) -> object:
    """The dates whose measures are not stored."""
    return value_of(database, "SELECT medidas_faltantes()::text")


@pytest.mark.parametrize("order", [(OPT1, OPT2), (OPT2, OPT1)], ids=["after OPT1", "before OPT1"])
def test_measures_are_exact_with_the_partitions_of_opt1(
    before: Database, make_database: MakeDatabase, order: tuple[str, ...]
) -> None:
    database = make_database(before.name)
    for migration in order:
        apply(migration, database)
        assert order[0] != OPT2 or differing(database) == 0
    with database.connect() as connection:
        connection.execute(NEW_YEAR)
    assert value_of(database, IN_ITS_PARTITION) == 30
    assert differing(database) == 0


def test_a_partition_that_came_later_is_read_from_the_geometries_until_it_is_taken_in(
    before: Database, make_database: MakeDatabase
) -> None:
    database = make_database(before.name)
    apply(OPT1, database)
    apply(OPT2, database)
    assert read_from_geometries(database) == "empty"
    with database.connect() as connection:
        connection.execute(NEW_YEAR)
        assert read_from_geometries(database) == "[2044-01-01,2045-01-02)"
        connection.execute("CALL atualizar_medidas()")
    assert (read_from_geometries(database), differing(database)) == ("empty", 0)


def test_columnar_storage_is_used_where_the_server_has_it(
    before: Database, make_database: MakeDatabase
) -> None:
    database = make_database(before.name)
    with database.connect() as connection:
        # Stands in for an extension's: what it stores in is of no account here.
        connection.execute("CREATE ACCESS METHOD columnar TYPE TABLE HANDLER heap_tableam_handler")
    apply(OPT2, database)
    assert (value_of(database, METHOD), differing(database)) == ("columnar", 0)


def test_an_ordinary_table_is_used_elsewhere(before: Database, make_database: MakeDatabase) -> None:
    database = make_database(before.name)
    apply(OPT2, database)
    assert (value_of(database, METHOD), differing(database)) == ("heap", 0)


def test_every_role_that_may_read_the_geometries_may_read_their_measures(
    before: Database, make_database: MakeDatabase
) -> None:
    database = make_database(before.name)
    apply(OPT2, database)
    with database.connect() as connection, connection.transaction():
        connection.execute("SET LOCAL ROLE pg_monitor")
        assert connection.execute(STORED).rowcount == 3_000


def test_measures_are_not_stored_where_row_security_hides_rows(
    before: Database, make_database: MakeDatabase
) -> None:
    database = make_database(before.name)
    with database.connect() as connection:
        connection.execute("ALTER TABLE catalogo_geometrias_particionada ENABLE ROW LEVEL SECURITY")
    with pytest.raises(Exception, match="row level security"):
        apply(OPT2, database)
