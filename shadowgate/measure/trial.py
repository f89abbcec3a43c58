"""Measures several databases in one run: each query is asked of every one of them in turn.

A trial has as many rounds as were agreed beforehand, without interim analyses, so the ordinary
interval of the signed-rank test holds. All arms of a round are measured within a second or two, so
any two of them are paired: the same rounds tell what an arm changes against the one before it and
against the first.

Two of the arms may be judged. They are measured on, like the sides of
:func:`~shadowgate.measure.compare`, until what is asked of them is decided; of these two the
intervals are repeated confidence intervals (:mod:`shadowgate.statistics.sequential`).

A query is asked of all arms on one core, one after the other. Reads come before writes, on one copy
of each database: what the rolled-back writes leave in the indexes then slows no read. At the end
the writes are committed and the reads asked once more, so that an arm whose answers are only right
until somebody writes is found out.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from shadowgate.measure.answers.ordering import difference_beyond_order
from shadowgate.measure.answers.rows import Result, fetch_result, first_difference
from shadowgate.measure.concurrency import all_at_once
from shadowgate.measure.copies import CloneFactory, copies_at_once
from shadowgate.measure.lanes import UNKNOWN, Lanes, assign_lanes, open_lanes, time_round, warm_up
from shadowgate.measure.rounds import undisturbed
from shadowgate.measure.sampler import Pair
from shadowgate.measure.sampling import Sampling
from shadowgate.progress import Progress, silent
from shadowgate.queries.workload import Query, Workload
from shadowgate.server.base import Database
from shadowgate.statistics.intervals import Interval, effects, signed_rank_interval, widen
from shadowgate.statistics.sequential import Looks, plan_looks

Results = Mapping[str, Mapping[str, Result]]
"""Arm -> query -> the rows it returned."""


@dataclass(frozen=True)
class Arm:
    """A settled database of a trial, and the queries in the form that it is asked."""

    name: str
    database: Database
    workload: Workload
    refresh: str = ""
    """Executed after the writes: a stored answer may be as old as its schedule lets it be."""
    fresh: bool = False
    """Made for this trial by copying, and not read since: it is measured itself, not a copy."""


@dataclass(frozen=True)
class Trial:
    """What was measured of all arms; they have the same queries."""

    seconds: Mapping[str, Mapping[str, tuple[float, ...]]]
    """Arm -> query -> seconds of each round, from the first; those judged have more rounds."""
    reads: tuple[str, ...]
    rows: Results
    rows_after_writes: Results
    tail: float
    """Probability that the truth lies beyond one given bound of an interval."""
    deviation: float
    """Between-copy standard deviation of an effect, as a log ratio."""
    judged: frozenset[str] = frozenset()
    """The two arms that were measured on until their verdict was decided."""
    looks: Looks | None = None
    """The interim analyses of these two."""

    def pairs(self, query: str, arm: str, control: str) -> tuple[Pair, ...]:
        """Seconds of the control and of the arm in each round that both took part in."""
        return tuple(zip(self.seconds[control][query], self.seconds[arm][query], strict=False))

    def effect(self, query: str, arm: str, control: str) -> Interval:
        """How a query changed from the control to the arm, as a log ratio."""
        return self._interval(self.pairs(query, arm, control), arm, control)

    def overall(self, arm: str, control: str, weights: Mapping[str, float]) -> Interval:
        """How the weighted sum over the reading queries changed, as a log ratio.

        Args:
            arm: the arm.
            control: what it is compared with.
            weights: how often each query is asked, in any unit; all equally often when empty, and a
                query not named is never asked.

        Raises:
            ValueError: no reading query has a weight.
        """
        asked = {query: weights.get(query, 0.0) if weights else 1.0 for query in self.reads}
        if not any(asked.values()):
            raise ValueError("no reading query has a weight")
        by_query = [
            [(share * before, share * after) for before, after in self.pairs(query, arm, control)]
            for query, share in asked.items()
        ]
        sums = [
            (sum(before for before, _ in one), sum(after for _, after in one))
            for one in zip(*by_query, strict=False)  # rounds that all of them took part in
        ]
        return self._interval(sums, arm, control)

    def _interval(self, pairs: Sequence[Pair], arm: str, control: str) -> Interval:
        values = effects(pairs)
        found = None
        if self.looks is not None and {arm, control} == self.judged:
            found = self.looks.interval(values)
        return widen(found or signed_rank_interval(values, self.tail), self.deviation, self.tail)

    def differences(self, arm: str, control: str, unordered: Collection[str] = ()) -> list[str]:
        """Where the arm returns other rows than the control, before or after writes, in words.

        Args:
            arm: the arm.
            control: what it is compared with.
            unordered: queries without a defined order, of which only the members must be the same.
        """
        found = []
        for when, rows in (("", self.rows), (" after writes", self.rows_after_writes)):
            for query in rows[arm]:
                tell = difference_beyond_order if query in unordered else first_difference
                difference = tell(rows[control][query], rows[arm][query])
                if difference:
                    found.append(f"{query}{when}: {difference}")
        return found


@dataclass(frozen=True)
class Judging:
    """How two arms are measured on, query by query, after the rounds of all arms."""

    arms: frozenset[str]
    """The names of the two."""
    undecided: Callable[[Trial, Sequence[str]], Sequence[str]]
    """Given what is known so far and some queries: those of them that need more rounds."""
    max_rounds: int
    """Rounds after which a query is left undecided; those of all arms count."""
    budget_seconds: float
    """Time for that, for the reads and for the writes each."""


def run_trial(
    arms: Sequence[Arm],
    sampling: Sampling,
    rounds: int,
    *,
    judging: Judging | None = None,
    seconds: Mapping[str, float] = UNKNOWN,
    clones: CloneFactory,
    progress: Progress = silent,
) -> Trial:
    """Measure all arms in so many rounds.

    Args:
        arms: the arms, with the same queries by id.
        sampling: seed, level and settings of the sessions.
        rounds: how often each query is asked of each arm.
        judging: which two arms are asked more often, and until when.
        seconds: how long each query takes, as far as it is known; so they are dealt out to the
            lanes.
        clones: makes the copies that are measured.
        progress: receives what is going on.

    Raises:
        ValidationError: a query failed or took too long.
        ServerError: a database cannot be cloned or a session was lost.
    """
    generator = random.Random(f"trial {sampling.demands.seed}")  # noqa: S311 - an order, not a secret
    reads = tuple(query.id for query in arms[0].workload.reads)
    writes = tuple(query.id for query in arms[0].workload.writes)
    with _opened(arms, sampling, seconds, clones, progress, generator) as opened:
        progress(f"comparing the rows that {len(arms)} databases return")
        rows = opened.rows(reads)  # which warms them up
        warm_up(opened.lanes, lambda place: opened.asked(place, writes), opened.lane_of)
        taken: Taken = {arm.name: dict.fromkeys(reads + writes, ()) for arm in arms}
        trial = Trial(
            taken,
            reads,
            rows,
            {},
            sampling.tail,
            sampling.copy_deviation(copies=1),
            judging.arms if judging else frozenset(),
            plan_looks(rounds, judging.max_rounds, sampling.tail) if judging else None,
        )
        with undisturbed(*opened.lanes):
            for queries in filter(None, (reads, writes)):
                for number in range(rounds):
                    progress(f"measuring {len(arms)} databases: round {number + 1} of {rounds}")
                    opened.round(queries, generator, taken)
                if judging:
                    _measure_on(opened, queries, generator, taken, trial, judging, progress)
        progress(f"comparing the rows that {len(arms)} databases return after writes")
        opened.write(writes)
        return replace(trial, rows_after_writes=opened.rows(reads))


Taken = dict[str, dict[str, tuple[float, ...]]]
"""Arm -> query -> seconds of each round."""


@dataclass(frozen=True)
class _Opened:
    """A copy of each arm, with its sessions."""

    arms: Sequence[Arm]
    lanes: Lanes
    lane_of: Mapping[str, int]
    """Query -> number of the lane that asks it."""

    def round(
        self,
        queries: Sequence[str],
        generator: random.Random,
        taken: Taken,
        only: frozenset[str] = frozenset(),
    ) -> None:
        """Ask every query of every arm once, or only of some; add the seconds to what was taken."""
        places = [n for n, arm in enumerate(self.arms) if not only or arm.name in only]
        asked = [self.arms[0].workload.by_id[id_] for id_ in queries]
        found = time_round(self.lanes, asked, self._form, generator, places, self.lane_of)
        for id_, seconds in found.items():
            for place in places:
                taken[self.arms[place].name][id_] += (seconds[place],)

    def asked(self, place: int, queries: Sequence[str]) -> list[Query]:
        """Queries in the form in which an arm is asked them."""
        return [self.arms[place].workload.by_id[id_].after for id_ in queries]

    def rows(self, queries: Sequence[str]) -> Results:
        """What each arm returns."""

        def ask(place: int) -> dict[str, Result]:
            return {
                query.id: fetch_result(self.lanes[self.lane_of[query.id]][place], query)
                for query in self.asked(place, queries)
            }

        names = [arm.name for arm in self.arms]
        return dict(zip(names, all_at_once(ask, range(len(names))), strict=True))

    def write(self, writes: Sequence[str]) -> None:
        """Commit every writing query on each copy, and refresh what is stored."""

        def commit(place: int) -> None:
            session, refresh = self.lanes[0][place], self.arms[place].refresh
            for query in self.asked(place, writes):
                with session.executing(query):
                    session.connection.execute(query.sql.encode())
            if refresh:
                session.connection.execute(refresh.encode())

        all_at_once(commit, range(len(self.arms)))

    def _form(self, place: int, query: Query) -> Query:
        return self.arms[place].workload.by_id[query.id].after


def _measure_on(
    opened: _Opened,
    queries: Sequence[str],
    generator: random.Random,
    taken: Taken,
    trial: Trial,
    judging: Judging,
    progress: Progress,
) -> None:
    """Ask the two judged arms until they are decided, or time or rounds are used up.

    Args:
        opened: all arms.
        queries: the queries asked so far, equally often.
        generator: tells orders.
        taken: what was measured, to be added to.
        trial: sees what is taken.
        judging: says what is undecided.
        progress: receives every round.
    """
    assert trial.looks is not None  # noqa: S101 - a trial with judging has looks
    until = time.monotonic() + judging.budget_seconds
    number = len(taken[next(iter(judging.arms))][queries[0]])
    undecided = judging.undecided(trial, queries)
    while undecided and number < judging.max_rounds and time.monotonic() < until:
        number += 1
        progress(f"measuring on: round {number}, {len(undecided)} queries undecided")
        opened.round(undecided, generator, taken, judging.arms)
        if number in trial.looks.sizes:
            undecided = judging.undecided(trial, undecided)


@contextmanager
def _opened(
    arms: Sequence[Arm],
    sampling: Sampling,
    seconds: Mapping[str, float],
    clones: CloneFactory,
    progress: Progress,
    generator: random.Random,
) -> Iterator[_Opened]:
    """A copy of each arm with sessions on it."""
    shuffled = generator.sample(arms, len(arms))
    sources = [arm.database for arm in shuffled if not arm.fresh]
    progress(f"copying {len(sources)} databases for measuring")
    with copies_at_once(sources, clones) as made, ExitStack() as stack:
        copies = iter(made)
        databases = [arm.database if arm.fresh else next(copies) for arm in shuffled]
        lanes = stack.enter_context(open_lanes(databases, sampling))
        lane_of = assign_lanes(arms[0].workload.queries, seconds, len(lanes))
        yield _Opened(shuffled, lanes, lane_of)
