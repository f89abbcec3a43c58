"""A report, its JSON and the files that it was made of belong together, or it is told which not."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import pytest

from shadowgate.command import main
from shadowgate.errors import UsageError
from shadowgate.report import digest_of, seal_page, summary, verify_report, write_json
from tests.selftest.report.samples import go_sample


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """A sealed page with its JSON; its inputs lie in the folder ``files``."""
    files = tmp_path / "files"
    (files / "rollback").mkdir(parents=True)
    (files / "up.sql").write_text("ALTER TABLE a ADD COLUMN b int;\n")
    (files / "rollback" / "up.sql").write_text("ALTER TABLE a DROP COLUMN b;\n")
    inputs = {
        "up.sql": digest_of(files / "up.sql"),
        "rollback/up.sql": digest_of(files / "rollback" / "up.sql"),
    }
    evidence = dataclasses.replace(go_sample(), inputs=inputs, queries=())
    page = tmp_path / "reports" / "shadow.html"
    written = page.with_name("shadow.json")
    write_json(evidence, written)
    page.write_text(summary(evidence, digest_of(written)), "utf-8")
    seal_page(page)
    return page


def states(report: Path, **asked: tuple[str, ...]) -> dict[str, str]:
    found = verify_report(report, [report.parents[1] / "files"], **asked)
    return {each.name: each.state for each in found}


def status(report: Path, *options: str) -> int:
    folder = report.parents[1] / "files"
    return main(["report", "verify", str(report), f"--files={folder}", *options])


def test_what_a_run_wrote_belongs_together(report: Path) -> None:
    assert set(states(report).values()) == {"the same"}
    assert list(states(report)) == ["shadow.html", "shadow.json", "up.sql", "rollback/up.sql"]
    assert status(report) == 0


def test_the_page_names_the_digest_of_every_file_and_its_seal(report: Path) -> None:
    text = report.read_text("utf-8")
    for path in (report.with_name("shadow.json"), *(report.parents[1] / "files").rglob("*.sql")):
        assert f'<td class="digest">{hashlib.sha256(path.read_bytes()).hexdigest()}</td>' in text


@pytest.mark.parametrize("place", ["files/up.sql", "files/rollback/up.sql", "reports/shadow.json"])
def test_a_file_that_was_changed_is_named(place: str, report: Path) -> None:
    path = report.parents[1] / place
    path.write_text(f"{path.read_text()} ")
    changed = [name for name, state in states(report).items() if state == "changed"]
    assert changed == [place.removeprefix("files/").removeprefix("reports/")]
    assert status(report) == 1


def test_a_page_that_was_changed_by_hand_is_noticed(report: Path) -> None:
    text = report.read_text("utf-8")
    report.write_text(text.replace('<span id="verdict">GO', '<span id="verdict">NO-GO'), "utf-8")
    assert states(report)["shadow.html"] == "changed"
    assert status(report) == 1


def test_a_page_whose_list_of_files_was_changed_is_noticed(report: Path) -> None:
    path = report.parents[1] / "files" / "up.sql"
    old = digest_of(path)
    path.write_text("DROP TABLE a;\n")
    report.write_text(report.read_text("utf-8").replace(old, digest_of(path)), "utf-8")
    assert [name for name, state in states(report).items() if state == "changed"] == ["shadow.html"]


def test_a_file_that_is_not_there_does_not_belong_unless_it_is_left_out(report: Path) -> None:
    (report.parents[1] / "files" / "up.sql").unlink()
    (report.parents[1] / "files" / "rollback" / "up.sql").rename(report.parent / "elsewhere.sql")
    assert states(report)["up.sql"] == "not found"
    assert status(report) == 1
    left_out = states(report, leave_out=("up.sql", "rollback/up.sql"))
    assert left_out["up.sql"] == "not looked at"
    assert status(report, "--leave-out=up.sql", "--leave-out=rollback/up.sql") == 0


def test_a_report_of_a_run_that_did_not_end_does_not_belong(report: Path) -> None:
    evidence = go_sample()
    report.write_text(summary(evidence, digest_of(report.with_name("shadow.json"))), "utf-8")
    assert states(report)["shadow.html"] == "changed"


@pytest.mark.parametrize(
    "content",
    ["", "<p>hello", '<p id="sealed" data-sealed="{">', '<p id="sealed" data-sealed="3">'],
)
def test_what_is_no_report_is_refused_in_one_sentence(
    content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "shadow.html"
    page.write_text(content)
    with pytest.raises(UsageError, match="does not say what it was made of"):
        verify_report(page, [tmp_path])
    assert main(["report", "verify", str(page)]) == 4
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("options", [["--files=nowhere"], ["--leave-out=other.sql"]])
def test_a_wrong_request_is_refused(options: list[str], report: Path) -> None:
    assert main(["report", "verify", str(report), *options]) == 4
    assert main(["report", "verify", str(report.parent / "none.html")]) == 4
    assert main(["report", "verify", str(report.parent)]) == 4
