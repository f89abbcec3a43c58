"""Writes a plan from a trial run: every change that was found, for the author to review.

What a DO block, a procedure or dynamic SQL does is not in a script's text. Applied once to a copy
of production it shows; the plan announces it line by line, and whoever commits the plan says that
it is meant.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from glob import escape
from pathlib import Path

from shadowgate.catalogue import Drift, ObjectId, RowDifferences, compare_content
from shadowgate.catalogue.sentences import created, dropped
from shadowgate.phases.run import Run
from shadowgate.phases.runner import session_of
from shadowgate.plan import ObjectsSection

_KINDS = ObjectsSection.kinds()
"""Kinds of objects that a plan can announce, each with its key."""

Lines = dict[str, list[tuple[str, str]]]
"""Key of a section -> names, each with the sentence that is its comment."""


def written_plan(run: Run, folder: Path) -> str:
    """Apply the migration to a copy, and write down what it changed as a plan.

    Args:
        run: its preflight is through.
        folder: where the plan will lie; its paths are relative to it.

    Raises:
        ShadowgateError: the backup does not restore, or the script fails.
    """
    run.applied.run.raise_for_error()
    drift = run.migrated.drift
    content = compare_content(run.shadow, run.applied.database, renames=run.plan.renames)
    sections = [
        ("creates", _objects(drift, drift.created)),
        ("drops", _objects(drift, drift.dropped)),
        ("changes", _changes(drift)),
    ]
    lines = [
        *_head(run, folder),
        *(line for name, found in sections for line in _section(name, found)),
        *_rows(content.differing),
        *_unsaid(drift),
        "",
        "[rollout]",
        f"start = {run.plan.rollout.start.isoformat()}",
    ]
    return "\n".join(lines) + "\n"


def _head(run: Run, folder: Path) -> Iterator[str]:
    plan = run.plan
    yield "# Written from a trial run: each line is something that the migration was seen to do."
    yield "# Keep what is meant, take out what is not, and mend the script until it does no more."
    yield f"name = {_text(plan.name)}"
    yield f"title = {_text(plan.title)}"
    yield f"migration = {_text(_relative(plan.migration, folder))}"
    if plan.rollback is not None:
        yield f"rollback = {_text(_relative(plan.rollback, folder))}"
    if plan.irreversible:
        yield f"irreversible = {_text(plan.irreversible)}"
    yield ""
    yield "[backup]"
    if plan.backup.path is not None:
        yield f"path = {_text(_relative(plan.backup.path, folder))}"
    if plan.workload.queries is not None:
        yield ""
        yield "[workload]"
        yield f"queries = {_text(_relative(plan.workload.queries, folder))}"
    if settings := session_of(plan.runner).given:
        yield ""
        yield "[runner]"
        yield from (f"{key} = {_text(value)}" for key, value in settings.items())


def _relative(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path, folder)).as_posix()


def _text(value: str) -> str:
    """A TOML basic string; JSON's are such."""
    return json.dumps(value, ensure_ascii=False)


def _objects(drift: Drift, objects: Mapping[ObjectId, object]) -> Lines:
    found: Lines = {}
    for identity, each in objects.items():
        whole = any(part in objects for part in getattr(each, "part_of", ()))
        if not whole and identity.kind in _KINDS:
            verb = "created" if objects is drift.created else "dropped"
            found.setdefault(identity.kind, []).append((escape(identity.name), f"was {verb}"))
    return found


def _changes(drift: Drift) -> Lines:
    found: Lines = {}
    for change in drift.changed:
        if change.object.kind in _KINDS:
            name = f"{escape(change.object.name)}:{change.attribute}"
            found.setdefault(change.object.kind, []).append((name, str(change)))
    return found


def _section(name: str, found: Lines) -> Iterator[str]:
    if found:
        yield ""
        yield f"[{name}]"
    for kind, entries in found.items():
        yield f"{_KINDS[kind]} = ["
        yield from (f"  {_text(entry)},  # {_comment(why)}" for entry, why in entries)
        yield "]"


def _rows(differing: Iterable[RowDifferences]) -> Iterator[str]:
    found = list(differing)
    if found:
        yield ""
        yield "[changes.rows]"
    for rows in found:
        columns = [each.column for each in rows.columns_changed]
        if rows.lost or rows.added or rows.doubled or not columns:
            columns = ["*"]
        listed = ", ".join(map(_text, columns))
        yield f"{_text(rows.table)} = [{listed}]  # {_comment('; '.join(rows.sentences()))}"


def _unsaid(drift: Drift) -> Iterator[str]:
    """What no plan can announce: it has to go from the script."""
    sentences = [
        *(created(each) for each in drift.created if each.kind not in _KINDS),
        *(dropped(each) for each in drift.dropped if each.kind not in _KINDS),
        *(str(each) for each in drift.changed if each.object.kind not in _KINDS),
    ]
    if sentences:
        yield ""
        yield "# Found too, and no plan can announce it:"
    yield from (f"#   {_comment(sentence)}" for sentence in sentences)


def _comment(sentence: str) -> str:
    return " ".join(sentence.split())[:160]
