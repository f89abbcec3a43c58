"""OPT1's rollback may be interrupted anywhere: what is left can be finished by running it again.

That OPT1 may is a check of phase 5, which ``test_defects.py`` asks of the clean script. The log of
the maintenance keeps times and is left out; it is not there before OPT1 either.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest

from fixtures.catalogue import Catalogue
from shadowgate.inspect import Snapshot, diff, take_snapshot
from shadowgate.migrate import Trial, interrupt_at_every_boundary, read_script
from shadowgate.server import Database, Server
from tests.selftest.catalogue_clones import MIGRATIONS, apply, content, loaded
from tests.selftest.plain_database import plain_database

OPT1 = "1770500100_auto_partition_creation_2029_plus.sql"
ROWS = 2_000


State = tuple[Snapshot, dict[str, str]]


def state_of(database: Database) -> State:
    with database.connect() as connection:
        return take_snapshot(connection), content(database)


def differences(wanted: State, found: State) -> tuple[str, ...]:
    tables = (
        f"the content of {table} differs"
        for table in wanted[1]
        if wanted[1][table] != found[1].get(table)
    )
    return (*diff(wanted[0], found[0]).in_words(), *tables)


@pytest.fixture(scope="module")
def before(server: Server) -> Iterator[Database]:
    with loaded(server, Catalogue(rows=ROWS)) as database:
        yield database


@pytest.fixture(scope="module")
def after(server: Server, before: Database) -> Iterator[Database]:
    with plain_database(server, before.name) as database:
        apply(OPT1, database)
        yield database


def test_its_rollback_interrupted_anywhere_can_be_run_again(
    server: Server, after: Database
) -> None:
    def make_clone() -> AbstractContextManager[Database]:
        return plain_database(server, after.name)

    script = read_script(MIGRATIONS / "rollback" / OPT1)
    found = interrupt_at_every_boundary(script, Trial(make_clone, state_of, differences))
    assert [item for item in found if item.outcome == "broken"] == []
    assert {"as before", "completed by running it again"} <= {item.outcome for item in found}
