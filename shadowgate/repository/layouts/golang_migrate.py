"""golang-migrate: 000042_name.up.sql and 000042_name.down.sql, each sent as one request."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from shadowgate.repository.layouts.layout import Layout, directly_in
from shadowgate.repository.model import Files, Migration, optional_file, whole_file

_NAME = re.compile(r"(?P<name>(?P<version>\d+)_.*)\.up\.sql")


def told_by(path: PurePosixPath) -> bool:
    """Whether a file is named as its are."""
    return _NAME.fullmatch(path.name) is not None


def read(files: Files, folder: PurePosixPath) -> list[Migration]:
    """Read the pairs of a folder."""
    found = []
    for path in directly_in(folder, files):
        match = _NAME.fullmatch(path.name)
        if match is not None:
            name, version = match["name"], int(match["version"])
            up, flaws = whole_file(path, files)
            down, more = optional_file(path.with_name(f"{name}.down.sql"), files)
            found.append(
                Migration(
                    name,
                    str(version),
                    (version,),
                    name,
                    up,
                    down,
                    "together",
                    flaws=(*flaws, *more),
                )
            )
    return found


LAYOUT = Layout("golang-migrate", told_by, "", read)
