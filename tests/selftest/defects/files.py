"""Defective variants of a plan's two scripts; ``defects/README.md`` explains the files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal, cast, get_args

from shadowgate.phases.registry import CHECKS
from shadowgate.phases.verdict import check_of
from shadowgate.plan import Plan, read_plan

FOLDER = Path(__file__).parent
_MIGRATIONS = Path(__file__).parents[3] / "migrations"

ScriptName = Literal["migration", "rollback"]
Manner = Literal["append", "prepend", "replace"]

_KEY = re.compile(
    r"-- (?P<key>check|script|apply|also|undo|seconds|instances|production): (?P<value>.+)"
)
_OLD, _NEW = "-- <<<\n", "-- >>>\n"
_BECAUSE = " because "
_END = "\nRESET lock_timeout;"
"""What is appended comes before it, so that the script's own lock timeout holds."""


class DefectFileError(ValueError):
    """A defect's file cannot be used; says which and why."""


@dataclass(frozen=True)
class Defect:
    """One way to spoil a script, and the check that must notice."""

    plan: str
    """Key of the plan whose script it spoils: the folder that its file lies in."""
    name: str
    what: str
    """What the tired colleague did, in a sentence."""
    check: str
    """Id of the check that must fail, with its item where that matters."""
    manner: Manner
    body: str
    script: ScriptName = "migration"
    also: Mapping[str, str] = field(default_factory=dict)
    """Further checks that fail with cause: id -> why."""
    undo: str = ""
    """Takes back on the server what dropping the database leaves."""
    seconds: float | None = None
    """A limit for the rollback, instead of the plan's."""
    instances: int = 1
    """How many runners apply the migration at once."""
    production: int = 0
    """Rows that production has of the plan's table; 0 if nobody knows."""

    def __post_init__(self) -> None:
        for check in (self.check, *self.also):
            try:
                check_of(CHECKS, check)
            except KeyError:
                raise DefectFileError(f"{self.name}: there is no check {check}") from None

    @property
    def id(self) -> str:
        """Plan and name, of which there is no second one."""
        return f"{self.plan}/{self.name}"

    @property
    def allowed(self) -> frozenset[str]:
        """Checks that may fail, without items."""
        return frozenset(check_of(CHECKS, check).id for check in (self.check, *self.also))

    def spoil(self, text: str) -> str:
        """Put the defect into the text of the clean script.

        Raises:
            DefectFileError: a passage to replace is not there exactly once.
        """
        if self.manner == "append":
            head, end, tail = text.rpartition(_END)
            return f"{head}\n{self.body}{end}{tail}"
        if self.manner == "prepend":
            return f"{self.body}\n{text}"
        for passage in self.body.split(_OLD)[1:]:
            old, found, new = passage.partition(_NEW)
            old, new = old.strip("\n"), new.strip("\n")
            if not found or not old or text.count(old) != 1:
                raise DefectFileError(
                    f"{self.name}: {text.count(old)} times in the {self.script}, "
                    f"not once:\n{old or 'no passage'}"
                )
            text = text.replace(old, new)
        return text


def plan_key(plan: Plan) -> str:
    """What a plan's folder of defects is called: its name in lower case."""
    return plan.name.lower()


@cache
def plans() -> dict[str, Plan]:
    """Every plan of ``migrations`` by its key, in the order of the keys."""
    found = [read_plan(path) for path in _MIGRATIONS.glob("*.toml")]
    return {plan_key(plan): plan for plan in sorted(found, key=plan_key)}


def read_defects(folder: Path = FOLDER) -> list[Defect]:
    """All defects that have files.

    Raises:
        DefectFileError: a file cannot be used, or its folder is that of no plan.
    """
    found = []
    for path in sorted(folder.rglob("*.sql")):
        if path.parent.name not in plans():
            raise DefectFileError(f"{path}: there is no plan {path.parent.name}")
        text = path.read_text(encoding="utf-8")
        found.append(parse_defect(path.parent.name, path.stem, text))
    return found


def parse_defect(plan: str, name: str, text: str) -> Defect:
    """Read a defect's file.

    Raises:
        DefectFileError: a key is missing, twice there or has a value that there is not.
    """
    head, _, body = text.partition("\n\n")
    sentences: list[str] = []
    keys: dict[str, str] = {}
    also: dict[str, str] = {}
    for line in head.splitlines():
        found = _KEY.fullmatch(line)
        if found is None:
            sentences.append(line.removeprefix("--").strip())
        elif found["key"] == "also":
            check, because, reason = found["value"].partition(_BECAUSE)
            if not because:
                raise DefectFileError(f"{name}: why does {check} fail as well?")
            also[check] = reason
        elif found["key"] in keys:
            raise DefectFileError(f"{name}: {found['key']} is there twice")
        else:
            keys[found["key"]] = found["value"]
    keys.setdefault("script", "migration")
    for key, allowed in (("script", get_args(ScriptName)), ("apply", get_args(Manner))):
        if keys.get(key) not in allowed:
            raise DefectFileError(f"{name}: {key} must be one of {', '.join(allowed)}")
    if "check" not in keys or not any(sentences) or not body.strip():
        raise DefectFileError(f"{name}: a sentence, a check and SQL are needed")
    return Defect(
        plan=plan,
        name=name,
        what=" ".join(filter(None, sentences)),
        check=keys["check"],
        manner=cast(Manner, keys["apply"]),
        body=body,
        script=cast(ScriptName, keys["script"]),
        also=also,
        undo=keys.get("undo", ""),
        seconds=float(keys["seconds"]) if "seconds" in keys else None,
        instances=int(keys.get("instances", 1)),
        production=int(keys.get("production", 0)),
    )


def rollback_of(plan: Plan) -> Path:
    """The rollback script that every plan of this project has."""
    assert plan.rollback is not None
    return plan.rollback
