"""The page: escaping, shape, and that pytest-html puts it together as meant."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from functools import cache
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings

from shadowgate.evidence import CheckResult, Difference, Evidence, Table
from shadowgate.report import row_cells, row_detail, row_headers, stylesheet, summary, title
from shadowgate.report.deciding import deciding_facts
from shadowgate.report.plans import plan_pairs
from tests.selftest.report import strategies as report_strategies
from tests.selftest.report.page import no_go_page
from tests.selftest.report.samples import (
    BEHIND_ROLLBACK,
    TOO_FEW,
    go_sample,
    no_go_sample,
    query,
    quick_sample,
    with_check,
)

VOID = {"br", "wbr", "img", "input", "meta", "link", "hr"}
EVIL = "<script>alert('x')</script><img src=x onerror=alert(1)>"


SCRIPT = stylesheet().with_name("page.js").read_text("utf-8")


class Shape(HTMLParser):
    """Notes every tag and refuses one that is closed out of turn."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == [], self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag that opens."""
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag that closes itself."""
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Refuse a tag that closes another than the last one opened."""
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.words.append(data)

    @property
    def text(self) -> str:
        """All text, spaces made single."""
        return " ".join(" ".join(self.words).split())


@cache
def shape_of(sample: Callable[[], Evidence]) -> Shape:
    return Shape(summary(sample()))


def evil_evidence() -> Evidence:
    table = Table(EVIL, (EVIL,), ((EVIL,),))
    evidence = with_check(
        go_sample(),
        "migration.applied",
        status="failed",
        claim=EVIL,
        detail=EVIL,
        measured={EVIL: EVIL},
        limit=EVIL,
        tables=(table,),
        differences=(Difference(EVIL, (f"+ {EVIL}", f"- {EVIL}", EVIL)),),
        where=EVIL,
        findings=(EVIL,),
        remedy=EVIL,
    )
    queries = tuple(dataclasses.replace(q, title=EVIL, notes=(EVIL,)) for q in evidence.queries[:2])
    return dataclasses.replace(
        evidence,
        queries=queries,
        plan={"title": EVIL, EVIL: EVIL},
        inputs={EVIL: EVIL},
        server={"where": EVIL, "settings": {EVIL: EVIL}},
        reasons=(EVIL,),
        started=EVIL,
    )


def parts_of(evidence: Evidence) -> list[str]:
    rows = [html for check in evidence.checks for html in (*row_cells(check), row_detail(check))]
    return [summary(evidence), *rows]


def test_nothing_in_the_evidence_becomes_markup() -> None:
    for html in parts_of(evil_evidence()):
        tags = Shape(html.replace(f"<script>{SCRIPT}</script>", "")).tags
        assert not [tag for tag, _ in tags if tag in ("script", "img")]
        assert not [attrs for _, attrs in tags if any(name.startswith("on") for name in attrs)]


@given(report_strategies.evidence)
@settings(max_examples=12, deadline=None)
def test_any_evidence_makes_well_formed_parts(evidence: Evidence) -> None:
    for html in parts_of(evidence):
        Shape(html)


@pytest.mark.parametrize(
    ("sample", "word", "qualifier"),
    [
        (go_sample, "GO", ""),
        (no_go_sample, "NO-GO", ""),
        (quick_sample, "GO", "quick: performance not judged"),
    ],
)
def test_the_verdict_comes_before_everything_else(sample: Any, word: str, qualifier: str) -> None:
    shape = shape_of(sample)
    assert ("span", {"id": "verdict"}) in shape.tags
    before, after = shape.text.split(word, 1)
    assert before.split(" ·")[0] == "Shadow validation"
    assert after.strip().startswith(qualifier)
    assert title(sample()).startswith(f"{word} ({qualifier}) ·" if qualifier else f"{word} ·")


def test_the_summary_of_a_no_go_names_each_cause_with_measured_limit_place_and_remedy() -> None:
    text = shape_of(no_go_sample).text
    assert "Why not ✕ failed migration. data_ unchanged measured lost: 1; altered: 2" in text
    assert "at 1770500100_auto_partition_creation_2029_plus.sql, line 61: INSERT INTO" in text
    assert "To do: Compare the rows named in the restored backup" in text
    assert text.index("rollback. clean") < text.index("performance. not_ slower. Q6")


def test_what_follows_stands_under_its_cause_and_nowhere_else_among_the_reasons() -> None:
    text = shape_of(no_go_sample).text
    why = text[text.index("Why not") : text.index("Rows restored")]
    first, second, third = (
        why[why.index(begin) :]
        for begin in ("migration. data_", "rollback. clean", "performance. not_ slower")
    )
    first, second = first.removesuffix(second), second.removesuffix(third)
    assert "follows from it: 2 failed ✕ failed performance.same_results.Q3 4112 rows" in first
    assert "signoff.verdict 15 checks stand against GO" in first
    assert f"follows from it: {len(BEHIND_ROLLBACK)} blocked ■ blocked rollback.in_time" in second
    assert "follows from it" not in third
    assert why.count("rollback.reapplies") == why.count("same_results.Q3") == 1


def test_the_number_of_failed_checks_is_that_of_all_and_not_of_the_causes() -> None:
    checks = no_go_sample().checks
    failed = sum(check.status == "failed" for check in checks)
    assert failed == 4
    told = f"{failed} failed, 1 inconclusive, {len(BEHIND_ROLLBACK)} blocked, for 3 reasons"
    assert told in shape_of(no_go_sample).text


def test_more_causes_than_fit_the_first_screen_unfold() -> None:
    names = [check.id for check in go_sample().checks][:9]
    evidence = go_sample()
    for name in names:
        evidence = with_check(evidence, name, status="failed", detail=f"{name} it is")
    text = Shape(summary(dataclasses.replace(evidence, verdict="NO-GO", queries=()))).text
    assert "4 more ✕ failed" in text
    assert all(f"{name} it is" in text for name in names)


def test_a_go_tells_first_what_decides_each_with_its_evidence() -> None:
    shape = shape_of(go_sample)
    decides = shape.text[: shape.text.index("Rows restored")]
    for told in (
        "Worst query W1 +3.2 % ✓ passed · interval +1.5 to +5.1 %",
        "Longest wait 412 ms ✓ passed · of a writer; allowed: 1,000 ms",
        "Rows lost or altered 0 ✓ passed · of 251,247; by the migration or by its rollback",
        "Rollback 9.4 s ✓ passed · allowed: 5 min",
    ):
        assert told in decides
    targets = [attrs["href"] for tag, attrs in shape.tags if tag == "a"][:4]
    assert targets == [
        "#performance.not_slower.W1",
        "#migration.waiting",
        "#migration.data_unchanged",
        "#rollback.in_time",
    ]


def test_a_query_whose_interval_has_no_end_is_the_worst() -> None:
    queries = tuple(
        dataclasses.replace(q, high_percent=None) if q.id == "Q5" else q
        for q in go_sample().queries
    )
    assert (
        "Worst query Q5" in Shape(summary(dataclasses.replace(go_sample(), queries=queries))).text
    )


def test_a_quick_run_says_at_once_what_it_did_not_judge_and_calls_no_time_good_or_bad() -> None:
    text = shape_of(quick_sample).text
    decides = text[: text.index("Rows restored")]
    assert f"Not judged how fast queries are {TOO_FEW}" in decides
    assert (
        "Worst query W1 +3.2 % interval +1.5 to +5.1 %; of 12 queries; times are shown" in decides
    )


def test_no_more_than_five_facts_decide() -> None:
    for sample in (go_sample, quick_sample):
        assert len(deciding_facts(sample())) <= 5
    assert deciding_facts(dataclasses.replace(go_sample(), checks=(), queries=())) == ()


def test_skips_with_one_reason_are_told_once_in_their_list_below_the_phases() -> None:
    text = shape_of(quick_sample).text
    reason = TOO_FEW
    below = text[text.index("What was not judged") :]
    assert below.count(reason) == 1
    skipped = sum(check.detail == reason for check in quick_sample().checks)
    assert skipped >= 14
    assert f"– skipped {skipped}: {reason} performance.not_slower (Q1, Q2," in below


def test_a_reason_that_no_check_gives_is_shown() -> None:
    evidence = dataclasses.replace(
        no_go_sample(), queries=(), reasons=("the run has not finished",)
    )
    assert "the run has not finished" in Shape(summary(evidence)).text


def test_a_check_blocked_by_one_that_is_not_in_the_run_is_shown_itself() -> None:
    evidence = with_check(
        go_sample(), "rollback.clean", status="blocked", blocked_by="migration.applied"
    )
    evidence = dataclasses.replace(evidence, queries=())
    text = Shape(summary(evidence)).text
    assert "■ blocked rollback.clean : blocked by migration.applied" in text


def test_ten_phases_are_shown_also_when_nothing_ran() -> None:
    empty = Evidence(plan={}, inputs={}, server={}, started="", seconds=0, checks=())
    text = Shape(summary(empty)).text
    assert text.count("did not run") == 10
    assert "unnamed plan" in text


def test_the_strip_counts_each_phase() -> None:
    text = shape_of(no_go_sample).text
    blocked = len(BEHIND_ROLLBACK)
    counted = f"2 of {3 + blocked} passed, 1 failed, {blocked} blocked"
    assert f"8 Rollback ✕ failed {counted}" in text
    assert "3 Monitoring ✓ passed 4 of 4 passed" in text


def test_the_performance_table_tells_times_change_interval_verdict_and_notes() -> None:
    text = shape_of(no_go_sample).text
    row = text[text.index("Q6 Index range") :][:160]
    assert "+4.1 % +2.0 to +6.3 % ? inconclusive 46 yes 4,112 planning got 0.6 ms slower" in row


def test_the_sign_off_has_empty_lines_and_says_what_is_signed() -> None:
    text = shape_of(go_sample).text
    assert "Remarks Name Date Signature" in text
    assert "The suite says GO , risk LOW" in text
    assert "3f8a" * 16 in text


def test_a_row_has_a_cell_for_every_header() -> None:
    for check in no_go_sample().checks:
        assert len(row_cells(check)) == len(row_headers())


@pytest.mark.parametrize("status", ["passed", "failed", "inconclusive", "blocked", "skipped"])
def test_a_row_says_its_status_in_words(status: Any) -> None:
    check = CheckResult("a.b", 3, status, "claim", seconds=1.5)
    text = " ".join(Shape(cell).text for cell in row_cells(check))
    assert text.endswith("1.5 s")
    assert f" {status} " in text


def test_a_detail_is_one_line_for_the_log_of_pytest_html() -> None:
    check = CheckResult("a.b", 3, "failed", "claim", detail="Error\nEnd", measured=1, limit=2)
    assert "\n" not in row_detail(check)
    assert Shape(row_detail(check)).text == "claim Error End measured 1 limit 2"


def test_no_password_reaches_the_page() -> None:
    secret = "-".join(("hunter", "7531"))
    told = f"postgresql://u:{secret}@h/d and password={secret}"
    evidence = dataclasses.replace(
        with_check(go_sample(), "migration.applied", status="failed", detail=told, measured=told),
        server={"where": told},
        reasons=(told,),
        queries=(),
    )
    assert secret not in "".join(parts_of(evidence))


def test_the_drawings_can_be_read_without_seeing_them() -> None:
    labels = [a["aria-label"] for t, a in shape_of(go_sample).tags if t == "svg"]
    assert len(labels) >= 5
    assert all(label and label.endswith(".") for label in labels)


def test_an_interval_without_an_end_still_makes_a_page() -> None:
    queries = tuple(
        dataclasses.replace(q, high_percent=float("inf"), low_percent=None)
        for q in go_sample().queries[:2]
    )
    Shape(summary(dataclasses.replace(go_sample(), queries=queries)))


@pytest.fixture(scope="module")
def page() -> str:
    return no_go_page().read_text("utf-8")


def test_pytest_html_shows_every_check_once_with_an_outcome_that_it_knows(page: str) -> None:
    blob = re.search(r'data-jsonblob="([^"]*)"', page)
    assert blob
    rows = [row for found in json.loads(unescape(blob[1]))["tests"].values() for row in found]
    assert [row["testId"] for row in rows] == [check.id for check in no_go_sample().checks]
    assert {row["result"] for row in rows} == {"Passed", "Failed", "Skipped"}


def test_the_page_is_self_contained_and_small(page: str) -> None:
    assert len(page) < 3_000_000
    for kind, target in re.findall(r'<(?:link|script|img|iframe)[^>]*(href|src)="([^"]+)', page):
        pytest.fail(f"the page loads {kind} {target}")
    assert "@import" not in page
    assert not re.findall(r"url\((?!#)", stylesheet().read_text("utf-8"))


def test_the_tab_shows_the_verdict(page: str) -> None:
    assert re.search(r'<title id="head-title">NO-GO · OPT1', page)


def variables(css: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", css))


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_has_the_contrast_that_wcag_asks_for(theme: str) -> None:
    light, dark = stylesheet().read_text("utf-8").split("prefers-color-scheme: dark", 1)
    colours = variables(light if theme == "light" else dark)
    for ink in ("ink", "muted", "good", "bad", "doubt", "after", "link"):
        for ground in ("page", "raised"):
            assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
    for tone in ("good", "bad", "doubt"):
        assert contrast(colours[tone], colours[f"{tone}-soft"]) >= 4.5, tone
        assert contrast(colours["muted"], colours[f"{tone}-soft"]) >= 4.5, tone


def test_what_changed_is_marked_by_sign_and_not_by_colour_alone() -> None:
    shape = shape_of(go_sample)
    marked = [tag for tag, _ in shape.tags if tag in ("ins", "del")]
    assert marked == ["del", "ins", "ins", "ins", "del"]  # a plan, then a definition
    assert "+ column year integer generated always" in shape.text
    assert "- CREATE INDEX catalogo_geometrias_old" in shape.text


def test_a_plan_that_changed_stands_beside_the_one_before_with_its_nodes_marked() -> None:
    text = shape_of(quick_sample).text
    plans = text[text.index("Plans before and after") :]
    assert plans.startswith(
        "Plans before and after Q5 Partitioned Before 9,120 pages, planned in 0.31 ms After 2,841 "
        "pages, planned in 0.42 ms Aggregate Aggregate Seq Scan on catalogo_geometrias Bitmap Heap"
    )
    assert "11 plans as before: Q1, Q2, Q3, Q4, Q6" in plans


def test_only_the_nodes_that_changed_are_marked() -> None:
    (pair,) = (each for each in plan_pairs(go_sample().queries) if each.changed)
    assert [(node.before.strip(), node.after.strip(), node.changed) for node in pair.nodes] == [
        ("Aggregate", "Aggregate", False),
        ("Seq Scan on catalogo_geometrias", "Bitmap Heap Scan on catalogo_geometrias", True),
        ("", "Bitmap Index Scan using catalogo_geometrias_geom_idx", True),
    ]


def test_sixty_queries_make_a_page_below_three_megabytes_that_draws_the_telling_pairs() -> None:
    queries = tuple(
        dataclasses.replace(query(f"Q{n}", f"Query {n}", 10.0 + n, 1.0, count=120))
        for n in range(1, 61)
    )
    slow = dataclasses.replace(queries[40], verdict="regressed", high_percent=9.0)
    evidence = dataclasses.replace(go_sample(), queries=(*queries[:40], slow, *queries[41:]))
    html = summary(evidence)
    assert len(html) < 2_500_000
    assert "The 12 of 60 queries that tell most pair by pair" in html
    assert "<b>Q41 pair by pair" in html
