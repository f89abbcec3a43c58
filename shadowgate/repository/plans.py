"""Plan files beside migrations: which is whose, and whether what they name is there."""

from __future__ import annotations

import tomllib
from pathlib import Path, PurePosixPath
from posixpath import normpath

from shadowgate.errors import PlanError
from shadowgate.plan import Plan, read_plan
from shadowgate.repository.model import Files, Finding


def plans_by_script(files: Files) -> dict[PurePosixPath, PurePosixPath]:
    """Script -> the plan in its folder that names it as its migration.

    One that is not TOML is taken for the plan of the script of its own name.
    """
    found: dict[PurePosixPath, PurePosixPath] = {}
    for path in sorted(each for each in files if each.suffix == ".toml"):
        script = _named(path, files[path])
        if script is not None and script.parent == path.parent:
            found.setdefault(script, path)
    return found


def _named(path: PurePosixPath, content: bytes) -> PurePosixPath | None:
    try:
        document = tomllib.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        return path.with_suffix(".sql")
    named = document.get("migration")
    return PurePosixPath(normpath(path.parent / named)) if isinstance(named, str) else None


def examine_plan(path: PurePosixPath, root: Path) -> tuple[Plan | None, tuple[Finding, ...]]:
    """Read a plan, and see that all files are there which it names."""
    try:
        plan = read_plan(root / path)
    except PlanError as error:
        what = error.what.replace(f"{root}/", "")
        key = error.where.rpartition(", key ")[2] if ", key " in error.where else ""
        return None, (Finding("plan", str(path), f"{key}: {what}" if key else what, error.todo),)
    named = {"migration": plan.migration, "rollback": plan.rollback}
    return plan, tuple(
        Finding(
            "plan",
            str(path),
            f"{key}: {file.name} does not exist",
            "name a file that is there, relative to the plan file",
        )
        for key, file in named.items()
        if file is not None and not file.is_file()
    )
