"""Flyway: V2_1__name.sql, its undo U2_1__name.sql, and R__name.sql, run again when it changes."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from shadowgate.repository.layouts.layout import Layout
from shadowgate.repository.model import Files, Migration, Transactions, optional_file, whole_file

_NAME = re.compile(r"(?:V(?P<version>\d+(?:[._]\d+)*)|R)__\S.*\.sql")
_ALONE = re.compile(r"^\s*executeInTransaction\s*=\s*false\s*$", re.MULTILINE | re.IGNORECASE)
_LAST = (2**63,)


def told_by(path: PurePosixPath) -> bool:
    """Whether a file is named as Flyway's are."""
    return _NAME.fullmatch(path.name) is not None


def read(files: Files, folder: PurePosixPath) -> list[Migration]:
    """Read the folder and all below it."""
    found = (path for path in sorted(files) if folder == path.parent or folder in path.parents)
    return [_read_one(path, files) for path in found if told_by(path)]


def _read_one(path: PurePosixPath, files: Files) -> Migration:
    match = _NAME.fullmatch(path.name)
    version = (match["version"] or "") if match else ""
    numbers = tuple(int(part) for part in re.split(r"[._]", version)) if version else _LAST
    while len(numbers) > 1 and numbers[-1] == 0:  # 1.0 is 1
        numbers = numbers[:-1]
    up, flaws = whole_file(path, files)
    down, more = optional_file(path.with_name(f"U{path.name[1:]}") if version else None, files)
    return Migration(
        path.stem,
        ".".join(map(str, numbers)) if version else "",
        numbers,
        path.stem,
        up,
        down,
        _transactions(path, files),
        repeatable=not version,
        flaws=(*flaws, *more),
    )


def _transactions(path: PurePosixPath, files: Files) -> Transactions:
    beside = files.get(path.with_name(f"{path.name}.conf"), b"")
    return "statement" if _ALONE.search(beside.decode(errors="replace")) else "where possible"


LAYOUT = Layout("flyway", told_by, "", read, checksums=True)
