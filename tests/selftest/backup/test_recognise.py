"""Backups are told by their content, and bad ones are refused in words."""

from __future__ import annotations

import bz2
import codecs
import gzip
import hashlib
import io
import lzma
import os
import sqlite3
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from shadowgate.backup import examine_backup, expect_sha256
from shadowgate.backup.archive import read_archive_header
from shadowgate.backup.decode import LAYERS, decoded_copy, outermost_layer, unwrap
from shadowgate.backup.plain import PlainScan
from shadowgate.backup.tar import TarScan
from shadowgate.errors import BackupError

PLAIN = """--
-- PostgreSQL database dump
--

-- Dumped from database version 14.9 (Debian)
-- Dumped by pg_dump version 15.4

SET statement_timeout = 0;
SET client_encoding = 'UTF8';

CREATE TABLE public.café (id integer);

COPY public.café (id) FROM stdin;
1
\\N
\\.

--
-- PostgreSQL database dump complete
--
""".encode()

WITHOUT_COMMENTS = b"""SET session_replication_role = replica;
SET statement_timeout = 0;
SET lock_timeout = 0;
SET client_encoding = 'UTF8';
CREATE TABLE IF NOT EXISTS "public"."item" ("id" integer);
RESET ALL;
"""

WRAP: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": zstandard.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "utf-16": lambda text: text.decode().encode("utf-16"),
    "utf-8 bom": lambda text: codecs.BOM_UTF8 + text,
    "crlf": lambda text: text.replace(b"\n", b"\r\n"),
}
COMPRESSIONS = ("gzip", "zstd", "bzip2", "xz")


def archive(*strings: bytes | None, version: int = 14) -> bytes:
    """The header of a custom archive: database, server version, pg_dump version."""

    def integer(value: int) -> bytes:
        return bytes([value < 0]) + abs(value).to_bytes(4, "little")

    data = b"PGDMP" + bytes([1, version, 0, 4, 8, 1])
    data += integer(-1) if version < 15 else b"\1"
    data += b"".join(integer(value) for value in (1, 2, 3, 4, 5, 126, 0))
    for string in strings:
        data += integer(-1) if string is None else integer(len(string)) + string
    return data


def tar_of(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return stream.getvalue()


ARCHIVE = archive(b"villa", b"14.9", b"15.4")


@pytest.fixture
def keep(tmp_path: Path) -> Callable[[bytes], Path]:
    """Write content under a name that lies about it."""

    def write(content: bytes) -> Path:
        path = tmp_path / "backup.png"
        path.write_bytes(content)
        return path

    return write


def chunked(data: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


# --- layers -----------------------------------------------------------------------------------


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\ufeff"), max_size=200),
    st.lists(st.sampled_from(COMPRESSIONS), max_size=3),
    st.sampled_from([[], ["utf-16"], ["utf-8 bom"], ["utf-8 bom", "crlf"], ["utf-16", "crlf"]]),
    st.integers(1, 64),
)
def test_layers_come_off_in_the_order_they_were_put_on(
    text: str, compressions: list[str], encodings: list[str], size: int
) -> None:
    content = wrapped = text.encode()
    layers = [*compressions, *encodings]
    for layer in reversed(layers):
        wrapped = WRAP[layer](wrapped)
    assert b"".join(unwrap(chunked(wrapped, size), layers)) == content


@given(st.sampled_from(COMPRESSIONS), st.binary(min_size=1), st.data())
def test_a_compressed_file_cut_anywhere_is_refused(
    layer: str, content: bytes, data: st.DataObject
) -> None:
    whole = WRAP[layer](content)
    cut = data.draw(st.integers(1, len(whole) - 1))
    with pytest.raises(BackupError, match=r"truncated|damaged"):
        list(unwrap([whole[:cut]], [layer]))


@pytest.mark.parametrize("layer", COMPRESSIONS)
def test_members_end_to_end_and_padding_are_one_file(layer: str) -> None:
    pack = WRAP[layer]
    assert b"".join(unwrap([pack(b"one ") + pack(b"two") + bytes(700)], [layer])) == b"one two"


@pytest.mark.parametrize("layer", COMPRESSIONS)
def test_a_flipped_byte_in_a_compressed_file_is_refused(layer: str) -> None:
    whole = bytearray(WRAP[layer](os.urandom(5000)))
    whole[2500] ^= 0xFF
    if layer == "zstd":  # Writes no checksum unless asked to.
        whole = bytearray(zstandard.ZstdCompressor(write_checksum=True).compress(os.urandom(5000)))
        whole[2500] ^= 0xFF
    with pytest.raises(BackupError):
        list(unwrap([bytes(whole)], [layer]))


@given(st.sampled_from(sorted(LAYERS)), st.binary(max_size=300), st.integers(1, 50))
def test_a_layer_takes_any_bytes_or_refuses_them(layer: str, content: bytes, size: int) -> None:
    try:
        list(unwrap(chunked(content, size), [layer]))
    except BackupError as error:
        assert error.what  # noqa: PT017 - either outcome is right, any other error is not


@given(st.binary(max_size=20))
def test_every_layer_that_is_told_can_be_taken_off(head: bytes) -> None:
    assert outermost_layer(head) in {*LAYERS, None}


def test_a_copy_of_a_damaged_backup_is_not_left_behind(tmp_path: Path) -> None:
    source = tmp_path / "dump.gz"
    source.write_bytes(gzip.compress(PLAIN)[:-4])
    folder = tmp_path / "workspace"
    folder.mkdir()
    with pytest.raises(BackupError, match="truncated") as error:
        decoded_copy(source, ("gzip",), folder)
    assert error.value.where == str(source)
    assert list(folder.iterdir()) == []


# --- recognition ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrappings",
    [
        (),
        ("gzip",),
        ("zstd",),
        ("bzip2",),
        ("xz",),
        ("utf-16", "crlf"),
        ("utf-8 bom",),
        ("utf-8 bom", "crlf"),
        ("crlf",),
        ("gzip", "utf-16", "crlf"),
        ("zstd", "gzip"),
    ],
)
def test_a_plain_dump_is_recognised_in_its_layers(
    wrappings: tuple[str, ...], keep: Callable[[bytes], Path], tmp_path: Path
) -> None:
    content = PLAIN
    for layer in reversed(wrappings):
        content = WRAP[layer](content)
    backup = examine_backup(keep(content))
    assert (backup.format, backup.wrappings) == ("plain", wrappings)
    assert (backup.dump_version, backup.server_version) == ("15.4", "14.9 (Debian)")
    assert backup.dump_major == 15
    assert backup.size_bytes == len(content)
    assert backup.sha256 == hashlib.sha256(content).hexdigest()
    assert backup.has_checksum == bool({"gzip", "zstd", "bzip2", "xz"} & set(wrappings))
    assert decoded_copy(backup.path, wrappings, tmp_path).read_bytes() == PLAIN


@pytest.mark.parametrize("wrappings", [(), ("gzip",), ("zstd", "gzip")])
def test_a_custom_archive_is_recognised_with_what_its_header_tells(
    wrappings: tuple[str, ...], keep: Callable[[bytes], Path]
) -> None:
    content = ARCHIVE
    for layer in reversed(wrappings):
        content = WRAP[layer](content)
    backup = examine_backup(keep(content))
    assert (backup.format, backup.wrappings) == ("custom", wrappings)
    assert (backup.database, backup.server_version) == ("villa", "14.9")
    assert backup.dump_version == "15.4"


@pytest.mark.parametrize("version", [14, 15, 16])
def test_headers_of_several_archive_versions_are_read(version: int) -> None:
    header = read_archive_header(archive(b"a", None, b"17.0", version=version))
    assert header is not None
    assert (header.database, header.server_version, header.dump_version) == ("a", None, "17.0")


def test_a_tar_archive_and_a_directory_are_recognised(
    keep: Callable[[bytes], Path], tmp_path: Path
) -> None:
    assert examine_backup(keep(tar_of({"toc.dat": ARCHIVE, "1.dat": b"x" * 700}))).format == "tar"
    folder = tmp_path / "dump"
    folder.mkdir()
    (folder / "toc.dat").write_bytes(ARCHIVE)
    (folder / "1.dat").write_bytes(b"row")
    backup = examine_backup(folder)
    assert (backup.format, backup.database) == ("directory", "villa")
    assert backup.size_bytes == len(ARCHIVE) + 3
    (folder / "1.dat").write_bytes(b"roW")
    assert examine_backup(folder).sha256 != backup.sha256
    (folder / "1.dat").rename(folder / "2.dat")
    assert examine_backup(folder).sha256 not in {backup.sha256, examine_backup(keep(PLAIN)).sha256}


def test_a_dump_without_its_comments_is_recognised(keep: Callable[[bytes], Path]) -> None:
    backup = examine_backup(keep(WITHOUT_COMMENTS))
    assert (backup.format, backup.dump_version, backup.dump_major) == ("plain", None, None)


@given(st.integers(0, len(PLAIN) - 1))
def test_a_flipped_letter_is_found_by_the_checksum(place: int) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "backup"
        path.write_bytes(PLAIN)
        noted = hashlib.sha256(PLAIN).hexdigest()
        expect_sha256(examine_backup(path), noted)
        expect_sha256(examine_backup(path), f"{noted.upper()}\n")
        flipped = bytearray(PLAIN)
        flipped[place] ^= 1
        path.write_bytes(bytes(flipped))
        try:
            backup = examine_backup(path)
        except BackupError:
            return
        with pytest.raises(BackupError, match="not the expected one") as error:
            expect_sha256(backup, noted)
    assert error.value.where == str(path)


@pytest.mark.parametrize("checksum", ["", "abc", "0" * 63 + "g", "0" * 65])
def test_what_is_no_checksum_is_refused(checksum: str, keep: Callable[[bytes], Path]) -> None:
    with pytest.raises(BackupError, match="no SHA-256"):
        expect_sha256(examine_backup(keep(PLAIN)), checksum)


# --- refusal ----------------------------------------------------------------------------------

REFUSED: dict[str, tuple[bytes, str, str]] = {
    "empty": (b"", "is empty", "dump again"),
    "empty in gzip": (gzip.compress(b""), "empty inside its gzip", "dump again"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(90), "a picture", "pg_dump"),
    "web page": (b"<!DOCTYPE html><html>404", "a web page", "download"),
    "json": (b'{"message": "expired"}', "JSON", "pg_dump"),
    "text": (b"hello", "text of another kind", "pg_dump"),
    "bytes": (b"\1\0\2" * 40, "binary data", "pg_dump"),
    "sql script": (b"-- a\nCREATE TABLE a (b int);\n", "an SQL script", "--migration"),
    "mysql": (b"-- MySQL dump 10.13\n", "MySQL", "pg_dump"),
    "zip": (b"PK\x03\x04" + bytes(30), "a zip archive", "unpack"),
    "lz4": (b"\x04\x22\x4d\x18" + bytes(30), "lz4", "lz4 -d"),
    "encrypted": (b"age-encryption.org/v1\n", "encrypted", "decrypt"),
    "whole cluster": (
        b"--\n-- PostgreSQL database cluster dump\n--\n" + PLAIN,
        "pg_dumpall",
        "pg_dump --format=custom",
    ),
    "cut in gzip": (gzip.compress(os.urandom(900))[:-90], "truncated", "copy the backup again"),
    "cut plain": (PLAIN[:-60], "this one ends in line 13", "copy the backup again"),
    "cut archive": (ARCHIVE[:40], "ends inside its header", "copy the backup again"),
    "cut tar": (
        tar_of({"toc.dat": ARCHIVE, "1.dat": bytes(9000)})[:3000],
        "truncated",
        "copy the backup again",
    ),
    "archive as text": (
        ARCHIVE.decode("latin-1").encode("utf-16"),
        "changed into utf-16 text",
        "--file=NAME",
    ),
    "another tar": (tar_of({"dump/toc.dat": ARCHIVE}), "'dump/toc.dat'", "unpack"),
    "physical backup": (tar_of({"backup_label": b"x"}), "pg_basebackup", "start a server"),
    "other database": (
        PLAIN.replace(b"CREATE TABLE", b"\\connect production\n\nCREATE TABLE"),
        "\\connect",
        "without --create",
    ),
    "shell command": (
        PLAIN.replace(b"CREATE TABLE", b"\\! rm -r x\n\nCREATE TABLE"),
        "\\!",
        "take",
    ),
    "too deep": (
        gzip.compress(gzip.compress(gzip.compress(gzip.compress(gzip.compress(PLAIN))))),
        "more than 4 layers",
        "decompress",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_restored_is_refused_with_what_to_do(
    case: str, keep: Callable[[bytes], Path]
) -> None:
    content, what, todo = REFUSED[case]
    path = keep(content)
    with pytest.raises(BackupError) as error:
        examine_backup(path)
    assert what in error.value.what
    assert todo in error.value.todo
    assert error.value.exit_status == 4
    assert error.value.where.startswith(str(path))


def test_a_sqlite_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "backup.dump"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE a (b)")
    connection.close()
    with pytest.raises(BackupError, match="a SQLite database"):
        examine_backup(path)


def test_the_line_of_a_command_that_leaves_is_named(keep: Callable[[bytes], Path]) -> None:
    filler = b"-- filler\n" * 50_000
    path = keep(PLAIN.replace(b"COPY", filler + b"\\c elsewhere\nCOPY"))
    with pytest.raises(BackupError) as error:
        examine_backup(path)
    assert error.value.where == f"{path}, line 50013"


@pytest.mark.parametrize("line", [rb"\N", rb"\.", rb"\nbroken over lines", rb"\\connect", rb"\tx"])
def test_rows_that_begin_with_an_escape_are_no_commands(
    line: bytes, keep: Callable[[bytes], Path]
) -> None:
    examine_backup(keep(PLAIN.replace(b"\n1\n", b"\n" + line + b"\n1\n")))


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda folder: folder / "nothing", "does not exist"),
        (lambda folder: folder, "it has no toc.dat"),
        (lambda folder: Path("/dev/null"), "neither a file nor a folder"),  # noqa: ARG005
    ],
)
def test_what_is_no_file_is_refused(
    make: Callable[[Path], Path], what: str, tmp_path: Path
) -> None:
    with pytest.raises(BackupError, match=what):
        examine_backup(make(tmp_path))


def test_a_folder_around_the_dump_s_folder_points_inside(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "toc.dat").write_bytes(ARCHIVE)
    with pytest.raises(BackupError) as error:
        examine_backup(tmp_path)
    assert str(tmp_path / "inner") in error.value.todo


def test_a_data_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "PG_VERSION").write_text("15")
    with pytest.raises(BackupError, match="physical"):
        examine_backup(tmp_path)


def test_a_file_that_may_not_be_read_is_refused(
    keep: Callable[[bytes], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = keep(PLAIN)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    # The tests may run as root, whom no mode bits stop.
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(BackupError, match="Permission denied") as error:
        examine_backup(path)
    assert str(path) in error.value.where


HEADS = st.sampled_from(
    [
        b"",
        b"\x1f\x8b\x08",
        b"\x28\xb5\x2f\xfd",
        b"BZh9",
        b"\xfd7zXZ\x00",
        b"\xff\xfe",
        b"\xfe\xff",
        codecs.BOM_UTF8,
        b"--\r\n",
        b"PGDMP",
        ARCHIVE[:30],
        PLAIN[:90],
        b"toc.dat\0" + bytes(500),
        gzip.compress(PLAIN)[:50],
        tar_of({"toc.dat": ARCHIVE})[:700],
    ]
)


@given(HEADS, st.binary(max_size=400))
@settings(max_examples=200)
def test_no_content_makes_anything_but_a_backup_or_a_refusal(head: bytes, tail: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "backup"
        path.write_bytes(head + tail)
        try:
            backup = examine_backup(path)
        except BackupError as error:
            assert error.what  # noqa: PT017 - either outcome is right, any other error is not
            assert error.todo  # noqa: PT017
        else:
            assert backup.sha256 == hashlib.sha256(head + tail).hexdigest()


@given(st.lists(st.integers(1, 3000), min_size=1, max_size=5), st.integers(1, 2000))
def test_a_tar_archive_is_whole_or_cut_however_it_is_read(sizes: list[int], size: int) -> None:
    data = tar_of({f"{number}.dat": bytes(length) for number, length in enumerate(sizes)})
    scan = TarScan()
    for chunk in chunked(data, size):
        scan.feed(chunk)
    scan.finish()
    end = data.rstrip(b"\0")
    cut = TarScan()
    for chunk in chunked(end[: len(end) // 512 * 512], size):
        cut.feed(chunk)
    with pytest.raises(BackupError, match="truncated"):
        cut.finish()


@given(st.integers(1, 200))
def test_a_plain_dump_is_judged_alike_however_it_is_read(size: int) -> None:
    whole = PlainScan()
    for chunk in chunked(PLAIN, size):
        whole.feed(chunk)
    whole.finish()
    cut = PlainScan()
    for chunk in chunked(PLAIN[:-30], size):
        cut.feed(chunk)
    with pytest.raises(BackupError, match="truncated"):
        cut.finish()
    leaving = PLAIN.replace(b"CREATE", b"\\connect x\nCREATE")
    scan = PlainScan()
    with pytest.raises(BackupError) as error:  # noqa: PT012 - where in the stream is free
        for chunk in chunked(leaving, size):
            scan.feed(chunk)
        scan.finish()
    assert error.value.where == "line 11"
