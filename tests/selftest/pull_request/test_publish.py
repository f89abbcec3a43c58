"""Reports in a pull request: annotations, summary, comment, outputs and GitLab's file."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadowgate.errors import UsageError
from shadowgate.evidence import Evidence, Place
from shadowgate.pull_request.annotations import Annotation, annotations_of
from shadowgate.pull_request.code_quality import code_quality
from shadowgate.pull_request.comment import page_of
from shadowgate.pull_request.publish import Targets, publish
from shadowgate.pull_request.reports import Published, Report, read_reports
from shadowgate.pull_request.workflow_commands import one_line, workflow_command
from shadowgate.report import read_json, to_json, write_json
from tests.selftest.pull_request.github_api import PATH, TOKEN, Answer, GitHub, github
from tests.selftest.report import strategies as report_strategies
from tests.selftest.report.gfm import read
from tests.selftest.report.samples import go_sample, no_go_sample, with_check
from tests.selftest.report.test_markdown import CALLS, hostile

FILES = {"migration": "db/1_note.sql", "rollback": "db/1_note_down.sql"}


def located(evidence: Evidence, name: str = "db/1_note.sql") -> Evidence:
    files = {**FILES, "migration": name}
    return dataclasses.replace(evidence, plan={**evidence.plan, "files": files})


def no_go() -> Evidence:
    place = Place("db/1_note.sql", 7, "1 row is missing")
    reasons = tuple(
        f"{check.id} {check.status}: {check.detail}"
        for check in no_go_sample().checks
        if check.status in ("failed", "inconclusive")
    )
    found = with_check(no_go_sample(), "migration.data_unchanged", places=(place,))
    return dataclasses.replace(located(found), reasons=reasons)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of a repository, two levels below its root, in which runs are started."""
    (tmp_path / ".git").mkdir()
    folder = tmp_path / "services" / "shop"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHub]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with github() as state:
        yield state


@dataclasses.dataclass
class Said:
    """What publishing said, and how it ended."""

    status: int
    commands: list[str]
    sentences: list[str]


def published_to(
    environment: dict[str, str], *folders: Path, targets: Targets | None = None
) -> Said:
    commands: list[str] = []
    sentences: list[str] = []
    status = publish(
        folders,
        targets or Targets(github=True),
        environment,
        out=commands.append,
        say=sentences.append,
    )
    return Said(status, commands, sentences)


def job(folder: Path, service: GitHub, **more: str) -> dict[str, str]:
    event = folder / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7, "head": {"sha": "ab" * 20}}}))
    return {
        "GITHUB_API_URL": service.url,
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_REPOSITORY": "shop/orders",
        "GITHUB_TOKEN": TOKEN,
        "GITHUB_RUN_ID": "12",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        "GITHUB_OUTPUT": str(folder / "output"),
        **more,
    }


def outputs(folder: Path) -> dict[str, str]:
    text = (folder / "output").read_text(encoding="utf-8")
    return {
        found["name"]: found["value"]
        for found in re.finditer(r"(?P<name>\w+)<<(?P<end>.+)\n(?P<value>[^\n]*)\n(?P=end)\n", text)
    }


def test_a_report_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_json(no_go(), tmp_path / "shadow.json")
    read, written = to_json(read_json(tmp_path / "shadow.json")), to_json(no_go())
    assert written.pop("translations")  # what was read is told in them, and not written again
    assert read.pop("translations") == {"pt-BR": {}}
    assert read == written


@given(report_strategies.evidence)
@settings(max_examples=60, deadline=None)
def test_any_report_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, evidence: Evidence
) -> None:
    path = tmp_path_factory.mktemp("r") / "shadow.json"
    write_json(evidence, path)
    assert to_json(read_json(path))["checks"] == to_json(evidence)["checks"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 2}', "\xff"])
def test_what_is_no_report_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "shadow.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(UsageError, match="cannot be read"):
        read_json(tmp_path / "shadow.json")


def test_a_finding_is_pinned_to_its_line_from_the_root_of_the_repository(repository: Path) -> None:
    write_json(no_go(), repository / "reports" / "shadow.json")
    said = published_to({}, repository / "reports")
    assert said.status == 0
    assert said.commands[0] == (
        "::error file=services/shop/db/1_note.sql,line=7,title=migration.data_unchanged failed::"
        "1 row is missing%0ATo do: compare the rows named in the restored backup and in the "
        "migrated copy."
    )
    back = next(each for each in said.commands if "rollback.clean" in each)
    assert "file=services/shop/db/1_note_down.sql,line=1," in back


def test_what_is_waived_or_optional_is_a_warning(repository: Path) -> None:
    waived = with_check(go_sample(), "migration.hazards", status="failed", detail="rewrites t")
    write_json(located(waived), repository / "shadow.json")
    commands = published_to({}, repository).commands
    assert [each.partition(" ")[0] for each in commands] == ["::warning"]


def test_a_go_has_nothing_to_pin(repository: Path) -> None:
    write_json(located(go_sample()), repository / "shadow.json")
    assert published_to({}, repository).commands == []


def test_a_no_go_without_an_open_check_is_pinned_too(repository: Path) -> None:
    unfinished = dataclasses.replace(
        located(go_sample()), verdict="NO-GO", risk="HIGH", reasons=("the run has not finished",)
    )
    write_json(unfinished, repository / "shadow.json")
    (command,) = published_to({}, repository).commands
    assert command.startswith("::error file=services/shop/db/1_note.sql,line=1,")
    assert command.endswith("::the run has not finished")


def test_a_run_that_left_no_report_is_no_go_and_status_4(repository: Path, service: GitHub) -> None:
    environment = job(repository, service)
    said = published_to(environment, repository / "reports")
    assert said.status == 4
    assert said.commands[0].startswith("::error title=")
    assert "no report to read" in said.sentences[-1]
    assert outputs(repository)["verdict"] == "NO-GO"
    (comment,) = service.comments
    assert "NO-GO" in comment["body"]
    assert "no report to read" in comment["body"]


def test_everything_at_once_on_a_pull_request(repository: Path, service: GitHub) -> None:
    for name, evidence in (("a", located(go_sample(), "db/0.sql")), ("b", no_go())):
        write_json(evidence, repository / "reports" / name / "shadow.json")
    said = published_to(job(repository, service), repository / "reports")
    assert said.status == 0
    assert said.sentences == [f"comment: {service.url}/c/1"]
    (comment,) = service.comments
    page = read(comment["body"])
    assert page.cells[:5][1:4] == ["db/0.sql", "✅ GO", "LOW"]
    assert "db/1_note.sql" in page.cells
    assert "commit abababababab" in page.text
    assert "https://github.com/shop/orders/actions/runs/12" in comment["body"]
    summary = (repository / "summary.md").read_text(encoding="utf-8")
    assert "NO-GO · 2 migrations" in summary
    assert outputs(repository) == {
        "verdict": "NO-GO",
        "risk": "HIGH",
        "report": str(repository / "reports"),
    }
    assert TOKEN not in comment["body"] + summary + "".join(said.commands)


def test_a_forks_pull_request_gets_annotations_and_summary(
    repository: Path, service: GitHub
) -> None:
    write_json(no_go(), repository / "shadow.json")
    said = published_to(job(repository, service, GITHUB_TOKEN=""), repository)
    assert said.status == 0
    assert said.commands
    assert "NO-GO" in (repository / "summary.md").read_text(encoding="utf-8")
    assert said.sentences == [
        "no comment is written: there is no GITHUB_TOKEN in the environment, as in a fork's pull "
        "request"
    ]
    assert service.asked == []


@pytest.mark.parametrize("answer", [Answer(403, "no"), Answer(422, "no"), Answer(404, "no")])
def test_a_refused_comment_is_one_sentence_and_no_failure(
    repository: Path, service: GitHub, answer: Answer
) -> None:
    write_json(located(go_sample()), repository / "shadow.json")
    service.refuse(f"POST {PATH}", answer)
    said = published_to(job(repository, service), repository)
    assert said.status == 0
    (sentence,) = said.sentences
    assert sentence.startswith("no comment is written: ")
    assert str(answer.status) in sentence
    assert "\n" not in sentence


def branch(folder: Path, **document: Any) -> None:
    known = {"findings": [], "migrations": [], **document}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "changed.json").write_text(json.dumps(known), encoding="utf-8")


def test_what_was_found_of_a_branch_stands_beside_its_runs(
    repository: Path, service: GitHub
) -> None:
    reports = repository / "reports"
    write_json(located(go_sample()), reports / "1_note" / "shadow.json")
    write_json(no_go(), reports / "left_by_an_earlier_run" / "shadow.json")
    branch(
        reports,
        findings=[
            {"rule": "no-rollback", "file": "db/1_note.sql", "what": "has none", "todo": "write it"}
        ],
        migrations=[
            {"name": "1_note", "file": "db/1_note.sql", "reports": str(reports / "1_note")},
            {"name": "2_more", "file": "db/2_more.sql", "reports": "", "why": "1_note is NO-GO"},
        ],
    )
    said = published_to(job(repository, service), reports)
    assert "::error file=services/shop/db/1_note.sql,line=1,title=shadowgate::" in "\n".join(
        said.commands
    )
    body = service.comments[0]["body"]
    assert "NO-GO · 2 migrations" in body
    assert "no-rollback: has none" in body
    assert "not judged: 1\\_note is NO-GO" in body or "not judged: 1_note is NO-GO" in body


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"findings": [1], "migrations": []}', '{"findings": 0}', "\xff"]
)
def test_a_summary_of_a_branch_that_is_none_is_no_go(tmp_path: Path, text: str) -> None:
    (tmp_path / "changed.json").write_bytes(text.encode("latin-1"))
    found = read_reports([tmp_path])
    assert found.verdict == "NO-GO"
    assert "cannot be read" in found.unread[0].problem


def test_a_branch_without_a_migration_gets_no_comment(repository: Path, service: GitHub) -> None:
    branch(repository / "reports")
    said = published_to(job(repository, service), repository / "reports")
    assert (said.status, said.commands, service.comments) == (0, [], [])
    assert outputs(repository)["verdict"] == "GO"


def test_a_migration_that_was_taken_back_leaves_no_old_verdict(
    repository: Path, service: GitHub
) -> None:
    write_json(no_go(), repository / "before" / "shadow.json")
    published_to(job(repository, service), repository / "before")
    branch(repository / "reports")
    published_to(job(repository, service), repository / "reports")
    (comment,) = service.comments
    assert "no migration is added or edited" in comment["body"]
    assert "NO-GO" not in comment["body"]


def test_gitlab_reads_findings_with_fingerprints_of_their_own(repository: Path) -> None:
    write_json(no_go(), repository / "shadow.json")
    target = repository / "quality.json"
    assert published_to({}, repository, targets=Targets(gitlab=target)).commands == []
    entries = json.loads(target.read_text(encoding="utf-8"))
    assert entries[0]["location"] == {"path": "services/shop/db/1_note.sql", "lines": {"begin": 7}}
    assert entries[0]["severity"] == "blocker"
    prints = [entry["fingerprint"] for entry in entries]
    assert len(set(prints)) == len(prints) == 3


def test_a_fingerprint_follows_its_finding_to_another_line() -> None:
    here, there = (Annotation("error", "m.sql", line, "t", "m") for line in (3, 9))
    assert code_quality([here])[0]["fingerprint"] == code_quality([there])[0]["fingerprint"]
    both = [entry["fingerprint"] for entry in code_quality([here, there])]
    assert len(set(both)) == 2


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        (Targets(), "nothing says where"),
        (Targets(github=True, name="-->"), "--name"),
        (Targets(gitlab=Path("none/there/q.json")), "cannot be written"),
    ],
)
def test_a_request_that_cannot_be_met_is_said(
    repository: Path, targets: Targets, said: str
) -> None:
    write_json(no_go(), repository / "shadow.json")
    with pytest.raises(UsageError, match=said):
        published_to({}, repository, targets=targets)


_COMMAND = re.compile(r"::(error|warning) (?P<properties>[^\n\r]*?)::(?P<data>[^\n\r]*)")


def decoded(text: str) -> str:
    pairs = (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%"))
    for code, character in pairs:
        text = text.replace(code, character)
    return text


@given(st.text(max_size=40), st.text(max_size=40), st.text(min_size=1, max_size=40))
@settings(max_examples=300, deadline=None)
def test_a_workflow_command_is_one_line_whatever_is_in_it(
    message: str, title: str, file: str
) -> None:
    line = workflow_command(Annotation("error", file, 3, title, message))
    found = _COMMAND.fullmatch(line)
    assert found is not None
    properties = dict(part.split("=", 1) for part in found["properties"].split(","))
    assert set(properties) == {"file", "line", "title"}
    if all(each in "\t\n\r" or each.isprintable() for each in message):
        assert decoded(found["data"]) == message
    line.encode("utf-8")


@given(
    st.text(max_size=60)
    | st.sampled_from(["::error::x", " ::set-output", "a ##[error]b", "\r\n::x"])
)
@settings(max_examples=200, deadline=None)
def test_a_sentence_is_no_command(sentence: str) -> None:
    said = one_line(sentence)
    assert not said.lstrip().startswith("::")
    assert "##[" not in said
    assert len(said.splitlines()) <= 1


@given(hostile)
@settings(max_examples=60, deadline=None)
def test_nothing_of_a_report_is_markup_in_a_comment(raw: str) -> None:
    first = dataclasses.replace(no_go(), reasons=(raw,), plan={"title": raw})
    runs = (Report(raw, first), Report(raw, None, raw), Report("b", go_sample()))
    page = read(page_of(Published(runs), longest=65_536))
    plain = (Report("a", no_go()), Report("c", None, "d"), Report("b", go_sample()))
    assert page.tags <= read(page_of(Published(plain), longest=65_536)).tags | {"span", "code"}
    assert not CALLS.search(page.prose)


def test_several_folders_are_read_in_their_order(tmp_path: Path) -> None:
    for name in ("b", "a"):
        write_json(located(go_sample(), f"{name}.sql"), tmp_path / name / "shadow.json")
    read_in_order = read_reports([tmp_path / "b", tmp_path / "a"])
    assert [each.name for each in read_in_order.reports] == ["b.sql", "a.sql"]
    assert [each.name for each in read_reports([tmp_path]).reports] == ["a.sql", "b.sql"]
    assert (read_in_order.verdict, read_in_order.risk) == ("GO", "LOW")
    assert annotations_of(read_in_order, tmp_path) == []


def test_one_of_several_runs_that_left_no_report_is_not_passed_over(tmp_path: Path) -> None:
    write_json(located(go_sample()), tmp_path / "1-a" / "shadow.json")
    (tmp_path / "2-b").mkdir()
    found = read_reports([tmp_path])
    assert found.verdict == "NO-GO"
    assert [each.name for each in found.unread] == [str(tmp_path / "2-b")]
