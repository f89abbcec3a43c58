"""Interrupted at any boundary, a migration is judged by the state that it leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeVar

import pytest
from psycopg import sql

from shadowgate.errors import MigrationError
from shadowgate.migrate import (
    Interruption,
    InterruptionTrial,
    interrupt_at_every_boundary,
    interruptions_table,
    parse_script,
)
from shadowgate.phases.restore.state import differences_in_words
from shadowgate.phases.restore.state import state_of as whole_state_of
from shadowgate.server import Database, Server
from tests.selftest.plain_database import plain_database

State = list[tuple[str, int]]
Seen = TypeVar("Seen")
TABLES_SQL = """
SELECT relname::text
FROM pg_class
WHERE relkind = 'r'
  AND relnamespace = 'public'::regnamespace
ORDER BY 1
"""


@pytest.fixture(scope="module")
def template(server: Server) -> Iterator[Database]:
    with plain_database(server) as made:
        with made.connect() as connection:
            connection.execute("CREATE TABLE item (id int); INSERT INTO item VALUES (1), (2)")
            connection.execute("CREATE SCHEMA kept CREATE TABLE note (id bigserial, what text)")
        yield made


def state_of(database: Database) -> State:
    with database.connect() as connection:
        names = [name for (name,) in connection.execute(TABLES_SQL)]
        return [(name, len(connection.execute(_all_of(name)).fetchall())) for name in names]


def _all_of(table: str) -> sql.Composed:
    return sql.SQL("SELECT FROM {}").format(sql.Identifier("public", table))


def differences(wanted: State, found: State) -> tuple[str, ...]:
    return () if found == wanted else (f"wanted {wanted}, found {found}",)


def interrupt(
    sql: str, server: Server, template: Database, *, atomic: bool = False
) -> tuple[Interruption, ...]:
    """Interrupt, and look at the tables and how many rows they have."""
    return interrupt_and_look(sql, server, template, state_of, differences, atomic=atomic)


def interrupt_whole(sql: str, server: Server, template: Database) -> tuple[Interruption, ...]:
    """Interrupt, and look at schema, sequences and content as phase 5 does."""
    return interrupt_and_look(sql, server, template, whole_state_of, differences_in_words)


def interrupt_and_look(
    sql: str,
    server: Server,
    template: Database,
    look: Callable[[Database], Seen],
    compare: Callable[[Seen, Seen], Sequence[str]],
    *,
    atomic: bool = False,
) -> tuple[Interruption, ...]:
    def make_clone() -> AbstractContextManager[Database]:
        return plain_database(server, template.name)

    script = parse_script(sql, Path("m.sql"), "")
    return interrupt_at_every_boundary(
        script, InterruptionTrial(make_clone, look, compare, atomic=atomic)
    )


def test_a_script_that_can_be_run_again_survives_every_interruption(
    server: Server, template: Database
) -> None:
    found = interrupt(
        "SET work_mem = '8MB'; CREATE TABLE IF NOT EXISTS a (x int);"
        "BEGIN; DELETE FROM a; INSERT INTO a VALUES (1); COMMIT;",
        server,
        template,
    )
    assert [(str(item.point).partition(" (")[0], item.outcome) for item in found] == [
        ("before statement 1", "as before"),
        ("before statement 3", "completed by running it again"),
        ("before statement 5", "completed by running it again"),
        ("before statement 6", "completed by running it again"),
    ]
    assert len(interruptions_table(found).rows) == 4


def test_a_script_that_fails_when_run_again_is_broken_and_says_where(
    server: Server, template: Database
) -> None:
    found = interrupt("CREATE TABLE a (x int);\nINSERT INTO a VALUES (1)", server, template)
    broken = [item for item in found if item.outcome == "broken"]
    assert [item.point.statement.number for item in broken] == [2]
    assert "running it again fails" in broken[0].detail
    assert "m.sql, line 1: CREATE TABLE a" in broken[0].detail


def test_a_script_that_does_its_work_twice_is_broken_and_says_how(
    server: Server, template: Database
) -> None:
    found = interrupt(
        "INSERT INTO item VALUES (3); CREATE TABLE IF NOT EXISTS a (x int)", server, template
    )
    broken = [item for item in found if item.outcome == "broken"]
    assert broken
    assert "found [('a', 0), ('item', 4)]" in broken[0].detail


def test_a_long_statement_that_commits_inside_is_interrupted_half_way(
    server: Server, template: Database
) -> None:
    found = interrupt(
        "DO $$ BEGIN INSERT INTO item VALUES (3); COMMIT; PERFORM pg_sleep(0.4);"
        " INSERT INTO item VALUES (4); END $$",
        server,
        template,
    )
    within = [item for item in found if item.point.moment == "within"]
    assert [item.outcome for item in within] == ["broken"]
    assert "('item', 5)" in within[0].detail


def test_a_number_that_an_undone_row_took_from_a_sequence_is_no_damage(
    server: Server, template: Database
) -> None:
    found = interrupt_whole(
        "CREATE TABLE IF NOT EXISTS a (x int);"
        "DO $$ BEGIN IF NOT EXISTS (SELECT FROM kept.note) THEN"
        " INSERT INTO kept.note (what) VALUES ('migrated'); PERFORM pg_sleep(0.4);"
        " UPDATE kept.note SET id = 1; END IF; END $$",
        server,
        template,
    )
    assert [(item.point.moment, item.outcome) for item in found] == [
        ("before", "as before"),
        ("before", "completed by running it again"),
        ("within", "completed by running it again"),
    ]


def test_a_sequence_that_is_left_behind_is_broken_and_named(
    server: Server, template: Database
) -> None:
    found = interrupt_whole(
        "ALTER SEQUENCE kept.note_id_seq RESTART WITH 900;"
        "DO $$ BEGIN IF to_regclass('a') IS NULL THEN CREATE TABLE a (x int); COMMIT;"
        " PERFORM pg_sleep(0.4), setval('kept.note_id_seq', 1000); END IF; END $$",
        server,
        template,
    )
    (within,) = (item for item in found if item.point.moment == "within")
    assert within.outcome == "broken"
    assert "sequence kept.note_id_seq: next_value was 1001, is 900" in within.detail


def test_a_script_that_fails_by_itself_is_an_error(server: Server, template: Database) -> None:
    with pytest.raises(MigrationError, match="division by zero"):
        interrupt("SELECT 1/0", server, template)


INDEX = "CREATE UNIQUE INDEX CONCURRENTLY {} item_id ON item (id);"
DROP = "DROP INDEX CONCURRENTLY IF EXISTS item_id;"


@pytest.fixture(scope="module")
def partitioned(server: Server) -> Iterator[Database]:
    with plain_database(server) as made:
        with made.connect() as connection:
            connection.execute("CREATE TABLE log (year int) PARTITION BY RANGE (year)")
            connection.execute("CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM (1) TO (2)")
        yield made


def test_a_concurrent_index_that_the_second_run_skips_is_broken_and_says_what_to_do(
    server: Server, template: Database
) -> None:
    found = interrupt(
        "SET lock_timeout = '2s';\n" + INDEX.format("IF NOT EXISTS"), server, template
    )
    (within,) = (item for item in found if item.point.moment == "within")
    assert within.outcome == "broken"
    assert (within.point.statement.number, within.point.statement.line) == (2, 2)
    assert "an invalid index, item_id of item, is left" in within.detail
    assert "DROP INDEX CONCURRENTLY IF EXISTS item_id before the statement" in within.detail
    assert "and build it without IF NOT EXISTS" in within.detail


def test_a_concurrent_index_alone_in_its_file_says_itself_what_is_in_the_way(
    server: Server, template: Database
) -> None:
    (within,) = (
        item
        for item in interrupt(INDEX.format(""), server, template)
        if item.point.moment == "within"
    )
    assert within.outcome == "told by running it again"
    assert "DROP INDEX CONCURRENTLY IF EXISTS item_id before" in within.detail
    assert "already exists" in within.detail


def test_a_concurrent_index_whose_name_is_dropped_first_survives(
    server: Server, template: Database
) -> None:
    found = interrupt(DROP + INDEX.format("") + DROP, server, template)
    assert [
        (item.point.statement.number, item.outcome) for item in found if item.point.held_up
    ] == [
        (1, "as before"),  # nothing to drop, so nothing to wait for
        (2, "completed by running it again"),
        (3, "completed by running it again"),
    ]


def test_what_a_reindexing_leaves_is_told_and_no_harm_once_it_is_run_again(
    server: Server, template: Database
) -> None:
    reindex = "REINDEX INDEX CONCURRENTLY kept.note_key;"
    with plain_database(server, template.name) as indexed:
        with indexed.connect() as connection:
            connection.execute("CREATE UNIQUE INDEX note_key ON kept.note (id)")
        (_, within) = interrupt(reindex, server, indexed)
        first = "DROP INDEX CONCURRENTLY IF EXISTS kept.note_key_ccnew;"
        right = interrupt(first + reindex, server, indexed)
    assert within.outcome == "completed by running it again"
    assert "DROP INDEX CONCURRENTLY kept.note_key_ccnew takes it away" in within.detail
    assert (right[-1].outcome, right[-1].detail) == (within.outcome, "")


def test_a_partition_left_half_detached_is_broken_and_says_what_ends_it(
    server: Server, partitioned: Database
) -> None:
    detach = "ALTER TABLE log DETACH PARTITION log_1 CONCURRENTLY"
    (_, within) = interrupt(detach, server, partitioned)
    assert within.outcome == "broken"
    assert "ALTER TABLE log DETACH PARTITION log_1 FINALIZE" in within.detail


def test_of_a_script_in_one_transaction_only_the_state_before_is_asked(
    server: Server, template: Database
) -> None:
    once_only = "BEGIN; CREATE TABLE a (x int); INSERT INTO item VALUES (3); COMMIT;"
    assert {item.outcome for item in interrupt(once_only, server, template, atomic=True)} == {
        "as before"
    }
    apart = f"{once_only} TRUNCATE item"
    *_, broken = interrupt(apart, server, template, atomic=True)
    assert broken.outcome == "broken"
    assert "the transaction did not undo everything: wanted" in broken.detail


@pytest.mark.parametrize(
    "script",
    [
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS of_id ON item (id)",
        "ANALYZE item; CREATE INDEX CONCURRENTLY of_id ON item (id)",
    ],
    ids=["says nothing", "could be guarded"],
)
def test_an_index_that_is_skipped_or_could_have_been_guarded_is_broken(
    server: Server, template: Database, script: str
) -> None:
    found = interrupt_whole(script, server, template)
    assert "of_id" in next(item.detail for item in found if item.outcome == "broken")
