"""Tables that a migration filled anew and nobody analysed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shadowgate.catalogue import (
    statistics_left_behind,
    table_statistics,
    tables_without_statistics,
)
from shadowgate.server import Server
from shadowgate.server.base import Connection
from tests.selftest.plain_database import plain_database

CONTENT = """
CREATE TABLE sighting (id integer PRIMARY KEY, species integer, seen date);
INSERT INTO sighting
SELECT n, n % 200, date '2024-01-01' + n % 700 FROM generate_series(1, 3000) AS n;
CREATE TABLE never (id integer) WITH (autovacuum_enabled = off);
INSERT INTO never SELECT generate_series(1, 3000);
CREATE TABLE few (id integer);
INSERT INTO few VALUES (1);
CREATE TABLE visit (id integer, day date) PARTITION BY RANGE (day);
CREATE TABLE visit_2024 PARTITION OF visit FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE visit_default PARTITION OF visit DEFAULT;
INSERT INTO visit SELECT n, date '2024-01-01' + n % 700 FROM generate_series(1, 4000) AS n;
ANALYZE sighting, few, visit;
"""
SWAP = """
CREATE TABLE sighting_new (LIKE sighting);
INSERT INTO sighting_new SELECT * FROM sighting ORDER BY species;
DROP TABLE sighting;
ALTER TABLE sighting_new RENAME TO sighting;
CREATE INDEX ON sighting (species);
"""
NEW_PARTITION = """
ALTER TABLE visit DETACH PARTITION visit_default;
CREATE TABLE visit_2025 PARTITION OF visit FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
INSERT INTO visit SELECT * FROM visit_default;
DROP TABLE visit_default;
"""


@pytest.fixture(scope="module")
def session(server: Server) -> Iterator[Connection]:
    with plain_database(server) as database, database.connect() as connection:
        connection.execute("SET default_statistics_target = 10")
        connection.execute(CONTENT.encode())
        yield connection


def left_behind(
    session: Connection, statements: str, renames: dict[str, str] | None = None
) -> list[str]:
    """The tables that the statements leave without statistics."""
    before = table_statistics(session)
    with session.transaction(force_rollback=True):
        session.execute(statements.encode())
        told = statistics_left_behind(before, table_statistics(session), renames)
    return [words.split()[0] for words in told]


def test_tables_with_rows_and_without_statistics_are_found(session: Connection) -> None:
    assert tables_without_statistics(session) == {"public.never"}


@pytest.mark.parametrize(
    ("statements", "renames", "names"),
    [
        (SWAP, {}, ["public.sighting"]),
        (NEW_PARTITION, {}, ["public.visit_2025"]),
        (
            "CREATE TABLE seen (LIKE sighting); INSERT INTO seen SELECT * FROM sighting;"
            "DROP TABLE sighting",
            {"public.sighting": "public.seen"},
            ["public.seen"],
        ),
    ],
)
def test_a_table_filled_anew_and_never_analysed_is_named(
    session: Connection, statements: str, renames: dict[str, str], names: list[str]
) -> None:
    assert left_behind(session, statements, renames) == names


@pytest.mark.parametrize(
    "statements",
    [
        "",
        SWAP + "ANALYZE sighting",
        NEW_PARTITION + "ANALYZE visit",
        # new tables, which no query from before reads
        "CREATE TABLE sighting_kept AS SELECT * FROM sighting",
        # a rebuilt table without statistics before
        "CREATE TABLE n AS SELECT * FROM never; DROP TABLE never; ALTER TABLE n RENAME TO never",
        # one too small to matter
        "CREATE TABLE f AS SELECT * FROM few; DROP TABLE few; ALTER TABLE f RENAME TO few",
        # rewritten in its place
        "ALTER TABLE sighting ADD note text DEFAULT md5(random()::text)",
    ],
)
def test_what_is_analysed_new_or_small_is_let_pass(session: Connection, statements: str) -> None:
    assert left_behind(session, statements) == []


def test_the_sentence_says_what_to_do(session: Connection) -> None:
    before = table_statistics(session)
    with session.transaction(force_rollback=True):
        session.execute(SWAP)
        (sentence,) = statistics_left_behind(before, table_statistics(session))
    assert "add ANALYZE public.sighting " in sentence
