"""The four weeks into production."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import itertools
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.errors import PlanError
from shadowgate.phases.rollout.document import render_markdown, rollout_plan
from shadowgate.phases.rollout.model import RolloutFacts, RolloutPlan
from shadowgate.plan import RolloutSection
from shadowgate.server import Database
from tests.selftest.report.samples import go_sample

START = dt.date(2026, 2, 13)


def facts(**changes: object) -> RolloutFacts:
    known = RolloutFacts(
        title="OPT1",
        verdict="GO",
        risk="LOW",
        reasons=("all checks passed",),
        migration="migrations/opt1.sql",
        rollback="migrations/rollback/opt1.sql",
        digests=(("migrations/opt1.sql", "ab" * 32),),
        tables=("public.demo",),
        rows=251_247,
        migration_seconds=18.2,
        reader_wait_ms=61.3,
        writer_wait_ms=412.0,
        rollback_measured_seconds=9.4,
        rows_lost=0,
        targets=(("Q5", 25.0),),
        queries=go_sample().queries,
    )
    return dataclasses.replace(known, **changes)  # type: ignore[arg-type]


def planned(known: RolloutFacts, **numbers: object) -> RolloutPlan:
    section = dataclasses.replace(RolloutSection(START), **numbers)  # type: ignore[arg-type]
    return rollout_plan(known, section)


def spans(plan: RolloutPlan) -> list[tuple[str, str]]:
    return [(week.first.isoformat(), week.last.isoformat()) for week in plan.weeks]


def test_the_weeks_of_the_original_plan_on_days_that_exist() -> None:
    assert spans(planned(facts())) == [
        ("2026-02-13", "2026-02-15"),
        ("2026-02-16", "2026-02-17"),
        ("2026-02-18", "2026-02-22"),
        ("2026-02-23", "2026-03-01"),
    ]


def test_a_leap_year_has_its_day() -> None:
    assert spans(planned(facts(), start=dt.date(2028, 2, 13)))[-1] == ("2028-02-23", "2028-02-29")


@given(
    st.dates(max_value=dt.date(9999, 1, 1)),
    st.integers(1, 9),
    st.integers(1, 9),
    st.integers(4, 9),
    st.integers(1, 9),
)
def test_the_weeks_follow_each_other_without_gap_or_overlap(
    start: dt.date, first: int, second: int, third: int, fourth: int
) -> None:
    weeks = planned(
        facts(),
        start=start,
        preproduction_days=first,
        canary_days=second,
        gradual_days=third,
        stabilisation_days=fourth,
    ).weeks
    assert weeks[0].first == start
    assert [week.days for week in weeks] == [first, second, third, fourth]
    for earlier, later in itertools.pairwise(weeks):
        assert later.first - earlier.last == dt.timedelta(days=1)


@given(st.dates(max_value=dt.date(9999, 1, 1)))
def test_every_date_in_the_document_lies_in_the_rollout(start: dt.date) -> None:
    plan = planned(facts(queries=()), start=start)
    named = re.findall(r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun) (\d{4}-\d\d-\d\d)", render_markdown(plan))
    assert named
    for weekday, text in named:
        date = dt.date.fromisoformat(text)
        assert plan.weeks[0].first <= date <= plan.weeks[-1].last
        assert date.weekday() == ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun").index(weekday)


def test_a_start_at_the_end_of_the_calendar_is_refused() -> None:
    with pytest.raises(PlanError, match="too late"):
        planned(facts(), start=dt.date(9999, 12, 30))


def test_the_gradual_week_raises_validates_and_completes_on_its_days() -> None:
    gradual = planned(facts()).weeks[2]
    when = {task.what.split(":")[0]: task.when for task in gradual.tasks}
    assert when["send 50 % of the read sessions to the canary"] == "Wed 2026-02-18"
    assert when["validate performance at scale"] == "Thu 2026-02-19 to Fri 2026-02-20"
    assert when["100 %"] == "Sat 2026-02-21 to Sun 2026-02-22"


def test_a_no_go_says_first_that_the_rollout_must_not_start_and_why() -> None:
    plan = planned(facts(verdict="NO-GO", risk="HIGH", reasons=("rows were lost",)))
    _title, notice, *_rest = render_markdown(plan).split("\n\n")
    assert notice.startswith("> **NO-GO. This rollout must not start.**")
    assert "> - rows were lost" in notice


def test_a_quick_go_does_not_open_the_way_either() -> None:
    plan = planned(facts(quick=True))
    assert "must not start yet" in render_markdown(plan).split("\n\n")[1]


def test_a_go_opens_the_way() -> None:
    plan = planned(facts())
    assert "must not start" not in render_markdown(plan)


def test_the_measured_numbers_stand_beside_the_limits() -> None:
    text = render_markdown(planned(facts()))
    for line in (
        "| Q5 against production's reference | ≥ 25 % faster | −31.9 % (−33.6 to −30.0 %) |",
        "| duration of the rollback | ≤ 5 min | 9.4 s |",
        "| longest wait of a reader while the primary is migrated | 500 ms | 61.3 ms |",
        "| longest wait of a writer while the primary is migrated | 1,000 ms | 412 ms |",
        "| slowest query against production's reference | ≤ +5.0 % | W1 +3.2 % |",
        "| rows in the restored backup | as in production | 251,247 |",
        "| failed transactions | ≤ 0.1 % | – |",
    ):
        assert line in text


def test_what_was_not_measured_is_called_so() -> None:
    bare = RolloutFacts(title="x", verdict="GO", migration="m.sql", rollback="r.sql")
    text = render_markdown(planned(dataclasses.replace(bare, targets=(("Q5", 25.0),))))
    assert "| Q5 in production | ≥ 25 % faster | not measured |" in text
    assert "| duration of the rollback | ≤ 5 min | not measured |" in text
    assert "None" not in text


def test_other_numbers_of_the_plan_reach_the_document() -> None:
    plan = planned(
        facts(), canary_percent=10, gradual_percent=40, latency_percent=3.0, error_percent=0.5
    )
    text = render_markdown(plan)
    assert "10 % of the read sessions" in text
    assert "send 40 % of the read sessions" in text
    assert "a query's latency more than 3 % above its reference" in text
    assert "more than 0.5 % of the transactions fail" in text
    assert "reference × 1.03" in text


def test_triggers_escalation_and_signatures_are_there_and_nothing_is_ticked() -> None:
    text = render_markdown(planned(facts()))
    for said in ("roll back at once", "any integrity issue", "emergency halt", "on-call team"):
        assert said in text
    assert "| Database administrator | | | |" in text
    assert text.count("- [ ]") >= 20
    assert "[x]" not in text


def test_a_path_or_a_title_cannot_break_out_of_its_place() -> None:
    text = render_markdown(
        planned(facts(migration="a b; rm -rf x.sql", title="a", tables=("t'x",)))
    )
    assert "-f 'a b; rm -rf x.sql'" in text
    assert "'t''x'" in text


def test_no_password_reaches_the_document() -> None:
    told = ("could not connect to postgresql://u:s3cr3t@h/d",)
    text = render_markdown(planned(facts(verdict="NO-GO", reasons=told)))
    assert "s3cr3t" not in text


def commands(heading: str) -> str:
    text = render_markdown(planned(facts()))
    part = text[text.index(f"### {heading}") :]
    return part[part.index("```sh\n") + 6 : part.index("\n```\n")]


def sql_of(heading: str) -> list[str]:
    script = commands(heading)
    body = script[script.index("<<'SQL'\n") + 8 : script.rindex("\nSQL")]
    return [statement for statement in body.split(";\n") if statement.strip("; \n")]


def test_every_command_is_shell_that_parses() -> None:
    text = render_markdown(planned(facts()))
    blocks = re.findall(r"```sh\n(.*?)\n```", text, re.DOTALL)
    assert len(blocks) == 8
    for block in blocks:
        done = subprocess.run(
            ["bash", "-n"], input=block, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")


def test_each_script_is_told_with_its_own_checksum() -> None:
    plan = planned(
        facts(
            migration="migrations/opt1.sql",
            rollback="migrations/rollback/opt1.sql",
            digests=(("opt1.sql", "aa"), ("rollback/opt1.sql", "bb"), ("x.dump", "cc")),
        ),
    )
    assert plan.scripts == (("migrations/opt1.sql", "aa"), ("migrations/rollback/opt1.sql", "bb"))


def test_the_checksums_find_a_script_that_was_changed(tmp_path: Path) -> None:
    script = tmp_path / "migrations" / "opt1.sql"
    script.parent.mkdir()
    script.write_text("SELECT 1;\n")
    digest = hashlib.sha256(script.read_bytes()).hexdigest()
    text = render_markdown(planned(facts(digests=(("migrations/opt1.sql", digest),))))
    block = re.findall(r"```sh\n(sha256sum.*?)\n```", text, re.DOTALL)[0]

    def check() -> int:
        return subprocess.run(
            ["bash", "-c", block], cwd=tmp_path, capture_output=True, check=False
        ).returncode

    assert check() == 0
    script.write_text("SELECT 2;\n")
    assert check() != 0


@pytest.fixture
def demo(make_database: Callable[..., Database]) -> Database:
    database = make_database()
    with database.connect() as connection:
        connection.execute(
            """CREATE TABLE demo (id int NOT NULL, at date NOT NULL, g geometry)
                PARTITION BY RANGE (at)"""
        )
        connection.execute("CREATE TABLE demo_default PARTITION OF demo DEFAULT")
        connection.execute(
            "INSERT INTO demo SELECT n, '2029-01-01'::date + n, ST_Point(n, n)"
            "  FROM generate_series(1, 50) AS n"
        )
    return database


def content(database: Database) -> tuple[object, ...]:
    with database.connect() as connection:
        (statement,) = sql_of("Content before and after")
        row = connection.execute(statement.encode()).fetchone()
    assert row is not None
    return row


def test_the_content_is_equal_when_rows_only_move_and_differs_when_one_changes(
    demo: Database,
) -> None:
    before = content(demo)
    assert before[:2] == ("public.demo", 50)
    with demo.connect() as connection:
        connection.execute("ALTER TABLE demo DETACH PARTITION demo_default")
        connection.execute(
            "CREATE TABLE demo_2029 PARTITION OF demo"
            " FOR VALUES FROM ('2029-01-01') TO ('2030-01-01')"
        )
        connection.execute("INSERT INTO demo SELECT * FROM demo_default")
    assert content(demo) == before
    with demo.connect() as connection:
        connection.execute("UPDATE demo SET g = ST_Translate(g, 0.001, 0) WHERE id = 7")
    assert content(demo) != before


def test_verifying_finds_nothing_on_a_sound_database_and_names_what_is_not(demo: Database) -> None:
    def found() -> list[list[psycopg.rows.TupleRow]]:
        with demo.connect() as connection:
            return [connection.execute(s.encode()).fetchall() for s in sql_of("Verify")]

    assert found() == [[], [], []]
    with demo.connect() as connection:
        connection.execute("ALTER TABLE demo_default ADD CONSTRAINT late CHECK (id > 0) NOT VALID")
    assert found()[1] == [("demo_default", "late")]


def test_watching_reads_latencies_and_the_share_of_failed_transactions(demo: Database) -> None:
    with demo.connect() as connection:
        connection.execute("CREATE EXTENSION pg_stat_statements")
        connection.execute("SELECT count(*) FROM demo")
        latencies, failures = sql_of("Watch")
        queries = [row[-1] for row in connection.execute(latencies.encode())]
        share = connection.execute(failures.encode()).fetchone()
    assert "SELECT count(*) FROM demo" in queries
    assert share is not None
