"""What is passed over in a dump: only what changes nothing, and it is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from shadowgate.backup import examine_backup, restore
from shadowgate.backup.contents import needs_of
from shadowgate.backup.omissions import comment_out, omissions_of, without_schemas
from shadowgate.errors import RestoreError
from shadowgate.server import Database, Server
from tests.selftest.backup.dumps import differences, dump
from tests.selftest.conftest import MakeDatabase

QUARRY = """
CREATE TABLE quarry (id integer PRIMARY KEY, note text, geom geometry(Polygon, 31983) NOT NULL);
INSERT INTO quarry
SELECT n, 'CREATE SCHEMA public;', ST_MakeEnvelope(n, n, n + 1, n + 1, 31983)
FROM generate_series(1, 40) AS n;
INSERT INTO quarry VALUES (
    0, E'three lines\\nCREATE SCHEMA public;\\nSET transaction_timeout = 0;',
    ST_MakeEnvelope(0, 0, 1, 1, 31983)
);
CREATE INDEX quarry_geom ON quarry USING gist (geom);
CREATE FUNCTION again() RETURNS void LANGUAGE sql AS $$
CREATE SCHEMA public;
$$;
"""
PASSED_OVER = (
    "CREATE SCHEMA public was passed over: the target has that schema already, with nothing in it"
    " but what extensions put there"
)


@pytest.fixture
def quarry(make_database: MakeDatabase) -> Database:
    database = make_database()
    with database.connect() as connection:
        connection.execute(QUARRY.encode())
    return database


@pytest.fixture
def target(make_database: MakeDatabase) -> Database:
    """A database with PostGIS in public, as the shadow is."""
    return make_database()


@pytest.mark.parametrize(
    "options",
    [
        ("--format=plain",),
        ("--format=plain", "--inserts"),
        ("--format=plain", "--clean", "--if-exists"),
        ("--format=custom",),
        ("--format=directory",),
        ("--format=tar",),
    ],
)
def test_a_dump_of_the_schema_public_restores_where_that_is(
    options: tuple[str, ...], quarry: Database, target: Database, server: Server, tmp_path: Path
) -> None:
    path = dump(server, quarry, tmp_path / "dump", *options, "--schema=public")
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    kept = path.read_bytes() if path.is_file() else b""
    done = restore(examine_backup(path), server.tools, target, workspace=workspace)
    assert differences(quarry, target) == []
    assert PASSED_OVER in done.warnings
    assert all(w == PASSED_OVER or "does not exist, skipping" in w for w in done.warnings)
    assert list(workspace.iterdir()) == []
    assert kept == (path.read_bytes() if path.is_file() else b"")


@pytest.mark.parametrize("form", ["plain", "custom"])
def test_owner_and_comment_of_the_schema_are_those_of_the_dump(
    form: str, quarry: Database, target: Database, server: Server, tmp_path: Path
) -> None:
    with quarry.connect() as connection:
        connection.execute("ALTER SCHEMA public OWNER TO CURRENT_USER")
        connection.execute("COMMENT ON SCHEMA public IS 'stones'")
    path = dump(server, quarry, tmp_path / "dump", f"--format={form}", "--schema=public")
    done = restore(examine_backup(path), server.tools, target, workspace=tmp_path)
    assert differences(quarry, target) == []
    assert done.warnings == (PASSED_OVER,)


@pytest.mark.parametrize("form", ["plain", "custom"])
def test_a_whole_dump_passes_nothing_over(
    form: str, quarry: Database, target: Database, server: Server, tmp_path: Path
) -> None:
    with quarry.connect() as connection:
        connection.execute("CREATE SCHEMA other; CREATE TABLE other.a (b integer)")
    path = dump(server, quarry, tmp_path / "dump", f"--format={form}")
    done = restore(examine_backup(path), server.tools, target, workspace=tmp_path)
    assert differences(quarry, target) == []
    assert done.warnings == ()


@pytest.mark.parametrize("option", ["--schema=public", "--inserts"])
def test_a_timeout_of_a_newer_pg_dump_is_passed_over_and_named(
    option: str, quarry: Database, target: Database, server: Server, tmp_path: Path
) -> None:
    path = dump(server, quarry, tmp_path / "dump", option)
    text = path.read_text(encoding="utf-8")
    line = text[: text.index("SET client_encoding")].count("\n") + 1
    path.write_text(
        text.replace(
            "SET client_encoding", "SET timeless_timeout = 0;\nSET client_encoding", 1
        ).replace("pg_dump version 15", "pg_dump version 98"),
        encoding="utf-8",
    )
    done = restore(examine_backup(path), server.tools, target, workspace=tmp_path)
    assert differences(quarry, target) == []
    (said,) = (warning for warning in done.warnings if warning != PASSED_OVER)
    assert said.startswith(f"SET timeless_timeout = 0 was passed over (line {line})")
    assert f"PostgreSQL {server.facts.version_num // 10_000}," in said


@pytest.mark.parametrize(
    "line",
    [
        "SET default_fork_storage = 'column';",
        "SET timeless_timeout = 0; DELETE FROM quarry;",
    ],
)
def test_no_other_unknown_line_is_passed_over(
    line: str, quarry: Database, target: Database, server: Server, tmp_path: Path
) -> None:
    path = dump(server, quarry, tmp_path / "dump")
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("SET client_enc", f"{line}\nSET client_enc", 1), encoding="utf-8")
    with pytest.raises(RestoreError, match=line.split()[1]):
        restore(examine_backup(path), server.tools, target, workspace=tmp_path)


def test_the_line_of_an_error_is_that_of_the_dump_that_was_passed(
    quarry: Database, target: Database, server: Server, tmp_path: Path
) -> None:
    path = dump(server, quarry, tmp_path / "dump", "--schema=public")
    text = path.read_text(encoding="utf-8").replace("ADD CONSTRAINT", "ADD CONSTRAIN", 1)
    path.write_text(text, encoding="utf-8")
    line = text[: text.index("ADD CONSTRAIN ")].count("\n") + 1
    with pytest.raises(RestoreError) as error:
        restore(examine_backup(path), server.tools, target, workspace=tmp_path)
    assert f"line {line} of the dump" in error.value.where


# --- an older psql, and entries of an archive -------------------------------------------------


def test_restrict_is_passed_over_by_a_psql_that_does_not_know_it(
    quarry: Database, target: Database, server: Server, tmp_path: Path
) -> None:
    path = dump(server, quarry, tmp_path / "dump")
    with path.open("rb") as stream:
        needs = needs_of(stream)
    with target.connect() as connection:
        (omission,) = omissions_of(needs, connection, 150013)
        assert omissions_of(needs, connection, 150014) == ()
    assert r"\restrict" in omission.why
    comment_out(path, [omission], tmp_path / "copy")
    before, after = path.read_bytes(), (tmp_path / "copy").read_bytes()
    assert after == before.replace(b"\n\\restrict ", b"\n--estrict ").replace(
        b"\n\\unrestrict ", b"\n--nrestrict "
    )
    assert after != before


def test_the_schema_of_an_entry_is_told_from_another_with_a_blank(
    target: Database,
) -> None:
    listing = (
        "; Archive\n5; 2615 2200 SCHEMA - public pg_database_owner\n"
        "6; 2615 2201 SCHEMA - public stones postgres\n"
        "7; 0 0 COMMENT - SCHEMA public pg_database_owner\n"
    )
    needs = needs_of([b"CREATE SCHEMA public;\n", b'CREATE SCHEMA "public stones";\n'])
    with target.connect() as connection:
        omissions = omissions_of(needs, connection, 150020)
    kept = without_schemas(listing, omissions, (schema.name for schema in needs.schemas))
    assert kept == listing.replace("5; 2615 2200 SCHEMA - public pg_database_owner\n", "")
