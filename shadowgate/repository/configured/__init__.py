"""What the files of a project's migration tool say: where migrations are, and how they are run."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path, PurePosixPath

from shadowgate.errors import UsageError
from shadowgate.repository.configured import alembic, environment, flyway, sqitch
from shadowgate.repository.configured.told import Told
from shadowgate.repository.settings import Settings

READERS: tuple[Callable[[Path, Collection[PurePosixPath]], Told | None], ...] = (
    flyway.told,
    sqitch.told,
    alembic.told,
    environment.dbmate,
    environment.goose,
)


def what_tools_say(root: Path, listed: Collection[PurePosixPath], settings: Settings) -> Told:
    """What the tool's own file says, of the layout that the settings name or the only one found.

    Args:
        root: the project's folder, in which the file lies.
        listed: all files of the project.
        settings: the project's; what they say wins.

    Raises:
        UsageError: the file cannot be read, or says something that decides what is run and is not
            known, and the settings do not name layout and folder instead.
    """
    found = [told for read in READERS if (told := read(root, listed)) is not None]
    wanted = [told for told in found if settings.layout in ("", told.layout.name)]
    if len(wanted) != 1:
        return Told()
    (told,) = wanted
    if not told.refused or (settings.layout and settings.folder):
        return replace(told, notes=(*told.notes, *told.refused))
    raise UsageError(
        told.refused[0],
        todo='say layout = "…" and folder = "…" in shadowgate.toml: that wins, and this is a note',
    )


def with_settings(settings: Settings, told: Told) -> Settings:
    """The project's settings, with what its tool's file says where they say nothing."""
    return replace(
        settings,
        layout=settings.layout or (told.layout.name if told.file else ""),
        folder=settings.folder or told.folder,
        out_of_order=settings.out_of_order or told.out_of_order,
        transaction=settings.transaction or told.transaction,
        search_path=settings.search_path or told.search_path,
        placeholders={**told.placeholders, **settings.placeholders},
    )
