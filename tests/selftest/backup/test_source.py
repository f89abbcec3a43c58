"""A backup is taken from a running server that is only read, and the report says what it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from shadowgate.backup import examine_backup, restore, take_from_source
from shadowgate.errors import ServerError, UsageError
from shadowgate.options import Request, resolve
from shadowgate.phases.environment.preflight import preflight
from shadowgate.phases.registry import CHECKS
from shadowgate.phases.run import Run
from shadowgate.plan import derived_plan
from shadowgate.progress import silent
from shadowgate.server import Database, Server
from tests.selftest.backup.dumps import differences, remembered
from tests.selftest.conftest import MakeDatabase
from tests.selftest.plain_database import plain_database
from tests.selftest.trials import results_of

SHOP = """
CREATE TABLE orders AS SELECT g AS id FROM generate_series(1, 50) AS g;
CREATE TABLE audit_log AS SELECT g AS id FROM generate_series(1, 50) AS g;
"""


def uri(server: Server, database: str, login: str = "") -> str:
    at = server.endpoint
    ours = f"{at.user}:{quote(at.password or '', safe='')}"
    return f"postgresql://{login or ours}@{at.host}:{at.port}/{database}"


@pytest.fixture
def shop(server: Server) -> Iterator[Database]:
    """A running database with two tables."""
    with plain_database(server) as made:
        with made.connect() as connection:
            connection.execute(SHOP)
        yield made


def test_what_is_restored_is_what_the_source_has_and_nothing_there_has_changed(
    server: Server, shop: Database, make_database: MakeDatabase, tmp_path: Path
) -> None:
    before, told = remembered(shop), list[str]()
    taken = take_from_source(uri(server, shop.name), (), tmp_path, told.append)
    target = make_database("template0")
    restore(examine_backup(taken.path), server.tools, target, workspace=tmp_path)
    assert differences(before, target) == []
    assert differences(before, shop) == []
    assert "with the rights of pg_read_all_data" in taken.described
    secret = server.endpoint.password or "none"
    assert secret not in "".join((taken.described, *told))
    assert any("dumping a database of" in each for each in told)


def test_rows_that_are_left_out_are_named(
    server: Server, shop: Database, make_database: MakeDatabase, tmp_path: Path
) -> None:
    with shop.connect() as connection:
        connection.execute("ANALYZE")
    taken = take_from_source(uri(server, shop.name), ("audit_log",), tmp_path)
    assert taken.rows == {"public.audit_log": 50, "public.orders": 50}
    assert "without the rows of audit_log" in taken.described
    target = make_database("template0")
    restore(examine_backup(taken.path), server.tools, target, workspace=tmp_path)
    with target.connect() as connection:
        rows = "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM audit_log)"
        assert connection.execute(rows).fetchone() == (50, 0)


def test_a_superuser_is_one_only_where_it_must(
    server: Server, shop: Database, tmp_path: Path
) -> None:
    with shop.connect() as connection:
        connection.execute("ALTER TABLE orders ENABLE ROW LEVEL SECURITY")
    taken = take_from_source(uri(server, shop.name), (), tmp_path)
    assert "with the rights of a superuser, as it must" in taken.described
    assert examine_backup(taken.path).format == "directory"


def test_a_role_that_may_not_read_all_is_told_what_it_lacks(
    server: Server, shop: Database, tmp_path: Path
) -> None:
    with server.maintenance.connect() as connection:
        connection.execute("CREATE ROLE reader LOGIN PASSWORD 'weak'")
        try:
            with pytest.raises(ServerError, match="permission denied") as refused:
                take_from_source(uri(server, shop.name, "reader:weak"), (), tmp_path)
        finally:
            connection.execute("DROP ROLE reader")
    assert "pg_read_all_data" in refused.value.todo
    assert refused.value.exit_status == 4


def test_a_source_that_cannot_be_reached_is_named_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match="cannot be read") as refused:
        take_from_source("postgresql://me:hidden@127.0.0.1:1/shop", (), tmp_path)
    assert "hidden" not in str(refused.value)
    with pytest.raises(UsageError, match="names no database"):
        take_from_source("postgresql://me@127.0.0.1:1", (), tmp_path)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"--source": "postgresql://me:secret@host/shop"}, "password on the command line"),
        ({"--source": "postgresql://host/shop?password=secret"}, "password on the command line"),
        ({"--source": "postgresql://me@host/shop", "--backup": "shop.dump"}, "two backups"),
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


def test_a_password_may_be_in_the_variable_and_is_in_no_repr(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "m.sql").write_text("SELECT 1;", encoding="utf-8")
    monkeypatch.setenv("SHADOWGATE_SOURCE", "postgresql://me:secret@host/shop")
    options = {"--migration": "m.sql", "--exclude-table-data": "a, b"}
    request = resolve(options.get, lambda _key: "", tmp_path, tmp_path)
    assert request.without_rows == ("a", "b")
    assert "secret" in request.source
    assert "secret" not in repr(request)


def test_the_report_says_what_was_taken(server: Server, shop: Database, tmp_path: Path) -> None:
    migration = tmp_path / "m.sql"
    migration.write_text("CREATE TABLE made (id integer);", encoding="utf-8")
    request = Request(
        plan=derived_plan(migration, None, None, dt.date(2026, 2, 13)),
        server=uri(server, "postgres"),
        image=None,
        reports=tmp_path,
        generated_rows=None,
    )
    run = Run(replace(request, source=uri(server, shop.name)))
    with closing(preflight(run.request, silent)) as run.opened:
        chosen = [each for each in CHECKS if each.id in ("restore.backup", "restore.clean")]
        backup, clean = results_of(chosen, run)
        assert run.before.rows_of("public.orders") == 50
    assert (backup.status, clean.status) == ("passed", "passed")
    assert f"/{shop.name} (PostgreSQL" in backup.detail
