"""Measuring on a real server: real extra work is found, and nothing is left behind."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from psycopg import sql

from shadowgate.errors import PlanError, ServerError, UsageError
from shadowgate.measure import (
    Comparison,
    Sampling,
    baseline,
    compare,
    copies_of_run,
    differences,
    measure_cold,
    metrics_of,
    to_evidence,
)
from shadowgate.measure.copies import copies_at_once, fresh_copy
from shadowgate.measure.session import settle
from shadowgate.measure.sides import open_sides
from shadowgate.plan import PerformanceSection
from shadowgate.progress import silent
from shadowgate.queries import Query, Workload
from shadowgate.server import Database, Databases, Server
from tests.selftest.conftest import MakeDatabase

QUICK = Sampling(
    PerformanceSection(budget_seconds=10.0, seed=3), copies=1, warm_up=1, spacing_seconds=0.05
)

TABLE = """
CREATE TABLE parcel (
    id bigint GENERATED ALWAYS AS IDENTITY,
    year integer NOT NULL,
    area double precision NOT NULL
) PARTITION BY RANGE (year);
CREATE TABLE parcel_early PARTITION OF parcel FOR VALUES FROM (2020) TO (2025);
CREATE TABLE parcel_late PARTITION OF parcel DEFAULT;
INSERT INTO parcel (year, area)
SELECT 2020 + n % 10, sqrt(n) FROM generate_series(1, 20000) AS n;
CREATE INDEX parcel_area ON parcel (area);
"""

SLOW_TRIGGER = """
CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_sleep(0.02);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER dawdle AFTER INSERT ON parcel
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION dawdle();
"""


def query(id_: str, text: str) -> Query:
    return Query(
        id_, id_, "read" if text.startswith("SELECT") else "write", text, Path(f"{id_}.sql")
    )


SUMS = query("Q1", "SELECT year, count(*), sum(area) FROM parcel GROUP BY year")
SORT = query(
    "Q2", "SELECT count(*), sum(r) FROM (SELECT rank() OVER (ORDER BY area) AS r FROM parcel) AS x"
)
YEAR = query("Q5", "SELECT count(*), max(area) FROM parcel WHERE year = 2026")
INSERT = query("W1", "INSERT INTO parcel (year, area) VALUES (2027, 1.5) RETURNING year")


@pytest.fixture(scope="module")
def parcels(plain: Database) -> Database:
    """What every test of this module starts from."""
    with plain.connect() as connection:
        connection.execute(TABLE)
    return plain


@pytest.fixture
def before(make_database: MakeDatabase, parcels: Database) -> Database:
    return make_database(parcels.name)


@pytest.fixture
def after(make_database: MakeDatabase, before: Database) -> Database:
    return make_database(before.name)


def change(database: Database, statements: str) -> None:
    with database.connect() as connection:
        connection.execute(statements.encode())


def databases(server: Server) -> set[str]:
    with server.maintenance.connect() as connection:
        return {name for (name,) in connection.execute("SELECT datname FROM pg_database")}


def measure(
    before: Database, after: Database, *queries: Query, query_seconds: float = 60.0, **demands: Any
) -> Comparison:
    sampling = replace(QUICK, query_seconds=query_seconds).demanding(**demands)
    settle(before)
    settle(after)
    return compare(before, after, Workload(queries), sampling)


def test_the_migrated_side_is_asked_the_rewritten_form(before: Database, after: Database) -> None:
    change(after, "ALTER TABLE parcel RENAME TO parcela")
    pairs = [
        replace(one, rewritten=replace(one, sql=one.sql.replace("parcel", "parcela")))
        for one in (SUMS, INSERT)
    ]
    found = measure(before, after, *pairs, budget_seconds=0.5).queries
    assert all(one.same_rows for one in found.values())
    assert found["Q1"].pairs
    assert found["W1"].pairs


def test_identical_databases_are_never_called_regressed(
    server: Server, before: Database, after: Database
) -> None:
    there = databases(server)
    messages: list[str] = []
    for database in (before, after):
        settle(database)
    found = compare(
        before,
        after,
        Workload((SUMS, SORT, INSERT)),
        Sampling(PerformanceSection(budget_seconds=6.0, overall_percent=2.0)),
        progress=messages.append,
    )
    assert {q.verdict for q in found.queries.values()} <= {"equivalent", "improved", "inconclusive"}
    assert all(q.same_rows for q in found.queries.values())
    assert all(len(q.pairs) >= QUICK.demands.min_pairs for q in found.queries.values())
    assert found.overall_target is not None
    assert found.overall_target.status != "met"
    assert databases(server) == there
    assert any("undecided" in message for message in messages)


def test_every_page_is_visible_to_all_once_a_database_is_settled(
    make_database: MakeDatabase,
) -> None:
    database = make_database("template0")
    change(database, TABLE)
    settle(database)
    with database.connect() as connection:
        pages = connection.execute(
            "SELECT relpages, relallvisible FROM pg_class WHERE relname = 'parcel_late'"
        ).fetchone()
    assert pages is not None
    assert pages[0] == pages[1] > 0


def test_extra_work_in_a_query_is_called_a_regression(before: Database, after: Database) -> None:
    change(
        after,
        "ALTER TABLE parcel RENAME TO parcel_kept;"
        "CREATE VIEW parcel AS SELECT id, year, area FROM parcel_kept"
        " WHERE md5(id::text || md5(area::text)) > ''",
    )
    found = measure(before, after, SUMS).queries["Q1"]
    assert found.verdict == "regressed"
    assert found.same_rows
    assert found.estimate is not None
    assert found.estimate.family.low > 0


def test_a_deferred_trigger_that_dawdles_does_not_pass(before: Database, after: Database) -> None:
    change(after, SLOW_TRIGGER)
    found = measure(before, after, INSERT).queries["W1"]
    assert found.verdict == "regressed"
    assert median(later - earlier for earlier, later in found.pairs) > 0.019


def test_writes_leave_rows_and_sequences_as_they_were(before: Database, after: Database) -> None:
    state = "SELECT count(*), max(id), (SELECT last_value FROM parcel_id_seq) FROM parcel"
    with before.connect() as connection:
        earlier = connection.execute(state).fetchone()
    measure(before, after, INSERT, budget_seconds=1.0)
    with before.connect() as connection:
        assert connection.execute(state).fetchone() == earlier


def test_a_year_of_its_own_is_an_improvement_explained_in_words(
    before: Database, after: Database
) -> None:
    change(
        after,
        "ALTER TABLE parcel DETACH PARTITION parcel_late;"
        "CREATE TABLE parcel_2026 PARTITION OF parcel FOR VALUES FROM (2026) TO (2027);"
        "CREATE TABLE parcel_rest PARTITION OF parcel DEFAULT;"
        "INSERT INTO parcel OVERRIDING SYSTEM VALUE SELECT * FROM parcel_late;"
        "DROP TABLE parcel_late",
    )
    found = measure(before, after, YEAR, SUMS, targets={"Q5": 25.0})
    target = found.targets["Q5"]
    assert found.queries["Q5"].verdict == "improved"
    assert target.status == "met"
    assert found.queries["Q5"].before.metrics.partitions == ("parcel_late",)
    assert found.queries["Q5"].after.metrics.partitions == ("parcel_2026",)
    assert "scans 3 partitions instead of 2" in found.queries["Q1"].notes
    assert found.queries["Q1"].same_rows


def test_other_rows_are_named(before: Database, after: Database) -> None:
    change(after, "DELETE FROM parcel WHERE year = 2026 AND area > 141")
    found = measure(before, after, YEAR, budget_seconds=0.1).queries["Q5"]
    assert not found.same_rows
    assert found.difference is not None
    assert "became" in found.difference


def test_evidence_carries_pairs_interval_and_metrics(before: Database, after: Database) -> None:
    (evidence,) = to_evidence(measure(before, after, SUMS))
    assert evidence.id == "Q1"
    assert evidence.before is not None
    assert evidence.before.rounds == len(evidence.pairs_ms) >= QUICK.demands.min_pairs
    assert evidence.before.minimum <= evidence.before.median <= evidence.before.p95
    assert evidence.change_percent is not None
    assert evidence.low_percent is not None
    assert evidence.high_percent is not None
    assert evidence.low_percent <= evidence.change_percent <= evidence.high_percent
    assert evidence.witnesses["before"]["buffers"] > 0
    assert evidence.rows == 10


def test_a_comparison_says_how_it_was_timed(before: Database, after: Database) -> None:
    how = measure(before, after, SUMS, budget_seconds=0.001).how
    assert how.startswith(
        "timed for 0 s, until the time was up; one after the other, as the client"
    )


def test_a_query_that_fails_only_after_is_broken_and_the_others_go_on(
    before: Database, after: Database
) -> None:
    change(after, "ALTER TABLE parcel DROP COLUMN area")
    count = query("Q3", "SELECT year, count(*) FROM parcel GROUP BY year")
    found = measure(before, after, SUMS, count, budget_seconds=1.0, overall_percent=2.0)
    broken, whole = found.queries["Q1"], found.queries["Q3"]
    assert list(found.failed) == ["Q1"]
    assert broken.broken
    assert not broken.same_rows
    assert broken.pairs == ()
    assert "worked before, fails after: Q1 fails after the migration" in str(broken.difference)
    assert 'column "area" does not exist (SQLSTATE 42703' in str(broken.difference)
    assert whole.same_rows
    assert len(whole.pairs) > 3
    assert found.overall_target is not None
    assert found.overall_target.status == "inconclusive"
    evidence = {one.id: one for one in to_evidence(found)}
    assert evidence["Q1"].verdict == "not judged"
    assert evidence["Q1"].same_rows is None
    assert evidence["Q3"].same_rows


def test_a_query_that_fails_on_both_sides_is_no_fault_of_the_migration(
    before: Database, after: Database
) -> None:
    wrong = query("Q8", "SELECT nothing FROM parcel")
    found = measure(before, after, wrong, budget_seconds=0.1).queries["Q8"]
    assert not found.broken
    assert [failure.side for failure in found.failures] == ["before", "after"]
    assert str(found.difference).startswith("fails with and without the migration")


def test_a_write_that_a_new_constraint_refuses_says_so(before: Database, after: Database) -> None:
    change(after, "ALTER TABLE parcel ADD CONSTRAINT small CHECK (area < 1) NOT VALID")
    found = measure(before, after, INSERT, SUMS, budget_seconds=0.5).queries
    assert found["W1"].failures[0].sqlstate == "23514"
    assert "Failing row contains" in found["W1"].failures[0].detail
    assert "Failing row" not in str(found["W1"].difference)
    assert found["W1"].broken
    assert found["Q1"].same_rows


def test_a_failure_within_a_function_says_where(before: Database, after: Database) -> None:
    change(
        after,
        """
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'closed' USING ERRCODE = 'P0042';
        END $$;
        CREATE TRIGGER refuse BEFORE INSERT ON parcel FOR EACH ROW EXECUTE FUNCTION refuse();
        """,
    )
    (failure,) = measure(before, after, INSERT, budget_seconds=0.1).queries["W1"].failures
    assert failure.sqlstate == "P0042"
    assert "PL/pgSQL function refuse() line 3 at RAISE" in failure.context
    assert failure.settings["search_path"] == '"$user", public'
    assert "refuse() line 3" in str(failure)


def test_a_query_that_fails_while_it_is_timed_is_left_out_from_then_on(
    before: Database, after: Database
) -> None:
    change(
        after, "CREATE SEQUENCE tickets MAXVALUE 6; ALTER SEQUENCE tickets OWNER TO CURRENT_USER"
    )
    change(before, "CREATE SEQUENCE tickets")
    draw = query("W2", "SELECT nextval('tickets') > 0")
    found = measure(before, after, replace(draw, kind="write"), SUMS, budget_seconds=2.0).queries
    assert found["W2"].broken
    assert found["W2"].failures[0].sqlstate == "2200H"
    assert not found["Q1"].failures
    assert len(found["Q1"].pairs) > 6  # the number with which the other one ended


def test_a_query_that_takes_too_long_is_its_own_failure(before: Database, after: Database) -> None:
    sleep = query("Q9", "SELECT pg_sleep(5)")
    found = measure(before, after, sleep, SUMS, query_seconds=0.2, budget_seconds=0.2).queries
    assert found["Q9"].failures[0].timed_out
    assert "did not end within 0.2 s" in str(found["Q9"].difference)
    assert found["Q1"].same_rows


def test_a_baseline_goes_on_when_a_query_fails(before: Database) -> None:
    wrong = query("Q8", "SELECT nothing FROM parcel")
    found = baseline(before, Workload((wrong, SUMS, INSERT)), Sampling(), rounds=10)
    assert list(found.failed) == ["Q8"]
    assert found.queries["Q8"].timing.rounds == 0
    assert found.queries["Q1"].timing.rounds == 10
    assert found.queries["Q1"].failure is None


def test_a_step_of_several_statements_is_one_transaction(before: Database, after: Database) -> None:
    step = query(
        "W3",
        "INSERT INTO parcel (year, area) VALUES (2027, 0.25);"
        "SELECT count(*) FROM parcel WHERE area = 0.25",
    )
    found = measure(before, after, step, budget_seconds=0.5).queries["W3"]
    assert found.same_rows
    assert found.before.result.rows == ((1, 1), (2, 1))
    assert any(
        "Insert" in line or "ModifyTable" in line or "Result" in line
        for line in found.before.metrics.shape
    )
    with before.connect() as connection:
        assert connection.execute("SELECT count(*) FROM parcel").fetchone() == (20000,)


def test_a_procedure_that_is_called_has_times_and_no_plan(
    before: Database, after: Database
) -> None:
    for side in (before, after):
        change(
            side,
            "CREATE PROCEDURE touch() LANGUAGE sql AS 'UPDATE parcel SET area = area WHERE id = 7'",
        )
    found = measure(before, after, query("W4", "CALL touch()"), budget_seconds=0.3).queries["W4"]
    assert not found.failures
    assert found.pairs
    assert found.before.metrics.shape == ()


def test_row_security_holds_for_the_role_of_a_query(
    server: Server, before: Database, after: Database
) -> None:
    role = f"selftest_reader_{before.name[-6:]}"
    table = "CREATE TABLE secret AS SELECT n, n % 2 = 0 AS open FROM generate_series(1, 10) AS n"
    policy = (
        f"GRANT SELECT, INSERT ON secret TO {role}; ALTER TABLE secret ENABLE ROW LEVEL SECURITY;"
        f"CREATE POLICY only_open ON secret TO {role} USING (open)"
    )
    with server.maintenance.connect() as connection:
        connection.execute(f"CREATE ROLE {role}".encode())
    try:
        for side in (before, after):
            change(side, table)
            change(side, policy)
        change(after, "ALTER TABLE secret DISABLE ROW LEVEL SECURITY")
        asked = replace(query("Q1", "SELECT count(*) FROM secret"), role=role)
        unknown = replace(query("Q2", "SELECT 1"), role="selftest_nobody")
        insert = replace(query("W1", "INSERT INTO secret VALUES (12, true)"), role=role)
        refused = replace(query("W2", "INSERT INTO secret VALUES (11, false)"), role=role)
        asking = (asked, unknown, insert, refused)
        found = measure(before, after, *asking, budget_seconds=0.3).queries
        assert not found["W1"].failures
        assert found["W1"].pairs
        assert [(one.side, one.sqlstate) for one in found["W2"].failures] == [("before", "42501")]
        assert found["W2"].failures[0].settings["role"] == role
        assert found["Q1"].before.result.rows == ((5,),)
        assert found["Q1"].difference == "row (5) became (10)"
        assert found["Q2"].failures[0].message == 'role "selftest_nobody" does not exist'
    finally:
        for side in (before, after):
            change(side, f"DROP OWNED BY {role}")
        change(server.maintenance, f"DROP ROLE {role}")


def test_an_open_session_is_named_as_the_obstacle(
    server: Server, before: Database, after: Database
) -> None:
    there = databases(server)
    with (
        before.connect(),
        pytest.raises(ServerError, match="while a session is open"),
    ):
        measure(before, after, SUMS)
    assert databases(server) == there


def test_a_target_for_an_unknown_query_is_refused(before: Database, after: Database) -> None:
    with pytest.raises(PlanError, match="targets names Q7"):
        measure(before, after, SUMS, targets={"Q7": 10.0})


def test_a_baseline_has_rounds_plans_and_the_hash_of_the_rows(before: Database) -> None:
    found = baseline(before, Workload((SUMS, YEAR, INSERT)), Sampling(), rounds=12)
    assert {len(query.rounds) for query in found.queries.values()} == {12}
    again = baseline(before, Workload((SUMS, YEAR, INSERT)), Sampling(), rounds=10)
    for id_, one in found.queries.items():
        assert one.result.hash == again.queries[id_].result.hash
        assert one.metrics.shape == again.queries[id_].metrics.shape
    assert found.queries["Q5"].result.hash != found.queries["Q1"].result.hash
    assert found.queries["Q5"].metrics.partitions == ("parcel_late",)


def test_no_read_of_a_baseline_meets_what_its_writes_leave(before: Database) -> None:
    with before.connect() as connection:
        row = connection.execute("SELECT pg_relation_size('parcel_late')").fetchone() or (0,)
    as_it_was = query("R1", f"SELECT 1 / (pg_relation_size('parcel_late') = {row[0]})::int")
    growing = query("W2", "INSERT INTO parcel (year, area) SELECT 2027, generate_series(1, 9999)")
    assert not baseline(before, Workload((growing, as_it_was)), Sampling()).failed


def test_a_baseline_of_few_rounds_is_refused(before: Database) -> None:
    with pytest.raises(UsageError, match="at least 10 rounds"):
        baseline(before, Workload((SUMS,)), Sampling(), rounds=9)


def test_copies_of_a_run_are_gone_afterwards_and_its_databases_stay(server: Server) -> None:
    with Databases(server) as run:
        first = run.create("selftest_measure_run")
        change(first, TABLE)
        second = run.clone(first, "selftest_measure_run_after")
        there = databases(server)
        workload = Workload((SUMS, INSERT))
        sampling = Sampling(PerformanceSection(budget_seconds=0.1), copies=2)
        found = compare(first, second, workload, sampling, clones=copies_of_run(run))
        assert found.queries["Q1"].same_rows
        assert databases(server) == there


def test_copies_made_at_once_come_in_the_order_of_their_sources(server: Server) -> None:
    with Databases(server) as run:
        sources = [run.create(f"selftest_measure_{name}") for name in "abc"]
        there = databases(server)
        with copies_at_once(sources, copies_of_run(run)) as copies:
            for source, copy in zip(sources, copies, strict=True):
                assert copy.name.startswith(f"{source.name}_timed_")
        assert databases(server) == there


def test_of_copies_made_at_once_none_is_left_if_one_cannot_be_made(server: Server) -> None:
    with Databases(server) as run:
        source = run.create("selftest_measure_source")
        foreign = Database(source.endpoint, "postgres")
        there = databases(server)
        with (
            pytest.raises(ServerError, match="postgres was not created by this run"),
            copies_at_once([source, foreign, source], copies_of_run(run)),
        ):
            pytest.fail("two copies out of three")
        assert databases(server) == there


def test_a_setting_that_the_migration_left_on_the_database_is_measured_too(
    before: Database, after: Database
) -> None:
    with after.connect() as connection:
        connection.execute(
            sql.SQL("ALTER DATABASE {} SET enable_seqscan = off").format(sql.Identifier(after.name))
        )
    shown = query("Q1", "SELECT current_setting('enable_seqscan')")
    found = measure(before, after, shown, budget_seconds=0.1).queries["Q1"]
    assert found.difference == "row ('on') became ('off')"


def test_both_sides_run_with_equal_settings_whatever_the_database_says(
    before: Database, after: Database
) -> None:
    with after.connect() as connection:
        connection.execute(
            sql.SQL("ALTER DATABASE {} SET work_mem = '64kB'").format(sql.Identifier(after.name))
        )
    shown = query("Q1", "SELECT current_setting('work_mem'), current_setting('jit')")
    found = measure(before, after, shown, budget_seconds=0.1).queries["Q1"]
    assert found.same_rows
    assert found.before.result.rows == (("64MB", "off"),)


def test_cold_figures_count_pages_that_had_to_be_read(before: Database, after: Database) -> None:
    change(after, "DELETE FROM parcel WHERE year <> 2026")
    change(after, "VACUUM FULL parcel")
    sampling = Sampling(copies=1)
    found = measure_cold((before, after), Workload((SUMS, INSERT)), sampling, rounds=1)
    assert list(found) == ["Q1"]
    figures = found["Q1"]
    assert len(figures.before) == len(figures.after) == 1
    assert all(run.milliseconds > 0 for run in figures.before + figures.after)
    size = "SELECT sum(pg_relation_size(relid)) / 8192 FROM pg_partition_tree('parcel')"
    for side, (run,) in ((before, figures.before), (after, figures.after)):
        with side.connect() as connection:
            (pages,) = connection.execute(size).fetchone() or (0,)
        assert run.pages_read == pages > 0
    assert "pages read instead of" in figures.sentence


def test_plan_metrics_of_two_runs_on_the_same_rows_agree(before: Database, after: Database) -> None:
    one, other = (
        metrics_of(
            measure(before, after, SUMS, YEAR, INSERT, budget_seconds=0.1),
            "plan",
            "data",
            15,
            "3.3",
        )
        for _ in range(2)
    )
    assert set(one.queries) == {"Q1", "Q5", "W1"}
    assert differences(one, other) == ()
    changed = replace(one, queries={**one.queries, "Q5": one.queries["Q1"]})
    assert differences(one, changed) != ()


def test_a_query_that_is_grossly_slower_is_regressed_after_three_pairs(
    before: Database, after: Database
) -> None:
    function = (
        "CREATE FUNCTION pause() RETURNS integer LANGUAGE sql AS 'SELECT 1 FROM pg_sleep({})'"
    )
    change(before, function.format(0.001))
    change(after, function.format(1.2))
    pause = query("Q3", "SELECT pause()")
    found = measure(before, after, pause, SUMS, budget_seconds=60.0)
    slow = found.queries["Q3"]
    assert slow.verdict == "regressed"
    assert len(slow.pairs) == 3
    assert slow.same_rows
    assert len(found.queries["Q1"].pairs) > len(slow.pairs)  # what is open is measured on
    (evidence,) = [one for one in to_evidence(found) if one.id == "Q3"]
    assert evidence.change_percent is not None
    assert evidence.change_percent > 10_000


def test_time_between_rounds_is_passed_with_short_queries_only(
    before: Database, after: Database
) -> None:
    long = query("Q3", "SELECT pg_sleep(20)")
    workload, sampling = Workload((SUMS, long)), Sampling(copies=1)
    with open_sides((before, after), workload, sampling, fresh_copy, silent) as sides:
        started = time.monotonic()
        for _ in range(5):
            sides.keep_busy(0.2, {"Q1"})
        assert time.monotonic() - started < 10.0


def test_a_query_that_takes_for_ever_is_ended_and_has_failed(
    before: Database, after: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shadowgate.measure.facts.PATIENCE_SECONDS", 0.5)
    text = "CREATE FUNCTION pause() RETURNS int LANGUAGE sql AS 'SELECT 1 FROM pg_sleep({})'"
    change(before, text.format(0.001))
    change(after, text.format(30))
    for database in (before, after):
        settle(database)
    slow, known = query("Q7", "SELECT pause()"), {"Q1": 0.01, "Q7": 0.002}
    began = time.monotonic()
    found = compare(
        before, after, Workload((SUMS, slow)), QUICK.demanding(budget_seconds=0.5), seconds=known
    ).queries
    assert time.monotonic() - began < 20
    assert found["Q1"].same_rows
    (failure,) = found["Q7"].failures
    assert (failure.side, failure.timed_out) == ("after", True)
    assert "did not end within 0.5 s; before it took 0.00" in failure.message
    assert found["Q7"].broken


def test_what_took_long_before_in_a_cold_cache_has_as_long_afterwards(
    before: Database, after: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The baseline knows a warm cache; the first execution on either side meets a cold one."""
    monkeypatch.setattr("shadowgate.measure.facts.PATIENCE_SECONDS", 0.1)
    cold = "CREATE FUNCTION pause() RETURNS int LANGUAGE sql AS 'SELECT 1 FROM pg_sleep(0.5)'"
    for database in (before, after):
        change(database, cold)
        settle(database)
    asked = Workload((query("Q7", "SELECT pause()"),))
    sampling = QUICK.demanding(budget_seconds=0.1)
    found = compare(before, after, asked, sampling, seconds={"Q7": 0.001}).queries["Q7"]
    assert not found.failures
    assert found.same_rows


def test_no_times_are_taken_where_they_are_needless(before: Database, after: Database) -> None:
    change(after, "UPDATE parcel SET area = area + 1 WHERE year = 2026")
    for database in (before, after):
        settle(database)
    found = compare(
        before,
        after,
        Workload((YEAR, INSERT)),
        QUICK.demanding(overall_percent=2.0, targets={"Q5": 10.0}),
        stopped_by=lambda _slower, _broken: "migration.hazards",
    )
    assert (found.ended, found.stopped_by) == ("needless", "migration.hazards")
    assert found.how == "not timed: the verdict was NO-GO before"
    assert not any(one.pairs for one in found.queries.values())
    assert [one.same_rows for one in found.queries.values()] == [False, True]
    assert {one.verdict for one in to_evidence(found)} == {"not judged"}
    assert found.overall_target is not None
    assert found.overall_target.status == "inconclusive"
