"""A session that was open before the migration executes again what it has prepared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from shadowgate.phases.migration.open_sessions import open_session
from shadowgate.queries import Query
from shadowgate.server import Database
from tests.selftest.plain_database import refill

SHOP = """
CREATE TABLE item (id bigint PRIMARY KEY, name text);
INSERT INTO item VALUES (1, 'spade');
"""
ALL = Query("all", "All", "read", "SELECT * FROM item", Path("all.sql"))
NAMED = Query("named", "Named", "read", "SELECT id, name FROM item -- by name", Path("named.sql"))
BOTH = (ALL, NAMED)


@pytest.fixture
def database(plain: Database) -> Database:
    return refill(plain, SHOP)


@pytest.mark.parametrize(
    ("migration", "refused"),
    [
        ("ALTER TABLE item ADD COLUMN note text", ["all"]),
        ("ALTER TABLE item ALTER COLUMN name TYPE varchar(50)", ["all", "named"]),
        ("CREATE INDEX ON item (name)", []),
        ("ALTER TABLE item RENAME TO items; CREATE VIEW item AS SELECT * FROM items", []),
        (
            "CREATE TABLE other (LIKE item INCLUDING ALL); DROP TABLE item;"
            "ALTER TABLE other RENAME TO item",
            [],
        ),
        ("ALTER TABLE item RENAME TO items", []),  # a new session fails as well: found elsewhere
    ],
)
def test_what_only_a_new_session_can_execute_is_told(
    database: Database, migration: str, refused: list[str]
) -> None:
    with open_session(database, BOTH) as session, database.connect() as connection:
        assert session.prepared == 2
        connection.execute(migration.encode())
        stale = session.stale()
    assert [one.query for one in stale] == refused
    assert all("cached plan must not change result type (0A000)" in str(one) for one in stale)


def test_what_cannot_be_prepared_as_it_stands_is_passed_over(database: Database) -> None:
    others = (
        replace(ALL, sql="SELECT nothing FROM item"),
        replace(ALL, sql="SELECT * FROM item WHERE id = $1"),
        replace(ALL, sql="SELECT 1; SELECT 2"),
        replace(ALL, role="postgres"),
        replace(ALL, kind="write", sql="DELETE FROM item"),
    )
    with open_session(database, others) as session, database.connect() as connection:
        assert session.prepared == 0
        assert session.stale() == ()
        assert connection.execute("SELECT count(*) FROM item").fetchone() == (1,)
