"""The clock takes waiting for a core off, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from shadowgate.measure.clock import (
    Measurement,
    QueueClock,
    WallClock,
    clock_for,
    find_process,
    on_cores,
    usable_cores,
)
from shadowgate.server import Database


def test_waiting_for_a_core_is_taken_off() -> None:
    assert Measurement(0.1, 0.04).net == pytest.approx(0.06)


def test_a_lap_never_loses_all_its_time() -> None:
    assert Measurement(0.1, 0.2).net > 0


def test_sleeping_counts() -> None:
    assert WallClock().time(lambda: time.sleep(0.02)).net >= 0.02


def process(folder: Path, *, queued: int, state: str = "S") -> None:
    """Write a process's files in place, so that a reader never finds them empty."""
    for name, text in (
        ("schedstat", f"1000 {queued:012d} 7\n"),
        ("stat", f"42 (post) gres) {state} 1 42 42 0\n"),
    ):
        path = folder / name
        with path.open("r+" if path.exists() else "w") as file:
            file.write(text)


def test_the_queue_of_a_process_is_read_before_and_after(tmp_path: Path) -> None:
    process(tmp_path, queued=5_000_000)
    clock = QueueClock(tmp_path)

    def run() -> None:
        time.sleep(0.02)
        process(tmp_path, queued=15_000_000)

    measured = clock.time(run)
    clock.close()
    assert measured.queued == pytest.approx(0.01)
    assert measured.wall >= 0.02
    assert measured.net == pytest.approx(measured.wall - 0.01)


def test_a_process_that_is_still_busy_is_waited_for(tmp_path: Path) -> None:
    process(tmp_path, queued=0, state="R")
    clock = QueueClock(tmp_path)
    ending = threading.Timer(0.01, process, (tmp_path,), {"queued": 8_000_000})
    ending.start()
    measured = clock.time(lambda: None)
    clock.close()
    ending.join()
    assert measured.queued == 0.0


@pytest.mark.parametrize("name", ["schedstat", "stat"])
def test_a_file_of_another_shape_is_refused(tmp_path: Path, name: str) -> None:
    process(tmp_path, queued=0)
    (tmp_path / name).write_text("nothing\n")
    with pytest.raises(ValueError, match="unpack"):
        QueueClock(tmp_path)


def test_a_session_on_this_machine_gets_the_better_clock(plain: Database) -> None:
    with plain.connect() as connection:
        clock = clock_for(find_process(connection, plain))
        measured = clock.time(lambda: connection.execute("SELECT pg_sleep(0.03)"))
        clock.close()
    assert isinstance(clock, QueueClock) == Path("/proc/self/schedstat").exists()
    assert measured.wall - measured.queued >= 0.03


def test_a_session_that_is_not_found_gets_the_plain_clock(plain: Database) -> None:
    with plain.connect() as connection:
        nowhere = Database(plain.endpoint, "selftest_nowhere")
        assert isinstance(clock_for(find_process(connection, nowhere)), WallClock)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux binds a process to a core")
def test_processes_share_one_core_inside_the_block_and_get_theirs_back() -> None:
    pair = [subprocess.Popen(["sleep", "60"]) for _ in range(2)]
    pids = [process.pid for process in pair]
    try:
        of_old = [os.sched_getaffinity(pid) for pid in pids]
        with on_cores(dict.fromkeys(pids, usable_cores()[-1])):
            bound = [os.sched_getaffinity(pid) for pid in pids]
        assert [os.sched_getaffinity(pid) for pid in pids] == of_old
    finally:
        for process in pair:
            process.kill()
            process.wait()
    assert bound == [{usable_cores()[-1]}] * 2


def test_a_process_that_is_gone_is_no_error() -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    with on_cores({ended.pid: usable_cores()[-1]}):
        pass
