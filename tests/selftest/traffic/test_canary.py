"""A rollout rehearsed on real databases: what each trigger must see, and what it must let pass."""

from __future__ import annotations

import copy
import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from shadowgate.measure import Sampling
from shadowgate.migrate import ScriptRun, apply_script, read_script
from shadowgate.plan import RehearsalSection, RolloutSection
from shadowgate.server import Database, Databases, Server, ServerLog
from shadowgate.traffic.canary import (
    BRIEF,
    Asked,
    CanaryRehearsal,
    Differences,
    Scripts,
    rehearse_rollout,
)
from shadowgate.traffic.canary.clients import Answer, Pair, Routing
from shadowgate.traffic.canary.statements import Kind

SETUP = """
CREATE TABLE item (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    n int NOT NULL DEFAULT 0
);
INSERT INTO item (name) SELECT 'item ' || g FROM generate_series(1, 400) AS g;
CREATE FUNCTION of_item(wanted int) RETURNS text LANGUAGE plpgsql STABLE
AS $$ BEGIN PERFORM pg_sleep(0.003); RETURN (SELECT name FROM item WHERE id = wanted); END $$;
"""
MIGRATION = "ALTER TABLE item ADD COLUMN note text;\n"
ROLLBACK = "ALTER TABLE item DROP COLUMN note;\n"
FORGETFUL = "ALTER TABLE item DROP COLUMN note;\nDELETE FROM item WHERE name = 'new';\n"
SLOWER = """
CREATE OR REPLACE FUNCTION of_item(wanted int) RETURNS text LANGUAGE plpgsql STABLE
AS $$ BEGIN PERFORM pg_sleep(0.012); RETURN (SELECT name FROM item WHERE id = wanted); END $$;
"""
FAILING = """
CREATE OR REPLACE FUNCTION of_item(wanted int) RETURNS text LANGUAGE plpgsql STABLE
AS $$ BEGIN RETURN (SELECT name FROM item WHERE id = wanted AND 1 / (wanted % 4) >= 0); END $$;
"""
TIPPING = """
CREATE FUNCTION tipping() RETURNS int LANGUAGE plpgsql VOLATILE AS $$ BEGIN
    IF current_database() LIKE '%primary' AND (SELECT count(*) FROM item) > 404 THEN
        PERFORM pg_sleep(30);
    END IF;
    RETURN 1;
END $$;
"""
"""A statement whose plan tips, so to speak, once the unmigrated table has grown."""
COUNTING = """
CREATE OR REPLACE FUNCTION counted() RETURNS bigint LANGUAGE sql STABLE SET search_path = public
AS $$ SELECT count(*) FROM {} $$
"""
ESTIMATING = """
ALTER TABLE item ADD COLUMN note text;
CREATE TABLE estimated (rows int);
DO $$ DECLARE plan json; BEGIN
    EXECUTE 'EXPLAIN (FORMAT JSON) SELECT * FROM item' INTO plan;
    INSERT INTO estimated VALUES ((plan -> 0 -> 'Plan' ->> 'Plan Rows')::int);
END $$;
"""
NUMBER = "(SELECT 1 + floor(random() * 400)::int)"


def same(name: str, kind: Kind, text: str) -> Asked:
    """A statement that is the same before and after the migration."""
    return Asked(name, kind, text, text)


ASKED = (
    same("R1", "reader", f"SELECT of_item({NUMBER})"),
    same("W1", "writer", "INSERT INTO item (name) VALUES ('new')"),
    same("W2", "writer", f"UPDATE item SET n = n + 1 WHERE id = {NUMBER}"),  # noqa: S608
)
PACE = replace(BRIEF, probe_seconds=0.3, sessions=10, requests_per_second=150.0)


class Rehearsing:
    """Databases of one server, and a rehearsal between them."""

    def __init__(self, server: Server, databases: Databases, folder: Path) -> None:
        self.server, self.folder = server, folder
        self.primary = databases.create("selftest_primary")
        self.execute(self.primary, SETUP)
        self.canary = databases.clone(self.primary, "selftest_canary")
        self.baseline = databases.clone(self.primary, "selftest_baseline")

    def __call__(
        self,
        spoil: str = "",
        *,
        migration: str = MIGRATION,
        rollback: str | None = ROLLBACK,
        pace: RehearsalSection = PACE,
        asked: tuple[Asked, ...] = ASKED,
        applied: str = "",
    ) -> CanaryRehearsal:
        """Rehearse; ``spoil`` is what is wrong with the canary alone."""
        self.execute(self.canary, applied or migration)
        self.execute(self.canary, spoil or "SELECT 1")
        return rehearse_rollout(
            self.server,
            self.primary,
            self.canary,
            asked,
            Scripts(
                lambda database: self._apply("up.sql", migration, database),
                None
                if rollback is None
                else lambda database: self._apply("down.sql", str(rollback), database),
            ),
            Differences(),
            RolloutSection(dt.date(2026, 2, 13), rehearsal=pace),
            Sampling(),
            baseline=self.baseline if pace.judge_latency else None,
        )

    def _apply(self, name: str, text: str, database: Database) -> ScriptRun:
        path = self.folder / name
        path.write_text(text)
        return apply_script(read_script(path), database, tools=self.server.tools)

    @staticmethod
    def execute(database: Database, text: str) -> None:
        """Execute some statements."""
        with database.connect() as connection:
            connection.execute(text.encode())


@pytest.fixture
def rehearse(server: Server, databases: Databases, tmp_path: Path) -> Iterator[Rehearsing]:
    made = Rehearsing(server, databases, tmp_path)
    yield made
    with server.maintenance.connect() as connection:
        slots = connection.execute("SELECT slot_name FROM pg_replication_slots").fetchall()
    assert slots == []


def test_a_sound_migration_goes_through_all_stages_and_back(rehearse: Rehearsing) -> None:
    found = rehearse()
    assert found.hit is None
    assert [(stage.name, stage.percent) for stage in found.stages] == [
        ("canary", 20),
        ("gradual", 50),
        ("full", 100),
    ]
    assert {(arm.arm, arm.migrated) for arm in found.stages[2].arms} == {("primary", True)}
    assert found.way_back is not None
    assert (found.way_back.by_script, found.way_back.error, found.way_back.failed) == (True, "", 0)
    assert found.acknowledged > 5
    assert found.lost == ()
    assert found.lag_ms is not None
    assert all(look.wrong == {} for look in found.looks)
    first = found.stages[0].arms
    share = sum(a.requests for a in first if a.migrated) / sum(a.requests for a in first)
    assert 0.02 < share < 0.5


def test_a_slower_canary_is_seen_and_the_sessions_are_sent_back(rehearse: Rehearsing) -> None:
    pace = replace(PACE, canary_seconds=20.0, sessions=20, judge_latency=True)
    found = rehearse(SLOWER, pace=pace)
    assert found.hit is not None
    assert (found.hit.trigger, found.hit.stage) == ("latency", "canary")
    assert "R1" in found.hit.detail or "all statements" in found.hit.detail
    assert found.migrating is None
    assert found.way_back is not None
    assert not found.way_back.by_script
    assert found.way_back.restore_seconds < 2
    assert found.lost == ()


def test_the_baseline_follows_and_is_asked_by_as_many_sessions_as_the_canary(
    rehearse: Rehearsing,
) -> None:
    pace = replace(PACE, canary_seconds=3.0, gradual_seconds=1.0, judge_latency=True)
    found = rehearse(pace=pace)
    assert found.hit is None
    asked = {
        stage.name: {
            (one.arm, one.session)
            for one in found.answers
            if not one.wrote and stage.began <= one.scheduled - found.origin < stage.ended
        }
        for stage in found.stages
    }
    assert {s for arm, s in asked["canary"] if arm == "canary"} == {0, 1}
    assert {s for arm, s in asked["canary"] if arm == "baseline"} == {2, 3}
    assert {s for arm, s in asked["gradual"] if arm == "primary"} >= {5, 6, 7, 8, 9}
    by_pair: dict[Pair, list[Answer]] = {}
    for one in found.answers:
        if one.pair:
            by_pair.setdefault(one.pair, []).append(one)
    met = [two for two in by_pair.values() if len(two) == 2]
    assert len(met) > 0.8 * len(by_pair) > 10
    assert {frozenset(one.arm for one in two) for two in met} == {
        frozenset({"canary", "baseline"}),
        frozenset({"canary", "primary"}),
    }
    for one, other in met:
        assert (one.statement, one.scheduled) == (other.statement, other.scheduled)
    with rehearse.baseline.connect() as baseline, rehearse.canary.connect() as canary:
        rows = "SELECT count(*) FROM item WHERE name = 'new'"
        (there,) = canary.execute(rows).fetchone() or (0,)
        (here,) = baseline.execute(rows).fetchone() or (0,)
    assert there > 10
    assert abs(here - there) <= 3  # they end one after the other, and the clients go on


@pytest.mark.parametrize("percent", [0, 20, 30, 50, 60, 100])
def test_canary_and_baseline_have_as_many_sessions_while_they_can(percent: int) -> None:
    routing = Routing(20, percent, baseline=True)
    asked = Counter(routing.arm(session) for session in range(20))
    assert asked["canary"] == round(20 * percent / 100)
    assert asked["baseline"] == (asked["canary"] if percent < 50 else 0)
    assert routing.against == ("baseline" if percent < 50 else "primary")
    lanes = Counter(routing.lane(session) for session in range(20))
    paired = min(asked["canary"], 20 - asked["canary"])
    assert sorted(lanes.values()) == [1] * (20 - 2 * paired) + [2] * paired


def test_what_gets_slow_by_itself_on_the_unmigrated_database_is_asked_no_more(
    rehearse: Rehearsing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shadowgate.traffic.canary.clients.PATIENCE_SECONDS", 0.3)
    rehearse.execute(rehearse.primary, TIPPING)
    pace = replace(PACE, canary_seconds=1.5)
    found = rehearse(
        asked=(*ASKED, same("R9", "reader", "SELECT tipping()")),
        applied=MIGRATION + TIPPING,
        pace=pace,
    )
    assert found.hit is None
    assert [said for said in found.left_out if said.startswith("R9 was asked no more")]
    asked = [one for one in found.answers if one.statement == "R9"]
    assert asked
    assert not [one for one in asked if one.sqlstate]
    assert max(one.ended for one in asked) < max(one.ended for one in found.answers) - 0.3


def test_what_was_rolled_back_does_not_count_for_the_planner(rehearse: Rehearsing) -> None:
    rehearse.execute(rehearse.primary, "ANALYZE item")
    everything = same("W9", "writer", "SELECT 1; UPDATE item SET n = n + 1")
    rehearse(asked=(*ASKED, everything), migration=ESTIMATING, applied=MIGRATION, rollback=None)
    with rehearse.primary.connect() as connection:
        ((estimated,),) = connection.execute("SELECT rows FROM estimated").fetchall()
    assert 380 < estimated < 500


def test_sessions_that_the_migration_ends_are_errors_of_the_migrated_side(
    rehearse: Rehearsing,
) -> None:
    ending = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid();\n"
    )
    found = rehearse(migration=ending + MIGRATION, applied=MIGRATION)
    assert found.hit is not None
    assert found.hit.trigger == "errors"
    assert found.errors.errors >= 1


def test_a_function_that_is_replaced_with_its_table_is_asked_again(rehearse: Rehearsing) -> None:
    rehearse.execute(rehearse.primary, COUNTING.format("item"))
    rehearse.execute(rehearse.canary, COUNTING.format("item"))
    asked = (
        Asked("R2", "reader", "SELECT max(n) FROM item", "SELECT max(n) FROM thing"),
        same("R3", "reader", "SELECT counted()"),
    )
    moving = "BEGIN;\nALTER TABLE {} RENAME TO {};\nSELECT pg_sleep(0.5);\n{};\nCOMMIT;\n"
    found = rehearse(
        asked=asked,
        migration=moving.format("item", "thing", COUNTING.format("thing")),
        rollback=moving.format("thing", "item", COUNTING.format("item")),
    )
    assert found.hit is None
    assert not [one for one in found.answers if one.sqlstate and one.statement == "R3"]


def test_slowness_is_shown_and_fires_nothing_where_timings_are_not_judged(
    rehearse: Rehearsing,
) -> None:
    found = rehearse(SLOWER)
    assert found.hit is None
    assert found.slowest is None or found.slowest.percent > 5


def test_a_canary_that_fails_is_rolled_back(rehearse: Rehearsing) -> None:
    found = rehearse(FAILING)
    assert found.hit is not None
    assert found.hit.trigger == "errors"
    assert "division by zero" in found.hit.detail
    assert found.errors.errors >= 1


def test_a_wrong_row_is_seen_at_the_next_look(rehearse: Rehearsing) -> None:
    pace = replace(PACE, canary_seconds=5.0)
    found = rehearse("UPDATE item SET name = 'wrong' WHERE id = 77", pace=pace)
    assert found.hit is not None
    assert (found.hit.trigger, found.hit.stage) == ("integrity", "canary")
    assert "(id) = (77)" in found.hit.detail
    assert found.hit.detect_seconds < 3


def test_a_migration_that_fails_under_the_load_is_rolled_back_by_its_script(
    rehearse: Rehearsing,
) -> None:
    found = rehearse(
        migration="ALTER TABLE item ADD COLUMN note text;\nSELECT 1 / 0;\n", applied=MIGRATION
    )
    assert found.hit is not None
    assert (found.hit.trigger, found.hit.stage) == ("migration", "gradual")
    assert found.way_back is not None
    assert found.way_back.by_script


def test_a_rollback_that_loses_what_was_written_since_is_seen(rehearse: Rehearsing) -> None:
    found = rehearse(rollback=FORGETFUL)
    assert found.hit is None
    assert found.lost
    assert "public.item" in found.lost[0]


def test_a_rollback_that_fails_is_told(rehearse: Rehearsing) -> None:
    found = rehearse(rollback="ALTER TABLE item DROP COLUMN no_such;\n")
    assert found.way_back is not None
    assert "no_such" in found.way_back.error


def test_without_a_rollback_the_migrated_primary_keeps_what_was_written(
    rehearse: Rehearsing,
) -> None:
    found = rehearse(rollback=None)
    assert (found.hit, found.way_back, found.lost) == (None, None, ())
    assert found.acknowledged > 5


def test_a_schema_that_takes_no_replicated_row_is_rehearsed_with_reads_only(
    rehearse: Rehearsing,
) -> None:
    migration = (
        "ALTER TABLE item ADD COLUMN owner text;\nUPDATE item SET owner = 'nobody';\n"
        "ALTER TABLE item ALTER COLUMN owner SET NOT NULL;\n"
    )
    found = rehearse(
        migration=migration,
        rollback="ALTER TABLE item DROP COLUMN owner;\n",
        asked=(ASKED[0], ASKED[1]),
    )
    assert found.hit is None
    assert found.lag_ms is None
    assert any("only reads were rehearsed" in sentence for sentence in found.left_out)
    assert found.acknowledged == 0


def test_a_server_of_somebody_else_gets_no_subscription(rehearse: Rehearsing) -> None:
    rehearse.server = copy.copy(rehearse.server)
    rehearse.server.owned = False
    found = rehearse()
    assert found.hit is None
    assert any("not of this run" in sentence for sentence in found.left_out)
    assert found.acknowledged == 0


def test_what_cannot_be_repeated_or_fails_already_is_not_committed(rehearse: Rehearsing) -> None:
    asked = (
        ASKED[0],
        same("R2", "reader", "SELECT no_such_column FROM item"),
        same("R3", "reader", "INSERT INTO item (name) VALUES ('x') RETURNING id"),
        same("W3", "writer", "DELETE FROM item WHERE id = 5"),
    )
    found = rehearse(asked=asked)
    assert found.hit is None
    assert [sentence.split()[0] for sentence in found.left_out] == ["R2", "R3"]
    with rehearse.primary.connect() as connection:
        assert connection.execute("SELECT count(*) FROM item").fetchone() == (400,)


def test_the_password_of_the_subscription_reaches_no_log(
    rehearse: Rehearsing, server: Server
) -> None:
    with server.maintenance.connect() as connection:
        connection.execute("ALTER DATABASE selftest_canary SET log_statement = 'all'")
    log = ServerLog(server.maintenance)
    position = log.position()
    rehearse()
    said = log.since(position)
    assert "ALTER SUBSCRIPTION" in said
    assert server.endpoint.password is not None
    assert server.endpoint.password not in said
