from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from shadowgate.errors import ServerError
from shadowgate.server import Server, open_server

HOLD = """
import sys
from shadowgate.server import open_server

def show(message):
    print(message, flush=True)

server = open_server("local", settings={"shared_buffers": "128MB"}, progress=show)
print("up", server.facts.where, flush=True)
sys.stdin.read()
"""


def cluster_processes(folder: Path) -> list[int]:
    """Ids of the processes that work below a folder."""
    return [
        process.pid
        for process in psutil.process_iter(["cwd"])
        if (process.info["cwd"] or "").startswith(str(folder))
    ]


def wait_until(true: Callable[[], bool], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.05)
    return true()


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder that the server's account may enter, and TMPDIR pointing at it."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and folder != Path(folder.anchor):
            folder.chmod(folder.stat().st_mode | 0o011)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def start(script: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("fatal", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_run_leaves_no_server_and_no_folder(
    temporary: Path, fatal: signal.Signals
) -> None:
    run = start(HOLD)
    assert run.stdout is not None
    assert any(line.startswith("up") for line in run.stdout)
    assert cluster_processes(temporary)
    run.send_signal(fatal)
    run.wait()
    assert wait_until(lambda: not cluster_processes(temporary) and not list(temporary.iterdir()))


@pytest.mark.parametrize("stage", ["making a cluster", "starting it"])
def test_a_run_killed_while_it_starts_leaves_nothing(temporary: Path, stage: str) -> None:
    run = start(HOLD)
    assert run.stdout is not None
    assert any(stage in line for line in run.stdout)
    time.sleep(0.1)
    run.kill()
    run.wait()
    assert wait_until(lambda: not cluster_processes(temporary) and not list(temporary.iterdir()))


def test_closing_twice_is_safe_and_leaves_nothing(temporary: Path) -> None:
    run = start(
        "from shadowgate.server import open_server\n"
        "server = open_server('local', settings={'shared_buffers': '128MB'})\n"
        "server.close()\n"
        "server.close()\n"
    )
    assert run.wait(30) == 0
    assert list(temporary.iterdir()) == []


def test_a_server_that_does_not_start_says_why() -> None:
    with pytest.raises(ServerError, match="shared_buffer_typo"):
        open_server("local", settings={"shared_buffer_typo": "1"})


def test_the_server_suits_the_job(server: Server) -> None:
    settings = server.facts.settings
    assert settings["fsync"] == "off"
    assert settings["jit"] == "off"
    assert settings["server_encoding"] == "UTF8"
    assert "pg_stat_statements" in settings["shared_preload_libraries"]
    assert server.owned
    assert server.endpoint.host == "127.0.0.1"


def test_the_password_is_needed_and_shown_nowhere(server: Server) -> None:
    password = server.endpoint.password
    assert password
    assert password not in repr(server.endpoint) + repr(server.facts) + repr(server.maintenance)
    own = [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]
    assert not any(password in line for line in own)
