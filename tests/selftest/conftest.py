"""A PostGIS server for the suite's own tests, and throw-away databases on it."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing

import psycopg
import pytest
from psycopg import sql

from shadowgate.server import Database, Databases, Server, open_server
from shadowgate.server.local import LocalServer
from tests.selftest.other_versions import postgres_of
from tests.selftest.plain_database import plain_database

ROOM_BYTES = 500_000_000
"""More than the databases of the tests take at any time."""

SETTINGS = {"shared_buffers": "128MB"}
"""An eighth of the memory, which is for a whole catalogue, makes every DROP DATABASE look at it."""

os.environ.setdefault("SHADOWGATE_LANG", "en")  # whatever the locale of who runs the tests

MakeDatabase = Callable[..., Database]

FIRST = (
    "test_defects.py",
    "test_opt5_cron.py",
    "test_opt4_horizon.py",
    "test_waits.py",
    "test_hostile.py",
    "test_container.py",
    "test_local.py",
    "test_run_outcomes.py",
    "test_check.py",
)
"""The files that take longest and those that wait, begun first where files are spread over
processes: begun last, they would keep one of them busy and the rest idle. What waits comes while
the defects are judged, which is work for all cores."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put those files first, in their order; the others stay in theirs."""
    places = {name: place for place, name in enumerate(FIRST)}
    items.sort(key=lambda item: places.get(item.path.name, len(FIRST)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Iterator[None]:
    """Skip what needs PostGIS on a version that comes without it."""
    yield from _without_postgis()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    """The same, in the test itself."""
    yield from _without_postgis()


def _without_postgis() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        lacking = re.search("postgis|spatial_ref_sys", str(error))
        if lacking and "SELFTEST_POSTGRES" in os.environ:
            pytest.skip("the server of this version has no PostGIS")
        raise


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One local ephemeral cluster for all tests, of the version in ``SELFTEST_POSTGRES`` if any."""
    asked = os.environ.get("SELFTEST_POSTGRES")
    with closing(_server_of(int(asked)) if asked else _usual_server()) as opened:
        yield opened


def _usual_server() -> Server:
    return open_server("local", settings=SETTINGS, room_bytes=ROOM_BYTES)


def _server_of(major: int) -> Server:
    return LocalServer(postgres_of(major), settings=SETTINGS, room_bytes=ROOM_BYTES)


@pytest.fixture(scope="session")
def with_postgis(server: Server) -> Iterator[str]:
    """Name of a database with PostGIS and nothing else: cloning it takes a tenth of making one."""
    with plain_database(server) as database:
        if server.facts.postgis:
            with database.connect() as connection:
                connection.execute("CREATE EXTENSION postgis")
        yield database.name


@pytest.fixture
def make_database(server: Server, with_postgis: str) -> Iterator[MakeDatabase]:
    """Create databases, each with PostGIS or a clone of ``template``; dropped after the test."""
    made: list[str] = []

    def make(template: str | None = None) -> Database:
        name = f"selftest_{uuid.uuid4().hex[:12]}"
        with server.maintenance.connect() as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                    sql.Identifier(name), sql.Identifier(template or with_postgis)
                )
            )
        made.append(name)
        return server.database(name)

    yield make
    with server.maintenance.connect() as connection:
        for name in made:
            connection.execute(
                sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            )


@pytest.fixture
def databases(server: Server) -> Iterator[Databases]:
    """Databases as a run makes them; those that are left are dropped after the test."""
    with Databases(server) as opened:
        yield opened


@pytest.fixture(scope="module")
def plain(server: Server) -> Iterator[Database]:
    """One database without PostGIS for a whole module; ``refill`` sets it up for each test."""
    with plain_database(server) as made:
        yield made
