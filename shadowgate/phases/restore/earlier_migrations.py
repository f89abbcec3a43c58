"""Phase 2: migrations that production has already and the backup has not."""

from __future__ import annotations

from collections.abc import Sequence

from shadowgate.migrate import Script
from shadowgate.phases.runner import Runner
from shadowgate.server import Database


def apply_earlier(scripts: Sequence[Script], shadow: Database, runner: Runner) -> None:
    """Apply earlier migrations to the restored backup, in order, then vacuum and analyse it.

    What the shadow holds afterwards is *before*: what is validated comes on top of it.

    Raises:
        MigrationError: a statement of one of them fails; the error names file and line.
    """
    for script in scripts:
        runner.run(script, shadow).raise_for_error()
    if scripts:
        with shadow.connect() as connection:
            connection.execute("VACUUM (ANALYZE)")
