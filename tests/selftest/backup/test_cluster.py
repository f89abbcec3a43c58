"""Of a dump by the real pg_dumpall the database asked for is taken; none if that is unclear."""

from __future__ import annotations

import gzip
import hashlib
import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from shadowgate.backup import examine_backup, examine_cluster, is_cluster_dump, restore
from shadowgate.errors import BackupError
from shadowgate.server import Server
from shadowgate.server.binaries import installations, server_for
from shadowgate.server.local import LocalServer
from shadowgate.server.tools import connection_environment
from tests.selftest.backup.dumps import differences, dump
from tests.selftest.conftest import ROOM_BYTES, SETTINGS, MakeDatabase

ROWS = '-- Database "shop" dump\n-- PostgreSQL database dump complete\n\\connect shop'
TABLES = """
CREATE TABLE orders (id integer PRIMARY KEY, words text);
CREATE FUNCTION note() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN '
CREATE DATABASE other;
';
END
$$;
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Server]:
    """A cluster of its own, as pg_dumpall dumps all there is."""
    installation = server_for(installations())
    assert installation is not None
    with closing(LocalServer(installation, settings=SETTINGS, room_bytes=ROOM_BYTES)) as opened:
        with opened.maintenance.connect() as connection:
            connection.execute("CREATE DATABASE shop")
            connection.execute('CREATE DATABASE "Odd name; empty"')
            connection.execute("ALTER DATABASE shop SET work_mem = '5MB'")
            connection.execute("COMMENT ON DATABASE shop IS 'of a shop'")
            connection.execute("REVOKE CONNECT ON DATABASE shop FROM PUBLIC")
        with opened.database("shop").connect() as connection:
            connection.execute(TABLES.encode())
            connection.execute("INSERT INTO orders VALUES (1, %s)", [ROWS])
        yield opened


def dump_all(server: Server, path: Path, *options: str) -> Path:
    """Dump a whole cluster."""
    installation = server_for(installations())
    assert installation is not None
    subprocess.run(
        [installation.bindir / "pg_dumpall", *options, f"--file={path}"],
        env={**os.environ, **connection_environment(server.endpoint, "postgres")},
        check=True,
    )
    return path


@pytest.fixture(scope="module")
def dumped(cluster: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of it, with one database that has tables."""
    return dump_all(cluster, tmp_path_factory.mktemp("cluster") / "all.sql")


@pytest.mark.parametrize("wanted", ["", "shop"])
@pytest.mark.parametrize("packed", [False, True])
def test_the_database_with_tables_is_restored_as_it_was(
    cluster: Server,
    dumped: Path,
    make_database: MakeDatabase,
    server: Server,
    tmp_path: Path,
    wanted: str,
    *,
    packed: bool,
) -> None:
    path = dumped
    if packed:
        path = tmp_path / "all.sql.gz"
        path.write_bytes(gzip.compress(dumped.read_bytes()))
    assert is_cluster_dump(path)
    backup = examine_cluster(path, wanted, tmp_path)
    assert backup.database == "shop"
    assert backup.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    target = make_database("template0")
    restore(backup, server.tools, target, workspace=tmp_path)
    left = [
        each for each in differences(cluster.database("shop"), target) if "database" not in each
    ]
    assert [each for each in left if "work_mem" not in each] == []


def test_inserts_are_read_as_well(
    cluster: Server, make_database: MakeDatabase, server: Server, tmp_path: Path
) -> None:
    path = dump_all(cluster, tmp_path / "all.sql", "--inserts", "--schema-only")
    target = make_database("template0")
    restore(examine_cluster(path, "", tmp_path), server.tools, target, workspace=tmp_path)
    with target.connect() as connection:
        assert connection.execute("SELECT note()").fetchone() == ("\nCREATE DATABASE other;\n",)


def test_a_database_without_tables_can_be_named(dumped: Path, tmp_path: Path) -> None:
    assert examine_cluster(dumped, "Odd name; empty", tmp_path).database == "Odd name; empty"


def test_one_that_is_not_there_is_named_with_those_that_are(dumped: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="no database sales") as refused:
        examine_cluster(dumped, "sales", tmp_path)
    assert "shop" in refused.value.where
    assert "[backup] database" in refused.value.todo


def test_of_several_with_tables_none_is_chosen(cluster: Server, tmp_path: Path) -> None:
    with cluster.database("postgres").connect() as connection:
        connection.execute("CREATE TABLE more (id integer)")
        path = dump_all(cluster, tmp_path / "all.sql")
        connection.execute("DROP TABLE more")
    with pytest.raises(BackupError, match="2 databases have tables"):
        examine_cluster(path, "", tmp_path)


def test_a_truncated_one_is_refused(dumped: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.sql"
    cut.write_bytes(dumped.read_bytes()[:-60])
    with pytest.raises(BackupError, match="truncated"):
        examine_cluster(cut, "shop", tmp_path)


def test_a_dump_of_one_database_is_none_of_a_cluster(cluster: Server, tmp_path: Path) -> None:
    path = dump(cluster, cluster.database("shop"), tmp_path / "shop.sql")
    assert not is_cluster_dump(path)
    assert not is_cluster_dump(tmp_path)
    assert not is_cluster_dump(tmp_path / "nothing")
    assert examine_backup(path).format == "plain"
