"""Runs that are disturbed: some of the cases of ``./run bench faults``, and how they are judged."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from benchmarks.faults.__main__ import folder_of_bench, play
from benchmarks.faults.cases import cases
from benchmarks.faults.judging import Expected, Outcome, Row, judge, table
from benchmarks.faults.scene import make_shop

CORE = {case.name: case for case in cases() if case.core}
SEED = 1
GO = Outcome(0, "verdict   GO", {"verdict": "GO", "checks": []}, (), {"orders": "before"})
EXPECTED = Expected(frozenset({0}), "verdict", "GO")


@pytest.fixture(scope="module")
def rows() -> Iterator[dict[str, Row]]:
    """The cases, two at once: most of a run is waiting."""
    with folder_of_bench() as folder, ThreadPoolExecutor(2) as pool:
        shop = make_shop(folder)
        drawn = {
            name: pool.submit(play, case, folder / str(number), shop, SEED)
            for number, (name, case) in enumerate(CORE.items())
            if not case.why_not
        }
        yield {name: row.result() for name, row in drawn.items()}


@pytest.mark.parametrize("name", CORE)
def test_a_disturbed_run_ends_as_it_must_and_leaves_nothing(
    name: str, rows: dict[str, Row]
) -> None:
    if CORE[name].why_not:
        pytest.skip(CORE[name].why_not)
    assert rows[name].wrong == (), rows[name].outcome.text[-4000:]


def test_each_case_has_a_name_of_its_own_and_there_are_sixty_at_least() -> None:
    names = [case.name for case in cases()]
    assert len(set(names)) == len(names) >= 60


def test_a_run_that_ends_as_it_must_is_right() -> None:
    row = judge("case", GO, EXPECTED)
    assert row.wrong == ()
    assert row.message == "verdict   GO"
    assert "| case | 0 | 0 | verdict   GO | nothing | orders before | right |" in table([row])


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"status": 1}, "exit status 1"),
        ({"output": ""}, "does not say"),
        ({"output": "verdict   GO\nTraceback (most recent"}, "Traceback"),
        ({"left": ("process postgres",)}, "left: process postgres"),
        ({"states": {"orders": "changed"}}, "orders is changed"),
        ({"document": {"verdict": "NO-GO", "checks": []}}, "the document says NO-GO"),
        ({"document": None}, "no shadow.json"),
        ({"complaints": ("the second run ended with 0",)}, "the second run"),
    ],
)
def test_whatever_is_not_as_it_must_is_wrong(changed: dict[str, object], said: str) -> None:
    row = judge("case", replace(GO, **changed), EXPECTED)  # type: ignore[arg-type]
    assert any(said in each for each in row.wrong)


def test_a_document_that_says_go_after_a_refusal_is_wrong() -> None:
    refused = replace(GO, status=4, output="ERROR: full")
    assert judge("case", refused, Expected(frozenset({4}), "full", "any")).wrong
