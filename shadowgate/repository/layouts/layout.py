"""What a layout is: which files tell it, and how migrations are read from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from shadowgate.repository.model import Files, Migration

Read = Callable[[Files, PurePosixPath], list[Migration]]


@dataclass(frozen=True)
class Layout:
    """How one tool keeps its migrations."""

    name: str
    told_by: Callable[[PurePosixPath], bool]
    """Whether a file's path may be one of its migrations."""
    marked: str
    """Regular expression that the file's text must match as well; empty where the path says it."""
    read: Read
    """Files and the folder of the migrations -> migrations, in no order."""
    folder_of: Callable[[PurePosixPath], PurePosixPath] = lambda path: path.parent
    """The folder of the migrations, from a file that tells the layout."""
    beside: tuple[str, ...] = ()
    """Folders beside that folder which belong to it."""
    suffixes: tuple[str, ...] = (".sql", ".toml", ".conf", ".plan")
    """Of the files that can say anything: scripts, plans and what the tool keeps beside."""
    sorted_by_version: bool = True
    """Otherwise a file of its own says the order."""
    framework: bool = False
    """Its files are a program: the framework is asked for the SQL."""
    checksums: bool = False
    """Its tool refuses a file that is not what it was, comments included."""


def directly_in(folder: PurePosixPath, files: Iterable[PurePosixPath]) -> list[PurePosixPath]:
    """The .sql files of a folder, without those of folders in it."""
    return sorted(path for path in files if path.parent == folder and path.suffix == ".sql")
