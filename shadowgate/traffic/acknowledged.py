"""The last acknowledged write of each row, in a temporary file.

A statement that writes five hundred rows, ten times a second, acknowledges more in a few minutes
than a run should hold in memory.
"""

from __future__ import annotations

import json
import pickle
import sqlite3
import threading
from collections.abc import Collection, Iterator, Mapping
from typing import Any

Key = tuple[str, ...]
"""Values of the columns that tell a row from others, as text."""

BATCH = 10_000
"""Rows that are looked at at once."""

_MADE = """
CREATE TABLE written (
    name text, key text, row blob, at real, PRIMARY KEY (name, key)
) WITHOUT ROWID
"""
_ADDED = """
INSERT INTO written VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET row = excluded.row, at = excluded.at WHERE excluded.at >= at
"""
_FOUND = """
SELECT key, row FROM written WHERE name = ? AND key IN (SELECT value FROM json_each(?))
"""
_FORGOTTEN = "DELETE FROM written WHERE name = ? AND key IN (SELECT value FROM json_each(?))"
_NEXT = "SELECT key, row FROM written WHERE name = ? AND key > ? ORDER BY key LIMIT ?"


class AcknowledgedWrites:
    """What was acknowledged to clients, by table and key. May be used by several threads."""

    def __init__(self) -> None:
        """Make the file, which the system removes however this process ends."""
        self._lock = threading.Lock()
        self._file = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._file.execute(_MADE)

    def add(self, table: str, rows: Mapping[Key, Any], at: float) -> None:
        """Note rows as a write returned them; of two writes of a row the later one counts.

        Args:
            table: that they are of.
            rows: key -> anything that tells what was written.
            at: when the write was answered, in seconds.
        """
        told = [(table, json.dumps(key), pickle.dumps(row), at) for key, row in rows.items()]
        with self._lock:
            self._file.execute("BEGIN")
            self._file.executemany(_ADDED, told)
            self._file.execute("COMMIT")

    def tables(self) -> list[str]:
        """Tables with rows that were written."""
        with self._lock:
            found = self._file.execute("SELECT DISTINCT name FROM written ORDER BY name")
            return [name for (name,) in found]

    def count(self, table: str) -> int:
        """How many rows of a table were written."""
        with self._lock:
            (found,) = self._file.execute(
                "SELECT count(*) FROM written WHERE name = ?", (table,)
            ).fetchone()
        return int(found)

    def of(self, table: str, keys: Collection[Key]) -> dict[Key, Any]:
        """What was written last under some keys; nothing under those that nobody wrote."""
        with self._lock:
            return _rows(self._file.execute(_FOUND, (table, _listed(keys))).fetchall())

    def batches(self, table: str) -> Iterator[dict[Key, Any]]:
        """All rows of a table, some at a time."""
        last = ""
        while True:
            with self._lock:
                rows = self._file.execute(_NEXT, (table, last, BATCH)).fetchall()
            if not rows:
                return
            last = rows[-1][0]
            yield _rows(rows)

    def forget(self, table: str, keys: Collection[Key]) -> None:
        """Forget rows, such as those that were found again."""
        with self._lock:
            self._file.execute(_FORGOTTEN, (table, _listed(keys)))

    def close(self) -> None:
        """Remove the file. Safe to call twice."""
        self._file.close()


def _listed(keys: Collection[Key]) -> str:
    return json.dumps([json.dumps(key) for key in keys])


def _rows(found: list[tuple[str, bytes]]) -> dict[Key, Any]:
    return {tuple(json.loads(key)): pickle.loads(row) for key, row in found}  # noqa: S301 - written by this process
