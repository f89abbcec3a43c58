"""Phase 6: this run's effects beside those of the last stored run on the same machine and server.

Every run is kept in the reports folder as pytest-benchmark keeps runs, under its key: what times
depend on. Only a run with the same key is compared with, and only its effect (after against
before): the database *before*, measured again now, is the control that takes the machine's own
good and bad days out.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from shadowgate.catalogue import TableFingerprint
from shadowgate.evidence import Table
from shadowgate.language import sentence, shown
from shadowgate.measure import Comparison, Trend, environment_key, read_runs, trend_since
from shadowgate.measure.timings import Direction
from shadowgate.phases.performance.committed_baseline import data_in_words
from shadowgate.plan import Plan
from shadowgate.queries import Workload
from shadowgate.report import words
from shadowgate.server import ServerFacts
from shadowgate.statistics.intervals import to_percent

_CPUINFO = Path("/proc/cpuinfo")

_OTHER_SETTINGS = ("log", "TimeZone", "max_connections", "max_wal_size", "checkpoint_timeout")
"""How settings begin that no query's time depends on; some follow the free disk space."""


_SAYS: Mapping[Direction, str] = {
    # TRANSLATORS: how the effect of a query changed since a stored run
    "slower": sentence("slower"),
    "faster": sentence("faster"),
    "no difference shown": sentence("no difference shown"),
}


@dataclass(frozen=True)
class History:
    """A run beside the last one with the same key."""

    stored: str
    """File of that run."""
    trends: tuple[Trend, ...]
    limit_percent: float
    stopped_by: str = ""
    """The check for which queries were no longer timed; empty if all were timed to the end."""

    @property
    def slower(self) -> tuple[Trend, ...]:
        """Queries whose effect got worse by the plan's limit or more, and surely at all."""
        return tuple(
            each
            for each in self.trends
            if each.direction == "slower" and to_percent(each.change.estimate) >= self.limit_percent
        )

    @property
    def table(self) -> Table:
        """Every query of both runs."""
        return Table(
            sentence("Against the stored run {run}", run=self.stored),
            ("Query", "Change of the effect", "Interval", "The machine itself", "Says"),
            tuple(
                (
                    each.query,
                    shown(words.percent, to_percent(each.change.estimate)),
                    shown(
                        words.interval, to_percent(each.change.low), to_percent(each.change.high)
                    ),
                    shown(words.percent, each.machine_percent),
                    _SAYS[each.direction],
                )
                for each in self.trends
            ),
        )


def timing_key(
    facts: ServerFacts, content: Mapping[str, TableFingerprint], workload: Workload, plan: Plan
) -> str:
    """Key of everything that this run's times depend on, but for the migration itself."""
    settings = {
        name: value
        for name, value in facts.settings.items()
        if not name.startswith(_OTHER_SETTINGS)
    }
    return environment_key(
        {
            "plan": plan.name,
            "machine": _machine(),
            "server": [facts.kind, facts.version, facts.postgis, settings],
            "where": facts.where if facts.kind == "external" else "",
            "data": data_in_words(content, plan.backup.table),
            "queries": {query.id: [query.sql, query.times] for query in workload.queries},
        }
    )


def _machine() -> dict[str, Any]:
    processor = platform.processor()
    if _CPUINFO.is_file():
        lines = _CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines()
        models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        processor = models[0] if models else processor
    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "processor": processor,
        "cores": psutil.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
    }


def last_run(storage: Path, key: str, comparison: Comparison) -> History | None:
    """Hold a comparison against the last stored run with the same key; ``None`` if there is none.

    Raises:
        PlanError: a file in the storage is not pytest-benchmark's.
    """
    runs = read_runs(storage, key)
    if not runs:
        return None
    pairs = {id_: found.pairs for id_, found in comparison.queries.items()}
    sampling = comparison.sampling
    return History(
        runs[-1].name,
        trend_since(runs[-1], pairs, sampling.tail, sampling.copy_deviation(1)),
        sampling.demands.limit_percent,
        comparison.stopped_by,
    )
