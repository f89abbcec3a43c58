"""Where measured rounds are kept beside the evidence: in pytest-benchmark's files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from shadowgate.measure import Baseline, Comparison, extra_info


class RoundStore(Protocol):
    """Keeps the rounds of this run, by series (``before`` …) and query."""

    path: Path
    """File that the rounds of this run are written to."""
    storage: Path
    """Folder of the stored runs."""

    def record(
        self, series: str, query_id: str, seconds: Sequence[float], facts: Mapping[str, Any]
    ) -> None:
        """Add one query's rounds, in the order taken, with JSON-able facts beside them."""

    def has(self, series: str, query_id: str) -> bool:
        """Whether rounds of a query are on record."""

    def rounds(self, series: str) -> int:
        """How many rounds of a series are on record."""


class MemoryStore:
    """Keeps counts alone, where no pytest is there to write files."""

    def __init__(self, reports: Path) -> None:
        self.path = reports / "baseline.json"
        self.storage = reports / "benchmarks"
        self._recorded: dict[tuple[str, str], tuple[int, Mapping[str, Any]]] = {}

    def record(
        self, series: str, query_id: str, seconds: Sequence[float], facts: Mapping[str, Any]
    ) -> None:
        """Count one query's rounds."""
        self._recorded[series, query_id] = (len(seconds), facts)

    def has(self, series: str, query_id: str) -> bool:
        """Whether rounds of a query are on record."""
        return (series, query_id) in self._recorded

    def rounds(self, series: str) -> int:
        """How many rounds of a series are on record."""
        return sum(n for (name, _), (n, _) in self._recorded.items() if name == series)


def record_baseline(store: RoundStore, baseline: Baseline) -> None:
    """Hand the rounds of phase 4 to a store."""
    for id_, found in baseline.queries.items():
        if not found.failure:
            store.record("baseline", id_, found.rounds, {"rows_hash": found.result.hash})


def record_comparison(store: RoundStore, comparison: Comparison, key: str) -> None:
    """Hand the pairs of phase 6 to a store, under the key of what their times depend on."""
    for id_, found in comparison.queries.items():
        if found.failures:
            continue
        for side, series in enumerate(("before", "after")):
            info = extra_info(id_, series, key)
            store.record(series, id_, [pair[side] for pair in found.pairs], info)
