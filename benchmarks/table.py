"""The table of the benchmark, from its records. Pure functions."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from statistics import NormalDist

from benchmarks.cases import CASES, Case
from benchmarks.recording import Record, Store
from benchmarks.resampling import resample
from benchmarks.rivals import RULES, flags
from shadowgate.measure import Sampling
from shadowgate.statistics.intervals import (
    effects,
    pseudo_median,
    signed_rank_interval,
    to_percent,
)

PASSES = frozenset({"equivalent", "improved"})
ONE_DEVIATION = NormalDist().cdf(-1.0)
"""Tail probability of an interval whose half-width is the standard error."""


@dataclass(frozen=True)
class Share:
    """How many of how many."""

    count: int
    of: int

    def __str__(self) -> str:
        return f"{self.count}/{self.of} ({self.percent:.1f} %)" if self.of else "–"

    @property
    def percent(self) -> float:
        """In percent; 0 of none."""
        return 100.0 * self.count / self.of if self.of else 0.0


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    case: Case
    loaded: bool
    live: Share
    resampled: Share
    effect: str
    """Median and range over the queries of what was recorded, in percent."""
    rivals: dict[str, Share]

    @property
    def reached(self) -> bool:
        """Whether live and resampled runs both meet the case's criterion."""
        limit = 100.0 * self.case.at_most
        return all(share.percent <= limit for share in (self.live, self.resampled))


def counts(case: Case, verdicts: Mapping[str, str], queries: Sequence[str]) -> list[bool]:
    """Whether a run said what the case counts: of the run as a whole, or of each of its queries."""
    if case.counted == "run fails":
        return [any(verdicts[query] not in PASSES for query in queries)]
    return [_said(case, verdicts, query) for query in queries]


def _said(case: Case, verdicts: Mapping[str, str], query: str) -> bool:
    if case.counted == "passed":
        return verdicts[query] in PASSES
    if case.counted == "regressed":
        return verdicts[query] == "regressed"
    return (verdicts[f"target:{query}"] == "met") == (case.counted == "met")


def rows(store: Store, sampling: Sampling, draws: int) -> list[Row]:
    """Every case that something was recorded of, drawn on all cores."""
    wanted = [
        (case, loaded)
        for loaded in (False, True)
        for case in CASES
        if _sets(store, case, loaded=loaded)
    ]
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as processes:
        drawing = [
            processes.submit(_row, store, case, sampling, draws, loaded=loaded)
            for case, loaded in wanted
        ]
        return [one.result() for one in drawing]


def _row(store: Store, case: Case, sampling: Sampling, draws: int, *, loaded: bool) -> Row:
    live = [
        said
        for record in store.of("live", case.family, loaded=loaded)
        for said in counts(case, record.verdicts, record.of_case(case.name))
    ]
    return Row(
        case,
        loaded,
        Share(sum(live), len(live)),
        _resampled(store, case, sampling, draws, loaded=loaded),
        _effect(store, case, loaded=loaded),
        _rivals(store, case, loaded=loaded),
    )


def _effect(store: Store, case: Case, *, loaded: bool) -> str:
    found = [
        to_percent(pseudo_median(effects([pair for one in sets for pair in one.pairs[query]])))
        for query, sets in _sets(store, case, loaded=loaded).items()
    ]
    return f"{statistics.median(found):+.1f} % ({min(found):+.1f} to {max(found):+.1f})"


def _sets(store: Store, case: Case, *, loaded: bool) -> dict[str, list[Record]]:
    """Each query with the recorded rounds in which it is of the case."""
    found: dict[str, list[Record]] = {}
    for record in store.of("rounds", case.family, loaded=loaded):
        for query in record.of_case(case.name):
            found.setdefault(query, []).append(record)
    return found


def _resampled(store: Store, case: Case, sampling: Sampling, draws: int, *, loaded: bool) -> Share:
    identical = store.of("rounds", "identical", loaded=loaded)
    if not identical:
        return Share(0, 0)
    # Of the whole family: a set's own effect is replaced, and more sets show more of the noise.
    sets = store.of("rounds", case.family, loaded=loaded)
    queries = [*sets[0].pairs]
    found = 0
    for seed in range(draws):
        query = queries[seed % len(queries)]
        if case.family == "identical":
            outcome = resample(identical, [], {}, sampling, seed)
            found += sum(counts(case, outcome.verdicts, [*outcome.verdicts]))
            continue
        targets = {} if case.target is None else {query: case.target}
        settings = sampling.demanding(targets=targets)
        outcome = resample(identical, sets, {query: case.effect}, settings, seed)
        found += sum(counts(case, outcome.verdicts, [query]))
    return Share(found, draws)


def _rivals(store: Store, case: Case, *, loaded: bool) -> dict[str, Share]:
    """The other tools on every stretch of twenty recorded rounds; they know no targets."""
    if case.target is not None:
        return {name: Share(0, 0) for name in RULES}
    found = dict.fromkeys(RULES, 0)
    total = 0
    for record in store.of("rounds", case.family, loaded=loaded):
        for start in _stretches(record):
            said = [
                flags(record.walls[query][start : start + 20])
                for query in record.of_case(case.name)
            ]
            runs = [said] if case.family == "identical" else [[one] for one in said]
            total += len(runs)
            for run in runs:
                for name in RULES:
                    flagged = any(one[name] for one in run)
                    found[name] += not flagged if case.counted == "passed" else flagged
    return {name: Share(count, total) for name, count in found.items()}


def _stretches(record: Record) -> range:
    length = min(len(taken) for taken in record.walls.values())
    return range(0, length - 19, 5)


def time_to_verdict(store: Store) -> tuple[float, float, float] | None:
    """Medians over live identical runs: sampling alone, all, and the slowest of all, in seconds."""
    live = store.of("live", "identical", loaded=False)
    if not live:
        return None
    return (
        statistics.median(record.sampling_seconds for record in live),
        statistics.median(record.seconds for record in live),
        max(record.seconds for record in live),
    )


def spread_of_copies(store: Store) -> float | None:
    """Between-copy standard deviation, in percent, of a query's effect on identical databases.

    From all recorded rounds: every set has copies of its own. Of the variance of the effects that
    of the noise, by the interval, is taken off (method of moments). Live runs would not do: they
    end as soon as they are sure, which bends estimates.
    """
    sets = [
        record
        for loaded in (False, True)
        for record in store.of("rounds", "identical", loaded=loaded)
    ]
    if len(sets) < 2:
        return None
    found = [
        signed_rank_interval(effects(pairs), ONE_DEVIATION)
        for record in sets
        for pairs in record.pairs.values()
    ]
    squares = [one.estimate**2 - ((one.high - one.low) / 2) ** 2 for one in found]
    return to_percent(math.sqrt(max(0.0, statistics.fmean(squares))))


def render(
    store: Store, drawn: Sequence[Row], sampling: Sampling, facts: Sequence[tuple[str, str]]
) -> str:
    """The whole page as Markdown: what the store holds, and the rows drawn from it."""
    names = list(RULES)
    lines = [
        "# How often the verdict errs",
        "",
        "Real databases; the extra work is computed in the server. *Live* runs are whole",
        "comparisons of ten queries: all identical, or each 3, 5 or 8 % slower, or each 20 or",
        "30 % faster; the latter two are counted by the query. *Resampled* ones draw the noise of",
        "recorded rounds in blocks, their sides exchanged at random, about the true effect of one",
        "query and a shift for the place of the copies, and decide with the same code. The tools",
        "on the right judge ten rounds before and the next ten after of the same recordings.",
        "",
        *(f"- {name}: {value}" for name, value in facts),
        "",
        f"| case | to reach | live | resampled | reached | effect recorded | {' | '.join(names)} |",
        f"|---|---|---|---|---|---|{'---|' * len(names)}",
    ]
    for row in drawn:
        title = f"{row.case.title}{', under load' if row.loaded else ''}"
        rivals = " | ".join(str(row.rivals[name]) for name in names)
        reached = "yes" if row.reached else "**no**"
        lines.append(
            f"| {title} | {row.case.criterion} | {row.live} | {row.resampled} | {reached} "
            f"| {row.effect} | {rivals} |"
        )
    times = time_to_verdict(store)
    if times is not None:
        lines += [
            "",
            f"Time to a ten-query verdict on identical databases (to reach: ≤ 90 s): median "
            f"{times[0]:.0f} s of sampling, {times[1]:.0f} s with copying and warm-up; the slowest "
            f"{times[2]:.0f} s.",
        ]
    spread = spread_of_copies(store)
    if spread is not None:
        lines += [
            "",
            f"By the place of its copies in memory, a query's effect is off by {spread:.2f} % "
            "(standard deviation over the recorded sets and queries of identical databases, noise "
            "taken off). The intervals allow for "
            f"{to_percent(sampling.copy_deviation(sampling.copies)):.2f} %.",
        ]
    return "\n".join(lines) + "\n"
