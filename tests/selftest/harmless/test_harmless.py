"""Harmless migrations pass every check that applies; each with a mistake in it fails the one named.

A false alarm is as grave as a miss: none of these is expected to fail. What takes long (readers and
writers at work, interruptions, the snapshot) is judged for a few of them, and for all with
``SHADOWGATE_NIGHTLY=1``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from shadowgate.phases.registry import CHECKS
from tests.selftest.harmless.bench import (
    Bench,
    Outcome,
    Shop,
    Walk,
    checks_of_harmless,
    plan_of,
)
from tests.selftest.harmless.corpus import (
    FOLDER,
    CorpusError,
    Migration,
    Mistake,
    parse_mistake,
    read_corpus,
    read_mistakes,
)

CORPUS = read_corpus()
MISTAKES = [mistake for migration in CORPUS for mistake in read_mistakes(migration)]
MISTAKE_IDS = [mistake.id for mistake in MISTAKES]

WHOLE = ("nullable_column", "index_concurrently", "not_null_proved_by_check")
"""Judged by the costly checks too: a lock of a moment, a long build, a proof in several steps."""

NIGHTLY = os.environ.get("SHADOWGATE_NIGHTLY", "") not in ("", "0")


@dataclass(frozen=True)
class Trial:
    """What a test is about, by its name."""

    name: str
    on: Callable[[Shop], Outcome | Walk]


LET_PASS = [
    Trial(each.name, partial(Shop.judge, migration=each, costly=NIGHTLY or each.name in WHOLE))
    for each in CORPUS
]
CAUGHT = [Trial(each.id, partial(Shop.judge_mistake, mistake=each)) for each in MISTAKES]
WALKED = [Trial(each.name, partial(Shop.walk, migration=each)) for each in CORPUS]


@pytest.fixture(scope="module")
def begun(request: pytest.FixtureRequest) -> Iterator[Mapping[Trial, Future[Any]]]:
    """The outcomes to come of all chosen tests."""
    asked = [
        cast(Trial, item.callspec.params["trial"])
        for item in request.session.items
        if isinstance(item, pytest.Function) and "outcome" in item.fixturenames
    ]
    with Bench() as bench:
        yield {trial: bench.begin(trial.on) for trial in asked}


@pytest.fixture
def outcome(begun: Mapping[Trial, Future[Any]], trial: Trial) -> Any:
    """The outcome of this test's trial."""
    return begun[trial].result()


@pytest.mark.parametrize("trial", LET_PASS, ids=lambda trial: trial.name)
def test_a_harmless_migration_is_let_pass(outcome: Outcome) -> None:
    assert len([each for each in outcome.results if each.status == "passed"]) > 15
    if outcome.against:
        pytest.fail(outcome.in_words(), pytrace=False)


@pytest.mark.parametrize(
    ("trial", "mistake"), list(zip(CAUGHT, MISTAKES, strict=True)), ids=MISTAKE_IDS
)
def test_a_mistake_is_caught_by_the_check_named(outcome: Outcome, mistake: Mistake) -> None:
    if not any(mistake.says in each.detail for each in outcome.against):
        found = outcome.in_words() or "nothing was found"
        pytest.fail(f"{mistake.what}\n{found}", pytrace=False)


@pytest.mark.parametrize("trial", WALKED, ids=lambda trial: trial.name)
def test_scripts_run_in_psql_and_the_way_back_leads_back(outcome: Walk) -> None:
    assert outcome == Walk(errors=(), astray=())


def test_there_are_migrations_of_many_kinds_each_with_a_mistake() -> None:
    assert len(CORPUS) >= 30
    assert {mistake.migration for mistake in MISTAKES} == set(CORPUS)
    assert set(WHOLE) <= {migration.name for migration in CORPUS}


def test_only_what_takes_long_is_left_to_the_nightly_run() -> None:
    always, all_ = checks_of_harmless(costly=False), checks_of_harmless(costly=True)
    assert {check.id for check in all_} - {check.id for check in always} == {
        "migration.waiting",
        "migration.lock_queue",
        "migration.production_size",
        "migration.open_sessions",
        "migration.writes_kept",
        "migration.interruptible",
        "rollback.snapshot",
        "rollback.snapshot_restores",
        "rollback.waiting",
        "rollout.rehearsed",
        "rollback.writes_kept",
    }
    assert {check.id for check in CHECKS if check.phase in (5, 8)} < {check.id for check in all_}


def test_a_plan_is_derived_where_the_folder_has_none() -> None:
    folder = FOLDER / "nullable_column"
    plan = plan_of(folder, rollback=folder / "mistake_rollback.sql")
    assert not plan.path.is_file()
    assert plan.migration == folder / "migration.sql"
    assert plan.rollback == folder / "mistake_rollback.sql"
    assert plan.workload.queries == FOLDER / "queries"


def test_a_plan_that_the_folder_has_is_read() -> None:
    folder = FOLDER / "table_renamed_behind_a_view"
    plan = plan_of(folder, migration=folder / "mistake.sql")
    assert plan.renames == {"public.tickets": "public.support_tickets"}
    assert plan.path == folder / "plan.toml"
    assert plan.migration == folder / "mistake.sql"
    assert plan.rollback == folder / "rollback.sql"
    assert plan.workload.queries == folder / "queries"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("-- check: migration.applied\n-- says: it\n\nSELECT 1;", "a sentence"),
        ("-- Did it.\n-- says: it\n\nSELECT 1;", "check"),
        ("-- Did it.\n-- check: migration.applied\n\nSELECT 1;", "says"),
        ("-- Did it.\n-- check: migration.applied\n-- says: it\n\n", "SQL"),
        ("-- Did it.\n-- check: migration.luck\n-- says: it\n\nSELECT 1;", "no check"),
        ("-- Did it.\n-- says: it\n-- says: that\n\nSELECT 1;", "twice"),
    ],
)
def test_a_header_that_cannot_be_used_is_an_error(
    tmp_path: Path, text: str, complaint: str
) -> None:
    path = tmp_path / "mistake.sql"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CorpusError, match=complaint):
        parse_mistake(Migration(tmp_path), path)


def test_a_migration_without_a_way_back_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "kind").mkdir()
    (tmp_path / "kind" / "migration.sql").write_text("SELECT 1;", encoding="utf-8")
    with pytest.raises(CorpusError, match="no way back"):
        read_corpus(tmp_path)
