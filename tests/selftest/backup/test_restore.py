"""Dumps by the real pg_dump, restored, refused or complained about."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import zstandard
from psycopg import sql

from shadowgate.backup import (
    Backup,
    create_roles,
    examine_backup,
    restore,
    unwrapped,
)
from shadowgate.backup.contents import needs_of
from shadowgate.errors import BackupError, RestoreError
from shadowgate.server import Database, Server
from tests.selftest.backup.dumps import differences, dump
from tests.selftest.conftest import MakeDatabase
from tests.selftest.plain_database import plain_database

FORMATS = ("plain", "custom", "directory", "tar")

# Without PostGIS, whose objects take most of the time of each restore; it has a test of its own.
CONTENT = """
CREATE TABLE parcel (id bigint PRIMARY KEY, shape polygon, name text);
INSERT INTO parcel
SELECT i, polygon(box(point(i, i), point(i + 1, i + 1))), 'Área de pastagem nº ' || i
FROM generate_series(1, 4000) AS i;
INSERT INTO parcel VALUES (0, NULL, E'with a line\\nbreak, a \\\\ and a\\ttab');
CREATE INDEX parcel_shape ON parcel USING gist (shape);
"""


@dataclass(frozen=True)
class Dumped:
    """A database and its dumps, by format."""

    database: Database
    dumps: dict[str, Path]


@pytest.fixture(scope="module")
def dumped(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dumped]:
    folder = tmp_path_factory.mktemp("dumps")
    with plain_database(server) as database:
        with database.connect() as connection:
            connection.execute(CONTENT.encode())
        dumps = {form: folder / f"{form}.dump" for form in FORMATS}
        for form, path in dumps.items():
            dump(server, database, path, f"--format={form}")
        yield Dumped(database, dumps)


@pytest.fixture
def target(make_database: MakeDatabase) -> Database:
    """An empty database to restore into."""
    return make_database("template0")


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_restores_to_the_same_database(
    form: str, dumped: Dumped, target: Database, server: Server, tmp_path: Path
) -> None:
    backup = examine_backup(dumped.dumps[form])
    assert backup.format == form
    told: list[str] = []
    done = restore(backup, server.tools, target, workspace=tmp_path, progress=told.append)
    assert differences(dumped.database, target) == []
    assert done.seconds > 0
    assert done.vacuum_seconds > 0
    assert done.warnings == ()
    assert done.command.startswith("psql" if form == "plain" else "pg_restore")
    assert ("--jobs=2" in done.command) == (form in {"custom", "directory"})
    assert len(told) == 2
    assert list(tmp_path.iterdir()) == []


WRAPPED: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "plain in gzip": ("plain", gzip.compress),
    "plain in zstd": ("plain", zstandard.compress),
    "plain through PowerShell": (
        "plain",
        lambda text: text.decode().replace("\n", "\r\n").encode("utf-16"),
    ),
    "plain with Windows line ends": ("plain", lambda text: text.replace(b"\n", b"\r\n")),
    "custom in gzip": ("custom", gzip.compress),
    "tar in zstd": ("tar", zstandard.compress),
}


@pytest.mark.parametrize("case", WRAPPED)
def test_a_wrapped_dump_restores_and_its_copy_is_deleted(
    case: str, dumped: Dumped, target: Database, server: Server, tmp_path: Path
) -> None:
    form, wrap = WRAPPED[case]
    path = tmp_path / "backup"
    path.write_bytes(wrap(dumped.dumps[form].read_bytes()))
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    done = restore(examine_backup(path), server.tools, target, workspace=workspace)
    assert differences(dumped.database, target) == []
    assert list(workspace.iterdir()) == []
    assert bool(done.warnings) == ("PowerShell" in case)


def test_unwrapping_keeps_the_checksum_of_what_was_passed(dumped: Dumped, tmp_path: Path) -> None:
    path = tmp_path / "backup"
    path.write_bytes(gzip.compress(dumped.dumps["custom"].read_bytes()))
    backup = examine_backup(path)
    bare = unwrapped(backup, tmp_path)
    assert bare.sha256 == backup.sha256
    assert bare.path.read_bytes() == dumped.dumps["custom"].read_bytes()


@pytest.mark.parametrize("form", ["plain", "custom", "tar"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.97])
def test_a_truncated_dump_never_passes_for_a_whole_one(
    form: str, share: float, dumped: Dumped, target: Database, server: Server, tmp_path: Path
) -> None:
    whole = dumped.dumps[form].read_bytes()
    path = tmp_path / "cut"
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises((BackupError, RestoreError)) as error:
        restore(examine_backup(path), server.tools, target, workspace=tmp_path)
    assert "truncated" in str(error.value)
    assert str(path) in error.value.where


def test_a_directory_without_one_of_its_files_does_not_restore(
    dumped: Dumped, target: Database, server: Server, tmp_path: Path
) -> None:
    folder = dump(server, dumped.database, tmp_path / "folder", "--format=directory")
    largest = max(folder.glob("*.dat.gz"), key=lambda file: file.stat().st_size)
    largest.unlink()
    with pytest.raises(RestoreError, match=largest.name.removesuffix(".gz")):
        restore(examine_backup(folder), server.tools, target, workspace=tmp_path)


def test_a_directory_with_a_truncated_file_does_not_restore(
    dumped: Dumped, target: Database, server: Server, tmp_path: Path
) -> None:
    folder = dump(server, dumped.database, tmp_path / "folder", "--format=directory")
    largest = max(folder.glob("*.dat.gz"), key=lambda file: file.stat().st_size)
    largest.write_bytes(largest.read_bytes()[:-2000])
    with pytest.raises((BackupError, RestoreError)):
        restore(examine_backup(folder), server.tools, target, workspace=tmp_path)


def test_a_row_that_does_not_fit_is_named_with_its_line(
    dumped: Dumped, target: Database, server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "bad.sql"
    text = dumped.dumps["plain"].read_text(encoding="utf-8")
    path.write_text(text.replace("\n17\t", "\nseventeen\t", 1), encoding="utf-8")
    with pytest.raises(RestoreError) as error:
        restore(examine_backup(path), server.tools, target, workspace=tmp_path)
    assert 'invalid input syntax for type bigint: "seventeen"' in error.value.what
    assert "COPY parcel, line " in error.value.where
    assert error.value.exit_status == 1


@pytest.fixture
def with_role(
    make_database: MakeDatabase, server: Server, tmp_path: Path
) -> Iterator[Callable[[str], Backup]]:
    """Dump, in some format, a database that names a role which the server no longer has."""
    role = sql.Identifier('anon "x"')
    source = make_database("template0")
    with source.connect() as connection:
        connection.execute(sql.SQL("CREATE ROLE {}").format(role))
        connection.execute("CREATE TABLE note (id int)")
        connection.execute(sql.SQL("GRANT SELECT ON note TO {}").format(role))
        paths = {
            form: dump(server, source, tmp_path / f"role.{form}", f"--format={form}")
            for form in FORMATS
        }
        connection.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(role))
    yield lambda form: examine_backup(paths[form])
    with source.connect() as connection:
        connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(role))


@pytest.mark.parametrize("form", FORMATS)
def test_missing_roles_are_named_at_once_and_can_be_made(
    form: str,
    with_role: Callable[[str], Backup],
    make_database: MakeDatabase,
    server: Server,
    tmp_path: Path,
) -> None:
    backup, database = with_role(form), make_database("template0")
    with pytest.raises(RestoreError) as error:
        restore(backup, server.tools, database, workspace=tmp_path)
    assert 'anon "x"' in error.value.what
    assert "[backup] roles" in error.value.todo
    try:
        assert create_roles(database, ['anon "x"']) == ('anon "x"',)
        assert create_roles(database, ['anon "x"']) == ()
        restore(backup, server.tools, database, workspace=tmp_path)
        with database.connect() as connection:
            granted = connection.execute(
                "SELECT has_table_privilege('anon \"x\"', 'note', 'SELECT')"
            ).fetchone()
            connection.execute("DROP TABLE note")
        assert granted == (True,)
    finally:
        with database.connect() as connection:
            connection.execute('DROP OWNED BY "anon ""x"""')


def test_an_extension_goes_where_the_dump_has_it(
    make_database: MakeDatabase, server: Server, tmp_path: Path
) -> None:
    # The target has PostGIS in public, as the shadow does before the restore.
    source, target = make_database("template0"), make_database()
    with source.connect() as connection:
        connection.execute(
            "CREATE SCHEMA extensions; CREATE EXTENSION postgis SCHEMA extensions;"
            "CREATE TABLE spot (at extensions.geometry);"
            "INSERT INTO spot VALUES ('POINT(1 2)')"
        )
    path = dump(server, source, tmp_path / "moved.dump", "--format=custom")
    done = restore(examine_backup(path), server.tools, target, workspace=tmp_path)
    assert differences(source, target) == []
    assert done.warnings == (
        "extension postgis was moved from schema public to extensions, as in the backup",
    )


def test_an_extension_that_the_server_lacks_is_named(
    dumped: Dumped, target: Database, server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "bad.sql"
    text = dumped.dumps["plain"].read_text(encoding="utf-8")
    extension = "CREATE EXTENSION IF NOT EXISTS pg_nowhere WITH SCHEMA public;\nCREATE TABLE"
    path.write_text(text.replace("CREATE TABLE", extension, 1), encoding="utf-8")
    with pytest.raises(RestoreError, match="pg_nowhere") as error:
        restore(examine_backup(path), server.tools, target, workspace=tmp_path)
    assert "--postgis-image" in error.value.todo


@pytest.mark.parametrize(
    ("production", "advice"),
    [
        ("98.2", "use a server and client tools of version 98"),
        (None, "ask production for its version"),
    ],
)
def test_a_dump_of_a_newer_version_says_which_one_is_needed(
    production: str | None,
    advice: str,
    dumped: Dumped,
    target: Database,
    server: Server,
    tmp_path: Path,
) -> None:
    path = tmp_path / "newer.sql"
    text = dumped.dumps["plain"].read_text(encoding="utf-8")
    path.write_text(
        text.replace("SET lock_timeout", "SET timeout_of_the_future = 0;\nSET lock_timeout", 1),
        encoding="utf-8",
    )
    backup = replace(examine_backup(path), dump_version="99.1", server_version=production)
    with pytest.raises(RestoreError, match="timeout_of_the_future") as error:
        restore(backup, server.tools, target, workspace=tmp_path)
    assert advice in error.value.todo


def test_a_newer_pg_dump_alone_asks_for_no_newer_server(
    dumped: Dumped, target: Database, server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "newer.sql"
    text = dumped.dumps["plain"].read_text(encoding="utf-8")
    newer = text.replace("SET lock_timeout", "SET of_the_future = 0;\nSET lock_timeout", 1)
    path.write_text(newer, encoding="utf-8")
    with pytest.raises(RestoreError, match="of_the_future") as error:
        restore(
            replace(examine_backup(path), dump_version="99.1"),
            server.tools,
            target,
            workspace=tmp_path,
        )
    production = server.facts.version_num // 10_000
    assert f"dump again with pg_dump {production}" in error.value.todo
    assert "use a server" not in error.value.todo
    assert "version 99" not in error.value.todo


def test_an_archive_of_a_newer_version_is_refused(
    dumped: Dumped, target: Database, server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "newer.dump"
    data = bytearray(dumped.dumps["custom"].read_bytes())
    data[6] = 99
    path.write_bytes(bytes(data))
    backup = replace(examine_backup(dumped.dumps["custom"]), path=path, dump_version="99.1")
    with pytest.raises(RestoreError, match="unsupported version") as error:
        restore(backup, server.tools, target, workspace=tmp_path)
    assert "only pg_dump was newer (99)" in error.value.todo


# --- without a server -------------------------------------------------------------------------


def test_roles_are_read_from_every_kind_of_statement_and_not_from_rows() -> None:
    needs = needs_of(
        b"""
ALTER TABLE public.a OWNER TO owner_role;
ALTER FUNCTION public.f(a integer) OWNER TO "Mixed ""x"" Case";
GRANT SELECT,INSERT ON TABLE public.a TO reader WITH GRANT OPTION;
GRANT ALL ON SCHEMA public TO PUBLIC;
REVOKE ALL ON TABLE public.a FROM revoked;
ALTER DEFAULT PRIVILEGES FOR ROLE definer IN SCHEMA public GRANT SELECT ON TABLES  TO grantee;
CREATE POLICY p ON public.a FOR SELECT TO anon, authenticated USING ((id > 0));
CREATE USER MAPPING FOR mapped SERVER s;
CREATE EXTENSION IF NOT EXISTS postgis WITH SCHEMA extensions;
COPY public.a (id) FROM stdin;
ALTER TABLE public.a OWNER TO from_a_row;
\\.
""".splitlines(keepends=True)
    )
    assert needs.roles == {
        "owner_role",
        'Mixed "x" Case',
        "reader",
        "revoked",
        "definer",
        "grantee",
        "anon",
        "authenticated",
        "mapped",
    }
    assert needs.extensions == (("postgis", "extensions"),)
