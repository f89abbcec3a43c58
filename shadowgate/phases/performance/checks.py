"""Checks of phase 6: the same queries, paired with the copy before the migration."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from shadowgate.evidence import Table
from shadowgate.language import Shown, nsentence, sentence, shown
from shadowgate.measure import (
    ColdFigures,
    Comparison,
    LayoutShare,
    QueryComparison,
    Target,
    read_runs,
    to_evidence,
)
from shadowgate.phases.check import check
from shadowgate.phases.facts import WRITES_ACCEPTED, asked_of, error, refused, rows_of
from shadowgate.phases.finding import Finding
from shadowgate.phases.items import QUERIES, TARGETS
from shadowgate.phases.migration.announced import Announced
from shadowgate.phases.performance.committed_baseline import BaselineComparison
from shadowgate.phases.performance.history import History
from shadowgate.phases.performance.index_use import LostIndex
from shadowgate.phases.performance.layout import layout_table, left_out
from shadowgate.phases.performance.rewrites import Rewrites
from shadowgate.phases.results import Blocked, Needless
from shadowgate.plan import Plan
from shadowgate.report import words
from shadowgate.statistics.intervals import to_percent

if TYPE_CHECKING:
    from shadowgate.phases.run import Run


def _baseline_is_of_these_rows(run: Run) -> str:
    compared = run.committed_baseline
    if compared is None:
        return "the plan names no baseline"
    if compared.written:
        return ""
    if compared.expected is None and run.quick:
        return compared.missing
    return compared.why_not


def _claims_an_overall_gain(run: Run) -> str:
    claimed = run.plan.performance.overall_percent
    return "the plan claims no overall gain" if claimed is None else ""


def _has_rewrites(run: Run) -> str:
    return "" if run.workload.rewrites else "the plan has no rewritten queries"


def _cannot_judge_times(run: Run) -> str:
    return "" if run.quick else "times are judged, and tell of an index that is missed"


def _has_an_earlier_run(run: Run) -> str:
    if not read_runs(run.rounds.storage, run.timing_key):
        return "no run on this machine, server and backup is stored yet; this one now is"
    return ""


def _names_a_rewritten_table(run: Run) -> str:
    return "" if run.plan.performance.layout else "the plan names no table that is rewritten"


def _asked_for_cold(run: Run) -> str:
    return "" if run.request.cold else "not asked for: --cold measures it"


@check("performance.same_results", remedy="Compare the query's rows on both copies.", items=QUERIES)
def rows_are_the_same(
    comparison: Comparison, query: str, announced: Announced, finding: Finding
) -> None:
    """The query returns the same rows before and after, in whatever order.

    A faster query with another answer is a defect.
    """
    found = comparison.queries[query]
    _require_baseline(found)
    finding.note(nsentence("{n} row", "{n} rows", found.rows or 0), "the same rows")
    finding.say(found.order or "")
    read = {*found.before.metrics.relations, *found.after.metrics.relations}
    if not found.same_rows and not found.failures and (table := announced.changes_data_of(read)):
        finding.say(
            sentence(
                "{difference}: it reads {table}, whose data is announced to change",
                difference=found.difference,
                table=table,
            )
        )
        return
    _say_grounds(found, read, finding)
    finding.require(found.same_rows is True, found.difference or "")


@check(
    "performance.witnesses",
    remedy="Undo the change of plan, or accept it: --update-baseline, then commit the file.",
    applies=_baseline_is_of_these_rows,
)
def queries_touch_what_the_baseline_says(
    committed_baseline: BaselineComparison, finding: Finding
) -> None:
    """What each query touches, before and after, is what the committed baseline says.

    Rows, pages and plans have no noise: what they say holds on every machine.
    """
    compared = committed_baseline
    finding.note(
        nsentence("{n} difference", "{n} differences", len(compared.differences)),
        "0 differences",
    )
    finding.say(*compared.in_words)
    if compared.written:
        finding.say(
            sentence("{file} was written anew:", file=compared.path.name), *compared.written
        )
        finding.require_decided(compared.unchanged, compared.changed)
    finding.show(*([compared.table] if compared.differences else []))
    finding.require(compared.expected is not None, compared.missing)
    finding.require(not compared.differences, [*compared.in_words, *map(str, compared.differences)])


@check(
    "performance.not_slower",
    remedy="Read the plan's change in words; inconclusive: run on a calmer machine.",
    judges_time=True,
    items=QUERIES,
)
def query_is_not_slower(comparison: Comparison, query: str, plan: Plan, finding: Finding) -> None:
    """The query is not slower than the limit allows: its interval ends below it.

    A pass proves that the query is not slower than the limit.
    """
    _require_answer(comparison.queries[query])
    evidence = next(each for each in to_evidence(comparison) if each.id == query)
    finding.note(
        {
            "change": shown(words.percent, evidence.change_percent),
            "interval": shown(words.interval, evidence.low_percent, evidence.high_percent),
            "pairs": len(evidence.pairs_ms),
            "planning": sentence(
                "{before:.2f} -> {after:.2f} ms",
                before=evidence.witnesses["before"]["planning_ms"],
                after=evidence.witnesses["after"]["planning_ms"],
            ),
            "verdict": shown(words.query_verdict, evidence.verdict),
        },
        sentence(
            "below {limit}", limit=Shown(words.percent, comparison.queries[query].limit_percent)
        ),
    )
    finding.say(
        *(
            sentence(
                "It may be {percent:g} % slower: {reason}",
                percent=limit.percent,
                reason=limit.reason.strip(),
            )
            for limit in plan.performance.limits
            if query in limit.queries
        )
    )
    finding.say(*evidence.notes)
    if evidence.verdict == "regressed":
        finding.say(comparison.crowded)
    finding.require(
        evidence.verdict != "regressed",
        sentence(
            "{query} is slower: {change}",
            query=query,
            change=Shown(
                words.change,
                evidence.change_percent,
                evidence.low_percent,
                evidence.high_percent,
            ),
        ),
    )
    decided = evidence.verdict in ("improved", "equivalent")
    _require_needed(comparison.stopped_by, decided)
    finding.require_decided(
        decided,
        nsentence(
            "{query} could not be decided within {n} pair",
            "{query} could not be decided within {n} pairs",
            len(evidence.pairs_ms),
            query=query,
        ),
    )


@check(
    "performance.target",
    remedy="Improve the migration; the limit stays.",
    judges_time=True,
    items=TARGETS,
)
def target_is_met(comparison: Comparison, target: str, finding: Finding) -> None:
    """The query that the migration is made for is faster by what was promised.

    The migration is made for this query.
    """
    _judge(comparison.targets[target], comparison, finding)


@check(
    "performance.overall",
    remedy="Improve the migration; the limit stays.",
    judges_time=True,
    applies=_claims_an_overall_gain,
)
def average_gain_is_met(comparison: Comparison, finding: Finding) -> None:
    """The average over the reading queries is faster by what was promised.

    The catalogue as a whole must gain.
    """
    finding.say(comparison.how, comparison.crowded)
    if comparison.overall_target is not None:
        _judge(comparison.overall_target, comparison, finding)


@check(
    "performance.rewrites",
    remedy="Compare both forms on the migrated copy after the writes named.",
    applies=_has_rewrites,
)
def rewritten_queries_agree(rewrites: Rewrites, finding: Finding) -> None:
    """Every rewritten query returns the rows of its original, before and after writes.

    A rewritten query can be right on the day and wrong after the first write.
    """
    wrong = [said for item in rewrites.queries for said in item.sentences()]
    untouched = [item.query.id for item in rewrites.queries if not item.touched]
    finding.note(
        {
            "the same": sum(item.same for item in rewrites.queries),
            "touched by writes": len(rewrites.queries) - len(untouched),
            "rows written": rewrites.written,
        },
        {"the same": len(rewrites.queries), "touched by writes": len(rewrites.queries)},
    )
    finding.show(rewrites.table())
    finding.require(not wrong, wrong)
    finding.require_decided(
        not untouched,
        sentence(
            "the writes change nothing that {queries} return: add some to the plan's [workload] "
            "writes",
            queries=", ".join(untouched),
        ),
    )


@check(
    "performance.index_use",
    remedy="Keep the index, or make sure that nobody asks so any more; on a backup of production's "
    "size times tell.",
    required=False,
    applies=_cannot_judge_times,
)
def queries_keep_an_index(index_losses: tuple[LostIndex, ...], finding: Finding) -> None:
    """A query that an index served has one that can serve it still.

    On a few rows reading all of a table takes no time; on production's it does.
    """
    finding.note(nsentence("{n} query lost it", "{n} queries lost it", len(index_losses)), "0")
    finding.require(not index_losses, [str(each) for each in index_losses])


@check(
    "performance.history",
    remedy="Compare the two runs' plans; delete the stored run if it is not to count.",
    required=False,
    applies=_has_an_earlier_run,
    judges_time=True,
)
def no_gain_was_lost(history: History, finding: Finding) -> None:
    """No query lost its gain since the last stored run on this machine and server.

    A gain can dwindle from one version of a migration to the next, limits kept.
    """
    _require_needed(history.stopped_by, bool(history.trends))
    finding.note(
        sentence(
            "{slower} of {queries} slower",
            slower=len(history.slower),
            queries=len(history.trends),
        ),
        "0 slower",
    )
    finding.show(history.table)
    finding.require(not history.slower, [str(each) for each in history.slower])


@check(
    "performance.layout",
    remedy="Name a table with a primary key in the plan, or leave performance.layout out.",
    required=False,
    applies=_names_a_rewritten_table,
    judges_time=True,
    takes_times=True,
)
def gains_are_split(
    layout: Mapping[str, LayoutShare], comparison: Comparison, finding: Finding
) -> None:
    """Of the gains claimed it is known how much is the rewrite of the rows, and how much stays.

    What comes from freshly written rows fades as they are updated.
    """
    finding.note(nsentence("{n} query", "{n} queries", len(layout)))
    finding.say(*(share.sentence for share in layout.values()), left_out(comparison, layout))
    finding.show(layout_table(layout))


@check(
    "performance.cold",
    remedy="See the query's error.",
    required=False,
    takes_times=True,
    applies=_asked_for_cold,
)
def cold_figures_are_recorded(cold: Mapping[str, ColdFigures], finding: Finding) -> None:
    """Times and pages read are on record for an empty buffer cache too.

    On a server whose data does not fit its memory the first reader pays for each page.
    """
    finding.note(nsentence("{n} query", "{n} queries", len(cold)))
    finding.show(_cold_table(cold))


def _cold_table(cold: Mapping[str, ColdFigures]) -> Table:
    rows = []
    for id_, figures in cold.items():
        before, after = figures.medians
        times = (f"{side.milliseconds:.1f}" for side in (before, after))
        rows.append((id_, *times, str(before.pages_read), str(after.pages_read)))
    return Table(
        "With a cold buffer cache (medians; shown, not judged)",
        ("Query", "Before, ms", "After, ms", "Pages read before", "Pages read after"),
        tuple(rows),
    )


def _judge(promised: Target, comparison: Comparison, finding: Finding) -> None:
    """A target holds only if the whole interval says so."""
    finding.note(None, -promised.percent)
    if promised.estimate is not None:
        interval = promised.estimate.plain
        change = round(to_percent(interval.estimate), 2)
        finding.note(change, -promised.percent)
        ends = Shown(words.interval, to_percent(interval.low), to_percent(interval.high))
        finding.say(sentence("interval {ends}", ends=ends))
        finding.require(
            promised.status != "missed",
            sentence(
                "{name} changed by {change:+.1f} %, promised were -{promised:g} %",
                name=promised.name,
                change=change,
                promised=promised.percent,
            ),
        )
    _require_needed(comparison.stopped_by, promised.status == "met")
    finding.require_decided(
        promised.status == "met",
        sentence("{name}: its interval does not decide", name=promised.name),
    )


def _require_needed(stopped_by: str, decided: bool) -> None:
    """What was left undecided since the verdict was NO-GO already is no finding.

    Raises:
        Needless: that is why it is.
    """
    if stopped_by and not decided:
        raise Needless(stopped_by)


def _say_grounds(found: QueryComparison, read: Collection[str], finding: Finding) -> None:
    """Say what explains that a query fails or answers otherwise, and what else its failure does."""
    for failure in found.failures:
        state = failure.sqlstate or ""
        finding.breaks({error(state), *(refused(name, state) for name in read)})
        finding.stands_on(asked_of(read, state))
    if found.broken and found.query.kind == "write":
        finding.breaks({WRITES_ACCEPTED})
    if not found.failures:
        finding.stands_on(set(map(rows_of, read)))


def _require_baseline(found: QueryComparison) -> None:
    """A query that failed before the migration is its own concern, told in phase 4."""
    if any(failure.side == "before" for failure in found.failures):
        raise Blocked(f"baseline.query.{found.query.id}")


def _require_answer(found: QueryComparison) -> None:
    """A query without an answer has no time; that it has none is another check's finding."""
    _require_baseline(found)
    if found.failures:
        raise Blocked(f"performance.same_results.{found.query.id}")
