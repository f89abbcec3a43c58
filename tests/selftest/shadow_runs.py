"""Runs the phases as a user does: in a process of their own, with a reports folder of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
ROWS = 3000


@dataclass(frozen=True)
class ShadowRun:
    """How a run ended and what it left."""

    status: int
    output: str
    reports: Path

    @property
    def document(self) -> dict[str, Any]:
        """``shadow.json``."""
        document: dict[str, Any] = json.loads((self.reports / "shadow.json").read_text("utf-8"))
        return document

    @property
    def statuses(self) -> dict[str, str]:
        """Check id -> status."""
        return {check["id"]: check["status"] for check in self.document["checks"]}

    def failed(self) -> set[str]:
        """Ids of the checks that failed."""
        return {name for name, status in self.statuses.items() if status == "failed"}


def command(*arguments: str, reports: Path) -> list[str]:
    """The command line of a run."""
    return [
        sys.executable,
        "-m",
        "pytest",
        *("-p", "no:cacheprovider", "-p", "no:hypothesispytest"),
        f"--reports={reports}",
        *arguments,
    ]


def shadow_run(*arguments: str, reports: Path, env: Mapping[str, str] | None = None) -> ShadowRun:
    """Run the phases and wait."""
    return _run(command(*arguments, reports=reports), ROOT, env or {}, reports)


def run_elsewhere(
    folder: Path, module: str, *arguments: str, env: Mapping[str, str] | None = None
) -> ShadowRun:
    """Run a module from a folder that is not this project's, and wait."""
    reached = {"PYTHONPATH": str(ROOT), **(env or {})}
    return _run([sys.executable, "-m", module, *arguments], folder, reached, folder / "reports")


def _run(arguments: list[str], cwd: Path, env: Mapping[str, str], reports: Path) -> ShadowRun:
    done = subprocess.run(
        arguments,
        cwd=cwd,
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    return ShadowRun(done.returncode, done.stdout, reports)
