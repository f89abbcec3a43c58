"""A workload from the catalogue: what it has, that it works, and what it passes over."""

from __future__ import annotations

import time

import pytest

from shadowgate.measure import Sampling, baseline, compare, settle
from shadowgate.plan import PerformanceSection
from shadowgate.queries import Workload, derive_workload
from shadowgate.queries.workload import split_statements
from shadowgate.server import Database
from tests.selftest.conftest import MakeDatabase

SHOP = """
CREATE SCHEMA "Loja São João";
CREATE TABLE customer (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email text UNIQUE NOT NULL,
    city text
);
CREATE INDEX customer_city ON customer (city);
INSERT INTO customer (email, city)
SELECT 'c' || n || '@example.org', 'city ' || n % 7 FROM generate_series(1, 500) AS n;
CREATE TABLE orders (
    id bigint, placed date NOT NULL, customer_id bigint REFERENCES customer, note text,
    place geometry(Point, 4326), spot geography(Point, 4326), void boolean NOT NULL,
    PRIMARY KEY (id, placed)
) PARTITION BY RANGE (placed);
CREATE TABLE orders_2024 PARTITION OF orders FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE orders_rest PARTITION OF orders DEFAULT;
INSERT INTO orders
SELECT n, DATE '2024-06-01' + n % 400, 1 + n % 500, repeat('x', 200),
    ST_SetSRID(ST_MakePoint(n % 100 * 0.01, n % 90 * 0.01), 4326),
    ST_SetSRID(ST_MakePoint(n % 100 * 0.01, n % 90 * 0.01), 4326), n % 9 = 0
FROM generate_series(1, 5000) AS n;
CREATE INDEX orders_place ON orders USING gist (place);
CREATE INDEX orders_spot ON orders USING gist (spot);
CREATE INDEX orders_placed ON orders (placed) WHERE NOT void;
CREATE INDEX orders_lower ON orders (lower(note));
CREATE TABLE "Loja São João"."Caixa ""1"" %s {x}" (
    "Número" text PRIMARY KEY, "Valor; DROP" numeric, "Dia's" date
);
CREATE INDEX "Índice do Dia" ON "Loja São João"."Caixa ""1"" %s {x}" ("Dia's");
INSERT INTO "Loja São João"."Caixa ""1"" %s {x}"
SELECT 'n''' || n || '\\', n, DATE '2024-01-01' + n FROM generate_series(1, 50) AS n;
CREATE TABLE log (line text);
INSERT INTO log SELECT 'line' FROM generate_series(1, 100);
CREATE TABLE nothing (id integer PRIMARY KEY);
CREATE TABLE keys_only (a integer, b integer, PRIMARY KEY (a, b));
INSERT INTO keys_only SELECT n, n FROM generate_series(1, 10) AS n;
CREATE UNLOGGED TABLE nulls (id integer UNIQUE);
INSERT INTO nulls SELECT NULL FROM generate_series(1, 10);
CREATE TABLE entry (customer_id bigint REFERENCES customer, "when" date);
INSERT INTO entry SELECT n, DATE '2024-01-01' FROM generate_series(1, 100) AS n;
"""


@pytest.fixture
def shop(make_database: MakeDatabase) -> Database:
    made = make_database()
    with made.connect() as connection:
        connection.execute(SHOP.encode())
    settle(made)
    return made


def derived(database: Database, **settings: object) -> Workload:
    with database.connect() as connection:
        return derive_workload(connection, **settings)  # type: ignore[arg-type]


def test_each_index_key_and_table_without_an_index_has_its_query(shop: Database) -> None:
    found = derived(shop)
    assert sorted(found.by_id) == [
        "count_entry",
        "count_log",
        "join_entry_customer_id_fkey",
        "join_orders_customer_id_fkey",
        "lookup_Caixa_1_s_x_pkey",
        "lookup_customer_email_key",
        "lookup_customer_pkey",
        "lookup_keys_only_pkey",
        "lookup_orders_pkey",
        "range_Indice_do_Dia",
        "range_customer_city",
        "range_orders_placed",
        "window_orders_place",
        "window_orders_spot",
    ]
    assert not found.writes
    assert found.by_id["lookup_orders_pkey"].title == "A row of orders by orders_pkey"


def test_every_query_finds_rows_and_is_one_fast_statement(shop: Database) -> None:
    with shop.connect() as connection:
        for query in derived(shop).queries:
            assert len(split_statements(query.sql)) == 1
            started = time.perf_counter()
            rows = connection.execute(query.sql.encode()).fetchall()
            assert time.perf_counter() - started < 0.5
            assert 1 <= len(rows) <= 100
            assert rows[0] != (0,), query.sql
            if query.id.startswith("lookup"):
                assert len(rows) == 1


def test_the_same_database_gives_the_same_workload_and_stays_as_it_is(
    shop: Database, make_database: MakeDatabase
) -> None:
    with shop.connect() as connection:
        earlier = connection.execute("SELECT pg_current_wal_insert_lsn()").fetchone()
    first = derived(shop, touched={"public.customer"})
    assert derived(shop, touched={"public.customer"}) == first
    assert derived(make_database(shop.name), touched={"public.customer"}) == first
    with shop.connect() as connection:
        assert connection.execute("SELECT count(*) FROM pg_prepared_xacts").fetchone() == (0,)
        assert earlier is not None


def test_tables_take_turns_when_only_a_few_queries_are_wanted(shop: Database) -> None:
    found = derived(shop, most=3)
    assert len(found.queries) == 3
    titles = " ".join(query.title for query in found.queries)
    assert "orders" in titles
    assert "customer" in titles
    assert derived(shop, most=0).queries == ()


def test_tables_that_are_touched_come_first(shop: Database) -> None:
    (first,) = derived(shop, most=1, touched={"public.entry"}).queries[:1]
    assert "entry" in first.sql
    (largest,) = derived(shop, most=1).queries
    assert "entry" not in largest.sql


def test_a_row_of_each_table_that_is_touched_is_updated_to_itself(shop: Database) -> None:
    names = {
        "public.customer",
        '"Loja São João"."Índice do Dia"',  # the index's table is meant
        "public.orders_rest",  # and that of a partition
        "public.keys_only",
        "public.log",
        "public.nothing",
        "public.not_there",
    }
    writes = derived(shop, touched=names).writes
    assert {query.id for query in writes} == {
        "update_customer",
        "update_Caixa_1_s_x",
        "update_orders",
        "update_keys_only",
    }
    with shop.connect() as connection:
        for query in writes:
            with connection.transaction(force_rollback=True):
                assert connection.execute(query.sql.encode()).rowcount == 1
    assert 'SET "city"' not in next(q.sql for q in writes if q.id == "update_orders")


def test_it_can_be_measured_and_nothing_is_called_a_change(
    shop: Database, make_database: MakeDatabase
) -> None:
    workload = derived(shop, touched={"public.customer", "public.orders"})
    sampling = Sampling(PerformanceSection(budget_seconds=0.5), copies=1, warm_up=1)
    assert not baseline(shop, workload, sampling).failed
    moved = make_database(shop.name)
    with moved.connect() as connection:
        connection.execute("UPDATE orders SET note = repeat('x', 200) WHERE id % 7 = 3")
        connection.execute("UPDATE customer SET city = city WHERE id % 5 = 1")
    settle(moved)
    found = compare(shop, moved, workload, sampling)
    assert not found.failed
    assert [query.order for query in found.queries.values() if query.order] == []
    assert all(query.same_rows for query in found.queries.values())


def test_two_indexes_of_one_name_have_two_ids(make_database: MakeDatabase) -> None:
    made = make_database()
    with made.connect() as connection:
        for schema in ("one", "other"):
            connection.execute(
                f"CREATE SCHEMA {schema} CREATE TABLE t (id integer PRIMARY KEY)".encode()
            )
            connection.execute(f"SET search_path = {schema}".encode())
            connection.execute("INSERT INTO t VALUES (1)")
    assert sorted(derived(made).by_id) == ["lookup_t_pkey", "lookup_t_pkey-2"]


def test_values_hold_whatever_form_of_dates_the_database_prefers(shop: Database) -> None:
    with shop.connect() as connection:
        connection.execute(f"ALTER DATABASE {shop.name} SET DateStyle = 'SQL, DMY'".encode())
        first = derived(shop)
        connection.execute(f"ALTER DATABASE {shop.name} RESET DateStyle".encode())
    assert derived(shop) == first


def test_a_materialized_view_with_an_index_is_asked_if_it_is_filled(shop: Database) -> None:
    with shop.connect() as connection:
        connection.execute("CREATE MATERIALIZED VIEW cities AS SELECT DISTINCT city FROM customer")
        connection.execute("CREATE UNIQUE INDEX cities_city ON cities (city)")
        connection.execute("CREATE MATERIALIZED VIEW later AS SELECT 1 AS one WITH NO DATA")
    found = derived(shop, touched={"public.cities"})
    assert "lookup_cities_city" in found.by_id
    assert not found.writes


def test_an_empty_database_has_an_empty_workload(make_database: MakeDatabase) -> None:
    assert derived(make_database(), touched={"spatial_ref_sys"}).queries == ()
