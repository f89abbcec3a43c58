"""A backup taken from a running server: one consistent dump by pg_dump, which only reads."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from shadowgate.backup.complaints import first_complaint
from shadowgate.catalogue.estimated_rows import estimated_rows
from shadowgate.errors import ServerError, UsageError
from shadowgate.language import Shown, sentence
from shadowgate.progress import Progress, silent
from shadowgate.server.base import Database, ToolResult
from shadowgate.server.external import parse_uri
from shadowgate.server.facts import require_version
from shadowgate.server.space import in_units
from shadowgate.server.tools import HostTools, find_host_tools

_READER = "pg_read_all_data"
"""The predefined role that may read every row and change none."""

_ABOUT = """
SELECT pg_catalog.current_setting('server_version'),
    pg_catalog.pg_database_size(pg_catalog.current_database()),
    rolsuper
FROM pg_catalog.pg_roles
WHERE rolname = current_user
"""

_JOBS = 2
_PROGRESS_SECONDS = 5.0


@dataclass(frozen=True)
class TakenDump:
    """A dump in directory format, and what it is of."""

    path: Path
    described: str
    """Server, database, size, time and what was left out, in a sentence without secrets."""
    rows: Mapping[str, int]
    """Table, qualified and quoted -> rows there, as its planner estimates them."""


def take_from_source(
    uri: str, without_rows: Sequence[str], workspace: Path, progress: Progress = silent
) -> TakenDump:
    """Dump a database of a running server.

    A superuser is only used where :data:`_READER` does not suffice: with row security that also
    holds for it, or large objects.

    Args:
        uri: of the database, ``postgresql://user@host:port/database``.
        without_rows: patterns of tables whose rows are left out, as pg_dump takes them.
        workspace: where the dump goes; the caller deletes it.
        progress: told how far it is.

    Raises:
        UsageError: the URI cannot be read, or names no database.
        ServerError: the server cannot be reached or is too old, or the dump fails.
        ToolError: the client tools of this machine are older than the server.
    """
    endpoint, name = parse_uri(uri, "--source")
    if not conninfo_to_dict(uri).get("dbname"):
        raise UsageError(
            "--source names no database",
            where=f"{endpoint.user}@{endpoint.host}:{endpoint.port}",
            todo="write postgresql://user@host:port/database",
        )
    where = f"{endpoint.user}@{endpoint.host}:{endpoint.port}/{name}"
    database = Database(endpoint, name)
    progress(f"source: connecting to {where}")
    version, size, is_superuser, version_num, rows = _about(database, where)
    tools = HostTools(find_host_tools(version_num), endpoint)
    target = workspace / "source" / (name.replace("/", "_") or "database")
    target.parent.mkdir()
    arguments = ["--format=directory", f"--jobs={_JOBS}", "--file={dump}"]
    arguments += [f"--exclude-table-data={pattern}" for pattern in without_rows]
    began = time.monotonic()
    with _told(target, size, progress):
        result, reader = _dumped(tools, arguments, name, target, is_superuser=is_superuser)
    if result.status:
        complaint = first_complaint(result.stderr)
        raise ServerError(
            sentence("the source cannot be dumped: {what}", what=complaint.what),
            where=f"{where} {complaint.where}".strip(),
            todo="use a role that may read all of it: GRANT pg_read_all_data TO the role, with"
            " BYPASSRLS where tables have row security"
            if complaint.decided
            else "see that the server is up and the disk here has room (TMPDIR), then run again",
        )
    left_out = ", ".join(without_rows)
    return TakenDump(
        target,
        sentence(
            "Dumped from {source} (PostgreSQL {version}, {size}) in {seconds:.1f} s with the "
            "rights of {role}{without}",
            source=where,
            version=version,
            size=Shown(in_units, size),
            seconds=time.monotonic() - began,
            role=reader,
            # TRANSLATORS: it stands behind the role that a dump was made by
            without=sentence(", without the rows of {tables}", tables=left_out) if left_out else "",
        ),
        rows,
    )


def _about(database: Database, where: str) -> tuple[str, int, bool, int, Mapping[str, int]]:
    """Version, bytes, whether we are a superuser there, the version as a number, and rows."""
    try:
        with database.connect(options="-c default_transaction_read_only=on") as connection:
            version_num = connection.info.server_version
            require_version(version_num, where)
            row = connection.execute(_ABOUT).fetchone()
            rows = estimated_rows(connection)
    except psycopg.Error as error:
        said = " ".join(str(error).split())
        secret = database.endpoint.password
        raise ServerError(
            "the server given with --source cannot be read",
            where=f"{where}: {said.replace(secret, '***') if secret else said}",
            todo="check that it runs and that host, port, user, password and database are right",
        ) from None
    assert row is not None  # noqa: S101  every session has a role
    version, size, is_superuser = row
    return version.partition(" ")[0], size, is_superuser, version_num, rows


def _dumped(
    tools: HostTools, arguments: Sequence[str], name: str, target: Path, *, is_superuser: bool
) -> tuple[ToolResult, str]:
    """What pg_dump did, and with whose rights."""
    files = {"dump": target}
    if is_superuser:
        lesser = [*arguments, f"--role={_READER}"]
        result = tools.run("pg_dump", lesser, database=name, files=files)
        if not result.status or not first_complaint(result.stderr).decided:
            return result, _READER
        _clear(target)
    result = tools.run("pg_dump", arguments, database=name, files=files)
    return result, "a superuser, as it must" if is_superuser else "its role"


def _clear(target: Path) -> None:
    if target.is_dir():
        for file in target.iterdir():
            file.unlink()
        target.rmdir()


@contextmanager
def _told(target: Path, size: int, progress: Progress) -> Iterator[None]:
    """Tell every few seconds how much has been written."""
    done = threading.Event()

    def tell() -> None:
        while not done.wait(_PROGRESS_SECONDS):
            written = sum(file.stat().st_size for file in target.glob("*") if file.is_file())
            progress(f"source: {in_units(written)} dumped of a database of {in_units(size)}")

    progress(f"source: dumping a database of {in_units(size)}")
    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
