"""Dumps of a whole cluster by pg_dumpall: the dump of one of its databases is taken out.

What belongs to the database itself, such as CREATE DATABASE and its settings, is left out with the
commands that change over to it; so are the roles of the cluster.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from shadowgate.backup.decode import read_chunks, unwrap
from shadowgate.backup.recognise import Backup, examine_backup, peel
from shadowgate.backup.statements import split_lines
from shadowgate.errors import BackupError
from shadowgate.language import sentence

_CLUSTER = re.compile(rb"^-- PostgreSQL database cluster dump\s*$", re.MULTILINE)
_COMPLETE = b"-- PostgreSQL database cluster dump complete"
_DATABASE = re.compile(rb'-- Database "(?P<name>.*)" dump\s*$')
_BEGINS = b"-- PostgreSQL database dump"
_ENTRY = re.compile(rb"-- (?:Data for )?Name: (?P<name>.*); Type: (?P<type>[A-Z ]+); Schema: ")
_COPY = re.compile(rb"COPY .* FROM stdin;\s*$")
_OF_THE_DATABASE = (b"DATABASE", b"DATABASE PROPERTIES")
_KEPT = (b"--", b"SET ", b"SELECT pg_catalog.set_config(")
"""Lines beside the statements of an entry, which later entries need."""


@dataclass(frozen=True)
class _Line:
    """One line of a cluster dump, with where it stands."""

    text: bytes
    database: str
    """In whose dump it is; empty before the first one."""
    is_data: bool
    """Whether it is among the rows of a COPY."""


def is_cluster_dump(path: Path) -> bool:
    """Whether a file is a dump of a whole cluster, whatever layers are around it.

    Raises:
        BackupError: a layer around it is damaged.
        OSError: it cannot be read.
    """
    return path.is_file() and bool(_CLUSTER.search(peel(path)[1]))


def examine_cluster(path: Path, wanted: str, workspace: Path) -> Backup:
    """Take the dump of one database out of that of a cluster, and examine it.

    Args:
        path: the dump of the cluster.
        wanted: name of the database; empty for the only one that has tables.
        workspace: where the copy goes; the caller deletes it.

    Returns:
        The copy, with the checksum of the whole file.

    Raises:
        BackupError: there is no such database, more than one has tables, the dump is truncated or
            damaged, or the copy cannot be written.
    """
    name = _chosen(path, wanted)
    copy = workspace / "database" / path.name
    try:
        copy.parent.mkdir(exist_ok=True)
        with copy.open("wb") as target:
            target.writelines(_dump_of(name, _lines(path)))
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise BackupError(
            sentence(
                "the dump of database {name} cannot be copied: {reason}",
                name=name,
                reason=error.strerror,
            ),
            where=str(workspace),
            todo="free disk space, or point TMPDIR at a larger disk",
        ) from error
    return replace(examine_backup(copy), sha256=digest, database=name)


def _chosen(path: Path, wanted: str) -> str:
    with_tables: dict[str, bool] = {}
    complete = False
    for line in _lines(path):
        if line.database:
            makes_table = not line.is_data and line.text.startswith(b"CREATE TABLE ")
            with_tables[line.database] = with_tables.get(line.database, False) or makes_table
        complete = complete or (not line.is_data and line.text.startswith(_COMPLETE))
    if not complete:
        raise BackupError(
            sentence(
                "the dump of the cluster is truncated: it ends without the line '{complete}'",
                complete=_COMPLETE.decode(),
            ),
            where=str(path),
            todo="dump again, or copy the dump again and compare its size",
        )
    candidates = [name for name, has in with_tables.items() if has and wanted in ("", name)]
    if wanted in with_tables:
        return wanted
    if len(candidates) == 1:
        return candidates[0]
    raise BackupError(
        sentence("the dump of the cluster has no database {wanted}", wanted=wanted)
        if wanted
        else sentence(
            "the dump is of a cluster in which {candidates} databases have tables",
            candidates=len(candidates),
        ),
        where=sentence(
            "{path}, databases: {with_tables}",
            path=path,
            with_tables=", ".join(with_tables) or sentence("none"),
        ),
        todo='name one of them in the plan, [backup] database = "NAME"; or dump the one alone:'
        " pg_dump --format=custom --file=NAME DATABASE",
    )


def _lines(path: Path) -> Iterator[_Line]:
    wrappings, _ = peel(path)
    database, is_data = "", False
    with path.open("rb") as stream:
        for text in split_lines(unwrap(read_chunks(stream), wrappings)):
            found = None if is_data else _DATABASE.match(text)
            if found:
                database = found["name"].decode("utf-8", errors="replace")
            yield _Line(text, database, is_data)
            is_data = text.rstrip() != rb"\." if is_data else bool(_COPY.match(text))


def _dump_of(database: str, lines: Iterable[_Line]) -> Iterator[bytes]:
    """The lines of a database's dump, without what makes and changes the database itself."""
    begun, left_out = False, False
    for line in lines:
        if line.database != database:
            continue
        begun = begun or line.text.startswith(_BEGINS)
        if not begun or line.text.startswith(_COMPLETE):
            continue
        if not line.is_data and (entry := _ENTRY.match(line.text)):
            left_out = _is_about_the_database(entry)
        if line.is_data or not left_out or line.text.startswith(_KEPT):
            yield line.text


def _is_about_the_database(entry: re.Match[bytes]) -> bool:
    return entry["type"] in _OF_THE_DATABASE or entry["name"].startswith(b"DATABASE ")
