"""How often the triggers of the rehearsed rollout err: ``./run bench canary``.

*Live* runs rehearse a canary of 20 % on real databases, with the difference of the case built into
the canary. *Resampled* ones draw stretches of six seconds from one recorded clean run, put the
difference of the case into the canary's answers, and decide with the same code. What was recorded
is stored, so that a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import math
import os
import platform
import random
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from benchmarks.extra_work import calibrate, install, set_steps, wrap
from benchmarks.table import Share
from fixtures.catalogue import Catalogue, load
from shadowgate.errors import ShadowgateError
from shadowgate.measure import Sampling, settle
from shadowgate.migrate import ScriptRun, apply_script, read_script
from shadowgate.plan import RehearsalSection, RolloutSection, read_plan
from shadowgate.queries import Query, Workload, load_workload
from shadowgate.server import Database, Databases, Server, open_server
from shadowgate.traffic.canary import (
    BRIEF,
    Asked,
    CanaryRehearsal,
    Differences,
    Scripts,
    rehearse_rollout,
)
from shadowgate.traffic.canary.counting import Counted
from shadowgate.traffic.canary.probes import RANGE_ROWS

ROOT = Path(__file__).parents[1]
PLAN = ROOT / "migrations" / "1770500100_auto_partition_creation_2029_plus.toml"
SECONDS = 30.0
"""In which a trigger must have fired."""
STRETCH = 6.0
SHARE = 0.2
LIMITS = RolloutSection(
    dt.date(2026, 2, 13),
    rehearsal=RehearsalSection(
        canary_seconds=SECONDS,
        gradual_seconds=BRIEF.gradual_seconds,
        full_seconds=BRIEF.full_seconds,
        judge_latency=True,
    ),
)
"""A canary stage as long as a trigger may take; the others are not what is asked here."""

FAILING = """
CREATE OR REPLACE FUNCTION bench_fails() RETURNS boolean LANGUAGE plpgsql VOLATILE
AS $$ BEGIN
    IF random() < {share} THEN RAISE EXCEPTION 'seeded'; END IF;
    RETURN true;
END $$;
"""
WRONG_ROW = """
UPDATE catalogo_geometrias_particionada SET tipo_uso = 'wrong'
WHERE id = (
    SELECT id FROM catalogo_geometrias_particionada ORDER BY md5(id::text || '{seed}') LIMIT 1
)
"""


@dataclass(frozen=True)
class Case:
    """A difference between the two databases, and how often the triggers may err about it."""

    name: str
    title: str
    slower_percent: float = 0.0
    failing: float = 0.0
    wrong_row: bool = False
    trigger: str = ""
    """That has to fire; empty if none may."""
    to_reach: str = ""
    at_least: float = 0.0
    """Share of the runs that must be right."""


CASES = (
    Case("clean", "identical: no trigger fires", to_reach="≥ 99 %", at_least=0.99),
    Case(
        "slower-10",
        "10 % slower: latency fires within 30 s",
        slower_percent=10.0,
        trigger="latency",
        to_reach="≥ 95 %",
        at_least=0.95,
    ),
    Case(
        "failing-0.5",
        "0.5 % fail: errors fires within 30 s",
        failing=0.005,
        trigger="errors",
        to_reach="≥ 95 %",
        at_least=0.95,
    ),
    Case(
        "wrong-row",
        "a wrong row: integrity fires at the next look at its range",
        wrong_row=True,
        trigger="integrity",
        to_reach="100 %",
        at_least=1.0,
    ),
)


@dataclass(frozen=True)
class Record:
    """One live run."""

    case: str
    number: int
    fired: str
    seconds: float
    """From the beginning of the stage to the trigger; 0 if none fired."""
    looks: int
    """At the rows, until then."""
    per_second: float
    pairs: Sequence[tuple[str, float, float, int]]
    """Of a clean run: statement, when it was to start in seconds, the logarithm of the canary's
    latency through the baseline's, and the lane of the sessions."""

    def is_right(self, case: Case, ranges: int) -> bool:
        """Whether it did what the case asks; each look compares one of so many ranges of rows."""
        if case.wrong_row:
            return self.fired == case.trigger and self.looks <= ranges
        return self.fired == case.trigger and self.seconds <= SECONDS


@dataclass(frozen=True)
class Bench:
    """A server with the database that those of every run are copies of."""

    server: Server
    databases: Databases
    shadow: Database
    workload: Workload
    steps: dict[str, float]
    folder: Path

    def live(self, case: Case, number: int) -> Record:
        """One rehearsal."""
        sampling = Sampling()
        with (
            self.databases.cloned(self.shadow, "bench_primary") as primary,
            self.databases.cloned(self.shadow, "bench_canary") as canary,
            self.databases.cloned(self.shadow, "bench_baseline") as baseline,
        ):
            share = case.slower_percent / 100
            set_steps(canary, {name: round(self.steps[name] * share) for name in self.steps})
            with canary.connect() as connection:
                connection.execute(FAILING.format(share=case.failing).encode())
                if case.wrong_row:
                    connection.execute(WRONG_ROW.format(seed=number).encode())
            found = rehearse_rollout(
                self.server,
                primary,
                canary,
                [Asked(q.id, "reader", q.sql, q.sql) for q in self.workload.queries],
                Scripts(self._nothing, self._nothing),
                Differences({"public.bench_steps": frozenset("*")}),
                LIMITS,
                sampling,
                number,
                baseline,
            )
        return _record(case, number, found)

    def _nothing(self, database: Database) -> ScriptRun:
        path = self.folder / "nothing.sql"
        path.write_text("SELECT 1;\n")
        return apply_script(read_script(path), database)


def _record(case: Case, number: int, found: CanaryRehearsal) -> Record:
    counted = Counted()
    if case.name == CASES[0].name:
        counted.take(found.answers, found.origin, found.origin + SECONDS)
    hit = found.hit
    return Record(
        case.name,
        number,
        hit.trigger if hit else "",
        hit.detect_seconds if hit else 0.0,
        len(found.looks),
        found.per_second,
        [
            (name, at - found.origin, ratio, lane)
            for name, pairs in counted.pairs.items()
            for at, ratio, lane in pairs
        ],
    )


def resampled(case: Case, records: Sequence[Record], seed: int) -> tuple[str, float]:
    """The trigger that fires in a run drawn from a clean one, and after how many seconds."""
    generator = random.Random(seed)  # noqa: S311 - not for secrets
    drawn = sorted(_drawn(generator.choice(records), generator), key=lambda one: one[1])
    counted = Counted()
    for second in range(2, round(SECONDS) + 1, 2):
        while drawn and drawn[0][1] <= second:
            name, at, ratio, lane = drawn.pop(0)
            for migrated in (False, True):
                counted.requests[migrated] += 1
            if generator.random() < case.failing:
                counted.errors[True] += 1
            else:
                longer = math.log1p(case.slower_percent / 100)
                counted.pairs.setdefault(name, []).append((at, ratio + longer, lane))
        fired = counted.fired(LIMITS)
        if fired:
            return fired[0], float(second)
    return "", 0.0


def _drawn(record: Record, generator: random.Random) -> Iterator[tuple[str, float, float, int]]:
    for stretch in range(round(SECONDS / STRETCH)):
        begin = STRETCH * generator.randrange(round(SECONDS / STRETCH))
        for name, at, ratio, lane in record.pairs:
            if begin <= at < begin + STRETCH:
                yield name, at - begin + stretch * STRETCH, ratio, lane


class Store:
    """Records, one a line."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        self.records = [Record(**json.loads(line)) for line in lines]

    def add(self, record: Record) -> None:
        """Keep a record."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(record)) + "\n")
        self.records.append(record)

    def of(self, case: Case) -> list[Record]:
        """Those of a case."""
        return [record for record in self.records if record.case == case.name]


def table(store: Store, draws: int, ranges: int, facts: Sequence[str]) -> str:
    """The page: how often each case was right, live and resampled."""
    clean = store.of(CASES[0])
    lines = [
        "# How often the triggers of the rehearsed rollout err",
        "",
        " ".join(__doc__.split("\n\n")[1].split()),
        "",
        *(f"- {fact}" for fact in facts),
        "",
        "| case: right | to reach | live | resampled | median time to fire | reached |",
        "|---|---|---|---|---|---|",
    ]
    for case in CASES:
        live = store.of(case)
        right = Share(sum(one.is_right(case, ranges) for one in live), len(live))
        times = [one.seconds for one in live if one.fired]
        drawn = Share(0, 0)
        if clean and not case.wrong_row:
            found = [resampled(case, clean, seed) for seed in range(draws)]
            drawn = Share(sum(fired == case.trigger for fired, _ in found), draws)
            times += [seconds for fired, seconds in found if fired]
        median = f"{sorted(times)[len(times) // 2]:.1f} s" if times else "–"
        shares = [share for share in (right, drawn) if share.of]
        reached = all(one.percent >= 100 * case.at_least for one in shares) and bool(shares)
        lines.append(
            f"| {case.title} | {case.to_reach} | {right} | {drawn} | {median} "
            f"| {'yes' if reached else '**no**'} |"
        )
    return "\n".join(lines) + "\n"


@contextmanager
def open_bench(choice: str, rows: int, folder: Path) -> Iterator[Bench]:
    """Make the database, and say how many steps take as long as each statement."""
    server = open_server(choice, settings={"shared_buffers": "1GB"})
    try:
        with Databases(server) as databases:
            shadow = databases.create("bench_shadow")
            _say(f"generating {rows:,} rows")
            with shadow.connect() as connection:
                load(connection, Catalogue(rows=rows), _say)
                connection.execute(FAILING.format(share=0).encode())
            install(shadow)
            settle(shadow)
            plan = read_plan(PLAN)
            traffic = [
                Query(f"T{number}", "", "read", text, PLAN)
                for number, text in enumerate(plan.traffic.reads, 1)
            ]
            queries = load_workload(ROOT / "fixtures" / "queries").reads
            workload = wrap(Workload((*traffic, *queries)))
            _say("calibrating the extra work")
            steps = calibrate(shadow, workload, Sampling())
            failing = tuple(
                replace(query, sql=f"{query.sql} AND bench_fails()") for query in workload.queries
            )
            yield Bench(server, databases, shadow, Workload(failing), steps, folder)
    finally:
        server.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 0 when the table was written, 4 when it cannot be measured."""
    options = _parser().parse_args(arguments)
    runs = dict(zip((c.name for c in CASES), options.runs, strict=True))
    store = Store(options.records / f"canary-{options.rows}.jsonl")
    todo = [
        (case, number)
        for number in range(max(runs.values()))
        for case in CASES
        if len(store.of(case)) <= number < runs[case.name]
    ]
    try:
        if todo and not options.table_only:
            _measure(todo, store, options)
    except ShadowgateError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_status
    ranges = -(-options.rows // RANGE_ROWS)
    rates = sorted(record.per_second for record in store.records) or [0.0]
    facts = (
        f"date: {dt.datetime.now(dt.UTC):%Y-%m-%d}",
        f"machine: {os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python "
        f"{platform.python_version()}; load {os.getloadavg()[0]:.1f}",
        f"rows: {options.rows:,}, compared in {ranges} ranges; {rates[0]:.0f} to {rates[-1]:.0f} "
        f"requests a second, of which {SHARE:.0%} go to the canary; "
        f"limits {LIMITS.latency_percent:g} % and "
        f"{LIMITS.error_percent:g} %",
        f"{len(store.of(CASES[0]))} clean runs recorded, {options.draws} runs drawn for each case",
    )
    page = table(store, options.draws, ranges, facts)
    target = options.page or ROOT / "benchmarks" / "canary.md"
    target.write_text(page, encoding="utf-8")
    sys.stdout.write(page)
    return 0


def _measure(todo: Sequence[tuple[Case, int]], store: Store, options: argparse.Namespace) -> None:
    folder: Path = options.records
    with open_bench(options.server, options.rows, folder) as bench:
        for place, (case, number) in enumerate(todo, 1):
            record = bench.live(case, number)
            store.add(record)
            said = f"{record.fired or 'nothing'} fired after {record.seconds:.1f} s"
            _say(f"{place}/{len(todo)} {case.name}: {said}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./run bench canary", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="default %(default)s")
    parser.add_argument(
        "--runs",
        type=_runs,
        default=(10, 5, 5, 5),
        help="live runs: clean, slower, failing, wrong row (default 10,5,5,5)",
    )
    parser.add_argument("--draws", type=int, default=200, help="resampled runs of each case")
    parser.add_argument("--server", default="auto", help="as for the phases (default %(default)s)")
    parser.add_argument("--table-only", action="store_true", help="from what is recorded")
    parser.add_argument("--page", type=Path, help="where it is written (benchmarks/canary.md)")
    parser.add_argument("--records", type=Path, default=ROOT / "reports" / "bench")
    return parser


def _runs(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(",")))


def _say(message: str) -> None:
    sys.stderr.write(f"{message}\n")


if __name__ == "__main__":
    sys.exit(main())
