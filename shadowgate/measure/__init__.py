"""Measures a workload on two databases side by side and decides whether one is slower.

:func:`compare` is the whole of it; the parts can be used alone. :mod:`.statistics`,
:mod:`.sequential` and :mod:`.verdict` are pure functions.
"""

from shadowgate.measure.baseline import Baseline, QueryBaseline, baseline
from shadowgate.measure.comparison import Comparison, QueryComparison, compare
from shadowgate.measure.copies import Copier, copies_of_run
from shadowgate.measure.evidencing import to_evidence
from shadowgate.measure.plans import Witness
from shadowgate.measure.sampling import Sampling
from shadowgate.measure.verdict import Estimate, Target
from shadowgate.measure.words import explain_change
from shadowgate.measure.workload import Query, Workload, load_workload

__all__ = [
    "Baseline",
    "Comparison",
    "Copier",
    "Estimate",
    "Query",
    "QueryBaseline",
    "QueryComparison",
    "Sampling",
    "Target",
    "Witness",
    "Workload",
    "baseline",
    "compare",
    "copies_of_run",
    "explain_change",
    "load_workload",
    "to_evidence",
]
