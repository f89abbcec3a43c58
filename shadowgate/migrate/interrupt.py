"""Kills the migrating session at every boundary between statements, and looks at what is left.

A migration that is interrupted may leave the database as it was, or half way, as long as running
the script again brings it to its end. Anything else needs a person at night.

Each point gets a fresh clone: the session is terminated there, from another one, and the state
that it leaves is compared with the state before the script. If it differs, the script is run again
from its beginning and must reach the state of an undisturbed run. As every point has a database of
its own, several are tried at once.

A statement that commits on its way, as those with CONCURRENTLY do, is terminated inside however
short it is: a transaction that is kept open makes it wait after its first commit.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from shadowgate.errors import MigrationError
from shadowgate.evidence import Table
from shadowgate.language import joined, sentence
from shadowgate.migrate.apply import RetryPolicy, apply_script
from shadowgate.migrate.kinds import OF_THE_SESSION, OPENING
from shadowgate.migrate.leftovers import (
    Leftover,
    commits_on_its_way,
    drop_indexes,
    leftovers,
    transaction_on_every_table,
)
from shadowgate.migrate.polling import is_gone
from shadowgate.migrate.results import ScriptRun
from shadowgate.migrate.script import Script, Statement, is_unguarded
from shadowgate.migrate.session import SessionSettings
from shadowgate.migrate.watch import NoWatch, Seen, SeenOverall
from shadowgate.progress import Progress, silent
from shadowgate.server.base import Connection, Database

State = TypeVar("State")
Moment = Literal["before", "within"]
Outcome = Literal[
    "as before", "complete", "completed by running it again", "told by running it again", "broken"
]
_OUTCOMES: Mapping[Outcome, str] = {
    # TRANSLATORS: in what state an interrupted script leaves a database
    "as before": sentence("as before"),
    "complete": sentence("complete"),
    "completed by running it again": sentence("completed by running it again"),
    "told by running it again": sentence("told by running it again"),
    "broken": sentence("broken"),
}
_TERMINATE_SQL = "SELECT pg_catalog.pg_terminate_backend(%s)"
_IS_THERE_SQL = "SELECT FROM pg_catalog.pg_stat_activity WHERE pid = %s"
_WAITS_SQL = """
SELECT count(*) > 0
FROM pg_catalog.pg_stat_activity
WHERE pid = %s
  AND wait_event_type = 'Lock'
"""
_TERMINATE_SECONDS = 10.0
_LOOK_SECONDS = 0.005
"""The server itself, asked to wait for the end of a session, looks ten times a second."""
_LEAVES_NOTHING = (*OF_THE_SESSION, *OPENING)
AT_ONCE = 2
"""Points that are tried at the same time; most of each is waiting for the server."""
LONG_SECONDS = 0.1
"""A statement that takes longer is also interrupted half way through."""


@dataclass(frozen=True)
class Point:
    """Where a run is interrupted: before a statement is sent, or while it runs."""

    moment: Moment
    statement: Statement
    delay_seconds: float = 0.0
    """After the statement was sent; for the moment *within*."""
    held_up: bool = False
    """It is made to wait for another transaction, and terminated there instead of after a time."""

    def __str__(self) -> str:
        values: dict[str, Any] = {
            "number": self.statement.number,
            "line": self.statement.line,
            "kind": self.statement.kind,
        }
        # TRANSLATORS: where a script was interrupted
        if self.moment == "before":
            return sentence("before statement {number} (line {line}, {kind})", **values)
        return sentence("within statement {number} (line {line}, {kind})", **values)


@dataclass(frozen=True)
class Interruption:
    """What one interruption left."""

    point: Point
    outcome: Outcome
    detail: str = ""
    """For a broken one: how the state differs, or why the script could not be run again. For one
    that is completed: what of no harm is left. For one that is told: what is to be taken away."""


@dataclass(frozen=True)
class InterruptionTrial(Generic[State]):
    """What is needed to try interruptions.

    Attributes:
        make_clone: gives a fresh copy of the database before the script, dropped afterwards. It
            is called from several threads at once, as are the others.
        state_of: all of a database that counts. What differs between two undisturbed runs, such as
            times in a log, has no place in it.
        differences: how a state differs from a wanted one, in words; none if it is as good. It need
            not be equal: a sequence gives no value back when an interruption undoes its row.
        atomic: whether the script runs in one transaction, which undoes all of it when it is cut
            off: then nothing is run again, and anything between before and complete is broken.
        session: what the runner's session has before the script.
    """

    make_clone: Callable[[], AbstractContextManager[Database]]
    state_of: Callable[[Database], State]
    differences: Callable[[State, State], Sequence[str]]
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    progress: Progress = silent
    atomic: bool = False
    session: SessionSettings = field(default_factory=SessionSettings)


def interrupt_at_every_boundary(
    script: Script, trial: InterruptionTrial[State]
) -> tuple[Interruption, ...]:
    """Interrupt a script at each of its points, each time on a fresh clone.

    Returns:
        One entry for each point, in the order of the script. Meant for small databases: it costs
        a clone, a part of a run and a state for every point, and a whole run for every state that
        has not been met before.

    Raises:
        MigrationError: the script fails without being interrupted.
        UsageError: only psql can read the script.
    """
    with trial.make_clone() as clone:
        before, usual = trial.state_of(clone), leftovers(clone)
        reference = apply_script(script, clone, retry=trial.retry, session=trial.session)
        reference.raise_for_error()
        final, usual = trial.state_of(clone), usual | leftovers(clone)
    judge = _Judge(script, trial, before, final, usual)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        tried = [threads.submit(judge.try_point, point) for point in points_of(reference)]
        try:
            return tuple(one.result() for one in tried)
        finally:
            threads.shutdown(cancel_futures=True)


def points_of(reference: ScriptRun) -> tuple[Point, ...]:
    """List the points of a script, given an undisturbed run that tells the long statements.

    The boundary after a statement that changes the session only is the one before it again.
    """
    points: list[Point] = []
    previous: Statement | None = None
    for run in reference.runs:
        statement = run.statement
        if previous is None or previous.kind not in _LEAVES_NOTHING:
            points.append(Point("before", statement))
        if commits_on_its_way(statement):
            points.append(Point("within", statement, held_up=True))
        elif run.seconds > LONG_SECONDS:
            points.append(Point("within", statement, run.seconds / 2))
        previous = statement
    return tuple(points)


def interruptions_table(interruptions: tuple[Interruption, ...]) -> Table:
    """Lay interruptions out as a table of evidence."""
    rows = tuple((str(item.point), _OUTCOMES[item.outcome], item.detail) for item in interruptions)
    return Table("Interruptions", ("terminated", "state left", "detail"), rows)


class _Interrupter(NoWatch):
    """A watch that terminates the session it is attached to at one point."""

    def __init__(self, database: Database, point: Point) -> None:
        self._database = database
        self._point = point
        self._timer: threading.Timer | None = None
        self._done = threading.Event()
        self._threads = ThreadPoolExecutor(1)
        self._wait: Future[None] | None = None
        self.done = False

    def attach(self, session: Connection, origin: float) -> None:
        super().attach(session, origin)
        self._pid = session.info.backend_pid

    def statement_begins(self, statement: Statement) -> None:
        if statement.number != self._point.statement.number:
            return
        if self._point.moment == "before":
            self._terminate()
        elif self._point.held_up:
            self._done.clear()
            held = threading.Event()
            self._wait = self._threads.submit(self._terminate_while_waiting, held)
            held.wait(_TERMINATE_SECONDS)
        else:
            self._timer = threading.Timer(self._point.delay_seconds, self._terminate)
            self._timer.start()

    def statement_done(self) -> Seen:
        self._done.set()
        return super().statement_done()

    def transaction_ended(self) -> None:
        self._done.set()
        if self._timer is not None:
            self._timer.join()
        if self._wait is not None:
            self._wait.result()

    def finish(self) -> SeenOverall:
        self._threads.shutdown()
        return super().finish()

    def _terminate_while_waiting(self, held: threading.Event) -> None:
        """Hold the statement up, and terminate it as soon as it waits; or let it end."""
        with self._database.connect() as looking, transaction_on_every_table(self._database):
            held.set()
            while not self._done.wait(_LOOK_SECONDS):
                row = looking.execute(_WAITS_SQL, (self._pid,)).fetchone()
                if row and row[0]:
                    self._terminate()
                    return

    def _terminate(self) -> None:
        with self._database.connect() as connection:
            connection.execute(_TERMINATE_SQL, (self._pid,))
            self.done = is_gone(
                connection,
                _IS_THERE_SQL,
                (self._pid,),
                seconds=_TERMINATE_SECONDS,
                look_seconds=_LOOK_SECONDS,
            )


@dataclass
class _Judge(Generic[State]):
    script: Script
    trial: InterruptionTrial[State]
    before: State
    final: State
    usual: frozenset[Leftover]
    """What is there without an interruption, before the script or after it."""
    known: list[tuple[State, frozenset[Leftover], Outcome, str]] = field(default_factory=list)
    """States met so far, with what became of them: the same state is seldom tried twice."""

    def try_point(self, point: Point) -> Interruption:
        self.trial.progress(f"interrupting {point}")
        with self.trial.make_clone() as clone:
            interrupter = _Interrupter(clone, point)
            run = apply_script(
                self.script,
                clone,
                watch=interrupter,
                retry=self.trial.retry,
                session=self.trial.session,
            )
            # A lock timeout may come before the look that finds it waiting: that is one as well.
            if run.error and not interrupter.done and not point.held_up:
                raise MigrationError(
                    sentence(
                        "The script failed before it could be interrupted {point}: {what}",
                        point=point,
                        what=run.error.what,
                    ),
                    where=run.error.where,
                    todo="Make the script do the same on every run.",
                )
            outcome, detail = self._judge(clone)
        return Interruption(point, outcome, detail)

    def _judge(self, clone: Database) -> tuple[Outcome, str]:
        left, over = self.trial.state_of(clone), leftovers(clone) - self.usual
        since_before = self.trial.differences(self.before, left)
        if not over and not since_before:
            return "as before", ""
        if not over and not self.trial.differences(self.final, left):
            return "complete", ""
        if self.trial.atomic:
            found = joined("; ", _left(over) or since_before)
            return "broken", sentence(
                "the transaction did not undo everything: {found}", found=found
            )
        for state, also, outcome, detail in self.known:
            if state == left and also == over:
                return outcome, detail
        outcome, detail = self._run_again(clone, over)
        self.known.append((left, over, outcome, detail))
        return outcome, detail

    def _run_again(self, clone: Database, over: frozenset[Leftover]) -> tuple[Outcome, str]:
        run = apply_script(self.script, clone, retry=self.trial.retry, session=self.trial.session)
        if run.error:
            failed = sentence(
                "running it again fails: {error} ({place})",
                error=run.error.what,
                place=run.error.where,
            )
            # Nothing can stand in the file beside such a statement, and who runs it again is told
            # which index is in the way.
            told = is_unguarded(self.script) and {each.kind for each in over} == {"index"}
            outcome: Outcome = "told by running it again" if told else "broken"
            return outcome, joined("; ", [*_left(over), failed])
        remaining = leftovers(clone) - self.usual
        spare = frozenset(each for each in remaining if each.is_of_reindex)
        remaining -= spare
        if remaining:
            skipped = sentence("running it again skips what is there and completes nothing")
            return "broken", joined("; ", [*_left(remaining), skipped])
        # REINDEX, manual: what such an index is good for is done by running it again; it only takes
        # space and time of writers until somebody drops it.
        drop_indexes(clone, spare)
        differences = self.trial.differences(self.final, self.trial.state_of(clone))
        if differences:
            return "broken", sentence(
                "running it again ends in another state: {found}",
                found=joined("; ", differences),
            )
        return "completed by running it again", joined("; ", _left(spare))


def _left(over: frozenset[Leftover]) -> list[str]:
    return [each.sentence for each in sorted(over)]
