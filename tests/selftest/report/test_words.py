"""Values in words."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.evidence import CheckResult, Table
from shadowgate.report import words
from tests.selftest.report.samples import (
    BEHIND_ROLLBACK,
    go_sample,
    no_go_sample,
    quick_sample,
    with_check,
)


@pytest.mark.parametrize(
    ("measured", "said"),
    [
        (None, "–"),
        (True, "yes"),
        (False, "no"),
        (251_247, "251,247"),
        (np.int64(18), "18"),
        (5.0, "5"),
        (47.213, "47.2"),
        (0.6149, "0.61"),
        (-3.5, "−3.50"),
        (1234.5, "1,234"),
        (float("nan"), "–"),
        (float("inf"), "∞"),
        ("text", "text"),
        ({"lost": 1, "altered": 2}, "lost: 1; altered: 2"),
        (["a", "b"], "a, b"),
        ([], "none"),
    ],
)
def test_a_measured_value_is_said_on_one_line(measured: object, said: str) -> None:
    assert words.value(measured) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 ms"),
        (0.8204, "820 ms"),
        (0.9999, "1.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min"),
        (72, "1 min 12 s"),
        (300, "5 min"),
        (3599.8, "1 h"),
        (7500, "2 h 5 min"),
    ],
)
def test_a_duration_is_said_in_units_that_a_person_feels(seconds: float, said: str) -> None:
    assert words.duration(seconds) == said


@pytest.mark.parametrize(
    ("change", "said", "in_words"),
    [
        (-29.06, "−29.1 %", "29.1 % faster"),
        (3.04, "+3.0 %", "3.0 % slower"),
        (-0.04, "0.0 %", "neither faster nor slower"),
    ],
)
def test_the_sign_of_a_change_says_which_way(change: float, said: str, in_words: str) -> None:
    assert words.percent(change) == said
    assert words.faster(change) == in_words


def test_an_interval_names_both_ends_and_an_open_end() -> None:
    assert words.interval(-31.04, -27.2) == "−31.0 to −27.2 %"
    assert words.interval(2.0, None) == "+2.0 to +∞ %"
    assert words.interval(None, None) == ""


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_every_number_can_be_said_and_never_with_an_ascii_minus(number: float) -> None:
    for said in (words.number(number), words.percent(number), words.value(number)):
        assert said
        assert "-" not in said


@given(st.floats(min_value=0, max_value=1e9))
def test_a_duration_never_shows_sixty_of_a_unit(seconds: float) -> None:
    said = words.duration(seconds)
    assert "60 s" not in said
    assert "60.0 s" not in said
    assert "60 min" not in said
    assert not said.startswith("1000 ms")


@given(st.text(), st.integers(min_value=2, max_value=200))
def test_a_shortened_text_is_one_line_and_fits(text: str, width: int) -> None:
    short = words.shortened(text, width)
    assert len(short) <= width + 1
    assert len(short.splitlines()) <= 1


def test_a_shortened_text_shows_that_something_was_cut() -> None:
    assert words.shortened("abcdef", 6) == "abcdef"
    assert words.shortened("abcdefg", 6) == "abcde…"
    assert words.shortened("first\nsecond", 60) == "first …"


def test_only_columns_of_numbers_are_set_flush_right() -> None:
    table = Table(
        "t",
        ("name", "took", "count", "mixed", "empty"),
        (("a", "12 ms", "1,024", "3", ""), ("b", "–", "−7", "x", "")),
    )
    assert words.numeric_columns(table) == {1, 2}


def test_the_headline_never_hides_what_limits_the_verdict() -> None:
    assert words.headline(go_sample()).label == "GO"
    assert words.headline(quick_sample()).label == "GO (quick: performance not judged)"
    assert words.headline(no_go_sample()).label == "NO-GO"
    quick_no_go = dataclasses.replace(no_go_sample(), quick=True)
    assert words.headline(quick_no_go).label == "NO-GO"


def test_the_headline_of_a_no_go_counts_only_required_checks() -> None:
    evidence = with_check(no_go_sample(), "simulation.effect.OPT2", status="failed")
    blocked = len(BEHIND_ROLLBACK)
    sentence = words.headline(evidence).sentence
    assert f"4 failed, 1 inconclusive, {blocked} blocked, for 3 reasons" in sentence


@pytest.mark.parametrize(
    ("check", "reason"),
    [
        (CheckResult("a.b", 1, "blocked", "c", blocked_by="x.y"), "blocked by x.y"),
        (CheckResult("a.b", 1, "failed", "c", detail="broke\nto do: mend"), "broke …"),
        (CheckResult("a.b", 1, "failed", "c", measured=3, limit=2), "3, limit 2"),
        (CheckResult("a.b", 1, "failed", "c"), "–"),
    ],
)
def test_a_check_says_why_it_did_not_pass_whatever_it_left(check: CheckResult, reason: str) -> None:
    assert words.reason_of(check) == reason


def test_infinite_values_never_become_digits() -> None:
    assert words.percent(math.inf) == "+∞ %"
    assert words.percent(-math.inf) == "−∞ %"
