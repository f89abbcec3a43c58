"""sqitch: deploy/NAME.sql and revert/NAME.sql in the order of sqitch.plan, applied by psql."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from shadowgate.repository.layouts.layout import Layout
from shadowgate.repository.model import Files, Finding, Migration, Part, decoded, optional_file

_CHANGE = re.compile(r"[ \t]*\+?[ \t]*(?P<name>[^\s@+\-%#:~][^\s:~#]*)(?=\s|$)")
_TAG = re.compile(r"[ \t]*@(?P<tag>\S+)")


def told_by(path: PurePosixPath) -> bool:
    """Whether a file is a plan of sqitch's."""
    return path.name == "sqitch.plan"


@dataclass(frozen=True)
class Scripts:
    """Where the files are, relative to the project's folder."""

    plan: PurePosixPath
    deploy: PurePosixPath
    revert: PurePosixPath
    extension: str = "sql"


def read(files: Files, folder: PurePosixPath) -> list[Migration]:
    """Read the plan of a folder and the scripts that it names."""
    scripts = Scripts(folder / "sqitch.plan", folder / "deploy", folder / "revert")
    return read_scripts(scripts, files, folder)


def read_scripts(scripts: Scripts, files: Files, _folder: PurePosixPath) -> list[Migration]:
    """Read a plan and the scripts that it names."""
    text, flaws = decoded(scripts.plan, files.get(scripts.plan, b""))
    lines = text.splitlines()
    changes = _changes(lines)
    return [
        _read_one(files, scripts, place, changes, lines, flaws) for place in range(len(changes))
    ]


def _changes(lines: list[str]) -> list[tuple[str, int]]:
    """Names of the changes with their lines, from 0, in the order of the plan."""
    found = []
    for number, line in enumerate(lines):
        match = _CHANGE.match(line)
        if match is not None:
            found.append((match["name"], number))
    return found


def _read_one(
    files: Files,
    scripts: Scripts,
    place: int,
    changes: list[tuple[str, int]],
    lines: list[str],
    flaws: tuple[Finding, ...],
) -> Migration:
    name, line = changes[place]
    before = sum(each == name for each, _ in changes[:place])
    reworked = any(each == name for each, _ in changes[place + 1 :])
    tagged = f"{name}@{_tag_after(lines, line)}" if reworked else name
    file = f"{tagged}.{scripts.extension}"
    up, more = optional_file(scripts.deploy / file, files)
    down, others = optional_file(scripts.revert / file, files)
    if up is None:
        up, more = _missing(scripts, file, line)
    return Migration(
        f"{name} {before + 1}" if before else name,
        "",
        (place,),
        f"{name}_{before + 1}" if before else name,
        up,
        down,
        "statement",
        flaws=(*flaws, *more, *others),
    )


def _tag_after(lines: list[str], line: int) -> str:
    """The first tag behind a line: a change that is reworked keeps its script under that name."""
    tags = filter(None, map(_TAG.match, lines[line + 1 :]))
    return next((tag["tag"] for tag in tags), "")


def _missing(scripts: Scripts, file: str, line: int) -> tuple[Part, tuple[Finding, ...]]:
    flaw = Finding(
        "directives",
        str(scripts.plan),
        f"the plan names a change without its script {scripts.deploy.name}/{file}",
        "add the script, or take the change out",
        line=line + 1,
    )
    return Part(scripts.deploy / file, ""), (flaw,)


LAYOUT = Layout("sqitch", told_by, "", read, sorted_by_version=False)
