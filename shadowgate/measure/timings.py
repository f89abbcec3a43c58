"""Stored times: compared only on the same machine and server, and only through a control.

The file is pytest-benchmark's own, so that ``pytest-benchmark compare`` and its histogram read it.
Each query has two entries, ``Q1[before]`` and ``Q1[after]``, with all their rounds; which machine,
server and data they come from is a fingerprint in each entry's ``extra_info``.

A machine is slower on some days. What is compared is therefore never a time of today with one of
then, but today's effect (after against before, both measured today) with the effect of then: the
database *before* is the control.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from shadowgate.errors import PlanError
from shadowgate.language import sentence
from shadowgate.measure.sampler import Pair
from shadowgate.statistics.intervals import (
    Interval,
    effects,
    signed_rank_interval,
    to_percent,
    widen,
)

Direction = Literal["slower", "faster", "no difference shown"]


@dataclass(frozen=True)
class StoredRun:
    """Pairs of an earlier run."""

    name: str
    """The file, for people."""
    pairs: Mapping[str, tuple[Pair, ...]]


@dataclass(frozen=True)
class Trend:
    """How one query's effect changed since an earlier run on the same machine."""

    query: str
    machine_percent: float
    """How much slower the control is today: the machine, not the migration."""
    change: Interval
    """Change of the effect since then, as a log ratio."""
    direction: Direction

    def __str__(self) -> str:
        values: dict[str, Any] = {
            "query": self.query,
            "change": to_percent(self.change.estimate),
            "machine": self.machine_percent,
        }
        match self.direction:
            case "slower":
                return sentence(
                    "{query}: slower than in the stored run ({change:+.1f} %; the machine itself "
                    "{machine:+.1f} %)",
                    **values,
                )
            case "faster":
                return sentence(
                    "{query}: faster than in the stored run ({change:+.1f} %; the machine itself "
                    "{machine:+.1f} %)",
                    **values,
                )
        return sentence(
            "{query}: no difference shown to the stored run ({change:+.1f} %; the machine itself "
            "{machine:+.1f} %)",
            **values,
        )


def environment_key(facts: Mapping[str, Any]) -> str:
    """Key of machine, server and data: equal facts give equal keys, anything else another.

    Args:
        facts: what times depend on, JSON-able: processor, cores, memory, server version,
            settings, rows of the backup.
    """
    text = json.dumps(facts, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def extra_info(query: str, side: str, key: str) -> dict[str, str]:
    """What an entry of pytest-benchmark's file carries so that :func:`read_runs` finds it."""
    return {"query": query, "side": side, "fingerprint": key}


def read_runs(storage: Path, key: str) -> tuple[StoredRun, ...]:
    """Earlier runs with the same fingerprint, oldest first; files of others are passed over.

    Raises:
        PlanError: a file in the storage is not pytest-benchmark's.
    """
    found = (read_run(path, key) for path in sorted(storage.rglob("*.json")))
    return tuple(run for run in found if run.pairs)


def read_run(path: Path, key: str) -> StoredRun:
    """The pairs of one file that carry a fingerprint; without any if it has none such.

    Raises:
        PlanError: the file is not pytest-benchmark's.
    """
    sides: dict[str, dict[str, list[float]]] = {}
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        for entry in document["benchmarks"]:
            info = entry.get("extra_info", {})
            if info.get("fingerprint") == key:
                sides.setdefault(info["query"], {})[info["side"]] = entry["stats"]["data"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PlanError(
            sentence(
                "stored times cannot be read: {type}: {error}",
                type=type(error).__name__,
                error=error,
            ),
            where=str(path),
            todo="delete the file, or point the storage at another folder",
        ) from error
    pairs = {
        query: tuple(zip(taken["before"], taken["after"], strict=True))
        for query, taken in sides.items()
        if len(taken.get("before", ())) == len(taken.get("after", ())) > 0
    }
    return StoredRun(path.name, pairs)


def trend_since(
    stored: StoredRun, pairs: Mapping[str, Sequence[Pair]], tail: float, deviation: float
) -> tuple[Trend, ...]:
    """Each query of both runs: did its effect change, the machine's own change taken out?

    The interval of the difference is that of two independent estimates, each with its own bounds
    (Zou & Donner, "Construction of confidence limits about effect measures", Statist. Med. 27,
    2008). Its level is shared out among the queries (Bonferroni), as a change of any is reported.

    Args:
        stored: the earlier run.
        pairs: today's pairs by query.
        tail: probability allowed beyond each bound, for all queries together.
        deviation: between-copy standard deviation of each run's effects.
    """
    common = [id_ for id_, taken in pairs.items() if taken and id_ in stored.pairs]
    shared = tail / max(len(common), 1)

    def interval(taken: Sequence[Pair]) -> Interval:
        return widen(signed_rank_interval(effects(taken), shared), deviation, shared)

    return tuple(_trend(id_, stored.pairs[id_], pairs[id_], interval) for id_ in common)


def _trend(
    query: str,
    then: Sequence[Pair],
    now: Sequence[Pair],
    interval: Callable[[Sequence[Pair]], Interval],
) -> Trend:
    change = difference(interval(now), interval(then))
    direction: Direction = "no difference shown"
    if change.low > 0:
        direction = "slower"
    if change.high < 0:
        direction = "faster"
    control = np.median([pair[0] for pair in now]) / np.median([pair[0] for pair in then])
    return Trend(query, 100.0 * (float(control) - 1.0), change, direction)


def difference(one: Interval, other: Interval) -> Interval:
    """Interval of ``one - other`` from two independent intervals of the same level."""
    estimate = one.estimate - other.estimate
    below = math.hypot(one.estimate - one.low, other.high - other.estimate)
    above = math.hypot(one.high - one.estimate, other.estimate - other.low)
    return Interval(estimate, estimate - below, estimate + above)
