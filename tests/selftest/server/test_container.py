from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import docker
import pytest
from docker.models.containers import Container

from shadowgate.errors import ServerError, ToolError
from shadowgate.server import Databases, Server, ServerLog, open_server
from shadowgate.server.docker_daemon import connect_docker, docker_error, folder_hash
from tests.selftest.server_runs import HeldServer, comes_true, logged

needs_docker = pytest.mark.skipif(
    docker_error() is not None, reason="no Docker daemon answers here"
)


@pytest.fixture(scope="module")
def contained() -> Iterator[Server]:
    opened = open_server("container", settings={"shared_buffers": "128MB"})
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def client() -> Iterator[docker.DockerClient]:
    opened = connect_docker()
    yield opened
    opened.close()


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty temporary folder, for this process and new ones."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def exists(client: docker.DockerClient, name: str) -> bool:
    return bool(client.containers.list(all=True, filters={"name": name}))


def own_container(client: docker.DockerClient, server: Server) -> Container:
    for one in client.containers.list(filters={"name": "shadowgate-"}):
        bindings = one.ports.get("5432/tcp") or ()
        if any(binding["HostPort"] == str(server.endpoint.port) for binding in bindings):
            return one
    raise AssertionError("no container publishes the server's port")


@needs_docker
def test_the_server_suits_the_job_and_alter_system_still_works(contained: Server) -> None:
    facts = contained.facts
    assert (facts.kind, contained.owned) == ("container", True)
    assert facts.settings["fsync"] == "off"
    assert facts.settings["shared_buffers"] == "128MB"
    assert facts.settings["autovacuum"] == "off"
    loaded = facts.settings["shared_preload_libraries"].split(",")
    assert loaded == ["pg_stat_statements", "postgis-3", "pg_cron"]
    assert facts.settings["server_encoding"] == "UTF8"
    assert facts.tools_version // 10000 == facts.version_num // 10000
    with contained.maintenance.connect() as connection:
        connection.execute("ALTER SYSTEM SET autovacuum_naptime = '77s'")
        connection.execute("ALTER SYSTEM SET work_mem = '5MB'")
        connection.execute("SELECT pg_reload_conf()")
    with contained.maintenance.connect() as connection:
        row = connection.execute(
            "SELECT current_setting('work_mem'), lower('ÁGUA'), 'z' < 'á'"
        ).fetchone()
    assert row == ("5MB", "água", True)


@needs_docker
@pytest.mark.parametrize(
    ("room_bytes", "in_memory"), [(1_000_000, True), (10**15, False), (None, False)]
)
def test_the_cluster_lies_in_memory_where_that_has_room(
    client: docker.DockerClient, room_bytes: int | None, in_memory: bool
) -> None:
    opened = open_server("container", room_bytes=room_bytes)
    try:
        with opened.maintenance.connect() as connection:
            folder = connection.execute("SHOW data_directory").fetchone()
        assert folder is not None
        container = own_container(client, opened)
        kind = container.exec_run(["stat", "--file-system", "--format=%T", folder[0]]).output
        assert isinstance(kind, bytes)
        assert (kind.strip() == b"tmpfs") == in_memory
    finally:
        opened.close()


@needs_docker
def test_it_has_pg_cron_and_says_how_much_space_is_free(contained: Server) -> None:
    with contained.maintenance.connect() as connection:
        found = connection.execute(
            "SELECT count(*) FROM pg_available_extensions WHERE name IN ('pg_cron', 'postgis')"
        ).fetchone()
    assert found == (2,)
    free = contained.free_bytes()
    assert free is not None
    assert 10**6 < free < 10**16


@needs_docker
def test_it_listens_on_the_loopback_alone_and_hides_its_password(
    contained: Server, client: docker.DockerClient
) -> None:
    ports = own_container(client, contained).ports
    assert [one["HostIp"] for bindings in ports.values() for one in bindings or ()] == ["127.0.0.1"]
    password = contained.endpoint.password
    assert password
    assert password not in repr(contained.facts) + repr(contained.endpoint)
    assert not any(
        password in one for one in own_container(client, contained).attrs["Config"]["Env"]
    )


@needs_docker
def test_databases_dumps_and_the_log_go_through_the_container(
    contained: Server, tmp_path: Path
) -> None:
    dump, folder, restored = tmp_path / "a dump", tmp_path / "folder", "container_restored"
    with Databases(contained) as databases:
        source = databases.create("container_source")
        with source.connect() as connection:
            connection.execute("CREATE EXTENSION postgis")
            connection.execute(
                "CREATE TABLE place AS SELECT n, ST_Point(n, n) AS geom "
                "FROM generate_series(1, 1000) AS n"
            )
        written = contained.tools.run(
            "pg_dump", ["-Fc", "-f", "{dump}"], database=source.name, files={"dump": dump}
        )
        assert (written.status, written.stderr) == (0, "")
        assert (dump.stat().st_uid, dump.read_bytes()[:5]) == (os.getuid(), b"PGDMP")
        contained.tools.run(
            "pg_dump", ["-Fd", "-f", "{out}"], database=source.name, files={"out": folder}
        )
        for given, name in ((dump, restored), (folder, f"{restored}_2")):
            target = databases.create(name)
            read = contained.tools.run(
                "pg_restore", ["-d", name, "{given}"], database=name, files={"given": given}
            )
            assert (read.status, read.stderr) == (0, "")
            with target.connect() as connection:
                count = connection.execute("SELECT count(*), sum(ST_X(geom)) FROM place")
                assert count.fetchone() == (1000, 500500.0)
        log = ServerLog(source)
        position = log.position()
        with source.connect() as connection:
            connection.execute("SET log_statement = 'all'")
            connection.execute("SELECT 'probe in a container'")
        assert "probe in a container" in logged(log, "probe in a container", position)
    assert dump.exists()


@needs_docker
def test_a_server_that_really_lacks_postgis_says_so(
    contained: Server, client: docker.DockerClient
) -> None:
    endpoint = contained.endpoint
    where = f"{endpoint.host}:{endpoint.port}/postgres"
    control = "/usr/share/postgresql/15/extension/postgis.control"
    container = own_container(client, contained)
    container.exec_run(["mv", control, f"{control}.away"], user="root")
    try:
        bare = open_server(f"postgresql://postgres:{quote(endpoint.password or '')}@{where}")
        with closing(bare):
            assert (bare.facts.postgis, contained.facts.postgis[:1]) == ("", "3")
    finally:
        container.exec_run(["mv", f"{control}.away", control], user="root")


@needs_docker
@pytest.mark.parametrize("moment", ["up", "starting a container"])
def test_a_killed_run_leaves_no_container_and_no_folder(
    client: docker.DockerClient, temporary: Path, moment: str
) -> None:
    run = HeldServer("container")
    run.wait_for(moment)
    (folder,) = temporary.iterdir()
    run.die(signal.SIGKILL)
    assert comes_true(lambda: not folder.exists() and not exists(client, folder.name))
    time.sleep(0.5)
    assert not exists(client, folder.name)


@needs_docker
def test_a_container_that_somebody_removed_is_told_and_closed_all_the_same(
    client: docker.DockerClient, temporary: Path
) -> None:
    server = open_server("container", settings={"shared_buffers": "128MB"})
    own_container(client, server).remove(force=True)
    with pytest.raises(ToolError, match="psql cannot be started"):
        server.tools.run("psql", ["--version"], database=None)
    server.close()
    server.close()
    assert not list(temporary.iterdir())


@needs_docker
def test_an_image_that_is_nowhere_is_refused_and_nothing_is_left(temporary: Path) -> None:
    with pytest.raises(ServerError, match="cannot be pulled") as caught:
        open_server("container", image="localhost:1/nobody/nothing:1")
    assert "--postgis-image" in caught.value.todo
    assert not list(temporary.iterdir())


@needs_docker
def test_a_container_that_does_not_start_says_why_and_nothing_is_left(
    client: docker.DockerClient, temporary: Path
) -> None:
    names: list[str] = []
    with pytest.raises(ServerError, match="shared_buffer_typo"):
        open_server(
            "container",
            settings={"shared_buffer_typo": "1"},
            progress=lambda _: names.extend(path.name for path in temporary.iterdir()),
        )
    assert names
    assert not exists(client, names[0])
    assert not list(temporary.iterdir())


def test_without_a_daemon_it_is_told_how_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    with pytest.raises(ServerError, match="no Docker daemon answers") as caught:
        open_server("container")
    assert "--server local" in caught.value.todo


def test_a_daemon_on_another_machine_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    with pytest.raises(ServerError, match="Docker daemon"):
        connect_docker()


def test_the_hash_of_a_folder_follows_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    first = folder_hash(tmp_path)
    (tmp_path / "a").write_text("y")
    second = folder_hash(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    assert len({first, second, folder_hash(tmp_path)}) == 3
    (tmp_path / "b").rename(tmp_path / "a")
    (tmp_path / "a").write_text("x")
    assert folder_hash(tmp_path) == first
