"""The two sides of a comparison: fresh copies of each database, with a session on each copy."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace

from shadowgate.language import Shown, joined, nsentence, sentence
from shadowgate.measure.clock import Measurement
from shadowgate.measure.concurrency import all_at_once
from shadowgate.measure.copies import CloneFactory, copies_at_once
from shadowgate.measure.failures import Failures
from shadowgate.measure.lanes import are_seen, possible_lanes, share_out
from shadowgate.measure.rounds import TimedSession, timed_session
from shadowgate.measure.sampler import Pair, SideName, Turn
from shadowgate.measure.sampling import Sampling
from shadowgate.measure.session import visit
from shadowgate.progress import Progress
from shadowgate.queries.workload import Query, Workload
from shadowgate.server.base import Database
from shadowgate.server.space import in_units

_SIZES = """
SELECT pg_catalog.sum(pg_catalog.pg_database_size(name)),
    pg_catalog.pg_size_bytes(pg_catalog.current_setting('shared_buffers'))
FROM pg_catalog.unnest(%s::text[]) AS name
"""


@dataclass(frozen=True)
class Side:
    """Copies of one database, with a session on each.

    Writing queries have a copy of their own: the dead rows that they leave, rolled back as they
    are, would slow down what reads the same table, on each side in its own way.
    """

    readers: tuple[TimedSession, ...]
    writers: tuple[TimedSession, ...]
    migrated: bool = False
    """Whether queries are asked in the form that the migration needs."""

    @property
    def name(self) -> SideName:
        """Which one it is."""
        return "after" if self.migrated else "before"

    def form(self, query: Query) -> Query:
        """The form in which this side is asked a query."""
        return query.after if self.migrated else query

    def sessions(self, query: Query) -> tuple[TimedSession, ...]:
        """Where a query may be executed."""
        return self.readers if query.kind == "read" else self.writers


@dataclass(frozen=True)
class Lane:
    """What one core times: both sides, with the sessions that are its own.

    Each execution takes any of its side's sessions, so that neither the memory layout of a copy nor
    the history of a session can pass for an effect.
    """

    before: Side
    after: Side
    generator: random.Random

    @property
    def sessions(self) -> tuple[TimedSession, ...]:
        """Those of both sides."""
        return tuple(
            session for side in (self.before, self.after) for session in side.readers + side.writers
        )

    def fits(self, query: Query) -> bool:
        """Whether a query can be timed here."""
        return bool(self.before.sessions(query))

    def measurements(
        self, query: Query, first: SideName, failures: Failures
    ) -> tuple[Measurement, Measurement] | None:
        """Time a query on both sides, the named one first; before and after.

        ``None`` if it failed on one, which is noted; the other one is not asked then.
        """
        drawn = [
            (side, self.generator.choice(side.sessions(query)))
            for side in (self.before, self.after)
        ]
        taken: dict[SideName, Measurement] = {}
        for side, session in drawn if first == "before" else reversed(drawn):
            with failures.noted(side.name):
                taken[side.name] = session.time(side.form(query))
            if side.name not in taken:
                return None
        return taken["before"], taken["after"]

    def keep_busy(self, reads: Sequence[Query], until: float, failures: Failures) -> None:
        """Execute any reading queries untimed until a moment of the process's clock."""
        while time.perf_counter() < until:
            failed = failures.queries
            able = [query for query in reads if query.id not in failed]
            if not able:
                return
            side = self.generator.choice((self.before, self.after))
            with failures.noted(side.name):
                self.generator.choice(side.readers).time(side.form(self.generator.choice(able)))


@dataclass(frozen=True)
class Sides:
    """Both sides, in lanes; what :func:`~shadowgate.measure.sampler.take_sample` drives."""

    queries: Mapping[str, Query]
    before: Side
    after: Side
    lanes: tuple[Lane, ...]
    failures: Failures = field(default_factory=Failures)
    """What failed so far; it is not asked again."""
    crowded: str = ""
    """That the copies do not fit into the server's cache, in a sentence; empty if they do."""

    @property
    def sessions(self) -> tuple[tuple[TimedSession, ...], ...]:
        """Those of each lane."""
        return tuple(lane.sessions for lane in self.lanes)

    @property
    def method(self) -> str:
        """The method of timing, in words: in how many lanes, and what each clock tells."""
        kinds = {one.clock.words for lane in self.lanes for one in lane.sessions}
        count = len(self.lanes)
        # TRANSLATORS: {clocks} is what each clock tells
        return nsentence(
            "one after the other, {clocks}",
            "on {n} cores at once, {clocks}",
            count,
            clocks=joined(" / ", sorted(kinds)),
        )

    def warm_up(self, executions: int, *, first: int = 0, without: Collection[str] = ()) -> None:
        """Execute every query untimed in every session, on both sides at the same time.

        Args:
            executions: how often.
            first: how often the first session of each side has executed them before.
            without: queries that need none.
        """

        def execute_all(side: Side) -> None:
            for query in self.queries.values():
                if query.id not in without and query.id not in self.failures.queries:
                    with self.failures.noted(side.name):
                        execute(side, query)

        def execute(side: Side, query: Query) -> None:
            for place, session in enumerate(side.sessions(query)):
                for _ in range(executions - (0 if place else first)):
                    session.time(side.form(query))

        all_at_once(execute_all, (self.before, self.after))

    def at_once(self, query: str) -> int:
        """In how many lanes a query can be timed."""
        return sum(lane.fits(self.queries[query]) for lane in self.lanes)

    def measure(
        self, turns: Sequence[Turn], stop: Callable[[], bool]
    ) -> Sequence[tuple[str, Pair]]:
        """Time a round; seconds before and after of what was timed until it was to stop.

        What fails on the way is noted and left out.
        """
        measurements = self.measurements(turns, stop)
        return [(id_, (before.net, after.net)) for id_, (before, after) in measurements]

    def measurements(
        self, turns: Sequence[Turn], stop: Callable[[], bool] = lambda: False
    ) -> Sequence[tuple[str, tuple[Measurement, Measurement]]]:
        """Like :meth:`measure`, with all that the clock knows."""
        taken: list[tuple[str, tuple[Measurement, Measurement]]] = []

        def take(lane: Lane, turn: Turn) -> None:
            id_, first = turn
            if id_ in self.failures.queries:
                return
            found = lane.measurements(self.queries[id_], first, self.failures)
            if found is not None:
                taken.append((id_, found))

        share_out(
            turns,
            self.lanes,
            take,
            fits=lambda lane, turn: lane.fits(self.queries[turn[0]]),
            stop=stop,
        )
        return taken

    def keep_busy(self, seconds: float, short: Collection[str]) -> None:
        """Let time pass between rounds, executing any reading queries untimed.

        Args:
            seconds: how long.
            short: the queries that are so short that no time is lost by them.

        A processor that was idle starts slowly: after pauses of a fifth of a second the effects of
        a query of 20 ms were spread three times as wide as amid other queries.
        """
        reads = [
            query for query in self.queries.values() if query.kind == "read" and query.id in short
        ]
        until = time.perf_counter() + seconds
        if seconds > 0:
            all_at_once(lambda lane: lane.keep_busy(reads, until, self.failures), self.lanes)
        time.sleep(max(0.0, until - time.perf_counter()))


@contextmanager
def open_sides(
    databases: tuple[Database, Database],
    workload: Workload,
    sampling: Sampling,
    clones: CloneFactory,
    progress: Progress,
) -> Iterator[Sides]:
    """Copy both databases, which are settled, and open a session on each copy.

    Raises:
        ServerError: a database cannot be cloned.
    """
    generator = random.Random(f"sessions {sampling.demands.seed}")  # noqa: S311 - an order, not a secret
    writers = 0 if len(workload.reads) == len(workload.queries) else 1
    with ExitStack() as stack:
        progress("copying both databases for measuring")
        copies = _copies(databases, sampling.copies + writers, stack, clones, generator)
        everywhere = [copy for side in copies.values() for copy in side]
        all_at_once(visit, everywhere)
        opened = {
            copy: stack.enter_context(timed_session(copy, sampling))
            for copy in generator.sample(everywhere, len(everywhere))
        }
        before, after = (
            Side(
                tuple(opened[copy] for copy in copies[name][: sampling.copies]),
                tuple(opened[copy] for copy in copies[name][sampling.copies :]),
                migrated=name == "after",
            )
            for name in ("before", "after")
        )
        seen = are_seen(opened.values())
        lanes = _lanes(before, after, possible_lanes() if seen else 1, sampling.demands.seed)
        crowded = crowding(everywhere)
        yield Sides(workload.by_id, before, after, lanes, crowded=crowded)


def crowding(copies: Sequence[Database]) -> str:
    """That copies are more than the server's cache holds, in a sentence; empty if they are not.

    Then they push each other's pages out of it, and the side with the larger database suffers more:
    at 2.5 million rows and 6 GB of shared buffers, queries over a table that the migration did not
    touch came out 3 to 9 % slower beside a new table, at 9.6 GB within 2 %.
    """
    with copies[0].connect() as connection:
        row = connection.execute(_SIZES, [[copy.name for copy in copies]]).fetchone()
    size, buffers = row or (0, 0)
    if size <= buffers:
        return ""
    return sentence(
        "the copies take {size} and the shared buffers {buffers}: what the migration adds may push "
        "out what a query reads",
        size=Shown(in_units, int(size)),
        buffers=Shown(in_units, buffers),
    )


def _lanes(before: Side, after: Side, most: int, seed: int) -> tuple[Lane, ...]:
    """Deal the copies out to lanes; each has one at least, and those that are written the first."""
    number = min(most, len(before.readers))

    def part(side: Side, place: int) -> Side:
        writers = side.writers if place == 0 else ()
        return replace(side, readers=side.readers[place::number], writers=writers)

    return tuple(
        Lane(
            part(before, place),
            part(after, place),
            random.Random(f"lane {place} {seed}"),  # noqa: S311 - an order, not a secret
        )
        for place in range(number)
    )


def _copies(
    databases: tuple[Database, Database],
    number: int,
    stack: ExitStack,
    clones: CloneFactory,
    generator: random.Random,
) -> dict[SideName, list[Database]]:
    """Copies of both databases, all copies of one with the statistics of its first.

    Each time one of each side, both at once or, on a single core, in turns as in A B B A: copies
    that are made later lie elsewhere in memory, where the same query was up to two percent faster
    or slower.
    """
    turns: list[SideName] = ["before", "after"]
    generator.shuffle(turns)
    sources = dict(zip(("before", "after"), databases, strict=True))
    copies: dict[SideName, list[Database]] = {"before": [], "after": []}
    for _ in range(number):
        originals = [copies[side][0] if copies[side] else sources[side] for side in turns]
        made = stack.enter_context(copies_at_once(originals, clones))
        for side, copy in zip(turns, made, strict=True):
            copies[side].append(copy)
        turns.reverse()
    return copies
