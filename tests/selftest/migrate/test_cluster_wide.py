"""What a script does outside of its database is found, and programs are refused everywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from shadowgate.errors import ScriptError
from shadowgate.migrate import Script, outside_effects, parse_script, refuse_beyond, refuse_programs


def parse(sql: str) -> Script:
    return parse_script(sql, Path("m.sql"), "")


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("COPY t TO '/tmp/x'", "writes the server's file /tmp/x"),
        ("COPY t FROM '/tmp/x'", "reads the server's file /tmp/x"),
        ("SELECT pg_catalog.pg_read_file('/etc/passwd')", "pg_read_file"),
        ("INSERT INTO t SELECT pg_ls_dir('.')", "pg_ls_dir"),
        ("SELECT lo_export(1, '/tmp/x')", "lo_export"),
        ("SELECT lo_import('/tmp/x')", "lo_import"),
        ("SELECT * FROM dblink('host=x', 'SELECT 1') AS t (a int)", "dblink goes"),
        ("CREATE EXTENSION postgres_fdw", "extension postgres_fdw"),
        ("CREATE EXTENSION plpython3u", "extension plpython3u"),
        ("CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw", "foreign server s"),
        ("CREATE USER MAPPING FOR x SERVER s", "login for s"),
        ("CREATE FUNCTION f() RETURNS int LANGUAGE plpython3u AS 'return 1'", "plpython3u"),
        ("CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'x', 'f'", "language c is untrusted"),
        ("DO LANGUAGE plperlu 'unlink 1'", "plperlu"),
        ("LOAD '/tmp/x.so'", "library /tmp/x.so"),
        ("ALTER SYSTEM SET work_mem = 1", "whole server"),
        ("CREATE ROLE reader", "CREATE ROLE belongs"),
        ("DO $$ BEGIN PERFORM pg_read_file('x'); END $$", "pg_read_file"),
        ("DO $$ BEGIN IF true THEN EXECUTE 'CREATE ROLE reader'; END IF; END $$", "whole server"),
        ("DO $$ DECLARE a text; BEGIN a := pg_read_file('x'); END $$", "pg_read_file"),
        (
            "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT pg_read_file(''x'')'",
            "pg_read_file",
        ),
    ],
)
def test_what_reaches_out_of_the_database_is_found(sql: str, said: str) -> None:
    (finding,) = outside_effects(parse(f"SELECT 1;\n{sql};"))
    assert (finding.rule, finding.line) == ("reaches-outside", 2)
    assert said in finding.message


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM pg_read_file",
        "INSERT INTO t VALUES ('COPY t TO PROGRAM')",
        "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'",
        "CREATE EXTENSION postgis",
        "GRANT SELECT ON t TO reader",
        "SET ROLE reader",
        "DO $$ BEGIN RAISE NOTICE 'CREATE ROLE reader'; END $$",
        "COMMENT ON TABLE t IS 'ALTER SYSTEM'",
    ],
)
def test_what_stays_in_the_database_is_not(sql: str) -> None:
    script = parse(sql)
    assert outside_effects(script) == ()
    refuse_beyond(script)


@pytest.mark.parametrize(
    "sql",
    [
        "COPY t FROM PROGRAM 'ls'",
        "DO $$ BEGIN COPY t TO PROGRAM 'ls'; END $$",
        "DO $$ BEGIN EXECUTE 'COPY t TO PROGRAM ''ls'''; END $$",
        "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'COPY t TO PROGRAM ''ls'''",
    ],
)
def test_a_program_is_refused_on_every_server(sql: str) -> None:
    script = parse(f"SELECT 1;\n{sql};")
    for refuse in (refuse_programs, refuse_beyond):
        with pytest.raises(ScriptError, match="runs a program on the server") as caught:
            refuse(script)
        assert caught.value.where.startswith("m.sql, line 2: ")
