"""The header that pg_dump writes at the start of a custom archive and of every ``toc.dat``.

Layout after ``ReadHead`` in PostgreSQL's ``pg_backup_archiver.c``: magic, version, the sizes of
integers and offsets, format, compression, the time of the dump, then three strings.
"""

from __future__ import annotations

from dataclasses import dataclass

MAGIC = b"PGDMP"

_LONGEST_STRING = 4096


@dataclass(frozen=True)
class DumpHeader:
    """What a dump tells of itself, where it tells."""

    dump_version: str | None
    """Version of the pg_dump that wrote it."""
    server_version: str | None
    database: str | None


class _Reader:
    """Reads the header's integers and strings one after another."""

    def __init__(self, data: bytes, position: int) -> None:
        self.data = data
        self.position = position
        self.integer_size = 4

    def byte(self) -> int:
        value = self.data[self.position]
        self.position += 1
        return value

    def integer(self) -> int:
        negative = self.byte() != 0
        end = self.position + self.integer_size
        if end > len(self.data):
            raise IndexError
        value = int.from_bytes(self.data[self.position : end], "little")
        self.position = end
        return -value if negative else value

    def string(self) -> str | None:
        length = self.integer()
        if length < 0:
            return None
        end = self.position + length
        if length > _LONGEST_STRING or end > len(self.data):
            raise IndexError
        value = self.data[self.position : end].decode("utf-8", errors="replace")
        self.position = end
        return value


def read_archive_header(data: bytes) -> DumpHeader | None:
    """Read the header at the start of ``data``; ``None`` if it is not one or is cut short."""
    if not data.startswith(MAGIC):
        return None
    reader = _Reader(data, len(MAGIC))
    try:
        version = (reader.byte(), reader.byte())
        reader.byte()  # revision
        reader.integer_size = reader.byte()
        reader.byte()  # size of file offsets
        reader.byte()  # format: a directory's toc.dat says tar, so it is not relied on
        if version >= (1, 15):
            reader.byte()  # compression algorithm
        else:
            reader.integer()  # compression level
        for _ in range(7):  # second, minute, hour, day, month, year, daylight saving
            reader.integer()
        database, server_version, dump_version = (reader.string() for _ in range(3))
    except IndexError:
        return None
    return DumpHeader(dump_version, server_version, database)
