"""``alembic.ini``."""

from __future__ import annotations

import re
from collections.abc import Collection
from configparser import ConfigParser, Error
from pathlib import Path, PurePosixPath

from shadowgate.errors import UsageError
from shadowgate.language import sentence
from shadowgate.repository.configured.told import Told, relative, text_of
from shadowgate.repository.layouts import alembic

FILE = "alembic.ini"


def told(root: Path, _listed: Collection[PurePosixPath]) -> Told | None:
    """What Alembic's file says; ``None`` if there is none, or it names no folder of the project."""
    if not (root / FILE).is_file():
        return None
    parser = ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text_of(root / FILE))
    except Error as error:
        said = str(error).partition("\n")[0]
        raise UsageError(
            sentence("{file} cannot be read: {said}", file=FILE, said=said), where=str(root / FILE)
        ) from error
    section = dict(parser["alembic"]) if parser.has_section("alembic") else {}
    script = relative(section.get("script_location") or "")
    places = [relative(each) for each in _listed_in(section.get("version_locations") or "")]
    if script == "." or ":" in script:  # of an installed package
        return None
    return Told(
        FILE,
        alembic.LAYOUT,
        places[0] if len(places) == 1 else str(PurePosixPath(script, "versions")),
        refused=(f"{FILE}: version_locations names several folders",) if len(places) > 1 else (),
    )


def _listed_in(value: str) -> list[str]:
    """Folders of a list, whatever separates them."""
    return [each for each in re.split(r"[\s,;]+|:(?=[./%\w])", value) if each]
