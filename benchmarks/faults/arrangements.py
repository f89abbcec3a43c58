"""What is set up for a case before its run begins, and taken down after it."""

from __future__ import annotations

import gzip
import shutil
import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from benchmarks.faults.blows import small_disk
from benchmarks.faults.scene import Scene

_LITTLE = 4_000_000

Arrangement = Callable[[Scene], AbstractContextManager[None]]


@contextmanager
def as_it_is(_scene: Scene) -> Iterator[None]:
    """Nothing special."""
    yield


@contextmanager
def disk_for_all(scene: Scene) -> Iterator[None]:
    """Temporary files and the cluster of the run lie on a disk of their own."""
    disk = scene.folder / "disk"
    with small_disk(disk, "900M"):
        scene.temporary.rmdir()
        scene.temporary.symlink_to(disk)
        try:
            yield
        finally:
            scene.temporary.unlink()
            scene.temporary.mkdir()


def disk_for_temporary(size: str) -> Arrangement:
    """Temporary files lie on a disk of this size; the server is somebody else's."""

    @contextmanager
    def arranged(scene: Scene) -> Iterator[None]:
        with small_disk(scene.temporary, size):
            yield

    return arranged


def disk_for_reports(size: str) -> Arrangement:
    """The reports go to a disk of this size: another file system than everything else."""

    @contextmanager
    def arranged(scene: Scene) -> Iterator[None]:
        with small_disk(scene.reports, size):
            (scene.folder / "disk").symlink_to(scene.reports)
            yield

    return arranged


@contextmanager
def reports_read_only(scene: Scene) -> Iterator[None]:
    """Nothing can be written where the reports are to go."""
    with small_disk(scene.reports, "1M"):
        subprocess.run(["mount", "-o", "remount,ro", scene.reports], check=True)
        yield


@contextmanager
def reports_are_a_file(scene: Scene) -> Iterator[None]:
    """Where the folder of the reports is to be, there is a file."""
    scene.reports.rmdir()
    scene.reports.write_text("", encoding="utf-8")
    yield


@contextmanager
def report_is_a_folder(scene: Scene) -> Iterator[None]:
    """Where a report is to be, there is a folder."""
    (scene.reports / "shadow.html").mkdir()
    yield


@contextmanager
def wrapped_backup(scene: Scene) -> Iterator[None]:
    """The backup is compressed once more, so that a copy of it has to be written."""
    padded = scene.folder / "backup.dump.gz"
    padded.write_bytes(gzip.compress(scene.shop.dump.read_bytes(), 1))
    scene.arguments.append(f"--backup={padded}")
    with disk_for_temporary("32k")(scene):
        yield


@contextmanager
def own_backup(scene: Scene) -> Iterator[None]:
    """The backup is a file of this case alone."""
    copy = scene.folder / "backup.dump"
    shutil.copyfile(scene.shop.dump, copy)
    scene.arguments.append(f"--backup={copy}")
    yield


@contextmanager
def run_of_little_memory(scene: Scene) -> Iterator[None]:
    """The run and what it starts can have no more than half a gigabyte each."""
    scene.memory_bytes = 500_000_000
    yield


@contextmanager
def server_of_little_memory(scene: Scene) -> Iterator[None]:
    """No process of the server can have much more memory than it begins with."""
    size = scene.server.postmaster().memory_info().vms
    scene.crashed = True
    scene.server.control("restart", "-m", "fast", memory_bytes=size + _LITTLE)
    yield


@contextmanager
def from_source(scene: Scene) -> Iterator[None]:
    """The run dumps production itself."""
    plan = scene.folder / "plan.toml"
    text = (Path(__file__).parent / "shop" / "plan.toml").read_text(encoding="utf-8")
    here = Path(__file__).parent / "shop"
    text = text.replace('path = "production.dump"\n', "").replace(
        '"../../../', f'"{here}/../../../'
    )
    for name in ("migration", "rollback"):
        text = text.replace(f'"{name}.sql"', f'"{here / name}.sql"')
    plan.write_text(text, encoding="utf-8")
    scene.arguments += [f"--plan={plan}", "--backup="]
    scene.environment["SHADOWGATE_SOURCE"] = scene.server.source_uri
    yield


@contextmanager
def from_source_onto_a_small_disk(scene: Scene) -> Iterator[None]:
    """The run dumps production itself and has no room for it."""
    with from_source(scene), disk_for_temporary("24k")(scene):
        yield


@contextmanager
def movable_clock(scene: Scene) -> Iterator[None]:
    """The clock on the wall of the run can be set while it runs."""
    library = scene.folder / "clock.so"
    source = Path(__file__).with_name("clock.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O", "-o", library, source, "-ldl"], check=True)
    (scene.folder / "clock").write_bytes(struct.pack("q", 0))
    scene.environment |= {
        "LD_PRELOAD": str(library),
        "CLOCK_OFFSET": str(scene.folder / "clock"),
    }
    yield


def set_clock(seconds: int) -> Callable[[Scene], None]:
    """Set the clock of such a run forward or back."""

    def blow(scene: Scene) -> None:
        with (scene.folder / "clock").open("r+b") as file:
            file.write(struct.pack("q", seconds))

    return blow
