"""What is run for a branch, in which order and on what, and how the whole ends."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from shadowgate.errors import UsageError
from shadowgate.repository.changed import changed
from shadowgate.repository.jobs import Asked, Job
from tests.selftest.repository.repositories import Repository, Texts, repository

UP, DOWN = "ALTER TABLE t ADD n text;\n", "ALTER TABLE t DROP n;\n"
PLAN = """name = "{0}"
title = "A plan"
migration = "{0}.sql"
rollback = "rollback/{0}.sql"
[rollout]
start = 2026-03-02
"""
QUERIES = '[workload]\nqueries = "gone"\n'
GENERATED = '[backup]\ngenerator = "make.py"\nrows = 1000\n'


def pair(name: str, up: str = UP, down: str = DOWN) -> dict[str, str]:
    """A migration with its rollback."""
    return {f"migrations/{name}.sql": up, f"migrations/rollback/{name}.sql": down}


REASON = "migration.hazards failed: table-rewrite, line 1"


@dataclass
class Runs:
    """Stands in for the runs: notes what each is asked, and ends as told."""

    ends: Mapping[str, tuple[int, str, str]] = field(default_factory=dict)
    """Name -> exit status, verdict, and how the application ended; GO for the others."""
    jobs: list[Job] = field(default_factory=list)
    applied: list[list[str]] = field(default_factory=list)
    """Texts of what comes before each, as it is at that moment."""
    scripts: list[str] = field(default_factory=list)
    rolled_back: tuple[int, list[dict[str, str]]] = (0, [])
    """How rolling all of them back ends: exit status, and what is left."""
    steps: list[dict[str, str]] = field(default_factory=list)
    batch: tuple[str, ...] = ()
    """Options of that."""

    def __call__(self, job: Job) -> int:
        """Take a job."""
        if job.arguments[0] == "roll-back":
            return self._roll_back(job)
        self.jobs.append(job)
        named = self.option(len(self.jobs) - 1, "--apply").split(os.pathsep)
        self.applied.append([Path(name).read_text("utf-8") for name in named if name])
        if job.arguments[0] == "check":
            self.scripts.append(Path(job.arguments[1]).read_text("utf-8"))
        status, verdict, applied = self.ends.get(job.name, (0, "GO", "passed"))
        if status < 4:
            job.reports.mkdir(parents=True)
            followed = {"id": "signoff.verdict", "status": "failed", "follows": "migration.hazards"}
            first = {"id": "migration.applied", "status": applied, "follows": None}
            document = {
                "verdict": verdict,
                "quick": False,
                "checks": [first, followed],
                "reasons": [] if verdict == "GO" else [REASON, "signoff.verdict failed: 1 check"],
            }
            (job.reports / "shadow.json").write_text(json.dumps(document), "utf-8")
        return status

    def _roll_back(self, job: Job) -> int:
        """Take the last job, which is about all of them."""
        self.steps = json.loads(Path(job.arguments[1]).read_text("utf-8"))
        self.batch = job.arguments[2:]
        status, left = self.rolled_back
        if not status:
            result = next(each for each in job.arguments if each.startswith("--result="))
            Path(result.removeprefix("--result=")).write_text(json.dumps(left), "utf-8")
        return status

    def option(self, number: int, flag: str) -> str:
        """The value of an option of a run; empty without it."""
        given = self.jobs[number].arguments
        found = [each for each in given if each.startswith(f"{flag}=")]
        return found[0].removeprefix(f"{flag}=") if found else ""


@dataclass(frozen=True)
class Ended:
    """How the whole ended."""

    status: int
    said: str
    document: dict[str, Any]

    @property
    def verdicts(self) -> dict[str, str]:
        """Migration -> verdict."""
        return {each["name"]: each["verdict"] for each in self.document["migrations"]}

    @property
    def rules(self) -> list[str]:
        """Rules of the findings that count."""
        return [each["rule"] for each in self.document["findings"] if not each["accepted"]]


def judged(made: Repository, runs: Runs, **options: str) -> Ended:
    """Judge the branch of a repository."""
    said: list[str] = []
    given = {f"--{name}": value for name, value in ({"backup": "prod.dump"} | options).items()}
    asked = Asked({flag: value for flag, value in given.items() if value}, ("-x",))
    status = changed(made.folder, "base", asked, said.append, working_tree=False, run=runs)
    text = (made.folder / "reports" / "changed.json").read_text("utf-8")
    return Ended(status, "\n".join(said), json.loads(text))


def start(folder: Path, added: Texts) -> Repository:
    """A repository whose branch adds some files."""
    made = repository(folder, {**pair("0001_a"), "migrations/make.py": ""})
    made.commit(added)
    return made


def test_the_summary_has_the_reasons_of_a_no_go_and_not_what_follows_from_them(
    tmp_path: Path,
) -> None:
    made = start(tmp_path, {**pair("0002_b"), **pair("0003_c")})
    said = judged(made, Runs({"0003_c": (1, "NO-GO", "passed")})).said
    *_, before, reason, verdict = said.splitlines()
    assert before.startswith("  NO-GO       0003_c")
    assert (reason, verdict) == (f"    {REASON}", "verdict   NO-GO")


def test_each_is_run_on_what_those_before_it_leave(tmp_path: Path) -> None:
    made = start(tmp_path, {**pair("0002_b"), **pair("0003_c", "SELECT 3;\n"), **pair("0004_d")})
    runs = Runs()
    ended = judged(made, runs)
    assert (ended.status, ended.document["verdict"]) == (0, "GO")
    assert [job.name for job in runs.jobs] == ["0002_b", "0003_c", "0004_d"]
    assert runs.applied == [[], [UP], [UP, "SELECT 3;\n"]]
    assert runs.jobs[2].arguments[:2] == ("check", str(tmp_path / "migrations/0004_d.sql"))
    assert runs.option(0, "--rollback") == str(tmp_path / "migrations/rollback/0002_b.sql")
    assert runs.option(0, "--backup") == "prod.dump"
    assert runs.option(0, "--reports") == str(tmp_path / "reports/0002_b")
    assert runs.jobs[0].arguments[-1] == "-x"
    assert "verdict   GO" in ended.said
    index = (tmp_path / "reports" / "index.html").read_text("utf-8")
    assert "0004_d.sql" in index.replace("<wbr>", "")


def test_one_report_needs_no_index(tmp_path: Path) -> None:
    judged(start(tmp_path, pair("0002_b")), Runs())
    assert not (tmp_path / "reports" / "index.html").exists()


def test_what_the_runners_session_sets_goes_to_each_run(tmp_path: Path) -> None:
    made = start(tmp_path, {**pair("0002_b"), "shadowgate.toml": 'lock_timeout = "2s"\n'})
    runs = Runs()
    assert judged(made, runs).status == 0
    assert runs.option(0, "--lock-timeout") == "2s"
    assert runs.option(0, "--role") == ""


def test_files_are_told_from_the_projects_folder_and_that_from_the_top(tmp_path: Path) -> None:
    files = {f"shop/{name}": text for name, text in pair("0001_a").items()}
    top = repository(tmp_path, {**files, "shop/shadowgate.toml": ""})
    top.commit({"shop/migrations/0002_b.sql": UP})
    ended = judged(Repository(tmp_path / "shop"), Runs())
    assert ended.document["folder"] == "shop"
    assert ended.document["findings"][0]["file"] == "migrations/0002_b.sql"


def test_one_that_may_not_go_decides_and_the_next_is_judged_on_top(tmp_path: Path) -> None:
    made = start(tmp_path, {**pair("0002_b"), **pair("0003_c")})
    ended = judged(made, Runs({"0002_b": (1, "NO-GO", "passed")}))
    assert (ended.status, ended.document["verdict"]) == (1, "NO-GO")
    assert ended.verdicts == {"0002_b": "NO-GO", "0003_c": "GO"}


def test_nothing_is_judged_on_top_of_what_cannot_be_applied(tmp_path: Path) -> None:
    made = start(tmp_path, {**pair("0002_b"), **pair("0003_c")})
    runs = Runs({"0002_b": (1, "NO-GO", "failed")})
    ended = judged(made, runs)
    assert ended.status == 1
    assert ended.verdicts == {"0002_b": "NO-GO", "0003_c": "not judged"}
    assert len(runs.jobs) == 1


@pytest.mark.parametrize("status", [2, 3, 4])
def test_a_run_that_could_not_be_carried_out_is_no_pass(tmp_path: Path, status: int) -> None:
    ended = judged(start(tmp_path, pair("0002_b")), Runs({"0002_b": (status, "NO-GO", "blocked")}))
    assert ended.document["verdict"] == "NO-GO"
    assert ended.status == (4 if status == 4 else 1)


def test_the_verdict_of_an_earlier_run_is_not_taken_for_this_ones(tmp_path: Path) -> None:
    made = start(tmp_path, pair("0002_b"))
    old = tmp_path / "reports" / "0002_b" / "shadow.json"
    old.parent.mkdir(parents=True)
    old.write_text('{"verdict": "GO", "quick": false, "checks": []}', "utf-8")
    ended = judged(made, Runs({"0002_b": (4, "", "")}))
    assert (ended.status, ended.verdicts) == (4, {"0002_b": "not judged"})


def test_a_run_that_judges_nothing_is_no_pass(tmp_path: Path) -> None:
    made = start(tmp_path, pair("0002_b"))
    said: list[str] = []
    asked = Asked({"--backup": "x"}, ())
    status = changed(tmp_path, "base", asked, said.append, working_tree=False, run=lambda _job: 0)
    assert status == 4
    assert made.branch().changes.pending


FOUND: dict[str, tuple[Texts, str, int | None, str]] = {
    "no way back": ({"migrations/0002_b.sql": UP}, "missing-rollback", None, "0002_b"),
    "an error": (pair("0002_b", "SELECT 1;\nSELEC 2;\n"), "script", 2, "syntax error"),
    "no statement": (pair("0002_b", "-- later\n"), "script", None, "no statement"),
    "an error in the way back": (pair("0002_b", UP, "\nDROP DROP;\n"), "script", 2, "error"),
    "a waiver without a reason": (
        pair("0002_b", f"-- shadowgate: allow table-rewrite\n{UP}"),
        "script",
        1,
        "no reason",
    ),
    "not UTF-8": (
        {**pair("0002_b"), "migrations/0002_b.sql": b"SELECT '\xff';\n"},
        "not-utf-8",
        1,
        "not UTF-8",
    ),
    "a plan that names nothing": (
        {**pair("0002_b"), "migrations/0002_b.toml": PLAN.format("0002_b") + QUERIES},
        "plan",
        None,
        "gone does not exist",
    ),
    "a plan without its rollback": (
        {"migrations/0002_b.sql": UP, "migrations/0002_b.toml": PLAN.format("0002_b")},
        "plan",
        None,
        "rollback: 0002_b.sql does not exist",
    ),
    "a plan that is none": (
        {**pair("0002_b"), "migrations/0002_b.toml": "name = \n"},
        "plan",
        None,
        "not valid TOML",
    ),
}


@pytest.mark.parametrize("case", FOUND)
def test_what_the_files_say_is_found_before_anything_is_run(tmp_path: Path, case: str) -> None:
    texts, rule, line, words = FOUND[case]
    ended = judged(start(tmp_path, texts), Runs())
    (found,) = ended.document["findings"]
    assert (found["rule"], found["line"]) == (rule, line)
    assert words in found["what"]
    assert ended.status == 1
    assert f"{found['file']}" in ended.said


def test_nothing_is_judged_on_top_of_what_cannot_be_read(tmp_path: Path) -> None:
    made = start(tmp_path, {**pair("0002_b"), **pair("0003_c", "SELEC;"), **pair("0004_d")})
    runs = Runs()
    ended = judged(made, runs)
    assert [job.name for job in runs.jobs] == ["0002_b"]
    assert ended.verdicts == {"0002_b": "GO", "0003_c": "not judged", "0004_d": "not judged"}
    assert ended.status == 1


def test_a_script_that_says_so_needs_no_way_back(tmp_path: Path) -> None:
    text = f"-- shadowgate: irreversible: the old codes are gone\n{UP}"
    assert judged(start(tmp_path, {"migrations/0002_b.sql": text}), Runs()).status == 0


def test_a_plan_that_a_branch_takes_a_file_from_is_found(tmp_path: Path) -> None:
    plan = PLAN.format("0001_a") + '[workload]\nqueries = "../queries"\n'
    base = {**pair("0001_a"), "migrations/0001_a.toml": plan, "queries/q.sql": "SELECT 1;"}
    made = repository(tmp_path, base)
    made.remove("queries/q.sql")
    (tmp_path / "queries").rmdir()
    ended = judged(made, Runs())
    assert ended.rules == ["plan"]


def test_a_migration_with_a_plan_is_judged_by_it(tmp_path: Path) -> None:
    plan = {"migrations/plan.toml": PLAN.format("0003_c") + '[runner]\ntransaction = "file"\n'}
    runs = Runs()
    made = start(tmp_path, {**pair("0002_b"), **pair("0003_c"), **pair("0004_d"), **plan})
    assert judged(made, runs).status == 0
    named = f"--plan={tmp_path / 'migrations/plan.toml'}"
    assert runs.jobs[1].arguments[:2] == ("run", named)
    assert runs.option(1, "--backup") == "prod.dump"
    assert runs.applied == [[], [UP], [UP, f"BEGIN; {UP}\n; COMMIT;\n"]]


def test_what_a_plan_applies_itself_is_not_applied_twice(tmp_path: Path) -> None:
    plan = {"migrations/p.toml": PLAN.format("0003_c") + '[backup]\napply = ["0002_b.sql"]\n'}
    runs = Runs()
    judged(start(tmp_path, {**pair("0002_b"), **pair("0003_c"), **plan}), runs)
    assert runs.applied == [[], []]


def test_a_plan_that_generates_its_backup_says_all_itself(tmp_path: Path) -> None:
    plan = {"migrations/p.toml": PLAN.format("0002_b") + GENERATED}
    runs = Runs()
    made = start(tmp_path, {**pair("0002_b"), **plan})
    assert judged(made, runs, backup="", rows="2000").status == 0
    assert runs.option(0, "--backup") == ""
    assert runs.option(0, "--rows") == "2000"


def test_a_copy_that_is_given_is_cloned_for_each_and_needs_no_backup(tmp_path: Path) -> None:
    plan = {"migrations/p.toml": PLAN.format("0003_c") + GENERATED}
    runs = Runs()
    made = start(tmp_path, {**pair("0002_b"), **pair("0003_c"), **plan})
    given = {"shadow": "postgresql://me@host/copy", "production": "seen.json"}
    assert judged(made, runs, backup="", **given).status == 0
    for place in (0, 1):
        assert runs.option(place, "--backup") == ""
        assert runs.option(place, "--shadow") == "postgresql://me@host/copy"
        assert runs.option(place, "--production") == "seen.json"
    assert runs.applied == [[], [UP]]


def test_another_plan_of_what_the_base_has_is_judged_where_it_makes_the_state_before(
    tmp_path: Path,
) -> None:
    runs = Runs()
    plan = PLAN.format("0001_a")
    made = start(tmp_path, {"migrations/0001_a.toml": plan + GENERATED})
    assert judged(made, runs).verdicts == {"0001_a": "GO"}
    made.commit({"migrations/0001_a.toml": plan})
    ended = judged(made, Runs())
    assert ended.verdicts == {}
    assert "0001_a" in ended.document["notes"][0]


@pytest.mark.parametrize(
    ("text", "rules"), [("DROP;\n", ["script"]), ("DROP TABLE t;\n", []), ("", ["script"])]
)
def test_another_way_back_from_what_the_base_has_is_looked_over(
    tmp_path: Path, text: str, rules: list[str]
) -> None:
    made = start(tmp_path, {"migrations/rollback/0001_a.sql": text})
    ended = judged(made, Runs())
    assert ended.rules == rules
    assert "0001_a" in ended.document["notes"][0]


def test_a_way_back_that_is_taken_away_is_found(tmp_path: Path) -> None:
    made = start(tmp_path, {})
    made.remove("migrations/rollback/0001_a.sql")
    assert judged(made, Runs()).rules == ["missing-rollback"]


def test_a_migration_without_a_backup_ends_before_anything_is_run(tmp_path: Path) -> None:
    runs = Runs()
    with pytest.raises(UsageError, match="there is no backup"):
        judged(start(tmp_path, pair("0002_b")), runs, backup="")
    assert not runs.jobs


DBMATE = "-- migrate:up{}\n{}\n-- migrate:down\nDROP TABLE x;\n"
ALONE = "CREATE INDEX CONCURRENTLY i ON t (a);\n"


@pytest.mark.parametrize(
    ("options", "up", "transaction"),
    [
        ("", UP, "file"),
        ("", f"BEGIN;\n{UP}COMMIT;\n{ALONE}BEGIN;\nSELECT 1;\nCOMMIT;\n", ""),
        (" transaction:false", ALONE, "statement"),
        (" transaction:false", UP * 2, "file"),
        (" transaction:false", UP + ALONE, ""),
        ("", ALONE, ""),
        ("", "\\echo hello\n", ""),
    ],
)
def test_a_script_is_sent_as_dbmate_sends_it_or_found_to_be_refused(
    tmp_path: Path, options: str, up: str, transaction: str
) -> None:
    base = {"db/1_a.sql": DBMATE.format("", "CREATE TABLE x (a int);\n")}
    made = repository(tmp_path, base)
    made.commit({"db/2_b.sql": DBMATE.format(options, up)})
    runs = Runs()
    ended = judged(made, runs)
    assert ended.rules == ([] if transaction else ["script"])
    if transaction:
        assert runs.option(0, "--transaction") == transaction
        assert runs.scripts[0].splitlines()[1] == up.splitlines()[0]
        assert not Path(runs.jobs[0].arguments[1]).exists(), "the workspace is gone"


def test_with_a_plan_the_parts_of_a_file_are_run_and_not_the_file(tmp_path: Path) -> None:
    plan = PLAN.format("2_b").replace('rollback = "rollback/2_b.sql"\n', "")
    made = repository(tmp_path, {"db/1_a.sql": DBMATE.format("", UP)})
    made.commit({"db/2_b.sql": DBMATE.format("", UP), "db/2_b.toml": plan})
    runs = Runs()
    assert judged(made, runs).status == 0
    assert runs.option(0, "--migration").endswith("up/2_b.sql")
    assert runs.option(0, "--rollback").endswith("down/2_b.sql")
    assert runs.option(0, "--transaction") == "file"


def test_placeholders_are_filled_in_where_they_stand(tmp_path: Path) -> None:
    up = "-- in ${schema}\nALTER TABLE ${schema}.t ADD n text DEFAULT '${other}';\n"
    settings = '[placeholders]\nschema = "shop"\n'
    made = repository(tmp_path, {"sql/V1__a.sql": UP, "shadowgate.toml": settings})
    made.commit({"sql/V2__b.sql": up, "sql/U2__b.sql": "ALTER TABLE ${schema}.t DROP n;\n"})
    runs = Runs()
    assert judged(made, runs).status == 0
    assert runs.scripts == ["-- in shop\nALTER TABLE shop.t ADD n text DEFAULT '${other}';\n"]
    assert runs.option(0, "--rollback").endswith("down/U2__b.sql")


def test_a_placeholder_without_a_value_is_found_at_its_line(tmp_path: Path) -> None:
    made = repository(tmp_path, {"sql/V1__a.sql": UP})
    made.commit({"sql/V2__b.sql": "SELECT 1;\nALTER TABLE ${s}.t;\n", "sql/U2__b.sql": DOWN})
    (found,) = judged(made, Runs()).document["findings"]
    assert (found["rule"], found["line"]) == ("script", 2)


THREE = {**pair("0002_b"), **pair("0003_c"), **pair("0004_d")}


def test_all_of_them_are_rolled_back_in_reverse_at_the_end(tmp_path: Path) -> None:
    runs = Runs()
    ended = judged(start(tmp_path, THREE), runs, server="local")
    assert [each["name"] for each in runs.steps] == ["0002_b", "0003_c", "0004_d"]
    assert runs.steps[1]["down"] == str(tmp_path / "migrations/rollback/0003_c.sql")
    assert f"--migration={tmp_path}/migrations/0002_b.sql" in runs.batch
    assert {"--backup=prod.dump", "--server=local"} <= {*runs.batch}
    assert not any(each.startswith("--apply") for each in runs.batch)
    assert ended.document["rolled_back"]["migrations"] == ["0002_b", "0003_c", "0004_d"]
    assert (ended.status, ended.rules) == (0, [])


def test_what_is_left_is_a_finding_about_the_migration_that_left_it(tmp_path: Path) -> None:
    left = [{"step": "0003_c", "what": "column public.t.n was created"}]
    ended = judged(start(tmp_path, THREE), Runs(rolled_back=(0, left)))
    assert (ended.status, ended.rules) == (1, ["batch-rollback"])
    (finding,) = ended.document["findings"]
    assert finding["file"] == "migrations/rollback/0003_c.sql"
    assert "0003_c leaves: column public.t.n was created" in finding["what"]
    assert set(ended.verdicts.values()) == {"GO"}
    assert ended.document["verdict"] == "NO-GO"


def test_what_is_left_can_be_accepted_and_nothing_else_with_it(tmp_path: Path) -> None:
    waiver = '[[waivers]]\nrule = "batch-rollback"\nmigration = "0003_c"\nreason = "meant"\n'
    left = [{"step": name, "what": "it is left"} for name in ("0003_c", "0002_b")]
    ended = judged(
        start(tmp_path, {**THREE, "shadowgate.toml": waiver}), Runs(rolled_back=(0, left))
    )
    assert [each["accepted"] for each in ended.document["findings"]] == ["meant", ""]
    assert ended.status == 1


def test_what_a_script_or_a_plan_accepts_of_a_rollback_is_accepted(tmp_path: Path) -> None:
    said = pair("0002_b", f"-- shadowgate: allow batch-rollback: it is said\n{UP}")
    waiver = '[[waivers]]\nrule = "rollback.schema_identical"\nreason = "it is planned"\n'
    plan = {"migrations/0003_c.toml": PLAN.format("0003_c") + waiver}
    left = [{"step": name, "what": "it is left"} for name in ("0002_b", "0003_c")]
    ended = judged(start(tmp_path, {**THREE, **said, **plan}), Runs(rolled_back=(0, left)))
    accepted = [each["accepted"] for each in ended.document["findings"]]
    assert accepted == ["it is said", "it is planned"]
    assert ended.status == 0


def test_a_batch_that_could_not_be_rolled_back_is_no_pass(tmp_path: Path) -> None:
    ended = judged(start(tmp_path, THREE), Runs(rolled_back=(4, [])))
    assert (ended.status, ended.rules) == (1, ["batch-rollback"])
    assert "it could not be tried: its run ended with exit status 4" in ended.said


def test_it_begins_behind_the_last_one_without_a_way_back(tmp_path: Path) -> None:
    one_way = {
        "migrations/0003_c.sql": "-- shadowgate: irreversible: the rows are gone\nSELECT 1;\n"
    }
    runs = Runs()
    ended = judged(start(tmp_path, {**pair("0002_b"), **one_way, **pair("0004_d")}), runs)
    assert (ended.status, runs.steps) == (0, [])  # its own run has rolled the last one back
    runs = Runs()
    more = {**pair("0002_b"), **one_way, **pair("0004_d"), **pair("0005_e")}
    judged(start(tmp_path / "more", more), runs)
    assert [each["name"] for each in runs.steps] == ["0004_d", "0005_e"]
    applied = next(each for each in runs.batch if each.startswith("--apply="))
    assert applied.count(".sql") == 2


@pytest.mark.parametrize(
    ("added", "ends", "said"),
    [
        (THREE, {"0003_c": (1, "NO-GO", "passed")}, "not rolled back as one: 0003_c may not go"),
        (pair("0002_b"), {}, ""),
        (
            {
                **THREE,
                "migrations/0002_b.toml": PLAN.format("0002_b") + GENERATED,
                "shadowgate.toml": 'backup = "prod.dump"\n',
            },
            {},
            "the plan of 0002_b makes a backup of its own",
        ),
    ],
)
def test_where_it_means_nothing_it_is_not_tried(
    tmp_path: Path, added: Texts, ends: dict[str, tuple[int, str, str]], said: str
) -> None:
    runs = Runs(ends)
    ended = judged(start(tmp_path, added), runs, backup="" if len(added) > 6 else "prod.dump")
    assert runs.steps == []
    assert said in ended.said
    assert ended.rules == []
