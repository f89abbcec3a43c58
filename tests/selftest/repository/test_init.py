"""`shadowgate init`: what it writes is read back, and it never overwrites."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from shadowgate.command import main
from shadowgate.repository.branch import open_project
from tests.selftest.repository.repositories import repository

FILES = {"db/migrations/1_a.sql": "-- migrate:up\nSELECT 1;\n-- migrate:down\n"}
WRITTEN = {"shadowgate.toml", ".github/workflows/shadowgate.yml"}


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder but git's own."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }


def test_it_says_what_it_found_and_writes_two_files_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    repository(tmp_path, FILES)
    before = contents(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert main(["init", "--backup=dumps/prod.dump"]) == 0
    after = contents(tmp_path)
    assert "found 1 migration in db/migrations (dbmate)" in capsys.readouterr().err
    assert {*after} - {*before} == WRITTEN
    assert {name: after[name] for name in before} == before
    assert main(["init", "--backup=other.dump"]) == 0
    assert contents(tmp_path) == after
    settings = open_project(tmp_path).settings
    assert (settings.layout, settings.folder) == ("dbmate", "db/migrations")
    assert settings.backup == "dumps/prod.dump"


def test_settings_that_are_there_are_left_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {"pyproject.toml": '[tool.shadowgate]\nbackup = "x"\n'}
    repository(tmp_path, {**FILES, **own, ".github/workflows/shadowgate.yml": "mine\n"})
    before = contents(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert main(["init"]) == 0
    assert contents(tmp_path) == before


def test_a_project_below_the_top_folder_has_the_workflow_at_the_top(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository(tmp_path, {f"shop/{name}": text for name, text in FILES.items()})
    (tmp_path / "shop" / "pyproject.toml").write_text("[tool.shadowgate]\n", "utf-8")
    monkeypatch.chdir(tmp_path / "shop")
    assert main(["init"]) == 0
    text = (tmp_path / ".github/workflows/shadowgate.yml").read_text("utf-8")
    assert 'FOLDER: "shop"' in text


def test_without_a_known_backup_the_settings_show_where_to_name_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository(tmp_path, FILES)
    monkeypatch.chdir(tmp_path)
    assert main(["init"]) == 0
    text = (tmp_path / "shadowgate.toml").read_text("utf-8")
    assert "backup" not in tomllib.loads(text)
    assert tomllib.loads(re.sub(r"(?m)^# (?=backup)", "", text))["backup"]


def test_where_nothing_is_told_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    repository(tmp_path, {"README.md": "x"})
    before = contents(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert main(["init"]) == 4
    assert contents(tmp_path) == before
    assert "there are no migrations" in capsys.readouterr().err
