"""What must not outlive a run, and how each is cleaned up by somebody else.

A ward is made before the thing that it stands for, so that there is no moment at which the thing
exists and nobody would clean it. Cleaning what never came to be is therefore not an error.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

import psutil


class Ward(Protocol):
    """One thing to be cleaned if its run dies."""

    kind: ClassVar[str]

    def clean(self) -> None:
        """Remove it; nothing happens if it does not exist."""
        ...


@dataclass(frozen=True)
class ClusterWard:
    """A directory with a cluster in it, and every process that works inside it."""

    kind: ClassVar[str] = "cluster"
    directory: str

    def clean(self) -> None:
        """Stop the processes, then delete the directory.

        The processes are found by what they work on and not by their id, so that it does not
        matter whether ``initdb`` or ``postgres`` was running, nor who started it.
        """
        stop_processes(Path(self.directory), seconds=10)
        shutil.rmtree(self.directory, ignore_errors=True)


WARDS: Mapping[str, Any] = {ward.kind: ward for ward in (ClusterWard,)}


def to_message(ward: Ward) -> dict[str, Any]:
    """A ward as plain data."""
    return {"kind": ward.kind, **asdict(ward)}  # type: ignore[call-overload]


def from_message(message: Mapping[str, Any]) -> Ward:
    """The ward that :func:`to_message` wrote."""
    fields = dict(message)
    ward: Ward = WARDS[fields.pop("kind")](**fields)
    return ward


def stop_processes(directory: Path, *, seconds: float) -> None:
    """Stop the PostgreSQL processes that work inside a directory, postmasters first.

    ``SIGQUIT`` is an immediate shutdown: it releases shared memory, which ``SIGKILL`` does not.
    What still runs after ``seconds`` is killed.
    """
    deadline = time.monotonic() + seconds
    while processes := _processes_in(directory):
        for process in processes:
            _end(process, hard=time.monotonic() > deadline)
        time.sleep(0.1)


def _processes_in(directory: Path) -> list[psutil.Process]:
    inside = str(directory)
    return [
        process
        for process in psutil.process_iter(["name", "cmdline", "cwd", "status"])
        if process.info["name"] in ("postgres", "initdb")
        and process.info["status"] != psutil.STATUS_ZOMBIE
        and any(
            text.startswith(inside)
            for text in (process.info["cwd"] or "", *(process.info["cmdline"] or ()))
        )
    ]


def _end(process: psutil.Process, *, hard: bool) -> None:
    try:
        if hard:
            process.kill()
        else:
            process.send_signal(3)
    except psutil.NoSuchProcess:
        return
