"""Where measured rounds are kept beside the evidence: in pytest-benchmark's files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from shadowgate.measure import Baseline, Comparison, extra_info


class RoundStore:
    """Knows which rounds of this run are on record; pytest's own store also writes them to files.

    Args:
        path: file that the rounds of this run are written to.
        storage: folder of the stored runs.
    """

    def __init__(self, path: Path, storage: Path) -> None:
        self.path = path
        self.storage = storage
        self._recorded: dict[tuple[str, str], int] = {}

    @classmethod
    def of_reports(cls, reports: Path) -> Self:
        """A store that names the usual files of a reports folder."""
        return cls(reports / "baseline.json", reports / "benchmarks")

    def record(
        self, series: str, query_id: str, seconds: Sequence[float], _facts: Mapping[str, Any], /
    ) -> None:
        """Add one query's rounds.

        Args:
            series: ``before``, ``after`` …
            query_id: id of the query.
            seconds: its rounds, in the order taken.
            _facts: JSON-able facts that are stored beside the rounds.
        """
        self._recorded[series, query_id] = len(seconds)

    def has(self, series: str, query_id: str) -> bool:
        """Whether rounds of a query are on record."""
        return (series, query_id) in self._recorded

    def rounds(self, series: str) -> int:
        """How many rounds of a series are on record."""
        return sum(n for (name, _), n in self._recorded.items() if name == series)


def record_baseline(store: RoundStore, baseline: Baseline) -> None:
    """Hand the rounds of phase 4 to a store."""
    for id_, found in baseline.queries.items():
        if not found.failure:
            store.record("baseline", id_, found.rounds, {"rows_hash": found.result.hash})


def record_comparison(store: RoundStore, comparison: Comparison, key: str) -> None:
    """Hand the pairs of phase 6 to a store, under the key of what their times depend on."""
    for id_, found in comparison.queries.items():
        if not found.pairs:
            continue
        for side, series in enumerate(("before", "after")):
            info = extra_info(id_, series, key)
            store.record(series, id_, [pair[side] for pair in found.pairs], info)
