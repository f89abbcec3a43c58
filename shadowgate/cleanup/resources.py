"""What must not outlive a run, told as plain data; :mod:`shadowgate.server.cleaning` removes it.

A resource is named before it is made, so that there is no moment at which it exists and nobody
would clean it. Cleaning what never came to be is therefore not an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True)
class ClusterResource:
    """A directory with a cluster in it, and every process that works inside it."""

    kind: ClassVar[str] = "cluster"
    directory: str


@dataclass(frozen=True)
class FolderResource:
    """A folder of temporary files."""

    kind: ClassVar[str] = "folder"
    directory: str


@dataclass(frozen=True)
class ContainerResource:
    """A container, known by its name before it exists, and the folder that is mounted in it."""

    kind: ClassVar[str] = "container"
    name: str
    directory: str


@dataclass(frozen=True)
class DatabaseResource:
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


Resource = ClusterResource | ContainerResource | DatabaseResource | FolderResource

_KINDS: Mapping[str, type[Resource]] = {
    resource.kind: resource
    for resource in (ClusterResource, ContainerResource, DatabaseResource, FolderResource)
}


def to_message(resource: Resource) -> dict[str, Any]:
    """A resource as plain data."""
    return {"kind": resource.kind, **asdict(resource)}


def from_message(message: Mapping[str, Any]) -> Resource:
    """The resource that :func:`to_message` wrote."""
    fields = dict(message)
    return _KINDS[fields.pop("kind")](**fields)
