"""How often the verdict errs, measured: ``./run bench verdict`` writes ``benchmarks/verdict.md``.

A run that is stopped goes on where it was, since every record is stored in the reports folder.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from benchmarks.cases import FAMILIES, Family
from benchmarks.laboratory import Laboratory, open_laboratory
from benchmarks.recording import Record, Store
from benchmarks.table import render, rows
from shadowgate.errors import ShadowgateError
from shadowgate.measure import Sampling
from shadowgate.plan import PerformanceSection
from shadowgate.server import open_server

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "benchmarks" / "verdict.md"


@dataclass(frozen=True)
class Amount:
    """How much is measured."""

    rows: int
    runs: Mapping[Family, int]
    """Live runs of each family, and as many under load."""
    sets: Mapping[Family, int]
    """Sets of recorded rounds of each family, and as many under load."""
    rounds: int
    """Of a set."""
    draws: int
    """Resampled runs of every case."""


DEMANDS = PerformanceSection(min_pairs=12, max_pairs=400)
"""What ``verdict.md`` was measured with."""
FULL = Amount(
    rows=251_247,
    runs={"identical": 20, "slower": 7, "faster": 4},  # twenty of each case at least
    sets={"identical": 3, "slower": 3, "faster": 2},  # each query of each case at least once
    rounds=50,
    draws=2000,
)
QUICK = Amount(
    rows=20_000,
    runs=dict.fromkeys(FAMILIES, 1),
    sets=dict.fromkeys(FAMILIES, 1),
    rounds=20,
    draws=50,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 0 when the table was written, 4 when it cannot be measured."""
    options = _parser().parse_args(arguments)
    amount = QUICK if options.quick else FULL
    amount = replace(amount, draws=options.draws or amount.draws)
    sampling = Sampling(replace(DEMANDS, budget_seconds=options.budget))
    name = f"verdict-{amount.rows}.jsonl"
    store = Store(options.records / name)
    try:
        work = todo(store, amount)
        if work and not options.table_only:
            _measure(work, store, amount, sampling, options.server)
    except ShadowgateError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_status
    drawn = rows(store, sampling, amount.draws)
    page = render(store, drawn, sampling, facts(store, amount, sampling))
    target = options.records / "verdict.md" if options.quick else PAGE
    target.write_text(page, encoding="utf-8")
    sys.stdout.write(page)
    return 0


Work = Callable[[Laboratory, Sampling], Record]


def todo(store: Store, amount: Amount) -> list[Work]:
    """What is not recorded yet, in turn over the families, so that a part of it is of use too."""
    wanted = [
        (number * 100 // count[family], (kind, family, loaded, number))
        for loaded in (False, True)
        for family in FAMILIES
        for kind, count in (("rounds", amount.sets), ("live", amount.runs))
        for number in range(count[family])
    ]
    wanted.sort(key=lambda item: item[0])
    return [_work(key, amount) for _, key in wanted if key not in store.records]


def _work(key: tuple[str, Family, bool, int], amount: Amount) -> Work:
    kind, family, loaded, number = key

    def work(laboratory: Laboratory, sampling: Sampling) -> Record:
        if kind == "live":
            return laboratory.live(family, number, sampling, loaded=loaded)
        return laboratory.rounds(family, number, sampling, amount.rounds, loaded=loaded)

    return work


def _measure(
    work: list[Work], store: Store, amount: Amount, sampling: Sampling, choice: str
) -> None:
    started = time.monotonic()
    server = open_server(choice)
    try:
        with open_laboratory(server, amount.rows, sampling, _say) as laboratory:
            for number, one in enumerate(work, start=1):
                record = one(laboratory, sampling)
                store.add(record)
                spent = time.monotonic() - started
                _say(
                    f"{number}/{len(work)} {record.kind} {record.family}"
                    f"{' loaded' if record.loaded else ''}: {record.seconds:.0f} s, "
                    f"about {spent / number * (len(work) - number) / 60:.0f} min to go"
                )
    finally:
        server.close()


def facts(store: Store, amount: Amount, sampling: Sampling) -> list[tuple[str, str]]:
    """Where and how it was measured, and how much of it."""
    memory, demands = psutil.virtual_memory().total / 2**30, sampling.demands
    return [
        ("date", f"{dt.datetime.now(dt.UTC):%Y-%m-%d}"),
        (
            "machine",
            f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} "
            f"{platform.machine()}, Python {platform.python_version()}",
        ),
        ("rows", f"{amount.rows:,}; ten queries of fixtures/queries"),
        (
            "settings",
            f"limit {demands.limit_percent:g} %, level {100 * sampling.level:g} %, "
            f"{demands.min_pairs} to {demands.max_pairs} pairs, budget "
            f"{demands.budget_seconds:g} s",
        ),
        (
            "recorded",
            f"{_sets(store, loaded=False)} sets of {amount.rounds} rounds of ten queries, "
            f"{_sets(store, loaded=True)} under load, "
            f"{amount.draws} runs drawn from them for each case",
        ),
    ]


def _sets(store: Store, *, loaded: bool) -> int:
    return sum(len(store.of("rounds", family, loaded=loaded)) for family in FAMILIES)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./run bench verdict", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small table, a few minutes")
    parser.add_argument(
        "--table-only", action="store_true", help="write the table from what is recorded"
    )
    parser.add_argument(
        "--draws", type=int, help=f"resampled runs of each case (default {FULL.draws})"
    )
    parser.add_argument("--server", default="auto", help="as for the phases (default %(default)s)")
    parser.add_argument(
        "--budget",
        type=float,
        default=DEMANDS.budget_seconds,
        help="seconds per comparison (default %(default)s)",
    )
    parser.add_argument(
        "--records",
        type=Path,
        default=ROOT / "reports" / "bench",
        help="folder of the records (default reports/bench)",
    )
    return parser


def _say(message: str) -> None:
    sys.stderr.write(f"{message}\n")


if __name__ == "__main__":
    sys.exit(main())
