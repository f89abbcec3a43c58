"""Compares what traffic felt with what it may feel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shadowgate.language import nsentence, sentence
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
    values: dict[str, Any] = {
        "waited": item.longest_wait_ms,
        "lock": wait.mode,
        "target": wait.target,
        # TRANSLATORS: it stands behind what somebody waited for
        "behind": sentence(
            " behind statement {number} ({statement})",
            number=wait.statement,
            statement=wait.blocker,
        )
        if wait.statement
        else "",
        "limit": limit,
    }
    if item.kind == "reader":
        return sentence(
            "a reader waited {waited:.0f} ms for {lock} on {target}{behind}; the budget is "
            "{limit:.0f} ms",
            **values,
        )
    return sentence(
        "a writer waited {waited:.0f} ms for {lock} on {target}{behind}; the budget is "
        "{limit:.0f} ms",
        **values,
    )


def _errors(report: WaitReport) -> Iterator[Breach]:
    count = sum(item.error_count for item in report.kinds)
    if count:
        first = next(item for item in report.kinds if item.errors)
        values: dict[str, Any] = {
            "deadlocks": sum(item.deadlocks for item in report.kinds),
            "error": first.first_error,
        }
        detail = (
            nsentence(
                "{n:,} request failed while the migration ran, {deadlocks:,} of them by deadlock; "
                "the first of a reader: {error}",
                "{n:,} requests failed while the migration ran, {deadlocks:,} of them by deadlock; "
                "the first of a reader: {error}",
                count,
                **values,
            )
            if first.kind == "reader"
            else nsentence(
                "{n:,} request failed while the migration ran, {deadlocks:,} of them by deadlock; "
                "the first of a writer: {error}",
                "{n:,} requests failed while the migration ran, {deadlocks:,} of them by deadlock; "
                "the first of a writer: {error}",
                count,
                **values,
            )
        )
        yield Breach("errors", count, 0, detail)


def _silent_kinds(report: WaitReport) -> Iterator[Breach]:
    for item in report.kinds:
        if item.requests == 0 and report.seconds >= TELLING_SECONDS:
            detail = (
                sentence(
                    "no reader sent a request in the {seconds:.2f} s of the migration: nothing is "
                    "known of their waits; raise the rate of the traffic",
                    seconds=report.seconds,
                )
                if item.kind == "reader"
                else sentence(
                    "no writer sent a request in the {seconds:.2f} s of the migration: nothing is "
                    "known of their waits; raise the rate of the traffic",
                    seconds=report.seconds,
                )
            )
            yield Breach("evidence", 0, 1, detail)
