"""A defect that forgets to undo what it did to the server is noticed, whatever it was."""

from __future__ import annotations

import pytest

from shadowgate.server import Server
from tests.selftest.defects.files import Defect, read_defects
from tests.selftest.defects.traces import on_server

UNDONE = [defect for defect in read_defects() if defect.undo]


@pytest.mark.parametrize("defect", UNDONE, ids=lambda defect: defect.name)
def test_what_a_defect_leaves_on_the_server_is_seen_until_it_is_undone(
    server: Server, defect: Defect
) -> None:
    with server.maintenance.connect() as connection:
        before = on_server(connection, "postgres")
        _execute(server, defect.body)
        left = on_server(connection, "postgres")
        _execute(server, defect.undo)
        after = on_server(connection, "postgres")
    assert left != before
    assert after == before


def test_a_setting_of_the_shadow_itself_is_seen(server: Server) -> None:
    with server.maintenance.connect() as connection:
        before = on_server(connection, "template1")
        connection.execute("ALTER DATABASE template1 SET work_mem = '7MB'")
        left = on_server(connection, "template1")
        connection.execute("ALTER DATABASE template1 RESET work_mem")
        after = on_server(connection, "template1")
    assert left != before
    assert after == before


def _execute(server: Server, statements: str) -> None:
    """One by one: some may not run in a transaction."""
    with server.maintenance.connect() as connection:
        for statement in filter(str.strip, statements.split(";")):
            connection.execute(statement.encode())
