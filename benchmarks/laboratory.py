"""Databases with a known difference between them, measured live."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from psycopg import sql

from benchmarks.cases import BY_NAME, Family, deal
from benchmarks.extra_work import calibrate, install, set_steps, wrap
from benchmarks.load import other_process
from benchmarks.recording import Record
from fixtures.catalogue import Catalogue, load
from shadowgate.measure import Comparison, Sampling, compare, settle
from shadowgate.measure.copies import fresh_copy
from shadowgate.measure.rounds import undisturbed
from shadowgate.measure.sampler import Order
from shadowgate.measure.sides import open_sides
from shadowgate.progress import Progress
from shadowgate.queries import Workload, load_workload
from shadowgate.server import Database, Server

QUERIES = Path(__file__).parents[1] / "fixtures" / "queries"


@dataclass(frozen=True)
class Laboratory:
    """Two databases with the same rows, and how many steps take as long as each query."""

    before: Database
    after: Database
    workload: Workload
    steps: Mapping[str, float]

    def prepare(self, family: Family, number: int) -> dict[str, str]:
        """Put extra work into both databases; the case of each query."""
        dealt = deal(family, [query.id for query in self.workload.queries], number)
        cases = {query: BY_NAME[name] for query, name in dealt.items()}
        for database, percents in (
            (self.before, {query: case.before_percent for query, case in cases.items()}),
            (self.after, {query: case.after_percent for query, case in cases.items()}),
        ):
            set_steps(
                database,
                {
                    query: round(self.steps[query] * percent / 100)
                    for query, percent in percents.items()
                    if percent
                },
            )
            settle(database)
        return dealt

    def live(self, family: Family, number: int, sampling: Sampling, *, loaded: bool) -> Record:
        """One comparison by the public interface."""
        dealt = self.prepare(family, number)
        asked = {query: BY_NAME[name].target for query, name in dealt.items()}
        sampling = sampling.demanding(
            seed=number, targets={query: gain for query, gain in asked.items() if gain is not None}
        )
        started = time.monotonic()
        with other_process() if loaded else nullcontext():
            found = compare(self.before, self.after, self.workload, sampling)
        return Record(
            kind="live",
            family=family,
            loaded=loaded,
            number=number,
            cases=dealt,
            seconds=time.monotonic() - started,
            pairs={id_: list(query.pairs) for id_, query in found.queries.items()},
            walls={},
            verdicts=_said(found),
            sampling_seconds=found.seconds,
        )

    def rounds(
        self, family: Family, number: int, sampling: Sampling, count: int, *, loaded: bool
    ) -> Record:
        """So many rounds of all queries, without a decision."""
        ids = [query.id for query in self.workload.queries]
        dealt = self.prepare(family, number)
        settings = sampling.demanding(seed=number)
        order = Order(number)
        pairs: dict[str, list[tuple[float, float]]] = {id_: [] for id_ in ids}
        walls: dict[str, list[tuple[float, float]]] = {id_: [] for id_ in ids}
        started = time.monotonic()
        databases = (self.before, self.after)
        with (
            other_process() if loaded else nullcontext(),
            open_sides(databases, self.workload, settings, fresh_copy, _quietly) as sides,
        ):
            sides.warm_up(settings.warm_up)
            with undisturbed(*sides.sessions):
                for _ in range(count):
                    turns = [(id_, order.first_side(id_)) for id_ in order.of_round(ids)]
                    for id_, (before, after) in sides.measurements(turns):
                        pairs[id_].append((before.net, after.net))
                        walls[id_].append((before.wall, after.wall))
        return Record(
            kind="rounds",
            family=family,
            loaded=loaded,
            number=number,
            cases=dealt,
            seconds=time.monotonic() - started,
            pairs=pairs,
            walls=walls,
            verdicts={},
        )


def _quietly(_message: str) -> None:
    """Say nothing: the benchmark has its own progress."""


def _said(found: Comparison) -> dict[str, str]:
    verdicts: dict[str, str] = {id_: query.verdict for id_, query in found.queries.items()}
    verdicts.update({f"target:{id_}": target.status for id_, target in found.targets.items()})
    return verdicts


@contextmanager
def open_laboratory(
    server: Server, rows: int, sampling: Sampling, progress: Progress
) -> Iterator[Laboratory]:
    """Make both databases on a server, and drop them at the end."""
    before, after = server.database("bench_before"), server.database("bench_after")
    workload = wrap(load_workload(QUERIES))
    try:
        progress(f"generating {rows:,} rows")
        _execute(server, "CREATE DATABASE {} TEMPLATE template0", before.name)
        with before.connect() as connection:
            load(connection, Catalogue(rows=rows), progress)
        install(before)
        settle(before)
        progress("calibrating the extra work")
        steps = calibrate(before, workload, sampling)
        _execute(server, "CREATE DATABASE {} TEMPLATE bench_before", after.name)
        yield Laboratory(before, after, workload, steps)
    finally:
        for database in (before, after):
            _execute(server, "DROP DATABASE IF EXISTS {} WITH (FORCE)", database.name)


def _execute(server: Server, statement: str, name: str) -> None:
    with server.maintenance.connect() as connection:
        connection.execute(sql.SQL(statement).format(sql.Identifier(name)))
