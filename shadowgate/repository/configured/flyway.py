"""``flyway.conf`` and ``flyway.toml``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from functools import partial
from os.path import commonpath
from pathlib import Path, PurePosixPath
from typing import Any

from shadowgate.errors import UsageError
from shadowgate.language import sentence
from shadowgate.repository.configured.told import Told, relative, text_of
from shadowgate.repository.layouts import flyway
from shadowgate.repository.model import Files, Migration

FILES = ("flyway.toml", "flyway.conf", "conf/flyway.toml", "conf/flyway.conf")
_PROPERTY = re.compile(r"^\s*flyway\.([\w.]+)\s*[=:]\s*(.*?)\s*$", re.MULTILINE)
_RESOURCES = PurePosixPath("src/main/resources")

_DECIDING = {
    "sqlMigrationPrefix": "V",
    "undoSqlMigrationPrefix": "U",
    "repeatableSqlMigrationPrefix": "R",
    "sqlMigrationSeparator": "__",
    "sqlMigrationSuffixes": ".sql",
    "placeholderPrefix": "${",
    "placeholderSuffix": "}",
    "placeholderReplacement": "true",
    "encoding": "UTF-8",
}
"""What decides which scripts are run and what they say -> the only value that is known."""
_NOTED = {"callbacks": "", "initSql": "", "group": "false", "mixed": "false", "target": "latest"}
"""What else is not honoured -> what means nothing."""


def told(root: Path, listed: Collection[PurePosixPath]) -> Told | None:
    """What Flyway's file says; ``None`` if there is none."""
    name = next((each for each in FILES if (root / each).is_file()), None)
    if name is None:
        return None
    values = _values(root / name)
    folders, unknown = _folders(values.get("locations", ""), listed)
    schemas = values.get("schemas", "").split(",")
    inside = [str(each) for each in folders]
    return Told(
        name,
        replace(flyway.LAYOUT, read=partial(_read_in, folders)) if folders else flyway.LAYOUT,
        commonpath(inside) or "." if inside else "",
        out_of_order=values.get("outOfOrder", "").lower() == "true",
        transaction="statement" if values.get("executeInTransaction") == "false" else "",
        search_path=values.get("defaultSchema") or schemas[0].strip(),
        placeholders={
            key.removeprefix("placeholders."): value
            for key, value in values.items()
            if key.startswith("placeholders.")
        },
        notes=tuple(f"{name}: {key} is not honoured" for key in _other_than(_NOTED, values)),
        refused=(
            *(f"{name}: {key} is another than the usual, which is not read"
              for key in _other_than(_DECIDING, values)),
            *(f"{name}: the location {each} cannot be read" for each in unknown),
        ),
    )  # fmt: skip


def _values(path: Path) -> Mapping[str, str]:
    """Key -> value, lists joined by commas; only what is Flyway's own, and no secret of it."""
    text = text_of(path)
    if path.suffix == ".conf":
        return dict(_PROPERTY.findall(text))
    try:
        table = tomllib.loads(text).get("flyway", {})
    except tomllib.TOMLDecodeError as error:
        raise UsageError(
            sentence("{name} is no TOML: {error}", name=path.name, error=error), where=str(path)
        ) from error
    return dict(_flat(table))


def _flat(table: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{key}.")
        elif isinstance(value, list):
            yield f"{before}{key}", ",".join(map(str, value))
        else:
            yield f"{before}{key}", str(value).lower() if isinstance(value, bool) else str(value)


def _other_than(usual: Mapping[str, str], values: Mapping[str, str]) -> list[str]:
    return [key for key, value in usual.items() if values.get(key, value) not in (value, "")]


def _folders(
    locations: str, listed: Collection[PurePosixPath]
) -> tuple[list[PurePosixPath], list[str]]:
    """The folders that locations name, and the locations that name none here."""
    folders, unknown = [], []
    for location in filter(None, map(str.strip, locations.split(","))):
        kind, colon, place = location.rpartition(":")
        folder = PurePosixPath(relative(place if colon else location))
        if kind in ("", "classpath"):
            folder = _RESOURCES / folder
        there = any(folder in path.parents for path in listed)
        if kind in ("", "classpath", "filesystem") and there and "*" not in place:
            folders.append(folder)
        else:
            unknown.append(location)
    return folders, unknown


def _read_in(
    folders: Collection[PurePosixPath], files: Files, _folder: PurePosixPath
) -> list[Migration]:
    """Read several folders, and those below them, as one."""
    return flyway.read(
        {path: text for path, text in files.items() if {*folders} & {*path.parents}},
        PurePosixPath(),
    )
