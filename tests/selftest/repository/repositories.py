"""Real git repositories, made in a test's folder."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shadowgate.repository.branch import Branch, open_project, read_branch

Texts = Mapping[str, str | bytes]


@dataclass(frozen=True)
class Repository:
    """A repository whose base is the branch ``base`` and whose work goes on in ``change``."""

    folder: Path

    def git(self, *arguments: str) -> str:
        """Ask git for something."""
        who = ("-c", "user.name=t", "-c", "user.email=t@example.org")
        done = subprocess.run(
            ["git", *who, *arguments], cwd=self.folder, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def write(self, texts: Texts) -> None:
        """Write files."""
        for name, text in texts.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())

    def commit(self, texts: Texts) -> None:
        """Commit files."""
        self.write(texts)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message=x")

    def remove(self, *names: str) -> None:
        """Commit that files are gone."""
        for name in names:
            (self.folder / name).unlink()
        self.commit({})

    def branch(self, *, working_tree: bool = False) -> Branch:
        """What the branch that is checked out does to the base."""
        return read_branch(open_project(self.folder), "base", working_tree=working_tree)


def repository(folder: Path, base: Texts) -> Repository:
    """A repository with some files on its base, and a branch of it checked out."""
    made = Repository(folder)
    folder.mkdir(parents=True, exist_ok=True)
    made.git("init", "--quiet", "--initial-branch=base")
    made.commit(base)
    made.git("checkout", "--quiet", "-b", "change")
    return made
