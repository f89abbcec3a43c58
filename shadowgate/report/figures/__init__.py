"""The drawings of the report. Each takes plain data and says in a sentence what it shows."""

from shadowgate.report.figures.growth import Curve, growth
from shadowgate.report.figures.locks import LockSpan, Stops, locks
from shadowgate.report.figures.map import table_map
from shadowgate.report.figures.run import (
    ClientWait,
    Effect,
    StatementSpan,
    phases,
    projection,
    waits,
)
from shadowgate.report.figures.workload import before_after, effects, pairs

__all__ = [
    "ClientWait",
    "Curve",
    "Effect",
    "LockSpan",
    "StatementSpan",
    "Stops",
    "before_after",
    "effects",
    "growth",
    "locks",
    "pairs",
    "phases",
    "projection",
    "table_map",
    "waits",
]
