"""Damaged dumps of every format: each is refused with the reason, or restored whole.

Where a format has no checksum over what was damaged, which its reader cannot see, the checksum that
the plan states refuses it. A few of each format on every push, 500 with ``SHADOWGATE_NIGHTLY=1``.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
import zstandard

from shadowgate.backup import Backup, examine_backup, expect_sha256, restore
from shadowgate.errors import BackupError, RestoreError, ShadowgateError
from shadowgate.server import Server
from tests.selftest.backup.damage import damage_file, damage_folder
from tests.selftest.backup.dumps import Remembered, differences, dump, remembered
from tests.selftest.plain_database import plain_database

NIGHTLY = os.environ.get("SHADOWGATE_NIGHTLY", "") not in ("", "0")
DUMPS = 500 if NIGHTLY else 3
FORMATS = ("plain", "custom", "directory", "tar")
COMPRESSED: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("plain", gzip.compress),
    "zstd": ("plain", zstandard.ZstdCompressor(write_checksum=True).compress),
    "bzip2": ("plain", bz2.compress),
    "xz": ("plain", lzma.compress),
    "custom in gzip": ("custom", gzip.compress),
}
CONTENT = """
CREATE TABLE parcel (id bigint PRIMARY KEY, shape polygon, name text);
INSERT INTO parcel
SELECT i, polygon(box(point(i, i), point(i + 1, i + 1))), 'Área de pastagem nº ' || i
FROM generate_series(1, 400) AS i;
CREATE TABLE visit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    parcel bigint NOT NULL REFERENCES parcel (id),
    seen date NOT NULL,
    note text
);
INSERT INTO visit (parcel, seen, note)
SELECT 1 + i % 400, date '2025-01-01' + i % 365, md5(i::text) FROM generate_series(1, 1500) AS i;
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS 'SELECT 2 * n';
"""


@dataclass(frozen=True)
class Dumped:
    """What was dumped, and its dumps."""

    content: Remembered
    dumps: dict[str, Path]
    heads: dict[str, int]
    """Format -> bytes at its beginning that it has no checksum over; all that are not named."""


@pytest.fixture(scope="module")
def dumped(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dumped]:
    folder = tmp_path_factory.mktemp("dumps")
    with plain_database(server) as database:
        with database.connect() as connection:
            connection.execute(CONTENT.encode())
        dumps = {
            form: dump(server, database, folder / form, f"--format={form}") for form in FORMATS
        }
        for name, (form, compress) in COMPRESSED.items():
            dumps[name] = folder / name
            dumps[name].write_bytes(compress(dumps[form].read_bytes()))
        heads = {"custom": _table_of_contents(dumps["custom"], server, folder / "cut")}
        yield Dumped(remembered(database), dumps, heads | dict.fromkeys(COMPRESSED, 0))


def _table_of_contents(path: Path, server: Server, cut: Path) -> int:
    """How long the table of contents of a custom archive is: what ``--list`` has to read of it."""
    whole = path.read_bytes()
    short, enough = 0, len(whole)
    while enough - short > 1:
        middle = (short + enough) // 2
        cut.write_bytes(whole[:middle])
        listed = server.tools.run(
            "pg_restore", ["--list", "{dump}"], database=None, files={"dump": cut}
        )
        short, enough = (middle, enough) if listed.status else (short, middle)
    return enough


@dataclass(frozen=True)
class Fate:
    """What became of one damaged dump."""

    what: str
    outcome: str
    """``refused``, ``whole`` or ``altered``."""
    seen_by_checksum: bool
    detail: str = ""
    """How it is altered, or what is wrong with the refusal."""
    wrong: bool = False


@pytest.mark.parametrize("family", ["plain", "custom", "directory", "tar", "compressed"])
def test_damaged_dumps_are_refused_or_restored_whole(
    family: str, dumped: Dumped, server: Server, tmp_path: Path
) -> None:
    fates = [_fate(family, seed, dumped, server, tmp_path / str(seed)) for seed in range(DUMPS)]
    wrong = [fate for fate in fates if fate.wrong]
    assert wrong == []
    assert {"refused"} <= {fate.outcome for fate in fates}
    # What nobody else sees is seen by the checksum that the plan states.
    assert [fate for fate in fates if fate.outcome == "altered" and not fate.seen_by_checksum] == []


def _fate(family: str, seed: int, dumped: Dumped, server: Server, folder: Path) -> Fate:
    random = Random(f"{family} {seed}")  # noqa: S311 - damage, not secrets
    name = random.choice(sorted(COMPRESSED)) if family == "compressed" else family
    whole, bad = dumped.dumps[name], folder / "damaged"
    folder.mkdir()
    damage = damage_folder if whole.is_dir() else damage_file
    what = f"{name} {seed}: {damage(whole, bad, random)}"
    workspace = folder / "workspace"
    workspace.mkdir()
    with plain_database(server) as target:
        try:
            backup = examine_backup(bad)
            restore(backup, server.tools, target, workspace=workspace, vacuum=False)
        except (BackupError, RestoreError) as error:
            return Fate(what, "refused", True, str(error), not _is_clear(error, bad))
        found = differences(dumped.content, target)
    seen = _seen_by_checksum(backup, examine_backup(whole))
    if not found:
        return Fate(what, "whole", seen)
    silent = not whole.is_dir() and _first_difference(whole, bad) >= dumped.heads.get(name, 1 << 40)
    return Fate(what, "altered", seen, "; ".join(found), silent)


def _is_clear(error: ShadowgateError, bad: Path) -> bool:
    """Whether a refusal says what, where and what to do, and does not blame production's data."""
    told = bool(error.what and error.todo) and str(bad) in error.where
    return told and "mend the object" not in error.todo


def _seen_by_checksum(backup: Backup, whole: Backup) -> bool:
    try:
        expect_sha256(backup, whole.sha256)
    except BackupError:
        return True
    return False


def _first_difference(one: Path, other: Path) -> int:
    first, second = one.read_bytes(), other.read_bytes()
    pairs = enumerate(zip(first, second, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(first), len(second)))
