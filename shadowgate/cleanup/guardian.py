"""The run's end of its guardian: start the process and tell it what to watch over."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from shadowgate.cleanup.claims import abandoned, claim, places
from shadowgate.cleanup.resources import FolderResource, Resource, to_message

_PATIENCE = 60.0
"""Seconds that a closing run waits for its guardian; cleaning takes a second or two."""


class Guardian:
    """A running guardian process; see ``__main__`` beside this for what it does."""

    def __init__(self, cleaner: str) -> None:
        """Start the process.

        Args:
            cleaner: module whose function ``clean`` removes a resource.
        """
        self._cleaner = cleaner
        self._resources: list[Resource] = []
        self._process = self._start()

    @property
    def pid(self) -> int:
        """Process id of the guardian process."""
        return self._process.pid

    def protect(self, resource: Resource) -> None:
        """Have it cleaned if this run dies before it is released."""
        self._send({"protect": to_message(resource)})
        self._resources.append(resource)

    def release(self, resource: Resource) -> None:
        """Tell that it was cleaned in the normal way, or is not ours any more."""
        if resource in self._resources:
            self._send({"release": to_message(resource)})
            self._resources.remove(resource)

    def close(self) -> None:
        """End the guardian; what was not released is cleaned first. Safe to call twice."""
        stdin = self._process.stdin
        if stdin is not None and not stdin.closed:
            if self._resources:
                self._replace_if_gone()
            with suppress(BrokenPipeError):
                self._stdin.close()
        with suppress(subprocess.TimeoutExpired):  # it goes on by itself
            self._process.wait(timeout=_PATIENCE)

    def __enter__(self) -> Guardian:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()

    def _start(self) -> subprocess.Popen[bytes]:
        package_root = str(Path(__file__).parents[2])
        search_path = os.pathsep.join(filter(None, [package_root, os.environ.get("PYTHONPATH")]))
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "shadowgate.cleanup", str(os.getpid()), self._cleaner],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": search_path},
            start_new_session=True,
        )

    @property
    def _stdin(self) -> IO[bytes]:
        assert self._process.stdin is not None  # noqa: S101  it was opened as a pipe
        return self._process.stdin

    def _send(self, message: dict[str, Any]) -> None:
        self._replace_if_gone()
        self._write(message)

    def _replace_if_gone(self) -> None:
        """Have another take over from a guardian that somebody ended."""
        if self._process.poll() is None:
            return
        with suppress(BrokenPipeError):
            self._stdin.close()
        self._process = self._start()
        for resource in self._resources:
            self._write({"protect": to_message(resource)})

    def _write(self, message: dict[str, Any]) -> None:
        self._stdin.write(json.dumps(message).encode() + b"\n")
        self._stdin.flush()


@contextmanager
def guarded_folder(cleaner: str) -> Iterator[Path]:
    """A private temporary folder that is deleted at the end, also if this process is killed.

    What runs have left that died together with their guardians is removed first.
    """
    for left in abandoned(places()):
        import_module(cleaner).clean(left)
    folder = Path(tempfile.gettempdir()).resolve() / f"shadowgate-{uuid.uuid4().hex[:12]}"
    resource = FolderResource(str(folder))
    with Guardian(cleaner) as guardian:
        guardian.protect(resource)
        folder.mkdir(mode=0o700)
        with claim(folder, resource):
            yield folder
