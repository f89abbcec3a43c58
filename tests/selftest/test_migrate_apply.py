"""Scripts are applied as written, and what they did is seen from outside."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from shadowgate.errors import MigrationError, ServerError, UsageError
from shadowgate.migrate import (
    LockWatch,
    RetryPolicy,
    RowsTouched,
    ScriptRun,
    Statement,
    apply_script,
    parse_script,
    read_script,
)
from shadowgate.migrate.watch import Seen
from shadowgate.server import Connection, Database, Server
from tests.selftest.plain_database import plain_database, refill

SETUP = (
    "CREATE TABLE item (id int PRIMARY KEY, name text, note text);"
    "INSERT INTO item SELECT g, 'n', 'x' FROM generate_series(1, 1000) AS g;"
)


@pytest.fixture(scope="module")
def shared(server: Server) -> Iterator[Database]:
    with plain_database(server) as made:
        yield made


@pytest.fixture
def database(shared: Database) -> Database:
    """A database with a table of 1,000 rows."""
    return refill(shared, SETUP)


def apply(sql: str, database: Database, **options: object) -> ScriptRun:
    return apply_script(parse_script(sql, Path("m.sql"), ""), database, **options)  # type: ignore[arg-type]


def watched(sql: str, database: Database) -> ScriptRun:
    return apply(sql, database, watch=LockWatch(database, 0.005))


def value(database: Database, sql: str) -> object:
    with database.connect() as connection:
        row = connection.execute(sql.encode()).fetchone()
    return row[0] if row else None


def comes_true(database: Database, question: str) -> None:
    """Return when a query's answer is true; fail after ten seconds."""
    deadline = time.monotonic() + 10
    while not value(database, question):
        assert time.monotonic() < deadline, question
        time.sleep(0.02)


MIGRATION_WAITS_FOR = """
SELECT count(*) > 0
FROM pg_stat_activity
WHERE datname = current_database()
  AND application_name = 'shadowgate migration'
  AND wait_event_type = '{}'
"""
ALONE = """
SELECT count(*) = 1
FROM pg_stat_activity
WHERE datname = current_database()
  AND backend_type = 'client backend'
"""


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
    database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "m.sql"
    path.write_text(
        "-- a migration\nCREATE TABLE a (x int);\n\nBEGIN;\nCREATE TABLE b (x int);\nCOMMIT;\n"
        "INSERT INTO a\nSELECT 1\nFROM nowhere;\nCREATE TABLE c (x int);\n",
        encoding="utf-8",
    )
    run = apply_script(read_script(path), database)
    with pytest.raises(MigrationError, match='relation "nowhere" does not exist') as caught:
        run.raise_for_error()
    file, _, statement = caught.value.where.partition(", line 9: ")
    assert (file, statement) == (str(path), "INSERT INTO a SELECT 1 FROM nowhere")
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


def test_notices_are_kept_with_their_statement_state_and_place(database: Database) -> None:
    run = watched(
        "CREATE TABLE IF NOT EXISTS item (x int);"
        "DO $$ BEGIN RAISE WARNING 'careful' USING ERRCODE = 'ZZ001'; END $$",
        database,
    )
    (skipped, first), (warned, second) = run.notices
    assert (skipped.statement.number, first.severity, first.sqlstate) == (1, "NOTICE", "42P07")
    assert (warned.statement.number, second.severity, second.sqlstate) == (2, "WARNING", "ZZ001")
    assert "inline_code_block line 1 at RAISE" in second.context


def test_locks_are_seen_with_mode_relation_and_span(database: Database) -> None:
    run = watched(
        "BEGIN;\nALTER TABLE item ADD COLUMN size int;\nSELECT pg_sleep(0.2);\nCOMMIT;\n"
        "SELECT pg_sleep(0.1);\nUPDATE item SET size = 1 WHERE id = 1;",
        database,
    )
    locks = {(lock.statement, lock.mode, lock.relation): lock for lock in run.locks if lock.existed}
    exclusive = locks[2, "AccessExclusiveLock", "item"]
    assert exclusive.seconds >= 0.2
    commit, after = run.runs[3], run.runs[4]
    assert commit.started <= exclusive.until < after.ended
    assert (6, "RowExclusiveLock", "item") in locks
    assert (6, "RowExclusiveLock", "item_pkey") in locks


def test_a_lock_of_a_created_relation_is_told_from_those_that_existed(database: Database) -> None:
    run = watched("BEGIN; CREATE TABLE fresh (x int); SELECT 1; COMMIT", database)
    existed = {lock.relation: lock.existed for lock in run.locks}
    assert existed == {"fresh": False}


def test_locks_of_a_statement_that_commits_by_itself_are_seen_while_it_runs(
    database: Database,
) -> None:
    run = watched(
        "DO $$ BEGIN LOCK TABLE item IN SHARE MODE; PERFORM pg_sleep(0.15); COMMIT;"
        " PERFORM pg_sleep(0.4); END $$",
        database,
    )
    (lock,) = [lock for lock in run.locks if lock.mode == "ShareLock"]
    assert lock.relation == "item"
    assert 0.1 < lock.seconds < run.runs[0].seconds - 0.2


def test_a_lock_that_the_script_waits_for_is_told_from_one_it_holds(database: Database) -> None:
    def release() -> None:
        comes_true(database, MIGRATION_WAITS_FOR.format("Lock"))
        time.sleep(0.3)
        blocker.rollback()

    with database.connect() as blocker:
        blocker.execute("BEGIN; LOCK TABLE item IN ACCESS SHARE MODE")
        thread = threading.Thread(target=release)
        thread.start()
        run = watched("ALTER TABLE item ADD COLUMN size int", database)
        thread.join()
    (awaited,) = [lock for lock in run.awaited if lock.relation == "item"]
    (held,) = [lock for lock in run.locks if lock.relation == "item"]
    assert awaited.mode == held.mode == "AccessExclusiveLock"
    assert awaited.seconds > 0.2
    assert held.since > awaited.since + 0.2


def test_rewritten_tables_are_named_and_rolled_back_rewrites_are_not(database: Database) -> None:
    run = watched(
        "CREATE TABLE fresh AS SELECT 1 AS a;"
        "ALTER TABLE fresh ALTER COLUMN a TYPE bigint;"
        "BEGIN; ALTER TABLE item ALTER COLUMN id TYPE bigint; ROLLBACK;"
        "UPDATE item SET note = 'y';"
        "ALTER TABLE item ADD COLUMN at timestamptz DEFAULT clock_timestamp();",
        database,
    )
    by_number = {item.statement.number: item.rewritten for item in run.runs if item.rewritten}
    assert by_number == {4: ("item",), 7: ("item",)}
    assert run.rewritten == ("item",)


def test_rows_are_counted_by_statement_those_of_functions_included(database: Database) -> None:
    run = watched(
        "UPDATE item SET note = 'a' WHERE id <= 10;"
        "BEGIN; DELETE FROM item WHERE id <= 3; INSERT INTO item VALUES (1, 'n', 'x');"
        " DO $$ BEGIN UPDATE item SET name = 'b' WHERE id > 900; DELETE FROM item WHERE id = 999;"
        " END $$; COMMIT;"
        "SELECT count(*) FROM item",
        database,
    )
    assert [item.rows for item in run.runs] == [
        RowsTouched(0, 10, 0),
        None,
        RowsTouched(0, 0, 3),
        RowsTouched(1, 0, 0),
        RowsTouched(0, 100, 1),
        None,
        RowsTouched(0, 0, 0),
    ]


def test_rows_of_a_statement_that_commits_by_itself_come_from_the_servers_statistics(
    database: Database,
) -> None:
    run = watched(
        "UPDATE item SET note = 'a';"
        "DO $$ BEGIN DELETE FROM item WHERE id <= 10; COMMIT;"
        " INSERT INTO item VALUES (1, 'n', 'x'); COMMIT; END $$;"
        "DELETE FROM item",
        database,
    )
    assert [item.rows for item in run.runs] == [
        RowsTouched(0, 1000, 0),
        RowsTouched(1, 0, 10, others_included=True),
        RowsTouched(0, 0, 991),
    ]
    assert [row[4] for row in run.tables()[0].rows] == ["1000", "≤ 11", "991"]


def test_wal_is_counted(database: Database) -> None:
    run = watched(
        "SELECT 1; INSERT INTO item SELECT g, repeat('w', 100) FROM"
        " generate_series(2000, 2999) AS g",
        database,
    )
    quiet, busy = (item.wal_bytes for item in run.runs)
    assert quiet is not None
    assert busy is not None
    assert busy > 100_000 > quiet


def test_the_lock_timeout_in_force_is_kept(database: Database) -> None:
    run = watched(
        "SELECT 1; SET lock_timeout = '1500ms'; SELECT 1;"
        "BEGIN; SET LOCAL lock_timeout = '1min'; SELECT 1; COMMIT",
        database,
    )
    timeouts = [item.lock_timeout_ms for item in run.runs if item.statement.kind == "SELECT"]
    assert timeouts == [0, 1500, 60_000]


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
                other.execute("SELECT pg_terminate_backend(%s, 5000)", (self.pid,))


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


def test_a_watch_that_fails_is_not_the_scripts_failure(database: Database) -> None:
    def kill_the_watch(message: str) -> None:
        if "SELECT" in message:
            with database.connect() as other:
                other.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                    " WHERE application_name = 'shadowgate lock watch'"
                )

    with pytest.raises(ServerError, match="watched the migration was lost"):
        apply(
            "SELECT 1",
            database,
            watch=LockWatch(database, interval=60.0),
            progress=kill_the_watch,
        )
    comes_true(database, ALONE)


def test_a_watched_run_survives_the_kill_with_its_evidence(database: Database) -> None:
    def kill() -> None:
        comes_true(database, MIGRATION_WAITS_FOR.format("Timeout"))
        with database.connect() as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'shadowgate migration'"
                " AND datname = current_database()"
            )

    thread = threading.Thread(target=kill)
    thread.start()
    run = watched("BEGIN; LOCK TABLE item; SELECT pg_sleep(10); COMMIT", database)
    thread.join()
    assert run.runs[-1].failure is not None
    assert run.runs[-1].failure.sqlstate == "57P01"
    assert run.seconds < 5
    assert [(lock.relation, lock.mode) for lock in run.locks] == [("item", "AccessExclusiveLock")]


def test_no_session_is_left_behind(database: Database) -> None:
    watched("SELECT 1", database)
    watched("SELECT 1/0", database)
    comes_true(database, ALONE)


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
    assert run.error.where == f"{path}, line 3"
    assert "division by zero (SQLSTATE 22012)" in run.error.what
    assert value(database, "SELECT to_regclass('t')") is None


def test_a_psql_script_without_psql_is_refused(database: Database) -> None:
    with pytest.raises(UsageError, match=re.escape("it uses psql's \\set in line 1")):
        apply("\\set n 5\nSELECT :n", database)


def test_the_tables_show_every_statement_and_the_locks_that_matter(database: Database) -> None:
    run = watched(
        "BEGIN; ALTER TABLE item ADD COLUMN size int; COMMIT; CREATE TABLE t (x int)", database
    )
    statements, locks = run.tables()
    assert [row[0] for row in statements.rows] == ["1", "2", "3", "4"]
    assert [row[1:3] for row in locks.rows] == [("AccessExclusiveLock", "item")]
