"""Lanes: what is timed on several cores at once, each core with sessions of its own.

A pair of executions is compared, not one execution with a clock on the wall; so a pair belongs to
one core, one after the other, while another core does the same for other queries. That takes half
the time and costs no precision. Measured on a busy machine of two cores, ten queries on two
identical databases of a quarter of a million rows, six times fifty rounds each way, in turns: the
log ratios of pairs were spread by 12.9 % in one lane and by 11.4 % in two, those of fifty rounds by
1.9 and 1.6 %, in 83 and 49 s. Interference between workers is randomised per round and common to
both sides.

Of writes to one database there is one at a time, since two of them could wait for each other.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, nullcontext
from types import MappingProxyType
from typing import TypeVar

from shadowgate.measure.clock import usable_cores
from shadowgate.measure.concurrency import all_at_once
from shadowgate.measure.failures import Failures
from shadowgate.measure.rounds import TimedSession, timed_session
from shadowgate.measure.sampling import Sampling
from shadowgate.measure.session import visit
from shadowgate.queries.workload import Query
from shadowgate.server.base import Database

MOST_LANES = 2
"""With more of them memory, which all cores share, would be what is measured."""

Lane = TypeVar("Lane")
Job = TypeVar("Job")

Lanes = Sequence[Sequence[TimedSession]]
"""Lane -> place of the database -> session."""

UNKNOWN: Mapping[str, float] = MappingProxyType({})
"""How long queries take, where nobody knows."""


def possible_lanes() -> int:
    """How many lanes this machine has cores for."""
    return min(MOST_LANES, len(usable_cores()))


def are_seen(sessions: Iterable[TimedSession]) -> bool:
    """Whether the server's processes are seen here, so that each lane can have a core of its own.

    Where they are not, nobody knows how many cores there are, and one lane is all there is.
    """
    return all(session.process is not None for session in sessions)


def share_out(
    jobs: Sequence[Job],
    lanes: Sequence[Lane],
    work: Callable[[Lane, Job], None],
    *,
    fits: Callable[[Lane, Job], bool] = lambda _lane, _job: True,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Do every job in one of the lanes, each of which takes the first that is left and fits.

    Args:
        jobs: what to do, in this order.
        lanes: they work at the same time; a single one works in the caller's thread.
        work: does a job in a lane.
        fits: whether a lane can do a job.
        stop: asked before each job; no more are begun once it says so, or one has failed.
    """
    left = list(jobs)
    choosing, ended = threading.Lock(), threading.Event()

    def next_job(lane: Lane) -> Job | None:
        with choosing:
            place = next((n for n, job in enumerate(left) if fits(lane, job)), None)
            return None if place is None or ended.is_set() or stop() else left.pop(place)

    def run(lane: Lane) -> None:
        try:
            while (job := next_job(lane)) is not None:
                work(lane, job)
        except BaseException:
            ended.set()
            raise

    if len(lanes) == 1:
        run(lanes[0])
        return
    with ThreadPoolExecutor(len(lanes)) as threads:
        running = [threads.submit(run, lane) for lane in lanes]
        try:
            for one in running:
                one.result()
        except BaseException:  # an interruption too: the lanes end with the job that they are at
            ended.set()
            raise


@contextmanager
def open_lanes(copies: Sequence[Database], sampling: Sampling) -> Iterator[Lanes]:
    """Open a session on each copy for each lane; as many lanes as can be had.

    Raises:
        ServerError: a session cannot be opened.
    """
    all_at_once(visit, copies)
    with ExitStack() as stack:
        lanes = [
            [stack.enter_context(timed_session(copy, sampling)) for copy in copies]
            for _ in range(possible_lanes())
        ]
        yield lanes if all(map(are_seen, lanes)) else lanes[:1]


def share_evenly(seconds: Mapping[str, float], lanes: int) -> dict[str, int]:
    """Give each query a lane so that all lanes take about as long.

    Longest processing time first (Graham, 1969): each goes to the lane with least to do so far.

    Args:
        seconds: query -> how long it takes.
        lanes: how many there are.

    Returns:
        Query -> number of its lane.
    """
    busy = [0.0] * lanes
    lane_of: dict[str, int] = {}
    for query in sorted(seconds, key=seconds.__getitem__, reverse=True):
        lane_of[query] = busy.index(min(busy))
        busy[lane_of[query]] += seconds[query]
    return lane_of


def assign_lanes(
    queries: Iterable[Query], seconds: Mapping[str, float], lanes: int
) -> dict[str, int]:
    """Give each query a lane; reads and writes by themselves, as they have rounds of their own.

    Args:
        queries: the queries.
        seconds: query -> how long it takes, about; where that is not known, all take as long.
        lanes: how many there are.

    Returns:
        Query -> number of its lane.
    """
    kinds: dict[str, dict[str, float]] = {"read": {}, "write": {}}
    for query in queries:
        kinds[query.kind][query.id] = seconds.get(query.id, 1.0)
    return share_evenly(kinds["read"], lanes) | share_evenly(kinds["write"], lanes)


def warm_up(
    lanes: Lanes, queries: Callable[[int], Iterable[Query]], lane_of: Mapping[str, int]
) -> None:
    """Execute queries untimed where they will be timed.

    That a query stays in its lane spares half of these executions.

    Args:
        lanes: the sessions.
        queries: the queries to ask at a place, in the form that is asked there.
        lane_of: query -> number of the lane that asks it.
    """

    def ask(place: int) -> None:
        for query in queries(place):
            lanes[lane_of[query.id]][place].time(query)

    all_at_once(ask, range(len(lanes[0])))


def time_round(
    lanes: Lanes,
    queries: Sequence[Query],
    form: Callable[[int, Query], Query],
    generator: random.Random,
    places: Sequence[int],
    lane_of: Mapping[str, int],
    failures: Failures | None = None,
) -> Mapping[str, Mapping[int, float]]:
    """Ask every query at every place once: queries and, for each, places in a random order.

    Reads and writes belong in rounds of their own where they are for the same database.

    Args:
        lanes: the sessions.
        queries: the queries.
        form: the form in which a query is asked at a place.
        generator: draws the order.
        places: where to ask.
        lane_of: query -> number of the lane that asks it.
        failures: takes what fails, which has no seconds then; without it that is raised.

    Returns:
        Query -> place -> seconds.

    Raises:
        QueryError: a query failed or took too long.
        ServerError: a session was lost.
    """
    taken: dict[str, dict[int, float]] = {query.id: {} for query in queries}
    writing = {place: threading.Lock() for place in places}
    jobs = [
        (query, generator.sample(places, len(places)))
        for query in generator.sample(queries, len(queries))
    ]

    def ask(lane: int, job: tuple[Query, list[int]]) -> None:
        query, order = job
        for place in order:
            with (
                writing[place] if query.kind == "write" else nullcontext(),
                nullcontext() if failures is None else failures.noted("before"),
            ):
                taken[query.id][place] = lanes[lane][place].time(form(place, query)).net

    share_out(jobs, range(len(lanes)), ask, fits=lambda lane, job: lane_of[job[0].id] == lane)
    return taken
