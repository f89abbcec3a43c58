"""The job of GitHub Actions that this process runs in, as its environment tells."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_SHA = re.compile(r"[0-9a-f]{40,64}")
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)


@dataclass(frozen=True)
class Job:
    """What a job knows of itself; what is not set is empty."""

    api: str
    repository: str
    token: str = field(repr=False)
    pull_request: int | None
    """Number of the pull request that the job was started for."""
    commit: str
    """The commit that the pull request proposes."""
    run_address: str
    """Of the run on the web."""
    summary: Path | None
    outputs: Path | None

    def footer(self) -> str:
        """Markdown below a comment: the commit, and where the report is."""
        parts = [f"commit {self.commit[:12]}"] if self.commit else []
        if self.run_address:
            parts.append(f"[report among the run's artifacts]({self.run_address})")
        return f"<sub>shadowgate · {' · '.join(parts)}</sub>" if parts else ""

    def append_summary(self, page: str) -> None:
        """Add a page to the job's summary.

        Raises:
            OSError: the file cannot be written.
        """
        if self.summary is not None:
            with self.summary.open("a", encoding="utf-8") as file:
                file.write(f"{page}\n")

    def set_outputs(self, values: Mapping[str, str]) -> None:
        """Hand values to the steps that follow; a value may have several lines.

        Raises:
            OSError: the file cannot be written.
        """
        if self.outputs is not None:
            with self.outputs.open("a", encoding="utf-8") as file:
                for name, value in values.items():
                    end = f"end-{secrets.token_hex(16)}"
                    file.write(f"{name}<<{end}\n{value}\n{end}\n")


def job_of(environment: Mapping[str, str]) -> Job:
    """Read the job from its environment."""
    event = _event(environment.get("GITHUB_EVENT_PATH", ""))
    asked = event.get("pull_request")
    asked = asked if isinstance(asked, dict) else {}
    head = asked.get("head")
    proposed = str(head.get("sha", "")) if isinstance(head, dict) else ""
    commit = proposed or environment.get("GITHUB_SHA", "")
    repository = environment.get("GITHUB_REPOSITORY", "")
    number = asked.get("number")
    return Job(
        api=environment.get("GITHUB_API_URL", "") or "https://api.github.com",
        repository=repository if _REPOSITORY.fullmatch(repository) else "",
        token=environment.get("GITHUB_TOKEN", "") or environment.get("GH_TOKEN", ""),
        pull_request=number if isinstance(number, int) else None,
        commit=commit if _SHA.fullmatch(commit) else "",
        run_address=_run_address(environment, repository),
        summary=_file(environment, "GITHUB_STEP_SUMMARY"),
        outputs=_file(environment, "GITHUB_OUTPUT"),
    )


def _event(path: str) -> dict[str, Any]:
    try:
        event = json.loads(Path(path).read_text(encoding="utf-8")) if path else {}
    except (OSError, ValueError):
        return {}
    return event if isinstance(event, dict) else {}


def _file(environment: Mapping[str, str], name: str) -> Path | None:
    return Path(environment[name]) if environment.get(name) else None


def _run_address(environment: Mapping[str, str], repository: str) -> str:
    server, run = environment.get("GITHUB_SERVER_URL", ""), environment.get("GITHUB_RUN_ID", "")
    if not (re.fullmatch(r"https://[\w.:-]+", server, re.ASCII) and run.isdecimal()):
        return ""
    return f"{server}/{repository}/actions/runs/{run}" if _REPOSITORY.fullmatch(repository) else ""
