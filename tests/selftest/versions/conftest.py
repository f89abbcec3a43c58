"""Servers of other major versions than the machine's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from shadowgate.server import Server
from shadowgate.server.local import LocalServer
from tests.selftest.conftest import ROOM_BYTES, SETTINGS
from tests.selftest.other_versions import PACKAGES, postgres_of


@pytest.fixture(scope="session", params=PACKAGES, ids=lambda major: f"PostgreSQL {major}")
def another(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server of each of the versions."""
    opened = LocalServer(postgres_of(request.param), settings=SETTINGS, room_bytes=ROOM_BYTES)
    with closing(opened):
        yield opened


@pytest.fixture(scope="session")
def newest() -> Iterator[Server]:
    """A server of the newest supported version, which has all differences."""
    opened = LocalServer(postgres_of(18), settings=SETTINGS, room_bytes=ROOM_BYTES)
    with closing(opened):
        yield opened
