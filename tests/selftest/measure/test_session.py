"""Sessions that time queries are alike, whatever they have executed before."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

import pytest

from shadowgate.measure import Sampling
from shadowgate.measure.session import open_session
from shadowgate.server import Database
from shadowgate.server.base import Connection

TWENTY_MEGABYTES = b"""
SELECT count(*) FROM (
    SELECT repeat('x', 100000) || n AS made FROM generate_series(1, 200) AS n ORDER BY made OFFSET 0
) AS sorted
"""
"""In pieces that are too small to be mapped by themselves."""
MANY = 4000
"""Page faults; twenty million bytes are 4,882 pages of 4 KiB."""


def page_faults(session: Connection) -> int:
    """Page faults of the session's process while it executes a query that needs 20 MB."""

    def so_far() -> int:
        after_the_name = Path(f"/proc/{session.info.backend_pid}/stat").read_text().rsplit(")")[-1]
        return int(after_the_name.split()[7])  # minflt, see proc(5)

    before = so_far()
    session.execute(TWENTY_MEGABYTES)
    return so_far() - before


@pytest.mark.skipif(sys.platform != "linux", reason="page faults are read from /proc")
def test_memory_that_was_freed_is_used_again_from_the_second_execution_on(plain: Database) -> None:
    with closing(open_session(plain, Sampling())) as timed:
        page_faults(timed)
        assert page_faults(timed) < MANY / 10
    with plain.connect() as other:  # else the test would prove nothing
        other.execute("SET work_mem = '64MB'")
        page_faults(other)
        assert page_faults(other) > MANY
