"""``history.jsonl``: verdict and effects of each run, a line each, for later ones to draw."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from shadowgate.evidence import Evidence

SHOWN = 12
"""Runs that are drawn, this one included."""


@dataclass(frozen=True)
class Effect:
    """Change of one query's time in one run, in percent; a bound that was open is ``None``."""

    change: float
    low: float | None
    high: float | None

    def apart_from(self, other: Effect) -> bool:
        """Whether the two intervals share no value."""
        own_low, own_high = self._ends
        low, high = other._ends
        return own_low > high or low > own_high

    @property
    def _ends(self) -> tuple[float, float]:
        low = float("-inf") if self.low is None else self.low
        return low, float("inf") if self.high is None else self.high


@dataclass(frozen=True)
class PastRun:
    """What is kept of a run."""

    started: str
    plan: str
    key: str
    """What its times depend on: machine, server, rows and queries."""
    verdict: str
    risk: str
    seconds: float
    effects: dict[str, Effect]


def past_run(evidence: Evidence, key: str) -> PastRun:
    """What is kept of a run; an empty key where it did not come to measuring."""
    return PastRun(
        started=evidence.started,
        plan=str(evidence.plan.get("name", "")),
        key=key,
        verdict=evidence.verdict,
        risk=evidence.risk,
        seconds=evidence.seconds,
        effects={
            query.id: Effect(query.change_percent, query.low_percent, query.high_percent)
            for query in evidence.queries
            if query.change_percent is not None
        },
    )


def add_run(path: Path, run: PastRun) -> None:
    """Append a run to the history.

    Raises:
        OSError: it cannot be written.
    """
    with path.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(asdict(run), ensure_ascii=False) + "\n")


def runs_like(path: Path, run: PastRun) -> list[PastRun]:
    """The runs before of the same plan and key, the oldest first, and this one as the last.

    A run that was not measured, such as one that failed before, is like none.
    """
    earlier = _read(path) if path.is_file() and run.key else ()
    alike = [each for each in earlier if (each.plan, each.key) == (run.plan, run.key)]
    return [*alike[-(SHOWN - 1) :], run]


def steps_of(query: str, runs: Sequence[PastRun]) -> list[int]:
    """Places of the runs whose effect lies apart from that of the run before."""
    known = [(place, run.effects[query]) for place, run in enumerate(runs) if query in run.effects]
    return [place for (_place, before), (place, now) in pairwise(known) if now.apart_from(before)]


def _read(path: Path) -> Iterator[PastRun]:
    """Every run of the file; a line that is none, such as half a one, is passed over."""
    for line in path.read_text("utf-8", errors="replace").splitlines():
        try:
            yield _parsed(json.loads(line))
        except (ValueError, TypeError, AttributeError, KeyError):
            continue


def _parsed(document: Any) -> PastRun:
    effects = {
        str(query): Effect(float(each["change"]), _bound(each["low"]), _bound(each["high"]))
        for query, each in document["effects"].items()
    }
    words = {name: str(document[name]) for name in ("started", "plan", "key", "verdict", "risk")}
    return PastRun(**words, seconds=float(document["seconds"]), effects=effects)


def _bound(value: Any) -> float | None:
    return None if value is None else float(value)
