"""How long somebody may stand behind a migration that waits for a report."""

from __future__ import annotations

from pathlib import Path

import pytest

from shadowgate.migrate import parse_script
from shadowgate.phases.finding import CheckFailed, Finding
from shadowgate.phases.migration.checks import queue_behind_a_report_is_short
from shadowgate.phases.migration.lock_queue import allowed_wait_ms, rehearse_lock_queue
from shadowgate.phases.runner import Applied, Runner
from shadowgate.progress import silent
from shadowgate.server import Database, Server
from tests.selftest.conftest import MakeDatabase
from tests.selftest.migrating import SETUP, watched
from tests.selftest.plain_database import refill

ALTER = "ALTER TABLE item ADD COLUMN more text;"
LIMITS = {
    "none": (ALTER, 1_000),
    "none on purpose": (f"SET lock_timeout = 0; {ALTER}", 1_000),
    "short": (f"SET lock_timeout = '300ms'; {ALTER}", 1_000),
    "two seconds": (f"SET lock_timeout = '2s'; {ALTER}", 2_000),
    "too long to count": (f"SET lock_timeout = '30s'; {ALTER}", 1_000),
    "the longest of several": (
        f"SET lock_timeout = '2s'; {ALTER} SET lock_timeout = '5s'; DROP TABLE item;",
        5_000,
    ),
    "forgotten for one": (
        f"SET lock_timeout = '2s'; {ALTER} RESET lock_timeout; DROP TABLE item;",
        1_000,
    ),
    "nothing is locked": ("SET lock_timeout = '2s'; SELECT 1;", 1_000),
    "a statement without a lock": (
        f"SELECT 1; SET lock_timeout = '2s'; {ALTER} RESET lock_timeout; SELECT 2;",
        2_000,
    ),
    "a weak lock without one": (
        f"SET lock_timeout = '2s'; {ALTER} RESET lock_timeout; "  # noqa: S608
        "UPDATE item SET more = 'x' WHERE id < 3; SELECT count(*) FROM item; ANALYZE item;",
        2_000,
    ),
    "a table of its own": (
        f"CREATE TABLE made (id int); SET lock_timeout = '2s'; {ALTER} RESET lock_timeout; "
        "ALTER TABLE made ADD COLUMN more text;",
        2_000,
    ),
}


@pytest.mark.parametrize("case", LIMITS)
def test_as_long_as_the_lock_timeout_of_what_locks_strongly(plain: Database, case: str) -> None:
    script, expected = LIMITS[case]
    run = watched(script, refill(plain, SETUP))
    run.raise_for_error()
    assert allowed_wait_ms(run) == expected


@pytest.mark.parametrize(("timeout", "passes"), [("1s", True), ("0", False)])
def test_with_a_lock_timeout_nobody_waits_as_long_as_the_report(
    plain: Database, make_database: MakeDatabase, server: Server, timeout: str, passes: bool
) -> None:
    refill(plain, SETUP)
    first, copy = make_database(plain.name), make_database(plain.name)
    script = parse_script(f"SET lock_timeout = '{timeout}'; {ALTER}", Path("m.sql"), "")
    runner = Runner(server.tools, silent)
    applied = Applied(first, runner.watched(script, first))
    found = rehearse_lock_queue(script, applied.run, copy, runner)
    assert found.relations == ("item",)
    assert found.ended == "applied"
    if passes:
        queue_behind_a_report_is_short(found, applied, Finding())
        assert found.retries > 0
    else:
        with pytest.raises(CheckFailed, match="waits in the lock queue"):
            queue_behind_a_report_is_short(found, applied, Finding())
