"""``shadowgate init``: says what it found, and writes the settings and the workflow, once."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from shadowgate.errors import UsageError
from shadowgate.language import sentence
from shadowgate.repository.branch import Project, open_project
from shadowgate.repository.git import on_disk
from shadowgate.repository.settings import OWN

WORKFLOW = Path(".github", "workflows", "shadowgate.yml")
_TEMPLATE = Path(__file__).with_name("workflow.yml")
_NO_BACKUP = '# backup = "production.dump"'


def initialise(here: Path, backup: str, say: Callable[[str], None]) -> None:
    """Write ``shadowgate.toml`` and the workflow of GitHub's, where they are not there yet.

    Args:
        here: the folder that the command was called in.
        backup: where a dump of production will be, relative to it; may be empty.
        say: told what was found and what was written.

    Raises:
        UsageError: there is no git repository, its layout cannot be told, or a file cannot be
            written.
    """
    project = open_project(here)
    place = project.place
    files = on_disk(project.root, project.git.listed(), place.folders, place.layout.suffixes)
    count = len(place.layout.read(files, place.folder))
    say(f"found {count} migration{'' if count == 1 else 's'} in {place}")
    own = project.root / OWN
    if project.settings.path == Path():
        _write(own, _settings(project, here, backup), say)
    else:
        say(f"{project.settings.path.name} has settings already: left as it is")
    _write(project.git.top() / WORKFLOW, _workflow(project), say)


def _write(path: Path, text: str, say: Callable[[str], None]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        say(f"{path.name} is there already: left as it is")
    except OSError as error:
        raise UsageError(
            sentence("{path} cannot be written: {reason}", path=path, reason=error.strerror)
        ) from error
    else:
        say(f"wrote {path}")


def _settings(project: Project, here: Path, backup: str) -> str:
    named = os.path.relpath(here / Path(backup).expanduser(), project.root)
    lines = [
        "# What shadowgate knows of this project. Paths are relative to this file.",
        f"layout = {_text(project.place.layout.name)}",
        f"folder = {_text(project.place.folder.as_posix())}",
        "",
        "# A dump of production made by pg_dump, which each migration is judged on.",
        f"backup = {_text(named)}" if backup else _NO_BACKUP,
    ]
    return "\n".join(lines) + "\n"


def _workflow(project: Project) -> str:
    text = _TEMPLATE.read_text(encoding="utf-8")
    return text.replace("FOLDER: .", f"FOLDER: {_text(project.from_top)}")


def _text(value: str) -> str:
    """A basic string of TOML and of YAML; JSON's are such."""
    return json.dumps(value, ensure_ascii=False)
