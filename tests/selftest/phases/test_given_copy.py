"""A database that is a copy of production already: cloned, and not touched by anything."""

from __future__ import annotations

import datetime as dt
import sys
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from psycopg import sql

from shadowgate.errors import PlanError, ServerError, ShadowgateError, UsageError
from shadowgate.options import Request, resolve
from shadowgate.phases.environment.preflight import preflight
from shadowgate.phases.registry import CHECKS
from shadowgate.phases.run import Run
from shadowgate.plan import Plan, ServerSection, derived_plan
from shadowgate.progress import silent
from shadowgate.server import Databases, Server
from shadowgate.server.clone_command import CloneCommand
from tests.selftest.server_files import files_of
from tests.selftest.trials import results_of

SHOP = """
CREATE TABLE orders (id bigint PRIMARY KEY, total numeric NOT NULL);
INSERT INTO orders SELECT g, g FROM generate_series(1, 2000) AS g;
CREATE SEQUENCE tickets;
"""
SHADOW = 'given "shadow"; É x--'
MIGRATION = "ALTER TABLE orders ADD COLUMN IF NOT EXISTS note text;"
ROLLBACK = "ALTER TABLE orders DROP COLUMN IF EXISTS note;"


@pytest.fixture
def copy(server: Server) -> Iterator[str]:
    """Name of a database that somebody else made, with a name that needs quotes."""
    name = f'Copy; of "production" é {uuid.uuid4().hex[:8]}'
    with server.maintenance.connect() as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        with server.database(name).connect() as inside:
            inside.execute(SHOP)
        connection.execute(
            sql.SQL("ALTER DATABASE {} SET work_mem = '7MB'").format(sql.Identifier(name))
        )
        yield name
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def uri(server: Server, database: str) -> str:
    at = server.endpoint
    secret = quote(at.password or "", safe="")
    return f"postgresql://{at.user}:{secret}@{at.host}:{at.port}/{quote(database, safe='')}"


def names(server: Server) -> set[str]:
    with server.maintenance.connect() as connection:
        return {name for (name,) in connection.execute("SELECT datname FROM pg_database")}


def run_of(server: Server, copy: str, folder: Path, clone: str = "") -> Run:
    migration = folder / "m.sql"
    migration.write_text(MIGRATION, encoding="utf-8")
    (folder / "m.down.sql").write_text(ROLLBACK, encoding="utf-8")
    plan: Plan = derived_plan(migration, folder / "m.down.sql", None, dt.date(2026, 2, 13))
    plan = replace(plan, server=ServerSection(clone), path=folder / "plan.toml")
    plan = replace(plan, database=SHADOW)
    request = Request(plan, "auto", None, folder, None)
    return Run(replace(request, shadow=uri(server, copy)))


def test_it_is_cloned_and_not_a_byte_of_it_changes(
    server: Server, copy: str, tmp_path: Path
) -> None:
    before, there = files_of(server, copy), names(server)
    run = run_of(server, copy, tmp_path)
    with closing(preflight(run.request, silent)) as run.opened:
        phase_2 = {
            result.id: result
            for result in results_of([check for check in CHECKS if check.phase == 2], run)
        }
        assert run.before.rows_of("public.orders") == 2000
        with run.shadow.connect() as connection:
            assert connection.execute("SHOW work_mem").fetchone() == ("7MB",)
        assert run.monitoring
        assert run.baseline
        assert run.migrated.deviations.missing == ()
        assert run.rehearsal.run.error is None
        assert run.lock_queue.ended == "applied"
        assert run.interruptions
        assert run.rolled_back.run.error is None
        assert run.dump_differences == ()
    assert phase_2["restore.backup"].status == "skipped"
    assert f"A clone of database {copy}" in phase_2["restore.clean"].detail
    assert {result.status for result in phase_2.values()} == {"passed", "skipped"}
    assert files_of(server, copy) == before
    assert names(server) == there
    assert (server.endpoint.password or "none") not in "".join(
        each.detail for each in phase_2.values()
    )


def test_one_that_somebody_uses_is_refused_and_nobody_disconnected(
    server: Server, copy: str, tmp_path: Path
) -> None:
    request = run_of(server, copy, tmp_path).request
    with server.database(copy).connect() as somebody:
        with pytest.raises(ServerError, match="while somebody is connected to it") as refused:
            preflight(request, silent)
        somebody.execute("SELECT 1")
    assert refused.value.exit_status == 4
    assert (server.endpoint.password or "none") not in str(refused.value)
    assert not any(name.startswith((SHADOW, "shadowgate_")) for name in names(server))


@pytest.mark.parametrize(
    ("database", "said"), [("none_such", "no database none_such"), ("postgres", "nobody's data")]
)
def test_what_is_no_copy_is_refused(
    server: Server, tmp_path: Path, database: str, said: str
) -> None:
    with pytest.raises(ShadowgateError, match=said) as refused:
        preflight(run_of(server, database, tmp_path).request, silent)
    assert refused.value.exit_status == 4


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"--shadow": "postgresql://me:secret@host/shop"}, "password on the command line"),
        ({"--shadow": "postgresql://me@host/shop", "--backup": "shop.dump"}, "two backups"),
        (
            {"--shadow": "postgresql://me@host/a", "--source": "postgresql://me@host/b"},
            "two backups",
        ),
        ({"--shadow": "postgresql://me@host/shop", "--server": "local"}, "two servers"),
        ({"--shadow": "postgresql://me@host/shop", "--rows": "5000"}, "--rows"),
    ],
)
def test_a_request_that_is_not_right_is_refused(
    tmp_path: Path, given: dict[str, str], said: str
) -> None:
    (tmp_path / "m.sql").write_text("SELECT 1;", encoding="utf-8")
    options = {"--migration": "m.sql", **given}
    with pytest.raises(UsageError, match=said) as refused:
        resolve(options.get, lambda _key: "", tmp_path, tmp_path)
    assert "secret" not in str(refused.value)


# --- a command that clones ------------------------------------------------------------------------

CLONE = f"""#!{sys.executable}
import os
import psycopg
from psycopg import sql

source, name = os.environ["SHADOWGATE_CLONE_SOURCE"], os.environ["SHADOWGATE_CLONE_NAME"]
with psycopg.connect(autocommit=True) as connection:
    by_files = " STRATEGY file_copy" if connection.info.server_version >= 150_000 else ""
    statement = sql.SQL("CREATE DATABASE {{}} TEMPLATE {{}}" + by_files)
    connection.execute(statement.format(sql.Identifier(name), sql.Identifier(source)))
with open("cloned.txt", "a") as log:
    log.write(source + "\\n")
"""


def script(folder: Path, text: str) -> str:
    path = folder / "clone it.py"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return "'./clone it.py' --quickly"


def test_every_clone_is_made_by_the_command(server: Server, copy: str, tmp_path: Path) -> None:
    before = files_of(server, copy)
    run = run_of(server, copy, tmp_path, script(tmp_path, CLONE))
    with closing(preflight(run.request, silent)) as run.opened:
        list(results_of([check for check in CHECKS if check.id == "restore.clean"], run))
        assert run.applied.run.error is None
        assert run.opened.needed_bytes < 10**9  # what is not copied takes no room
    assert files_of(server, copy) == before
    assert (tmp_path / "cloned.txt").read_text("utf-8").splitlines() == [copy, SHADOW]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import os, sys; sys.exit('no room ' + os.environ['PGPASSWORD'])", "no room \\*\\*\\*"),
        ("pass", "made no database"),
    ],
)
def test_a_command_that_does_not_clone_is_told(
    server: Server, copy: str, tmp_path: Path, text: str, said: str
) -> None:
    there = names(server)
    run = run_of(server, copy, tmp_path, script(tmp_path, f"#!{sys.executable}\n{text}\n"))
    with pytest.raises(ServerError, match=said) as refused:
        preflight(run.request, silent)
    assert (server.endpoint.password or "none") not in str(refused.value)
    assert names(server) == there


def test_a_command_that_is_none_is_refused(tmp_path: Path, server: Server) -> None:
    for text in ("", "'open"):
        with pytest.raises(PlanError, match=r"\[server\] clone"):
            CloneCommand(text, tmp_path)
    with pytest.raises(ServerError, match="cannot be started"):
        CloneCommand("./none.sh", tmp_path).run(server.endpoint, "postgres", "a", "b")


def test_a_copy_of_somebody_elses_is_ours(server: Server, copy: str) -> None:
    with Databases(server) as databases:
        made = databases.copy_of(server.database(copy), "given_shadow")
        assert "given_shadow" in names(server)
        with made.connect() as connection:
            assert connection.execute("SELECT count(*) FROM orders").fetchone() == (2000,)
    assert "given_shadow" not in names(server)
    assert copy in names(server)
