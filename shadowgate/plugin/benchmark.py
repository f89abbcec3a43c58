"""Hands measured rounds to pytest-benchmark, which prints its table and stores its JSON.

pytest-benchmark times a function by itself; rounds that were taken in pairs, interleaved with
others, can only be given to it afterwards. Its fixture does the same at the end of a run: it makes
a ``Metadata``, adds each round to it and appends it to the session's list.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pytest_benchmark.stats import Metadata

from shadowgate.phases.rounds import RoundStore


class BenchmarkRecorder(RoundStore):
    """The rounds of this run, by series (``before`` …) and query."""

    def __init__(self, config: pytest.Config) -> None:
        self._session: Any = getattr(config, "_benchmarksession")  # noqa: B009 - not typed
        super().__init__(
            Path(str(config.option.benchmark_json)),
            Path(str(config.option.benchmark_storage).removeprefix("file://")),
        )

    def record(
        self, series: str, query_id: str, seconds: Sequence[float], facts: Mapping[str, Any], /
    ) -> None:
        """Add one query's rounds; those of one query are shown as one group."""
        shell = SimpleNamespace(
            name=f"{query_id}[{series}]",
            fullname=f"shadowgate::{query_id}[{series}]",
            group=query_id,
            param=series,
            params={"series": series},
            extra_info=dict(facts),
            cprofile_stats=None,
            has_error=False,
            skipped=False,
        )
        options = {
            "disable_gc": True,
            "timer": time.perf_counter,
            "min_rounds": len(seconds),
            "max_time": 0.0,
            "min_time": 0.0,
            "warmup": True,
        }
        metadata: Any = Metadata(shell, iterations=1, options=options)  # type: ignore[no-untyped-call]
        for duration in seconds:
            metadata.update(duration)
        self._session.benchmarks.append(metadata)
        super().record(series, query_id, seconds, facts)
