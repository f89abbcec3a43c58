"""What changed between two plans of one query, in sentences. Pure functions."""

from __future__ import annotations

from shadowgate.language import nsentence, sentence
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
    return tuple(said for said in found if said)


def _partitions(before: PlanMetrics, after: PlanMetrics) -> str:
    old, new = len(before.partitions), len(after.partitions)
    if old == new:
        return ""
    return nsentence(
        "scans {n} partition instead of {old}",
        "scans {n} partitions instead of {old}",
        new,
        old=old,
    )


def _indexes(before: PlanMetrics, after: PlanMetrics) -> str:
    gone = sorted(set(before.indexes) - set(after.indexes))
    come = sorted(set(after.indexes) - set(before.indexes))
    if gone and come:
        return sentence(
            "uses index {new} instead of {old}", new=", ".join(come), old=", ".join(gone)
        )
    if gone:
        return sentence("no longer uses index {old}", old=", ".join(gone))
    return sentence("now uses index {new}", new=", ".join(come)) if come else ""


def _shape(before: PlanMetrics, after: PlanMetrics) -> str:
    gone = [line.strip() for line in before.shape if line not in after.shape]
    come = [line.strip() for line in after.shape if line not in before.shape]
    if gone and come:
        # TRANSLATORS: {new}, {old} and {steps} are steps of a plan, as EXPLAIN writes them
        return sentence(
            "the plan has {new} where it had {old}", new=", ".join(come), old=", ".join(gone)
        )
    if come:
        return sentence("the plan gained {steps}", steps=", ".join(come))
    if gone:
        return sentence("the plan lost {steps}", steps=", ".join(gone))
    if before.shape == after.shape:
        return ""
    return sentence("the plan's steps are in another order")


def _buffers(before: PlanMetrics, after: PlanMetrics) -> str:
    if abs(after.buffers - before.buffers) * 100 < BUFFERS_PERCENT * max(before.buffers, 1):
        return ""
    return nsentence(
        "touches {n} page instead of {old}",
        "touches {n} pages instead of {old}",
        after.buffers,
        old=before.buffers,
    )


def _planning(before: PlanMetrics, after: PlanMetrics) -> str:
    change = after.planning_ms - before.planning_ms
    if not _tells(change, before.planning_ms):
        return ""
    old, new = len(before.partitions), len(after.partitions)
    # TRANSLATORS: it stands behind how much slower or faster planning got
    why = (
        ""
        if old == new
        else nsentence(
            ": {n} partition instead of {old}", ": {n} partitions instead of {old}", new, old=old
        )
    )
    if change > 0:
        return sentence("planning got {by:.1f} ms slower{why}", by=change, why=why)
    return sentence("planning got {by:.1f} ms faster{why}", by=-change, why=why)


def _deferred(before: PlanMetrics, after: PlanMetrics) -> str:
    if not _tells(after.deferred_ms - before.deferred_ms, before.deferred_ms):
        return ""
    old, new = before.deferred_ms, after.deferred_ms
    return sentence(
        "what is deferred to the commit takes {new:.1f} ms instead of {old:.1f}", new=new, old=old
    )


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
    return sentence(
        "{planning:.1f} of the {whole:.1f} ms that it got slower are planning",
        planning=min(planning, change_ms),
        whole=change_ms,
    )


def _spill(before: PlanMetrics, after: PlanMetrics) -> str:
    if after.temp_blocks > before.temp_blocks == 0:
        return nsentence("spills {n} page to disk", "spills {n} pages to disk", after.temp_blocks)
    if before.temp_blocks > after.temp_blocks == 0:
        return sentence("no longer spills to disk")
    return ""


def _jit(before: PlanMetrics, after: PlanMetrics) -> str:
    if before.jit == after.jit:
        return ""
    if after.jit:
        return sentence("is now compiled by JIT")
    return sentence("is no longer compiled by JIT")


def _triggers(before: PlanMetrics, after: PlanMetrics) -> list[str]:
    come: list[str] = [
        nsentence(
            "fires trigger {trigger}, {n} time",
            "fires trigger {trigger}, {n} times",
            calls,
            trigger=name,
        )
        for name, calls in sorted(after.triggers.items())
        if name not in before.triggers
    ]
    gone: list[str] = [
        sentence("no longer fires trigger {trigger}", trigger=name)
        for name in sorted(before.triggers)
        if name not in after.triggers
    ]
    return come + gone
