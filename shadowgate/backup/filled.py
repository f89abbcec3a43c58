"""A dump of made rows, from a schema that comes without any."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from shadowgate.backup.complaints import first_complaint
from shadowgate.backup.fill import Filled, fill
from shadowgate.backup.plain import is_plain_dump
from shadowgate.backup.recognise import examine_backup
from shadowgate.backup.restore import restore
from shadowgate.errors import BackupError, SetupError, UsageError
from shadowgate.language import sentence
from shadowgate.progress import Progress, silent
from shadowgate.server import Database, Databases, Server, open_server

_ROOM_BYTES = 1_000_000_000
_HEAD = 1 << 16


def filled_dump(
    schemas: Sequence[Path],
    output: Path,
    rows: int,
    choice: str,
    progress: Progress = silent,
) -> tuple[Filled, ...]:
    """Make the schema on a throw-away server, fill it, and dump it.

    Args:
        schemas: a dump without rows, in any form of pg_dump's, or SQL scripts in order.
        output: where the dump will be, in pg_dump's custom format; replaced if it is there.
        rows: of each table.
        choice: where PostgreSQL runs, as for ``--server``.
        progress: told what is going on.

    Raises:
        UsageError: a schema is missing, or its SQL fails.
        RestoreError: a dump does not restore.
        SetupError: there is no server, or the dump cannot be written.
    """
    for each in schemas:
        if not each.is_file() and not each.is_dir():
            raise UsageError(
                sentence("there is no schema {what}", what=each),
                todo="pg_dump --schema-only makes one",
            )
    with (
        closing(open_server(choice, room_bytes=_ROOM_BYTES, progress=progress)) as server,
        Databases(server) as databases,
        databases.created(f"shadowgate_fill_{os.getpid()}") as database,
    ):
        for each in schemas:
            _make(server, database, each, progress)
        with database.connect() as connection:
            found = fill(connection, rows)
        _dump(server, database, output)
    return found


def _make(server: Server, database: Database, schema: Path, progress: Progress) -> None:
    if not _is_script(schema):
        with tempfile.TemporaryDirectory(prefix="shadowgate-") as folder:
            restore(
                examine_backup(schema),
                server.tools,
                database,
                workspace=Path(folder),
                make_roles=server.owned,
                vacuum=False,
                progress=progress,
            )
        return
    options = ("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file={script}")
    done = server.tools.run("psql", options, database=database.name, files={"script": schema})
    if done.status:
        complaint = first_complaint(done.stderr)
        raise BackupError(
            sentence("the schema's SQL fails: {what}", what=complaint.what),
            where=str(schema),
        )


def _is_script(schema: Path) -> bool:
    """Whether it is SQL that pg_dump did not write: by its content, as all backups are told."""
    if schema.is_dir() or schema.suffix != ".sql":
        return False
    with schema.open("rb") as stream:
        head = stream.read(_HEAD)
    return b"\0" not in head and not is_plain_dump(head)


def _dump(server: Server, database: Database, output: Path) -> None:
    partial = output.with_name(f".{output.name}-{os.getpid()}")
    try:
        done = server.tools.run(
            "pg_dump",
            ("--format=custom", "--file={dump}"),
            database=database.name,
            files={"dump": partial},
        )
        if done.status:
            complaint = first_complaint(done.stderr)
            raise SetupError(
                sentence("the dump cannot be made: {what}", what=complaint.what),
                where=str(output),
            )
        partial.replace(output)
    except OSError as error:
        raise SetupError(
            sentence("{output} cannot be written: {reason}", output=output, reason=error.strerror)
        ) from error
    finally:
        partial.unlink(missing_ok=True)
