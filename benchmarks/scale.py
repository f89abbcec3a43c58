"""How a run grows with its rows: ``./run bench scale`` prints seconds, memory and disk by size.

Exit status: 0 when every run came to its end and every target is met, 1 otherwise. The targets: no
phase grows faster than the rows; the suite's own memory at the largest size is at most 1.5 times
that at the size before; a restore takes at most 1.15 times a bare ``pg_restore`` of the same dump.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from shadowgate.backup import cache_directory
from shadowgate.backup.generate import cached_path
from shadowgate.phases.registry import CHECKS
from shadowgate.plan import Plan, read_plan
from shadowgate.server import Databases, open_server
from shadowgate.statistics.growth import extrapolate

ROOT = Path(__file__).parents[1]
DEFAULT_PLAN = ROOT / "migrations" / "1770500100_auto_partition_creation_2029_plus.toml"
DEFAULT_ROWS = (20_000, 251_247, 2_512_470)
MEMORY_TIMES = 1.5
RESTORE_TIMES = 1.15
SPARE_SECONDS = 2.0
"""Less than this is never called growth: so much differs from run to run."""
SPARE_SHARE = 1.25
"""Nor is what stays within a quarter of the straight line."""
JOBS = 2
"""Sessions of pg_restore, as the suite has them."""

GENERATED = "backup made"
"""What is done once for all runs of a size and is no phase's work."""

_EVERY_SECONDS = 0.5
_DISK_EVERY = 4
"""Looks at the processes before the disk is looked at once."""


@dataclass
class Peaks:
    """The most that a run took at any time, in bytes."""

    suite: int = 0
    server: int = 0
    """Shared memory counted once."""
    disk: int = 0


@dataclass(frozen=True)
class Sized:
    """One run of one size."""

    rows: int
    verdict: str
    total: float
    """Seconds by the wall clock."""
    phases: Mapping[str, float]
    """Seconds, by name."""
    peaks: Peaks
    restore: float
    """Seconds of the run's restore, without VACUUM."""
    bare: float
    """Seconds of a bare pg_restore."""


@dataclass
class _Watch:
    """Looks at the processes of a run until it has ended."""

    process: subprocess.Popen[bytes]
    peaks: Peaks = field(default_factory=Peaks)

    def until_end(self) -> int:
        looks = 0
        while self.process.poll() is None:
            with suppress(psutil.Error, OSError):
                self._look(with_disk=looks % _DISK_EVERY == 0)
            looks += 1
            time.sleep(_EVERY_SECONDS)
        return self.process.returncode

    def _look(self, *, with_disk: bool) -> None:
        suite = psutil.Process(self.process.pid)
        self.peaks.suite = max(self.peaks.suite, _most(suite))
        servers = [child for child in suite.children() if child.name() == "postgres"]
        for server in servers:
            self.peaks.server = max(self.peaks.server, _together((server, *server.children())))
            if with_disk:
                self.peaks.disk = max(self.peaks.disk, _size_of(Path(server.cwd())))


def _most(process: psutil.Process) -> int:
    """The most memory that a process has had, where the system tells; else what it has now."""
    with suppress(OSError):
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
        if found is not None:
            return int(found[1]) * 1024
    return int(process.memory_info().rss)


def _together(processes: Sequence[psutil.Process]) -> int:
    """What processes of one server hold together: each one's own, and once what they share.

    They share one segment, of which none has touched more than is there. The system would tell it
    to the page, but walks through every page of each process for it, and holds it up meanwhile.
    """
    own = shared = 0
    for process in processes:
        with suppress(psutil.Error):
            found = process.memory_info()
            own += found.rss - found.shared
            shared = max(shared, found.shared)
    return own + shared


def _size_of(folder: Path) -> int:
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # it may be gone by now
                total += (Path(path) / name).stat().st_blocks * 512
    return total


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 0 when every target is met, 1 otherwise."""
    options = _parser().parse_args(arguments)
    found = [_run(rows, options) for rows in sorted(options.rows)]
    print("\n".join(table(found)))  # noqa: T201 - what the command is for
    return 1 if missed(found) else 0


def table(found: Sequence[Sized]) -> Iterator[str]:
    """Lay the sizes out in Markdown: seconds by phase, and at ten times the rows; memory, disk."""
    sizes = " | ".join(f"{one.rows:,} rows" for one in found)
    yield f"| seconds | {sizes} | ten times the last |"
    yield f"|---|{'---|' * len(found)}---|"
    for name in found[0].phases:
        points = _points(found, name)
        faster = " **faster than the rows**" if grows_faster(points) else ""
        cells = " | ".join(f"{value:.1f}" for _, value in points)
        known = len(points) > 1
        more = f"{extrapolate(points, 10 * points[-1][0]).estimate:.0f}" if known else "–"
        yield f"| {name} | {cells} | {more}{faster} |"
    yield _row("whole run", [f"{one.total:.0f}" for one in found])
    yield _row("restore alone, without VACUUM", [f"{one.restore:.2f}" for one in found])
    yield _row("a bare pg_restore", [f"{one.bare:.2f}" for one in found])
    yield _row("memory of the suite, MB", [f"{one.peaks.suite / 1e6:.0f}" for one in found])
    yield _row("memory of the server, MB", [f"{one.peaks.server / 1e6:.0f}" for one in found])
    yield _row("disk, MB", [f"{one.peaks.disk / 1e6:.0f}" for one in found])
    yield _row("verdict", [one.verdict for one in found])
    yield ""
    yield from (f"- missed: {each}" for each in missed(found))


def _row(name: str, cells: Sequence[str]) -> str:
    return f"| {name} | {' | '.join(cells)} | |"


def _points(found: Sequence[Sized], name: str) -> list[tuple[int, float]]:
    return [(one.rows, one.phases[name]) for one in found]


def grows_faster(points: Sequence[tuple[int, float]]) -> bool:
    """Whether the largest size takes more than a straight line through the smaller ones says.

    Of two sizes the line goes through the smaller one and nothing: it takes no more than so many
    times as long as it has times the rows.
    """
    *smaller, (rows, value) = sorted(points)
    if not smaller:
        return False
    straight = extrapolate(smaller if len(smaller) > 1 else [(0, 0.0), *smaller], rows).estimate
    return value > SPARE_SHARE * straight and value - straight > SPARE_SECONDS


def missed(found: Sequence[Sized]) -> list[str]:
    """The targets that are not met, a sentence each."""
    told = [
        f"{name} grows faster than the rows"
        for name in found[0].phases
        if name != GENERATED and grows_faster(_points(found, name))
    ]
    if len(found) > 1:
        *_, before, last = found
        times = last.peaks.suite / before.peaks.suite
        if times > MEMORY_TIMES:
            told.append(f"the suite's memory grew {times:.2f} times, {MEMORY_TIMES} are allowed")
    last = found[-1]
    if last.restore > RESTORE_TIMES * last.bare:
        told.append(
            f"the restore took {last.restore / last.bare:.2f} times a bare pg_restore, "
            f"{RESTORE_TIMES} are allowed"
        )
    return told


def _run(rows: int, options: argparse.Namespace) -> Sized:
    reports = options.reports / str(rows)
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml")]
    command += ["-p", "no:hypothesispytest", f"--plan={options.plan}", f"--rows={rows}"]
    command += ["--server=local", f"--reports={reports}"]
    sys.stderr.write(f"{rows:,} rows …\n")
    reports.mkdir(parents=True, exist_ok=True)
    log = reports / "output"
    began = time.monotonic()
    with log.open("wb") as stream:
        process = subprocess.Popen(command, cwd=ROOT, stdout=stream, stderr=subprocess.STDOUT)
    watch = _Watch(process)
    status = watch.until_end()
    total = time.monotonic() - began
    if status not in (0, 1):
        sys.stderr.write(log.read_text(encoding="utf-8", errors="replace")[-3000:])
        raise SystemExit(4)
    document = json.loads((reports / "shadow.json").read_text(encoding="utf-8"))
    checks = {check["id"]: check for check in document["checks"]}
    return Sized(
        rows,
        document["verdict"],
        total,
        seconds_by_phase(document),
        watch.peaks,
        float(str(checks["restore.clean"]["measured"]).split()[0]),
        _bare_restore(read_plan(options.plan), rows),
    )


def seconds_by_phase(document: Mapping[str, Any]) -> dict[str, float]:
    """Seconds that the checks of each phase took, the making of a generated backup apart."""
    names = dict.fromkeys((GENERATED, *(check.id.partition(".")[0] for check in CHECKS)), 0.0)
    for check in document["checks"]:
        name = check["id"].partition(".")[0]
        names[GENERATED if check["id"] == "restore.backup" else name] += check["seconds"]
    return names


def _bare_restore(plan: Plan, rows: int) -> float:
    """Seconds of pg_restore alone, of the same dump into a database on a server alike."""
    backup = plan.backup
    assert backup.generator is not None
    dump = cached_path(
        backup.generator, rows=rows, seed=backup.seed, state=backup.state, cache=cache_directory()
    )
    room = 3 * 1000 * rows + 500_000_000
    with (
        closing(open_server("local", room_bytes=room)) as server,
        Databases(server) as databases,
        databases.created("bare") as target,
    ):
        with target.connect() as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS postgis")
            for role in backup.roles:
                connection.execute(f'CREATE ROLE "{role}"'.encode())
        began = time.monotonic()
        done = server.tools.run(
            "pg_restore",
            ["--exit-on-error", f"--jobs={JOBS}", f"--dbname={target.name}", "{dump}"],
            database=target.name,
            files={"dump": dump},
        )
        seconds = time.monotonic() - began
    if done.status:
        raise SystemExit(done.stderr)
    return seconds


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./run bench scale", description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=DEFAULT_ROWS, help="the sizes")
    parser.add_argument("--plan", type=Path, default=DEFAULT_PLAN, help="with a generated backup")
    parser.add_argument(
        "--reports",
        type=Path,
        default=ROOT / "reports" / "bench-scale",
        help="folder of the reports (default reports/bench-scale)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
