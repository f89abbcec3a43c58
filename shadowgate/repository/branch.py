"""A branch as read from git and from disk: its migrations beside those of its base."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path, PurePosixPath

from shadowgate.errors import UsageError
from shadowgate.language import nsentence, sentence
from shadowgate.repository.compare import Changes, compare
from shadowgate.repository.configured import what_tools_say, with_settings
from shadowgate.repository.detect import Place, find_place
from shadowgate.repository.git import Git, on_disk
from shadowgate.repository.layouts import BY_NAME
from shadowgate.repository.model import Files, Migration
from shadowgate.repository.plans import plans_by_script
from shadowgate.repository.settings import Settings, read_settings


@dataclass(frozen=True)
class Project:
    """A project in a git repository: its folder, its settings, where its migrations are."""

    root: Path
    settings: Settings
    place: Place
    git: Git
    notes: tuple[str, ...] = ()
    """What its migration tool's own file says and is not honoured."""

    @property
    def from_top(self) -> str:
        """Its folder, relative to the repository's top."""
        return self.root.relative_to(self.git.top().resolve()).as_posix()


@dataclass(frozen=True)
class Branch:
    """What a branch does to the migrations of its base."""

    changes: Changes
    base: str
    """What it was compared with, in words."""
    plans: dict[PurePosixPath, PurePosixPath]
    """Script -> its plan."""
    replanned: tuple[Migration, ...]
    """Production has them already, and their plan changed."""
    untouched: bool
    """No file of the migrations differs, and no file of the project is gone."""


def open_project(here: Path) -> Project:
    """Find the project that a folder lies in.

    Raises:
        UsageError: there is no git repository, its settings cannot be used, or its layout cannot
            be told.
    """
    here = here.resolve()
    settings, root = read_settings(here, Git(here).top().resolve())
    git = Git(root)

    @cache
    def text_of(path: PurePosixPath) -> str:
        full = root / path
        return full.read_text(encoding="utf-8", errors="replace") if full.is_file() else ""

    listed = git.listed()
    told = what_tools_say(root, listed, settings)
    settings = with_settings(settings, told)
    place = find_place(listed, text_of, settings.layout, settings.folder)
    if told.file and place == Place(BY_NAME[told.layout.name], PurePosixPath(told.folder)):
        place = replace(place, layout=told.layout)
    return Project(root, settings, place, git, told.notes)


def read_branch(project: Project, base: str, *, working_tree: bool) -> Branch:
    """Compare the branch that is checked out with its base.

    Args:
        project: the project.
        base: a revision of git's.
        working_tree: with what is not committed yet as well.

    Raises:
        UsageError: git does not know the base, or files of the migrations are not as committed
            though only commits are asked about.
    """
    git, folders = project.git, project.place.folders
    suffixes = project.place.layout.suffixes
    tip = git.commit(base)
    head = git.commit("HEAD")
    parted = git.merge_base(tip, head)
    changed = git.uncommitted(folders, suffixes)
    if changed and not working_tree:
        raise UsageError(
            nsentence(
                "{file} is not as it was committed, nor is {n} other",
                "{file} is not as it was committed, nor are {n} others",
                len(changed) - 1,
                file=changed[0],
            )
            if len(changed) > 1
            else sentence("{file} is not as it was committed", file=changed[0]),
            todo="commit it, or ask with --working-tree",
        )
    before, ahead = git.files(parted, folders, suffixes), git.files(tip, folders, suffixes)
    now = on_disk(project.root, git.listed(), folders, suffixes)
    read, folder = project.place.layout.read, project.place.folder
    old = read(before, folder)
    mine = read(now, folder)
    changes = compare(old, read(ahead, folder), mine, project.place.layout, project.settings)
    plans = plans_by_script(now)
    there = {each.key for each in old} - {each.key for each in changes.pending}
    replanned = [
        each
        for each in mine
        if each.key in there and _plan_changed(plans.get(each.up.path), before, now)
    ]
    return Branch(
        changes,
        f"{base} ({parted[:10]})",
        plans,
        tuple(each for each in replanned if each not in changes.touched),
        untouched=before == now and not git.gone_since(parted),
    )


def _plan_changed(plan: PurePosixPath | None, before: Files, now: Files) -> bool:
    return plan is not None and before.get(plan) != now[plan]
