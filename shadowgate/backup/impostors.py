"""What a file that is no dump looks like, so that the message can say it."""

from __future__ import annotations

import re
from typing import NamedTuple

from shadowgate.errors import BackupError
from shadowgate.language import sentence


class _Impostor(NamedTuple):
    """A kind of file that people mistake for a dump, and the way from it to one."""

    pattern: re.Pattern[bytes]
    """Matches at the start of the file."""
    name: str
    todo: str


_DUMP = sentence("pass a file or folder made by pg_dump")


def _kind(pattern: bytes, name: str, todo: str = _DUMP) -> _Impostor:
    return _Impostor(re.compile(pattern, re.DOTALL | re.IGNORECASE), name, todo)


_IMPOSTORS: tuple[_Impostor, ...] = (
    _kind(
        rb"\x04\x22\x4d\x18|\x02\x21\x4c\x18",
        sentence("compressed with lz4, which is not supported"),
        sentence("decompress it first: lz4 -d BACKUP"),
    ),
    _kind(
        rb"PK\x03\x04|PK\x05\x06",
        sentence("a zip archive"),
        sentence("unpack it and pass the dump inside"),
    ),
    _kind(
        rb"7z\xbc\xaf\x27\x1c",
        sentence("a 7z archive"),
        sentence("unpack it and pass the dump inside"),
    ),
    _kind(
        rb"Rar!\x1a\x07", sentence("a RAR archive"), sentence("unpack it and pass the dump inside")
    ),
    _kind(
        rb"\x1f\x9d|\x5d\x00\x00",
        sentence("compressed in a way that is not supported"),
        sentence("decompress it first, or compress it with gzip or zstd"),
    ),
    _kind(
        rb"age-encryption\.org|-----BEGIN PGP MESSAGE|\x85[\x01-\x04]|Salted__",
        sentence("encrypted"),
        sentence("decrypt it first and pass the dump inside"),
    ),
    _kind(rb"\x89PNG|\xff\xd8\xff|GIF8", sentence("a picture")),
    _kind(rb"%PDF", sentence("a PDF document")),
    _kind(rb"SQLite format 3\x00", sentence("a SQLite database")),
    _kind(
        rb"\s*(<!doctype html|<html|<head|<\?xml)",
        sentence("a web page or XML, such as the error page of a failed download"),
        sentence("download the dump again and look at the file before passing it"),
    ),
    _kind(rb"--\s*(MySQL|MariaDB) dump", sentence("a dump of MySQL or MariaDB")),
    _kind(rb"\s*[{\[]", sentence("JSON text")),
    _kind(
        rb"(\s|--[^\n]*\n|/\*.*?\*/)*"
        rb"(CREATE|INSERT|ALTER|DROP|SELECT|BEGIN|SET|DO|GRANT|WITH|UPDATE|DELETE|COMMENT|COPY)\b",
        sentence("an SQL script, but not one that pg_dump wrote"),
        sentence("pass a dump made by pg_dump; a migration goes with --migration"),
    ),
)


def not_a_dump(head: bytes) -> BackupError:
    """Say what the content that begins with ``head`` is, when it is no dump."""
    for impostor in _IMPOSTORS:
        if impostor.pattern.match(head):
            return BackupError(
                sentence("the backup is not a PostgreSQL dump: it is {kind}", kind=impostor.name),
                todo=impostor.todo,
            )
    kind = (
        sentence("binary data of an unknown kind")
        if b"\0" in head
        else sentence("text of another kind")
    )
    return BackupError(
        sentence("the backup is not a PostgreSQL dump: it is {kind}", kind=kind),
        todo=_DUMP,
    )
