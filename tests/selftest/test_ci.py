"""What other repositories use in their CI: the action, its script, and GitLab's template."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]

_RECORD = """#!/usr/bin/env bash
printf '%s\\n' "$@" END >> "$RECORD"
case "$*" in *bad*) exit 1 ;; *broken*) exit 4 ;; esac
"""


def expressions(value: Any) -> set[str]:
    """The ``${{ … }}`` of a part of the file."""
    return set(re.findall(r"\$\{\{\s*(.*?)\s*\}\}", json.dumps(value)))


def test_each_step_of_the_action_has_a_shell_or_an_action() -> None:
    for step in STEPS:
        assert ("run" in step and step["shell"] == "bash") or "@v" in step["uses"], step


def test_no_input_is_pasted_into_a_script() -> None:
    """An input could be a command; as a variable it is a value."""
    for step in STEPS:
        assert expressions(step.get("run", "")) == set(), step["name"]


def test_what_the_action_names_is_there() -> None:
    ids = {step["id"] for step in STEPS if "id" in step}
    for expression in expressions(ACTION):
        name = expression.split(".")
        if name[0] == "inputs":
            assert name[1] in ACTION["inputs"]
        elif name[0] == "steps":
            assert name[1] in ids
        else:
            assert name[0] in ("runner", "github")
    assert set(ACTION["outputs"]) == {"verdict", "risk", "report"}
    for wanted in ("base", "plan", "migration", "backup", "rows", "server", "reports"):
        assert f"inputs.{wanted}" in expressions(STEPS), f"{wanted} is handed to no step"


def test_a_no_go_is_shown_and_fails_the_job() -> None:
    places = {step.get("id"): place for place, step in enumerate(STEPS)}
    after = STEPS[places["judge"] + 1 :]
    assert places["publish"] == places["judge"] + 1
    assert all(step["if"].startswith("always()") for step in after)
    assert not any(step.get("continue-on-error") for step in STEPS)


def test_the_workflow_uses_the_action_as_it_is() -> None:
    text = (ROOT / ".github" / "workflows" / "shadow.yml").read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    steps = workflow["jobs"]["shadow"]["steps"]
    (used,) = [step for step in steps if step.get("uses") == "./"]
    assert used["with"].keys() <= ACTION["inputs"].keys()
    assert workflow["permissions"] == {"contents": "read", "pull-requests": "write"}


def test_gitlabs_template_keeps_the_reports_of_a_no_go() -> None:
    template = yaml.safe_load((ROOT / "ci" / "gitlab.yml").read_text(encoding="utf-8"))
    job = template["shadowgate"]
    assert job["artifacts"]["when"] == "always"
    assert job["artifacts"]["reports"]["codequality"] in " ".join(job["after_script"])
    script = "\n".join([*job["before_script"], *job["script"], *job["after_script"]])
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def judge(folder: Path, **asked: str) -> tuple[int, list[list[str]], str]:
    """Run the action's script with a command that writes down what it was called with."""
    command, record = folder / "command", folder / "record"
    command.write_text(_RECORD, encoding="utf-8")
    command.chmod(0o755)
    done = subprocess.run(
        [str(ROOT / "ci" / "judge"), str(command)],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "RECORD": str(record), **asked},
        capture_output=True,
        text=True,
        check=False,
    )
    said = record.read_text(encoding="utf-8").split("END\n") if record.exists() else []
    return done.returncode, [each.splitlines() for each in said if each], done.stdout + done.stderr


def test_one_plan_is_judged_with_all_that_was_asked(tmp_path: Path) -> None:
    status, (arguments,), _ = judge(
        tmp_path, PLAN="a b.toml", ROWS="5000", BACKUP="$(touch x)", SERVER="local", REPORTS="r"
    )
    assert status == 0
    assert arguments == [
        *("run", "--plan=a b.toml", "--backup=$(touch x)", "--rows=5000"),
        *("--server=local", "--reports=r", "--junitxml=r/junit.xml"),
    ]
    assert not (tmp_path / "x").exists()


def test_a_migration_without_a_plan_is_checked(tmp_path: Path) -> None:
    _, (arguments,), _ = judge(tmp_path, MIGRATION="m.sql", ROLLBACK="d.sql")
    assert arguments[:3] == ["check", "m.sql", "--rollback=d.sql"]
    assert "--server=auto" in arguments


def test_what_a_branch_changes_is_judged_against_its_base(tmp_path: Path) -> None:
    status, (arguments,), _ = judge(tmp_path, BASE="origin/bad", BACKUP="p.dump", REPORTS="r")
    assert status == 1
    assert arguments == [
        *("changed", "origin/bad", "--backup=p.dump"),
        *("--server=auto", "--reports=r"),
    ]


def test_several_have_a_folder_each_and_the_worst_status(tmp_path: Path) -> None:
    status, runs, _ = judge(tmp_path, PLAN="x/a.toml\n\n  y/a.toml \nbad.toml\nfine.toml\n")
    assert status == 1
    assert [each[1] for each in runs] == [
        f"--plan={name}" for name in ("x/a.toml", "y/a.toml", "bad.toml", "fine.toml")
    ]
    folders = [argument for each in runs for argument in each if argument.startswith("--reports")]
    assert len(set(folders)) == 4
    assert judge(tmp_path, PLAN="bad.toml\nbroken.toml\nfine.toml")[0] == 4


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"PLAN": " \n"},
        {"PLAN": "a.toml\nb.toml", "MIGRATION": "m.sql"},
        {"BASE": "origin/main", "PLAN": "a.toml"},
    ],
)
def test_nothing_is_judged_in_silence(tmp_path: Path, asked: dict[str, str]) -> None:
    status, runs, said = judge(tmp_path, **asked)
    assert (status, runs) == (4, [])
    assert said.startswith("judge: ")


def test_what_a_run_prints_is_no_command_of_the_runners(tmp_path: Path) -> None:
    _, _, said = judge(tmp_path, PLAN="a.toml", GITHUB_ACTIONS="true")
    first, last = said.splitlines()
    assert first.startswith("::stop-commands::")
    assert last == f"::{first.removeprefix('::stop-commands::')}::"
