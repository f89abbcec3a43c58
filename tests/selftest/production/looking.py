"""Looking at production as somebody outside does: by the command, as a role that may only read."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shadowgate.command import main
from tests.selftest.production.conftest import Production


@dataclass(frozen=True)
class Look:
    """How a look ended."""

    status: int
    document: dict[str, Any]
    output: str

    @property
    def verdict(self) -> str:
        """In one word or two."""
        return str(self.document["verdict"])

    @property
    def reasons(self) -> str:
        """All reasons against going on, a line each."""
        return "\n".join(self.document["reasons"])

    def topics(self, standing: str) -> set[str]:
        """What stands so."""
        answers = self.document["answers"]
        return {line["topic"] for line in answers if line["standing"] == standing}


LookAt = Callable[..., Look]


def looking(
    command: str, production: Production, folder: Path, capsys: pytest.CaptureFixture[str]
) -> LookAt:
    """A function that looks, with more arguments; no output of it holds the password."""

    def look(*arguments: str, role: str = "watcher") -> Look:
        target = folder / "answers.json"
        given = [f"--server={production.uri(role)}", f"--json={target}"]
        capsys.readouterr()
        status = main([command, *given, *arguments])
        said = capsys.readouterr()
        assert status != 4, said.err
        assert "see-not-touch" not in said.out + said.err + target.read_text("utf-8")
        return Look(status, json.loads(target.read_text("utf-8")), said.out)

    return look
