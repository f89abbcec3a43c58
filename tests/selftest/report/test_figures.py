"""The drawings: what they say, and that they are small, deterministic and well formed."""

from __future__ import annotations

import dataclasses
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadowgate.evidence import Figure, QueryEvidence
from shadowgate.report.figures import (
    ClientWait,
    Curve,
    Effect,
    LockSpan,
    StatementSpan,
    before_after,
    effects,
    growth,
    locks,
    pairs,
    phases,
    projection,
    waits,
)
from tests.selftest.report import strategies as report_strategies
from tests.selftest.report.samples import go_sample, no_go_sample, query


def parsed(figure: Figure) -> ET.Element:
    return ET.fromstring(figure.svg)  # noqa: S314 - our own drawing


def words_in(figure: Figure) -> str:
    return " ".join(
        "".join(node.itertext()) for node in parsed(figure).iter() if "text" in node.tag
    )


LOCKS = [
    LockSpan("orders", "AccessExclusiveLock", "everyone", 2, 1.0, 1.4),
    LockSpan("orders", "ShareUpdateExclusiveLock", "nobody", 1, 0.0, 0.9),
    LockSpan("customers", "ShareRowExclusiveLock", "writers", 1, 0.0, 0.9),
]


def drawn_locks(*clients: ClientWait) -> Figure:
    spans = [StatementSpan("VALIDATE", 0.0, 0.9), StatementSpan("ALTER", 1.0, 1.4)]
    drawn = locks(spans, LOCKS, clients)
    assert drawn is not None
    return drawn


def all_figures() -> dict[str, Figure]:
    evidence = no_go_sample()
    spans = [StatementSpan("ATTACH PARTITION", 0.0, 2.0)]
    return {
        "effects": effects(evidence.queries, targets={"Q5": -25.0}),
        "before_after": before_after(evidence.queries),
        "pairs": pairs(evidence.queries[0]),
        "waits": waits(
            spans, [ClientWait("reader", 0.5, 61.3)], reader_limit_ms=250, writer_limit_ms=1000
        ),
        "locks": drawn_locks(),
        "phases": phases({1: 2.0, 6: 62.0}),
        "projection": projection({"OPT2": 25.0}, {}),
    }


@pytest.fixture(scope="module")
def drawn() -> dict[str, Figure]:
    return all_figures()


def test_a_drawing_is_small_well_formed_and_asks_nothing_of_the_network(
    drawn: dict[str, Figure],
) -> None:
    for name, figure in drawn.items():
        root = parsed(figure)
        assert root.get("role") == "img", name
        assert figure.sentence in (root.get("aria-label") or ""), name
        assert len(figure.svg) < 60_000, name
        for reference in re.findall(r"(?:href=\"|url\()([^\")]+)", figure.svg):
            assert reference.startswith("#"), name
        ids = re.findall(r' id="([^"]+)"', figure.svg)
        assert len(ids) == len(set(ids)), name


def test_the_same_data_gives_the_same_bytes(drawn: dict[str, Figure]) -> None:
    assert {n: f.svg for n, f in all_figures().items()} == {n: f.svg for n, f in drawn.items()}


def test_colours_follow_the_theme_of_the_page(drawn: dict[str, Figure]) -> None:
    for name, figure in drawn.items():
        bare = re.sub(r"var\(--[\w-]+,#[0-9a-f]{6}\)", "", figure.svg)
        assert not re.findall(r"#[0-9a-fA-F]{6}\b", bare), name


def test_effects_names_what_is_wrong_before_what_is_well() -> None:
    sentence = effects(no_go_sample().queries, targets={"Q5": -25.0}).sentence
    assert sentence.startswith("Slower beyond the limit: Q9; not decided: Q6; faster: Q2,")
    assert "Q5 was to be 25.0 % faster and is, by its whole interval" in sentence


def test_effects_says_when_nothing_is_slower() -> None:
    sentence = effects(go_sample().queries).sentence
    assert sentence.startswith("No query is slower beyond the limit; faster:")


def test_effects_does_not_call_a_target_met_that_only_the_estimate_meets() -> None:
    close = dataclasses.replace(query("Q5", "Partitioned", 38.5, -26.0), high_percent=-23.5)
    sentence = effects([close], targets={"Q5": -25.0}).sentence
    assert "its interval ends at −23.5 %, so it is not shown" in sentence
    unmeasured = QueryEvidence("Q5", "Partitioned")
    assert "was not measured" in effects([unmeasured], targets={"Q5": -25.0}).sentence


def test_effects_writes_each_verdict_beside_its_query() -> None:
    text = words_in(effects(no_go_sample().queries))
    for expected in ("Q9", "+12.4 %", "regressed", "inconclusive", "improved", "equivalent"):
        assert expected in text


@given(
    st.lists(report_strategies.queries, max_size=3, unique_by=lambda q: q.id),
    st.dictionaries(report_strategies.names, st.floats(min_value=-90, max_value=0), max_size=2),
)
@settings(max_examples=15, deadline=None)
def test_any_workload_can_be_drawn(queries: list[QueryEvidence], targets: dict[str, float]) -> None:
    for figure in (effects(queries, targets=targets), before_after(queries)):
        parsed(figure)
        assert figure.sentence.endswith(".")
        assert "nan" not in figure.sentence


def test_a_title_with_dollars_and_markup_stays_text() -> None:
    odd = dataclasses.replace(query("Q1", "<b>$x_$ & $^", 47.2, -1.0))
    assert "<b>$x_$ & $^" in words_in(effects([odd]))


def test_before_after_tells_the_largest_gain_and_the_least_favourable() -> None:
    queries = [
        dataclasses.replace(query("Q1", "a", 10.0, 0.0), pairs_ms=((10.0, 11.0),) * 3),
        dataclasses.replace(query("Q5", "b", 38.0, 0.0), pairs_ms=((40.0, 28.0),) * 3),
    ]
    sentence = before_after(queries).sentence
    assert "Q5 went from 40.0 ms to 28.0 ms, the largest gain" in sentence
    assert "Q1 went from 10.0 ms to 11.0 ms, the least favourable" in sentence
    assert before_after([]).sentence == "No query was measured in pairs."


def test_pairs_counts_the_pairs_that_after_won() -> None:
    one = dataclasses.replace(
        query("Q5", "b", 38.0, -30.0), pairs_ms=((10.0, 7.0), (10.0, 7.0), (10.0, 12.0))
    )
    assert "After was the faster side in 2 of 3 pairs" in pairs(one).sentence
    assert "−30.0 % (−31.7 to −28.1 %)" in pairs(one).sentence


def test_pairs_are_numbered_whole_and_a_tenfold_change_is_labelled_inside() -> None:
    one = dataclasses.replace(query("Q5", "b", 38.0, 0.0), pairs_ms=((1.0, 11.5),) * 18)
    labels = {
        "".join(node.itertext()): node for node in parsed(pairs(one)).iter() if "text" in node.tag
    }
    assert {"5", "10", "15", "+1000 %"} <= labels.keys()
    assert not any(re.fullmatch(r"\d+\.\d+", label) for label in labels)
    # Its end is told, its width is that of DejaVu Sans: plus, four digits, space, per cent.
    width = 9 * (0.84 + 4 * 0.64 + 0.32 + 0.95)
    assert float(labels["+1000 %"].attrib["x"]) > width


def test_waits_names_the_longest_the_statement_and_the_budget() -> None:
    spans = [StatementSpan("1: copy rows", 0.0, 3.0), StatementSpan("2: ATTACH", 3.0, 3.2)]
    clients = [
        ClientWait("reader", 3.05, 61.3),
        ClientWait("reader", 1.0, 4.0),
        ClientWait("writer", 1.2, 1300.0),
    ]
    figure = waits(spans, clients, reader_limit_ms=250, writer_limit_ms=1000)
    assert figure.sentence == (
        "The longest wait of a reader was 61.3 ms, behind 2: ATTACH: within the budget of 250 ms. "
        "The longest wait of a writer was 1,300 ms, behind 1: copy rows: beyond the budget of "
        "1,000 ms."
    )


def test_waits_believes_the_record_of_who_blocked_whom() -> None:
    spans = [StatementSpan("1: copy rows", 0.0, 3.0)]
    clients = [ClientWait("reader", 1.0, 61.3, behind="7: ATTACH")]
    figure = waits(spans, clients, reader_limit_ms=250, writer_limit_ms=1000)
    assert "61.3 ms, behind 7: ATTACH: within" in figure.sentence


def test_waits_says_when_nobody_was_seen_waiting() -> None:
    figure = waits([], [], reader_limit_ms=250, writer_limit_ms=1000)
    assert figure.sentence == "No reader was seen waiting. No writer was seen waiting."


def test_waits_stays_small_with_thousands_of_operations() -> None:
    clients = [ClientWait("reader", n / 1000, 1 + n % 17) for n in range(20_000)]
    figure = waits([], clients, reader_limit_ms=250, writer_limit_ms=1000)
    assert len(figure.svg) < 60_000


def test_phases_names_the_longest() -> None:
    sentence = phases({1: 2.0, 5: 16.0, 6: 62.0}).sentence
    assert sentence == "Phase 6, baseline after, took longest: 1 min 2 s of 1 min 20 s."
    assert phases({}).sentence == "No phase ran."


def test_a_projection_is_never_called_measured() -> None:
    figure = projection({"OPT2": 25.0, "OPT3": 12.5}, {"OPT3": Effect(14.1, 12.9, 15.2)})
    assert figure.sentence == (
        "OPT3: measured 14.1 % (12.9 to 15.2 %), projected 12.5 %; "
        "OPT2: a projection only, not yet measured."
    )
    text = words_in(figure)
    assert "25 % projected" in text
    assert "not yet measured" in text
    assert "25 % measured" not in text


def test_locks_stand_by_relation_and_mode_those_that_stop_most_first() -> None:
    text = words_in(drawn_locks())
    rows = ["orders\N{EN SPACE}AccessExclusive", "orders\N{EN SPACE}ShareUpdateExclusive"]
    rows.append("customers\N{EN SPACE}ShareRowExclusive")
    assert [text.index(row) for row in rows] == sorted(text.index(row) for row in rows)
    assert "milliseconds from the start" in text


def test_the_sentence_of_the_locks_names_the_longest_that_stops_somebody_and_who_waited() -> None:
    waited = ClientWait("writer", 1.1, 250.0, "ALTER TABLE orders", "orders")
    said = drawn_locks(waited).sentence
    assert "stops writers is ShareRowExclusive on customers, by statement 1, for 900 ms" in said
    assert "a writer for orders behind ALTER TABLE orders, 250 ms" in said


def test_a_run_without_locks_has_no_drawing_of_them() -> None:
    assert locks([StatementSpan("SET", 0.0, 0.1)], []) is None


def test_of_many_locks_those_that_stop_most_are_drawn_and_the_others_counted() -> None:
    many = [LockSpan(f"part_{n:02}", "ShareLock", "nobody", 1, 0.0, 0.1 * n) for n in range(1, 40)]
    drawn = locks([StatementSpan("VALIDATE", 0.0, 4.0)], [*many, LOCKS[0]])
    assert drawn is not None
    assert "14 of 40 rows are drawn" in drawn.sentence
    assert "orders\N{EN SPACE}AccessExclusive" in words_in(drawn)
    assert len(drawn.svg) < 60_000


def test_what_is_expected_in_production_is_drawn_with_its_interval_and_limit() -> None:
    points = [(5_000.0, 55.0), (10_000.0, 90.0), (20_000.0, 190.0)]
    curve = Curve(
        "statement 2: <b>", "public.orders", points, 84_000_000, 1.2e6, 3.4e5, 1.56e6, 500.0
    )
    drawn = growth(curve)
    assert "20 min (5 min 40 s to 26 min)" in drawn.sentence
    assert "allowed are 500 ms" in drawn.sentence
    assert "10,000,000" in drawn.svg
    assert "$" not in drawn.svg  # powers of ten as TeX
    assert "<b>" not in drawn.svg
    nothing = growth(Curve("x", "t", [(1.0, 0.0), (2.0, 0.0)], 4, 0.0, 0.0, 0.0, 1.0))
    assert nothing.svg
