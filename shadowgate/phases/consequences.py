"""Which failure follows from which: pure, from what the checks wrote down.

A check that could not run follows from the one that blocked it. One that failed follows from
another if each of its findings stands on a fact (:mod:`~shadowgate.phases.facts`) that others found
broken. One that only concludes, such as the verdict, follows from whatever failed. A cause comes
before its consequences in the order of the checks; what breaks no fact itself, a mere symptom, may
come earlier.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from shadowgate.evidence import CheckResult


def with_causes(
    results: Sequence[CheckResult], concluding: Collection[str] = ()
) -> tuple[CheckResult, ...]:
    """Results that know which other one they follow from, each from the cause at the root.

    Args:
        results: of all checks, in their order.
        concluding: ids of those that only say what the others amount to.
    """
    given = [each for each in results if each.id not in concluding]
    causes = {each.id: cause for each in given if (cause := _cause(each, given))}
    roots = [each for each in given if each.is_open and each.id not in causes]
    for each in results:
        if each.id in concluding and each.is_open and roots:
            causes[each.id] = roots[0].id
    return tuple(
        replace(each, follows=_root(each.id, causes)) if each.id in causes else each
        for each in results
    )


def _cause(result: CheckResult, results: Sequence[CheckResult]) -> str | None:
    if result.status == "blocked":
        return result.blocked_by
    if not result.is_open or not result.stands_on:
        return None
    place = results.index(result)
    candidates = [
        other
        for at, other in enumerate(results)
        if other.is_open and other is not result and (at < place or not result.breaks)
    ]
    explained = [
        next((other for other in candidates if group & {*other.breaks}), None)
        for group in map(set, result.stands_on)
    ]
    first = explained[0]
    return first.id if first is not None and None not in explained else None


def _root(result_id: str, causes: Mapping[str, str]) -> str:
    """Blocked checks name no check that follows from them, so the way up comes to an end."""
    cause = causes[result_id]
    return _root(cause, causes) if cause in causes else cause
