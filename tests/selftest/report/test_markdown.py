"""``shadow.md``: what a pull request shows of a run, whatever the run has met."""

from __future__ import annotations

import dataclasses
import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadowgate.evidence import Evidence, Place, Table
from shadowgate.report import to_markdown
from shadowgate.report.markdown import LONGEST
from shadowgate.report.markdown_text import code, code_cell, text
from tests.selftest.report import strategies as report_strategies
from tests.selftest.report.gfm import ZERO_WIDTH, read
from tests.selftest.report.samples import go_sample, no_go_sample, quick_sample, with_check

_PIECES = (
    *"\\`*_[]()<>&|$@#~:-+=.!1a \n\t'\"{}^/",
    *("http://x.org", "www.x.org", "@user", "a@b.org", "GH-12", "#12", "&amp;", "<b>", "<!--"),
    *("-->", ":tada:", "[x](y)", "![x](y)", "[^1]", "mailto:a@b.c", "---", "~~", "$x$", "`|"),
    *("\\|", "é", "\u202e", "\ud800", "</details>", "1. ", "- ", "# "),
)
hostile = st.lists(st.sampled_from(_PIECES), max_size=12).map("".join) | st.text(max_size=20)
CALLS = re.compile(r"(?<!\w)@\w|#\d|GH-\d|www\.|://", re.IGNORECASE)
"""What GitHub makes a mention, a reference or a link of, in text that is no code."""


def shown(value: str) -> str:
    """What a reader is to see of a text: one line, and a sign for what has no shape."""
    unseen = {"Cc", "Cs"}
    turning = {"ALM", "LRM", "RLM", "LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}
    signs = {unicodedata.lookup(name) for name in turning}
    line = " ".join(value.split()).replace(ZERO_WIDTH, "")
    return "".join(
        "\ufffd" if each in signs or unicodedata.category(each) in unseen else each for each in line
    )


@pytest.mark.parametrize(
    ("frame", "before"), [("{}\n", ""), ("# {}\n", ""), ("x\n{}\n", "x"), ("- x\n- {}\n", "x")]
)
@given(raw=hostile)
@settings(max_examples=150, deadline=None)
def test_a_text_is_shown_as_it_is_and_does_nothing(frame: str, before: str, raw: str) -> None:
    page = read(frame.format(text(raw)))
    assert page.tags <= {"p", "span", "h1", "ul", "li"}
    said = " ".join(page.text.replace(ZERO_WIDTH, "").split())
    assert said == f"{before} {shown(raw)}".strip()
    assert not CALLS.search(page.text)


@given(raw=hostile)
@settings(max_examples=300, deadline=None)
def test_code_is_shown_as_it_is(raw: str) -> None:
    page = read(f"{code(raw)}\n")
    assert page.tags <= {"p", "code"}
    assert page.text.replace(ZERO_WIDTH, "").strip() == shown(raw)
    assert page.prose.strip() == ""


@pytest.mark.parametrize("escape", [text, code_cell])
@given(raw=hostile)
@settings(max_examples=300, deadline=None)
def test_a_cell_stays_a_cell(escape: object, raw: str) -> None:
    cell = escape(raw)  # type: ignore[operator]
    page = read(f"| a | b | c |\n|---|---|---|\n| 1 | {cell} | 3 |\n")
    assert [each.replace(ZERO_WIDTH, "").strip() for each in page.cells] == ["1", shown(raw), "3"]


def test_the_parser_of_these_tests_sees_what_is_not_escaped() -> None:
    assert "a" in read("see http://x.org\n").tags
    assert "img" in read("<img src=x>\n").tags
    assert read("| a |\n|---|\n| x | y |\n").cells == ["x"]
    assert CALLS.search(read("\\@user\n").text), "a backslash alone keeps no mention away"


@given(report_strategies.evidence)
@settings(max_examples=60, deadline=None)
def test_any_run_fits_into_a_comment(evidence: Evidence) -> None:
    assert len(to_markdown(evidence)) <= LONGEST
    assert len(to_markdown(evidence, longest=200)) <= 200
    assert evidence.verdict in to_markdown(evidence, longest=200)


@given(hostile)
@settings(max_examples=60, deadline=None)
def test_what_a_database_says_is_never_markup(raw: str) -> None:
    table = Table("What changed", ("change", "announced"), ((raw, "no"),))
    found = with_check(no_go_sample(), "rollback.clean", detail=raw, claim=raw, measured=raw)
    found = with_check(found, "migration.objects", tables=(table,))
    found = dataclasses.replace(
        found, plan={**found.plan, "title": raw, "files": {"migration": raw}}, reasons=(raw,)
    )
    page = read(to_markdown(found))
    assert page.tags <= read(to_markdown(no_go_sample())).tags | {"span", "code", "strong"}
    assert not CALLS.search(page.prose)


def huge_run() -> Evidence:
    row = ("1", "1", "`" * 90 + "$|@a", "1.0", "", "0", "", "")
    columns = ("#", "line", "statement", "ms", "rows", "WAL kB", "rewritten", "notices")
    table = Table("Statements", columns, (row,) * 600)
    found = with_check(no_go_sample(), "migration.applied", tables=(table,))
    changes = Table("What changed", ("change", "announced"), (("$" * 200, "yes"),) * 600)
    found = with_check(found, "migration.objects", tables=(changes,))
    detail = "\n".join(["<" * 2_500] * 60 + ["To do: look at it."])
    return with_check(found, "rollback.clean", detail=detail)


@pytest.mark.parametrize("longest", [LONGEST, 20_000, 6_000])
def test_a_long_run_is_cut_and_says_so(longest: int) -> None:
    page = to_markdown(huge_run(), longest=longest)
    assert len(page) <= longest
    assert "NO-GO · risk HIGH" in page
    assert "rollback.clean" in page
    assert "more lines in the report" in page
    assert "To do: look at it." in page, "a remedy is never cut"


def test_a_no_go_names_what_failed_where_and_what_to_do() -> None:
    place = Place("migrations/0042_note.sql", 7, "DROP TABLE")
    page = to_markdown(with_check(no_go_sample(), "migration.data_unchanged", places=(place,)))
    assert page.startswith("## ❌ NO-GO · risk HIGH")
    assert "`migration.data_unchanged`" in page
    assert "1 row is missing and 2 are altered." in page
    assert "at `migrations/0042_note.sql`, line 7" in page
    assert "To do: compare the rows named" in page
    assert "10 blocked because of it: rollback.in_time" in page


def test_statements_show_the_strongest_lock_that_they_took() -> None:
    statements = Table(
        "Statements of m.sql",
        ("#", "line", "statement", "ms", "rows", "WAL kB", "rewritten", "notices"),
        (
            ("1", "3", "ALTER TABLE a|b ADD c int", "2.0", "", "0", "a|b", ""),
            ("2", "4", "SELECT 1", "0.1", "1", "0", "", ""),
        ),
    )
    locks = Table(
        "Locks on relations that existed before",
        ("#", "lock", "relation", "times", "longest ms", "from s", "to s", "stops"),
        (
            ("1", "AccessExclusiveLock", "a|b", "1", "11", "0", "1", "readers and writers"),
            ("1", "ShareLock", "d", "1", "3", "0", "1", "writers"),
        ),
    )
    found = with_check(go_sample(), "migration.applied", tables=(statements, locks))
    cells = read(to_markdown(found)).cells
    place = cells.index("3")
    assert cells[place : place + 6] == [
        "3",
        "ALTER TABLE a|b ADD c int rewrites a|b",
        "2.0",
        "AccessExclusiveLock on a|b and 1 more",
        "11",
        "readers and writers",
    ]
    assert cells[place + 6 : place + 12] == ["4", "SELECT 1", "0.1", "", "", ""]


def test_that_nothing_changed_is_said_only_where_it_was_looked_at() -> None:
    page = to_markdown(go_sample())
    assert "Not known: the comparison with before was not made." in page
    nothing = Table("What changed", ("change", "announced"), ())
    page = to_markdown(with_check(go_sample(), "migration.objects", tables=(nothing,)))
    assert "catalogue\n\nNothing." in page
    assert "Not known" not in page


def test_what_was_not_judged_has_its_reason() -> None:
    page = to_markdown(quick_sample())
    assert "✅ GO (quick: performance not judged) · risk MEDIUM" in page
    assert "20,000 rows are too few to judge timings; the plan asks for 100,000" in page
    assert "Times are shown, not judged." in page
    assert "not judged." not in to_markdown(go_sample())
    assert "performance was not judged: 20,000 rows" in page


def test_no_password_reaches_the_page() -> None:
    found = with_check(no_go_sample(), "rollback.clean", detail="postgresql://me:geheim@host/db")
    assert "geheim" not in to_markdown(found)
