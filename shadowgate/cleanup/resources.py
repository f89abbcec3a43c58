"""What must not outlive a run, told as plain data; :mod:`shadowgate.server.cleaning` removes it.

A ward is made before the thing that it stands for, so that there is no moment at which the thing
exists and nobody would clean it. Cleaning what never came to be is therefore not an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True)
class ClusterWard:
    """A directory with a cluster in it, and every process that works inside it."""

    kind: ClassVar[str] = "cluster"
    directory: str


@dataclass(frozen=True)
class FolderWard:
    """A folder of temporary files."""

    kind: ClassVar[str] = "folder"
    directory: str


@dataclass(frozen=True)
class ContainerWard:
    """A container, known by its name before it exists, and the folder that is mounted in it."""

    kind: ClassVar[str] = "container"
    name: str
    directory: str


@dataclass(frozen=True)
class DatabaseWard:
    """A database on a server that is not ours, under the name that it was created with or has."""

    kind: ClassVar[str] = "database"
    host: str
    port: int
    user: str
    maintenance: str
    name: str
    staging: str
    marker: str
    password: str | None = field(default=None, repr=False)


Ward = ClusterWard | ContainerWard | DatabaseWard | FolderWard

_KINDS: Mapping[str, type[Ward]] = {
    ward.kind: ward for ward in (ClusterWard, ContainerWard, DatabaseWard, FolderWard)
}


def to_message(ward: Ward) -> dict[str, Any]:
    """A ward as plain data."""
    return {"kind": ward.kind, **asdict(ward)}


def from_message(message: Mapping[str, Any]) -> Ward:
    """The ward that :func:`to_message` wrote."""
    fields = dict(message)
    return _KINDS[fields.pop("kind")](**fields)
