"""The layers that can lie around a dump: compression, text encodings and line ends.

A layer is a function from chunks to chunks, so layers nest in any order and a file of any size
passes through in constant memory. Each layer is told by the first bytes of what it wraps.
"""

from __future__ import annotations

import bz2
import codecs
import lzma
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Protocol

import zstandard

from shadowgate.errors import BackupError
from shadowgate.language import sentence

CHUNK = 1 << 16
"""Bytes read at a time."""

Layer = Callable[[Iterable[bytes]], Iterator[bytes]]


class _Decompressor(Protocol):
    """What zlib, bz2, lzma and zstandard objects have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


def _compressed(name: str, new: Callable[[], _Decompressor], failure: type[Exception]) -> Layer:
    """Make the layer of a compression whose files are one or more members end to end."""

    def layer(chunks: Iterable[bytes]) -> Iterator[bytes]:
        member, begun = new(), False
        try:
            for chunk in chunks:
                rest = chunk
                while rest:
                    if not begun:
                        # Tape drives and some copy programs pad a file with zeros.
                        rest = rest.lstrip(b"\0")
                        member = new()
                        begun = bool(rest)
                        continue
                    yield member.decompress(rest)
                    rest = member.unused_data if member.eof else b""
                    begun = not member.eof
        except failure as error:
            raise BackupError(
                sentence("the {name} data are damaged: {error}", name=name, error=error),
                todo="copy the backup again and compare its checksum with the original's",
            ) from error
        if begun:
            raise BackupError(
                sentence("the {name} data end in the middle: the backup is truncated", name=name),
                todo="copy the backup again and compare its size with the original's",
            )

    return layer


def _from_utf16(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """UTF-16 with a byte order mark, as Windows PowerShell writes what it redirects, to UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-16")()
    try:
        for chunk in chunks:
            yield decoder.decode(chunk).encode("utf-8")
        yield decoder.decode(b"", final=True).encode("utf-8")
    except UnicodeError as error:
        raise BackupError(
            sentence("the UTF-16 text is damaged: {error}", error=error),
            todo="dump again with pg_dump --file=NAME instead of redirecting its output",
        ) from error


def _without_bom(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Drop the byte order mark at the start of a UTF-8 file."""
    head = b""
    rest = iter(chunks)
    for chunk in rest:
        head += chunk
        if len(head) >= len(codecs.BOM_UTF8):
            break
    yield head.removeprefix(codecs.BOM_UTF8)
    yield from rest


def _from_crlf(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Windows line ends to Unix ones; a carriage return in data is escaped by pg_dump."""
    held = b""
    for chunk in chunks:
        text = held + chunk
        held = b"\r" if text.endswith(b"\r") else b""
        yield text[: len(text) - len(held)].replace(b"\r\n", b"\n")
    yield held


def _zstd_member() -> _Decompressor:
    # The largest window that `zstd --long` can write; memory is only taken when a file asks.
    return zstandard.ZstdDecompressor(max_window_size=1 << 31).decompressobj()


LAYERS: dict[str, Layer] = {
    "gzip": _compressed("gzip", lambda: zlib.decompressobj(wbits=31), zlib.error),
    "zstd": _compressed("zstd", _zstd_member, zstandard.ZstdError),
    "bzip2": _compressed("bzip2", bz2.BZ2Decompressor, OSError),
    "xz": _compressed("xz", lambda: lzma.LZMADecompressor(format=lzma.FORMAT_XZ), lzma.LZMAError),
    "utf-16": _from_utf16,
    "utf-8 bom": _without_bom,
    "crlf": _from_crlf,
}
"""Every layer that can be taken off, by the name that the report shows."""

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b\x08", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8 bom"),
)

COMPRESSIONS = frozenset({"gzip", "zstd", "bzip2", "xz"})


def outermost_layer(head: bytes) -> str | None:
    """Name the layer that these first bytes of a file begin with, or ``None``."""
    for signature, name in _SIGNATURES:
        if head.startswith(signature):
            return name
    if head.startswith(b"--\r\n"):
        return "crlf"
    return None


def read_chunks(stream: IO[bytes], size: int = CHUNK) -> Iterator[bytes]:
    """Yield a stream's content in chunks of at most ``size`` bytes."""
    while chunk := stream.read(size):
        yield chunk


def unwrap(chunks: Iterable[bytes], wrappings: Sequence[str]) -> Iterator[bytes]:
    """Take layers off, outermost first.

    Raises:
        BackupError: a layer is damaged or ends in the middle (while iterating).
    """
    inner: Iterator[bytes] = iter(chunks)
    for name in wrappings:
        inner = LAYERS[name](inner)
    return inner


def first_bytes(chunks: Iterable[bytes], size: int) -> bytes:
    """Collect at most ``size`` bytes from the start of a stream of chunks."""
    head = bytearray()
    for chunk in chunks:
        head += chunk
        if len(head) >= size:
            break
    return bytes(head[:size])


def decoded_copy(path: Path, wrappings: Sequence[str], folder: Path) -> Path:
    """Write a backup without its layers into ``folder`` and return the copy's path.

    Raises:
        BackupError: a layer is damaged, or the disk is full.
    """
    target = folder / "decoded.dump"
    try:
        with path.open("rb") as source, target.open("wb") as sink:
            for chunk in unwrap(read_chunks(source), wrappings):
                sink.write(chunk)
    except BackupError as error:
        target.unlink(missing_ok=True)
        raise BackupError(error.what, where=str(path), todo=error.todo) from error
    except OSError as error:
        target.unlink(missing_ok=True)
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise BackupError(
            sentence("the decoded copy of the backup cannot be written: {reason}", reason=reason),
            where=str(target),
            todo="free disk space, or point TMPDIR at a larger disk",
        ) from error
    return target
