"""The harmless migrations, a folder each, and the mistakes that belong to them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from shadowgate.phases.registry import CHECKS
from shadowgate.phases.verdict import check_of

FOLDER = Path(__file__).parent
BASE = FOLDER / "base.sql"
QUERIES = FOLDER / "queries"
"""What the shop asks; a migration whose folder has queries of its own is judged by those."""

ScriptName = Literal["migration", "rollback"]

_FILES: dict[str, ScriptName] = {"mistake.sql": "migration", "mistake_rollback.sql": "rollback"}
_KEY = re.compile(r"-- (?P<key>check|says): (?P<value>.+)")


class CorpusError(ValueError):
    """A folder of the corpus cannot be used; says which and why."""


@dataclass(frozen=True)
class Migration:
    """A harmless migration with its rollback."""

    folder: Path

    @property
    def name(self) -> str:
        """Its kind: the name of its folder."""
        return self.folder.name

    @property
    def script(self) -> Path:
        """What it does."""
        return self.folder / "migration.sql"

    @property
    def rollback(self) -> Path:
        """Its way back."""
        return self.folder / "rollback.sql"

    @property
    def plan(self) -> Path:
        """Its plan file, which only those have whose text does not tell what they do."""
        return self.folder / "plan.toml"

    @property
    def queries(self) -> Path:
        """Folder of the queries that it is judged by."""
        own = self.folder / "queries"
        return own if own.is_dir() else QUERIES


@dataclass(frozen=True)
class Mistake:
    """One of its two scripts with a realistic mistake in it."""

    migration: Migration
    path: Path
    script: ScriptName
    what: str
    """What was done and why it hurts, in a sentence."""
    check: str
    """Id of the check that must fail, without its item."""
    says: str
    """What its detail must name: a check that fails for another reason has missed the mistake."""

    @property
    def id(self) -> str:
        """The migration and the file."""
        return f"{self.migration.name}/{self.path.stem}"


def read_corpus(folder: Path = FOLDER) -> list[Migration]:
    """All migrations of a folder, in the order of their names.

    Raises:
        CorpusError: a folder lacks one of the two scripts.
    """
    found = [Migration(path.parent) for path in sorted(folder.glob("*/migration.sql"))]
    for migration in found:
        if not migration.rollback.exists():
            raise CorpusError(f"{migration.name}: there is no way back")
    return found


def read_mistakes(migration: Migration) -> list[Mistake]:
    """The mistakes of a migration.

    Raises:
        CorpusError: a header cannot be used.
    """
    return [
        parse_mistake(migration, path)
        for name in _FILES
        if (path := migration.folder / name).exists()
    ]


def parse_mistake(migration: Migration, path: Path) -> Mistake:
    """Read the header of a script with a mistake: a sentence, ``check`` and ``says``.

    Raises:
        CorpusError: one of them is missing or twice there, or there is no such check.
    """
    head, _, body = path.read_text(encoding="utf-8").partition("\n\n")
    place = f"{migration.name}/{path.name}"
    sentences: list[str] = []
    keys: dict[str, str] = {}
    for line in head.splitlines():
        found = _KEY.fullmatch(line)
        if found is None:
            sentences.append(line.removeprefix("--").strip())
        elif found["key"] in keys:
            raise CorpusError(f"{place}: {found['key']} is there twice")
        else:
            keys[found["key"]] = found["value"]
    if not (sentences and body.strip() and keys.keys() == {"check", "says"}):
        raise CorpusError(f"{place}: a sentence, check, says and SQL are needed")
    try:
        check = check_of(CHECKS, keys["check"]).id
    except KeyError:
        raise CorpusError(f"{place}: there is no check {keys['check']}") from None
    script = _FILES[path.name]
    return Mistake(migration, path, script, " ".join(sentences), check, keys["says"])
