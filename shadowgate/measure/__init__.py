"""Measures a workload on two databases side by side and decides whether one is slower.

:func:`compare` is the whole of it; the parts can be used alone. What the measurements say,
:mod:`shadowgate.statistics` tells.
"""

from shadowgate.measure.answers.ordering import difference_beyond_order, explain_by_order, unordered
from shadowgate.measure.baseline import Baseline, QueryBaseline, baseline
from shadowgate.measure.baseline_metrics import (
    BaselineMetrics,
    Difference,
    changes_in_words,
    differences,
    metrics_of,
    read_metrics,
    what_is_left_out,
    why_not_comparable,
    write_metrics,
)
from shadowgate.measure.cold import ColdFigures, measure_cold
from shadowgate.measure.comparison import Comparison, QueryComparison, compare
from shadowgate.measure.concurrency import all_at_once
from shadowgate.measure.copies import CloneFactory, copies_of_run
from shadowgate.measure.failures import QueryError, QueryFailure
from shadowgate.measure.layout import LayoutShare, measure_layout
from shadowgate.measure.plans import PlanMetrics
from shadowgate.measure.query_evidence import to_evidence
from shadowgate.measure.sampling import Sampling
from shadowgate.measure.session import settle, settle_changes
from shadowgate.measure.timings import Trend, environment_key, extra_info, read_runs, trend_since
from shadowgate.measure.trial import Arm, Judging, Trial, run_trial
from shadowgate.measure.words import explain_change
from shadowgate.statistics.verdict import Estimate, Target

__all__ = [
    "Arm",
    "Baseline",
    "BaselineMetrics",
    "CloneFactory",
    "ColdFigures",
    "Comparison",
    "Difference",
    "Estimate",
    "Judging",
    "LayoutShare",
    "PlanMetrics",
    "QueryBaseline",
    "QueryComparison",
    "QueryError",
    "QueryFailure",
    "Sampling",
    "Target",
    "Trend",
    "Trial",
    "all_at_once",
    "baseline",
    "changes_in_words",
    "compare",
    "copies_of_run",
    "difference_beyond_order",
    "differences",
    "environment_key",
    "explain_by_order",
    "explain_change",
    "extra_info",
    "measure_cold",
    "measure_layout",
    "metrics_of",
    "read_metrics",
    "read_runs",
    "run_trial",
    "settle",
    "settle_changes",
    "to_evidence",
    "trend_since",
    "unordered",
    "what_is_left_out",
    "why_not_comparable",
    "write_metrics",
]
