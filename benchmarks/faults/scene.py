"""One disturbed run: its folders, its server, its process, and what is left when it has ended."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import psutil
import psycopg

from benchmarks.faults.containers import containers_of
from benchmarks.faults.outside import (
    NEXT_DOOR,
    SOURCE,
    Outside,
    is_like,
    neighbour,
    outside_server,
)
from shadowgate.phases.restore.state import State, state_of
from shadowgate.server import Database

ROOT = Path(__file__).parents[2]
SHOP = Path(__file__).with_name("shop")
MARK = "SHADOWGATE_FAULT"
"""In the environment of every process of a disturbed run."""

ROWS = 2000
_LONGEST_RUN = 180.0
_PATIENCE = 20.0
_GUARDIAN = "shadowgate.cleanup"


def fill_shop(database: Database) -> None:
    """Make production's tables."""
    text = (ROOT / "examples" / "orders" / "base.sql").read_text(encoding="utf-8")
    with database.connect() as connection:
        connection.execute(
            text.replace("generate_series(1, 20000)", f"generate_series(1, {ROWS})").encode()
        )


@dataclass(frozen=True)
class Shop:
    """Production: its dump, and what it holds before and after the migration."""

    dump: Path
    before: State
    after: State


def make_shop(folder: Path) -> Shop:
    """Dump production, and learn what it holds before and after the migration.

    Args:
        folder: for the dump.
    """
    with outside_server(fill_shop) as outside:
        production = outside.server.database(SOURCE)
        dump = folder / "production.dump"
        tools = outside.server.tools
        done = tools.run("pg_dump", ["-Fc", "--file={dump}"], database=SOURCE, files={"dump": dump})
        assert done.status == 0, done.stderr
        before = state_of(production)
        said = _apply(outside, SOURCE)
        assert not said, said
        return Shop(dump, before, state_of(production))


def _apply(outside: Outside, database: str) -> str:
    """Apply the migration as an operator would after a fault; return why that failed."""
    done = outside.server.tools.run(
        "psql",
        ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file={script}"],
        database=database,
        files={"script": SHOP / "migration.sql"},
    )
    return done.stderr.strip() if done.status else ""


@dataclass
class Scene:
    """A run that is to be disturbed."""

    folder: Path
    shop: Shop
    random: Random
    outside: Outside | None
    """The server that the run uses; ``None`` where it starts one itself."""
    container: bool = False
    """Whether it starts a container then."""
    arguments: list[str] = field(default_factory=list)
    """Of the command, after the usual ones."""
    environment: dict[str, str] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    memory_bytes: int | None = None
    """The most that the run and each process that it starts may have."""
    crashed: bool = False
    """Whether the server went down: then the run next door is as dead as this one."""
    _process: subprocess.Popen[bytes] | None = None
    _read: int = 0

    @property
    def temporary(self) -> Path:
        """``TMPDIR`` of the run."""
        return self.folder / "tmp"

    @property
    def reports(self) -> Path:
        """Folder of its reports."""
        return self.folder / "reports"

    @property
    def log(self) -> Path:
        """What it says."""
        return self.folder / "output"

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The run."""
        assert self._process is not None
        return self._process

    @property
    def server(self) -> Outside:
        """The server that stands for somebody else's."""
        assert self.outside is not None
        return self.outside

    def begin(self) -> None:
        """Start the run."""
        self._process = self.start(self.log)

    def start(self, log: Path, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a run of the same plan in a process group of its own.

        Args:
            log: where its output goes.
            arguments: that come last and so win.
        """
        own = "container" if self.container else "local"
        where = self.outside.uri if self.outside else own
        given = [
            *(f"--plan={SHOP / 'plan.toml'}", f"--backup={self.shop.dump}", f"--server={where}"),
            *(f"--reports={self.reports}", *self.arguments, *arguments),
        ]
        secret = self.outside.server.endpoint.password if self.outside else None
        with log.open("wb") as stream:
            return subprocess.Popen(
                [sys.executable, "-m", "shadowgate", "run", *filter(None, given)],
                cwd=self.folder,
                env={
                    **os.environ,
                    "PYTHONPATH": str(ROOT),
                    "PYTHONUNBUFFERED": "1",
                    "TMPDIR": str(self.temporary),
                    "SHADOWGATE_CACHE": str(self.folder / "cache"),
                    MARK: str(self.folder),
                    **({"PGPASSWORD": secret} if secret else {}),
                    **self.environment,
                },
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=partial(_prepare, self.memory_bytes),  # noqa: PLW1509 - nothing in it takes a lock
            )

    def wait_for(self, pattern: str, *, seconds: float = 90.0) -> bool:
        """Wait until the run says something new; whether it did before it ended."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            text = self.log.read_text(encoding="utf-8", errors="replace")
            found = re.search(pattern, text[self._read :])
            if found is not None:
                self._read += found.end()
                return True
            if self.process.poll() is not None:
                return False
            time.sleep(0.005)
        return False

    def pause(self, most: float) -> None:
        """Let a random time pass."""
        time.sleep(self.random.uniform(0.0, most))

    def signal(self, *signals: signal.Signals, everybody: bool = False) -> None:
        """Send signals to the run; to everybody in its group, as a terminal does."""
        for each in signals:
            with suppress(ProcessLookupError):
                if everybody:
                    os.killpg(self.process.pid, each)
                else:
                    os.kill(self.process.pid, each)

    def guardians(self) -> list[psutil.Process]:
        """The processes that clean up after it."""
        return [each for each in self._marked() if _GUARDIAN in " ".join(_command(each))]

    def postmaster(self) -> psutil.Process:
        """The server that the run uses: its first process."""
        if self.outside is not None:
            return self.outside.postmaster()
        (found,) = (
            child
            for child in psutil.Process(self.process.pid).children()
            if child.name() == "postgres"
        )
        return found

    def backend(self, database: str, *, seconds: float = 10.0) -> psutil.Process:
        """The server's process that is migrating a database, once it is at work."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.outside is not None:
                for pid in self.outside.sessions(database, "shadowgate migration", at_work=True):
                    return psutil.Process(pid)
            else:
                for child in self.postmaster().children():
                    title = " ".join(_command(child)).strip()
                    if f" {database} " in title and title.endswith(("DO", "SELECT", "INDEX")):
                        return child
            time.sleep(0.002)
        raise RuntimeError(f"nobody is at work in {database}")

    def prove(self, database: str) -> None:
        """Note which state a database is in: before, after, or resumed by the script once more."""
        _quiet(self.server, database)
        there = self.server.server.database(database)
        for name in ("before", "after"):
            if is_like(getattr(self.shop, name), there):
                self.states[database] = name
                return
        said = _apply(self.server, database)
        resumed = not said and is_like(self.shop.after, there)
        self.states[database] = "resumable" if resumed else f"broken: {said or 'not as after'}"

    def end(self) -> int:
        """Wait until the run has ended; return its exit status."""
        try:
            return self.process.wait(timeout=_LONGEST_RUN)
        except subprocess.TimeoutExpired:
            self.complaints.append(f"it had not ended after {_LONGEST_RUN:.0f} s")
            for each in self._marked():
                each.kill()
            return self.process.wait()

    def document(self) -> Mapping[str, Any] | None:
        """``shadow.json``."""
        try:
            found: dict[str, Any] = json.loads((self.reports / "shadow.json").read_bytes())
        except OSError:
            return None
        except ValueError:
            self.complaints.append("shadow.json is no JSON")
            return None
        return found

    def left(self, before: set[str]) -> tuple[str, ...]:
        """What is still there after some patience: processes, files, databases, sessions.

        Args:
            before: databases that were on the server before.
        """
        deadline = time.monotonic() + _PATIENCE
        while (found := tuple(self._left(before))) and time.monotonic() < deadline:
            time.sleep(0.1)
        return found

    def _left(self, before: set[str]) -> Iterator[str]:
        yield from (f"process {' '.join(_command(each))[:60]}" for each in self._marked())
        yield from (f"file {path.name}" for path in self.temporary.iterdir())
        hidden = [*self.reports.glob(".*"), *(self.folder / "cache").glob(".*")]
        yield from (f"file {path.name}" for path in hidden)
        if self.container:
            yield from (f"container {name}" for name in containers_of(self.temporary))
        if self.outside is not None:
            there = self.outside.names() | ({NEXT_DOOR} if self.crashed else set())
            yield from (f"database {name}" for name in sorted(there - before))
            yield from (f"database {name} is gone" for name in sorted(before - there))

    def _marked(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.status() != psutil.STATUS_ZOMBIE and (
                    process.environ().get(MARK) == str(self.folder)
                    or any(str(self.temporary) in text for text in _command(process))
                ):
                    found.append(process)
        return found


def _prepare(memory_bytes: int | None) -> None:
    """Whoever starts a bench in the background has told its children to ignore interrupts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if memory_bytes is not None:
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


def _command(process: psutil.Process) -> Sequence[str]:
    """The command line of a process; empty if it has just ended."""
    try:
        return process.cmdline()
    except psutil.Error:
        return ()


def _quiet(outside: Outside, database: str) -> None:
    """Wait until nobody applies anything to a database any more."""
    deadline = time.monotonic() + _PATIENCE
    while outside.sessions(database, "shadowgate migration"):
        assert time.monotonic() < deadline, f"the migration of {database} goes on"
        time.sleep(0.05)


@contextmanager
def scene(
    folder: Path, shop: Shop, random: Random, *, outside: bool, container: bool
) -> Iterator[tuple[Scene, set[str]]]:
    """Set the scene of a case.

    Args:
        folder: of its own.
        shop: production.
        random: of this case.
        outside: whether the run uses a server of somebody else's.
        container: whether it starts a container otherwise.

    Yields:
        The scene, and the databases that are on the server.
    """
    with ExitStack() as stack:
        for name in ("tmp", "reports"):
            (folder / name).mkdir(parents=True)
        server = stack.enter_context(outside_server(fill_shop)) if outside else None
        if server is not None:
            stack.enter_context(neighbour(server))
        made = Scene(folder, shop, random, server, container)
        try:
            yield made, server.names() if server else set()
        finally:
            for process in made._marked():
                with suppress(psutil.Error):
                    process.kill()


def bystanders(made: Scene) -> None:
    """Note whether the databases of others are as they were."""
    if made.outside is None:
        return
    try:
        source = made.outside.server.database(SOURCE)
        made.states[SOURCE] = "before" if is_like(made.shop.before, source) else "changed"
    except psycopg.Error as error:
        made.states[SOURCE] = f"unknown: {error}"
