"""What a shadow run recorded, as far as production is held against it."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from shadowgate.errors import UsageError
from shadowgate.language import sentence
from shadowgate.report import after_file, json_schema
from shadowgate.report.after_file import After, read_after


@dataclass(frozen=True)
class ShadowRun:
    """A run's ``shadow.json`` and, where it came so far, the ``after.json`` beside it."""

    path: Path
    verdict: str
    quick: bool
    started: dt.datetime
    migration: str
    """Name of the script."""
    inputs: Mapping[str, str]
    """Name of a file that the run read -> its SHA-256."""
    version: str
    """Of the shadow's server; empty if the run did not come so far."""
    settings: Mapping[str, str]
    generated: bool
    """Whether the backup was a generated one."""
    limit_percent: float
    """By how much a query may get slower."""
    plans: Mapping[str, Mapping[str, Any]]
    """Query's id -> what was seen of its plan on the migrated copy: ``shape``, ``indexes`` …"""
    after: After | None

    @property
    def major(self) -> int | None:
        """Major version of the shadow's server."""
        found = re.match(r"\d+", self.version)
        return int(found[0]) if found else None


def read_shadow_run(path: Path) -> ShadowRun:
    """Read ``shadow.json`` and what lies beside it.

    Raises:
        UsageError: it is not there, is none, or ``after.json`` is of another run.
    """
    document = _document(path)
    beside = path.with_name(after_file.NAME)
    after = read_after(beside) if beside.exists() else None
    if after is not None and after.started != document["started"]:
        raise UsageError(
            sentence(
                "{beside} is of another run than {name} beside it",
                beside=beside,
                name=path.name,
            ),
            where=sentence(
                "{started} and {document}",
                started=after.started,
                document=document["started"],
            ),
            todo="keep the files of one run together",
        )
    plan, server = document["plan"], document["server"]
    return ShadowRun(
        path=path,
        verdict=document["verdict"],
        quick=document["quick"],
        started=_moment(document["started"], path),
        migration=str(plan.get("migration", "")),
        inputs=document["inputs"],
        version=str(server.get("version", "")),
        settings=server.get("settings") or {},
        generated=plan.get("generated_rows") is not None,
        limit_percent=float(plan.get("limit_percent") or 5.0),
        plans={
            name: query["witnesses"]["after"]
            for name, query in document["queries"].items()
            if query["witnesses"].get("after")
        },
        after=after,
    )


def _document(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(
            sentence("there is no {path}", path=path),
            todo="run shadowgate on a backup first, or name its shadow.json",
        ) from None
    except (OSError, ValueError) as error:
        raise _refused(path, str(error)) from None
    problem = next(Draft202012Validator(json_schema()).iter_errors(document), None)
    if problem is not None:
        raise _refused(path, f"{problem.json_path}: {problem.message[:200]}")
    found: dict[str, Any] = document
    return found


def _moment(text: str, path: Path) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise _refused(path, f"started: {text}") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _refused(path: Path, why: str) -> UsageError:
    return UsageError(
        sentence("{path} is not a shadow.json", path=path),
        where=why,
        todo="name the one in a run's reports folder",
    )
