"""A project's settings: ``shadowgate.toml``, or ``[tool.shadowgate]`` of pyproject.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cattrs

from shadowgate.errors import UsageError
from shadowgate.language import sentence
from shadowgate.plan import TRANSACTIONS
from shadowgate.plan.reading import sentences, strict_converter
from shadowgate.plan.script_comments import OF_FILES
from shadowgate.repository.layouts import BY_NAME

OWN = "shadowgate.toml"
SHARED = "pyproject.toml"


@dataclass(frozen=True)
class RepositoryWaiver:
    """A finding about the files of a migration that is accepted."""

    rule: str
    migration: str
    """Its name, as the summary writes it."""
    reason: str


@dataclass(frozen=True)
class Settings:
    """What a project says of its migrations; what it leaves out is told from its files."""

    layout: str = ""
    """The tool that they are written for: ``plain``, ``supabase``, ``flyway``, ``golang-migrate``,
    ``dbmate``, ``goose``, ``sqitch``, ``alembic`` or ``django``."""
    folder: str = ""
    """Folder of the migrations, relative to this file; for sqitch that of its plan."""
    backup: str = ""
    """A dump of production, relative to this file."""
    queries: str = ""
    """Folder with a file for each query, relative to this file."""
    transaction: str = ""
    """How the runner applies a script, ``file`` or ``statement``, where the layout does not say."""
    statement_timeout: str = ""
    """What the runner's session sets before a script, such as ``30s``, where a script has no plan
    that says so; and so the others."""
    lock_timeout: str = ""
    search_path: str = ""
    role: str = ""
    placeholders: Mapping[str, str] = field(default_factory=dict)
    """Name -> what the runner writes for ``${name}`` in a script, as Flyway does."""
    python: str = ""
    """For Alembic and Django: the Python that has them and what the project needs, relative to this
    file."""
    settings_module: str = ""
    """For Django: its settings, where ``manage.py`` does not name them."""
    out_of_order: bool = False
    """The runner takes a migration with a lower version than one that is applied already."""
    waivers: tuple[RepositoryWaiver, ...] = ()
    path: Path = Path()
    """The file that they are from; set by :func:`read_settings`."""

    def beside(self, key: str) -> str:
        """The path that a key names, as this process finds it; empty where it names none."""
        named = str(getattr(self, key))
        return str(self.path.parent / Path(named).expanduser()) if named else ""


def read_settings(here: Path, top: Path) -> tuple[Settings, Path]:
    """Read the settings nearest to a folder, looking upwards.

    Args:
        here: where the command was called.
        top: the repository's top folder, beyond which nobody looks.

    Returns:
        The settings, and the folder that they are about: that of the file, or the top.

    Raises:
        UsageError: a file cannot be read, has an unknown key or a value that is not allowed, or
            two files in one folder have settings.
    """
    for folder in (here, *here.parents):
        found = [*_own(folder / OWN), *_shared(folder / SHARED)]
        if len(found) > 1:
            raise UsageError(
                sentence("both {own} and {shared} have settings", own=OWN, shared=SHARED),
                where=str(folder),
                todo="keep one of them",
            )
        if found:
            return found[0], folder
        if folder == top:
            break
    return Settings(), top


def _own(path: Path) -> list[Settings]:
    return [_settings(_parsed(path), path)] if path.is_file() else []


def _shared(path: Path) -> list[Settings]:
    tables = _parsed(path).get("tool", {}) if path.is_file() else {}
    return [_settings(tables["shadowgate"], path)] if "shadowgate" in tables else []


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(
            sentence("the settings cannot be read: {error}", error=error), where=str(path)
        ) from error


def _settings(document: dict[str, Any], path: Path) -> Settings:
    if "path" in document:
        raise UsageError("unknown key path", where=str(path), todo="remove it")
    try:
        settings = strict_converter().structure({**document, "path": str(path)}, Settings)
    except cattrs.BaseValidationError as error:
        raise UsageError(
            sentence("the settings cannot be used: {sentences}", sentences=sentences(error)),
            where=str(path),
            todo="mend the keys named; docs/changed.md lists every key",
        ) from error
    for holds, key, allowed in _rules(settings):
        if not holds:
            raise UsageError(
                sentence("{key} is not one that is known", key=key),
                where=str(path),
                todo=sentence("allowed: {allowed}", allowed=allowed),
            )
    return settings


def _rules(settings: Settings) -> list[tuple[bool, str, str]]:
    reasons = all(waiver.reason.strip() for waiver in settings.waivers)
    rules = all(waiver.rule in OF_FILES for waiver in settings.waivers)
    one_line = not any("\n" in value for value in settings.placeholders.values())
    return [
        (one_line, "placeholders", "values of one line: lines are counted"),
        (not settings.layout or settings.layout in BY_NAME, "layout", ", ".join(BY_NAME)),
        (settings.transaction in ("", *TRANSACTIONS), "transaction", ", ".join(TRANSACTIONS)),
        (rules, "waivers.rule", ", ".join(OF_FILES)),
        (reasons, "waivers.reason", "a reason: the summary shows it"),
        (_stays_inside(settings.folder), "folder", "a folder of the project, relative to the file"),
    ]


def _stays_inside(folder: str) -> bool:
    return not Path(folder).is_absolute() and ".." not in Path(folder).parts
