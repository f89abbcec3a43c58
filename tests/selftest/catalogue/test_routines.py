"""Routines, triggers and views that a migration leaves unable to run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shadowgate.catalogue import (
    broken_routines,
    newly_broken,
    offers_plpgsql_check,
    take_snapshot,
)
from shadowgate.server import Server
from shadowgate.server.base import Connection
from tests.selftest.plain_database import plain_database

CONTENT = """
CREATE SCHEMA archive;
CREATE TABLE plot (id integer PRIMARY KEY, tenant text, old_code text, area float);
CREATE TABLE log (at timestamptz, what text);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.tenant := upper(NEW.tenant);
    NEW.old_code := coalesce(NEW.old_code, '-');
    RETURN NEW;
END $$;
CREATE TRIGGER plot_touch BEFORE INSERT ON plot FOR EACH ROW EXECUTE FUNCTION touch();
CREATE FUNCTION count_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO log SELECT now(), count(*)::text FROM arrived;
    RETURN NULL;
END $$;
CREATE TRIGGER plot_count AFTER INSERT ON plot REFERENCING NEW TABLE AS arrived
    FOR EACH STATEMENT EXECUTE FUNCTION count_rows();
CREATE FUNCTION logged(wanted text) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT count(*) FROM log WHERE what = wanted);
END $$;
CREATE FUNCTION codes() RETURNS SETOF text LANGUAGE sql STABLE SET search_path = public
    AS $$ SELECT old_code FROM plot $$;
CREATE FUNCTION mine(plot) RETURNS boolean LANGUAGE plpgsql STABLE
    AS $$ BEGIN RETURN EXISTS (SELECT FROM log WHERE what = $1.tenant); END $$;
ALTER TABLE plot ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON plot USING (mine(plot));
CREATE FUNCTION report() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE found_row record;
BEGIN
    CREATE TEMP TABLE pieces AS SELECT id FROM plot;
    EXECUTE 'SELECT 1 AS one' INTO found_row;
    RETURN (SELECT count(*) FROM pieces) + found_row.one;
END $$;
CREATE FUNCTION half_done() RETURNS int LANGUAGE plpgsql
    AS $$ BEGIN RETURN (SELECT nothing FROM nowhere); END $$;
CREATE VIEW wide AS SELECT id, area FROM plot;
CREATE MATERIALIZED VIEW stored AS SELECT id FROM plot WITH NO DATA;
"""


@pytest.fixture(scope="module")
def session(server: Server) -> Iterator[Connection]:
    with plain_database(server) as database, database.connect() as connection:
        if not offers_plpgsql_check(connection):
            pytest.skip("this server does not offer plpgsql_check")
        connection.execute(CONTENT.encode())
        yield connection


def newly(session: Connection, statements: str) -> list[str]:
    """What could run before the statements and cannot any more."""
    before, known = broken_routines(session), take_snapshot(session).objects.keys()
    with session.transaction(force_rollback=True):
        session.execute(statements.encode())
        return [str(found) for found in newly_broken(before, broken_routines(session), known)]


def test_what_is_broken_is_found_and_what_cannot_be_known_is_not(session: Connection) -> None:
    assert [str(found) for found in broken_routines(session)] == [
        'routine public.half_done() cannot run: relation "nowhere" does not exist'
        " (line 1 of its body)"
    ]


@pytest.mark.parametrize(
    ("statements", "told"),
    [
        (
            "ALTER TABLE plot DROP old_code",
            [
                'routine public.codes() cannot run: column "old_code" does not exist',
                'trigger public.plot.plot_touch cannot run: record "new" has no field "old_code"'
                " (line 4 of its body)",
            ],
        ),
        (
            "ALTER TABLE log RENAME what TO event",
            [
                'routine public.logged(text) cannot run: column "what" does not exist'
                " (line 3 of its body)",
                'routine public.mine(public.plot) cannot run: column "what" does not exist'
                " (line 1 of its body); used by policy own on table public.plot",
            ],
        ),
        (
            "ALTER TABLE log SET SCHEMA archive",
            ["public.logged(text)", "public.mine(public.plot)", "public.plot.plot_count"],
        ),
        (
            "CREATE FUNCTION slip() RETURNS int LANGUAGE plpgsql"
            " AS $$ BEGIN RETURN (SELECT idd FROM plot); END $$",
            ['routine public.slip() cannot run: column "idd" does not exist'],
        ),
        (
            "CREATE ROLE selftest_keeper; ALTER VIEW wide OWNER TO selftest_keeper;",
            ["view public.wide cannot run: permission denied for table plot"],
        ),
    ],
)
def test_what_cannot_run_any_more_is_named_with_its_reason(
    session: Connection, statements: str, told: list[str]
) -> None:
    found = newly(session, statements)
    assert len(found) == len(told)
    assert all(words in sentence for words, sentence in zip(told, found, strict=True))


@pytest.mark.parametrize(
    "statements",
    [
        "",
        "ALTER TABLE plot DROP area CASCADE",
        "ALTER TABLE plot ADD height float; ALTER TABLE plot RENAME area TO surface",
        # broken before, and now for another reason
        "CREATE TABLE nowhere (id int)",
        # a trigger that never fires
        "ALTER TABLE plot DISABLE TRIGGER plot_touch; DROP FUNCTION codes();"
        "ALTER TABLE plot DROP old_code",
        # a table that its callers may have on their search path
        "CREATE TABLE archive.kept (id int); CREATE FUNCTION kept() RETURNS bigint LANGUAGE plpgsql"
        " AS $$ BEGIN RETURN (SELECT count(*) FROM kept); END $$",
        # tables and records that are only there when it runs
        "CREATE FUNCTION later() RETURNS int LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN"
        " CREATE TEMPORARY TABLE t (n int); EXECUTE 'SELECT 1 AS a' INTO r;"
        " RETURN r.a + (SELECT max(n) FROM t); END $$",
        "CREATE FUNCTION same(anyelement) RETURNS anyelement LANGUAGE plpgsql"
        " AS $$ BEGIN RETURN $1; END $$",
    ],
)
def test_what_still_runs_is_let_pass(session: Connection, statements: str) -> None:
    assert newly(session, statements) == []


def test_nothing_is_left_behind(session: Connection) -> None:
    before = take_snapshot(session)
    settings = session.execute("SHOW statement_timeout").fetchone()
    broken_routines(session)
    assert take_snapshot(session) == before
    assert session.execute("SHOW statement_timeout").fetchone() == settings
    (count,) = session.execute("SELECT count(*) FROM pg_extension").fetchone() or (None,)
    assert count == 1


def test_without_the_extension_sql_is_still_checked(session: Connection) -> None:
    with session.transaction(force_rollback=True):
        session.execute(
            "CREATE ROLE selftest_humble; GRANT SELECT ON ALL TABLES IN SCHEMA public"
            " TO selftest_humble; ALTER TABLE plot DROP old_code; SET LOCAL ROLE selftest_humble"
        )
        assert not offers_plpgsql_check(session)
        assert [str(found) for found in broken_routines(session)] == [
            'routine public.codes() cannot run: column "old_code" does not exist'
        ]
