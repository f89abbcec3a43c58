"""Verify: as planned where the migration was applied, and what is not as planned escalates."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from shadowgate.command import main
from shadowgate.migrate import read_script
from shadowgate.production.answers import Line
from shadowgate.production.reference import (
    Reference,
    Totals,
    judge_latencies,
    read_reference,
)
from tests.selftest.production.conftest import Production
from tests.selftest.production.looking import LookAt, looking

AFTER = "--after=full"


@pytest.fixture
def look(production: Production, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> LookAt:
    """A look after a stage."""
    return looking("verify", production, tmp_path, capsys)


@pytest.fixture
def migrated(production: Production) -> Production:
    """Production with the migration, applied by the role that deploys there."""
    statements = [each.sql for each in read_script(production.migration).statements]
    production.does("SET ROLE deployer", *statements)
    return production


@pytest.mark.newest_too
def test_the_migrated_production_is_as_planned(migrated: Production, look: LookAt) -> None:
    migrated.does(
        "INSERT INTO public.orders (customer_id, status, total, placed_on, note)"
        " VALUES (1, 'open', 1, '2026-01-01', 'by the door')"
    )
    found = look(AFTER)
    assert (found.status, found.verdict, found.reasons) == (0, "AS PLANNED", "")
    assert found.topics("fine") >= {
        "objects",
        "version",
        "invalid indexes",
        "constraints",
        "statistics",
    }
    assert found.output.rstrip().endswith("\nAS PLANNED")


@pytest.mark.newest_too
def test_before_the_migration_everything_that_it_makes_is_missing(look: LookAt) -> None:
    found = look("--after=canary")
    assert (found.status, found.verdict) == (1, "ESCALATE")
    for name in ("column public.orders.note", "table public.order_notes", "orders_placed_on"):
        assert name in found.reasons


def _invalid(production: Production) -> None:
    with suppress(psycopg.errors.UniqueViolation):
        production.does("CREATE UNIQUE INDEX CONCURRENTLY once ON public.orders (status)")


def _unfinished(production: Production) -> None:
    """The planned index, as a build leaves it that was cancelled."""
    production.does("DROP INDEX public.orders_placed_on")
    with (
        suppress(psycopg.errors.QueryCanceled),
        production.database.connect() as connection,
        production.open_transaction("UPDATE public.orders SET total = 2 WHERE id = 1"),
    ):
        connection.execute("SET statement_timeout = '500ms'")
        connection.execute(
            "CREATE INDEX CONCURRENTLY orders_placed_on ON public.orders (placed_on)"
        )


SEEDS: dict[str, tuple[Callable[[Production], None], str]] = {
    "a column has another type": (
        lambda p: p.does("ALTER TABLE public.orders ALTER note TYPE varchar(2000)"),
        r"column public.orders.note, type: character varying\(2000\) \(text\)",
    ),
    "an index is missing": (
        lambda p: p.does("DROP INDEX public.orders_placed_on"),
        "index public.orders_placed_on: not there",
    ),
    "an index is on another column": (
        lambda p: p.does(
            "DROP INDEX public.orders_placed_on",
            "CREATE INDEX orders_placed_on ON public.orders (total)",
        ),
        "index public.orders_placed_on, definition: ",
    ),
    "the planned index is invalid": (_unfinished, "index public.orders_placed_on, valid: False"),
    "another index is invalid": (_invalid, "index public.once on public.orders: invalid"),
    "a constraint is missing": (
        lambda p: p.does("ALTER TABLE public.orders DROP CONSTRAINT orders_note_short"),
        "constraint public.orders.orders_note_short: not there",
    ),
    "a constraint is not validated": (
        lambda p: p.does(
            "ALTER TABLE public.orders ADD CONSTRAINT later CHECK (total >= 0) NOT VALID"
        ),
        "constraint public.orders.later: not validated",
    ),
    "everybody may read the new table": (
        lambda p: p.does("GRANT SELECT ON public.order_notes TO PUBLIC"),
        "table public.order_notes, privileges: ",
    ),
    "statistics are missing": (
        lambda p: p.does(
            "INSERT INTO public.order_notes (order_id, note)"
            " SELECT g, 'x' FROM generate_series(1, 2000) AS g"
        ),
        "statistics of public.order_notes: none",
    ),
    "what was to be dropped is there": (
        lambda p: p.records("after.json", dropped=[{"kind": "table", "name": "public.customers"}]),
        "table public.customers: still there",
    ),
    "a value was to be changed": (
        lambda p: p.records(
            "after.json",
            changed=[
                {
                    "kind": "column",
                    "name": "public.customers.email",
                    "part_of": [["table", "public.customers"]],
                    "attribute": "type",
                    "value": "citext",
                }
            ],
        ),
        r"column public.customers.email, type: text \(citext\)",
    ),
    "the run was not GO": (
        lambda p: p.records("shadow.json", verdict="NO-GO"),
        "shadow run: NO-GO",
    ),
}


@pytest.mark.parametrize("seed", SEEDS)
def test_each_thing_that_is_not_as_planned_escalates(
    migrated: Production, look: LookAt, seed: str
) -> None:
    seeded, words = SEEDS[seed]
    seeded(migrated)
    found = look(AFTER)
    assert (found.status, found.verdict) == (1, "ESCALATE")
    assert re.search(words, found.reasons), found.reasons
    concerned = {reason.split(",")[0].split(":")[0] for reason in found.document["reasons"]}
    assert len(concerned) <= 2, found.reasons


def calls(production: Production, seconds: float, times: int = 40) -> None:
    """Calls of one statement: what differs is a constant, which the view leaves out."""
    production.does(*[f"SELECT 'a question', pg_sleep({seconds})"] * times)


@pytest.mark.newest_too
def test_a_query_that_got_slower_escalates_and_one_that_did_not_is_told(
    migrated: Production, look: LookAt
) -> None:
    calls(migrated, 0.001)
    assert main(["verify", f"--server={migrated.uri()}", "--take-reference=before.json"]) == 0
    calls(migrated, 0.03)
    found = look(AFTER, "--reference=before.json")
    assert (found.status, found.verdict) == (1, "ESCALATE")
    assert "query SELECT $1, pg_sleep($2)" in found.reasons
    assert "roll back" in found.reasons

    assert main(["verify", f"--server={migrated.uri()}", "--take-reference=later.json"]) == 0
    calls(migrated, 0.0001)
    found = look(AFTER, "--reference=later.json")
    assert (found.status, found.reasons) == (0, "")
    assert "not slower: 1 of 1 judged" in found.output


def test_too_few_calls_are_an_answer_of_their_own(migrated: Production, look: LookAt) -> None:
    calls(migrated, 0.001)
    assert main(["verify", f"--server={migrated.uri()}", "--take-reference=before.json"]) == 0
    calls(migrated, 0.001, times=3)
    found = look(AFTER, "--reference=before.json")
    assert found.status == 1
    assert found.topics("not answered") == {"latencies"}
    assert "latencies: not enough calls" in found.reasons


def test_totals_that_were_reset_since_are_not_compared(migrated: Production, look: LookAt) -> None:
    assert main(["verify", f"--server={migrated.uri()}", "--take-reference=before.json"]) == 0
    migrated.does("SELECT pg_stat_statements_reset()")
    assert "latencies: not comparable" in look(AFTER, "--reference=before.json").reasons


def test_a_reference_holds_no_constant_and_no_password(
    migrated: Production, tmp_path: Path
) -> None:
    migrated.does(
        "ALTER ROLE blind PASSWORD 'see-not-touch'", "SELECT 'a constant of somebody' AS c"
    )
    assert main(["verify", f"--server={migrated.uri()}", "--take-reference=before.json"]) == 0
    kept = (tmp_path / "before.json").read_text(encoding="utf-8")
    texts = [each.text for each in read_reference(tmp_path / "before.json").statements]
    assert "SELECT $1 AS c" in texts
    assert "somebody" not in kept
    assert "see-not-touch" not in kept


def test_a_role_that_may_not_see_what_others_ask_takes_no_reference(
    migrated: Production, capsys: pytest.CaptureFixture[str]
) -> None:
    calls(migrated, 0.001, times=1)
    server = f"--server={migrated.uri('blind')}"
    assert main(["verify", server, "--take-reference=before.json"]) == 4
    assert "GRANT pg_monitor" in capsys.readouterr().err


def queries(production: Production) -> str:
    return f"--queries={production.migration.with_name('queries')}"


@pytest.mark.newest_too
def test_plans_are_alike_where_the_planners_are(migrated: Production, look: LookAt) -> None:
    migrated.does("VACUUM ANALYZE")
    found = look(AFTER, queries(migrated))
    assert (found.status, found.reasons) == (0, "")
    assert "plans" in found.topics("fine")
    assert "2 of 2 alike" in found.output, found.output
    assert "values are not written down: 1" in found.output


def test_an_index_that_is_not_used_any_more_escalates(migrated: Production, look: LookAt) -> None:
    """It is there as planned, and every row has the value that is asked for."""
    migrated.does("UPDATE public.orders SET customer_id = 42", "VACUUM ANALYZE public.orders")
    found = look(AFTER, queries(migrated))
    assert found.status == 1
    assert "plan of Q1: does not use orders_customer" in found.reasons


def test_a_query_that_cannot_be_planned_any_more_is_not_left_out(
    migrated: Production, look: LookAt
) -> None:
    migrated.does("ALTER TABLE public.orders RENAME status TO state")
    assert "plans: not answered: " in look(AFTER, queries(migrated)).reasons


def test_plans_of_other_planners_are_not_compared(migrated: Production, look: LookAt) -> None:
    settings = migrated.recorded("shadow.json")["server"]["settings"]
    server = {**migrated.recorded("shadow.json")["server"]}
    migrated.records("shadow.json", server={**server, "settings": {**settings, "work_mem": "1GB"}})
    found = look(AFTER, queries(migrated))
    assert (found.status, found.reasons) == (0, "")
    assert "instead of 1GB" in found.output


OLD = Totals("q", "SELECT 1", 1000, 10_000.0, 110_000.0)
"""10 ms on the average, with a standard deviation of 3.2."""


def later(calls_since: int, mean_ms: float) -> Totals:
    return dataclasses.replace(
        OLD,
        calls=OLD.calls + calls_since,
        total_ms=OLD.total_ms + calls_since * mean_ms,
        squares_ms2=OLD.squares_ms2 + calls_since * (mean_ms**2 + 10),
    )


def judged(now: Totals) -> list[Line]:
    def at(taken: str, *statements: Totals) -> Reference:
        return Reference(taken, "2026-01-01", "shop", statements)

    return list(judge_latencies(at("2026-01-02", OLD), at("2026-01-03", now), 5.0))


@pytest.mark.parametrize(
    ("now", "standings"),
    [
        (later(10_000, 10.0), ["fine"]),
        (later(10_000, 12.0), ["stop"]),
        (later(10_000, 5.0), ["fine"]),
        (later(29, 100.0), ["note", "not answered"]),
        (later(40, 10.6), ["note", "not answered"]),
        (later(0, 0.0), ["not answered"]),
        (dataclasses.replace(OLD, calls=5), ["note", "not answered"]),
    ],
)
def test_means_are_judged_by_their_intervals(now: Totals, standings: list[str]) -> None:
    assert [line.standing for line in judged(now)] == standings


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([AFTER, "--shadow=none.json"], "there is no none.json"),
        ([AFTER, "--reference=none.json"], "there is no none.json"),
        ([AFTER, "--reference=reports/shadow.json"], "is not a reference"),
        (["--take-reference=a/b", "--shadow=reports/shadow.json"], "compares nothing"),
        (["--take-reference=reports"], "cannot be written"),
    ],
)
def test_what_is_wrong_with_the_request_ends_with_status_4(
    production: Production,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: str,
) -> None:
    assert main(["verify", f"--server={production.uri()}", *arguments]) == 4
    assert words in capsys.readouterr().err


def test_a_run_that_kept_nothing_is_refused(
    production: Production, capsys: pytest.CaptureFixture[str]
) -> None:
    server = f"--server={production.uri()}"
    production.records("after.json", created="x")
    assert main(["verify", server, AFTER]) == 4
    (production.reports / "after.json").unlink()
    assert main(["verify", server, AFTER]) == 4
    assert capsys.readouterr().err.count("run shadowgate again") == 2
