from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from psycopg import sql

from shadowgate.cleanup import Guardian, guarded_folder
from shadowgate.cleanup.resources import FolderResource
from shadowgate.errors import ServerError, SetupError, ToolError, UsageError
from shadowgate.server import CLEANER, Server, local, open_server, opening
from shadowgate.server.base import Database, Endpoint
from shadowgate.server.binaries import (
    Installation,
    installations,
    server_for,
    tools_for,
    version_number,
    with_postgis,
)
from shadowgate.server.scram import verifier
from shadowgate.server.settings import (
    configuration_lines,
    shadow_settings,
    with_library,
    with_pg_cron,
    without_library,
)
from shadowgate.server.tools import HostTools, fill_in, find_host_tools
from tests.selftest.server_runs import HeldServer, comes_true


def cluster_processes(folder: Path) -> list[int]:
    """Ids of the server processes that name a folder, or work below it as far as one may see."""
    return [
        process.pid
        for process in psutil.process_iter(["name", "cmdline", "cwd"])
        if process.info["name"] in ("postgres", "initdb")
        and any(
            str(folder) in text
            for text in (process.info["cwd"] or "", *(process.info["cmdline"] or ()))
        )
    ]


def is_clean(folder: Path) -> bool:
    return not cluster_processes(folder) and not list(folder.iterdir())


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary folder that the server's account may enter, for this process and new ones."""
    folder = Path(tempfile.mkdtemp(prefix="selftest-", dir="/tmp"))
    folder.chmod(0o711)
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder.resolve()
    shutil.rmtree(folder)


@pytest.mark.parametrize("fatal", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_a_killed_run_leaves_no_server_and_no_folder(
    temporary: Path, fatal: signal.Signals
) -> None:
    run = HeldServer("local")
    run.wait_for("up")
    assert cluster_processes(temporary)
    run.die(fatal)
    assert comes_true(lambda: is_clean(temporary))


@pytest.mark.parametrize(
    ("stage", "seconds"),
    [("making a cluster", 0.0), ("making a cluster", 0.2), ("starting it", 0.0)],
)
def test_a_run_killed_while_it_starts_leaves_nothing(
    temporary: Path, stage: str, seconds: float
) -> None:
    run = HeldServer("local")
    run.wait_for(stage)
    time.sleep(seconds)
    run.die(signal.SIGKILL)
    assert comes_true(lambda: is_clean(temporary))


def test_what_a_run_left_that_died_with_its_guardian_is_removed_by_the_next(
    temporary: Path,
) -> None:
    with closing(open_server("local", settings={"shared_buffers": "128MB"})) as alive:
        (kept,) = temporary.iterdir()
        run = HeldServer("local")
        run.wait_for("up")
        run.die_with_its_guardians()
        left = set(temporary.iterdir()) - {kept}
        assert left
        somebodys = temporary / "shadowgate-0123456789ab"
        somebodys.mkdir()
        with guarded_folder(CLEANER):
            assert not left & set(temporary.iterdir())
            assert not any(cluster_processes(folder) for folder in left)
        assert set(temporary.iterdir()) == {kept, somebodys}
        alive.maintenance.connect().close()
        somebodys.rmdir()
    assert is_clean(temporary)


def test_a_guardian_that_somebody_ended_is_replaced(temporary: Path) -> None:
    folders = [temporary / name for name in ("one", "two")]
    with Guardian(CLEANER) as guardian:
        guardian.protect(FolderResource(str(folders[0])))
        psutil.Process(guardian.pid).kill()
        psutil.Process(guardian.pid).wait()
        guardian.protect(FolderResource(str(folders[1])))
        for folder in folders:
            folder.mkdir()
    assert is_clean(temporary)


def test_a_worker_that_outlives_the_run_does_not_keep_the_server(temporary: Path) -> None:
    script = (
        "import os, time\n"
        "from shadowgate.server import open_server\n"
        "server = open_server('local', settings={'shared_buffers': '128MB'})\n"
        "worker = os.fork()\n"
        "if worker == 0:\n"
        "    time.sleep(60)\n"
        "else:\n"
        "    print(worker, flush=True)\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    run = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    worker = psutil.Process(int(run.stdout.readline()))
    try:
        run.wait()
        assert comes_true(lambda: is_clean(temporary))
        assert worker.is_running()
    finally:
        worker.kill()


def test_a_run_that_ends_normally_leaves_nothing(temporary: Path) -> None:
    run = HeldServer("local", "some_database")
    run.wait_for("up")
    assert "closed" in run.end()
    assert is_clean(temporary)


@pytest.mark.parametrize("fatal", [False, True])
def test_a_guarded_folder_is_deleted_at_the_end_and_when_its_process_is_killed(
    temporary: Path, fatal: bool
) -> None:
    script = (
        "import os\n"
        "from shadowgate.cleanup import guarded_folder\nfrom shadowgate.server import CLEANER\n"
        "with guarded_folder(CLEANER) as folder:\n"
        "    (folder / 'file').touch()\n"
        "    print(folder, flush=True)\n"
        f"    os.kill(os.getpid(), 9) if {fatal} else None\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert Path(run.stdout.strip()).parent == temporary
    assert run.returncode == (-signal.SIGKILL if fatal else 0)
    assert comes_true(lambda: is_clean(temporary))


def test_closing_twice_is_safe() -> None:
    server = open_server("local", settings={"shared_buffers": "128MB"})
    server.close()
    server.close()


def test_a_server_that_does_not_start_says_why() -> None:
    with pytest.raises(ServerError, match="shared_buffer_typo"):
        open_server("local", settings={"shared_buffer_typo": "1"})


def test_the_server_suits_the_job(server: Server) -> None:
    settings = server.facts.settings
    assert settings["fsync"] == "off"
    assert settings["jit"] == "off"
    assert settings["autovacuum"] == "off"
    assert settings["server_encoding"] == "UTF8"
    assert "pg_stat_statements" in settings["shared_preload_libraries"]
    assert server.owned
    assert server.endpoint.host == "127.0.0.1"


def test_pg_cron_comes_after_the_libraries_given_and_what_is_said_of_it_wins() -> None:
    given = {"shared_preload_libraries": "pg_stat_statements,postgis-3", "cron.database_name": "x"}
    assert with_pg_cron(given) == {
        "shared_preload_libraries": "pg_stat_statements,postgis-3,pg_cron",
        "cron.database_name": "x",
        "cron.use_background_workers": "on",
    }


def test_a_library_is_loaded_once_however_often_it_is_asked_for() -> None:
    once = with_library({"shared_preload_libraries": "a,b", "jit": "off"}, "c")
    assert once == {"shared_preload_libraries": "a,b,c", "jit": "off"}
    assert with_library(once, "b") == once
    alone = without_library({"shared_preload_libraries": "a"}, "a")
    assert with_library(alone, "b")["shared_preload_libraries"] == "b"


@pytest.mark.parametrize(
    ("control", "library"),
    [
        ("# PostGIS\nmodule_pathname = '$libdir/postgis-3'\nrelocatable = false\n", "postgis-3"),
        ("module_pathname='$libdir/postgis-3.4'\n", "postgis-3.4"),
        ("relocatable = false\n", None),
    ],
)
def test_the_library_of_postgis_is_named_by_its_control_file(
    tmp_path: Path, control: str, library: str | None
) -> None:
    (tmp_path / "extension").mkdir()
    (tmp_path / "extension" / "postgis.control").write_text(control)
    assert Installation(150000, tmp_path, tmp_path).postgis_library == library


def test_postgis_is_loaded_when_the_server_starts(server: Server) -> None:
    with server.maintenance.connect() as connection:
        loaded = connection.execute("SHOW shared_preload_libraries").fetchone()
    assert loaded is not None
    assert "postgis-3" in loaded[0].split(",")


def test_accented_letters_are_folded_and_order_is_by_code_point(server: Server) -> None:
    with server.maintenance.connect() as connection:
        row = connection.execute("SELECT lower('ÁGUA'), 'Z' < 'a', 'z' < 'á'").fetchone()
    assert row == ("água", True, True)


def test_the_password_is_needed_and_shown_nowhere(server: Server) -> None:
    password = server.endpoint.password
    assert password
    assert password not in repr(server.endpoint) + repr(server.facts) + repr(server.maintenance)
    lines = [
        " ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])
    ]
    assert not any(password in line for line in lines)
    refused = server.tools.run("psql", ["-c", "SELECT 1"], database="postgres")
    assert refused.status == 0
    stranger = HostTools(
        find_host_tools(server.facts.version_num),
        Endpoint("127.0.0.1", server.endpoint.port, "postgres", "wrong"),
    )
    refused = stranger.run("psql", ["-c", "SELECT 1"], database="postgres")
    assert refused.status != 0
    assert "password authentication failed" in refused.stderr


def test_the_server_keeps_the_verifier_that_it_was_told_and_takes_others(server: Server) -> None:
    kept = "SELECT rolpassword FROM pg_authid WHERE rolname = %s"
    with server.maintenance.connect() as connection:
        (own,) = connection.execute(kept, ["postgres"]).fetchone() or ("",)
        assert own.startswith("SCRAM-SHA-256$1:")
        told = verifier("another one")
        assert told != verifier("another one")
        role = sql.SQL("CREATE ROLE told LOGIN PASSWORD {}").format(sql.Literal(told))
        try:
            connection.execute(role)
            assert connection.execute(kept, ["told"]).fetchone() == (told,)
            endpoint = replace(server.endpoint, user="told", password="another one")  # noqa: S106
            with Database(endpoint, "postgres").connect() as other:
                assert other.execute("SELECT current_user").fetchone() == ("told",)
        finally:
            connection.execute("DROP ROLE IF EXISTS told")


def test_tools_read_and_write_files_by_name(server: Server, tmp_path: Path) -> None:
    script, result = tmp_path / "a script.sql", tmp_path / "result.txt"
    script.write_text("SELECT '{not a file}', 41 + 1;\n")
    done = server.tools.run(
        "psql",
        ["-X", "-At", "--file={script}", "--output={result}"],
        database="postgres",
        files={"script": script, "result": result},
    )
    assert (done.status, done.stderr) == (0, "")
    assert result.read_text() == "{not a file}|42\n"


def test_only_named_placeholders_are_filled_in() -> None:
    assert fill_in(["{a}", "-c{b}", "{}", "{c}"], {"a": "/x", "b": "/y"}) == [
        "/x",
        "-c/y",
        "{}",
        "{c}",
    ]


def test_tools_older_than_the_server_are_refused_with_what_to_install() -> None:
    with pytest.raises(ToolError, match="PostgreSQL 99") as caught:
        find_host_tools(990000)
    assert "postgresql-client-99" in caught.value.todo


def test_a_missing_program_is_a_tool_error(tmp_path: Path) -> None:
    tools = HostTools(Installation(150000, tmp_path, tmp_path), Endpoint("127.0.0.1", 1, "x"))
    with pytest.raises(ToolError, match="psql cannot be started"):
        tools.run("psql", [], database=None)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("PostgreSQL 15.20 (Debian 15.20-0+deb12u1)", 150020),
        ("pg_dump (PostgreSQL) 16.4", 160004),
        ("psql (PostgreSQL) 18beta1", 180000),
        ("postgres (PostgreSQL) 9.6.24", 90006),
        ("bash 5.2", None),
    ],
)
def test_versions_are_read_from_what_tools_say(text: str, number: int | None) -> None:
    assert version_number(text) == number


def make_installation(folder: Path, version: str, *, postgis: bool = True) -> None:
    """A folder that looks like an installed PostgreSQL to ``pg_config``."""
    bindir, extensions = folder / version / "bin", folder / version / "share" / "extension"
    bindir.mkdir(parents=True)
    extensions.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (bindir / name).touch()
    if postgis:
        (extensions / "postgis.control").touch()
    config = bindir / "pg_config"
    config.write_text(
        f"#!/bin/sh\necho PostgreSQL {version}\necho {bindir}\necho {bindir}/../share\n"
    )
    config.chmod(0o755)


def make_tools(folder: Path, version: str) -> None:
    """The client tools of an installation that is there."""
    for name in ("psql", "pg_dump", "pg_restore"):
        (folder / version / "bin" / name).touch()


@pytest.mark.parametrize(
    ("production", "postgis", "chosen"),
    [
        (None, True, 160002),  # the newest that has PostGIS
        (None, False, 160002),  # the same: it serves both
        (14, True, 140009),  # production's own
        (15, False, 160002),  # the next newer one
        (17, False, 170001),
        (17, True, 160002),  # PostGIS comes before the version
        (19, False, 180000),  # none is as new
    ],
)
def test_the_installation_that_is_most_like_production_is_taken(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    production: int | None,
    postgis: bool,
    chosen: int,
) -> None:
    monkeypatch.setenv("PATH", "")
    versions = (("14.9", True), ("16.2", True), ("17.1", False), ("18.0", False), ("9.6", True))
    for version, has_it in versions:
        make_installation(tmp_path, version, postgis=has_it)
    found = server_for(installations([f"{tmp_path}/*/bin"]), major=production, postgis=postgis)
    assert found is not None
    assert found.version_num == chosen


def test_client_tools_are_of_the_servers_version_or_the_next_newer_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    for version in ("14.9", "16.2", "17.1", "18.0"):
        make_installation(tmp_path, version)
    for version in ("14.9", "16.2", "18.0"):
        make_tools(tmp_path, version)
    found = installations([f"{tmp_path}/*/bin"])
    best = {major: tools_for(found, major) for major in (14, 15, 16, 17, 18, 19)}
    assert {major: one.major for major, one in best.items() if one is not None} == {
        14: 14,
        15: 16,
        16: 16,
        17: 18,
        18: 18,
    }
    for archive_of, major in ((14, 14), (15, 16), (16, 16), (18, 18), (19, 14)):
        reads = tools_for(found, 14, archive_of)
        assert reads is not None
        assert reads.major == major


def test_the_newest_installation_with_postgis_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    for version, postgis in (("14.9", True), ("16.2", True), ("17.1", False), ("9.6", True)):
        make_installation(tmp_path, version, postgis=postgis)
    broken = tmp_path / "18.0" / "bin" / "pg_config"
    broken.parent.mkdir(parents=True)
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    found = installations([f"{tmp_path}/*/bin"])
    assert [one.version_num for one in found] == [170001, 160002, 140009, 90006]
    chosen = with_postgis(found)
    assert chosen is not None
    assert chosen.major == 16


def test_an_installation_that_is_too_old_is_not_taken(tmp_path: Path) -> None:
    make_installation(tmp_path, "13.9")
    assert with_postgis(installations([f"{tmp_path}/*/bin"])[-1:]) is None


@pytest.mark.parametrize("choice", ["local", "auto"])
def test_without_docker_and_postgis_both_ways_to_get_one_are_told(
    monkeypatch: pytest.MonkeyPatch, choice: str
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    monkeypatch.setattr(opening, "installations", tuple)
    with pytest.raises(ServerError) as caught:
        open_server(choice)
    assert "apt-get install" in caught.value.todo
    assert "brew install postgis" in caught.value.todo
    assert "Docker" in caught.value.todo or "container" in caught.value.todo


def test_an_unknown_kind_of_server_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="mysql") as caught:
        open_server("mysql://somewhere")
    assert "container, local" in caught.value.todo


def test_root_without_an_account_for_the_server_is_told_to_add_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("pwd.getpwall", list)
    with pytest.raises(SetupError, match="refuses to run as root"):
        local.server_account()


@pytest.mark.parametrize(
    ("room", "is_in_memory"), [(250, True), (251, False), (None, False)], ids=str
)
def test_a_cluster_lies_in_memory_if_that_has_four_times_its_room(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, room: int | None, is_in_memory: bool
) -> None:
    memory = SimpleNamespace(available=1001)
    monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.setattr(local, "MEMORY", tmp_path)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    ours = local.Account()
    assert (local.cluster_root(ours, room) == tmp_path) == is_in_memory
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: SimpleNamespace(free=999))
    assert local.cluster_root(ours, room) != tmp_path


def test_a_temporary_folder_that_the_user_names_is_used_though_memory_has_room(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, temporary: Path
) -> None:
    monkeypatch.setattr(local, "MEMORY", tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", None)
    assert local.cluster_root(local.Account(), 1) == temporary


@pytest.mark.parametrize(
    ("gigabytes", "room", "shared_buffers"),
    [
        (0.5, None, "128MB"),
        (8, None, "1024MB"),
        (512, None, "2048MB"),
        (8, 0.5, "1024MB"),
        (8, 1.5, "1536MB"),
        (8, 100, "3276MB"),
        (64, 5, "5120MB"),
    ],
)
def test_settings_follow_the_memory_of_the_machine_and_the_room_for_databases(
    gigabytes: float, room: float | None, shared_buffers: str
) -> None:
    room_bytes = None if room is None else int(room * 2**30)
    settings = shadow_settings(int(gigabytes * 2**30), 4, 2**40, room_bytes)
    assert settings["shared_buffers"] == shared_buffers
    assert settings["max_parallel_workers"] == "4"


@pytest.mark.parametrize(("free", "wal"), [(1, "256MB"), (4, "1024MB"), (500, "8192MB")])
def test_the_write_ahead_log_leaves_room_on_a_small_disk(free: int, wal: str) -> None:
    assert shadow_settings(2**33, 4, free * 2**30)["max_wal_size"] == wal


def test_settings_are_quoted() -> None:
    assert configuration_lines({"a": "it's"}) == "a = 'it''s'\n"
