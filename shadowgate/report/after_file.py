"""``after.json``: what a run learnt of a migration that production is later held against.

Beside ``shadow.json``, and small: not the whole catalogue of the migrated shadow but what differs
from the shadow before, with what the backup held and what the migration took.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cattrs

from shadowgate.catalogue import CatalogueObject, Drift
from shadowgate.errors import UsageError
from shadowgate.language import sentence
from shadowgate.report.json_file import write_document
from shadowgate.report.redact import data_without_secrets

NAME = "after.json"
SCHEMA = 1


@dataclass(frozen=True)
class AfterObject:
    """An object that came or went with the migration."""

    kind: str
    """In PostgreSQL's words: ``table``, ``index``, ``column`` …"""
    name: str
    """Qualified and quoted as SQL would have it."""
    part_of: tuple[tuple[str, str], ...] = ()
    """(kind, name) of what it is a part of, the nearest first."""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    """As the catalogues of the migrated shadow have them; empty for what went."""


@dataclass(frozen=True)
class AfterAttribute:
    """An attribute of an object that the migration gave another value."""

    kind: str
    name: str
    part_of: tuple[tuple[str, str], ...]
    attribute: str
    value: Any = None
    """In the migrated shadow; ``None`` for not set."""


@dataclass(frozen=True)
class After:
    """What production is held against."""

    started: str
    """When the run began, as in ``shadow.json`` beside it."""
    backup_written: str | None = None
    """File time of the backup, ISO 8601 with offset; ``None`` for a generated one."""
    extensions: Mapping[str, str] = field(default_factory=dict)
    """Of the shadow before the migration: name -> version."""
    rows: Mapping[str, int] = field(default_factory=dict)
    """Of the shadow before the migration: logical table -> rows."""
    locks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Relation that was there before -> modes of the locks that the migration took on it."""
    wal_bytes: int | None = None
    """Written while the migration ran; ``None`` if that was not seen."""
    production_rows: Mapping[str, int] = field(default_factory=dict)
    """Logical table -> rows in production, where the shadow had fewer and locks and WAL were told
    for that many."""
    production_wal_bytes: int | None = None
    """What the migration is expected to write with so many."""
    created: tuple[AfterObject, ...] = ()
    dropped: tuple[AfterObject, ...] = ()
    dropped_first: tuple[tuple[str, str], ...] = ()
    """(kind, name) of what the script drops where it is there, to create it anew; shell-style."""
    changed: tuple[AfterAttribute, ...] = ()
    not_validated: tuple[str, ...] = ()
    """Constraints that are not validated in the migrated shadow."""
    schema: int = SCHEMA


def objects_of(drift: Drift) -> Mapping[str, Any]:
    """What came, went and changed between two snapshots, as :class:`After` has it."""
    return {
        "created": tuple(
            _object(identity.kind, identity.name, found, found.attributes)
            for identity, found in drift.created.items()
        ),
        "dropped": tuple(
            _object(identity.kind, identity.name, found, {})
            for identity, found in drift.dropped.items()
        ),
        "changed": tuple(
            AfterAttribute(
                change.object.kind,
                change.object.name,
                tuple((whole.kind, whole.name) for whole in change.part_of),
                change.attribute,
                change.after,
            )
            for change in drift.changed
        ),
    }


def _object(
    kind: str, name: str, found: CatalogueObject, attributes: Mapping[str, Any]
) -> AfterObject:
    wholes = tuple((whole.kind, whole.name) for whole in found.part_of)
    return AfterObject(kind, name, wholes, dict(attributes))


def write_after(after: After, path: Path) -> None:
    """Write ``after.json``, without secrets.

    Raises:
        OSError: the folder cannot be made or written.
    """
    write_document(data_without_secrets(dataclasses.asdict(after)), path)


def read_after(path: Path) -> After:
    """Read ``after.json``.

    Raises:
        UsageError: it cannot be read, or is no such file.
    """
    try:
        after = cattrs.structure(json.loads(path.read_text(encoding="utf-8")), After)
    except (OSError, ValueError, TypeError, cattrs.BaseValidationError):
        raise UsageError(
            sentence("{path} is not what a run of shadowgate writes", path=path),
            todo="run shadowgate again on the backup, and name its shadow.json",
        ) from None
    if after.schema != SCHEMA:
        raise UsageError(
            sentence(
                "{path} has version {schema}, known is {known}",
                path=path,
                schema=after.schema,
                known=SCHEMA,
            )
        )
    return after
