"""The page on paper: A4, nothing cut, no empty page."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pypdf
import pytest

from shadowgate.command import main
from shadowgate.errors import ToolError
from shadowgate.evidence import Table
from shadowgate.report.pdf import find_browser, print_pdf
from tests.selftest.report.browser import BROWSER
from tests.selftest.report.page import make_page
from tests.selftest.report.samples import no_go_sample, with_check

A4 = (595, 842)
needs_browser = pytest.mark.skipif(BROWSER is None, reason="no chromium here")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[pypdf.PageObject]:
    folder = tmp_path_factory.mktemp("pdf")
    row = ("beginning", *(f"value{n} of a wide table" for n in range(12)), "ending")
    wide = Table("A wide table", tuple(f"column{n}" for n in range(14)), (row,) * 3)
    evidence = with_check(no_go_sample(), "migration.applied", tables=(wide,))
    queries = tuple(
        dataclasses.replace(q, notes=("scans 1 partition instead of 4; lasting",))
        for q in evidence.queries
    )
    page = make_page(dataclasses.replace(evidence, queries=queries), folder)
    print_pdf(page, folder / "shadow.pdf")
    return list(pypdf.PdfReader(folder / "shadow.pdf").pages)


@needs_browser
def test_every_page_is_a4_and_says_something(pages: list[pypdf.PageObject]) -> None:
    assert len(pages) > 5
    for page in pages:
        assert tuple(round(float(length)) for length in page.mediabox[2:]) == A4
        assert len(page.extract_text().split()) > 10


@needs_browser
def test_no_table_is_cut(pages: list[pypdf.PageObject]) -> None:
    ends: dict[str, float] = {}

    def note(text: str, page: list[float], place: list[float], *_font: object) -> None:
        for word in ("ending", "lasting"):
            if word in text:
                ends[word] = place[4] * page[0] + page[4]

    for page in pages:
        page.extract_text(visitor_text=note)
    text = " ".join(page.extract_text() for page in pages)
    for said in ("NO-GO", "What changed", "ending", "lasting", "Signature", "rollout.triggers"):
        assert said in " ".join(text.split())
    assert len(ends) == 2
    assert max(ends.values()) < A4[0] - 60  # a word before the margin


@needs_browser
def test_a_report_is_printed_again_by_the_command(tmp_path: Path) -> None:
    page = tmp_path / "shadow.html"
    page.write_text("<html><body>Signed here</body></html>", "utf-8")
    assert main(["report", "pdf", str(page)]) == 0
    (printed,) = pypdf.PdfReader(tmp_path / "shadow.pdf").pages
    assert "Signed here" in printed.extract_text()


def test_without_a_browser_one_sentence_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "shadow.html"
    page.write_text("<html></html>", "utf-8")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match="printed by Chromium, and there is none"):
        find_browser()
    assert main(["report", "pdf", str(page)]) == 4
    assert "install the package chromium" in capsys.readouterr().err
    assert not (tmp_path / "shadow.pdf").exists()


def test_a_browser_that_does_not_print_is_told_with_what_it_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\necho 'no room left' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    (tmp_path / "shadow.html").write_text("<html></html>")
    with pytest.raises(ToolError) as told:
        print_pdf(tmp_path / "shadow.html", tmp_path / "shadow.pdf")
    assert told.value.where == "no room left"
