"""Preflight: GO where nothing stands against it, and one reason for each thing that does."""

from __future__ import annotations

import datetime as dt
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import psycopg
import pytest

from shadowgate.command import main
from shadowgate.production import activity
from shadowgate.production.answers import read_rows
from shadowgate.production.known import Known
from shadowgate.production.server import Version, judge_version
from shadowgate.production.touched import NOTHING
from shadowgate.server.tools import find_host_tools
from tests.selftest.production.conftest import Production
from tests.selftest.production.looking import LookAt, looking
from tests.selftest.server_runs import comes_true

GRANTED = "--role=deployer"


@pytest.fixture
def fly(production: Production, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> LookAt:
    """A preflight."""
    return looking("preflight", production, tmp_path, capsys)


@pytest.mark.newest_too
def test_production_as_the_shadow_was_is_go(production: Production, fly: LookAt) -> None:
    found = fly(GRANTED, f"--migration={production.migration}")  # reports/shadow.json is found
    assert (found.status, found.verdict, found.reasons) == (0, "GO", "")
    assert found.output.rstrip().endswith("\nGO")
    assert found.topics("fine") >= {
        "migration",
        "backup",
        "version",
        "transactions",
        "prepared transactions",
        "locks",
        "replication slots",
        "tables touched",
        "names to be created",
        "invalid indexes",
        "rows",
        "role deployer",
        "WAL",
    }


Seed = Callable[[Production], AbstractContextManager[object]]


def does(*statements: str) -> Seed:
    def seeded(production: Production) -> AbstractContextManager[object]:
        production.does(*statements)
        return nullcontext()

    return seeded


def records(name: str, **changes: Any) -> Seed:
    def seeded(production: Production) -> AbstractContextManager[object]:
        production.records(name, **changes)
        return nullcontext()

    return seeded


def open_with(*statements: str) -> Seed:
    return lambda production: production.open_transaction(*statements)


@contextmanager
def prepared(production: Production) -> Iterator[None]:
    production.does(
        "BEGIN; SELECT 1 FROM public.customers LIMIT 1; PREPARE TRANSACTION 'forgotten'"
    )
    try:
        yield
    finally:
        production.does("ROLLBACK PREPARED 'forgotten'")


@contextmanager
def invalid_index(production: Production) -> Iterator[None]:
    with pytest.raises(psycopg.errors.UniqueViolation):
        production.does("CREATE UNIQUE INDEX CONCURRENTLY once ON public.orders (status)")
    yield


def write_wal(production: Production) -> None:
    """More than ``max_wal_size``."""
    for _ in range(5):
        production.does("SELECT pg_logical_emit_message(false, 'x', 'y')", "SELECT pg_switch_wal()")


@contextmanager
def slot_behind(production: Production) -> Iterator[None]:
    production.does("SELECT pg_create_physical_replication_slot('away', true)")
    try:
        write_wal(production)
        yield
    finally:
        production.does("SELECT pg_drop_replication_slot('away')")


@contextmanager
def reader_behind(production: Production) -> Iterator[None]:
    """A program that follows the WAL, and is stopped."""
    at = production.server.endpoint
    program = find_host_tools(production.server.facts.version_num).bindir / "pg_receivewal"
    follows = subprocess.Popen(
        [program, "--no-password", f"--directory={Path.cwd()}", "--synchronous"],
        env={
            "PGHOST": at.host,
            "PGPORT": str(at.port),
            "PGUSER": at.user,
            "PGPASSWORD": at.password or "",
        },
        stderr=subprocess.PIPE,
    )
    try:
        assert comes_true(lambda: _follows(production)), follows.communicate()
        os.kill(follows.pid, signal.SIGSTOP)
        write_wal(production)
        yield
    finally:
        os.kill(follows.pid, signal.SIGCONT)
        follows.kill()
        follows.communicate()


def _follows(production: Production) -> bool:
    with production.database.connect() as connection:
        question = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"
        found = connection.execute(question).fetchone()
    return found is not None and found[0] > 0


SEEDS: dict[str, tuple[Seed, str]] = {
    "the shadow run was not GO": (records("shadow.json", verdict="NO-GO"), "shadow run: NO-GO"),
    "the backup was a generated one": (
        lambda p: records(
            "shadow.json", plan={**p.recorded("shadow.json")["plan"], "generated_rows": 20000}
        )(p),
        "backup: generated",
    ),
    "the backup is old": (
        records("after.json", backup_written="2020-02-03T04:05:06+00:00"),
        "backup: .* days old",
    ),
    "another major version": (
        lambda p: records(
            "shadow.json", server={**p.recorded("shadow.json")["server"], "version": "13.4"}
        )(p),
        "version: .*run the shadow on production's major version",
    ),
    "another encoding": (
        lambda p: records(
            "shadow.json",
            server={
                **p.recorded("shadow.json")["server"],
                "settings": {"server_encoding": "LATIN1"},
            },
        )(p),
        "setting server_encoding: UTF8",
    ),
    "an extension is missing": (
        records("after.json", extensions={"hstore": "1.8"}),
        "extension hstore: not installed",
    ),
    "an extension is another": (
        records("after.json", extensions={"pg_stat_statements": "2.0"}),
        "extension pg_stat_statements: 1",
    ),
    "PostGIS is missing": (
        records("after.json", extensions={"postgis": "3.3.2"}),
        "extension postgis: not installed",
    ),
    "a transaction is long": (open_with("SELECT pg_sleep(0.05)"), "idle in transaction: .*report"),
    "a transaction is prepared": (prepared, "prepared transaction: forgotten of postgres"),
    "a table is locked": (
        open_with("LOCK TABLE public.orders IN SHARE MODE"),
        "lock on public.orders: ShareLock of postgres",
    ),
    "a slot keeps WAL": (slot_behind, "replication slot: away inactive, keeps .*extended"),
    "a reader is behind": (reader_behind, "replication: pg_receivewal .* behind"),
    "a table is missing": (
        does("ALTER TABLE public.orders RENAME TO purchases"),
        "table public.orders: not there",
    ),
    "a column is there already": (
        does("ALTER TABLE public.orders ADD COLUMN note varchar(10)"),
        "column public.orders.note: there already",
    ),
    "a table is there already": (
        does("CREATE TABLE public.order_notes ()"),
        "table public.order_notes: there already",
    ),
    "an index is invalid": (invalid_index, "index public.once on public.orders: invalid"),
    "rows are others": (
        does("DELETE FROM public.orders WHERE id % 2 = 0; ANALYZE public.orders"),
        "rows of public.orders: about 10,000",
    ),
    "rows were never counted": (
        does(
            "CREATE TABLE kept AS TABLE public.orders; TRUNCATE public.orders;"
            "INSERT INTO public.orders (customer_id, status, total, placed_on)"
            " SELECT customer_id, status, total, placed_on FROM kept"
        ),
        "rows of public.orders: never counted",
    ),
    "nothing may be created": (
        does("REVOKE CREATE ON SCHEMA public FROM deployer, PUBLIC"),
        "role deployer: may not .*GRANT CREATE ON SCHEMA public TO deployer",
    ),
    "more WAL than max_wal_size": (records("after.json", wal_bytes=2**30), "WAL: max_wal_size 32"),
    "a question gets no answer": (
        open_with("LOCK TABLE pg_catalog.pg_extension IN ACCESS EXCLUSIVE MODE"),
        "extensions: not answered: another session holds a lock",
    ),
}


@pytest.mark.parametrize("seed", SEEDS)
def test_each_thing_in_the_way_is_the_one_reason_not_to_go(
    production: Production, fly: LookAt, monkeypatch: pytest.MonkeyPatch, seed: str
) -> None:
    if seed in ("a transaction is long", "a transaction is prepared"):
        monkeypatch.setattr(activity, "LONG_SECONDS", 0.001)
        monkeypatch.setattr(activity, "HELD_SECONDS", 0.001)
    seeded, words = SEEDS[seed]
    with seeded(production):
        found = fly(GRANTED)
    assert (found.status, found.verdict) == (1, "NO-GO")
    concerned = {reason.partition(":")[0] for reason in found.document["reasons"]}
    assert len(concerned) == 1 or seed in TOGETHER, found.reasons
    assert re.search(words, found.reasons), found.reasons
    assert words.split(":")[0] in found.output


TOGETHER = ("a table is missing", "a question gets no answer")
"""What is in the way of several questions at once."""


@pytest.mark.newest_too
def test_a_role_that_owns_nothing_is_told_so(fly: LookAt) -> None:
    found = fly()
    assert found.status == 1
    assert "role watcher: may not (to alter public.orders)" in found.reasons


def test_a_role_that_sees_no_other_session_gives_no_answer(
    production: Production, fly: LookAt
) -> None:
    with production.open_transaction():
        found = fly(GRANTED, role="blind")
    assert found.status == 1
    assert "transactions: not visible" in found.reasons


def test_another_script_than_the_validated_one_is_noticed(
    production: Production, fly: LookAt, tmp_path: Path
) -> None:
    script = tmp_path / "notes.sql"
    script.write_text(production.migration.read_text("utf-8") + "-- edited\n", encoding="utf-8")
    found = fly(GRANTED, f"--migration={script}")
    assert "not the script that the shadow run validated" in found.reasons


def test_without_a_record_of_what_it_touches_a_run_says_nothing_of_that(
    production: Production, fly: LookAt
) -> None:
    (production.reports / "after.json").unlink()
    found = fly(GRANTED)
    assert "after.json: not there" in found.reasons


def test_by_its_text_alone_a_script_is_held_against_production(
    production: Production, fly: LookAt, tmp_path: Path
) -> None:
    (production.reports / "shadow.json").unlink()
    found = fly(GRANTED, f"--migration={production.migration}")
    assert (found.status, found.reasons) == (0, "")
    assert "none named" in found.output
    with production.open_transaction("LOCK TABLE public.orders IN SHARE MODE"):
        assert (
            "lock on public.orders" in fly(GRANTED, f"--migration={production.migration}").reasons
        )
    opaque = tmp_path / "opaque.sql"
    opaque.write_text("DO $$ BEGIN EXECUTE 'ANALYZE'; END $$;\n", encoding="utf-8")
    assert "not in its text" in fly(GRANTED, f"--migration={opaque}").reasons


def test_what_is_common_in_a_busy_database_is_in_nobodys_way(
    production: Production, fly: LookAt
) -> None:
    """Short transactions, an idle session, a slot that keeps up, what the script drops first."""
    production.does(
        "SELECT pg_create_physical_replication_slot('near', true)",
        "CREATE INDEX orders_placed_on ON public.orders (placed_on)",
        "ALTER TABLE public.orders ADD CONSTRAINT orders_note_short CHECK (true)",
    )
    try:
        with (
            production.open_transaction("UPDATE public.orders SET total = 1 WHERE id = 1"),
            production.open_transaction("SELECT count(*) FROM public.orders"),
            production.open_transaction(
                "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", "SELECT count(*) FROM public.orders"
            ),
            production.database.connect(),
        ):
            found = fly(GRANTED)
            (production.reports / "shadow.json").unlink()
            by_text = fly(GRANTED, f"--migration={production.migration}")
    finally:
        production.does("SELECT pg_drop_replication_slot('near')")
    assert (found.status, found.reasons) == (0, "")
    assert (by_text.status, by_text.reasons) == (0, "")


def test_a_standby_is_no_place_for_a_migration() -> None:
    """No standby is at hand: the judgement alone."""
    known = Known(None, NOTHING, "", dt.datetime.now(dt.UTC))
    lines = list(judge_version([Version("15.4", 15, True)], known))
    assert [line.standing for line in lines] == ["stop", "note"]
    assert "primary" in lines[0].meaning


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--shadow=none.json"], "there is no none.json"),
        (["--shadow=broken.json"], "not a shadow.json"),
        (["--shadow=other.json"], "not a shadow.json"),
        (["--migration=none.sql"], "none.sql"),
        (["--plan=none.toml"], "none.toml"),
        ([], "nothing says what is to be applied"),
        (["--rows=3"], "unrecognized arguments"),
        (["--plan=a", "--migration=b"], "not allowed with"),
    ],
)
def test_what_is_wrong_with_the_request_ends_with_status_4(
    production: Production, tmp_path: Path, arguments: list[str], words: str
) -> None:
    for file in production.reports.iterdir():
        file.unlink()
    (tmp_path / "broken.json").write_text('{"schema": 1', encoding="utf-8")
    (tmp_path / "other.json").write_text('{"schema": 1, "verdict": "GO"}', encoding="utf-8")
    asked = [sys.executable, "-m", "shadowgate", "preflight", f"--server={production.uri()}"]
    run = subprocess.run(
        [*asked, *arguments],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 4, run.stderr
    assert words in run.stderr
    assert "Traceback" not in run.stderr
    assert "see-not-touch" not in run.stderr


def test_files_of_two_runs_are_refused(production: Production) -> None:
    production.records("after.json", started="2020-02-03T04:05:06+00:00")
    server = f"--server={production.uri()}"
    assert main(["preflight", server]) == 4


def test_rows_are_written_for_a_run_and_accepted_where_one_was_told_for_them(
    production: Production, fly: LookAt, tmp_path: Path
) -> None:
    production.does(
        "INSERT INTO public.orders (customer_id, status, placed_on, total)"
        " SELECT 1, 'open', '2025-01-01', 1 FROM generate_series(1, 20000)",
        "ANALYZE public.orders",
    )
    asked = tmp_path / "seen.json"
    found = fly(GRANTED)
    assert "rows of public.orders" in found.reasons
    assert main(["preflight", f"--server={production.uri()}", f"--json={asked}"]) == 1
    rows = read_rows(asked)
    assert rows["public.orders"] > 20_000
    production.records("after.json", production_rows=rows, production_wal_bytes=10**13)
    again = fly(GRANTED)
    assert "rows of public.orders" not in again.reasons
    assert "WAL" in again.reasons
