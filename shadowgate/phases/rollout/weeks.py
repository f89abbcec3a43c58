"""The four weeks: days, tasks and gates of each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import islice

from shadowgate.errors import PlanError
from shadowgate.phases.rollout import measured
from shadowgate.phases.rollout.model import Gate, RolloutFacts, Task, Week
from shadowgate.phases.rollout.rules import target_gates
from shadowgate.plan import RolloutSection, calendar_of
from shadowgate.report import words


def four_weeks(facts: RolloutFacts, numbers: RolloutSection) -> tuple[Week, ...]:
    """Lay out the weeks on consecutive days of the plan's calendar from the start date on.

    Raises:
        PlanError: the calendar ends before the rollout does.
    """
    lengths = (
        numbers.preproduction_days,
        numbers.canary_days,
        numbers.gradual_days,
        numbers.stabilisation_days,
    )
    makers = (_preproduction, _canary, _gradual, _stabilisation)
    spans = _spans(numbers, lengths)
    return tuple(make(span, facts, numbers) for make, span in zip(makers, spans, strict=True))


def day(date: dt.date) -> str:
    """A date with its weekday, the same in every locale: ``Fri 2026-02-13``."""
    names = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    return f"{names[date.weekday()]} {date.isoformat()}"


Span = tuple[dt.date, ...]
"""The days of a week that are used."""


def _days(span: Span) -> tuple[str, str, str]:
    """First day, last day and all days of a span, in words."""
    first, last = day(span[0]), day(span[-1])
    return first, last, first if first == last else f"{first} to {last}"


def _spans(numbers: RolloutSection, lengths: Sequence[int]) -> list[Span]:
    days = calendar_of(numbers.skip_weekends, numbers.holidays).days_from(numbers.start)
    try:
        return [tuple(islice(days, length)) for length in lengths]
    except OverflowError as error:
        raise PlanError(
            "rollout.start is too late: the calendar ends before the rollout does",
            todo="give a start date before the year 9999",
        ) from error


def _preproduction(span: Span, facts: RolloutFacts, _numbers: RolloutSection) -> Week:
    first, last, whole = _days(span)
    return Week(
        1,
        "Pre-production validation",
        span,
        "no production traffic",
        (
            Task(first, "take the final backup of production, restore it, compare row counts"),
            Task(first, "run the suite on that backup (`--backup`): the verdict must be GO"),
            Task(first, "tell the stakeholders dates, expected effect and who is on call"),
            Task(whole, "build the canary server from the backup and let it catch up"),
            Task(whole, "rehearse migration and rollback on the canary, with the commands below"),
            Task(whole, "go through the disaster recovery plan, restore included"),
            Task(last, "record production's own latencies and error rate as the reference"),
        ),
        (
            Gate("verdict of the shadow run", "GO, at full size", measured.verdict(facts)),
            Gate("rows in the restored backup", "as in production", measured.rows(facts.rows)),
            Gate(
                "duration of the migration on the canary",
                "within twice the shadow's",
                measured.time(facts.migration_seconds),
            ),
            Gate(
                "duration of the rollback",
                f"≤ {words.duration(facts.undo.max_seconds)}",
                measured.time(facts.rollback_measured_seconds),
            ),
            Gate("rows lost by the rollback", "0", measured.rows(facts.rows_lost)),
        ),
        "GO / NO-GO for the canary",
    )


def _canary(span: Span, facts: RolloutFacts, numbers: RolloutSection) -> Week:
    first, last, whole = _days(span)
    return Week(
        2,
        "Canary",
        span,
        f"{numbers.canary_percent} % of the read sessions",
        (
            Task(first, "apply the migration on the canary and verify it"),
            Task(first, f"send {numbers.canary_percent} % of the read sessions to the canary"),
            Task(whole, "watch latency, errors, locks and replication lag live"),
            Task(whole, "collect each query's latency on the canary and on the primary"),
            Task(last, "compare the answers of the critical queries on both servers"),
        ),
        _traffic_gates(facts, numbers),
        f"escalate to {numbers.gradual_percent} %, or send the sessions back",
    )


def _gradual(span: Span, facts: RolloutFacts, numbers: RolloutSection) -> Week:
    first, _, whole = _days(span)
    full = span[-2:]
    _, _, validate = _days(span[1:-2])
    return Week(
        3,
        "Gradual rollout",
        span,
        f"{numbers.gradual_percent} %, then 100 %",
        (
            Task(first, f"send {numbers.gradual_percent} % of the read sessions to the canary"),
            Task(validate, "validate performance at scale: gates below, at peak hours too"),
            Task(day(full[0]), "back up, then apply the migration on the primary and verify it"),
            Task(_days(full)[2], "100 %: all sessions, writers included, on migrated servers"),
            Task(whole, "watch latency, errors and locks without a gap"),
        ),
        (
            *_traffic_gates(facts, numbers),
            Gate(
                "longest wait of a reader while the primary is migrated",
                words.milliseconds(facts.locks.reader_ms),
                words.milliseconds(facts.reader_wait_ms),
            ),
            Gate(
                "longest wait of a writer while the primary is migrated",
                words.milliseconds(facts.locks.writer_ms),
                words.milliseconds(facts.writer_wait_ms),
            ),
        ),
        "100 % stays, or roll back",
    )


def _stabilisation(span: Span, facts: RolloutFacts, numbers: RolloutSection) -> Week:
    _, last, whole = _days(span)
    return Week(
        4,
        "Stabilisation",
        span,
        "100 %",
        (
            Task(whole, "watch for anomalies: latency, errors, table and index growth, vacuum"),
            Task(whole, "see that scheduled maintenance ran and logged"),
            Task(last, "collect the final figures and hold them against the criteria below"),
            Task(last, "confirm that the service levels were met every day"),
            Task(last, "take the canary down, or make it the next one"),
            Task(last, "schedule the next optimisation; prepare its shadow run"),
        ),
        _traffic_gates(facts, numbers),
        "done: proceed to the next optimisation",
    )


def _traffic_gates(facts: RolloutFacts, numbers: RolloutSection) -> tuple[Gate, ...]:
    return (
        Gate(
            "slowest query against production's reference",
            f"≤ {words.percent(numbers.latency_percent)}",
            measured.slowest(facts.queries),
        ),
        *target_gates(facts, "against production's reference"),
        Gate("failed transactions", f"≤ {numbers.error_percent:g} %", words.NOTHING),
        Gate("rows lost, doubled or altered", "0", measured.rows(facts.rows_lost)),
    )
