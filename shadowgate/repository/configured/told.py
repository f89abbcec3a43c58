"""What the file of a migration tool tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from shadowgate.errors import UsageError
from shadowgate.language import sentence
from shadowgate.repository.layouts import Layout, plain


@dataclass(frozen=True)
class Told:
    """What one file says."""

    file: str = ""
    """Its name; empty where there is none."""
    layout: Layout = plain.LAYOUT
    """That of the tool, which may read in its own way here."""
    folder: str = ""
    """Folder of the migrations, relative to the project's."""
    out_of_order: bool = False
    transaction: str = ""
    search_path: str = ""
    placeholders: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    """What is not honoured, a sentence each."""
    refused: tuple[str, ...] = ()
    """The same, of what decides which scripts are run."""


def text_of(path: Path) -> str:
    """The text of a tool's file.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            sentence("{name} cannot be read: {error}", name=path.name, error=error), where=str(path)
        ) from error


def relative(named: str) -> str:
    """A folder as a project's files write it, without what means the project's folder itself."""
    return named.strip().removeprefix("%(here)s").removeprefix("./").strip("/") or "."
