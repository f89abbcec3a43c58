"""What production's runner sets before a script is in force wherever the script is applied."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from shadowgate.errors import UsageError
from shadowgate.migrate import SessionSettings, apply_script, parse_script, read_script
from shadowgate.options import Request, resolve
from shadowgate.phases.environment.preflight import open_as_runner, preflight
from shadowgate.phases.registry import CHECKS
from shadowgate.phases.run import Run
from shadowgate.phases.runner import session_of
from shadowgate.plan import RunnerSection, derived_plan
from shadowgate.progress import silent
from shadowgate.server import Database, Server
from tests.selftest.backup.dumps import dump
from tests.selftest.plain_database import plain_database, refill
from tests.selftest.trials import results_of

SHOP = """
CREATE SCHEMA shop AUTHORIZATION deployer;
CREATE TABLE shop.orders (id bigint PRIMARY KEY, total numeric NOT NULL);
INSERT INTO shop.orders SELECT g, g FROM generate_series(1, 200) AS g;
ALTER TABLE shop.orders OWNER TO deployer;
CREATE TABLE shop.ledger (id bigint PRIMARY KEY);
"""
AS_THE_RUNNER = """
DO $$
BEGIN
    IF current_setting('lock_timeout') <> '1234ms' OR current_setting('statement_timeout') <> '40s'
        OR current_user <> 'deployer' OR current_schema() <> 'shop'
    THEN
        RAISE EXCEPTION 'not as the runner: % % % %', current_setting('lock_timeout'),
            current_setting('statement_timeout'), current_user, current_schema();
    END IF;
END
$$;
"""
RUNNER = RunnerSection(
    "statement", statement_timeout="40s", lock_timeout="1234ms", search_path="shop", role="deployer"
)


@pytest.fixture(scope="module")
def production(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A dump of two tables, one of them of a role that there is as long as the dump."""
    with server.maintenance.connect() as maintenance:
        maintenance.execute("CREATE ROLE deployer")
        with plain_database(server) as base:
            with base.connect() as connection:
                connection.execute(SHOP)
            path = dump(server, base, tmp_path_factory.mktemp("shop") / "shop.sql")
        yield path
        maintenance.execute("DROP ROLE deployer")


def run_of(
    server: Server, backup: Path, folder: Path, script: str, back: str, runner: RunnerSection
) -> Run:
    """A run of a migration whose runner has some settings."""
    migration = folder / "change.sql"
    migration.write_text(script, encoding="utf-8")
    rollback = folder / "change.down.sql"
    rollback.write_text(back, encoding="utf-8")
    plan = derived_plan(migration, rollback, None, dt.date(2026, 2, 13))
    at = server.endpoint
    uri = f"postgresql://{at.user}:{quote(at.password or '', safe='')}@{at.host}:{at.port}/postgres"
    return Run(
        Request(
            plan=replace(plan, backup=replace(plan.backup, path=backup), runner=runner),
            server=uri,
            image=None,
            reports=folder,
            generated_rows=None,
        )
    )


def test_it_is_in_force_in_every_application(
    server: Server, production: Path, tmp_path: Path
) -> None:
    run = run_of(
        server,
        production,
        tmp_path,
        f"{AS_THE_RUNNER} ALTER TABLE orders ADD COLUMN IF NOT EXISTS note text;",
        f"{AS_THE_RUNNER} ALTER TABLE orders DROP COLUMN IF EXISTS note;",
        RUNNER,
    )
    with closing(preflight(run.request, silent)) as run.opened:
        assert run.applied.run.error is None
        assert run.rehearsal.run.error is None
        assert run.lock_queue.ended == "applied"
        assert run.repeated.run.error is None
        assert run.interruptions
        assert {each.outcome for each in run.interruptions} != {"broken"}
        assert run.rolled_back.run.error is None
        assert run.rollback_rehearsal.run.error is None
        assert run.reapplied.run.error is None
        assert "column shop.orders.note was created" in run.migrated.deviations.expected


def test_a_script_that_lacks_a_right_has_failed_in_the_servers_words(
    server: Server, production: Path, tmp_path: Path
) -> None:
    script = "ALTER TABLE ledger ADD COLUMN note text;"
    run = run_of(server, production, tmp_path, script, "SELECT 1;", RUNNER)
    with closing(preflight(run.request, silent)) as run.opened:
        applied = [check for check in CHECKS if check.id == "migration.applied"]
        (result,) = results_of(applied, run)
    assert result.status == "failed"
    assert "must be owner of table ledger" in result.detail


@pytest.mark.parametrize(
    ("runner", "said"),
    [
        (RunnerSection(lock_timeout="soon"), 'parameter "lock_timeout": "soon"'),
        (RunnerSection(role="nobody at all"), 'role "nobody at all" does not exist'),
    ],
)
def test_settings_that_the_server_refuses_are_told_before_anything_is_restored(
    server: Server, production: Path, tmp_path: Path, runner: RunnerSection, said: str
) -> None:
    run = run_of(server, production, tmp_path, "SELECT 1;", "SELECT 1;", runner)
    with pytest.raises(UsageError, match=said) as refused:
        preflight(run.request, silent)
    assert refused.value.exit_status == 4


def test_a_role_is_made_on_a_server_of_our_own(server: Server, plain: Database) -> None:
    assert server.owned
    open_as_runner(RunnerSection(role="made for it"), server, plain)
    with plain.connect() as connection:
        row = connection.execute(
            "SELECT rolsuper, rolcanlogin FROM pg_roles WHERE rolname = 'made for it'"
        ).fetchone()
        connection.execute('DROP ROLE "made for it"')
    assert row == (False, False)


SETTINGS = SessionSettings(lock_timeout="1234ms", search_path='"A b", public')
PSQL = "\\set name orders\n"
SEEN = (
    "CREATE TABLE public.seen AS SELECT current_setting('lock_timeout') AS lock,"
    " current_setting('search_path') AS path;"
)


@pytest.mark.parametrize("script", [SEEN, f"SET lock_timeout = '5s'; RESET lock_timeout; {SEEN}"])
@pytest.mark.parametrize("through_psql", [False, True])
def test_names_with_blanks_and_resets_lead_to_the_same(
    server: Server, plain: Database, tmp_path: Path, script: str, *, through_psql: bool
) -> None:
    refill(plain, "")
    path = tmp_path / "m.sql"
    path.write_text(f"{PSQL}{script}" if through_psql else script, encoding="utf-8")
    parsed = read_script(path)
    assert bool(parsed.needs_psql) == through_psql
    apply_script(parsed, plain, tools=server.tools, session=SETTINGS).raise_for_error()
    with plain.connect() as connection:
        assert connection.execute("SELECT * FROM seen").fetchone() == ("1234ms", '"A b", public')


def test_a_check_takes_them_from_the_command_line_and_a_plan_is_overridden(tmp_path: Path) -> None:
    (tmp_path / "m.sql").write_text("SELECT 1;", encoding="utf-8")
    given = {"--migration": "m.sql", "--backup": "b.dump", "--lock-timeout": "3s", "--role": "app"}
    request = resolve(given.get, lambda _key: "", tmp_path, tmp_path)
    assert session_of(request.plan.runner) == SessionSettings(lock_timeout="3s", role="app")


def test_without_settings_the_servers_own_are_in_force(plain: Database) -> None:
    refill(plain, "")
    apply_script(parse_script(SEEN, Path("m.sql"), ""), plain).raise_for_error()
    with plain.connect() as connection:
        assert connection.execute("SELECT lock FROM seen").fetchone() == ("0",)
