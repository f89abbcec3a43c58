"""The session on production: it cannot write, it waits for nothing, and it keeps its password."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from shadowgate.catalogue import Snapshot, fingerprint, take_snapshot
from shadowgate.command import main
from shadowgate.errors import ServerError, UsageError
from shadowgate.production import session as session_module
from shadowgate.production.preflight import PATIENCE
from shadowgate.production.session import (
    NotAnsweredError,
    Patience,
    ReadOnlySession,
    read_only_session,
)
from shadowgate.server import Connection
from tests.selftest.production.conftest import MIGRATION, Production
from tests.selftest.server_runs import comes_true

SOON = Patience(total=8.0, statement=0.5, lock=0.3)


@dataclass(frozen=True)
class One:
    """A row."""

    answer: str


class TemptedSession(ReadOnlySession):
    """Tries to write in each of its transactions, after what it was asked for."""

    refused = 0

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction with an attempt at its end."""
        with super().transaction() as connection:
            yield connection
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction), connection.transaction():
                connection.execute("CREATE TABLE public.written (n int)")
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction), connection.transaction():
                connection.execute("DELETE FROM public.orders")
            TemptedSession.refused += 1


def content(production: Production) -> tuple[Snapshot, object]:
    with production.database.connect() as connection:
        return take_snapshot(connection), fingerprint(connection)


@pytest.mark.parametrize(
    "asked",
    [["preflight"], ["verify", "--after=full", "--reference=before.json", "--queries=queries"]],
)
def test_each_statement_that_is_sent_is_refused_a_write_even_to_a_superuser(
    production: Production, monkeypatch: pytest.MonkeyPatch, asked: list[str]
) -> None:
    server = f"--server={production.uri('postgres')}"
    monkeypatch.setattr(session_module, "ReadOnlySession", TemptedSession)
    monkeypatch.setattr(TemptedSession, "refused", 0)
    Path("queries").symlink_to(production.migration.with_name("queries"))
    before = content(production)
    assert main(["verify", server, "--take-reference=before.json"]) == 0
    assert main([*asked, server]) in (0, 1)
    assert TemptedSession.refused >= 5
    assert content(production) == before


def test_what_is_sent_is_in_read_only_transactions_by_the_session_and_by_each_of_them(
    production: Production,
) -> None:
    with read_only_session(production.uri(), SOON) as session:
        settings = (
            "default_transaction_read_only",
            "transaction_read_only",
            "lock_timeout",
            "idle_in_transaction_session_timeout",
        )
        found = [
            session.ask(f"SELECT current_setting('{name}') AS answer", One) for name in settings
        ]
    assert [row.answer for (row,) in found] == ["on", "on", "300ms", "10s"]


def test_a_question_that_takes_too_long_is_not_answered_and_the_next_one_is(
    production: Production,
) -> None:
    with read_only_session(production.uri(), SOON) as session:
        with pytest.raises(NotAnsweredError, match="no answer within"):
            session.ask("SELECT pg_sleep(60)::text AS answer", One)
        with (
            production.open_transaction("LOCK TABLE public.orders"),
            pytest.raises(NotAnsweredError, match="another session holds a lock"),
        ):
            session.ask("SELECT count(*)::text AS answer FROM public.orders", One)
        (row,) = session.ask("SELECT count(*)::text AS answer FROM public.orders", One)
    assert row.answer == "20000"


def test_all_questions_together_have_their_time(production: Production) -> None:
    patience = Patience(total=0.3, statement=9.0)
    with read_only_session(production.uri(), patience) as session:
        with pytest.raises(NotAnsweredError):
            session.ask("SELECT pg_sleep(60)::text AS answer", One)
        with pytest.raises(NotAnsweredError, match="for all questions are over"):
            session.ask("SELECT 'x' AS answer", One)


def test_a_server_that_stops_answering_is_hung_up_on(production: Production) -> None:
    patience = Patience(total=1.0, statement=0.5, grace=0.5)
    with read_only_session(production.uri("postgres"), patience) as session:
        (row,) = session.ask("SELECT pg_backend_pid()::text AS answer", One)
        os.kill(int(row.answer), signal.SIGSTOP)
        began = time.monotonic()
        try:
            with pytest.raises(NotAnsweredError):
                session.ask("SELECT 'x' AS answer", One)
        finally:
            os.kill(int(row.answer), signal.SIGCONT)
        assert time.monotonic() - began < 60  # it would never end


def test_nothing_is_left_there(production: Production) -> None:
    def sessions() -> int:
        with production.database.connect() as connection:
            found = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name ~ 'read only'"
            ).fetchone()
        assert found is not None
        return int(found[0])

    with read_only_session(production.uri(), SOON):
        assert sessions() == 1
    assert comes_true(lambda: sessions() == 0)


@pytest.mark.parametrize(
    ("server", "said"),
    [
        ("postgresql://watcher:hunter2@127.0.0.1:1/shop", "cannot be reached"),
        ("host=127.0.0.1 port=1 user=watcher password='hunter2'", "cannot be reached"),
        ("postgresql://watcher:hunter2%ret@127.0.0.1/shop", "cannot be read"),
        ("service=there-is-none password=hunter2", "cannot be reached|cannot be read"),
    ],
)
def test_what_cannot_be_reached_is_said_with_status_4_and_without_its_password(
    production: Production, capsys: pytest.CaptureFixture[str], server: str, said: str
) -> None:
    shadow = production.reports / "shadow.json"
    with pytest.raises((ServerError, UsageError), match=said), read_only_session(server, SOON):
        pass
    assert main(["preflight", f"--server={server}", f"--shadow={shadow}"]) == 4
    assert "hunter2" not in "".join(capsys.readouterr())


def test_a_wrong_password_is_not_shown(production: Production) -> None:
    wrong = production.uri().replace("see-not-touch", "hunter2")
    with (
        pytest.raises(ServerError, match="authentication failed") as refused,
        read_only_session(wrong, SOON),
    ):
        pass
    assert "hunter2" not in str(refused.value)


def test_a_service_file_and_the_environment_lead_there_too(
    production: Production, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = production.server.endpoint
    lines = f"[shop]\nhost={at.host}\nport={at.port}\ndbname={production.database.name}\n"
    (tmp_path / "services").write_text(lines + "user=watcher\n", encoding="utf-8")
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    monkeypatch.setenv("PGPASSWORD", "see-not-touch")
    with read_only_session("service=shop", SOON) as session:
        by_service = session.where
    monkeypatch.setenv("PGSERVICE", "shop")
    with read_only_session("", SOON) as session:
        assert session.where == by_service
    assert by_service.startswith("watcher@")


def test_a_password_of_a_service_file_is_shown_nowhere(
    production: Production,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    at = production.server.endpoint
    shop = f"host={at.host}\ndbname={production.database.name}\nuser=watcher\n"
    (tmp_path / "services").write_text(
        f"[shop]\n{shop}port={at.port}\npassword=see-not-touch\n"
        f"[wrong]\n{shop}port={at.port}\npassword=hunter2\n[gone]\n{shop}port=1\npassword=hunter2\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    answers = tmp_path / "answers.json"
    script = ["--role=deployer", f"--json={answers}"]
    assert main(["preflight", "--server=service=shop", *script]) == 0
    assert main(["preflight", "--server=service=wrong", *script]) == 4
    assert main(["preflight", "--server=service=gone", *script]) == 4
    said = "".join(capsys.readouterr()) + answers.read_text(encoding="utf-8")
    assert "see-not-touch" not in said
    assert "hunter2" not in said


def test_a_session_whose_settings_got_lost_on_the_way_is_refused(
    production: Production, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pooler that ignores them connects all the same: here they are taken out before."""

    def pooled(server: str, **given: str | int) -> str:
        return make_conninfo(server, **{**given, "options": ""})

    monkeypatch.setattr(session_module, "make_conninfo", pooled)
    with (
        pytest.raises(ServerError, match="would not be read-only") as refused,
        read_only_session(production.uri(), SOON),
    ):
        pass
    assert "pooler" in refused.value.todo


def test_the_migration_itself_would_be_refused(production: Production) -> None:
    with (
        read_only_session(production.uri("postgres"), SOON) as session,
        pytest.raises(NotAnsweredError, match="read-only transaction"),
    ):
        session.ask(MIGRATION.split(";")[2], One)
    assert PATIENCE.total + PATIENCE.grace <= 10
