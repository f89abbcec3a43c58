"""A server that stands for production, and a real shadow run of a migration that is to go there."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from shadowgate.server import Connection, Database, Server, open_server
from shadowgate.server.local import LocalServer
from tests.selftest.backup.dumps import dump
from tests.selftest.conftest import ROOM_BYTES
from tests.selftest.other_versions import postgres_of, with_path
from tests.selftest.plain_database import plain_database
from tests.selftest.shadow_runs import ROOT, run_elsewhere

MIGRATION = """
-- Notes that customers leave with an order.
SET lock_timeout = '2s';
SET statement_timeout = '5min';
ALTER TABLE public.orders ADD COLUMN IF NOT EXISTS note text;
CREATE TABLE IF NOT EXISTS public.order_notes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id bigint NOT NULL,
    note text NOT NULL
);
ALTER TABLE public.orders DROP CONSTRAINT IF EXISTS orders_note_short;
ALTER TABLE public.orders
    ADD CONSTRAINT orders_note_short CHECK (length(note) < 1000) NOT VALID;
ALTER TABLE public.orders VALIDATE CONSTRAINT orders_note_short;
DROP INDEX CONCURRENTLY IF EXISTS public.orders_placed_on;
CREATE INDEX CONCURRENTLY orders_placed_on ON public.orders (placed_on);
"""
ROLLBACK = """
SET lock_timeout = '2s';
SET statement_timeout = '5min';
DROP INDEX CONCURRENTLY IF EXISTS public.orders_placed_on;
ALTER TABLE public.orders DROP CONSTRAINT IF EXISTS orders_note_short;
DROP TABLE IF EXISTS public.order_notes;
ALTER TABLE public.orders DROP COLUMN IF EXISTS note;
"""
NEWEST = 18
SETTINGS = {
    "shared_buffers": "128MB",
    "logging_collector": "off",
    "max_prepared_transactions": "5",
    "max_wal_size": "32MB",
    "min_wal_size": "32MB",
}
ROLES = """
CREATE ROLE watcher LOGIN PASSWORD 'see-not-touch' IN ROLE pg_read_all_data, pg_monitor;
CREATE ROLE blind LOGIN PASSWORD 'see-not-touch' IN ROLE pg_read_all_data;
CREATE ROLE deployer NOLOGIN;
"""
BASE = (ROOT / "examples" / "orders" / "base.sql").read_text(encoding="utf-8")
OWNED = """
CREATE EXTENSION pg_stat_statements;
ALTER TABLE public.customers OWNER TO deployer;
ALTER TABLE public.orders OWNER TO deployer;
GRANT USAGE, CREATE ON SCHEMA public TO deployer;
"""


@dataclass(frozen=True)
class Production:
    """One production database, with the reports of the shadow run that it is held against."""

    server: Server
    database: Database
    reports: Path
    """A copy of its own, which a test may change."""
    migration: Path

    def uri(self, role: str = "watcher") -> str:
        """Where it is, as somebody outside names it."""
        at = self.server.endpoint
        secret = "see-not-touch" if role != at.user else quote(at.password or "", safe="")
        return f"postgresql://{role}:{secret}@{at.host}:{at.port}/{self.database.name}"

    def does(self, *statements: str) -> None:
        """What happens there meanwhile, by its superuser."""
        with self.database.connect() as connection:
            for statement in statements:
                connection.execute(statement.encode())

    @contextmanager
    def open_transaction(self, *statements: str) -> Iterator[Connection]:
        """A session of somebody else that has done something and has not ended it."""
        with self.database.connect(autocommit=False, application_name="a report") as connection:
            for statement in statements or ("SELECT 1",):
                connection.execute(statement.encode())
            yield connection
            connection.rollback()

    def records(self, name: str, **changes: Any) -> None:
        """Let a file of the run say something else."""
        path = self.reports / name
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps({**document, **changes}), encoding="utf-8")

    def recorded(self, name: str) -> Mapping[str, Any]:
        """What a file of the run says."""
        document: dict[str, Any] = json.loads((self.reports / name).read_text(encoding="utf-8"))
        return document


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line("markers", "newest_too: also with production on the newest version")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Production is of the machine's version; for tests marked so, of the newest one as well."""
    if "outside" in metafunc.fixturenames:
        versions: dict[str, int | None] = {"machine's": None}
        if metafunc.definition.get_closest_marker("newest_too"):
            versions["newest"] = NEWEST
        metafunc.parametrize(
            "outside", list(versions.values()), ids=list(versions), indirect=True, scope="session"
        )


@pytest.fixture(scope="session")
def outside(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server that stands for somebody else's, of one major version or the machine's."""
    if request.param is None:
        opened: Server = open_server("local", settings=SETTINGS, room_bytes=ROOM_BYTES)
    else:
        opened = LocalServer(postgres_of(request.param), settings=SETTINGS, room_bytes=ROOM_BYTES)
    with opened.maintenance.connect() as connection:
        connection.execute(ROLES)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def shop(outside: Server) -> Iterator[str]:
    """Name of a database that is cloned for each test: production before the migration."""
    with plain_database(outside) as made:
        with made.connect() as connection:
            connection.execute((BASE + OWNED).encode())
        yield made.name


@pytest.fixture(scope="session")
def shadow_folder(outside: Server, shop: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the migration and the reports of its shadow run, which was GO."""
    folder = tmp_path_factory.mktemp("shadow")
    (folder / "notes.sql").write_text(MIGRATION, encoding="utf-8")
    (folder / "notes.down.sql").write_text(ROLLBACK, encoding="utf-8")
    backup = dump(outside, outside.database(shop), folder / "shop.dump", "--format=custom")
    shutil.copytree(ROOT / "examples" / "orders" / "queries", folder / "queries")
    (folder / "queries" / "Q2_of_a_day.sql").write_text(
        "SELECT count(*) FROM public.orders WHERE placed_on = :day", encoding="utf-8"
    )
    (folder / "queries" / "Q2_of_a_day.params").write_text("day = 2025-03-04", encoding="utf-8")
    (folder / "queries" / "Q3_drawn.sql").write_text(
        "SELECT total FROM public.orders WHERE id = $1", encoding="utf-8"
    )
    asked = ("check", "notes.sql", "--queries=queries", f"--backup={backup}", "--server=local")
    newest = outside.facts.version_num // 10_000 == NEWEST
    env = with_path(postgres_of(NEWEST)) if newest else None
    run = run_elsewhere(folder, "shadowgate", *asked, env=env)
    assert run.status == 0, run.output[-3000:]
    return folder


@pytest.fixture
def production(
    outside: Server, shop: str, shadow_folder: Path, tmp_path: Path
) -> Iterator[Production]:
    """Production as the backup has it."""
    reports = tmp_path / "reports"
    reports.mkdir()
    for name in ("shadow.json", "after.json"):
        shutil.copy(shadow_folder / "reports" / name, reports / name)
    with plain_database(outside, shop) as database:
        database.connect().execute("ANALYZE")
        yield Production(outside, database, reports, shadow_folder / "notes.sql")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of its own, and nothing in the environment that leads to another server."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("PG")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PGAPPNAME", uuid.uuid4().hex)
