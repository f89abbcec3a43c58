"""Rows that are made for a schema without any: PostgreSQL itself says whether they are admitted."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shadowgate.backup import examine_backup, restore
from shadowgate.backup.fill import MOST_ROWS, Column, Reference, Table, fill, in_order
from shadowgate.catalogue import fingerprint
from shadowgate.command import main
from shadowgate.server import Database, Databases, Server
from tests.selftest.backup.dumps import dump
from tests.selftest.conftest import MakeDatabase
from tests.selftest.plain_database import refill

ROWS = 60
TYPES = {
    "bigint": "CHECK ({} > 0)",
    "smallint": "CHECK ({} BETWEEN 1 AND 5)",
    "integer": "CHECK ({} % 2 = 0 OR {} > 0)",
    "numeric(4, 2)": "CHECK ({} <= 1)",
    "real": "",
    "text": "CHECK ({} IN ('open', 'it''s paid'))",
    "varchar(3)": "CHECK (length({}) > 0)",
    "char(2)": "",
    "boolean": "",
    "date": "CHECK ({} >= '2020-01-01')",
    "timestamptz": "",
    "timestamp(0)": "",
    "time": "",
    "interval": "",
    "uuid": "",
    "jsonb": "CHECK (jsonb_typeof({}) = 'object')",
    "bytea": "",
    "inet": "",
    "text[]": "CHECK (cardinality({}) > 0)",
    "int4range": "",
    "tstzrange": "",
    "mood": "",
    "email": "",
}
OTHERS = """
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
"""
COLUMNS = st.lists(
    st.tuples(st.sampled_from([*TYPES]), st.booleans(), st.booleans()), min_size=1, max_size=8
)


def rows_of(database: Database, setup: str, rows: int = ROWS) -> dict[str, tuple[int, str]]:
    """Table -> its rows, and why there are no more."""
    refill(database, setup)
    with database.connect() as connection:
        return {each.table: (each.rows, each.why) for each in fill(connection, rows)}


@settings(max_examples=25, deadline=None, suppress_health_check=[*HealthCheck])
@given(columns=COLUMNS)
def test_every_type_and_check_gets_all_its_rows(
    plain: Database, columns: list[tuple[str, bool, bool]]
) -> None:
    defined = ", ".join(
        f"c{n} {kind} {'NOT NULL' if required else ''} "
        f"{TYPES[kind].replace('{}', f'c{n}') if checked else ''}"
        for n, (kind, required, checked) in enumerate(columns)
    )
    found = rows_of(plain, f"{OTHERS} CREATE TABLE t (id serial PRIMARY KEY, {defined})")
    assert found == {"public.t": (ROWS, "")}, defined


def test_children_refer_to_rows_that_are_there_and_the_same_schema_gets_the_same(
    plain: Database,
) -> None:
    setup = """
    CREATE TABLE child (
        a int, b text, owner bigint NOT NULL, boss int, one int NOT NULL UNIQUE REFERENCES other,
        FOREIGN KEY (a, b) REFERENCES parent (a, b)
    );
    """
    tables = """
    CREATE TABLE parent (a int, b text, PRIMARY KEY (a, b));
    CREATE TABLE other (
        id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, again int REFERENCES other
    );
    """
    found = rows_of(plain, tables + setup)
    assert {each: rows for each, (rows, _) in found.items()} == dict.fromkeys(
        ("public.parent", "public.other", "public.child"), ROWS
    )
    with plain.connect() as connection:
        first = fingerprint(connection)
        query = "SELECT count(DISTINCT one), count(DISTINCT a) > 30 FROM child"
        assert connection.execute(query).fetchone() == (ROWS, True)
    rows_of(plain, tables + setup)
    with plain.connect() as connection:
        assert fingerprint(connection) == first


CASES = {
    "partitions": (
        "CREATE TABLE t (at date NOT NULL, v int) PARTITION BY RANGE (at);"
        "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM ('2031-01-01') TO ('2032-01-01');"
        "CREATE TABLE t2 PARTITION OF t FOR VALUES FROM ('2033-01-01') TO ('2034-01-01')",
        (ROWS, ""),
    ),
    "few values": (
        "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE t (m mood PRIMARY KEY)",
        (2, "its constraints admit no more of them"),
    ),
    "no value": (
        "CREATE TABLE t (a int NOT NULL CHECK (a > 1 AND a < 1))",
        (0, "its constraints admit no more of them"),
    ),
    "an unknown type": (
        "CREATE TYPE pair AS (a int, b int); CREATE TABLE t (p pair NOT NULL)",
        (0, "cannot cast type integer to pair"),
    ),
    "itself": (
        "CREATE TABLE t (id int PRIMARY KEY, up int NOT NULL REFERENCES t)",
        (0, 'null value in column "up" of relation "t" violates not-null constraint'),
    ),
    "rows": ("CREATE TABLE t AS SELECT 1 AS a", (1, "it has them already")),
}


@pytest.mark.parametrize("name", CASES)
def test_what_a_table_gets_is_told_with_the_reason(plain: Database, name: str) -> None:
    setup, wanted = CASES[name]
    assert rows_of(plain, setup) == {"public.t": wanted}


def test_shapes_have_their_type_and_reference_system(make_database: MakeDatabase) -> None:
    database = make_database()
    with database.connect() as connection:
        connection.execute(
            "CREATE TABLE t (a geometry(Polygon, 31983) NOT NULL, b geography NOT NULL, "
            "c geometry(MultiPoint, 4326) NOT NULL, d geometry NOT NULL)"
        )
        assert [(each.rows, each.why) for each in fill(connection, ROWS)] == [(ROWS, "")]
        query = "SELECT bool_and(ST_IsValid(a)), min(ST_SRID(a)) FROM t"
        assert connection.execute(query).fetchone() == (True, 31983)


def test_histories_are_left_alone_and_all_together_are_too_few_to_judge_times(
    plain: Database,
) -> None:
    tables = "".join(f"CREATE TABLE t{n} (a int);" for n in range(3))
    found = rows_of(plain, f"{tables} CREATE TABLE schema_migrations (version text)", 10**9)
    assert [*found] == ["public.t0", "public.t1", "public.t2"]
    assert sum(rows for rows, _ in found.values()) == MOST_ROWS


def at(server: Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """The server of the tests, as a user names one."""
    there = server.endpoint
    monkeypatch.setenv("PGPASSWORD", there.password or "")
    return f"--server=postgresql://{there.user}@{there.host}:{there.port}/postgres"


SCHEMA = "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (p int NOT NULL REFERENCES p);"


@pytest.mark.parametrize("form", ["plain", "custom", "script"])
def test_a_schema_becomes_a_backup_that_restores(
    server: Server,
    plain: Database,
    databases: Databases,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    form: str,
) -> None:
    schema, made = tmp_path / "schema.sql", tmp_path / "made.dump"
    if form == "script":
        schema.write_text(SCHEMA, "utf-8")
    else:
        dump(server, refill(plain, SCHEMA), schema, "--schema-only", f"--format={form}")
    there = at(server, monkeypatch)
    assert main(["fill", str(schema), f"--output={made}", "--rows-each=70", there]) == 0
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["made.dump", "schema.sql"]
    with databases.created("selftest_filled") as database:
        restore(examine_backup(made), server.tools, database, workspace=tmp_path)
        with database.connect() as connection:
            asked = connection.execute("SELECT (SELECT count(*) FROM p), count(*) FROM c")
            assert asked.fetchone() == (70, 70)


BAD = {
    "no file": (None, "70", 4, "there is no schema"),
    "no SQL": ("CREATE TABLE t (a nothing);", "70", 4, 'type "nothing" does not exist'),
    "no table": ("SELECT 1;", "70", 4, "no table to fill"),
    "no number": (SCHEMA, "many", 4, "no number of rows"),
    "no row": ("CREATE TABLE t (a int CHECK (false));", "70", 1, "public.t: 0 rows: its const"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_filled_is_said(
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    case: str,
) -> None:
    text, rows, status, words = BAD[case]
    schema = tmp_path / "schema.sql"
    if text is not None:
        schema.write_text(text, "utf-8")
    arguments = [str(schema), f"--output={tmp_path / 'made.dump'}", f"--rows-each={rows}"]
    assert main(["fill", *arguments, at(server, monkeypatch)]) == status
    assert words in capsys.readouterr().err


COLUMN = Column("a", "integer", "int4", -1, "", (), not_null=True, unique=False, given=False)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=25))
def test_parents_come_first_where_there_is_no_circle(pairs: list[tuple[int, int]]) -> None:
    references = {
        n: tuple(Reference(str(up), ("a",), ("a",)) for own, up in pairs if own == n and up < n)
        for n in range(10)
    }
    tables = [Table(str(n), (COLUMN,), (), (), (), references[n]) for n in reversed(range(10))]
    places = {table.name: place for place, table in enumerate(in_order(tables))}
    assert len(places) == 10
    for n, each in references.items():
        assert all(places[reference.parent] < places[str(n)] for reference in each)
