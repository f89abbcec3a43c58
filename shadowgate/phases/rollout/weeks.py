"""The four weeks: days, tasks and gates of each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from shadowgate.errors import PlanError
from shadowgate.phases.rollout import measured
from shadowgate.phases.rollout.model import Gate, RolloutFacts, RolloutSettings, Task, Week
from shadowgate.report import words


def four_weeks(start: dt.date, facts: RolloutFacts, numbers: RolloutSettings) -> tuple[Week, ...]:
    """Lay out the weeks on consecutive calendar days from the start date on.

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
    spans = _spans(start, lengths)
    return tuple(make(span, facts, numbers) for make, span in zip(makers, spans, strict=True))


def day(date: dt.date) -> str:
    """A date with its weekday, the same in every locale: ``Fri 2026-02-13``."""
    names = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    return f"{names[date.weekday()]} {date.isoformat()}"


def _dates(first: dt.date, last: dt.date) -> str:
    return day(first) if first == last else f"{day(first)} to {day(last)}"


def _spans(start: dt.date, lengths: Sequence[int]) -> list[tuple[dt.date, dt.date]]:
    spans = []
    try:
        for length in lengths:
            last = start + dt.timedelta(days=length - 1)
            spans.append((start, last))
            start = last + dt.timedelta(days=1)
    except OverflowError as error:
        raise PlanError(
            "rollout.start is too late: the calendar ends before the rollout does",
            todo="give a start date before the year 9999",
        ) from error
    return spans


def _preproduction(
    span: tuple[dt.date, dt.date], facts: RolloutFacts, numbers: RolloutSettings
) -> Week:
    first, last = span
    whole = _dates(first, last)
    return Week(
        1,
        "Pre-production validation",
        first,
        last,
        "no production traffic",
        (
            Task(day(first), "take the final backup of production, restore it, compare row counts"),
            Task(day(first), "run the suite on that backup (`--backup`): the verdict must be GO"),
            Task(day(first), "tell the stakeholders dates, expected effect and who is on call"),
            Task(whole, "build the canary server from the backup and let it catch up"),
            Task(whole, "rehearse migration and rollback on the canary, with the commands below"),
            Task(whole, "go through the disaster recovery plan, restore included"),
            Task(day(last), "record production's own latencies and error rate as the reference"),
        ),
        (
            Gate("verdict of the shadow run", "GO, at full size", measured.verdict(facts)),
            Gate("rows in the restored backup", "as in production", measured.rows(facts.rows)),
            Gate(
                "duration of the migration on the canary",
                "within twice the shadow's",
                measured.time(facts.migration_seconds),
            ),
            _rollback_gate(facts, numbers),
            Gate("rows lost by the rollback", "0", measured.rows(facts.rows_lost)),
        ),
        "GO / NO-GO for the canary",
    )


def _canary(span: tuple[dt.date, dt.date], facts: RolloutFacts, numbers: RolloutSettings) -> Week:
    first, last = span
    whole = _dates(first, last)
    return Week(
        2,
        "Canary",
        first,
        last,
        f"{numbers.canary_percent} % of the read sessions",
        (
            Task(day(first), "apply the migration on the canary and verify it"),
            Task(day(first), f"send {numbers.canary_percent} % of the read sessions to the canary"),
            Task(whole, "watch latency, errors, locks and replication lag live"),
            Task(whole, "collect each query's latency on the canary and on the primary"),
            Task(day(last), "compare the answers of the critical queries on both servers"),
        ),
        _traffic_gates(facts, numbers),
        f"escalate to {numbers.gradual_percent} %, or send the sessions back",
    )


def _gradual(span: tuple[dt.date, dt.date], facts: RolloutFacts, numbers: RolloutSettings) -> Week:
    first, last = span
    full = last - dt.timedelta(days=1)
    validate = _dates(first + dt.timedelta(days=1), full - dt.timedelta(days=1))
    return Week(
        3,
        "Gradual rollout",
        first,
        last,
        f"{numbers.gradual_percent} %, then 100 %",
        (
            Task(
                day(first), f"send {numbers.gradual_percent} % of the read sessions to the canary"
            ),
            Task(validate, "validate performance at scale: gates below, at peak hours too"),
            Task(day(full), "back up, then apply the migration on the primary and verify it"),
            Task(_dates(full, last), "100 %: all sessions, writers included, on migrated servers"),
            Task(_dates(first, last), "watch latency, errors and locks without a gap"),
        ),
        (
            *_traffic_gates(facts, numbers),
            Gate(
                "longest wait of a reader while the primary is migrated",
                words.milliseconds(numbers.reader_wait_ms),
                words.milliseconds(facts.reader_wait_ms),
            ),
            Gate(
                "longest wait of a writer while the primary is migrated",
                words.milliseconds(numbers.writer_wait_ms),
                words.milliseconds(facts.writer_wait_ms),
            ),
        ),
        "100 % stays, or roll back",
    )


def _stabilisation(
    span: tuple[dt.date, dt.date], facts: RolloutFacts, numbers: RolloutSettings
) -> Week:
    first, last = span
    whole = _dates(first, last)
    return Week(
        4,
        "Stabilisation",
        first,
        last,
        "100 %",
        (
            Task(whole, "watch for anomalies: latency, errors, table and index growth, vacuum"),
            Task(whole, "see that scheduled maintenance ran and logged"),
            Task(day(last), "collect the final figures and hold them against the criteria below"),
            Task(day(last), "confirm that the service levels were met every day"),
            Task(day(last), "take the canary down, or make it the next one"),
            Task(day(last), "schedule the next optimisation; prepare its shadow run"),
        ),
        _traffic_gates(facts, numbers),
        "done: proceed to the next optimisation",
    )


def _traffic_gates(facts: RolloutFacts, numbers: RolloutSettings) -> tuple[Gate, ...]:
    targets = [
        Gate(
            f"{name} against production's reference",
            f"≥ {asked:g} % faster",
            measured.effect(facts.queries, name),
        )
        for name, asked in facts.targets
    ]
    return (
        Gate(
            "slowest query against production's reference",
            f"≤ {words.percent(numbers.latency_percent)}",
            measured.slowest(facts.queries),
        ),
        *targets,
        Gate("failed transactions", f"≤ {numbers.error_percent:g} %", words.NOTHING),
        Gate("rows lost, doubled or altered", "0", measured.rows(facts.rows_lost)),
    )


def _rollback_gate(facts: RolloutFacts, numbers: RolloutSettings) -> Gate:
    return Gate(
        "duration of the rollback",
        f"≤ {words.duration(numbers.rollback_seconds)}",
        measured.time(facts.rollback_measured_seconds),
    )
