"""``.env``: where dbmate and goose look for their migrations. Nothing else of it is read."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path, PurePosixPath

from shadowgate.repository.configured.told import Told, relative, text_of
from shadowgate.repository.layouts import Layout
from shadowgate.repository.layouts import dbmate as dbmate_layout
from shadowgate.repository.layouts import goose as goose_layout

FILE = ".env"


def dbmate(root: Path, _listed: Collection[PurePosixPath]) -> Told | None:
    """What it says to dbmate; ``None`` if nothing."""
    return _told(root, "DBMATE_MIGRATIONS_DIR", dbmate_layout.LAYOUT)


def goose(root: Path, _listed: Collection[PurePosixPath]) -> Told | None:
    """What it says to goose; ``None`` if nothing."""
    return _told(root, "GOOSE_MIGRATION_DIR", goose_layout.LAYOUT)


def _told(root: Path, variable: str, layout: Layout) -> Told | None:
    if not (root / FILE).is_file():
        return None
    line = rf"""^\s*(?:export\s+)?{variable}\s*=\s*(["']?)(?P<folder>[^"'\n#]+?)\1\s*(?:#.*)?$"""
    said = re.search(line, text_of(root / FILE), re.MULTILINE)
    return Told(FILE, layout, relative(said["folder"])) if said else None
