"""What git knows: the commits that are compared, and the files in them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from shadowgate.errors import UsageError
from shadowgate.language import sentence
from shadowgate.repository.model import Files


@dataclass(frozen=True)
class Git:
    """A git repository, asked from a folder of its working tree.

    Paths are relative to that folder.
    """

    folder: Path

    def commit(self, revision: str) -> str:
        """The commit that a revision names.

        Raises:
            UsageError: there is none here.
        """
        found = self._ask("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}", "--")
        if found is None:
            shallow = self._ask("rev-parse", "--is-shallow-repository") == b"true\n"
            raise UsageError(
                sentence("git knows no commit {revision}", revision=revision)
                + (" in this shallow clone" if shallow else " in this repository"),
                todo=_DEEPER
                if shallow
                else sentence("name a branch, a tag or a commit; {fetch}", fetch=_FETCH),
            )
        return found.decode().split()[0]

    def merge_base(self, one: str, other: str) -> str:
        """The commit at which two parted.

        Raises:
            UsageError: they have none in common here.
        """
        found = self._ask("merge-base", one, other)
        if found is None:
            raise UsageError(
                sentence(
                    "git finds no commit that {one} and {other} have in common",
                    one=one[:10],
                    other=other[:10],
                ),
                todo=_DEEPER,
            )
        return found.decode().split()[0]

    def top(self) -> Path:
        """The top folder of the working tree.

        Raises:
            UsageError: the folder lies in none, or git is not there.
        """
        return Path(os.fsdecode(self._told("rev-parse", "--show-toplevel")).rstrip("\n"))

    def listed(self) -> list[PurePosixPath]:
        """All files below the folder, but those that git ignores."""
        names = self._told("ls-files", "-z", "--cached", "--others", "--exclude-standard")
        return sorted({PurePosixPath(name) for name in _split(names)})

    def files(
        self, commit: str, folders: Sequence[PurePosixPath], suffixes: Collection[str]
    ) -> dict[PurePosixPath, bytes]:
        """The files of some folders as they are in a commit, of some suffixes alone."""
        entries = self._told("ls-tree", "-r", "-z", commit, "--", *map(str, folders))
        blobs: dict[PurePosixPath, str] = {}
        for entry in _split(entries):
            described, _, name = entry.partition("\t")
            mode, kind, blob = described.split()
            path = PurePosixPath(name)
            if kind == "blob" and mode != _LINK and path.suffix in suffixes:
                blobs[path] = blob
        return dict(zip(blobs, self._contents(blobs.values()), strict=True))

    def uncommitted(self, folders: Sequence[PurePosixPath], suffixes: Collection[str]) -> list[str]:
        """Files of some folders that are not as they were committed."""
        said = self._told(
            "status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--",
            *(f":(literal){folder}" for folder in folders),
        )  # fmt: skip
        return [line[3:] for line in _split(said) if PurePosixPath(line).suffix in suffixes]

    def gone_since(self, commit: str) -> list[PurePosixPath]:
        """Files of a commit that are there no more."""
        told = self._told(
            "diff", "--name-only", "-z", "--no-renames", "--relative", "--diff-filter=D", commit
        )
        return [PurePosixPath(name) for name in _split(told)]

    def _contents(self, blobs: Iterable[str]) -> list[bytes]:
        wanted = list(blobs)
        told = self._told("cat-file", "--batch", given="".join(f"{each}\n" for each in wanted))
        contents, place = [], 0
        for _ in wanted:
            end = told.index(b"\n", place)
            size = int(told[place:end].split()[2])
            contents.append(told[end + 1 : end + 1 + size])
            place = end + 1 + size + 1
        return contents

    def _told(self, *arguments: str, given: str = "") -> bytes:
        """What a command says that has no reason to fail.

        Raises:
            UsageError: it fails all the same.
        """
        done = self._run(arguments, given)
        if done.returncode != 0:
            raise _refused(arguments[0], done.stderr)
        return done.stdout

    def _ask(self, *arguments: str) -> bytes | None:
        """What a command says; ``None`` if it finds nothing."""
        done = self._run(arguments, "")
        return done.stdout if done.returncode == 0 else None

    def _run(self, arguments: Sequence[str], given: str) -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(
                ["git", *arguments],
                cwd=self.folder,
                env={**os.environ, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"},
                input=given.encode(),
                capture_output=True,
                check=False,
            )
        except FileNotFoundError as error:
            raise UsageError(
                "git is not installed, and only it knows what a branch changes",
                todo="install git",
            ) from error


_LINK = "120000"
"""Mode of a symbolic link: it is no file of its own."""
_FETCH = "fetch it first: git fetch origin BRANCH"
_DEEPER = (
    "fetch the history: git fetch --unshallow origin (in a workflow of GitHub's: actions/checkout "
    "with fetch-depth: 0)"
)


def on_disk(
    folder: Path,
    paths: Iterable[PurePosixPath],
    inside: Sequence[PurePosixPath],
    suffixes: Collection[str],
) -> Files:
    """Of some paths those inside of some folders that are files, with their contents.

    Raises:
        UsageError: one cannot be read.
    """
    found: dict[PurePosixPath, bytes] = {}
    for path in paths:
        full = folder / path
        inside_one = any(each in path.parents for each in inside)
        if inside_one and path.suffix in suffixes and full.is_file() and not full.is_symlink():
            try:
                found[path] = full.read_bytes()
            except OSError as error:
                raise UsageError(
                    sentence("{path} cannot be read: {reason}", path=path, reason=error.strerror)
                ) from error
    return found


def _split(told: bytes) -> list[str]:
    return [os.fsdecode(part) for part in told.split(b"\0") if part]


def _refused(command: str, stderr: bytes) -> UsageError:
    said = stderr.decode(errors="replace").strip().removeprefix("fatal: ").splitlines()
    reason = said[0] if said else sentence("it said nothing")
    return UsageError(
        sentence("git {command} failed: {reason}", command=command, reason=reason),
        todo="run this inside of a git repository that git trusts (git status says why not)",
    )
