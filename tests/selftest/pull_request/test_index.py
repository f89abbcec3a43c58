"""One page over the reports of several runs."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from shadowgate.command import main
from shadowgate.evidence import Evidence
from shadowgate.language import reading
from shadowgate.pull_request.index import index_of
from shadowgate.report import write_json
from tests.selftest.report.samples import go_sample, no_go_sample, quick_sample
from tests.selftest.report.test_html import Shape


def report(folder: Path, evidence: Evidence, migration: str) -> None:
    folder.mkdir(parents=True)
    plan = {**evidence.plan, "files": {"migration": migration}}
    write_json(dataclasses.replace(evidence, plan=plan), folder / "shadow.json")
    (folder / "shadow.html").write_text("<html></html>")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    report(tmp_path / "0002 b", go_sample(), "db/0002_b.sql")
    report(tmp_path / "0003_c", no_go_sample(), "db/0003_c.sql")
    report(tmp_path / "0004_d", quick_sample(), "db/0004_d.sql")
    return tmp_path


def page(folder: Path) -> tuple[str, Shape]:
    text = (folder / "index.html").read_text("utf-8")
    return text, Shape(text)


def test_the_index_shows_each_run_with_what_decides_and_a_link(folder: Path) -> None:
    published = index_of(folder)
    text, shape = page(folder)
    assert (published.verdict, published.risk) == ("NO-GO", "HIGH")
    links = [dict(attributes).get("href") for tag, attributes in shape.tags if tag == "a"]
    assert links == ["0002%20b/shadow.html", "0003_c/shadow.html", "0004_d/shadow.html"]
    assert "Worst query: W1 +3.2 %" in shape.text
    assert "migration.data_unchanged: 1 row is missing" in shape.text
    assert "GO (quick: performance not judged)" in shape.text
    assert "2 of 3" in shape.text
    assert "http" not in text.replace("http://www.w3.org", "")


def test_a_series_that_may_go_is_go(tmp_path: Path) -> None:
    report(tmp_path / "1", go_sample(), "1.sql")
    report(tmp_path / "2", go_sample(), "2.sql")
    assert index_of(tmp_path).verdict == "GO"
    assert "All of them may go to production" in page(tmp_path)[1].text


def test_a_run_without_report_makes_it_no_go_and_is_named(folder: Path) -> None:
    (folder / "0003_c" / "shadow.json").write_text("{}")
    assert main(["report", "index", str(folder)]) == 4
    assert "the report cannot be read" in page(folder)[1].text


def test_what_was_found_of_a_branch_stands_above(folder: Path) -> None:
    finding = {"rule": "out-of-order", "what": "0002_b comes before 0001_a", "file": "0002_b.sql"}
    migrations = [
        {"name": "0002_b", "file": "db/0002_b.sql", "reports": "reports/0002 b"},
        {"name": "0005_e", "file": "db/0005_e.sql", "why": "it comes after 0003_c"},
    ]
    document = {"findings": [finding], "migrations": migrations}
    (folder / "changed.json").write_text(json.dumps(document))
    assert index_of(folder).verdict == "NO-GO"
    shown = page(folder)[1].text
    assert "0002_b.sql: out-of-order: 0002_b comes before 0001_a" in shown
    assert "not judged: it comes after 0003_c" in shown
    assert "0003_c.sql" not in shown


def test_names_are_shown_and_do_nothing(tmp_path: Path) -> None:
    report(tmp_path / "<b>x", go_sample(), "<script>alert(1)</script>.sql")
    index_of(tmp_path)
    text, shape = page(tmp_path)
    assert "<script>" not in text
    assert "<script>alert(1)</script>." in shape.text
    assert 'href="%3Cb%3Ex/shadow.html"' in text


def test_the_index_speaks_the_language_asked_for(folder: Path) -> None:
    with reading("en"):
        assert main(["report", "index", str(folder), "--lang=pt-BR"]) == 0
    text, shape = page(folder)
    assert '<html lang="pt-BR">' in text
    assert "Pior consulta: W1 +3,2 %" in shape.text


@pytest.mark.parametrize("name", ["none", "empty"])
def test_a_folder_without_reports_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    assert main(["report", "index", str(tmp_path / name)]) == 4
    assert not (tmp_path / name / "index.html").exists()
