"""Several plans on one command: which runs there are, what each is asked, how the whole ends."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from shadowgate.errors import UsageError
from shadowgate.repository.jobs import Asked, Job
from shadowgate.repository.several import jobs_of, plans_named, run_plans

PLAN = 'name = "{0}"\ntitle = "A plan"\nmigration = "{0}.sql"\n[rollout]\nstart = 2026-03-02\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with three plans, and a file that is none."""
    made = tmp_path / "migrations"
    made.mkdir()
    for name in ("b", "a", "c"):
        (made / f"{name}.toml").write_text(PLAN.format(name), "utf-8")
        (made / f"{name}.sql").write_text("SELECT 1;\n", "utf-8")
    (made / "settings.toml").write_text('layout = "plain"\n', "utf-8")
    return made


@dataclass
class Runs:
    """Stands in for the runs: notes what each is asked, and ends as told."""

    ends: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    """Name -> exit status and verdict; GO for the others, and no report without a verdict."""
    jobs: list[Job] = field(default_factory=list)

    def __call__(self, job: Job) -> int:
        """Take a job."""
        self.jobs.append(job)
        status, verdict = self.ends.get(job.name, (0, "GO"))
        if verdict:
            job.reports.mkdir(parents=True)
            document = {"verdict": verdict, "quick": True, "checks": [], "reasons": []}
            (job.reports / "shadow.json").write_text(json.dumps(document), "utf-8")
        return status


def asked(*others: str, **options: str) -> Asked:
    return Asked({f"--{name}": value for name, value in options.items()}, others)


def run(folder: Path, runs: Runs, at_once: int = 1) -> tuple[int, list[str]]:
    """Run the plans of a folder; the exit status, and what was said."""
    said: list[str] = []
    reports = folder.parent / "reports"
    plans = plans_named([str(folder)])
    return run_plans(plans, at_once, asked(), reports, said.append, runs), said


def option(job: Job, flag: str) -> str:
    found = [each for each in job.arguments if each.startswith(f"{flag}=")]
    return found[0].removeprefix(f"{flag}=") if found else ""


def test_a_folder_names_its_plans_in_order_and_a_plan_twice_is_one(folder: Path) -> None:
    named = [str(folder / "c.toml"), str(folder)]
    assert [path.stem for path in plans_named(named)] == ["c", "a", "b"]


def test_a_plan_that_cannot_be_read_is_not_passed_over(folder: Path) -> None:
    (folder / "d.toml").write_text("name = \n", "utf-8")
    assert [path.stem for path in plans_named([str(folder)])][-1] == "d"


def test_a_folder_without_a_plan_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no plan in"):
        plans_named([str(tmp_path)])


@pytest.mark.parametrize("at_once", [1, 2, 5])
def test_each_plan_has_a_run_and_the_worst_decides(folder: Path, at_once: int) -> None:
    runs = Runs({"a": (1, "NO-GO"), "b": (4, "")})
    status, said = run(folder, runs, at_once)
    assert status == 4
    assert sorted(job.name for job in runs.jobs) == ["a", "b", "c"]
    listed = [line.split()[:2] for line in said if line.startswith("  ")]
    assert listed[0] == ["NO-GO", "a"]
    assert listed[1] == ["not", "judged"]
    assert listed[2] == ["GO", "c"]
    assert said[-1] == "verdict   NO-GO"
    page = (folder.parent / "reports" / "index.html").read_text("utf-8")
    assert all(f"reports/{name}" in page or f"{name}.sql" in page for name in ("a", "b", "c"))


@pytest.mark.parametrize(
    ("ends", "status"),
    [
        ({}, 0),
        ({"b": (1, "NO-GO")}, 1),
        ({"b": (-9, "NO-GO")}, 2),
        ({"a": (1, "NO-GO"), "b": (2, "NO-GO")}, 2),
    ],
)
def test_the_exit_status_is_the_worst(
    folder: Path, ends: Mapping[str, tuple[int, str]], status: int
) -> None:
    found, said = run(folder, Runs(ends))
    assert found == status
    assert said[-1] == f"verdict   {'NO-GO' if status else 'GO'}"


def test_so_many_are_run_at_a_time(folder: Path) -> None:
    meeting = threading.Barrier(2, timeout=20)

    class Meeting(Runs):
        def __call__(self, job: Job) -> int:
            if job.name != "c":
                meeting.wait()  # broken, unless the other one is there
            return super().__call__(job)

    assert run(folder, Meeting(), at_once=2)[0] == 0


def test_what_an_earlier_run_left_is_no_answer(folder: Path) -> None:
    left = folder.parent / "reports" / "a"
    left.mkdir(parents=True)
    for name in ("shadow.json", "shadow.html"):
        (left / name).write_text('{"verdict": "GO"}', "utf-8")
    _, said = run(folder, Runs({"a": (4, "")}))
    assert any("not judged" in line and "exit status 4" in line for line in said)
    assert list(left.iterdir()) == []


def jobs(folder: Path, at_once: int, options: Asked) -> Sequence[Job]:
    return jobs_of(plans_named([str(folder)]), at_once, options, Path("reports"))


def test_each_is_asked_the_same_with_reports_of_its_own(folder: Path) -> None:
    first, *_ = jobs(folder, 2, asked("-x", "--junitxml=out/junit.xml", server="local", cold=""))
    assert first.arguments == (
        *("run", "--server=local", "--cold", f"--plan={folder}/a.toml", "--reports=reports/a"),
        *("--junitxml=reports/a/junit.xml", "-x"),
    )


def test_two_plans_of_one_name_have_two_folders(folder: Path) -> None:
    other = folder.parent / "other"
    other.mkdir()
    (other / "a.toml").write_text(PLAN.format("a"), "utf-8")
    plans = plans_named([str(folder / "a.toml"), str(other), str(folder / "b.toml")])
    made = jobs_of(plans, 1, asked(), Path("reports"))
    assert [job.reports.name for job in made] == ["1-a", "2-a", "b"]


@pytest.mark.parametrize("where", [{"server": "postgresql://h/db"}, {"shadow": "postgresql://h/d"}])
def test_on_one_server_at_once_each_has_databases_of_its_own(
    folder: Path, where: dict[str, str]
) -> None:
    plan = folder / "b.toml"
    plan.write_text(f'database = "{"é" * 20}"\n{plan.read_text("utf-8")}', "utf-8")
    names = [option(job, "--database") for job in jobs(folder, 2, asked(**where))]
    assert len(set(names)) == 3
    assert all(len(name.encode()) <= 40 for name in names)
    assert not any(option(job, "--database") for job in jobs(folder, 1, asked(**where)))
    assert not any(option(job, "--database") for job in jobs(folder, 2, asked(server="local")))


@pytest.mark.parametrize("flag", ["migration", "rollback"])
def test_what_holds_for_one_plan_is_refused_for_several(folder: Path, flag: str) -> None:
    with pytest.raises(UsageError, match="holds for one plan"):
        jobs(folder, 1, asked(**{flag: "m.sql"}))
