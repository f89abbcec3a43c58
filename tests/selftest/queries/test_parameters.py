"""Parameters: found where they are, and given values that find rows."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pglast
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.errors import PlanError
from shadowgate.queries import Query, Workload, bind_parameters, bind_workload
from shadowgate.queries.parameters import find_uses
from shadowgate.queries.placeholders import find_placeholders, numbered, substitute
from shadowgate.queries.workload import Value
from shadowgate.server import Database
from tests.selftest.conftest import MakeDatabase

ORDERS = """
CREATE SCHEMA "Vendas";
CREATE TABLE "Vendas"."Pedido do Dia" (
    id bigint PRIMARY KEY, "Situação" text, placed date, tags text[]
);
INSERT INTO "Vendas"."Pedido do Dia"
SELECT n, CASE WHEN n % 3 = 0 THEN 'paid''s' ELSE 'open' END, DATE '2024-01-01' + n % 400,
    ARRAY['a', 'b']
FROM generate_series(1, 4000) AS n;
CREATE TABLE place (
    code uuid PRIMARY KEY, note json, geom geometry(Point, 4326), kind integer NOT NULL
);
INSERT INTO place
SELECT md5(n::text)::uuid, '{"a": 1}', ST_SetSRID(ST_MakePoint(n, n), 4326), n % 5
FROM generate_series(1, 50) AS n;
CREATE TABLE nobody (id integer PRIMARY KEY);
ANALYZE "Vendas"."Pedido do Dia";
"""


@pytest.fixture
def database(make_database: MakeDatabase) -> Database:
    made = make_database()
    with made.connect() as connection:
        connection.execute(ORDERS)
    return made


def query(text: str, **values: Value) -> Query:
    return Query("Q1", "t", "read", text, Path("q.sql"), values=tuple(values.items()))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("SELECT :a, $2, :a", ["a", "2", "a"]),
        ("SELECT x::int, ':b', \":c\", $$:d$$ -- :e\n/* :f */, E'\\':g'", []),
        ("SELECT :'a'::date, :a::date", ["a", "a"]),
        ("SELECT v[1:n], v[:n], v[a:b], ARRAY[:x, :y], v[:x:]", ["n", "x", "y", "x"]),
        ("SELECT f(a := :b), a = :first, '{\"a\":1}'", ["b", "first"]),
        ("SELECT :select", ["select"]),
        ("SELECT 'ção', :ação", ["ação"]),
    ],
)
def test_placeholders_are_told_from_all_that_looks_alike(text: str, names: list[str]) -> None:
    assert [found.name for found in find_placeholders(text)] == names


@given(
    st.lists(
        st.sampled_from(
            [":a", "$1", "::int", "':b'", '":c"', "--:d\n", "/*:e*/", ":'f'", "é", " ", ",", "x:=1"]
        )
    )
)
def test_what_is_no_placeholder_stays_as_it_is(parts: list[str]) -> None:
    text = " ".join(parts)
    kept = substitute(text, lambda found: text[found.start : found.end])
    assert kept == text
    assert numbered(text).count("\n") == text.count("\n")


@pytest.mark.parametrize(
    "text",
    [
        """SELECT * FROM "Vendas"."Pedido do Dia" WHERE id = :id""",
        """SELECT * FROM "Vendas"."Pedido do Dia" AS p WHERE p."Situação" = $1 AND p.id > $2""",
        """SELECT * FROM "Vendas"."Pedido do Dia" WHERE placed BETWEEN :a AND :'b'""",
        """SELECT * FROM "Vendas"."Pedido do Dia" WHERE placed >= :a AND placed < :b::date""",
        """SELECT * FROM "Vendas"."Pedido do Dia" WHERE :a < id AND :b >= id""",
        """SELECT * FROM "Vendas"."Pedido do Dia" WHERE id = ANY(:ids)""",
        """SELECT * FROM "Vendas"."Pedido do Dia" WHERE id IN ($1, $2)""",
        """SELECT * FROM "Vendas"."Pedido do Dia" WHERE tags @> :tags""",
        """SELECT * FROM "Vendas"."Pedido do Dia" WHERE "Situação" LIKE :like""",
        'SELECT * FROM place JOIN "Vendas"."Pedido do Dia" AS p ON p.id = kind WHERE code = $1 '
        "OR p.id = 1",
        "WITH s AS (SELECT * FROM place WHERE kind = $1) SELECT * FROM s",
        "SELECT * FROM place AS p WHERE EXISTS (SELECT FROM place AS q WHERE q.kind = p.kind "
        "AND p.code = :code)",
        "SELECT * FROM place WHERE geom && :window",
        "SELECT * FROM place WHERE note::text = :note",
        "UPDATE place SET kind = :kind WHERE code = :code RETURNING *",
        "DELETE FROM place WHERE kind = $1 RETURNING *",
    ],
)
def test_values_are_drawn_that_find_rows(database: Database, text: str) -> None:
    with database.connect() as connection:
        bound = bind_parameters(query(text), connection)
        assert bound.parameters == ()
        with connection.transaction(force_rollback=True):
            found = connection.execute(bound.sql.encode()).fetchall()
        assert found
        assert bind_parameters(query(text), connection) == bound
    if "<" in text:
        assert len(found) < 2000


def test_values_of_the_file_are_literals_whatever_they_hold(database: Database) -> None:
    values: dict[str, Value] = {
        "a": "it's \\ :b $1",
        "b": -5,
        "c": True,
        "d": 2.5,
        "e": date(2024, 5, 1),
        "f": (1, 2),
    }
    text = "SELECT :a, 3 - :b, :c, :d * 2, :'e' + 1, 2 = ANY(:f), :b::text"
    with database.connect() as connection:
        bound = bind_parameters(query(text, **values), connection)
        row = connection.execute(bound.sql.encode()).fetchone()
    assert row is not None
    assert row == ("it's \\ :b $1", 8, True, 5, date(2024, 5, 2), True, "-5")


def test_a_text_takes_the_type_that_its_place_asks_for(database: Database) -> None:
    text = "SELECT count(*) FROM place WHERE kind = :kind"
    with database.connect() as connection:
        bound = bind_parameters(query(text, kind="3"), connection)
        assert connection.execute(bound.sql.encode()).fetchone() == (10,)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT :x + 1",
        "SELECT * FROM place LIMIT :x",
        "SELECT * FROM place WHERE ST_DWithin(geom, :x, 10)",
        "SELECT * FROM nobody WHERE id = :x",
        "SELECT * FROM not_there WHERE id = :x",
        "SELECT * FROM place AS p WHERE other.kind = :x",
        "WITH place AS (SELECT 1 AS kind) SELECT * FROM place WHERE kind = :x",
        "INSERT INTO nobody (id) VALUES (:x)",
        "INSERT INTO place (code, kind) VALUES (:x, 1)",
    ],
)
def test_a_value_that_cannot_be_drawn_is_asked_for(database: Database, text: str) -> None:
    with database.connect() as connection, pytest.raises(PlanError) as caught:
        bind_parameters(query(text), connection)
    assert "the parameter :x of Q1 has no value" in caught.value.what
    assert caught.value.where == "q.sql"
    assert "`x = 17`" in caught.value.todo
    assert "q.params" in caught.value.todo


def test_both_forms_of_a_query_get_the_same_values(database: Database) -> None:
    rewritten = query("SELECT * FROM renamed WHERE kind = :kind")
    original = Query(
        "Q1", "t", "read", "SELECT * FROM place WHERE kind = :kind", Path("q.sql"), 1, rewritten
    )
    with database.connect() as connection:
        (bound,) = bind_workload(Workload((original,)), connection).queries
    assert bound.rewritten is not None
    assert bound.sql.rpartition("kind = ")[2] == bound.rewritten.sql.rpartition("kind = ")[2]
    assert "::integer" in bound.sql


def test_dates_are_drawn_in_one_form_whatever_the_database_prefers(database: Database) -> None:
    text = 'SELECT * FROM "Vendas"."Pedido do Dia" WHERE placed < :day'
    with database.connect() as connection:
        iso = bind_parameters(query(text), connection)
        connection.execute("SET DateStyle = 'SQL, DMY'")
        assert bind_parameters(query(text), connection) == iso


def test_a_query_without_parameters_stays_as_it_is(database: Database) -> None:
    plain = query("SELECT 'a:b', v[1:2] FROM t -- :c")
    with database.connect() as connection:
        assert bind_parameters(plain, connection) == plain


def test_a_lower_and_an_upper_bound_lie_apart() -> None:
    uses = find_uses("SELECT * FROM t WHERE a >= $1 AND a < $2 AND $3 < b AND c = $4")
    assert [(one.parameter, one.column, one.equals) for one in uses] == [
        (1, "a", False),
        (2, "a", False),
        (3, "b", False),
        (4, "c", True),
    ]
    assert uses[0].quantile < uses[1].quantile
    assert uses[2].quantile == uses[0].quantile


def test_a_drawn_identifier_is_quoted(database: Database) -> None:
    text = 'SELECT * FROM "Vendas"."Pedido do Dia" WHERE "Situação" = :s'
    with database.connect() as connection:
        bound = bind_parameters(query(text), connection)
    assert "'open'" in bound.sql
    assert pglast.parse_sql(bound.sql)
