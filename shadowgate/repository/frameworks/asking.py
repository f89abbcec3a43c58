"""A program of a project's own, run to be asked something."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from shadowgate.errors import UsageError
from shadowgate.language import sentence
from shadowgate.repository.model import Migration, Part

_TO_US = re.compile(r"^\s*#\s*(shadowgate\s*:.*)$", re.MULTILINE)
_SAID = re.compile(r"^(?:FAILED: .*|[\w.]*(?:Error|Exception|Exit|Configured)\b.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Asking:
    """What is needed to ask a project's framework."""

    root: Path
    """The project's folder."""
    folder: Path
    """That of its migrations."""
    python: str = ""
    """The Python that has the framework and what the project needs; this one if empty."""
    settings_module: str = ""
    """Django's settings, where the project's files do not say."""
    server: str = "auto"
    """Where PostgreSQL runs, as for ``--server``."""


@dataclass(frozen=True)
class Program:
    """A call, and how a person would name it."""

    name: str
    arguments: Sequence[str]
    """Behind the Python."""
    cwd: Path
    seconds: float
    """How long it may take."""
    about: str
    """The file that it is about."""
    todo: str


def ask(program: Program, python: str, variables: Mapping[str, str]) -> str:
    """Run a program and return what it writes to its standard output.

    Args:
        program: what to run.
        python: the Python to run it with; this one if empty.
        variables: of its environment, beside this process's.

    Raises:
        UsageError: it cannot be started, fails, or takes too long.
    """
    try:
        done = subprocess.run(
            [python or sys.executable, *program.arguments],
            cwd=program.cwd,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=program.seconds,
            check=False,
        )
    except OSError as error:
        raise UsageError(
            sentence("{python} cannot be started: {reason}", python=python, reason=error.strerror),
            todo=program.todo,
        ) from error
    except subprocess.TimeoutExpired as error:
        raise UsageError(
            sentence(
                "{name} took longer than {seconds:.0f} s",
                name=program.name,
                seconds=program.seconds,
            ),
            where=str(program.cwd),
        ) from error
    if done.returncode != 0:
        raise UsageError(
            sentence(
                "{name} failed: {reason}",
                name=program.name,
                reason=_reason(done.stdout + done.stderr),
            ),
            where=program.about,
            todo=program.todo,
        )
    return done.stdout


def _reason(output: str) -> str:
    said = _SAID.findall(output) or output.strip().splitlines() or ["it said nothing"]
    return str(said[-1]).removeprefix("FAILED: ")


def generated(migration: Migration, up: str, down: str | None) -> Migration:
    """A migration with generated scripts; comments to shadowgate in its file come along."""
    comments = "".join(f"-- {said}\n" for said in _TO_US.findall(migration.up.text))
    return replace(
        migration,
        up=_part(migration, comments + up),
        down=None if down is None else _part(migration, down),
    )


def _part(migration: Migration, sql: str) -> Part:
    return Part(migration.up.path, sql, whole=False, generated=True)
