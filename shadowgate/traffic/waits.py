"""How long readers and writers were blocked, and behind which statement.

Three different times, never mixed:

*Wait*: the time a session was blocked on a lock by the migration, itself or through others that
stood between. From the server's record of when the wait began to the first snapshot in which it
was over, or to the answer if that came sooner: an upper bound, too long by one sampling interval at
most. Budgets are for this time. A wait that began and ended between two snapshots is not seen; it
was shorter than the ``resolution``.

*Latency*: from the scheduled arrival to the answer. It contains waits, work, and on a small machine
the time a session stood in line for a processor, which is no fault of the migration.

*Share blocked*: waits of all sessions of a kind, over the time that they were there.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace

import numpy as np

from shadowgate.evidence import Table
from shadowgate.language import sentence
from shadowgate.migrate.results import STOPS_WRITERS, ScriptRun
from shadowgate.traffic.blocking import Blocked, LockSnapshot
from shadowgate.traffic.load import Kind, Request, Traffic

KINDS: tuple[Kind, ...] = ("reader", "writer")
_DEADLOCK = "40P01"
_LISTED = 10


@dataclass(frozen=True)
class Wait:
    """One wait of one session. Times are ``time.monotonic()``, in seconds."""

    kind: Kind
    pid: int
    since: float
    until: float
    mode: str
    """The lock that it waited for."""
    target: str
    statement: int = 0
    """Number of the migration's statement that took the lock; 0: not known."""
    blocker: str = ""
    """That statement on one line."""

    @property
    def seconds(self) -> float:
        """How long it lasted, at most."""
        return self.until - self.since


@dataclass(frozen=True)
class KindReport:
    """All sessions of one kind while the migration ran. Times in milliseconds."""

    kind: Kind
    sessions: int
    requests: int
    longest_wait_ms: float
    share_blocked: float
    """0 to 1."""
    errors: Mapping[str, int]
    """SQLSTATE -> how often."""
    first_error: str
    longest_latency_ms: float
    median_latency_ms: float
    quiet_median_latency_ms: float
    """Of requests before and after the migration; NaN if there were none."""
    switched_over: int = 0
    """Sessions whose table was gone and who went on under its new name."""

    @property
    def error_count(self) -> int:
        """Requests that failed."""
        return sum(self.errors.values())

    @property
    def deadlocks(self) -> int:
        """Requests that were chosen to end a deadlock."""
        return self.errors.get(_DEADLOCK, 0)


@dataclass(frozen=True)
class WaitReport:
    """What traffic felt of a migration."""

    seconds: float
    """How long the migration took."""
    resolution_ms: float
    """Longest time between two snapshots: shorter waits may have gone unseen."""
    kinds: tuple[KindReport, ...]
    waits: tuple[Wait, ...]
    """Waits behind the migration, longest first."""

    @property
    def longest(self) -> Wait | None:
        """The longest wait; ``None`` if nobody waited."""
        return self.waits[0] if self.waits else None

    def of(self, kind: Kind) -> KindReport:
        """The report of one kind."""
        return next(report for report in self.kinds if report.kind == kind)

    def tables(self) -> tuple[Table, ...]:
        """As tables of evidence: by kind, and who blocked whom."""
        return (_kind_table(self), _wait_table(self))


def report_waits(traffic: Traffic, run: ScriptRun) -> WaitReport:
    """Tell what the sessions of a load felt while a script was applied.

    Args:
        traffic: a load that has ended, or at least outlived the run.
        run: the run, made in this process and by one session.
    """
    end = run.origin + run.seconds
    roots = _roots(run, traffic)
    waits = tuple(
        _with_statement(wait, run)
        for wait in waits_behind(roots, traffic.snapshots, traffic.kinds, traffic.requests)
        if wait.since < end and wait.until > run.origin
    )
    times = [snapshot.at for snapshot in traffic.snapshots if run.origin <= snapshot.at <= end]
    return WaitReport(
        seconds=run.seconds,
        resolution_ms=_largest_gap([run.origin, *times, end]) * 1000,
        kinds=tuple(
            _kind_report(kind, traffic, waits, (run.origin, end))
            for kind in KINDS
            if traffic.sessions(kind)
        ),
        waits=tuple(sorted(waits, key=lambda wait: -wait.seconds)),
    )


def waits_behind(
    roots: Set[int],
    snapshots: Sequence[LockSnapshot],
    kinds: Mapping[int, Kind],
    requests: Iterable[Request],
) -> tuple[Wait, ...]:
    """Join snapshots into waits of known sessions behind a migration, direct or through others.

    Args:
        roots: process IDs of the sessions that are to blame.
        snapshots: in the order in which they were taken.
        kinds: process ID -> kind of the sessions whose waits count.
        requests: of those sessions; an answer ends a wait.
    """
    seen: dict[tuple[int, float], tuple[Blocked, float]] = {}
    next_looks = [*(snapshot.at for snapshot in snapshots[1:]), float("inf")]
    for snapshot, next_look in zip(snapshots, next_looks, strict=True):
        for blocked in _behind(roots, snapshot.blocked):
            if blocked.pid in kinds:
                key = (blocked.pid, blocked.wait)
                seen[key] = (seen.get(key, (blocked, 0.0))[0], next_look)
    answers = _answers(requests)
    return tuple(
        Wait(
            kinds[first.pid],
            first.pid,
            first.since,
            min([until, *(at for at in answers.get(first.pid, ()) if at > first.since)]),
            first.mode,
            first.target,
        )
        for first, until in seen.values()
    )


def _roots(run: ScriptRun, traffic: Traffic) -> Set[int]:
    """The migrating session; for psql, whose process is not known, all that are not the load's."""
    if run.pid:
        return {run.pid}
    waiting = (item for snapshot in traffic.snapshots for item in snapshot.blocked)
    return {pid for item in waiting for pid in item.blockers} - traffic.kinds.keys()


def _behind(roots: Set[int], blocked: Sequence[Blocked]) -> list[Blocked]:
    """Those who wait for one of these sessions, or for somebody who does."""
    chain = set(roots)
    while True:
        more = {item.pid for item in blocked if item.blockers & chain} - chain
        if not more:
            return [item for item in blocked if item.blockers & chain]
        chain |= more


def _answers(requests: Iterable[Request]) -> dict[int, list[float]]:
    answers: dict[int, list[float]] = {}
    for request in requests:
        answers.setdefault(request.pid, []).append(request.ended)
    return answers


def _with_statement(wait: Wait, run: ScriptRun) -> Wait:
    """Name the statement that took the lock, or else the one that ran when the wait began."""
    since, until = wait.since - run.origin, wait.until - run.origin
    in_the_way = [
        lock.statement
        for lock in run.locks
        if lock.relation == wait.target
        and lock.mode in STOPS_WRITERS
        and lock.since < until
        and lock.until > since
    ]
    running = [item.statement.number for item in run.runs if item.started <= since]
    number = min(in_the_way, default=max(running, default=0))
    excerpts = {item.statement.number: item.statement.excerpt for item in run.runs}
    return replace(wait, statement=number, blocker=excerpts.get(number, ""))


def _largest_gap(times: Sequence[float]) -> float:
    return max(float(gap) for gap in np.diff(np.asarray(times)))


def _kind_report(
    kind: Kind, traffic: Traffic, waits: Sequence[Wait], window: tuple[float, float]
) -> KindReport:
    began, ended = window
    requests = [request for request in traffic.requests if request.kind == kind]
    during = [item for item in requests if item.scheduled < ended and item.ended > began]
    quiet = [item.latency for item in requests if item.scheduled >= ended or item.ended <= began]
    own = [wait for wait in waits if wait.kind == kind]
    sessions = traffic.sessions(kind)
    blocked = sum(min(wait.until, ended) - max(wait.since, began) for wait in own)
    # Whoever comes after the change meets it as well.
    failed = [item for item in requests if item.sqlstate and item.ended > began]
    latencies = [item.latency for item in during]
    return KindReport(
        kind=kind,
        sessions=sessions,
        requests=len(during),
        longest_wait_ms=max((wait.seconds for wait in own), default=0.0) * 1000,
        share_blocked=blocked / (sessions * (ended - began)),
        errors=dict(Counter(item.sqlstate for item in failed)),
        first_error=failed[0].message if failed else "",
        longest_latency_ms=max(latencies, default=math.nan) * 1000,
        median_latency_ms=_median(latencies) * 1000,
        quiet_median_latency_ms=_median(quiet) * 1000,
        switched_over=sum(item.switched_over for item in requests),
    )


def _median(values: Sequence[float]) -> float:
    return float(np.median(values)) if values else math.nan


def _kind_table(report: WaitReport) -> Table:
    columns = (
        "who",
        "sessions",
        "requests",
        "longest wait ms",
        "blocked %",
        "errors",
        "deadlocks",
        "switched over",
        "longest latency ms",
        "median ms",
        "median when quiet ms",
    )
    rows = tuple(
        (
            sentence("readers") if item.kind == "reader" else sentence("writers"),
            str(item.sessions),
            str(item.requests),
            f"{item.longest_wait_ms:.0f}",
            f"{item.share_blocked * 100:.1f}",
            ", ".join(f"{count} x {state}" for state, count in item.errors.items()) or "0",
            str(item.deadlocks),
            str(item.switched_over),
            f"{item.longest_latency_ms:.0f}",
            f"{item.median_latency_ms:.1f}",
            f"{item.quiet_median_latency_ms:.1f}",
        )
        for item in report.kinds
    )
    title = sentence(
        "Traffic during {seconds:.1f} s (waits seen from {resolution:.0f} ms)",
        seconds=report.seconds,
        resolution=report.resolution_ms,
    )
    return Table(title, columns, rows)


def _wait_table(report: WaitReport) -> Table:
    columns = ("who", "waited ms", "for", "on", "behind statement", "")
    rows = tuple(
        (
            sentence("reader") if wait.kind == "reader" else sentence("writer"),
            f"{wait.seconds * 1000:.0f}",
            wait.mode,
            wait.target,
            str(wait.statement or ""),
            wait.blocker,
        )
        for wait in report.waits[:_LISTED]
    )
    return Table(sentence("Longest waits, of {waits}", waits=len(report.waits)), columns, rows)
