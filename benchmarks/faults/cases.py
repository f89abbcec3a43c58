"""The cases: which fault happens to a run when, and how the run must end."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from docker.models.containers import Container

from benchmarks.faults import arrangements as arranged
from benchmarks.faults import blows
from benchmarks.faults.arrangements import Arrangement, as_it_is
from benchmarks.faults.blows import AFTER, Blow
from benchmarks.faults.judging import Expected
from benchmarks.faults.scene import Scene
from shadowgate.server.docker_daemon import docker_error

INT, TERM, HUP, KILL, QUIT = (
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGKILL,
    signal.SIGQUIT,
)

MOMENTS: dict[str, tuple[str, float]] = {
    "start": (r"server: (making|connecting|starting)", 0.5),
    "restore": (r"restoring", 0.3),
    "baseline": (r"baseline: round 1 ", 0.1),
    "migration": (r"to shadow_after", 0.35),
    "traffic": (r"traffic:", 0.8),
    "interruptions": (r"interrupting", 1.5),
    "measuring": (r"measuring: round 1,", 0.1),
    "snapshot": (r"taking a snapshot", 0.4),
    "rollback": (r"rollback.sql to shadow_undo", 0.1),
    "report": (r"signoff", 0.5),
}
"""A part of a run -> what it says when that begins, and for how many seconds it lasts."""

INTERRUPTED = Expected(frozenset({2}), r"interrupted")
KILLED = Expected(frozenset({-KILL}), verdict="any")
GO = Expected(frozenset({0}), r"verdict   GO", "GO")


def refused(says: str) -> Expected:
    """Before the first phase, with a sentence."""
    return Expected(frozenset({4}), says, "any")


def unreported(says: str) -> Expected:
    """Before there is anything to report of, or nowhere to, with a sentence."""
    return Expected(frozenset({4}), says, "none")


def no_go(says: str) -> Expected:
    """At the end, with what was met."""
    return Expected(frozenset({1}), says)


def _leave(_scene: Scene) -> None:
    """Nothing comes after it."""


def run_again(scene: Scene) -> None:
    """The next run on the same server, as short as one can be: it has to clean up."""
    log = scene.folder / "next"
    status = scene.start(log, f"--reports={scene.folder / 'reports-next'}", "-k", "client_tools")
    if status.wait(timeout=90) != 1:
        scene.complaints.append(f"the next run: {log.read_text(encoding='utf-8')[-300:]}")


def start_server(scene: Scene) -> None:
    """The owner of the server starts it again."""
    scene.server.control("start")


def start_server_and_run_again(scene: Scene) -> None:
    """The owner of the server starts it again, and there is a next run."""
    start_server(scene)
    run_again(scene)


@dataclass(frozen=True)
class Case:
    """One disturbed run."""

    name: str
    moment: str
    """A key of :data:`MOMENTS`; empty for the beginning."""
    blow: Blow
    expected: Expected
    outside: bool = True
    """Whether the server is somebody else's, and not one that the run starts."""
    arrangement: Arrangement = as_it_is
    afterwards: Callable[[Scene], None] = _leave
    """What happens when the run has ended, before it is looked at what is left."""
    core: bool = False
    """Whether it is among the few that the tests run."""
    mounts: bool = False
    """Whether it needs the right to mount a file system."""
    container: bool = False
    """Whether the run starts a container."""

    @property
    def why_not(self) -> str:
        """Why it cannot be played here; empty if it can."""
        if self.mounts and os.geteuid() != 0:
            return "only root may mount a disk"
        if self.container and docker_error() is not None:
            return "no Docker daemon answers"
        return ""

    @property
    def arguments(self) -> list[str]:
        """Of the run: what takes long and has no part in the case is left out."""
        if 0 in self.expected.status or self.moment == "interruptions":
            return []
        return ["-k", "not interruptible and not lock_queue"]


def cases() -> tuple[Case, ...]:
    """All of them."""
    return (
        Case("undisturbed, server outside", "", blows.nothing, GO),
        Case("undisturbed, own server", "", blows.nothing, GO, outside=False),
        *_signals(),
        *_guardians(),
        *_backends(),
        *_servers(),
        *_containers(),
        *_resources(),
        *_disks(),
        *_reports(),
        *_others(),
    )


def _signals() -> Iterator[Case]:
    for number, moment in enumerate(MOMENTS):
        for place, each in enumerate((INT, TERM, KILL)):
            outside = bool((number + place) % 2)
            where = "server outside" if outside else "own server"
            yield Case(
                f"{each.name} during {moment}, {where}",
                moment,
                blows.send(each, everybody=each == INT),
                KILLED if each == KILL else INTERRUPTED,
                outside,
                core=(moment, each) in {("restore", TERM), ("traffic", KILL)},
            )
    yield Case("SIGHUP during measuring", "measuring", blows.send(HUP), INTERRUPTED)
    twice = blows.send(INT, INT, everybody=True, apart=0.05)
    for outside, where in ((True, "server outside"), (False, "own server")):
        expected = Expected(frozenset({2, 3}), r"interrupted")
        yield Case(f"SIGINT twice, {where}", "interruptions", twice, expected, outside)
    yield Case("SIGTERM, then SIGKILL", "traffic", blows.send(TERM, KILL, apart=0.1), KILLED)
    yield Case(
        "SIGKILL while the copy is migrated",
        "migration",
        blows.kill_while_migrating,
        KILLED,
        core=True,
    )


def _guardians() -> Iterator[Case]:
    yield Case("the guardian is killed", "baseline", blows.kill_guardians, GO)
    yield Case(
        "the guardian is killed, own server", "baseline", blows.kill_guardians, GO, outside=False
    )
    for moment in ("restore", "migration", "measuring"):
        for outside, where in ((True, "server outside"), (False, "own server")):
            yield Case(
                f"run and guardian are killed during {moment}, {where}, then the next run",
                moment,
                blows.kill_all,
                KILLED,
                outside,
                afterwards=run_again,
                core=(moment, outside) == ("migration", True),
            )


_LOST = r"session (that watched the migration )?was lost"


def _backends() -> Iterator[Case]:
    ended = f"terminating connection|server closed the connection|{_LOST}"
    gone = f"{ended}|recovery mode|crash|not yet accepting"
    for database in (AFTER, "shadow_online", "shadow_undo"):
        moment = {AFTER: "migration", "shadow_online": "traffic", "shadow_undo": "rollback"}
        for each, says in ((TERM, ended), (KILL, gone)):
            yield Case(
                f"{each.name} of the backend in {database}",
                moment[database],
                blows.kill_backend(database, each),
                no_go(says),
                core=(database, each) == (AFTER, TERM),
            )
    yield Case(
        "the migration's statement is cancelled",
        "migration",
        blows.kill_backend(AFTER, INT),
        no_go(r"canceling statement due to user request"),
    )
    yield Case(
        "SIGKILL of the backend, own server",
        "migration",
        blows.kill_backend(AFTER, KILL),
        no_go(gone),
        outside=False,
    )


_GONE = (
    r"connection refused|server closed the connection|terminating connection|shutting down"
    rf"|starting up|recovery mode|{_LOST}"
)
"""What is said of a server that is not there any more, or not yet."""


def _servers() -> Iterator[Case]:
    for moment in ("restore", "migration", "measuring"):
        yield Case(
            f"SIGKILL of the server during {moment}, own server",
            moment,
            blows.kill_server(KILL),
            no_go(_GONE),
            outside=False,
        )
        yield Case(
            f"SIGKILL of the server during {moment}; it is started again after the run",
            moment,
            blows.kill_server(KILL),
            no_go(_GONE),
            afterwards=start_server_and_run_again,
        )
    yield Case(
        "the server shuts down at once during traffic, and is started again",
        "traffic",
        blows.kill_server(QUIT, again=True),
        no_go(_GONE),
    )
    for moment in ("restore", "migration", "measuring", "rollback"):
        yield Case(
            f"the server is restarted during {moment}",
            moment,
            blows.restart_server,
            no_go(_GONE),
        )


def _containers() -> Iterator[Case]:
    in_container = partial(Case, outside=False, container=True)
    yield in_container("undisturbed, container", "", blows.nothing, GO)
    for moment, each in (("start", INT), ("restore", KILL), ("migration", TERM), ("traffic", KILL)):
        yield in_container(
            f"{each.name} during {moment}, container",
            moment,
            blows.send(each, everybody=each == INT),
            KILLED if each == KILL else INTERRUPTED,
            core=each == TERM,
        )
    yield in_container(
        "run and guardian are killed during migration, container, then the next run",
        "migration",
        blows.kill_all,
        KILLED,
        afterwards=run_again,
    )
    harm: tuple[tuple[str, Callable[[Container], object]], ...] = (
        ("killed", Container.kill),
        ("removed", partial(Container.remove, force=True, v=True)),
        ("stopped", partial(Container.stop, timeout=10)),
    )
    for (what, do), moment in zip(harm, ("migration", "restore", "measuring"), strict=True):
        yield in_container(
            f"the container is {what} during {moment}",
            moment,
            blows.to_container(do),
            no_go(_GONE),
            core=what == "killed",
        )
    yield in_container(
        "the container is paused for a while", "baseline", blows.pause_container(3), GO
    )


def _resources() -> Iterator[Case]:
    yield Case(
        "too little memory for the run and its server",
        "",
        blows.nothing,
        refused("cannot allocate memory"),
        outside=False,
        arrangement=arranged.run_of_little_memory,
    )
    yield Case(
        "no more memory for the server",
        "",
        blows.nothing,
        Expected(frozenset({1, 4}), r"out of memory|memory", "any"),
        arrangement=arranged.server_of_little_memory,
        afterwards=blows.restart_server,
    )
    many = r"too many clients|remaining connection slots"
    yield Case(
        "no connection is left at the start", "", blows.exhaust_connections(60), refused(many)
    )
    for moment in ("migration", "measuring"):
        yield Case(
            f"no connection is left during {moment}",
            moment,
            blows.exhaust_connections(15),
            no_go(many),
        )
    for moment, seconds in (("restore", 3600), ("migration", -86_400), ("measuring", 90_000)):
        yield Case(
            f"the clock is set by {seconds:+} s during {moment}",
            moment,
            arranged.set_clock(seconds),
            GO,
            outside=False,
            arrangement=arranged.movable_clock,
        )


def _disks() -> Iterator[Case]:
    full = r"no space left|No room|disk is full|could not (write|extend)"
    small = arranged.disk_for_temporary
    yield Case(
        "disk full: no room for a cluster",
        "",
        blows.nothing,
        refused(full),
        outside=False,
        arrangement=small("4M"),
        mounts=True,
    )
    yield Case(
        "disk full: too small for the copies",
        "",
        blows.nothing,
        refused("disk is too small"),
        outside=False,
        arrangement=small("200M"),
        mounts=True,
    )
    for moment in ("restore", "baseline", "migration", "traffic", "measuring", "snapshot"):
        # What is measured has its copies by then, and needs no more room.
        needs_none = Expected(frozenset({0, 1}), verdict="any")
        yield Case(
            f"disk full during {moment}",
            moment,
            blows.fill_disk,
            needs_none if moment == "measuring" else no_go(full),
            outside=False,
            arrangement=arranged.disk_for_all,
            mounts=True,
            core=moment == "migration",
        )
    yield Case(
        "disk full: a copy of the backup",
        "",
        blows.nothing,
        refused(full),
        arrangement=arranged.wrapped_backup,
        mounts=True,
    )
    yield Case(
        "disk full: the dump of the source",
        "",
        blows.nothing,
        unreported(full),
        arrangement=arranged.from_source_onto_a_small_disk,
        mounts=True,
    )
    yield Case(
        "disk full: the snapshot",
        "",
        blows.nothing,
        no_go(full),
        arrangement=small("96k"),
        mounts=True,
    )
    yield Case(
        "disk full: the reports",
        "migration",
        blows.fill_disk,
        Expected(frozenset({4}), full, "any"),
        arrangement=arranged.disk_for_reports("8M"),
        mounts=True,
    )


def _reports() -> Iterator[Case]:
    yield Case(
        "the reports' folder cannot be written",
        "",
        blows.nothing,
        unreported("read-only"),
        arrangement=arranged.reports_read_only,
        mounts=True,
    )
    yield Case(
        "the reports' folder is a file",
        "",
        blows.nothing,
        unreported(r"reports.*(exists|not a (folder|directory))"),
        arrangement=arranged.reports_are_a_file,
        core=True,
    )
    yield Case(
        "a report is a folder",
        "",
        blows.nothing,
        unreported(r"shadow\.html"),
        arrangement=arranged.report_is_a_folder,
    )
    yield Case(
        "the reports' folder becomes read-only",
        "rollback",
        blows.make_read_only,
        Expected(frozenset({4}), "read-only", "any"),
        arrangement=arranged.disk_for_reports("8M"),
        mounts=True,
    )
    yield Case(
        "the reports are on another file system",
        "",
        blows.nothing,
        GO,
        arrangement=arranged.disk_for_reports("32M"),
        mounts=True,
    )
    yield Case(
        "the server cannot write its log", "restore", blows.lose_log_folder, no_go(r"\blog\b")
    )


def _others() -> Iterator[Case]:
    yield Case(
        "a stranger locks the table for a while", "migration", blows.lock_table(AFTER, 3), GO
    )
    yield Case(
        "a stranger locks the table of the shadow",
        "baseline",
        blows.lock_table("shadow", 3),
        Expected(frozenset({0, 1}), verdict="any"),
    )
    yield Case(
        "a stranger comes back into the shadow",
        "baseline",
        blows.sit_in("shadow", 8),
        Expected(frozenset({0, 1}), verdict="any"),
    )
    yield Case(
        "a stranger drops the shadow",
        "traffic",
        blows.drop_database("shadow"),
        no_go(r"database \"?shadow\"? does not exist"),
    )
    yield Case(
        "the backup vanishes",
        "restore|baseline",
        blows.lose_backup,
        Expected(frozenset({0, 1}), verdict="any"),
        arrangement=arranged.own_backup,
    )
    yield Case(
        "the source's session is ended",
        "source",
        blows.end_source,
        unreported(r"the (server given with --source|source) cannot be"),
        arrangement=arranged.from_source,
    )
    yield Case(
        "the source's server dies",
        "source",
        blows.kill_server(KILL, again=True),
        unreported(r"the (server given with --source|source) cannot be"),
        arrangement=arranged.from_source,
    )
    yield Case(
        "a second run of the same plan on the server",
        "baseline",
        blows.run_beside,
        GO,
        core=True,
    )
    yield Case(
        "a second run of the same plan at the same moment",
        "",
        blows.run_beside,
        Expected(frozenset({0, 4}), verdict="any"),
    )
