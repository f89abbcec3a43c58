"""Harmless migrations pass every check that applies; each with a mistake in it fails the one named.

A false alarm is as grave as a miss: none of these is expected to fail. What takes long (readers and
writers at work, interruptions, the snapshot) is judged for a few of them, and for all with
``SHADOWGATE_NIGHTLY=1``.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from shadowgate.phases.registry import CHECKS
from shadowgate.server import Database
from tests.selftest.harmless.bench import Bench, checks_of_harmless, plan_of
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

JUDGED_WHOLE = ("nullable_column", "index_concurrently", "not_null_proved_by_check")
"""Judged by the costly checks too: a lock of a moment, a long build, a proof in several steps."""

_KEYS = ("\\restrict", "\\unrestrict")

NIGHTLY = os.environ.get("SHADOWGATE_NIGHTLY", "") not in ("", "0")


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """The server with the shop; afterwards nobody must have written to it."""
    with Bench() as opened:
        yield opened
        assert opened.drift() == ()


@pytest.mark.parametrize("migration", CORPUS, ids=lambda migration: migration.name)
def test_a_harmless_migration_is_let_pass(bench: Bench, migration: Migration) -> None:
    outcome = bench.judge(migration, costly=NIGHTLY or migration.name in JUDGED_WHOLE)
    assert len([each for each in outcome.results if each.status == "passed"]) > 15
    if outcome.against:
        pytest.fail(outcome.in_words(), pytrace=False)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.id)
def test_a_mistake_is_caught_by_the_check_named(bench: Bench, mistake: Mistake) -> None:
    outcome = bench.judge_mistake(mistake)
    told = any(mistake.says in each.detail for each in outcome.against)
    assert told, f"{mistake.what}\n{outcome.in_words() or 'nothing was found'}"


@pytest.mark.parametrize("migration", CORPUS, ids=lambda migration: migration.name)
def test_scripts_run_in_psql_and_the_way_back_leads_back(
    bench: Bench, untouched: Counter[str], migration: Migration, tmp_path: Path
) -> None:
    with bench.copy() as copy:
        _psql(bench, copy, migration.script)
        _psql(bench, copy, migration.script)  # repeated, as a deployment that is retried
        _psql(bench, copy, migration.rollback)
        led_to = _dumped(bench, copy, tmp_path / "dump")
        assert (led_to - untouched, untouched - led_to) == (Counter(), Counter())
        _psql(bench, copy, migration.script)


@pytest.fixture(scope="module")
def untouched(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Counter[str]:
    """The lines of a dump of the shop."""
    return _dumped(bench, bench.shop, tmp_path_factory.mktemp("untouched") / "dump")


def _psql(bench: Bench, database: Database, script: Path) -> None:
    done = bench.server.tools.run(
        "psql",
        ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file={script}"],
        database=database.name,
        files={"script": script},
    )
    assert done.status == 0, done.stderr


def _dumped(bench: Bench, database: Database, target: Path) -> Counter[str]:
    """What pg_dump writes of a database, in whatever order: rows move, and names are sorted.

    It protects each dump by a key of its own.
    """
    done = bench.server.tools.run(
        "pg_dump", ["--file={dump}"], database=database.name, files={"dump": target}
    )
    assert done.status == 0, done.stderr
    lines = target.read_text(encoding="utf-8").splitlines()
    return Counter(line for line in lines if not line.startswith(_KEYS))


def test_there_are_migrations_of_many_kinds_each_with_a_mistake() -> None:
    assert len(CORPUS) >= 30
    assert {mistake.migration for mistake in MISTAKES} == set(CORPUS)
    assert set(JUDGED_WHOLE) <= {migration.name for migration in CORPUS}


def test_only_what_takes_long_is_left_to_the_nightly_run() -> None:
    always, all_ = checks_of_harmless(costly=False), checks_of_harmless(costly=True)
    assert {check.id for check in all_} - {check.id for check in always} == {
        "migration.waiting",
        "migration.writes_kept",
        "migration.interruptible",
        "rollback.snapshot",
        "rollback.snapshot_restores",
        "rollback.waiting",
        "rollback.writes_kept",
    }
    assert {check.id for check in CHECKS if check.phase in (5, 8)} < {check.id for check in all_}


def test_a_plan_says_what_its_folder_says() -> None:
    folder = FOLDER / "table_renamed_behind_a_view"
    plan = plan_of(folder, migration=folder / "mistake.sql")
    assert plan.renames == {"public.tickets": "public.support_tickets"}
    assert plan.creates.view == ("public.tickets",)
    assert (plan.migration.name, plan.rollback.name) == ("mistake.sql", "rollback.sql")
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
