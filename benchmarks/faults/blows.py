"""The faults: each happens to a run that has come to a moment of the case."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg
from docker.models.containers import Container

from benchmarks.faults.containers import to_container_of
from benchmarks.faults.outside import SOURCE
from benchmarks.faults.scene import Scene
from shadowgate.server import Connection

Blow = Callable[[Scene], None]

AFTER = "shadow_after"
"""The copy that gets the migration."""


def nothing(_scene: Scene) -> None:
    """Let it be: the run that is not disturbed."""


def send(*signals: signal.Signals, everybody: bool = False, apart: float = 0.0) -> Blow:
    """Send signals to the run.

    Args:
        signals: one after another.
        everybody: to its whole group, as a terminal sends them.
        apart: seconds between them.
    """

    def blow(scene: Scene) -> None:
        for each in signals:
            scene.signal(each, everybody=everybody)
            time.sleep(apart)

    return blow


def kill_while_migrating(scene: Scene) -> None:
    """Kill the run, and look at the copy before its guardian drops it."""
    guardians = scene.guardians()
    for each in guardians:
        each.suspend()
    scene.signal(signal.SIGKILL)
    scene.process.wait()
    scene.prove(AFTER)
    for each in guardians:
        each.resume()


def kill_all(scene: Scene) -> None:
    """Kill the run and those who would clean up, as a machine that goes down does."""
    guardians = scene.guardians()
    for each in guardians:
        each.suspend()
    scene.signal(signal.SIGKILL)
    scene.process.wait()
    for each in guardians:
        each.kill()


def kill_guardians(scene: Scene) -> None:
    """Kill those who would clean up; the run goes on."""
    for each in scene.guardians():
        each.kill()


def kill_backend(database: str, how: signal.Signals) -> Blow:
    """Send a signal to the server's process that is at work in a database.

    ``SIGTERM`` ends the session, ``SIGINT`` cancels its statement; after ``SIGKILL`` the server
    ends every session and recovers.
    """

    def blow(scene: Scene) -> None:
        scene.crashed = how == signal.SIGKILL
        backend = scene.backend(database)
        proven = scene.outside is not None and database == AFTER
        if proven and how != signal.SIGINT:  # before it drops the database
            scene.signal(signal.SIGSTOP, everybody=True)
        backend.send_signal(how)
        if not proven:
            return
        with suppress(psutil.TimeoutExpired):
            backend.wait(5)
        if how == signal.SIGINT:
            _wait(lambda: not scene.server.sessions(AFTER, "shadowgate migration"))
            scene.signal(signal.SIGSTOP, everybody=True)
        _wait(scene.server.is_up)
        scene.prove(AFTER)
        scene.signal(signal.SIGCONT, everybody=True)

    return blow


def kill_server(how: signal.Signals, *, again: bool = False) -> Blow:
    """Send a signal to the server's first process.

    Args:
        how: ``SIGKILL``, or ``SIGQUIT`` for an immediate shutdown, ``SIGINT`` for a fast one.
        again: start the server anew, as its owner would.
    """

    def blow(scene: Scene) -> None:
        scene.crashed = True
        server = scene.postmaster()
        sessions = server.children()
        server.send_signal(how)
        server.wait(20)
        if not again:
            return
        psutil.wait_procs(sessions, timeout=20)
        scene.server.control("start")
        assert scene.server.is_up()

    return blow


def restart_server(scene: Scene) -> None:
    """Restart the server, as its owner would."""
    scene.crashed = True
    scene.server.control("restart", "-m", "fast")
    assert scene.server.is_up()


def to_container(do: Callable[[Container], object]) -> Blow:
    """Do something to the container that the run has started."""

    def blow(scene: Scene) -> None:
        to_container_of(scene.temporary, do)

    return blow


def pause_container(seconds: float) -> Blow:
    """Let nothing in the run's container go on for a while."""

    def blow(scene: Scene) -> None:
        to_container_of(scene.temporary, Container.pause)
        time.sleep(seconds)
        to_container_of(scene.temporary, Container.unpause)

    return blow


def fill_disk(scene: Scene) -> None:
    """Leave no room on the file system that the run works on."""
    disk = scene.folder / "disk"
    while True:
        found = os.statvfs(disk)
        used = (found.f_blocks - found.f_bfree + 1) * found.f_frsize
        try:
            return _remount(disk, f"size={used}")
        except subprocess.CalledProcessError:  # something was written meanwhile
            continue


def make_read_only(scene: Scene) -> None:
    """Let nothing be written any more where the reports go."""
    _remount(scene.reports, "ro")


def _remount(folder: Path, options: str) -> None:
    subprocess.run(
        ["mount", "-o", f"remount,{options}", folder], check=True, stderr=subprocess.DEVNULL
    )


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """A file system of its own, in memory, for as long as the context lasts."""
    folder.mkdir(exist_ok=True)
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "none", folder], check=True
    )
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def exhaust_connections(seconds: float) -> Blow:
    """Take every session that the server has left, for a while."""

    def blow(scene: Scene) -> None:
        taken: list[Connection] = []
        until = time.monotonic() + seconds
        while time.monotonic() < until and scene.process.poll() is None:
            try:
                taken.append(scene.server.server.maintenance.connect(application_name="stranger"))
            except psycopg.OperationalError:
                time.sleep(0.01)
        for each in taken:
            each.close()

    return blow


def lock_table(database: str, seconds: float) -> Blow:
    """A stranger locks the table in one of the run's databases, for a while."""

    def blow(scene: Scene) -> None:
        session = _joined(scene, database)
        with suppress(psycopg.Error):
            session.execute("BEGIN")
            session.execute("LOCK TABLE public.orders IN ACCESS EXCLUSIVE MODE")
            time.sleep(seconds)
            session.execute("COMMIT")
        session.close()

    return blow


def sit_in(database: str, seconds: float) -> Blow:
    """A stranger has a session in one of the run's databases, and comes back when it is ended."""

    def blow(scene: Scene) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until and scene.process.poll() is None:
            with suppress(psycopg.Error):
                session = _joined(scene, database)
                while time.monotonic() < until:
                    session.execute("SELECT 1")
                    time.sleep(0.001)
                session.close()

    return blow


def drop_database(database: str) -> Blow:
    """A stranger drops one of the run's databases."""

    def blow(scene: Scene) -> None:
        _joined(scene, database).close()
        scene.server.execute(f"DROP DATABASE {database} WITH (FORCE)")

    return blow


def _joined(scene: Scene, database: str) -> Connection:
    deadline = time.monotonic() + 20
    while True:
        try:
            return scene.server.server.database(database).connect(application_name="stranger")
        except psycopg.OperationalError:
            assert time.monotonic() < deadline
            time.sleep(0.005)


def lose_log_folder(scene: Scene) -> None:
    """Let the server write no new file into its log folder, and have it begin one."""
    log = scene.server.folder / "log"
    log.chmod(0o500)
    for file in log.iterdir():
        file.unlink()
    scene.server.execute("SELECT pg_rotate_logfile()")


def lose_backup(scene: Scene) -> None:
    """Take the backup away."""
    (scene.folder / "backup.dump").unlink()


def end_source(scene: Scene) -> None:
    """End the sessions that dump production."""
    deadline = time.monotonic() + 20
    while not scene.server.sessions(SOURCE, "pg_dump"):
        assert time.monotonic() < deadline
        time.sleep(0.001)
    for pid in scene.server.sessions(SOURCE, "pg_dump"):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)


def run_beside(scene: Scene) -> None:
    """Another run of the same plan at the same time: one of the two is told to wait."""
    log = scene.folder / "second"
    second = scene.start(log, f"--reports={scene.folder / 'reports-second'}")
    statuses = {second.wait(timeout=150), scene.end()}
    if statuses != {0, 4}:
        scene.complaints.append(f"the two runs ended with {sorted(statuses)}")
    both = log.read_text(encoding="utf-8") + scene.log.read_text(encoding="utf-8")
    if "another run is using it" not in both or "Traceback" in both:
        scene.complaints.append("neither run says that the other is using it")


def _wait(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
