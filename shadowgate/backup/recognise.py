"""Tell what a backup is by its content, never by its name, before anything is done with it.

The whole content is read once, in chunks: for its checksum, to see that no layer around it is
damaged, and that a plain dump is complete and stays in the database that it is restored into.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from shadowgate.backup.archive import MAGIC, DumpHeader, read_archive_header
from shadowgate.backup.decode import (
    COMPRESSIONS,
    first_bytes,
    outermost_layer,
    read_chunks,
    unwrap,
)
from shadowgate.backup.impostors import not_a_dump
from shadowgate.backup.plain import PlainScan, is_plain_dump, read_plain_header
from shadowgate.backup.tar import TarScan
from shadowgate.errors import BackupError
from shadowgate.language import joined, sentence

Format = Literal["plain", "custom", "directory", "tar"]

_HEAD = 1 << 16
_DEEPEST = 4
_TAR_BLOCK = 512
_POSTGIS = re.compile(
    rb"CREATE EXTENSION (?:IF NOT EXISTS )?\"?postgis\b|\.\"?(?:geometry|geography)\b"
)
_NEEDS_DUMP = sentence("pass a file or folder made by pg_dump with --backup")


@dataclass(frozen=True)
class Backup:
    """A backup that can be restored, as far as that can be told without a server."""

    path: Path
    format: Format
    wrappings: tuple[str, ...]
    """Layers around the dump, outermost first: ``("gzip", "utf-16", "crlf")``."""
    sha256: str
    """Of the file as it lies there; of a directory, of its files' names and contents in order."""
    size_bytes: int
    dump_version: str | None = None
    """Version of the pg_dump that wrote it, where the dump tells."""
    server_version: str | None = None
    """Version of the server that it was taken from, where the dump tells."""
    database: str | None = None
    """Name of the database that it was taken from; plain dumps do not tell."""
    mentions_postgis: bool = False
    """Whether its bytes name PostGIS somewhere; rows may do so too, so this is a hint alone."""

    @property
    def dump_major(self) -> int | None:
        """Major version of the pg_dump that wrote it."""
        return _major(self.dump_version)

    @property
    def server_major(self) -> int | None:
        """Major version of the server that it was taken from: of production."""
        return _major(self.server_version)

    @property
    def has_checksum(self) -> bool:
        """Whether a letter that was damaged in a row is noticed: what is compressed has one."""
        return self.format in ("custom", "directory") or any(
            name in COMPRESSIONS for name in self.wrappings
        )

    def described(self) -> str:
        """In words: ``plain SQL in gzip, by pg_dump 15.20``."""
        known = {"plain": sentence("plain SQL"), "custom": sentence("custom archive")}
        said: str = known.get(self.format, self.format)
        for name in reversed(self.wrappings):
            said = sentence("{content} in {wrapping}", content=said, wrapping=name)
        if not self.dump_version:
            return said
        return sentence("{content}, by pg_dump {version}", content=said, version=self.dump_version)


def _major(version: str | None) -> int | None:
    digits = re.match(r"\d+", version or "")
    return int(digits[0]) if digits else None


def expect_sha256(backup: Backup, sha256: str) -> None:
    """See that a backup is the one that somebody noted the checksum of, to the last bit.

    Args:
        backup: what :func:`examine_backup` recognised.
        sha256: 64 hexadecimal digits, as ``sha256sum`` prints them.

    Raises:
        BackupError: it is another one, or ``sha256`` is no such checksum.
    """
    expected = sha256.strip().lower()
    if not re.fullmatch(r"[0-9a-f]{64}", expected):
        raise BackupError(
            sentence("the expected checksum is no SHA-256: {sha256!r}", sha256=sha256),
            where=str(backup.path),
            todo="give the 64 hexadecimal digits that sha256sum prints",
        )
    if expected != backup.sha256:
        raise BackupError(
            sentence(
                "the backup is not the expected one: its SHA-256 is {sha256}, "
                "{expected} is expected",
                sha256=backup.sha256,
                expected=expected,
            ),
            where=str(backup.path),
            todo="copy the backup again; if it was made anew on purpose, note its new checksum",
        )


def examine_backup(path: Path) -> Backup:
    """Recognise a backup and read it through once.

    Raises:
        BackupError: it is missing, unreadable, empty, truncated, damaged, no dump, or a dump of a
            kind that cannot be restored into one database; the message says which and what to do.
    """
    try:
        if path.is_dir():
            return _examine_directory(path)
        if not path.exists():
            raise BackupError("the backup does not exist", todo=_NEEDS_DUMP)
        if not path.is_file():
            raise BackupError("the backup is neither a file nor a folder", todo=_NEEDS_DUMP)
        return _examine_file(path)
    except BackupError as error:
        where = joined(", ", (str(path), error.where)) if error.where else str(path)
        raise BackupError(error.what, where=where, todo=error.todo) from error
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise BackupError(
            sentence("the backup cannot be read: {reason}", reason=reason),
            where=str(path),
            todo=sentence("let the user who runs this read it: ls -l {path}", path=path),
        ) from error


def _examine_file(path: Path) -> Backup:
    size = path.stat().st_size
    if size == 0:
        raise BackupError("the backup is empty", todo="dump again and look for pg_dump's error")
    wrappings, head = peel(path)
    if not head:
        raise BackupError(
            sentence(
                "the backup is empty inside its {wrappings}",
                wrappings=" in ".join(reversed(wrappings)),
            ),
            todo="dump again and look for pg_dump's error",
        )
    kind = _format_of(head, wrappings)
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        found = _read_through(unwrap(_noting(digest, read_chunks(stream)), wrappings), kind)
    header = _header_of(head, kind)
    return Backup(
        path=path,
        format=kind,
        wrappings=wrappings,
        sha256=digest.hexdigest(),
        size_bytes=size,
        dump_version=header.dump_version,
        server_version=header.server_version,
        database=header.database,
        mentions_postgis=found,
    )


def _read_through(chunks: Iterator[bytes], kind: Format) -> bool:
    """Read the whole content, which finds damage in its layers, and judge what can be judged.

    Returns:
        Whether it mentions PostGIS.

    Raises:
        BackupError: it is damaged or truncated, or a plain dump leaves its database.
    """
    scans: dict[str, Callable[[], PlainScan | TarScan]] = {"plain": PlainScan, "tar": TarScan}
    scan = scans[kind]() if kind in scans else None
    mentions, end = False, b""
    for chunk in chunks:
        if not mentions:
            mentions, end = bool(_POSTGIS.search(end + chunk)), chunk[-64:]
        if scan is not None:
            scan.feed(chunk)
    if scan is not None:
        scan.finish()
    return mentions


def _header_of(head: bytes, kind: Format) -> DumpHeader:
    if kind == "plain":
        return read_plain_header(head)
    header = read_archive_header(head[_TAR_BLOCK:] if kind == "tar" else head)
    if header is None:
        raise BackupError(
            sentence(
                "the {kind} archive ends inside its header: the backup is truncated",
                kind=kind,
            ),
            todo="copy the backup again and compare its size with the original's",
        )
    return header


def _noting(digest: hashlib._Hash, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Pass chunks on and add them to a digest."""
    for chunk in chunks:
        digest.update(chunk)
        yield chunk


def peel(path: Path) -> tuple[tuple[str, ...], bytes]:
    """Name the layers around a file's content, outermost first, and return how that begins."""
    wrappings: tuple[str, ...] = ()
    while True:
        with path.open("rb") as stream:
            head = first_bytes(unwrap(read_chunks(stream), wrappings), _HEAD)
        layer = outermost_layer(head)
        if layer is None:
            return wrappings, head
        wrappings = (*wrappings, layer)
        if len(wrappings) > _DEEPEST:
            raise BackupError(
                sentence(
                    "the backup lies in more than {deepest} layers: {wrappings}",
                    deepest=_DEEPEST,
                    wrappings=", ".join(wrappings),
                ),
                todo="decompress it and pass the dump inside",
            )


def _format_of(head: bytes, wrappings: tuple[str, ...]) -> Format:
    """Tell the format of unwrapped content by how it begins.

    Raises:
        BackupError: it is no dump, or one that cannot be restored into one database.
    """
    if head.startswith(MAGIC):
        redirected = [name for name in wrappings if name not in COMPRESSIONS]
        if redirected:
            raise BackupError(
                sentence(
                    "the backup is a custom archive that was changed into {redirected} "
                    "text: its data are lost",
                    redirected=redirected[0],
                ),
                todo="dump again with pg_dump --file=NAME instead of redirecting its output",
            )
        return "custom"
    if head[257:262] == b"ustar" or head.startswith(b"toc.dat\0"):
        return _checked_tar(head)
    if is_plain_dump(head):
        return "plain"
    raise not_a_dump(head)


def _checked_tar(head: bytes) -> Format:
    if head[_TAR_BLOCK:].startswith(MAGIC) and head.startswith(b"toc.dat\0"):
        return "tar"
    member = head[:100].split(b"\0")[0].decode("utf-8", errors="replace")
    if member in {"base", "backup_label", "PG_VERSION", "tablespace_map"}:
        raise BackupError(
            "the backup is a physical one by pg_basebackup, not a dump",
            todo="start a server on it and dump the database with pg_dump",
        )
    raise BackupError(
        sentence(
            "the backup is a tar archive that pg_dump did not write: its first "
            "member is {member!r}",
            member=member,
        ),
        todo="unpack it and pass the dump file or folder inside",
    )


def _examine_directory(path: Path) -> Backup:
    toc = path / "toc.dat"
    if not toc.is_file():
        raise _no_table_of_contents(path)
    header = read_archive_header(first_bytes(_chunks_of(toc), _HEAD))
    if header is None:
        raise BackupError(
            "the folder's toc.dat is not a table of contents by pg_dump",
            where="toc.dat",
            todo="dump again with pg_dump --format=directory",
        )
    digest, size = hashlib.sha256(), 0
    for file in sorted(entry for entry in path.rglob("*") if entry.is_file()):
        digest.update(str(file.relative_to(path)).encode() + b"\0")
        size += sum(len(chunk) for chunk in _noting(digest, _chunks_of(file)))
    return Backup(
        path=path,
        format="directory",
        wrappings=(),
        sha256=digest.hexdigest(),
        size_bytes=size,
        dump_version=header.dump_version,
        server_version=header.server_version,
        database=header.database,
        mentions_postgis=bool(_POSTGIS.search(toc.read_bytes())),
    )


def _chunks_of(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        yield from read_chunks(stream)


def _no_table_of_contents(path: Path) -> BackupError:
    if (path / "PG_VERSION").exists() or (path / "base.tar.gz").exists():
        return BackupError(
            "the folder is a physical backup or a data directory, not a dump",
            todo="start a server on it and dump the database with pg_dump",
        )
    inside = sorted(entry.parent for entry in path.glob("*/toc.dat"))
    todo = (
        sentence("pass the folder {folder}", folder=inside[0])
        if inside
        else sentence("pass a folder with a toc.dat in it")
    )
    return BackupError("the folder is not a dump: it has no toc.dat", todo=todo)
