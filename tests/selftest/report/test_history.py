"""What is kept of each run, and how later ones draw it."""

from __future__ import annotations

import dataclasses
import xml.etree.ElementTree as ET
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from shadowgate.report import add_run, past_run, runs_like, summary
from shadowgate.report.figures.sparkline import sparkline
from shadowgate.report.history import Effect, PastRun, steps_of
from tests.selftest.report.samples import go_sample, no_go_sample


def run(number: int, **effects: tuple[float, float | None, float | None]) -> PastRun:
    kept = past_run(dataclasses.replace(go_sample(), started=f"2026-02-{number:02}"), "key")
    return dataclasses.replace(
        kept, effects={name: Effect(*effect) for name, effect in effects.items()}
    )


def test_only_runs_of_the_same_plan_and_key_are_alike_oldest_first(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    add_run(path, run(1))
    add_run(path, dataclasses.replace(run(2), key="another machine"))
    add_run(path, dataclasses.replace(run(3), plan="another plan"))
    add_run(path, run(4))
    assert [each.started for each in runs_like(path, run(5))] == [
        "2026-02-01",
        "2026-02-04",
        "2026-02-05",
    ]


def test_a_run_that_was_not_measured_is_like_none(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    unmeasured = dataclasses.replace(run(1), key="")
    add_run(path, unmeasured)
    assert runs_like(path, unmeasured) == [unmeasured]


def test_half_a_line_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    add_run(path, run(1, Q1=(1.0, None, 2.0)))
    path.write_text(f'{path.read_text()}[1]\n{{"started": "2026\n\n{{}}\n', encoding="utf-8")
    first, _now = runs_like(path, run(2))
    assert first.effects == {"Q1": Effect(1.0, None, 2.0)}


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    kept = past_run(no_go_sample(), "key")
    add_run(path, kept)
    assert runs_like(path, kept) == [kept, kept]
    assert kept.effects["Q9"] == Effect(12.4, 9.9, 14.8)


def test_a_step_is_a_run_whose_interval_lies_apart_from_the_one_before() -> None:
    runs = [
        run(1, Q1=(1.0, 0.0, 2.0)),
        run(2, Q1=(1.5, 0.5, 2.5)),
        run(3),
        run(4, Q1=(9.0, 8.0, 10.0)),
        run(5, Q1=(9.5, None, 11.0)),
    ]
    assert steps_of("Q1", runs) == [3]
    assert steps_of("Q2", runs) == []


def test_the_page_draws_the_last_runs_and_names_the_step() -> None:
    runs = [run(1, Q1=(-1.0, -2.0, 0.0)), run(2, Q1=(9.0, 8.0, 10.0))]
    page = summary(go_sample(), past=runs)
    assert "The last 2 runs like this one" in page
    assert "2026-02-02: +9.0 %" in page
    assert page.count('class="spark"') == 1


def test_a_first_run_has_no_history_to_draw() -> None:
    assert 'id="history"' not in summary(go_sample(), past=[run(1, Q1=(-1.0, -2.0, 0.0))])


ends = st.one_of(st.none(), st.floats())


@example([(5e-324, None, None)], set(), "")
@example([(1.7e308, -1.7e308, None)], set(), "")
@given(
    st.lists(st.one_of(st.none(), st.tuples(st.floats(), ends, ends)), max_size=12),
    st.sets(st.integers(0, 11)),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn"))),
)
def test_any_effects_make_a_small_drawing_within_its_frame(
    effects: list[tuple[float, float | None, float | None] | None], steps: set[int], label: str
) -> None:
    root = ET.fromstring(sparkline(effects, steps, label))  # noqa: S314 - our own drawing
    assert root.get("aria-label") == label
    for mark in root:
        for name in ("y1", "y2", "cy"):
            assert -0.1 <= float(mark.get(name, "0")) <= 30.1
