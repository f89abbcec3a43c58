"""A folder of .sql files that begin with a number or a timestamp, rollbacks beside them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePosixPath

from shadowgate.plan.derived import BACK_FOLDERS, rollbacks_beside
from shadowgate.repository.layouts.layout import Layout, Read, directly_in
from shadowgate.repository.model import Files, Migration, Transactions, optional_file, whole_file

_NUMBERED = re.compile(r"(?P<version>\d+)(?P<rest>[-_.]\S.*)?\.sql")
_DATED = re.compile(r"(?P<version>\d{4}-\d\d-\d\d.*)\.sql")
_BACKWARDS = (".down.sql", "_down.sql", ".rollback.sql")
_FOLDERS = re.compile(r"(db[-_]?)?(migrations?|migrate)", re.IGNORECASE)


def is_one(path: PurePosixPath) -> bool:
    """Whether a file is named as a migration, and not as the way back from one."""
    return bool(
        _NUMBERED.fullmatch(path.name)
        and not path.name.endswith(_BACKWARDS)
        and path.parent.name not in BACK_FOLDERS
    )


def told_by(path: PurePosixPath) -> bool:
    """Whether a file lies as one of these does."""
    return is_one(path) and _FOLDERS.fullmatch(path.parent.name) is not None


def version_of(name: str) -> tuple[str, tuple[int, ...]]:
    """Version and order of a file's name: a number, or all of a name that begins with a date."""
    dated = _DATED.fullmatch(name)
    if dated is not None:
        return dated["version"], tuple(int(part) for part in name[:10].split("-"))
    numbered = _NUMBERED.fullmatch(name)
    assert numbered is not None  # noqa: S101  (who asks has matched it)
    return numbered["version"], (int(numbered["version"]),)


def reader(transactions: Transactions) -> Read:
    """Make a reader of such a folder for a runner that sends scripts in a way of its own."""

    def read(files: Files, folder: PurePosixPath) -> list[Migration]:
        found = [path for path in directly_in(folder, files) if is_one(path)]
        return [_read_one(path, files, found.__contains__, transactions) for path in found]

    return read


def _read_one(
    path: PurePosixPath,
    files: Files,
    is_migration: Callable[[PurePosixPath], bool],
    transactions: Transactions,
) -> Migration:
    version, order = version_of(path.name)
    places = (place for place in rollbacks_beside(path) if not is_migration(place))
    up, flaws = whole_file(path, files)
    down, more = optional_file(next((place for place in places if place in files), None), files)
    return Migration(
        path.stem, version, order, path.stem, up, down, transactions, flaws=(*flaws, *more)
    )


LAYOUT = Layout("plain", told_by, "", reader(""), beside=BACK_FOLDERS)
