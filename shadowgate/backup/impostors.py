"""What a file that is no dump looks like, so that the message can say it."""

from __future__ import annotations

import re
from typing import NamedTuple

from shadowgate.errors import BackupError


class _Impostor(NamedTuple):
    """A kind of file that people mistake for a dump, and the way from it to one."""

    pattern: re.Pattern[bytes]
    """Matches at the start of the file."""
    name: str
    todo: str


_DUMP = "pass a file or folder made by pg_dump"


def _kind(pattern: bytes, name: str, todo: str = _DUMP) -> _Impostor:
    return _Impostor(re.compile(pattern, re.DOTALL | re.IGNORECASE), name, todo)


_IMPOSTORS: tuple[_Impostor, ...] = (
    _kind(
        rb"\x04\x22\x4d\x18|\x02\x21\x4c\x18",
        "compressed with lz4, which is not supported",
        "decompress it first: lz4 -d BACKUP",
    ),
    _kind(rb"PK\x03\x04|PK\x05\x06", "a zip archive", "unpack it and pass the dump inside"),
    _kind(rb"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it and pass the dump inside"),
    _kind(rb"Rar!\x1a\x07", "a RAR archive", "unpack it and pass the dump inside"),
    _kind(
        rb"\x1f\x9d|\x5d\x00\x00",
        "compressed in a way that is not supported",
        "decompress it first, or compress it with gzip or zstd",
    ),
    _kind(
        rb"age-encryption\.org|-----BEGIN PGP MESSAGE|\x85[\x01-\x04]|Salted__",
        "encrypted",
        "decrypt it first and pass the dump inside",
    ),
    _kind(rb"\x89PNG|\xff\xd8\xff|GIF8", "a picture"),
    _kind(rb"%PDF", "a PDF document"),
    _kind(rb"SQLite format 3\x00", "a SQLite database"),
    _kind(
        rb"\s*(<!doctype html|<html|<head|<\?xml)",
        "a web page or XML, such as the error page of a failed download",
        "download the dump again and look at the file before passing it",
    ),
    _kind(rb"--\s*(MySQL|MariaDB) dump", "a dump of MySQL or MariaDB"),
    _kind(rb"\s*[{\[]", "JSON text"),
    _kind(
        rb"(\s|--[^\n]*\n|/\*.*?\*/)*"
        rb"(CREATE|INSERT|ALTER|DROP|SELECT|BEGIN|SET|DO|GRANT|WITH|UPDATE|DELETE|COMMENT|COPY)\b",
        "an SQL script, but not one that pg_dump wrote",
        "pass a dump made by pg_dump; a migration goes with --migration",
    ),
)


def not_a_dump(head: bytes) -> BackupError:
    """Say what the content that begins with ``head`` is, when it is no dump."""
    for impostor in _IMPOSTORS:
        if impostor.pattern.match(head):
            return BackupError(
                f"the backup is not a PostgreSQL dump: it is {impostor.name}", todo=impostor.todo
            )
    kind = "binary data of an unknown kind" if b"\0" in head else "text of another kind"
    return BackupError(f"the backup is not a PostgreSQL dump: it is {kind}", todo=_DUMP)
