"""Which PL/pgSQL may be broken, told where plpgsql_check cannot be had."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shadowgate.catalogue import (
    ObjectId,
    UnreadRoutine,
    diff,
    in_doubt,
    offers_plpgsql_check,
    take_snapshot,
    unread_routines,
)
from shadowgate.server import Server
from shadowgate.server.base import Connection
from tests.selftest.plain_database import plain_database

CONTENT = """
CREATE TABLE plot (id int PRIMARY KEY, code text, note text);
CREATE TABLE log (id int, note text, "what, then" text);
CREATE TABLE unused (id int, code text, note text);
CREATE FUNCTION tax(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION noted() RETURNS bigint LANGUAGE plpgsql
    AS 'BEGIN RETURN (SELECT count(note) FROM plot); END';
CREATE FUNCTION coded(plot) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN $1.code; END';
CREATE FUNCTION billed() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN tax(2); END';
CREATE FUNCTION logged() RETURNS void LANGUAGE plpgsql
    AS $$ BEGIN INSERT INTO log ("what, then") VALUES ('x'); END $$;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN NEW.note := 'touched'; RETURN NEW; END $$;
CREATE TRIGGER touched BEFORE UPDATE ON plot FOR EACH ROW EXECUTE FUNCTION touch();
"""


@pytest.fixture(scope="module")
def session(server: Server) -> Iterator[Connection]:
    """Of a role that may not create an extension, so that there is none to look into bodies."""
    with plain_database(server) as database, database.connect() as connection:
        connection.execute("CREATE ROLE selftest_unread")
        connection.execute(b"GRANT CREATE ON SCHEMA public TO selftest_unread")
        connection.execute("SET ROLE selftest_unread")
        connection.execute(CONTENT.encode())
        yield connection
        connection.execute("RESET ROLE; DROP OWNED BY selftest_unread; DROP ROLE selftest_unread")


def doubtful(session: Connection, statements: str) -> dict[str, list[str]]:
    """Each routine in doubt after the statements, with what it names."""
    before = take_snapshot(session)
    with session.transaction(force_rollback=True):
        session.execute(statements.encode())
        after = take_snapshot(session)
        found = list(in_doubt(unread_routines(session), diff(before, after), after))
    return {each.routine.name: [name.name for name in each.names] for each in found}


@pytest.mark.parametrize(
    ("statements", "told"),
    [
        (
            "ALTER TABLE plot DROP note",
            {
                "public.noted()": ["public.plot.note"],
                "public.plot.touched": ["public.plot.note"],
            },
        ),
        (
            "ALTER TABLE plot RENAME code TO key",
            {"public.coded(public.plot)": ["public.plot.code"]},
        ),
        (
            'ALTER TABLE log DROP "what, then"',
            {"public.logged()": ['public.log."what, then"']},
        ),
        ("DROP TABLE log", {"public.logged()": ["public.log"]}),
        ("ALTER TABLE log RENAME TO journal", {"public.logged()": ["public.log"]}),
        ("DROP FUNCTION tax(int)", {"public.billed()": ["public.tax(integer)"]}),
        (
            "ALTER TABLE plot ALTER code TYPE uuid USING NULL",
            {"public.coded(public.plot)": ["public.plot.code"]},
        ),
    ],
)
def test_what_names_something_gone_is_in_doubt(
    session: Connection, statements: str, told: dict[str, list[str]]
) -> None:
    assert not offers_plpgsql_check(session)
    assert doubtful(session, statements) == told


@pytest.mark.parametrize(
    "statements",
    [
        "SELECT 1",
        "ALTER TABLE plot ADD more text",
        # of the same name as a column that a routine reads, and of another table
        "ALTER TABLE unused DROP note",
        "DROP TABLE unused",
        "ALTER TABLE plot ALTER id TYPE bigint, ALTER code TYPE varchar(20)",
        "ALTER TABLE log RENAME TO journal; CREATE VIEW log AS TABLE journal",
        "ALTER TABLE plot DROP note; CREATE OR REPLACE FUNCTION noted() RETURNS bigint"
        " LANGUAGE plpgsql AS 'BEGIN RETURN 0; END'; DROP TRIGGER touched ON plot",
        "CREATE FUNCTION new() RETURNS bigint LANGUAGE plpgsql"
        " AS 'BEGIN RETURN (SELECT count(*) FROM plot); END'",
    ],
)
def test_what_names_nothing_gone_is_not(session: Connection, statements: str) -> None:
    assert doubtful(session, statements) == {}


def test_the_sentence_tells_what_to_do(session: Connection) -> None:
    before = take_snapshot(session)
    with session.transaction(force_rollback=True):
        session.execute("DROP TABLE log")
        after = take_snapshot(session)
        (found,) = in_doubt(unread_routines(session), diff(before, after), after)
    assert "routine public.logged() may not run any more: it names table public.log" in str(found)
    assert "plpgsql_check" in str(found)


def test_where_the_extension_is_offered_nothing_is_in_doubt(server: Server) -> None:
    with plain_database(server) as database, database.connect() as connection:
        connection.execute(CONTENT.encode())
        unread = unread_routines(connection)
        noted = UnreadRoutine(
            ObjectId("routine", "public.noted()"),
            "BEGIN RETURN (SELECT count(note) FROM plot); END",
        )
        assert (noted in unread) == (not offers_plpgsql_check(connection))
