"""Compares a workload on two databases: the same rows, the same speed, and why not."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from shadowgate.errors import PlanError
from shadowgate.language import sentence
from shadowgate.measure.answers.ordering import explain_by_order
from shadowgate.measure.answers.rows import Result, first_difference, gained_columns
from shadowgate.measure.copies import CloneFactory, fresh_copy
from shadowgate.measure.facts import Facts, SideFacts, gather_facts
from shadowgate.measure.failures import Failures, QueryFailure, failures_in_words
from shadowgate.measure.forecast import duration_in_words, round_seconds
from shadowgate.measure.lanes import UNKNOWN
from shadowgate.measure.plans import PlanMetrics
from shadowgate.measure.rounds import undisturbed
from shadowgate.measure.sampler import (
    GROSS_RATIO,
    GROSS_SECONDS,
    Ended,
    Judge,
    Pair,
    Sample,
    Time,
    median_before_ms,
    take_sample,
)
from shadowgate.measure.sampling import Sampling
from shadowgate.measure.sides import Sides, open_sides
from shadowgate.measure.words import explain_change, share_of_planning
from shadowgate.progress import Progress, silent
from shadowgate.queries.workload import Query, Workload
from shadowgate.server.base import Database
from shadowgate.statistics.intervals import to_percent
from shadowgate.statistics.verdict import Estimate, QueryJudgement, Target, judge_query

_ENDED = {
    "decided": sentence("until all was decided"),
    "budget": sentence("until the time was up"),
    "pairs": sentence("until no more pairs were allowed"),
    "needless": sentence("until the verdict was NO-GO"),
}

Stopped = Callable[[Collection[str], Collection[str]], str]
"""Given the queries that have regressed and those that fail since the migration: what makes further
times needless, in the caller's words; empty if they are not."""


LONG_MS = 200.0
"""A query that takes longer on any side is not executed to pass the time between rounds."""

NO_TIMES = Sample({}, (), "needless", 0.0)


@dataclass(frozen=True)
class QueryComparison:
    """One query on both sides."""

    query: Query
    pairs: tuple[Pair, ...]
    """Seconds before and after, in the order taken."""
    estimate: Estimate | None
    """``None`` when the budget ended before the first look."""
    limit: float
    """The largest slowdown that passes, as a log ratio, the floor applied."""
    verdict: QueryJudgement
    target: Target | None
    difference: str | None
    """What differs first between the rows returned, or whose failure it is that there are none;
    ``None`` when they are the same."""
    rows: int
    before: SideFacts
    after: SideFacts
    notes: tuple[str, ...]
    """What changed in the plan, in words."""
    failures: tuple[QueryFailure, ...] = ()
    """Where it failed, before first; it has no times and no rows then."""
    order: str | None = None
    """Why rows that differ are no change: the query has no defined order; ``None`` if they agree,
    or are a change."""

    @property
    def limit_percent(self) -> float:
        """The same in percent."""
        return to_percent(self.limit)

    @property
    def broken(self) -> bool:
        """Whether it worked before the migration and fails after it."""
        return [failure.side for failure in self.failures] == ["after"]

    @property
    def same_rows(self) -> bool:
        """Whether both sides returned the same rows."""
        return self.difference is None


@dataclass(frozen=True)
class Comparison:
    """A workload on both sides."""

    queries: Mapping[str, QueryComparison]
    overall: Estimate | None
    """Change of the average over the reading queries."""
    overall_target: Target | None
    sampling: Sampling
    ended: Ended
    """Why sampling ended."""
    seconds: float
    """Time that sampling took, in seconds."""
    method: str
    """How executions were timed, in words."""
    stopped_by: str = ""
    """What made further times needless, in the caller's words; empty if nothing did."""
    crowded: str = ""
    """That the copies do not fit into the server's cache, in a sentence; empty if they do."""

    @property
    def failed(self) -> Mapping[str, tuple[QueryFailure, ...]]:
        """The queries that failed on any side, by their id."""
        return {id_: found.failures for id_, found in self.queries.items() if found.failures}

    @property
    def how(self) -> str:
        """How, for how long and until when the queries were timed, in words."""
        if self.stopped_by and not any(found.pairs for found in self.queries.values()):
            return sentence("not timed: the verdict was NO-GO before")
        return sentence(
            # TRANSLATORS: {end} is why sampling ended, {method} on how many cores and by what clock
            "timed for {seconds:.0f} s, {end}; {method}",
            seconds=self.seconds,
            end=_ENDED[self.ended],
            method=self.method,
        )

    @property
    def targets(self) -> Mapping[str, Target]:
        """The targets of single queries, by their id."""
        return {id_: found.target for id_, found in self.queries.items() if found.target}


def compare(
    before: Database,
    after: Database,
    workload: Workload,
    sampling: Sampling,
    *,
    clones: CloneFactory = fresh_copy,
    stopped_by: Stopped = lambda _slower, _broken: "",
    seconds: Mapping[str, float] = UNKNOWN,
    progress: Progress = silent,
) -> Comparison:
    """Compare a workload on two databases of one server.

    A query that has a rewritten form is asked in that form after the migration. Both databases are
    measured in fresh copies (see :mod:`shadowgate.measure.copies`), so nobody may be connected to
    them meanwhile; they themselves stay as they are. They must be settled
    (:func:`~shadowgate.measure.settle`).

    A query that fails is noted and left out of what follows; the others are measured all the same.
    Rows that differ only because the query leaves their order open are told from changed ones by
    :func:`~shadowgate.measure.answers.ordering.explain_by_order`. Rows and plans are always
    compared; times are taken only until ``stopped_by`` says why not.

    Args:
        before: the database before the migration.
        after: the one after it.
        workload: the queries.
        sampling: settings, limits and targets.
        clones: makes the copies that are measured.
        stopped_by: says what makes further times needless.
        seconds: how long queries take before, as far as it is known: then they may not take for
            ever afterwards (:data:`PATIENCE_RATIO`).
        progress: told what is going on.

    Raises:
        PlanError: a target or weight names a query that the workload does not have.
        ServerError: a database cannot be cloned or a session was lost.
    """
    known = workload.by_id
    check_names(sampling, workload)
    with open_sides((before, after), workload, sampling, clones, progress) as sides:
        progress("comparing the rows that each query returns")
        facts = gather_facts(sides, workload, seconds, sampling)
        able = workload.without(sides.failures.queries)
        judge_ = Judge(sampling, tuple(able.by_id), tuple(query.id for query in able.reads))

        def stopping(slower: Collection[str]) -> str:
            return stopped_by(slower, sides.failures.broken)

        if stopping(()):
            sample = NO_TIMES
        else:
            expected = _forecast(facts, able, sides, sampling)
            progress(f"measuring {len(able.by_id)} queries: {expected}")
            sample = _take_sample(sides, judge_, facts, stopping, progress)
        method = sides.method
    found = conclude(sample, judge_, known, facts, method, sides.failures)
    found = replace(found, crowded=sides.crowded)
    if sample.ended == "needless":
        found = replace(found, stopped_by=stopping(judge_.regressed(sample.pairs)))
    return _with_orders(found, (before, after), sampling, clones, progress)


def _take_sample(
    sides: Sides,
    judge_: Judge,
    facts: Mapping[str, Facts],
    stopping: Callable[[Collection[str]], str],
    progress: Progress,
) -> Sample:
    """Time the queries that answered."""
    slow = frozenset(id_ for id_, both in facts.items() if _is_gross(both))
    sides.warm_up(judge_.sampling.warm_up, first=1, without=slow)  # the rows came from there
    short = frozenset(id_ for id_, both in facts.items() if _slowest_ms(both) < LONG_MS)

    def report(rounds: int, undecided: int) -> None:
        progress(f"measuring: round {rounds}, {undecided} of {len(facts)} queries undecided")

    with undisturbed(*sides.sessions):
        return take_sample(
            judge_,
            sides.measure,
            Time(time.perf_counter, lambda seconds: sides.keep_busy(seconds, short)),
            report,
            at_once=sides.at_once,
            failed=lambda: sides.failures.queries,
            is_needless=lambda slower: bool(stopping(slower)),
        )


def _with_orders(
    comparison: Comparison,
    databases: tuple[Database, Database],
    sampling: Sampling,
    clones: CloneFactory,
    progress: Progress,
) -> Comparison:
    """Tell the rows that differ by an order that the query leaves open from changed ones."""
    before, after = databases
    queries = dict(comparison.queries)
    for id_, found in comparison.queries.items():
        if found.difference is None or found.failures:
            continue
        progress(f"looking whether {id_} has a defined order")
        order = explain_by_order(
            lambda: clones(before),
            found.query,
            found.before.result,
            found.after.result,
            after_copy=lambda: clones(after),
            sampling=sampling,
        )
        if order is not None:
            notes = (*found.notes, order)
            queries[id_] = replace(found, difference=None, order=order, notes=notes)
    return replace(comparison, queries=queries)


def check_names(sampling: Sampling, workload: Workload) -> None:
    """See that settings name only queries that exist.

    Raises:
        PlanError: one does not.
    """
    for key, names in (("targets", sampling.demands.targets), ("weights", sampling.weights)):
        unknown = sorted(set(names) - set(workload.by_id))
        if unknown:
            raise PlanError(
                sentence(
                    "{key} names {unknown}, which the workload does not have",
                    key=key,
                    unknown=", ".join(unknown),
                ),
                where=sentence("performance.{key}", key=key),
                todo=sentence("use one of {queries}", queries=", ".join(workload.by_id)),
            )


def _is_gross(facts: Facts) -> bool:
    """Whether nobody has to warm up for what the first pairs will show."""
    before, after = (side.metrics.execution_ms for side in facts)
    return after >= max(1000.0 * GROSS_SECONDS, GROSS_RATIO * before)


def _forecast(
    facts: Mapping[str, Facts],
    workload: Workload,
    sides: Sides,
    sampling: Sampling,
) -> str:
    """How long the verdict will take, by how long each query took once."""

    def pairs(queries: Sequence[Query]) -> list[float]:
        return [
            query.times * sum(side.metrics.execution_ms for side in facts[query.id]) / 1000.0
            for query in queries
        ]

    one_round = round_seconds(
        pairs(workload.reads), pairs(workload.writes), len(sides.lanes), sampling
    )
    return duration_in_words(one_round, sampling)


def _slowest_ms(facts: Facts) -> float:
    return max(side.metrics.execution_ms for side in facts)


def conclude(
    sample: Sample,
    judge_: Judge,
    queries: Mapping[str, Query],
    facts: Mapping[str, Facts],
    method: str,
    failures: Failures,
) -> Comparison:
    """Judge what was sampled.

    What is claimed of all reading queries is only decided if all of them worked: of the others'
    average the estimate stays, and the target is left open.
    """
    compared = {
        id_: _conclude_query(query, sample.pairs.get(id_, ()), judge_, facts[id_], failures)
        for id_, query in queries.items()
    }
    overall = judge_.overall(sample.pairs)
    if overall is not None and any(
        queries[id_].kind == "read" for id_ in failures.queries if id_ in queries
    ):
        overall = replace(overall, status="inconclusive")
    return Comparison(
        queries=compared,
        overall=judge_.overall_estimate(sample.pairs),
        overall_target=overall,
        sampling=judge_.sampling,
        ended=sample.ended,
        seconds=sample.seconds,
        method=method,
    )


def _conclude_query(
    query: Query,
    pairs: tuple[Pair, ...],
    judge_: Judge,
    facts: Facts,
    failures: Failures,
) -> QueryComparison:
    failed = failures.of(query.id)
    before, after = facts
    taken = () if failed else pairs
    estimate, limit = judge_.estimate(query.id, taken), judge_.limit(query.id, taken)
    difference = failures_in_words(failed) or first_difference(before.result, after.result)
    return QueryComparison(
        query=query,
        pairs=taken,
        estimate=estimate,
        limit=limit,
        verdict=judge_query(estimate, limit),
        target=judge_.target(query.id, taken),
        difference=difference,
        rows=before.result.count,
        before=before,
        after=after,
        notes=()
        if failed
        else (
            *_gained(before.result, after.result),
            *_notes(estimate, pairs, before.metrics, after.metrics),
        ),
        failures=failed,
    )


def _gained(before: Result, after: Result) -> tuple[str, ...]:
    gained = gained_columns(before, after)
    if not gained:
        return ()
    return (
        sentence(
            "returns more columns: {columns}; SELECT * follows its tables",
            columns=", ".join(gained),
        ),
    )


def _notes(
    estimate: Estimate | None, pairs: tuple[Pair, ...], before: PlanMetrics, after: PlanMetrics
) -> tuple[str, ...]:
    """What changed in the plan; for a slowdown that is shown, how much of it is planning."""
    changes = explain_change(before, after)
    if estimate is None or estimate.plain.low <= 0:
        return changes
    change_ms = median_before_ms(pairs) * math.expm1(estimate.plain.estimate)
    share = share_of_planning(before, after, change_ms)
    return (*changes, share) if share else changes
