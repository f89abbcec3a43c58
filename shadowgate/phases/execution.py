"""Carries out one check: whether it applies, its evidence, its judgement, its result."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import psycopg

from shadowgate.errors import SetupError, ShadowgateError, ValidationError
from shadowgate.evidence import OPEN, CheckResult, Status
from shadowgate.language import error_lines, joined, lines_of, sentence
from shadowgate.phases.check import Check
from shadowgate.phases.finding import CheckFailed, CheckInconclusive, Finding
from shadowgate.phases.results import Blocked, DoesNotApply, Needless
from shadowgate.phases.run import Run


@dataclass(frozen=True)
class Outcome:
    """The result of a check, and the error behind it where that is one of this program."""

    result: CheckResult
    error: Exception | None = None
    """Neither a finding nor an error that somebody raised on purpose: its traceback is wanted."""


def carry_out(check: Check[Any], item: str, run: Run) -> Outcome:
    """Carry out a check for one of its items and keep its result in the run.

    Args:
        check: what to judge.
        item: for which item; ``""`` for a check without, or where the plan has none.
        run: has the evidence, and gets the result.
    """
    began, waited = time.perf_counter(), run.turn.waited
    finding, result_id = Finding(), check.result_id(item)
    status: Status
    detail, blocked_by, needless, error = "", None, False, None
    try:
        with run.judging(check.id):
            _require_asked_for(check, item, run)
            given = {name: getattr(run, name) for name in check.takes if name not in _own(check)}
            if check.items:
                given[check.items.name] = item
            check(**given, finding=finding)
        status = "passed"
    except DoesNotApply as reason:
        status, detail = "skipped", _said(reason)
        run.results.not_applicable[result_id] = detail
    except _TooSmall as reason:
        status, detail = "skipped", _said(reason)
    except Blocked as blocked:
        status, detail, blocked_by = "blocked", _said(blocked), blocked.by
        needless = isinstance(blocked, Needless)
    except CheckInconclusive as undecided:
        status, detail = "inconclusive", _said(undecided)
    except CheckFailed as failure:
        status, detail = "failed", _said(failure)
    except ShadowgateError as failure:
        status = "inconclusive" if _is_undecided(failure, check) else "failed"
        detail, finding.where = error_lines(failure), failure.where
        _point_at(failure, finding)
        _stand_on_error(failure, result_id, finding, run)
    except Exception as failure:
        status, detail = "inconclusive", _not_carried_out(failure)
        _stand_on_error(failure, result_id, finding, run)
        error = None if isinstance(failure, _OF_THE_MACHINE) else failure
    is_open = status in OPEN
    if is_open:
        finding.say(sentence("To do: {remedy}", remedy=sentence(check.remedy)))
    result = CheckResult(
        id=result_id,
        phase=check.phase,
        status=status,
        claim=check.claim,
        measured=finding.measured,
        limit=finding.limit,
        detail=joined("\n", [each for each in (detail, *finding.details) if each]),
        findings=tuple(_sentences(detail)) if is_open else (),
        where=finding.where if is_open else "",
        remedy=check.remedy if is_open else "",
        required=check.required,
        seconds=round(time.perf_counter() - began - (run.turn.waited - waited), 3),
        blocked_by=blocked_by,
        needless=needless,
        breaks=tuple(sorted(finding.broken)) if is_open else (),
        stands_on=tuple(tuple(sorted(facts)) for facts in finding.grounds) if is_open else (),
        tables=tuple(finding.tables),
        figures=tuple(finding.figures),
        differences=tuple(finding.differences),
        places=tuple(finding.places),
    )
    run.results.by_id[result_id] = result
    return Outcome(result, error)


_OF_THE_MACHINE = (psycopg.Error, OSError, MemoryError)
"""What the server or the machine says. Any other error is a defect of this program, and is shown
with its traceback."""


_JUDGING_THE_SERVER = frozenset({1, 3})
"""Phases whose findings are about the server and its log; elsewhere these are only the means."""


def _is_undecided(failure: ShadowgateError, check: Check[Any]) -> bool:
    """Whether an error is about the means and not about what is judged."""
    if isinstance(failure, SetupError):
        return check.phase not in _JUDGING_THE_SERVER
    return isinstance(failure, ValidationError) and not failure.decided


_NO_ITEM = {
    "query": sentence("there is no query"),
    "probe": sentence("there is no probe"),
    "target": sentence("there is no target"),
    "optimisation": sentence("there is no optimisation"),
}
"""Why a check does not apply that is judged for each of something, by what that is."""


class _TooSmall(Exception):  # noqa: N818 - the state of a check, not an error
    """Timings are not judged on this copy; says why."""


def _require_asked_for(check: Check[Any], item: str, run: Run) -> None:
    if check.items and not item:
        raise DoesNotApply(_NO_ITEM[check.items.name])
    if check.items and (reason := check.items.not_judged(run, item)):
        raise DoesNotApply(reason)
    if check.applies and (reason := check.applies(run)):
        raise DoesNotApply(reason)
    if check.judges_time and run.quick:
        raise _TooSmall(run.quick)
    if check.takes_times and (stopping := run.stopped_by()):
        raise Needless(stopping)


def _said(reason: Exception) -> str:
    """What an exception was raised with: a sentence stays one that can be told in a language."""
    return str(reason.args[0]) if reason.args else ""


def _sentences(detail: str) -> list[str]:
    """The lines of what went wrong, but for place and advice, which are kept apart."""
    return [line for line in lines_of(detail) if not line.startswith(("  where: ", "  to do: "))]


def _stand_on_error(failure: Exception, result_id: str, finding: Finding, run: Run) -> None:
    """Whoever asks for evidence that could not be gathered meets the same error: one cause."""
    first = run.results.first_to_meet(failure, result_id)
    if first == result_id:
        finding.breaks({f"evidence that {first} takes"})
    else:
        finding.grounds = [{f"evidence that {first} takes"}]


def _point_at(failure: Exception, finding: Finding) -> None:
    """Point at the line of a script that an error is about, where it is about one."""
    if isinstance(failure, ShadowgateError) and failure.at is not None:
        finding.point_at(*failure.at, failure.what)


def _own(check: Check[Any]) -> tuple[str, ...]:
    """Parameters that are not evidence of the run."""
    return ("finding", check.items.name) if check.items else ("finding",)


def _not_carried_out(error: Exception) -> str:
    return sentence(
        # TRANSLATORS: {error} is the name of a class of errors, {message} what it says
        "it could not be carried out: {error}: {message}",
        error=type(error).__name__,
        message=str(error),
    )
