"""Which plans the gate on pull requests runs."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / ".github" / "changed-plans"


class Repository:
    """A git repository whose base has one migration, A."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._git("init", "--quiet", "--initial-branch=base")
        self.write("migrations/1_a.sql", "migrations/1_a.toml", "migrations/rollback/1_a.sql")
        self._git("checkout", "--quiet", "-b", "change")

    def write(self, *names: str) -> None:
        """Commit a line more in each file."""
        for name in names:
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8") as file:
                file.write("-- more\n")
        self._commit()

    def remove(self, *names: str) -> None:
        """Commit that files are gone."""
        for name in names:
            (self.folder / name).unlink()
        self._commit()

    def changed(self) -> subprocess.CompletedProcess[str]:
        """Ask the script what changed since the base."""
        return subprocess.run(
            [str(SCRIPT), "base"], cwd=self.folder, capture_output=True, text=True, check=False
        )

    def _commit(self) -> None:
        self._git("add", "--all")
        who = ("-c", "user.name=t", "-c", "user.email=t@example.org")
        self._git(*who, "commit", "--quiet", "--message=x")

    def _git(self, *arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=self.folder, check=True)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


@pytest.mark.parametrize(
    "name", ["migrations/1_a.sql", "migrations/1_a.toml", "migrations/rollback/1_a.sql"]
)
def test_each_file_of_a_migration_asks_for_its_plan(repository: Repository, name: str) -> None:
    repository.write(name)
    assert json.loads(repository.changed().stdout) == ["migrations/1_a.toml"]


def test_every_migration_is_validated_with_its_own_plan(repository: Repository) -> None:
    repository.write("migrations/rollback/1_a.sql", "migrations/2_b.sql", "migrations/2_b.toml")
    plans = json.loads(repository.changed().stdout)
    assert plans == ["migrations/1_a.toml", "migrations/2_b.toml"]


def test_a_migration_without_a_plan_does_not_pass_unseen(repository: Repository) -> None:
    repository.write("migrations/3_c.sql")
    found = repository.changed()
    assert found.returncode == 1
    assert "migrations/3_c.toml is missing" in found.stderr


def test_a_plan_taken_away_from_its_migration_does_not_pass_unseen(repository: Repository) -> None:
    repository.remove("migrations/1_a.toml")
    assert repository.changed().returncode == 1


def test_a_migration_taken_back_needs_no_validation(repository: Repository) -> None:
    repository.remove("migrations/1_a.sql", "migrations/1_a.toml", "migrations/rollback/1_a.sql")
    assert json.loads(repository.changed().stdout) == []


def test_nothing_changed_means_nothing_to_run(repository: Repository) -> None:
    repository.write("README.md")
    assert json.loads(repository.changed().stdout) == []
