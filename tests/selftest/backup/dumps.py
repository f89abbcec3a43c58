"""Dumps by the real pg_dump, and what a restored database differs by."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from shadowgate.catalogue import Snapshot, diff, fingerprint, take_snapshot
from shadowgate.server import Database, Server


def dump(server: Server, database: Database, path: Path, *options: str) -> Path:
    """Dump a database as production would."""
    result = server.tools.run(
        "pg_dump", [*options, "--file={dump}"], database=database.name, files={"dump": path}
    )
    assert result.status == 0, result.stderr
    return path


@dataclass(frozen=True)
class Remembered:
    """Schema and content of a database that may be gone since."""

    schema: Snapshot
    content: object


def remembered(database: Database) -> Remembered:
    """Schema and content of a database; roles belong to the server and are left out."""
    with database.connect() as connection:
        objects = take_snapshot(connection).objects
        kept = {name: found for name, found in objects.items() if name.kind != "role"}
        return Remembered(Snapshot(kept), fingerprint(connection))


def differences(one: Database | Remembered, other: Database) -> list[str]:
    """What two databases differ by, schema and content."""
    before = remembered(one) if isinstance(one, Database) else one
    after = remembered(other)
    drift = diff(before.schema, after.schema).in_words()
    return [*drift, *([] if before.content == after.content else ["content"])]
