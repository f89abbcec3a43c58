"""What a client tool complains about is named as what it is, with a remedy that mends it."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from psycopg import sql

from shadowgate.backup import examine_backup, restore
from shadowgate.backup.complaints import first_complaint
from shadowgate.errors import RestoreError
from shadowgate.server import Server
from tests.selftest.backup.dumps import differences, dump
from tests.selftest.conftest import MakeDatabase

COMPLAINTS = {
    "psql": (
        "psql:/tmp/x/d.sql:61: WARNING:  never mind\n"
        'psql:/tmp/x/d.sql:62: ERROR:  role "anon" does not exist\n',
        'role "anon" does not exist',
        "line 62 of the dump",
        "CREATE ROLE anon",
    ),
    "psql in COPY": (
        'psql:d.sql:70: ERROR:  missing data for column "b"\nCONTEXT:  COPY a, line 3: "7"\n',
        'missing data for column "b"',
        'COPY a, line 3: "7"',
        "truncated",
    ),
    "pg_restore": (
        "pg_restore: while PROCESSING TOC:\n"
        'pg_restore: error: could not execute query: ERROR:  extension "x" is not available\n'
        "DETAIL:  Could not open it.\nCommand was: CREATE EXTENSION x;\n\n"
        "pg_restore: error: a worker process died unexpectedly\n",
        'extension "x" is not available (Could not open it.)',
        "CREATE EXTENSION x;",
        "--postgis-image",
    ),
    "truncated archive": (
        "pg_restore: error: could not read from input file: end of file\n",
        "could not read from input file: end of file",
        "",
        "truncated",
    ),
    "silent": ("", "the client tool failed without saying why", "", "dump again"),
}


@pytest.mark.parametrize("case", COMPLAINTS)
def test_the_first_error_is_picked_with_its_object_and_a_remedy(case: str) -> None:
    stderr, what, where, todo = COMPLAINTS[case]
    complaint = first_complaint(stderr)
    assert complaint.what == what
    assert where in complaint.where
    assert todo in complaint.todo


# --- with real dumps --------------------------------------------------------------------------

FOLDING = """
CREATE SCHEMA lib;
CREATE FUNCTION lib.fold(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower($1)';
SET search_path = public, lib;
CREATE FUNCTION public.slug(t text) RETURNS text LANGUAGE {language} IMMUTABLE AS '{body}';
CREATE TABLE public.river (name text NOT NULL);
INSERT INTO public.river VALUES ('Jequitaí');
{use}
"""
SQL = {"language": "sql", "body": "SELECT fold(t)"}
PLPGSQL = {"language": "plpgsql", "body": "BEGIN RETURN fold(t); END"}
INDEX = "CREATE INDEX river_slug ON public.river (public.slug(name));"
GENERATED = "ALTER TABLE public.river ADD slug text GENERATED ALWAYS AS (public.slug(name)) STORED;"
VIEW = "CREATE MATERIALIZED VIEW public.slugs AS SELECT public.slug(name) FROM public.river;"


@pytest.mark.parametrize("form", ["plain", "custom"])
@pytest.mark.parametrize(
    ("function", "use"),
    [(SQL, INDEX), (PLPGSQL, INDEX), (PLPGSQL, GENERATED), (SQL, VIEW)],
    ids=["index sql", "index plpgsql", "generated column", "materialized view"],
)
def test_a_function_that_needs_a_search_path_is_named_and_its_cure_works(
    form: str,
    function: dict[str, str],
    use: str,
    make_database: MakeDatabase,
    server: Server,
    tmp_path: Path,
) -> None:
    source = make_database("template0")
    with source.connect() as connection:
        connection.execute(FOLDING.format(**function, use=use).encode())
    path = dump(server, source, tmp_path / "dump", f"--format={form}")
    with pytest.raises(RestoreError, match="fold") as error:
        restore(examine_backup(path), server.tools, make_database("template0"), workspace=tmp_path)
    assert "slug(…) SET search_path = " in error.value.todo
    with source.connect() as connection:
        connection.execute("ALTER FUNCTION public.slug(text) SET search_path = public, lib")
    cured = dump(server, source, tmp_path / "cured", f"--format={form}")
    target = make_database("template0")
    done = restore(examine_backup(cured), server.tools, target, workspace=tmp_path)
    assert differences(source, target) == []
    assert done.warnings == ()


KNOWN_RIVER = """
CREATE TABLE public.zone (id integer PRIMARY KEY);
CREATE FUNCTION public.known(i integer) RETURNS boolean LANGUAGE sql STABLE
AS 'SELECT EXISTS (SELECT FROM public.zone WHERE id = i)';
CREATE TABLE public.river (zone integer);
INSERT INTO public.zone VALUES (1);
INSERT INTO public.river VALUES (1);
ALTER TABLE public.river ADD CONSTRAINT zone_known CHECK (public.known(zone)) {validity};
"""


@pytest.mark.parametrize("form", ["plain", "custom"])
def test_a_check_across_tables_is_named_and_its_cure_works(
    form: str, make_database: MakeDatabase, server: Server, tmp_path: Path
) -> None:
    source, cured = make_database("template0"), make_database("template0")
    for database, validity in ((source, ""), (cured, "NOT VALID")):
        with database.connect() as connection:
            connection.execute(KNOWN_RIVER.format(validity=validity).encode())
    path = dump(server, source, tmp_path / "dump", f"--format={form}")
    target = make_database("template0")
    with pytest.raises(RestoreError, match="zone_known") as error:
        # With several jobs it depends on which table is filled first.
        restore(examine_backup(path), server.tools, target, workspace=tmp_path, jobs=1)
    assert "zone_known does not look at its row alone" in error.value.todo
    assert "NOT VALID" in error.value.todo
    path = dump(server, cured, tmp_path / "cured", f"--format={form}")
    target = make_database("template0")
    restore(examine_backup(path), server.tools, target, workspace=tmp_path)
    assert differences(cured, target) == []


def test_an_object_that_is_made_twice_is_not_blamed_on_the_target(
    make_database: MakeDatabase, server: Server, tmp_path: Path
) -> None:
    source = make_database("template0")
    with source.connect() as connection:
        connection.execute("CREATE TABLE river (name text)")
    once = dump(server, source, tmp_path / "once")
    twice = tmp_path / "twice"
    twice.write_text(once.read_text() * 2)
    with pytest.raises(RestoreError, match='"river" already exists') as error:
        restore(examine_backup(twice), server.tools, make_database("template0"), workspace=tmp_path)
    assert "not two in one file" in error.value.todo


def test_a_restore_that_may_not_give_an_event_trigger_away_says_so(
    make_database: MakeDatabase, server: Server
) -> None:
    database, role = make_database("template0"), sql.Identifier(f"selftest_{uuid.uuid4().hex}")
    with database.connect() as connection:
        connection.execute(
            "CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql"
            " AS 'BEGIN NULL; END';"
            "CREATE EVENT TRIGGER ddl_watch ON sql_drop EXECUTE FUNCTION watch()"
        )
        connection.execute(sql.SQL("CREATE ROLE {}").format(role))
        command = sql.SQL("ALTER EVENT TRIGGER ddl_watch OWNER TO {}").format(role)
        result = server.tools.run(
            "psql", ["-X", "-c", command.as_string(connection)], database=database.name
        )
        connection.execute(sql.SQL("DROP ROLE {}").format(role))
    complaint = first_complaint(result.stderr.replace("ERROR:", "psql:a.sql:1: ERROR:", 1))
    assert "permission denied" in complaint.what
    assert "only a superuser can own this event trigger" in complaint.todo


@pytest.mark.parametrize(
    ("stderr", "decided"),
    [
        ("pg_restore: error: could not execute query: ERROR:  syntax error", True),
        ("pg_restore: error: could not uncompress data: incorrect data check", True),
        ("pg_restore: error: COPY failed: FATAL:  terminating connection due to command", False),
        ("pg_dump: error: could not write to file: No space left on device", False),
        ("psql: error: connection to server at x failed: Connection refused", False),
        ("psql:a.sql:1: ERROR:  could not extend file: No space left on device", False),
    ],
)
def test_a_server_or_disk_that_gives_out_decides_nothing(stderr: str, decided: bool) -> None:
    assert first_complaint(stderr).decided == decided


def test_what_the_tool_itself_says_is_about_the_file_that_it_reads() -> None:
    found = first_complaint("pg_restore: error: found unexpected block ID (7) when reading data")
    assert "damaged or truncated" in found.todo
