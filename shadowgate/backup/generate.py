"""Generated backups: filled by a script, dumped by pg_dump, kept in a cache.

The cache is keyed by all that the content depends on: rows, seed, state and the generator's own
files. A dump appears in it whole or not at all, so runs at the same time cannot hurt each other.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import uuid
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from shadowgate.backup.complaints import first_complaint
from shadowgate.errors import SetupError, UsageError
from shadowgate.language import sentence
from shadowgate.progress import Progress, silent
from shadowgate.server.base import Database, Server
from shadowgate.server.tools import connection_environment

COMPRESSION_LEVEL = 1
"""Level 1 of gzip: half the time of the default at a tenth more size."""

_GENERATOR_FILES = ("*.py", "*.sql")


class ScratchDatabases(Protocol):
    """Where the generator's database is made; ``shadowgate.server.databases`` has it."""

    def create(self, name: str) -> Database:
        """Create an empty database."""
        ...

    def drop(self, name: str) -> None:
        """Drop it again."""
        ...


def cached_path(script: Path, *, rows: int, seed: int, state: str, cache: Path) -> Path:
    """Where the backup with this content lies in the cache, whether it is there or not.

    Raises:
        UsageError: the generator script is missing.
    """
    if not script.is_file():
        raise UsageError(
            sentence("the generator {script} does not exist", script=script),
            todo="name the script with [backup] generator in the plan, or pass --backup",
        )
    digest = hashlib.sha256()
    files = {file for pattern in _GENERATOR_FILES for file in script.parent.rglob(pattern)}
    for file in sorted(files):
        digest.update(str(file.relative_to(script.parent)).encode() + b"\0")
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return cache / f"{state or script.stem}-{rows}-{seed}-{digest.hexdigest()[:16]}.dump"


def generated_backup(
    script: Path,
    *,
    rows: int,
    seed: int,
    state: str,
    server: Server,
    databases: ScratchDatabases,
    cache: Path,
    progress: Progress = silent,
) -> Path:
    """Return a custom-format dump of generated content, made now unless the cache has it.

    The script gets these options and, in libpq's variables, an empty database.

    Args:
        script: the generator; every ``*.py`` and ``*.sql`` file beside or below it counts.
        rows: rows of the large table.
        seed: seed of its random numbers.
        state: of the schema, for a generator that knows several; else empty.
        server: where the scratch database is made, and whose pg_dump dumps it.
        databases: makes and drops the scratch database.
        cache: folder of the dumps, made if needed.
        progress: told what is going on.

    Raises:
        UsageError: the script is missing.
        SetupError: the script or pg_dump fails, or the cache cannot be written.
    """
    arguments = (f"--rows={rows}", f"--seed={seed}", *([f"--state={state}"] if state else []))
    target = cached_path(script, rows=rows, seed=seed, state=state, cache=cache)
    if target.is_file():
        progress(f"generated backup found in the cache: {target.name}")
        return target
    progress(f"generating a backup of {rows:,} rows, once for all runs with these settings")
    with _written_whole(target) as partial, _scratch(databases) as database:
        _run_script([str(script), *arguments], database, progress)
        progress("dumping the generated database")
        _dump(server, database, partial)
    return target


@contextmanager
def _scratch(databases: ScratchDatabases) -> Iterator[Database]:
    """An empty database for the length of the block."""
    database = databases.create(f"shadowgate_generate_{uuid.uuid4().hex[:12]}")
    try:
        yield database
    finally:
        databases.drop(database.name)


@contextmanager
def _written_whole(target: Path) -> Iterator[Path]:
    """A path beside ``target`` that becomes it if all goes well, and vanishes otherwise."""
    partial = target.parent / f".partial-{uuid.uuid4().hex[:12]}.dump"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield partial
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise SetupError(
            sentence(
                "the generated backup cannot be kept: {reason}",
                reason=error.strerror or error,
            ),
            where=str(target.parent),
            todo="free disk space, or name another folder in SHADOWGATE_CACHE",
        ) from error


def _run_script(command: list[str], database: Database, progress: Progress) -> None:
    last: deque[str] = deque(maxlen=5)
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    process = subprocess.Popen(
        [sys.executable, *command],
        env={**ours, **connection_environment(database.endpoint, database.name)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    try:
        assert process.stderr is not None  # noqa: S101 - piped above
        for line in process.stderr:
            last.append(line.strip())
            progress(f"generating: {line.strip()}")
        status = process.wait()
    finally:
        # Interrupted: the script must not go on filling a database that is about to be dropped.
        process.kill()
        process.wait()
        if process.stderr is not None:
            process.stderr.close()
    if status:
        raise SetupError(
            sentence(
                "the generator failed with status {status}: {last}",
                status=status,
                last=" | ".join(last),
            ),
            where=command[0],
            todo="run it by hand with the same arguments to see more",
        )


def _dump(server: Server, database: Database, target: Path) -> None:
    result = server.tools.run(
        "pg_dump",
        ["--format=custom", "--no-owner", f"--compress={COMPRESSION_LEVEL}", "--file={dump}"],
        database=database.name,
        files={"dump": target},
    )
    if result.status:
        complaint = first_complaint(result.stderr)
        raise SetupError(
            sentence("the generated database cannot be dumped: {what}", what=complaint.what),
            where=complaint.where,
            todo=complaint.todo,
        )
