"""PostGIS is needed where the backup or the plan needs it, and nowhere else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.backup import Needs, examine_backup
from shadowgate.errors import ServerError
from shadowgate.migrate import parse_script
from shadowgate.options import Request
from shadowgate.phases.environment.postgis import PostgisNeed, postgis_need
from shadowgate.phases.environment.preflight import preflight
from shadowgate.phases.registry import CHECKS
from shadowgate.phases.run import Run
from shadowgate.plan import derived_plan
from shadowgate.progress import silent
from shadowgate.queries import Query
from shadowgate.server import Server
from shadowgate.server.local import LocalServer
from tests.selftest.backup.dumps import dump
from tests.selftest.conftest import ROOM_BYTES, SETTINGS, MakeDatabase
from tests.selftest.other_versions import postgres_of, with_path
from tests.selftest.plain_database import plain_database
from tests.selftest.trials import results_of

NOTHING = Needs(frozenset(), ())


def query(text: str) -> Query:
    return Query("Q1", "One", "read", text, Path("Q1.sql"))


def needed(*, geometry: str = "", text: str = "", script: str = "", needs: Needs) -> PostgisNeed:
    queries = [query(text)] if text else []
    scripts = [parse_script(script, Path("m.sql"), "")] if script else []
    return postgis_need(geometry, queries, scripts, needs)


@pytest.mark.parametrize(
    ("need", "said"),
    [
        (needed(needs=Needs(frozenset(), (("postgis", "public"),))), "creates the extension"),
        (
            needed(needs=Needs(frozenset(), (), used_types=frozenset({("gis", "geometry")}))),
            "of type geometry",
        ),
        (needed(geometry="geom", needs=NOTHING), "column geom"),
        (needed(text="SELECT ST_Area(g) FROM t", needs=NOTHING), "Q1 names st_area"),
        (needed(text="SELECT :p::public.geometry", needs=NOTHING), "Q1 names geometry"),
        (needed(text="SELECT geometry FROM t", needs=NOTHING), ""),
    ],
)
def test_what_needs_postgis_is_named(need: PostgisNeed, said: str) -> None:
    assert bool(need.installed) == bool(said)
    assert said in str(need)
    assert not need.available


def test_a_function_of_the_databases_own_is_not_taken_for_one_of_postgis() -> None:
    own = Needs(frozenset(), (), routines=frozenset({"st_lucia_tax"}))
    assert not needed(text="SELECT st_lucia_tax(7)", needs=own)
    assert needed(text="SELECT st_lucia_tax(7)", needs=NOTHING)


def test_a_script_that_makes_it_finds_it_on_the_server_and_not_in_the_database() -> None:
    need = needed(script="CREATE EXTENSION IF NOT EXISTS postgis;", needs=NOTHING)
    assert need.available == ("m.sql creates the extension",)
    assert not need.installed


@given(st.text(max_size=60))
def test_no_query_breaks_the_question(text: str) -> None:
    postgis_need("", [query(text)], [], NOTHING)


@pytest.mark.parametrize("form", ["plain", "custom", "directory", "tar"])
@pytest.mark.parametrize("spatial", [True, False])
def test_a_backup_hints_at_postgis_in_every_format(
    server: Server, make_database: MakeDatabase, tmp_path: Path, form: str, *, spatial: bool
) -> None:
    base = make_database(None if spatial else "template0")
    path = dump(server, base, tmp_path / "dump", f"--format={form}")
    assert examine_backup(path).mentions_postgis is spatial


@pytest.fixture(scope="module")
def without() -> Iterator[Server]:
    """A server that lacks PostGIS, whose client tools are at hand."""
    installation = postgres_of(17)
    opened = LocalServer(installation, settings=SETTINGS, room_bytes=ROOM_BYTES)
    with pytest.MonkeyPatch.context() as patch, closing(opened):
        patch.setenv("PATH", with_path(installation)["PATH"])
        yield opened


def request_for(server: Server, backup: Path, *, user: str = "postgres") -> Request:
    """A check of a small migration, on a server that somebody named."""
    at = server.endpoint
    secret = quote(at.password or "", safe="") if user == at.user else "weak"
    migration = backup.with_name("migration.sql")
    migration.write_text("CREATE TABLE made (id integer);\n", encoding="utf-8")
    plan = derived_plan(migration, None, None, dt.date(2026, 2, 13))
    return Request(
        plan=replace(plan, backup=replace(plan.backup, path=backup)),
        server=f"postgresql://{user}:{secret}@{at.host}:{at.port}/postgres",
        image=None,
        reports=backup.parent,
        generated_rows=None,
    )


def test_all_that_a_server_without_postgis_lacks_is_said_at_once(
    without: Server, server: Server, make_database: MakeDatabase, tmp_path: Path
) -> None:
    base = make_database()
    with base.connect() as connection:
        connection.execute("CREATE ROLE surveyor")
        try:
            connection.execute("CREATE TABLE plots (id integer, outline geometry)")
            connection.execute("ALTER TABLE plots OWNER TO surveyor")
            path = dump(server, base, tmp_path / "plots.dump", "--format=custom")
        finally:
            connection.execute("DROP OWNED BY surveyor; DROP ROLE surveyor")
    before = names(without)
    with pytest.raises(ServerError, match="PostGIS is not installed") as refused:
        preflight(request_for(without, path), silent)
    assert "creates the extension PostGIS" in refused.value.what
    assert "roles that the server lacks: surveyor" in refused.value.what
    assert refused.value.exit_status == 4
    assert names(without) == before


def names(server: Server) -> set[str]:
    with server.maintenance.connect() as connection:
        return {name for (name,) in connection.execute("SELECT datname FROM pg_database")}


def test_a_database_without_postgis_is_restored_on_a_server_without_it(
    without: Server, server: Server, tmp_path: Path
) -> None:
    with plain_database(server) as base:
        with base.connect() as connection:
            connection.execute("CREATE TABLE orders AS SELECT 1 AS id")
        path = dump(server, base, tmp_path / "orders.sql")
    run = Run(request_for(without, path))
    with closing(preflight(run.request, silent)) as run.opened:
        assert not run.opened.postgis
        judged = [check for check in CHECKS if check.phase <= 2]
        results = {each.id: each for each in results_of(judged, run)}
        assert run.before.rows_of("public.orders") == 1
    geometries = results.pop("restore.geometries")
    assert {each.status for each in results.values()} == {"passed"}
    assert geometries.detail == "the database has no PostGIS, and so no geometries"


def test_a_role_that_may_not_make_it_is_told_before_anything_is_restored(
    server: Server, make_database: MakeDatabase, tmp_path: Path
) -> None:
    path = dump(server, make_database(), tmp_path / "base.sql")
    with server.maintenance.connect() as connection:
        connection.execute("CREATE ROLE maker LOGIN CREATEDB PASSWORD 'weak'")
        try:
            before = names(server)
            with pytest.raises(ServerError, match="cannot create the extension PostGIS"):
                preflight(request_for(server, path, user="maker"), silent)
            assert names(server) == before
        finally:
            connection.execute("DROP ROLE maker")
