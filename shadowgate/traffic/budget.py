"""Compares what traffic felt with what it may feel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from shadowgate.plan import LocksSection
from shadowgate.traffic.waits import KindReport, WaitReport

TELLING_SECONDS = 1.0
"""A migration that runs this long meets requests, or there is something wrong with the traffic."""


@dataclass(frozen=True)
class Breach:
    """A budget that was exceeded."""

    about: str
    """``reader wait``, ``writer wait``, ``errors`` or ``evidence``."""
    measured: float
    limit: float
    detail: str
    """In a sentence, with who blocked whom."""


def judge_waits(report: WaitReport, budget: LocksSection) -> tuple[Breach, ...]:
    """List the budgets that were exceeded; empty if none was.

    No request may fail. A kind without a single one while the migration ran for long is a breach
    too: it proves nothing. A migration may well be over before one arrives.
    """
    return (*_waits(report, budget), *_errors(report), *_silent_kinds(report))


def _waits(report: WaitReport, budget: LocksSection) -> Iterator[Breach]:
    limits = {"reader": budget.reader_ms, "writer": budget.writer_ms}
    for item in report.kinds:
        limit = limits[item.kind]
        if item.longest_wait_ms > limit:
            yield Breach(
                f"{item.kind} wait", item.longest_wait_ms, limit, _blame(report, item, limit)
            )


def _blame(report: WaitReport, item: KindReport, limit: float) -> str:
    wait = next(wait for wait in report.waits if wait.kind == item.kind)
    behind = f" behind statement {wait.statement} ({wait.blocker})" if wait.statement else ""
    return (
        f"a {item.kind} waited {item.longest_wait_ms:.0f} ms for {wait.mode} on {wait.target}"
        f"{behind}; the budget is {limit:.0f} ms"
    )


def _errors(report: WaitReport) -> Iterator[Breach]:
    count = sum(item.error_count for item in report.kinds)
    if count:
        first = next(item for item in report.kinds if item.errors)
        detail = (
            f"{count} requests failed while the migration ran, "
            f"{sum(item.deadlocks for item in report.kinds)} of them by deadlock; the first of a "
            f"{first.kind}: {first.first_error}"
        )
        yield Breach("errors", count, 0, detail)


def _silent_kinds(report: WaitReport) -> Iterator[Breach]:
    for item in report.kinds:
        if item.requests == 0 and report.seconds >= TELLING_SECONDS:
            detail = (
                f"no {item.kind} sent a request in the {report.seconds:.2f} s of the migration: "
                "nothing is known of their waits; raise the rate of the traffic"
            )
            yield Breach("evidence", 0, 1, detail)
