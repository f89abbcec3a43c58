"""Each thing that is not the same in all versions is dealt with, on servers on both sides of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shadowgate.backup import create_roles, examine_backup, restore
from shadowgate.backup.contents import needs_of
from shadowgate.backup.requirements import ordinary_owners
from shadowgate.catalogue import check_restored, diff, take_snapshot
from shadowgate.catalogue.snapshot import ObjectId, Snapshot
from shadowgate.migrate import LockWatch, apply_script, parse_script
from shadowgate.migrate.announced import announced, judge_announced
from shadowgate.plan import BackupSection
from shadowgate.server import Database, Databases, Server, clones_files
from shadowgate.server.differences import DIFFERENCES, holds
from tests.selftest.backup.dumps import dump
from tests.selftest.plain_database import plain_database, refill

M = Path("m.sql")
COLUMN = ObjectId("column", "public.t.id")
DOCUMENT = Path(__file__).parents[3] / "docs" / "versions.md"


@pytest.fixture
def there(another: Server) -> Iterator[Database]:
    """A database of a server of another version."""
    with plain_database(another) as made:
        yield made


@pytest.fixture
def here(newest: Server) -> Iterator[Database]:
    """A database of the newest version."""
    with plain_database(newest) as made:
        yield made


def snapshot(database: Database) -> Snapshot:
    with database.connect() as connection:
        return take_snapshot(connection)


def deviations(database: Database, sql: str) -> set[str]:
    """What a script does to a database that its text does not announce."""
    script = parse_script(sql, M, "")
    before = snapshot(database)
    run = apply_script(script, database)
    run.raise_for_error()
    judged = judge_announced(announced(script, text=sql), before, snapshot(database))
    return {str(each) for each in (*judged.unexpected, *judged.missing)}


def test_every_difference_is_documented_and_named_once() -> None:
    text = " ".join(DOCUMENT.read_text(encoding="utf-8").split())
    for each in DIFFERENCES.values():
        assert f"| {each.since} | {each.what} | {each.here} |" in text
    with pytest.raises(KeyError):
        holds("no such", 180000)


def test_a_difference_holds_from_its_version_on() -> None:
    assert holds("not_null_constraints", 180000)
    assert not holds("not_null_constraints", 179999)


# --- statistics_flush -----------------------------------------------------------------------------


COMMITS = """
CREATE TABLE t AS SELECT g AS id FROM generate_series(1, 20) g;
CREATE PROCEDURE p() LANGUAGE plpgsql AS 'BEGIN UPDATE t SET id = 4; COMMIT; END';
"""


def test_rows_of_a_statement_are_counted_where_they_can_be(there: Database) -> None:
    refill(there, COMMITS)
    text = "UPDATE t SET id = 1; BEGIN; UPDATE t SET id = 2; UPDATE t SET id = 3; COMMIT; CALL p();"
    run = apply_script(parse_script(text, M, ""), there, watch=LockWatch(there))
    updated = [each.rows.updated for each in run.runs if each.rows is not None]
    with there.connect() as connection:
        flushes = holds("statistics_flush", connection.info.server_version)
    assert updated == [20] * (4 if flushes else 3)


# --- security_invoker -----------------------------------------------------------------------------


def test_a_view_that_loses_its_readers_rights_is_found(here: Database) -> None:
    refill(here, "CREATE VIEW v WITH (security_invoker = on) AS SELECT 1 AS id")
    script = "DROP VIEW v; CREATE VIEW v AS SELECT 1 AS id;"
    assert any("security_invoker" in each for each in deviations(here, script))


# --- subscription_owner ---------------------------------------------------------------------------


def test_who_owns_a_subscription_is_a_superuser_only_where_that_is_asked(there: Database) -> None:
    needs = needs_of([b"ALTER SUBSCRIPTION feed OWNER TO feeder;\n"])
    create_roles(there, ["feeder"])
    with there.connect() as connection:
        has_to_be = bool(ordinary_owners(needs, connection))
        assert has_to_be != holds("subscription_owner", connection.info.server_version)


# --- transaction_timeout --------------------------------------------------------------------------


def test_a_plain_dump_of_a_newer_pg_dump_is_restored_without_its_parameter(
    another: Server, there: Database, newest: Server, here: Database, tmp_path: Path
) -> None:
    refill(here, "CREATE TABLE t AS SELECT 7 AS id")
    path = dump(newest, here, tmp_path / "newer.sql")
    written = path.read_text().replace("from database version 18", "from database version 15")
    path.write_text(written)
    assert "SET transaction_timeout" in path.read_text()
    done = restore(examine_backup(path), another.tools, there, workspace=tmp_path)
    knows = holds("transaction_timeout", another.facts.version_num)
    assert any("transaction_timeout" in warning for warning in done.warnings) != knows
    with there.connect() as connection:
        assert connection.execute("SELECT id FROM t").fetchall() == [(7,)]


def test_an_archive_is_restored_by_tools_of_the_servers_version(
    another: Server, there: Database, tmp_path: Path
) -> None:
    with there.connect() as connection:
        connection.execute("CREATE TABLE t AS SELECT 7 AS id")
    path = dump(another, there, tmp_path / "own.dump", "--format=custom")
    with plain_database(another) as target:
        restore(examine_backup(path), another.tools, target, workspace=tmp_path)
        assert not diff(snapshot(there), snapshot(target)).in_words()


# --- statistics_target ----------------------------------------------------------------------------


def test_a_statistics_target_is_found_and_its_absence_is_none(there: Database) -> None:
    refill(there, "CREATE TABLE t (id integer)")
    before = snapshot(there)
    assert snapshot(there).objects[COLUMN].attributes["statistics_target"] == -1
    changed = "ALTER TABLE t ALTER COLUMN id SET STATISTICS 500"
    with there.connect() as connection:
        connection.execute(changed)
    (said,) = diff(before, snapshot(there)).in_words()
    assert "statistics_target" in said


# --- not_null_constraints -------------------------------------------------------------------------

NOT_NULLS = {
    "set": "ALTER TABLE t ALTER COLUMN a SET NOT NULL;",
    "dropped": "ALTER TABLE t ALTER COLUMN k DROP NOT NULL;",
    "new column": "ALTER TABLE t ADD COLUMN b integer NOT NULL DEFAULT 7;",
    "identity": "ALTER TABLE t ADD COLUMN b integer GENERATED ALWAYS AS IDENTITY;",
    "serial": "ALTER TABLE t ADD COLUMN b serial;",
    "key": "ALTER TABLE t ADD PRIMARY KEY (a);",
    "new table": "CREATE TABLE u (id bigint PRIMARY KEY, name text NOT NULL);",
    "table renamed": "ALTER TABLE t RENAME TO v; ALTER TABLE v RENAME TO t;",
    "column renamed": "ALTER TABLE t RENAME COLUMN k TO kk;",
}


@pytest.mark.parametrize("case", NOT_NULLS)
def test_not_null_is_announced_alike_on_all_versions(there: Database, case: str) -> None:
    refill(there, "CREATE TABLE t (k integer NOT NULL, a integer)")
    assert not deviations(there, NOT_NULLS[case])


NAMED_NOT_NULLS = {
    "added": ("", "ALTER TABLE t ADD CONSTRAINT n NOT NULL a;"),
    "added, to be validated": ("", "ALTER TABLE t ADD CONSTRAINT n NOT NULL a NOT VALID;"),
    "validated": (
        "ALTER TABLE t ADD CONSTRAINT n NOT NULL a NOT VALID",
        "ALTER TABLE t VALIDATE CONSTRAINT n;",
    ),
    "both": (
        "",
        "ALTER TABLE t ADD CONSTRAINT n NOT NULL a NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT n;",
    ),
    "dropped": ("", "ALTER TABLE t DROP CONSTRAINT t_k_not_null;"),
    "renamed": ("", "ALTER TABLE t RENAME CONSTRAINT t_k_not_null TO n;"),
}


@pytest.mark.parametrize("case", NAMED_NOT_NULLS)
def test_not_null_by_its_name_is_announced(here: Database, case: str) -> None:
    before, script = NAMED_NOT_NULLS[case]
    refill(here, f"CREATE TABLE t (k integer NOT NULL, a integer); {before}")
    assert not deviations(here, script)


def test_a_not_null_that_is_not_validated_differs_from_one_that_is(here: Database) -> None:
    refill(here, "CREATE TABLE t (a integer)")
    states = []
    for step in ("ADD CONSTRAINT n NOT NULL a NOT VALID", "VALIDATE CONSTRAINT n"):
        with here.connect() as connection:
            connection.execute(f"ALTER TABLE t {step}".encode())
            states.append((snapshot(here), check_restored(connection, BackupSection())))
    (unsure, found), (sure, sound) = states
    (said,) = diff(unsure, sure).in_words()
    assert "not_null" in said
    assert found.unvalidated_constraints == ("public.t.a (NOT NULL)",)
    assert not sound.unvalidated_constraints


# --- virtual_columns ------------------------------------------------------------------------------


def test_a_virtual_column_is_not_a_stored_one(here: Database) -> None:
    refill(here, "CREATE TABLE t (a integer, b integer GENERATED ALWAYS AS (a + 1) STORED)")
    before = snapshot(here)
    again = "ALTER TABLE t DROP COLUMN b, ADD COLUMN b integer GENERATED ALWAYS AS (a + 1)"
    with here.connect() as connection:
        connection.execute(f"{again} VIRTUAL".encode())
    (said,) = diff(before, snapshot(here)).in_words()
    assert "virtual" in said


def test_a_virtual_column_is_announced(here: Database) -> None:
    refill(here, "CREATE TABLE t (a integer)")
    assert not deviations(
        here, "ALTER TABLE t ADD COLUMN b integer GENERATED ALWAYS AS (a + 1) VIRTUAL;"
    )


# --- not_enforced ---------------------------------------------------------------------------------


def test_a_constraint_that_is_not_enforced_counts_as_not_validated(here: Database) -> None:
    refill(here, "CREATE TABLE t (a integer, CONSTRAINT c CHECK (a > 0) NOT ENFORCED)")
    with here.connect() as connection:
        found = check_restored(connection, BackupSection())
    assert found.unvalidated_constraints == ("public.t.c",)


def test_a_database_is_copied_whether_files_can_be_cloned_or_not(another: Server) -> None:
    with Databases(another) as databases:
        source = databases.create("clone_source")
        with source.connect() as connection:
            connection.execute("CREATE TABLE t AS SELECT generate_series(1, 1000) AS id")
            able = clones_files(connection)
        assert able <= holds("file_copy_method", another.facts.version_num)
        with databases.cloned(source, "clone_made") as made, made.connect() as connection:
            assert connection.execute("SELECT sum(id) FROM t").fetchone() == (500500,)
