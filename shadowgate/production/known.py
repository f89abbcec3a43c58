"""What production is held against, and what is allowed of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from shadowgate.production.shadow_run import ShadowRun
from shadowgate.production.touched import Touched
from shadowgate.report.after_file import After

LONG_SECONDS = 60.0
"""A transaction that is open for longer is in the way: each lock of the migration waits behind what
it holds, and CREATE INDEX CONCURRENTLY for its end."""

HELD_SECONDS = 5.0
"""Longer than a migration that means well waits for a lock before it steps back."""

ROWS_PERCENT = 25.0
"""By so much the rows of a table may differ from the backup's; times measured on it still hold."""

ROWS_SLACK = 1_000
"""Rows by which a small table may differ, whatever share of it they are."""

BACKUP_DAYS = 7.0
"""An older backup is not production any more."""


@dataclass(frozen=True)
class Known:
    """What is known before production is asked."""

    shadow: ShadowRun | None
    touched: Touched
    role: str
    """Who will run the migration."""
    now: dt.datetime

    @property
    def rows(self) -> Mapping[str, int]:
        """Logical table -> rows that the run spoke for: the backup's, or more."""
        return {**self.after.rows, **self.after.production_rows} if self.after else {}

    @property
    def wal_bytes(self) -> int | None:
        """WAL that the migration is expected to write; ``None`` if that was not seen."""
        if self.after is None:
            return None
        told = self.after.production_wal_bytes
        return self.after.wal_bytes if told is None else told

    @property
    def after(self) -> After | None:
        """What the run recorded of the migration."""
        return self.shadow.after if self.shadow else None
