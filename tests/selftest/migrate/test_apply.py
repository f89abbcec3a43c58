"""Scripts are applied as written, and fail with all that a reader needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from shadowgate.errors import MigrationError, UsageError
from shadowgate.migrate import (
    LockWatch,
    RetryPolicy,
    Statement,
    apply_script,
    read_script,
)
from shadowgate.migrate.watch import NoWatch, Seen, SeenOverall
from shadowgate.server import Connection, Database, Server
from tests.selftest.migrating import (
    SETUP,
    apply,
    value,
)
from tests.selftest.plain_database import refill


@pytest.fixture
def database(plain: Database) -> Database:
    """A database with a table of 1,000 rows."""
    return refill(plain, SETUP)


def test_each_statement_is_its_own_transaction_and_a_block_is_one(database: Database) -> None:
    run = apply(
        "CREATE TABLE log AS SELECT txid_current() AS t;"
        "INSERT INTO log SELECT txid_current();"
        "BEGIN; INSERT INTO log SELECT txid_current(); INSERT INTO log SELECT txid_current();"
        "COMMIT;"
        "INSERT INTO log SELECT txid_current()",
        database,
    )
    run.raise_for_error()
    assert value(
        database,
        "SELECT array_agg(n ORDER BY t) FROM (SELECT t, count(*) AS n FROM log GROUP BY t) AS x",
    ) == [1, 1, 2, 1]
    assert len(run.committed) == len(run.script.statements) == 7


def test_what_the_session_sets_lasts_to_the_end_of_the_script(database: Database) -> None:
    run = apply(
        "SET search_path = pg_catalog; CREATE TABLE public.t AS SELECT"
        " current_setting('search_path') AS path",
        database,
    )
    assert run.error is None
    assert value(database, "SELECT path FROM t") == "pg_catalog"


def test_statements_that_must_run_alone_do(database: Database) -> None:
    run = apply(
        "CREATE INDEX CONCURRENTLY i ON item (name); VACUUM item;"
        "CREATE PROCEDURE p() LANGUAGE plpgsql AS 'BEGIN DELETE FROM item; COMMIT; END';"
        "CALL p()",
        database,
    )
    assert run.error is None
    assert value(database, "SELECT count(*) FROM item") == 0


def test_what_would_have_no_effect_or_fail_outside_a_block_still_does(database: Database) -> None:
    run = apply("SET LOCAL work_mem = '1MB'; LOCK TABLE item", database)
    assert [notice.sqlstate for _, notice in run.notices] == ["25P01"]
    assert run.error is not None
    assert "can only be used in transaction blocks" in str(run.error)


def test_a_failed_statement_is_named_with_file_line_and_what_was_committed(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "db" / "m.sql"
    path.parent.mkdir()
    path.write_text(
        "-- a migration\nCREATE TABLE a (x int);\n\nBEGIN;\nCREATE TABLE b (x int);\nCOMMIT;\n"
        "INSERT INTO a\nSELECT 1\nFROM nowhere;\nCREATE TABLE c (x int);\n",
        encoding="utf-8",
    )
    run = apply_script(read_script(path), database)
    with pytest.raises(MigrationError, match='relation "nowhere" does not exist') as caught:
        run.raise_for_error()
    file, _, statement = caught.value.where.partition(", line 9: ")
    assert (file, statement) == ("db/m.sql", "INSERT INTO a SELECT 1 FROM nowhere")
    assert "Statement 5 of m.sql" in caught.value.what
    assert "42P01" in caught.value.what
    assert "4 of 6 statements are already committed (the last one: line 6" in caught.value.todo
    assert [item.number for item in run.committed] == [1, 2, 3, 4]
    assert run.runs[-1].failure is not None
    assert value(database, "SELECT to_regclass('c')") is None


def test_a_failed_block_leaves_nothing_and_says_so(database: Database) -> None:
    run = apply("BEGIN; DELETE FROM item; SELECT 1/0; COMMIT; DROP TABLE item", database)
    assert run.committed == ()
    assert "Nothing was committed" in str(run.error)
    assert value(database, "SELECT count(*) FROM item") == 1000


def test_an_error_at_commit_is_the_statements_own(database: Database) -> None:
    run = apply(
        "ALTER TABLE item ADD UNIQUE (name, id) DEFERRABLE INITIALLY DEFERRED;"
        "ALTER TABLE item ADD CONSTRAINT u EXCLUDE (note WITH =) WHERE (id > 1000)"
        " DEFERRABLE INITIALLY DEFERRED;\n"
        "INSERT INTO item VALUES (1001, 'a', 'same'), (1002, 'b', 'same')",
        database,
    )
    assert run.error is not None
    assert "line 2: INSERT INTO item" in run.error.where
    assert run.runs[-1].failure is not None
    assert run.runs[-1].failure.sqlstate == "23P01"


@contextmanager
def locked(database: Database) -> Iterator[Connection]:
    """Lock the table against everyone from another session."""
    with database.connect() as blocker:
        blocker.execute("BEGIN; LOCK TABLE item")
        yield blocker


def test_a_lock_timeout_is_tried_again_as_allowed_and_every_attempt_recorded(
    database: Database,
) -> None:
    attempts = 0
    with locked(database) as blocker:

        def release_before_the_third(message: str) -> None:
            nonlocal attempts
            attempts += "INSERT" in message
            if attempts == 3:
                blocker.rollback()

        run = apply(
            "SET lock_timeout = '50ms';\nBEGIN; INSERT INTO item VALUES (1001); COMMIT;\nSELECT 1",
            database,
            retry=RetryPolicy(attempts=5, pause_seconds=0.02),
            progress=release_before_the_third,
        )
    assert run.error is None
    assert [(item.attempt, item.statement.kind) for item in run.retries] == [
        (1, "INSERT"),
        (2, "INSERT"),
    ]
    assert [item.statement.number for item in run.runs] == [1, 2, 3, 4, 5]
    assert value(database, "SELECT count(*) FROM item") == 1001


@pytest.mark.parametrize("attempts", [1, 3])
def test_a_lock_timeout_fails_for_good_after_the_attempts_allowed(
    database: Database, attempts: int
) -> None:
    with locked(database):
        run = apply(
            "SET lock_timeout = '50ms'; DELETE FROM item",
            database,
            retry=RetryPolicy(attempts, 0.0),
        )
    assert len(run.retries) == attempts - 1
    assert "55P03" in str(run.error)


def test_other_errors_are_not_tried_again(database: Database) -> None:
    run = apply("SELECT 1/0", database, retry=RetryPolicy(5, 0.0))
    assert run.retries == ()
    assert "22012" in str(run.error)


@pytest.mark.parametrize(("attempts", "pause"), [(0, 1.0), (3, -1.0)])
def test_a_policy_that_makes_no_sense_is_refused(attempts: int, pause: float) -> None:
    with pytest.raises(UsageError, match="makes no sense"):
        RetryPolicy(attempts, pause)


class KillAt(LockWatch):
    """Terminates the migrating backend at one moment of one statement."""

    wait_ms = 5000
    """For how long at most its end is waited for."""

    def __init__(self, database: Database, moment: str, number: int) -> None:
        super().__init__(database)
        self.moment = moment
        self.number = number
        self.current = 0

    def attach(self, session: Connection, origin: float) -> None:
        """Learn whom to terminate."""
        super().attach(session, origin)
        self.pid = session.info.backend_pid

    def unit_begins(self) -> None:
        """Terminate it before the statements that belong together begin."""
        self._kill("unit", self.current + 1)
        super().unit_begins()

    def statement_begins(self, statement: Statement) -> None:
        """Terminate it when its statement comes."""
        super().statement_begins(statement)
        self.current = statement.number
        self._kill("begins", statement.number)

    def statement_done(self) -> Seen:
        """Terminate it when its statement has been answered."""
        self._kill("done", self.current)
        return super().statement_done()

    def _kill(self, moment: str, number: int) -> None:
        if (moment, number) == (self.moment, self.number):
            with self.database.connect() as other:
                other.execute("SELECT pg_terminate_backend(%s, %s)", (self.pid, self.wait_ms))


@pytest.mark.parametrize(
    ("moment", "number", "left", "committed"),
    [
        ("begins", 1, 1000, 0),
        ("done", 1, 1000, 0),
        ("unit", 2, 1000, 1),
        ("begins", 2, 1000, 1),
        ("begins", 4, 1000, 1),
        ("done", 3, 1000, 1),
        ("unit", 6, 0, 5),
        ("begins", 6, 0, 5),
        ("done", 6, 0, 5),
    ],
)
def test_a_killed_backend_is_an_error_that_says_what_was_committed(
    database: Database, moment: str, number: int, left: int, committed: int
) -> None:
    run = apply(
        "SELECT 1; BEGIN; DELETE FROM item; SELECT 2; COMMIT; CREATE TABLE t (x int)",
        database,
        watch=KillAt(database, moment, number),
        retry=RetryPolicy(3, 0.0),
    )
    assert run.error is not None
    assert f"Statement {number} of m.sql failed" in run.error.what
    assert "57P01" in run.error.what
    assert [item.statement.number for item in run.runs] == list(range(1, number + 1))
    assert len(run.committed) == committed
    assert value(database, "SELECT count(*) FROM item") == left
    assert value(database, "SELECT to_regclass('t')") is None


def test_a_backend_that_is_still_dying_when_it_is_spoken_to_is_an_error_as_well(
    database: Database,
) -> None:
    for _ in range(15):  # whether it still hears the statement is chance
        watch = KillAt(database, "begins", 2)
        watch.wait_ms = 0
        run = apply("SELECT 1; SELECT 2", database, watch=watch)
        assert run.error is not None
        assert "Statement 2 of m.sql failed" in run.error.what


class LeavesBusy(NoWatch):
    """Leaves the session in the midst of a statement, as psycopg left one that was dying."""

    def finish(self) -> SeenOverall:
        """Send a statement and do not wait for its answer."""
        self.session.pgconn.send_query(b"SELECT 1")
        return super().finish()

    def attach(self, session: Connection, origin: float) -> None:
        """Learn which session to leave so."""
        super().attach(session, origin)
        self.session = session


def test_a_session_that_is_still_busy_at_the_end_is_closed(database: Database) -> None:
    run = apply("SELECT 1; SELECT 1/0", database, watch=LeavesBusy())
    assert run.error is not None
    assert "division by zero" in run.error.what


def test_a_psql_script_is_applied_by_psql_and_said_so(
    database: Database, server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "m.sql"
    path.write_text(
        "\\set n 5\nCREATE TABLE t (a int, b text);\nCOPY t FROM stdin;\n1\tit's\n\\.\n"
        "CREATE TABLE IF NOT EXISTS t (a int);\nINSERT INTO t VALUES (:n, '');\n",
        encoding="utf-8",
    )
    run = apply_script(read_script(path), database, tools=server.tools)
    run.raise_for_error()
    assert run.applied_by == "by psql as a whole: it uses psql's \\set in line 1"
    assert [notice.sqlstate for _, notice in run.notices] == ["42P07"]
    assert value(database, "SELECT array_agg(a ORDER BY a) FROM t") == [1, 5]


def test_an_error_of_psql_names_file_and_line(
    database: Database, server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "m.sql"
    path.write_text("\\set n 5\nSELECT 1;\nSELECT :n / 0;\nCREATE TABLE t (a int);\n", "utf-8")
    run = apply_script(read_script(path), database, tools=server.tools)
    assert run.error is not None
    assert run.error.where == "m.sql, line 3"
    assert "division by zero (SQLSTATE 22012)" in run.error.what
    assert value(database, "SELECT to_regclass('t')") is None


def test_a_psql_script_without_psql_is_refused(database: Database) -> None:
    with pytest.raises(UsageError, match=re.escape("it uses psql's \\set in line 1")):
        apply("\\set n 5\nSELECT :n", database)
