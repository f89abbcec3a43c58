"""The four weeks: days, tasks and gates of each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import islice

from shadowgate.errors import PlanError
from shadowgate.language import _
from shadowgate.language import date as day
from shadowgate.phases.rollout import measured
from shadowgate.phases.rollout.model import Gate, RolloutFacts, Task, Week
from shadowgate.phases.rollout.rules import plain, target_gates
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


Span = tuple[dt.date, ...]
"""The days of a week that are used."""


def _days(span: Span) -> tuple[str, str, str]:
    """First day, last day and all days of a span, in words."""
    first, last = day(span[0]), day(span[-1])
    both = _("{first} to {last}", first=first, last=last)
    return first, last, first if first == last else both


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
        _("Pre-production validation"),
        span,
        _("no production traffic"),
        (
            Task(first, _("take the final backup of production, restore it, compare row counts")),
            Task(first, _("run the suite on that backup (`--backup`): the verdict must be GO")),
            Task(first, _("tell the stakeholders dates, expected effect and who is on call")),
            Task(whole, _("build the canary server from the backup and let it catch up")),
            Task(
                whole, _("rehearse migration and rollback on the canary, with the commands below")
            ),
            Task(whole, _("go through the disaster recovery plan, restore included")),
            Task(last, _("record production's own latencies and error rate as the reference")),
        ),
        (
            Gate(_("verdict of the shadow run"), _("GO, at full size"), measured.verdict(facts)),
            Gate(
                _("rows in the restored backup"), _("as in production"), measured.rows(facts.rows)
            ),
            Gate(
                _("duration of the migration on the canary"),
                _("within twice the shadow's"),
                measured.time(facts.migration_seconds),
            ),
            Gate(
                _("duration of the rollback"),
                f"≤ {words.duration(facts.undo.max_seconds)}",
                measured.time(facts.rollback_measured_seconds),
            ),
            Gate(_("rows lost by the rollback"), "0", measured.rows(facts.rows_lost)),
        ),
        _("GO / NO-GO for the canary"),
    )


def _canary(span: Span, facts: RolloutFacts, numbers: RolloutSection) -> Week:
    first, last, whole = _days(span)
    return Week(
        2,
        _("Canary"),
        span,
        _("{percent} % of the read sessions", percent=numbers.canary_percent),
        (
            Task(first, _("apply the migration on the canary and verify it")),
            Task(first, _send(numbers.canary_percent)),
            Task(whole, _("watch latency, errors, locks and replication lag live")),
            Task(whole, _("collect each query's latency on the canary and on the primary")),
            Task(last, _("compare the answers of the critical queries on both servers")),
        ),
        _traffic_gates(facts, numbers),
        _("escalate to {percent} %, or send the sessions back", percent=numbers.gradual_percent),
    )


def _gradual(span: Span, facts: RolloutFacts, numbers: RolloutSection) -> Week:
    first, _last, whole = _days(span)
    full = span[-2:]
    validate = _days(span[1:-2])[2]
    return Week(
        3,
        _("Gradual rollout"),
        span,
        _("{percent} %, then 100 %", percent=numbers.gradual_percent),
        (
            Task(first, _send(numbers.gradual_percent)),
            Task(validate, _("validate performance at scale: gates below, at peak hours too")),
            Task(day(full[0]), _("back up, then apply the migration on the primary and verify it")),
            Task(_days(full)[2], _("100 %: all sessions, writers included, on migrated servers")),
            Task(whole, _("watch latency, errors and locks without a gap")),
        ),
        (
            *_traffic_gates(facts, numbers),
            Gate(
                _("longest wait of a reader while the primary is migrated"),
                words.milliseconds(facts.locks.reader_ms),
                words.milliseconds(facts.reader_wait_ms),
            ),
            Gate(
                _("longest wait of a writer while the primary is migrated"),
                words.milliseconds(facts.locks.writer_ms),
                words.milliseconds(facts.writer_wait_ms),
            ),
        ),
        _("100 % stays, or roll back"),
    )


def _stabilisation(span: Span, facts: RolloutFacts, numbers: RolloutSection) -> Week:
    _first, last, whole = _days(span)
    return Week(
        4,
        _("Stabilisation"),
        span,
        "100 %",
        (
            Task(whole, _("watch for anomalies: latency, errors, table and index growth, vacuum")),
            Task(whole, _("see that scheduled maintenance ran and logged")),
            Task(last, _("collect the final figures and hold them against the criteria below")),
            Task(last, _("confirm that the service levels were met every day")),
            Task(last, _("take the canary down, or make it the next one")),
            Task(last, _("schedule the next optimisation; prepare its shadow run")),
        ),
        _traffic_gates(facts, numbers),
        _("done: proceed to the next optimisation"),
    )


def _send(percent: int) -> str:
    return _("send {percent} % of the read sessions to the canary", percent=percent)


def _traffic_gates(facts: RolloutFacts, numbers: RolloutSection) -> tuple[Gate, ...]:
    return (
        Gate(
            _("slowest query against production's reference"),
            f"≤ {words.percent(numbers.latency_percent)}",
            measured.slowest(facts.queries),
        ),
        *target_gates(facts, _("{query} against production's reference")),
        Gate(_("failed transactions"), f"≤ {plain(numbers.error_percent)} %", words.NOTHING),
        Gate(_("rows lost, doubled or altered"), "0", measured.rows(facts.rows_lost)),
    )
