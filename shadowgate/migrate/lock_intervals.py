"""Turns snapshots of which locks are held into spans: this lock, from then to then."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

LockKey = tuple[int, str]
"""Relation (its OID) and lock mode."""


@dataclass(frozen=True)
class LockSpan:
    """A lock seen in one snapshot or several in a row."""

    statement: int
    relation: int
    mode: str
    since: float
    """Start of the last snapshot in which it was not there."""
    until: float
    """End of the first snapshot in which it was gone."""


@dataclass
class LockLedger:
    """Keeps the locks of one session. Snapshots come in the order in which they were taken."""

    closed: list[LockSpan] = field(default_factory=list)
    _open: dict[LockKey, tuple[int, float]] = field(default_factory=dict)
    _previous: float = 0.0

    def note(self, seen: Iterable[LockKey], *, began: float, ended: float, statement: int) -> None:
        """Take in a snapshot.

        Args:
            seen: every lock in it.
            began: when taking it began, in seconds.
            ended: when it had been taken.
            statement: number of the statement that was running; new locks are attributed to it.
        """
        keys = set(seen)
        for key in [key for key in self._open if key not in keys]:
            self._close(key, ended)
        for key in keys - self._open.keys():
            self._open[key] = (statement, self._previous)
        self._previous = began

    @property
    def held(self) -> dict[LockKey, tuple[int, float]]:
        """The locks of the last snapshot: the statement that took each, and since when."""
        return dict(self._open)

    def _close(self, key: LockKey, until: float) -> None:
        statement, since = self._open.pop(key)
        relation, mode = key
        self.closed.append(LockSpan(statement, relation, mode, since, until))

    def finish(self, at: float) -> tuple[LockSpan, ...]:
        """End every span that is still open and return all of them by the time they began."""
        for key in list(self._open):
            self._close(key, at)
        return tuple(sorted(self.closed, key=lambda span: (span.since, span.relation, span.mode)))
