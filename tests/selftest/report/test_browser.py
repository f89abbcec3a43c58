"""The page in a real browser: what is seen first, what a click does, what a narrow window does."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from shadowgate.evidence import Evidence
from tests.selftest.report.browser import BROWSER, DARK, answer_of
from tests.selftest.report.page import make_page, no_go_page
from tests.selftest.report.samples import crash_sample, go_sample, no_go_sample, quick_sample

pytestmark = pytest.mark.skipif(
    BROWSER is None, reason="no chromium here: Debian and Ubuntu have it as the package chromium"
)

PROBE = """
<script>
(() => {
  const shown = (element) => {
    const box = element.getBoundingClientRect()
    return box.width > 0 && box.height > 0 && getComputedStyle(element).visibility === 'visible'
  }
  const texts = []
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement
    if (walker.currentNode.textContent.trim() && shown(parent)) texts.push(parent)
  }
  const firstScreen = [...document.querySelectorAll('.open > .cause, .deciding > div')]
    .map((each) => each.getBoundingClientRect().bottom)
  const top = (element) => element.getBoundingClientRect().top
  const size = (element) => parseFloat(getComputedStyle(element).fontSize)
  const banner = document.querySelector('.verdict')
  const verdict = document.getElementById('verdict')
  const before = texts.filter((each) => top(each) < top(banner))
  const rows = [...document.querySelectorAll('#results-table > tbody')]
  const passed = rows.find((row) => row.classList.contains('passed'))
  const folded = () => passed?.querySelector('.extras-row').classList.contains('hidden')
  const foldedAtFirst = folded()
  passed?.querySelector('td.col-claim').click()
  const again = passed && document.getElementById(passed.id)
  const sorting = (queries) => {
    const ids = () => [...queries.tBodies[0].rows]
      .filter((row) => !row.hidden).map((row) => row.cells[0].firstChild.textContent.trim())
    const asGiven = ids()
    const change = queries.tHead.rows[0].cells[3]
    change.querySelector('button').click()
    const fastestFirst = ids()
    change.querySelector('button').click()
    const slowestFirst = ids()
    const box = document.querySelector('.filter-rows')
    box.value = 'write'
    box.dispatchEvent(new Event('input'))
    return {
      as_given: asGiven,
      fastest_first: fastestFirst,
      slowest_first: slowestFirst,
      filtered: ids(),
    }
  }
  const found = {
    ...[...document.querySelectorAll('table.queries')].map(sorting)[0],
    first_screen: firstScreen,
    language: document.documentElement.lang,
    overlaps: [...document.querySelectorAll('.verdict-facts > div, .facts > div')]
      .filter((row) => row.children[0].scrollWidth > row.children[0].clientWidth + 1)
      .map((row) => row.textContent),
    verdict: verdict.textContent,
    bottom: verdict.getBoundingClientRect().bottom,
    before_banner: before.map((each) => each.textContent),
    larger: texts.filter((each) => size(each) > size(verdict)).map((each) => each.outerHTML),
    environment_below: top(document.getElementById('environment')) >
      top(document.getElementById('results-table')),
    rows: rows.map((row) => row.id),
    statuses: rows.map((row) => row.querySelector('.col-status').textContent.trim()),
    folded_at_first: foldedAtFirst,
    folded_after_click: again?.querySelector('.extras-row').classList.contains('hidden'),
    broken_links: [...document.querySelectorAll('a[href^="#"]')]
      .map((link) => link.getAttribute('href').slice(1))
      .filter((target) => !document.getElementById(target)),
    overflow: document.documentElement.scrollWidth - window.innerWidth,
    requests: performance.getEntriesByType('resource').map((entry) => entry.name),
  }
  const out = document.createElement('pre')
  out.id = 'probe'
  out.textContent = JSON.stringify(found)
  document.body.append(out)
})()
</script>
"""


def look(page: Path, profile: Path, width: int, height: int = 900) -> dict[str, Any]:
    """Open the page in a window of this size and return what the probe saw."""
    probed = page.with_name("probed.html")
    probed.write_text(page.read_text("utf-8").replace("</body>", f"{PROBE}</body>"), "utf-8")
    seen: dict[str, Any] = answer_of(probed, profile, (width, height))
    return seen


@pytest.fixture(scope="module")
def page() -> Path:
    return no_go_page()


@pytest.fixture(scope="module")
def wide(page: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return look(page, tmp_path_factory.mktemp("profile"), 1400)


def test_the_verdict_is_the_first_thing_seen(wide: dict[str, Any]) -> None:
    assert wide["verdict"] == "NO-GO"
    assert wide["before_banner"] == []
    assert wide["larger"] == []
    assert wide["bottom"] < 200


def test_the_environment_stays_reachable_below_the_checks(wide: dict[str, Any]) -> None:
    assert wide["environment_below"]


def test_every_check_has_its_row_in_order_with_its_own_status(wide: dict[str, Any]) -> None:
    checks = no_go_sample().checks
    assert wide["rows"] == [check.id for check in checks]
    for check, said in zip(checks, wide["statuses"], strict=True):
        assert said.endswith(check.status)


def test_a_click_on_a_row_unfolds_its_detail(wide: dict[str, Any]) -> None:
    assert wide["folded_at_first"] is True
    assert wide["folded_after_click"] is False


def test_the_queries_are_sorted_by_a_click_and_filtered_by_a_word(wide: dict[str, Any]) -> None:
    queries = {q.id: q.change_percent for q in no_go_sample().queries}
    assert wide["as_given"] == list(queries)
    by_change = sorted(queries, key=lambda name: queries[name] or 0.0)
    assert wide["fastest_first"] == by_change
    assert wide["slowest_first"] == by_change[::-1]
    assert sorted(wide["filtered"]) == ["W1", "W2"]


@pytest.mark.parametrize("sample", [go_sample, quick_sample, no_go_sample, crash_sample])
def test_what_decides_is_on_the_first_screen(
    sample: Callable[[], Evidence], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    made = make_page(sample(), tmp_path)
    seen = look(made, tmp_path_factory.mktemp("profile"), 1280, 800)
    assert 1 <= len(seen["first_screen"]) <= 5
    assert max(seen["first_screen"]) <= 800
    assert seen["broken_links"] == []


def test_every_link_leads_to_its_check(wide: dict[str, Any]) -> None:
    assert wide["broken_links"] == []


def test_the_page_loads_nothing_from_outside(wide: dict[str, Any]) -> None:
    assert wide["requests"] == []


def test_a_narrow_window_does_not_scroll_sideways(
    page: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    narrow = look(page, tmp_path_factory.mktemp("profile"), 500)
    assert narrow["overflow"] <= 0
    assert narrow["before_banner"] == []


AXE = (resources.files("axe_core_python") / "axe.min.js").read_text("utf-8")
ASK_AXE = """
<script>
addEventListener('load', async () => {
  const found = await axe.run(document, {resultTypes: ['violations']})
  const out = document.createElement('pre')
  out.id = 'probe'
  out.textContent = JSON.stringify(found.violations.map((each) => [
    each.impact, each.id, each.nodes.map((node) => node.html.slice(0, 200))]))
  document.body.append(out)
})
</script>
"""


def ask_axe(page: Path, profile: Path, width: int, *options: str) -> list[list[Any]]:
    """Ask axe-core about a page; return impact, rule and elements of each finding."""
    asking = profile / "asking.html"
    text = page.read_text("utf-8")
    asking.write_text(text.replace("</body>", f"<script>{AXE}</script>{ASK_AXE}</body>"), "utf-8")
    waits = "--virtual-time-budget=60000"
    found: list[list[Any]] = answer_of(asking, profile, (width, 900), waits, *options)
    return found


def test_axe_finds_what_is_put_in(tmp_path: Path) -> None:
    page = tmp_path / "bad.html"
    page.write_text("<html><body><p style='color:#999'>pale</p><input></body></html>")
    found = {rule for _impact, rule, _nodes in ask_axe(page, tmp_path, 1280)}
    assert {"html-has-lang", "label", "color-contrast"} <= found


@pytest.mark.parametrize("options", [[], [DARK]])
@pytest.mark.parametrize("width", [1280, 500])
def test_axe_finds_nothing_serious(
    options: list[str], width: int, page: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    found = ask_axe(page, tmp_path_factory.mktemp("profile"), width, *options)
    assert [each for each in found if each[0] in ("serious", "critical")] == []
