"""Folders that say whether their run is alive, for the case that its guardian died with it.

Whoever ends a whole tree of processes at once, as a cancelled CI job does, leaves nobody to clean
up. So a run writes into each of its folders how what lies there is removed, and holds a lock on
that file, which ends with the process however it ends. The next run removes what nobody holds.
"""

from __future__ import annotations

import fcntl
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from shadowgate.cleanup.resources import Resource, from_message, to_message

_CLAIM = "claim.json"
_FOLDERS = "shadowgate-*"


def claim(folder: Path, resource: Resource) -> IO[str]:
    """Say in a folder of this run that it is in use.

    Args:
        folder: the folder.
        resource: what is to be removed when this process is gone.

    Returns:
        The file that holds the lock; closing it gives the folder up.
    """
    unnamed = folder / f".{_CLAIM}"
    held = unnamed.open("w", encoding="utf-8")
    json.dump(to_message(resource), held)
    held.flush()
    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    unnamed.rename(folder / _CLAIM)  # only now, as whoever sees it takes it for locked
    return held


def abandoned(roots: set[Path]) -> Iterator[Resource]:
    """What runs that are gone have left in some folders.

    What belongs to another user, or was not claimed by a run, is left alone.
    """
    for path in sorted(found for root in roots for found in root.glob(f"{_FOLDERS}/{_CLAIM}")):
        try:
            with path.open(encoding="utf-8") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                yield from_message(json.load(file))
        except (OSError, ValueError, TypeError, KeyError):
            continue  # in use, removed meanwhile, somebody else's, or none of ours


def places() -> set[Path]:
    """The folders in which runs have theirs."""
    named = (Path(tempfile.gettempdir()).resolve(), Path("/tmp"), Path("/dev/shm"))  # noqa: S108
    return {folder for folder in named if folder.is_dir()}
