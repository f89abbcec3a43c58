"""What is said of a change."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.catalogue import ObjectId
from shadowgate.catalogue.sentences import (
    LONG,
    change_in_words,
    privileges_in_words,
    replaced_relations,
)

QUERY = """ SELECT building.id,
    building.levels
   FROM public.building
  WHERE (building.levels >= 5);"""
LETTERS = st.lists(st.sampled_from("rawdDxtXUC"), unique=True, max_size=6).map("".join)


def _change(attribute: str, before: Any, after: Any) -> str:
    """What is said behind the name of the object."""
    told = change_in_words(ObjectId("view", "v"), attribute, before, after)
    assert told.startswith("view v")
    return told.removeprefix("view v")


@pytest.mark.parametrize(
    ("attribute", "before", "after", "said"),
    [
        ("owner", "one", "two", ": owner was one, is two"),
        ("comment", "old", None, ": comment was old, is not set"),
        ("not_null", False, True, ": not_null was false, is true"),
        (
            "privileges",
            ["one=arwdDxt/one", "map=r/one"],
            ["one=arwdDxt/one"],
            " lost SELECT of map",
        ),
        ("privileges", ["map=r/one"], ["=r*/one"], None),
        ("privileges", None, ['"a=b"=rw/one'], ' gained SELECT, UPDATE of "a=b"'),
        ("privileges", ["map=r/one"], ["map=r/two"], None),
        ("options", ["a=1", "b=2"], ["a=1", "c=3"], ": options lost b=2, gained c=3"),
        ("labels", ["a", "b"], ["b", "a"], ": labels was a, b, is b, a"),
    ],
)
def test_a_change_is_told_by_its_point(
    attribute: str, before: Any, after: Any, said: str | None
) -> None:
    told = _change(attribute, before, after)
    if said is not None:
        assert told == said


def test_a_privilege_of_everybody_and_a_grant_option_are_told() -> None:
    assert list(privileges_in_words(["map=r/one"], ["=r*/one"])) == [
        "lost SELECT of map",
        "gained SELECT WITH GRANT OPTION of PUBLIC",
    ]


def test_privileges_that_differ_by_the_grantor_only_are_told_as_they_are() -> None:
    assert "map=r/two" in _change("privileges", ["map=r/one"], ["map=r/two"])


@given(LETTERS, LETTERS)
def test_what_is_lost_one_way_is_gained_the_other_way(one: str, other: str) -> None:
    there = list(privileges_in_words([f"map={one}/o"], [f"map={other}/o"]))
    back = list(privileges_in_words([f"map={other}/o"], [f"map={one}/o"]))
    swapped = {"lost": "gained", "gained": "lost"}
    turned = [f"{swapped[words.split()[0]]} {words.split(maxsplit=1)[1]}" for words in back]
    assert sorted(there) == sorted(turned)
    assert bool(there) == (set(one) != set(other))


def test_a_view_that_reads_another_relation_is_told_by_that() -> None:
    other = QUERY.replace("building", "building_old")
    assert _change("definition", QUERY, other) == (
        " reads public.building_old instead of public.building"
    )


@pytest.mark.parametrize(
    "other",
    [
        QUERY.replace(">= 5", ">= 6"),
        QUERY.replace("building", "building_old").replace(">= 5", ">= 6"),
        QUERY.replace("building.levels\n", "building.id\n"),
        QUERY + " LIMIT 1",
    ],
)
def test_a_view_that_asks_something_else_is_not_told_by_its_relations(other: str) -> None:
    assert replaced_relations(QUERY, other) == {}
    assert ": definition was" in _change("definition", QUERY, other)


def test_of_long_texts_the_first_difference_is_shown() -> None:
    head = "SELECT " + ", ".join(f"column_{n}" for n in range(60))
    told = _change("definition", f"{head} FROM a", f"{head} FROM b")
    assert told.endswith("… a, is … b")
    told = _change("definition", f"a{head}", f"b{head}")
    assert len(told) < 2 * LONG + 60


@given(st.text("ab \n", max_size=200), st.text("ab \n", max_size=200))
def test_two_values_never_read_the_same(one: str, other: str) -> None:
    told = _change("definition", one, other)
    was, now = told.removeprefix(": definition was ").split(", is ")
    if one != other:
        assert was != now
