"""What changed between two plans of one query, in sentences. Pure functions."""

from __future__ import annotations

from shadowgate.measure.plans import PlanMetrics

LEAST_MS = 0.2
LEAST_PERCENT = 10.0
"""A change of planning or deferred work below either is not worth a sentence."""

BUFFERS_PERCENT = 10.0
"""Nor is a change of the pages touched below this."""


def explain_change(before: PlanMetrics, after: PlanMetrics) -> tuple[str, ...]:
    """Say what is different, most telling first; nothing if the plans do the same."""
    found = (
        _partitions(before, after),
        _indexes(before, after),
        _shape(before, after),
        _buffers(before, after),
        _planning(before, after),
        _deferred(before, after),
        _spill(before, after),
        _jit(before, after),
        *_triggers(before, after),
    )
    return tuple(sentence for sentence in found if sentence)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _partitions(before: PlanMetrics, after: PlanMetrics) -> str:
    old, new = len(before.partitions), len(after.partitions)
    if old == new:
        return ""
    return f"scans {_count(new, 'partition')} instead of {old}"


def _indexes(before: PlanMetrics, after: PlanMetrics) -> str:
    gone = sorted(set(before.indexes) - set(after.indexes))
    come = sorted(set(after.indexes) - set(before.indexes))
    if gone and come:
        return f"uses index {', '.join(come)} instead of {', '.join(gone)}"
    if gone:
        return f"no longer uses index {', '.join(gone)}"
    return f"now uses index {', '.join(come)}" if come else ""


def _shape(before: PlanMetrics, after: PlanMetrics) -> str:
    gone = [line.strip() for line in before.shape if line not in after.shape]
    come = [line.strip() for line in after.shape if line not in before.shape]
    if gone and come:
        return f"the plan has {', '.join(come)} where it had {', '.join(gone)}"
    if come:
        return f"the plan gained {', '.join(come)}"
    if gone:
        return f"the plan lost {', '.join(gone)}"
    return "" if before.shape == after.shape else "the plan's steps are in another order"


def _buffers(before: PlanMetrics, after: PlanMetrics) -> str:
    if abs(after.buffers - before.buffers) * 100 < BUFFERS_PERCENT * max(before.buffers, 1):
        return ""
    return f"touches {after.buffers} pages instead of {before.buffers}"


def _planning(before: PlanMetrics, after: PlanMetrics) -> str:
    change = after.planning_ms - before.planning_ms
    if not _tells(change, before.planning_ms):
        return ""
    became = "slower" if change > 0 else "faster"
    old, new = len(before.partitions), len(after.partitions)
    why = "" if old == new else f": {_count(new, 'partition')} instead of {old}"
    return f"planning got {abs(change):.1f} ms {became}{why}"


def _deferred(before: PlanMetrics, after: PlanMetrics) -> str:
    if not _tells(after.deferred_ms - before.deferred_ms, before.deferred_ms):
        return ""
    old, new = before.deferred_ms, after.deferred_ms
    return f"what is deferred to the commit takes {new:.1f} ms instead of {old:.1f}"


def _tells(change_ms: float, before_ms: float) -> bool:
    return abs(change_ms) >= max(LEAST_MS, before_ms * LEAST_PERCENT / 100)


def share_of_planning(before: PlanMetrics, after: PlanMetrics, change_ms: float) -> str:
    """How much of a slowdown is planning, which another cure is for; empty if it is not.

    Args:
        before: what the plan did before.
        after: what it did after.
        change_ms: by how much the whole query got slower, in milliseconds.
    """
    planning = after.planning_ms - before.planning_ms
    if change_ms <= 0 or not _tells(planning, before.planning_ms) or planning < 0:
        return ""
    return (
        f"{min(planning, change_ms):.1f} of the {change_ms:.1f} ms that it got slower are planning"
    )


def _spill(before: PlanMetrics, after: PlanMetrics) -> str:
    if after.temp_blocks > before.temp_blocks == 0:
        return f"spills {_count(after.temp_blocks, 'page')} to disk"
    if before.temp_blocks > after.temp_blocks == 0:
        return "no longer spills to disk"
    return ""


def _jit(before: PlanMetrics, after: PlanMetrics) -> str:
    if before.jit == after.jit:
        return ""
    return "is now compiled by JIT" if after.jit else "is no longer compiled by JIT"


def _triggers(before: PlanMetrics, after: PlanMetrics) -> list[str]:
    come = [
        f"fires trigger {name}, {_count(calls, 'time')}"
        for name, calls in sorted(after.triggers.items())
        if name not in before.triggers
    ]
    gone = [
        f"no longer fires trigger {name}"
        for name in sorted(before.triggers)
        if name not in after.triggers
    ]
    return come + gone
