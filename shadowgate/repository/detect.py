"""Which layout a repository has, and where: told by its files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from shadowgate.errors import UsageError
from shadowgate.language import sentence
from shadowgate.repository.layouts import BY_NAME, LAYOUTS, Layout, plain
from shadowgate.repository.layouts.plain import is_one

SETTLE = 'say layout = "…" and folder = "…" in shadowgate.toml'


@dataclass(frozen=True)
class Place:
    """A layout and the folder of its migrations, relative to the project's folder."""

    layout: Layout
    folder: PurePosixPath

    def __str__(self) -> str:
        return f"{self.folder} ({self.layout.name})"

    @property
    def folders(self) -> tuple[PurePosixPath, ...]:
        """The folders that its files lie in."""
        beside = () if self.folder == PurePosixPath() else self.layout.beside
        return (self.folder, *(self.folder.parent / name for name in beside))


def find_place(
    paths: Iterable[PurePosixPath],
    text_of: Callable[[PurePosixPath], str],
    layout: str = "",
    folder: str = "",
) -> Place:
    """Tell where the migrations are.

    Args:
        paths: all files of the project, relative to its folder.
        text_of: the text of one of them; asked where a name alone does not tell.
        layout: the only layout to look for, if the settings name one.
        folder: the only folder to look in, if the settings name one.

    Raises:
        UsageError: there is none, or more than one.
    """
    if layout and folder:
        return Place(BY_NAME[layout], PurePosixPath(folder))
    wanted = [BY_NAME[layout]] if layout else LAYOUTS
    inside = PurePosixPath(folder)
    listed = sorted(path for path in paths if inside == path.parent or inside in path.parents)
    found = _outermost(set(_places(listed, text_of, wanted, anywhere=bool(folder))))
    if not found:
        where = f"in {folder}" if folder else "in this repository"
        known = layout or ", ".join(BY_NAME)
        raise UsageError(
            sentence(
                "there are no migrations {where} (looked for: {known})",
                where=where,
                known=known,
            ),
            todo=SETTLE,
        )
    if len(found) > 1:
        places = " and ".join(sorted(map(str, found)))
        raise UsageError(
            sentence("there are migrations in more than one place: {places}", places=places),
            todo=SETTLE,
        )
    return found[0]


def _places(
    paths: Iterable[PurePosixPath],
    text_of: Callable[[PurePosixPath], str],
    layouts: Iterable[Layout],
    *,
    anywhere: bool,
) -> Iterator[Place]:
    """Each file's layout and folder; in a folder that the settings name any number will do."""
    for path in paths:
        for layout in layouts:
            named = layout.told_by(path) or (anywhere and layout is plain.LAYOUT and is_one(path))
            if named and (not layout.marked or re.search(layout.marked, text_of(path))):
                yield Place(layout, layout.folder_of(path))
                break


def _outermost(places: set[Place]) -> list[Place]:
    """Leave out what another place covers."""
    return [place for place in places if not any(_covers(other, place) for other in places)]


def _covers(place: Place, other: Place) -> bool:
    """Whether a place's tool looks in another one too, or takes its files for its own.

    A file without directives among files that have them is one that lacks them.
    """
    if place.layout is other.layout:
        return place.folder in other.folder.parents
    lacks = bool(place.layout.marked) and other.layout is plain.LAYOUT
    return lacks and place.folder == other.folder
