"""`shadowgate run` with two plans: as one after the other, and whatever happens to one of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from shadowgate.report import read_json
from shadowgate.server import Server
from tests.selftest.backup.dumps import dump
from tests.selftest.plain_database import plain_database
from tests.selftest.server_runs import comes_true
from tests.selftest.shadow_runs import ROOT, ShadowRun, run_elsewhere

PRODUCTION = """
CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, total int NOT NULL);
INSERT INTO orders (total) SELECT n % 50 FROM generate_series(1, 500) AS n;
"""
UP = "SET lock_timeout = '2s';\nALTER TABLE orders ADD COLUMN IF NOT EXISTS {0} text;\n"
DOWN = "SET lock_timeout = '2s';\nALTER TABLE orders DROP COLUMN {0};\n"
PLAN = """
name = "{0}"
title = "A column"
migration = "{0}.sql"
rollback = "{0}.down.sql"
[backup]
path = "../production.dump"
table = "public.orders"
[creates]
column = ["public.orders.{1}"]
[rollout]
start = 2026-03-02
"""
NAMES = ("note", "other")


@pytest.fixture(scope="module")
def project(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two plans, of which one announces another column than its migration makes."""
    folder = tmp_path_factory.mktemp("project")
    with plain_database(server) as base:
        with base.connect() as connection:
            connection.execute(PRODUCTION)
        dump(server, base, folder / "production.dump", "--format=custom")
    plans = folder / "plans"
    plans.mkdir()
    for name in NAMES:
        (plans / f"{name}.sql").write_text(UP.format(name), "utf-8")
        (plans / f"{name}.down.sql").write_text(DOWN.format(name), "utf-8")
        (plans / f"{name}.toml").write_text(PLAN.format(name, "note"), "utf-8")
    return folder


def run(project: Path, *arguments: str, **environment: str) -> ShadowRun:
    asked = ("shadowgate", "run", "--plan=plans", *arguments)
    return run_elsewhere(project, *asked, env=environment)


def found(folder: Path) -> dict[str, Any]:
    """What a run came to: verdict and risk, and of each check its status and its findings."""
    evidence = read_json(folder / "shadow.json")
    checks = {each.id: (each.status, each.findings, each.follows) for each in evidence.checks}
    return {"verdict": evidence.verdict, "risk": evidence.risk, **checks}


@pytest.fixture(scope="module")
def in_order(project: Path) -> ShadowRun:
    """Both, one after the other."""
    return run(project, "--server=local", "--reports=in-order")


def test_at_once_each_comes_to_what_it_comes_to_in_order(
    project: Path, in_order: ShadowRun
) -> None:
    at_once = run(project, "--server=local", "-n", "2", "--reports=at-once")
    for each in (in_order, at_once):
        assert each.status == 1, each.output[-3000:]
        assert "\nverdict   NO-GO\n" in each.output
    for name in NAMES:
        assert found(project / "at-once" / name) == found(project / "in-order" / name)
    assert found(project / "at-once" / "note")["verdict"] == "GO", at_once.output[-3000:]
    assert found(project / "at-once" / "other")["verdict"] == "NO-GO"
    page = (project / "at-once" / "index.html").read_text("utf-8")
    assert all(f'href="{name}/shadow.html"' in page for name in NAMES)
    for name in NAMES:
        said = at_once.output.index(f"plans/{name}.toml\n")
        assert at_once.output.index("shadowgate: ", said) > said
    assert at_once.output.count("test session starts") == 2


def test_in_order_they_share_a_cluster_and_at_once_they_do_not(
    project: Path, in_order: ShadowRun
) -> None:
    assert in_order.status == 1
    places = {
        kind: {read_json(project / kind / name / "shadow.json").server["where"] for name in NAMES}
        for kind in ("in-order", "at-once")
    }
    assert {kind: len(found) for kind, found in places.items()} == {"in-order": 1, "at-once": 2}


def test_on_one_server_at_once_each_has_databases_of_its_own(project: Path, server: Server) -> None:
    at = server.endpoint
    uri = f"--server=postgresql://{at.user}@{at.host}:{at.port}/postgres"
    both = run(project, uri, "-n2", "--reports=shared", PGPASSWORD=at.password or "")
    assert both.status == 1, both.output[-3000:]
    assert found(project / "shared" / "note")["verdict"] == "GO", both.output[-3000:]
    assert found(project / "shared" / "other")["verdict"] == "NO-GO"
    with server.maintenance.connect() as connection:
        left = connection.execute("SELECT datname FROM pg_database WHERE datname ~ '^(note|other)'")
        assert left.fetchall() == []


_IN_FRONT = """
import signal, sys
from shadowgate.command import main
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(main())
"""
"""The command as at a terminal: whoever is started in the background ignores SIGINT."""


@dataclass(frozen=True)
class Working:
    """Two runs at once, each in its own cluster, and who has started them."""

    parent: subprocess.Popen[str]
    runs: dict[str, psutil.Process]
    clusters: list[Path]


@contextmanager
def working(project: Path, reports: str) -> Iterator[Working]:
    """Wait until both have restored the backup, and have something to leave behind."""
    arguments = ["run", "--plan=plans", "-n2", "--server=local", f"--reports={reports}"]
    parent = subprocess.Popen(
        [sys.executable, "-c", _IN_FRONT, *arguments],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    busy: set[Path] = set()
    try:
        assert comes_true(lambda: len(_note_busy(busy, parent.pid)) == 2, seconds=60)
        runs = {
            Path(argument).stem: process
            for process, command in _children(parent.pid)
            for argument in command
            if argument.startswith("--plan=")
        }
        yield Working(parent, runs, list(busy))
    finally:
        parent.terminate()
        parent.communicate()


def _note_busy(busy: set[Path], parent: int) -> set[Path]:
    """Add the clusters that a process has started and somebody works in a copy on by now."""
    for process, command in _children(parent):
        if command[1:2] == ["-D"]:
            titles = [" ".join(command) for _, command in _children(process.pid)]
            if any(" shadow_" in title for title in titles):
                busy.add(Path(command[2]).parent)
    return busy


def _children(parent: int) -> list[tuple[psutil.Process, list[str]]]:
    """The processes that one has started, with their command lines."""
    found = []
    for each in psutil.Process(parent).children():
        with suppress(psutil.NoSuchProcess):
            found.append((each, each.cmdline()))
    return found


def test_one_that_is_killed_leaves_nothing_and_hides_nothing(project: Path) -> None:
    with working(project, "killed") as at_work:
        at_work.runs["other"].kill()
        output, _ = at_work.parent.communicate(timeout=180)
    assert at_work.parent.returncode == 2, output[-3000:]
    assert found(project / "killed" / "note")["verdict"] == "GO", output[-3000:]
    assert found(project / "killed" / "other")["verdict"] == "NO-GO"
    assert not any(folder.exists() for folder in at_work.clusters)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_both_end_as_interrupted_and_leave_nothing(
    project: Path, number: signal.Signals
) -> None:
    with working(project, number.name) as at_work:
        at_work.parent.send_signal(number)
        output, _ = at_work.parent.communicate(timeout=60)
    assert at_work.parent.returncode == 2, output[-3000:]
    for name in NAMES:
        assert found(project / number.name / name)["verdict"] == "NO-GO"
    assert not any(folder.exists() for folder in at_work.clusters)
    assert not any(run.is_running() for run in at_work.runs.values())
    assert "Traceback" not in output
