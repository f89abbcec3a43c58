"""Which statement is to blame: from a real trace."""

from __future__ import annotations

import pytest

from shadowgate.phases.migration.blame import altered, wrote
from shadowgate.server import Database
from tests.selftest.migrating import SETUP, watched
from tests.selftest.plain_database import refill

SCRIPT = """
SET lock_timeout = '2s';
ALTER TABLE item ADD COLUMN size int;
DELETE FROM item WHERE id < 10;
CREATE TABLE other (id int);
INSERT INTO other VALUES (1);
"""


@pytest.fixture
def database(plain: Database) -> Database:
    """A database with a table of 1,000 rows."""
    return refill(plain, SETUP)


def test_rows_are_the_doing_of_the_statement_that_wrote_them(database: Database) -> None:
    blamed = wrote(watched(SCRIPT, database), ["public.item"])
    assert blamed.endswith("line 4: DELETE FROM item WHERE id < 10")


def test_a_changed_schema_is_the_doing_of_the_statement_with_the_strong_lock(
    database: Database,
) -> None:
    blamed = altered(watched(SCRIPT, database), ["public.item"])
    assert blamed.endswith("line 3: ALTER TABLE item ADD COLUMN size int")


def test_nobody_is_blamed_for_a_table_that_no_statement_touched(database: Database) -> None:
    run = watched(SCRIPT, database)
    assert wrote(run, ["public.nothing"]) == altered(run, ["public.nothing"]) == ""
