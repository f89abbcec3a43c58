"""``sqitch.conf``, written as git's own configuration is."""

from __future__ import annotations

from collections.abc import Collection
from configparser import ConfigParser, Error
from dataclasses import replace
from functools import partial
from os.path import commonpath
from pathlib import Path, PurePosixPath

from shadowgate.errors import UsageError
from shadowgate.language import sentence
from shadowgate.repository.configured.told import Told, relative, text_of
from shadowgate.repository.layouts import sqitch

FILE = "sqitch.conf"


def told(root: Path, _listed: Collection[PurePosixPath]) -> Told | None:
    """What sqitch's file says; ``None`` if there is none."""
    if not (root / FILE).is_file():
        return None
    parser = ConfigParser(interpolation=None, strict=False, allow_no_value=True)
    try:
        parser.read_string("\n".join(map(str.strip, text_of(root / FILE).splitlines())))
    except Error as error:
        said = str(error).partition("\n")[0]
        raise UsageError(
            sentence("{file} cannot be read: {said}", file=FILE, said=said), where=str(root / FILE)
        ) from error
    core = dict(parser["core"]) if parser.has_section("core") else {}
    engine = core.get("engine") or "pg"
    section = f'engine "{engine}"'
    core |= dict(parser[section]) if parser.has_section(section) else {}
    top = PurePosixPath(relative(core.get("top_dir") or "."))
    scripts = sqitch.Scripts(
        plan=_path(core.get("plan_file"), top / "sqitch.plan"),
        deploy=_path(core.get("deploy_dir"), top / "deploy"),
        revert=_path(core.get("revert_dir"), top / "revert"),
        extension=core.get("extension") or "sql",
    )
    folders = {str(each) for each in (top, scripts.plan.parent, scripts.deploy, scripts.revert)}
    variables = sorted(each for each in parser.sections() if each.endswith('"variables"'))
    return Told(
        FILE,
        replace(
            sqitch.LAYOUT,
            read=partial(sqitch.read_scripts, scripts),
            suffixes=(*sqitch.LAYOUT.suffixes, f".{scripts.extension}"),
        ),
        commonpath(folders) or ".",
        notes=tuple(f"{FILE}: the variables of [{each}] are not set" for each in variables),
        refused=() if engine == "pg" else (f"{FILE}: the engine is {engine}, not PostgreSQL",),
    )


def _path(named: str | None, usual: PurePosixPath) -> PurePosixPath:
    return PurePosixPath(relative(named)) if named else usual
