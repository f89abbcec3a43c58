"""Whether a report, its ``shadow.json`` and the files that it was made of belong together.

The page names the sha256 of each and bears a *seal*, the sha256 of the page itself without it. A
seal is a checksum and no signature: it tells that nobody changed the page by accident or by hand;
who signs writes it down, and then it tells more.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from shadowgate.errors import UsageError
from shadowgate.language import sentence

UNSEALED = "0" * 64
"""Stands for the seal in a page that bears none yet."""

SEALED_ID = "sealed"
"""Id of the element that says what a page was made with."""

_ATTRIBUTE = "data-sealed"
_NOT_SEARCHED = frozenset({".git", ".venv", "venv", "node_modules", "__pycache__"})

State = Literal["the same", "changed", "not found", "not looked at"]


@dataclass(frozen=True)
class Finding:
    """One file held against what the page says of it."""

    name: str
    state: State
    detail: str = ""

    @property
    def holds(self) -> bool:
        """Whether it is what the page says, or was left out on purpose."""
        return self.state in ("the same", "not looked at")


def sealed_with(json_digest: str, inputs: Mapping[str, str]) -> str:
    """What a page says of itself for :func:`verify_report`, its seal still open."""
    return json.dumps({"seal": UNSEALED, "shadow.json": json_digest, "inputs": dict(inputs)})


def seal_page(page: Path) -> None:
    """Put the seal into a finished page."""
    text = page.read_text("utf-8")
    page.write_text(text.replace(UNSEALED, _digest(text.encode())), "utf-8")


def digest_of(path: Path) -> str:
    """Sha256 of a file's content.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def verify_report(
    page: Path, folders: Iterable[Path], *, leave_out: Collection[str] = ()
) -> list[Finding]:
    """Hold a page against its seal, the ``shadow.json`` beside it and its inputs.

    Args:
        page: ``shadow.html``.
        folders: where the inputs are looked for, by their names; files are taken as they are.
        leave_out: names of inputs that are not at hand and are not looked at.

    Raises:
        UsageError: a file is missing or is no report, or a name to leave out is no input.
    """
    text = _text_of(page)
    said = _said_by(text, page)
    inputs: Mapping[str, str] = said["inputs"]
    unknown = sorted({*leave_out} - inputs.keys())
    if unknown:
        raise UsageError(
            sentence("the report names no input {unknown}", unknown=", ".join(unknown)),
            where=str(page),
            todo=sentence("use one of: {inputs}", inputs=", ".join(inputs)),
        )
    found = _files_by_name(folders, {PurePosixPath(name).name for name in inputs})
    return [
        _page_finding(page, text, str(said["seal"])),
        _json_finding(page.with_name("shadow.json"), str(said["shadow.json"])),
        *(
            Finding(name, "not looked at")
            if name in leave_out
            else _input_finding(name, digest, found.get(PurePosixPath(name).name, []))
            for name, digest in inputs.items()
        ),
    ]


def _text_of(page: Path) -> str:
    try:
        return page.read_text("utf-8")
    except FileNotFoundError as error:
        raise UsageError(
            sentence("there is no file {page}", page=page), todo="name a shadow.html"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            sentence("{page} cannot be read: {error}", page=page, error=error),
            todo="name a shadow.html",
        ) from error


class _Reader(HTMLParser):
    """Finds what a page says of itself."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.said: str | None = None
        self.feed(text)

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the attribute of the first element that bears it."""
        given = dict(attrs)
        if given.get("id") == SEALED_ID and self.said is None:
            self.said = given.get(_ATTRIBUTE)


def _said_by(text: str, page: Path) -> Mapping[str, Any]:
    try:
        said = json.loads(_Reader(text).said or "null")
    except ValueError:
        said = None
    if not isinstance(said, dict) or {"seal", "shadow.json", "inputs"} - said.keys():
        raise UsageError(
            sentence("{page} does not say what it was made of", page=page),
            todo="name a shadow.html that a run of this version has written to its end",
        )
    return said


def _page_finding(page: Path, text: str, seal: str) -> Finding:
    if seal == UNSEALED:
        return Finding(page.name, "changed", "it bears no seal: the run did not end")
    intact = _digest(text.replace(seal, UNSEALED).encode()) == seal
    return Finding(page.name, "the same" if intact else "changed", f"seal {seal}")


def _json_finding(path: Path, digest: str) -> Finding:
    if not path.is_file():
        return Finding(path.name, "not found", f"it is not in {path.parent}")
    return _compared(path.name, digest, [path])


def _input_finding(name: str, digest: str, candidates: Collection[Path]) -> Finding:
    if not candidates:
        return Finding(name, "not found", f"sha256 {digest}")
    return _compared(name, digest, candidates)


def _compared(name: str, digest: str, candidates: Iterable[Path]) -> Finding:
    found = {path: digest_of(path) for path in candidates}
    same = [path for path, own in found.items() if own == digest]
    if same:
        return Finding(name, "the same", str(same[0]))
    others = ", ".join(f"{path} has {own}" for path, own in found.items())
    return Finding(name, "changed", f"sha256 {digest} in the report; {others}")


def _files_by_name(folders: Iterable[Path], names: Collection[str]) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for path in (each for folder in folders for each in _files_in(folder)):
        if path.name in names:
            found.setdefault(path.name, []).append(path)
    return found


def _files_in(folder: Path) -> Iterator[Path]:
    if folder.is_file():
        yield folder
    elif not folder.exists():
        raise UsageError(
            sentence("there is no file or folder {folder}", folder=folder),
            todo="see --files",
        )
    for place, below, files in os.walk(folder):
        below[:] = sorted(set(below) - _NOT_SEARCHED)
        yield from (Path(place) / name for name in sorted(files))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
