"""Databases with a known difference between them, measured live."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from psycopg import sql

from benchmarks.cases import Case
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

    def prepare(self, case: Case, queries: list[str]) -> None:
        """Put the case's extra work into both databases."""
        for database, percent in (
            (self.before, case.before_percent),
            (self.after, case.after_percent),
        ):
            set_steps(
                database,
                {query: round(self.steps[query] * percent / 100) for query in queries if percent},
            )
            settle(database)

    def changed(self, case: Case, number: int) -> list[str]:
        """The queries with extra work in a live run: one after the other takes its turn."""
        queries = [query.id for query in self.workload.queries]
        if case.queries == "one":
            return [queries[number % len(queries)]]
        return ["Q5"] if case.queries == "Q5" else []

    def live(self, case: Case, number: int, sampling: Sampling, *, loaded: bool) -> Record:
        """One comparison by the public interface."""
        changed = self.changed(case, number)
        self.prepare(case, changed)
        only = self._workload(case)
        if case.target is not None:
            sampling = sampling.demanding(targets={"Q5": case.target})
        started = time.monotonic()
        with other_process() if loaded else nullcontext():
            found = compare(self.before, self.after, only, sampling.demanding(seed=number))
        return Record(
            kind="live",
            case=case.name,
            loaded=loaded,
            number=number,
            changed=changed,
            seconds=time.monotonic() - started,
            pairs={id_: list(query.pairs) for id_, query in found.queries.items()},
            walls={},
            verdicts=_said(found),
            sampling_seconds=found.seconds,
        )

    def rounds(
        self, case: Case, number: int, sampling: Sampling, count: int, *, loaded: bool
    ) -> Record:
        """So many rounds of all queries, all of them changed, without a decision."""
        workload = self._workload(case)
        ids = [query.id for query in workload.queries]
        changed = ids if case.queries != "all" else []
        self.prepare(case, changed)
        settings = sampling.demanding(seed=number)
        order = Order(number)
        pairs: dict[str, list[tuple[float, float]]] = {id_: [] for id_ in ids}
        walls: dict[str, list[tuple[float, float]]] = {id_: [] for id_ in ids}
        started = time.monotonic()
        databases = (self.before, self.after)
        with (
            other_process() if loaded else nullcontext(),
            open_sides(databases, workload, settings, fresh_copy, _quietly) as sides,
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
            case=case.name,
            loaded=loaded,
            number=number,
            changed=changed,
            seconds=time.monotonic() - started,
            pairs=pairs,
            walls=walls,
            verdicts={},
        )

    def _workload(self, case: Case) -> Workload:
        if case.queries != "Q5":
            return self.workload
        return Workload((self.workload.by_id["Q5"],))


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
