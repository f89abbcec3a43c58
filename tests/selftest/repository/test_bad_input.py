"""Requests that cannot be done: one message that says what to do, exit status 4, nothing run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from shadowgate.command import main
from tests.selftest.repository.repositories import Repository, repository

ONE = {"migrations/0001_a.sql": "CREATE TABLE t (a int);\n"}
TWO = {"migrations/0002_b.sql": "-- shadowgate: irreversible: x\nALTER TABLE t ADD b int;\n"}


def _none(folder: Path) -> None:
    """A folder that no repository has."""


def _empty(folder: Path) -> None:
    repository(folder, {"README.md": "x"})


def _two_layouts(folder: Path) -> None:
    repository(folder, {**ONE, "db/1_x.up.sql": "SELECT 1;\n", "db/1_x.down.sql": "SELECT 1;\n"})


def _two_in_one_folder(folder: Path) -> None:
    repository(folder, {**ONE, "migrations/V1__x.sql": "SELECT 1;\n"})


def _two_settings(folder: Path) -> None:
    repository(folder, {**ONE, "shadowgate.toml": "", "pyproject.toml": "[tool.shadowgate]\n"})


def _settings(text: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        repository(folder, {**ONE, "shadowgate.toml": text})

    return make


def _good(folder: Path) -> None:
    repository(folder, ONE)


def _uncommitted(folder: Path) -> None:
    repository(folder, ONE).write(TWO)


def _no_backup(folder: Path) -> None:
    repository(folder, ONE).commit(TWO)


def _shallow(folder: Path) -> None:
    made = repository(folder / "origin", ONE)
    made.commit(TWO)
    url = (folder / "origin").as_uri()
    Repository(folder).git("clone", "--quiet", "--depth=1", "--branch=change", url, "clone")
    for path in (folder / "clone").iterdir():
        path.rename(folder / path.name)


def _unrelated(folder: Path) -> None:
    made = repository(folder, ONE)
    made.git("checkout", "--quiet", "--orphan", "other")
    made.commit(TWO)


WAIVER = '[[waivers]]\nrule = "{}"\nmigration = "0001_a"\nreason = "{}"\n'
BAD: dict[str, tuple[Callable[[Path], None], list[str], str]] = {
    "no repository": (_none, ["base"], "not a git repository"),
    "no migrations": (_empty, ["base"], "there are no migrations in this repository"),
    "two layouts": (_two_layouts, ["base"], "db (golang-migrate) and migrations (plain)"),
    "two in one folder": (_two_in_one_folder, ["base"], "migrations (flyway) and"),
    "two settings": (_two_settings, ["base"], "have settings"),
    "no TOML": (_settings("x = \n"), ["base"], "shadowgate.toml"),
    "unknown key": (_settings("lay = 1\n"), ["base"], "unknown key lay"),
    "wrong type": (_settings("folder = 1\n"), ["base"], "expected str"),
    "unknown layout": (_settings('layout = "x"\n'), ["base"], "golang-migrate"),
    "outside": (_settings('folder = "../x"\n'), ["base"], "folder"),
    "not there": (_settings('folder = "none"\n'), ["base"], "no migrations in none"),
    "two lines": (_settings('placeholders = { x = "a\\nb" }\n'), ["base"], "placeholders"),
    "unknown rule": (_settings(WAIVER.format("x", "y")), ["base"], "waivers.rule"),
    "no reason": (_settings(WAIVER.format("out-of-order", " ")), ["base"], "waivers.reason"),
    "unknown base": (_good, ["nosuch"], "git knows no commit nosuch"),
    "a file as base": (_good, ["migrations"], "git knows no commit migrations"),
    "no base": (_good, [], "name what the branch is compared with"),
    "uncommitted": (_uncommitted, ["base"], "0002_b.sql is not as it was committed"),
    "no backup": (_no_backup, ["base"], "there is no backup to restore"),
    "shallow": (_shallow, ["origin/base"], "in this shallow clone"),
    "nothing in common": (_unrelated, ["base"], "have in common"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_done_is_said_in_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    prepare, arguments, words = BAD[case]
    prepare(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    status = main(["changed", *arguments])
    said = capsys.readouterr()
    assert status == 4, said
    assert words in said.err
    assert said.err.count("ERROR: ") == 1
    assert not (tmp_path / "reports").exists()


def test_without_git_there_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["changed", "base"]) == 4
    assert "git is not installed" in capsys.readouterr().err


def test_what_is_asked_for_without_a_commit_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = Repository(tmp_path)
    made.git("init", "--quiet")
    made.write(ONE)
    monkeypatch.chdir(tmp_path)
    assert main(["changed", "--working-tree"]) == 4
    assert "git knows no commit HEAD" in capsys.readouterr().err


def test_nothing_changed_is_said_without_a_server_or_a_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    repository(tmp_path, ONE).commit({"README.md": "x"})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", _only_git(tmp_path))
    assert main(["changed", "base", "--server=postgresql://nobody@127.0.0.1:1/none"]) == 0
    assert "no migration is added or edited" in capsys.readouterr().err


def _only_git(folder: Path) -> str:
    """A folder of programs that has git alone."""
    programs = folder.with_name(f"{folder.name}-programs")
    programs.mkdir()
    where = subprocess.run(["which", "git"], check=True, capture_output=True, text=True)
    (programs / "git").symlink_to(where.stdout.strip())
    return str(programs)


def test_what_takes_long_to_load_is_not_loaded_where_nothing_changed(tmp_path: Path) -> None:
    repository(tmp_path, ONE)
    program = (
        "import sys; from shadowgate.command import main; status = main(['changed', 'base']); "
        "heavy = {'pytest', 'numpy', 'scipy', 'matplotlib', 'psycopg', 'docker'} & {*sys.modules}; "
        "sys.exit(f'loaded: {heavy}' if heavy else status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
