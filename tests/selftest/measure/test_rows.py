"""Results of a query before and after, held against each other."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.measure.answers.rows import (
    Result,
    fetch_result,
    first_difference,
    gained_columns,
    sort_rows,
)
from shadowgate.measure.rounds import timed_session
from shadowgate.measure.sampling import Sampling
from shadowgate.queries.workload import Query
from shadowgate.server import Database
from tests.selftest.plain_database import refill

SETUP = """
CREATE TABLE a (id int PRIMARY KEY, name text);
CREATE TABLE b (id int PRIMARY KEY, note text);
INSERT INTO a VALUES (1, 'x'), (2, 'y');
INSERT INTO b VALUES (1, 'p'), (2, 'q');
"""


def result(columns: str, *rows: tuple[object, ...]) -> Result:
    return Result(tuple(columns.split()), sort_rows(rows))


@pytest.mark.parametrize(
    ("before", "after", "gained"),
    [
        ("id name", "id name", ()),
        ("id name", "id name note", ("note",)),
        ("id name", "note id more name", ("note", "more")),
        ("id name", "name id", ()),
        ("id name", "id", ()),
        ("id name", "id title", ()),
        ("id name id note", "id name note id note", ("note",)),
        ("id id", "id id id", ("id",)),
    ],
)
def test_columns_are_gained_where_all_others_stay_in_order(
    before: str, after: str, gained: tuple[str, ...]
) -> None:
    assert gained_columns(result(before), result(after)) == gained


def test_columns_that_are_gained_are_no_difference() -> None:
    before = result("id name", (1, "b"), (2, "a"))
    assert first_difference(before, result("more id name", ("z", 1, "b"), ("y", 2, "a"))) is None
    assert first_difference(before, result("id name more", (1, "b", 7), (2, "a", 7))) is None


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (result("id name more", (1, "b", 7), (2, "c", 7)), "row (2, 'a') became (2, 'c')"),
        (result("id name more", (1, "b", 7)), "2 rows became 1"),
        (result("id", (1,), (2,)), "columns id, name became id"),
        (result("id title", (1, "b"), (2, "a")), "columns id, name became id, title"),
        (result("name id", ("b", 1), ("a", 2)), "columns id, name became name, id"),
    ],
)
def test_any_other_difference_is_told(after: Result, words: str) -> None:
    assert first_difference(result("id name", (1, "b"), (2, "a")), after) == words


ROW = st.tuples(st.integers(0, 3), st.sampled_from("ab"), st.floats(0, 1))


@given(st.lists(ROW, max_size=6), st.integers(0, 3), st.randoms())
def test_a_column_anywhere_changes_nothing(
    rows: list[tuple[object, ...]], place: int, random: object
) -> None:
    names = ["id", "kind", "size"]
    wider = [(*row[:place], f"v{n}", *row[place:]) for n, row in enumerate(rows)]
    random.shuffle(wider)  # type: ignore[attr-defined]
    after = result(" ".join([*names[:place], "more", *names[place:]]), *wider)
    assert first_difference(result(" ".join(names), *rows), after) is None


def asked(database: Database, text: str) -> Result:
    query = Query("W1", "One", "write", text, Path("W1.sql"))
    with timed_session(database, Sampling()) as session:
        return fetch_result(session, query)


STEP = "UPDATE a SET name = 'n' RETURNING *; UPDATE b SET note = 'm' WHERE id = 1 RETURNING *"


@pytest.mark.parametrize(
    "migration", ["ALTER TABLE a ADD COLUMN note text", "ALTER TABLE b ADD COLUMN more int"]
)
def test_a_step_of_several_statements_may_gain_columns_too(plain: Database, migration: str) -> None:
    before = asked(refill(plain, SETUP), STEP)
    assert before.count == 3
    assert first_difference(before, asked(refill(plain, f"{SETUP}; {migration}"), STEP)) is None
    other = refill(plain, f"{SETUP}; {migration}; DELETE FROM b")  # noqa: S608
    assert first_difference(before, asked(other, STEP)) == "3 rows became 2"


def test_a_table_of_a_join_may_gain_a_column_that_the_other_has(plain: Database) -> None:
    text = "SELECT * FROM a JOIN b USING (id)"
    before = asked(refill(plain, SETUP), text)
    grown = refill(plain, f"{SETUP}; ALTER TABLE b ADD COLUMN name text DEFAULT 'new'")
    assert first_difference(before, asked(grown, text)) is None
