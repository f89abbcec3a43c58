"""Plain SQL dumps: how one begins, how it ends, and what it must not contain."""

from __future__ import annotations

import re

from shadowgate.backup.archive import DumpHeader
from shadowgate.errors import BackupError
from shadowgate.language import sentence

_HEADER = re.compile(rb"^-- PostgreSQL database dump\s*$", re.MULTILINE)
_CLUSTER = re.compile(rb"^-- PostgreSQL database cluster dump\s*$", re.MULTILINE)
_TRAILER = re.compile(rb"^-- PostgreSQL database dump complete\s*$", re.MULTILINE)
# What pg_dump sets first: it tells a dump whose comments were taken out, as Supabase's tool does.
_PREAMBLE = re.compile(
    rb"^SET statement_timeout = 0;$.*^SET client_encoding = ", re.MULTILINE | re.DOTALL
)
_FROM = re.compile(rb"^-- Dumped from database version (.+?)\s*$", re.MULTILINE)
_BY = re.compile(rb"^-- Dumped by pg_dump version (.+?)\s*$", re.MULTILINE)
# Commands that leave the database, the file or the program. The escapes that COPY data can begin
# a line with (\b \f \n \r \t \v \N \.) are not among them.
_LEAVING = re.compile(
    rb"\n\\(c|connect|!|i|ir|include|include_relative|o|out|w|write|copy|cd|setenv|q|quit)\s"
)
_HEAD = _TAIL = 1 << 13


def is_plain_dump(head: bytes) -> bool:
    """Whether text that begins with ``head`` was written by pg_dump as plain SQL.

    Raises:
        BackupError: it was written by pg_dumpall.
    """
    if _CLUSTER.search(head):
        raise BackupError(
            "the backup is a dump of a whole cluster by pg_dumpall, not of one database",
            todo="dump the one database: pg_dump --format=custom --file=NAME DATABASE",
        )
    return bool(_HEADER.search(head) or _PREAMBLE.search(head))


def read_plain_header(head: bytes) -> DumpHeader:
    """Read what the comments at the start of a plain dump tell; they do not name the database."""

    def text(match: re.Match[bytes] | None) -> str | None:
        return match.group(1).decode("utf-8", errors="replace") if match else None

    return DumpHeader(text(_BY.search(head)), text(_FROM.search(head)), None)


class PlainScan:
    """Reads a plain dump through in chunks and judges it at its end."""

    def __init__(self) -> None:
        # Each line is looked at together with the line end before it, the first one included.
        self._tail = b"\n"
        self._lines = 0
        self._head = b""

    def feed(self, chunk: bytes) -> None:
        """Take the next chunk.

        Raises:
            BackupError: a psql command leaves the database that the dump is restored into.
        """
        if len(self._head) < _HEAD:
            self._head += chunk[:_HEAD]
        text = self._tail + chunk
        self._refuse_leaving(text)
        keep = max(len(text) - _TAIL, 0)
        self._lines += text.count(b"\n", 0, keep)
        self._tail = text[keep:]

    def finish(self) -> None:
        """Judge the end.

        Raises:
            BackupError: the last line that pg_dump writes is missing: the dump is truncated.
        """
        self._refuse_leaving(self._tail + b"\n")
        if _HEADER.search(self._head) and not _TRAILER.search(self._tail):
            lines = self._lines + self._tail.removesuffix(b"\n").count(b"\n")
            raise BackupError(
                sentence(
                    "the backup is truncated: a plain dump ends with the line '-- "
                    "PostgreSQL database dump complete', this one ends in line {lines}",
                    lines=lines,
                ),
                todo="dump again, or copy the backup again and compare its size",
            )

    def _refuse_leaving(self, text: bytes) -> None:
        found = _LEAVING.search(text)
        if not found:
            return
        command = found.group(1).decode()
        line = self._lines + text.count(b"\n", 0, found.start() + 1)
        raise BackupError(
            sentence(
                "the backup contains the psql command \\{command}, which leaves the "
                "database that it is restored into",
                command=command,
            ),
            where=sentence("line {line}", line=line),
            todo="dump again without --create, or with --format=custom"
            if command in {"c", "connect"}
            else "take the command out: pg_dump writes none",
        )
