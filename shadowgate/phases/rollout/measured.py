"""What the shadow measured, in the words of the rollout plan."""

from __future__ import annotations

from collections.abc import Sequence

from shadowgate.evidence import QueryEvidence
from shadowgate.language import _
from shadowgate.phases.rollout.model import RolloutFacts
from shadowgate.report import words


def verdict(facts: RolloutFacts) -> str:
    """The verdict, with what limits it."""
    if facts.quick:
        return _("{verdict}, quick: performance not judged", verdict=facts.verdict)
    return facts.verdict


def unknown() -> str:
    """What is said of a number that was not measured."""
    return _("not measured")


def rows(count: int | None) -> str:
    """A count of rows."""
    return unknown() if count is None else words.number(count)


def time(seconds: float | None) -> str:
    """How long something took."""
    return unknown() if seconds is None else words.duration(seconds)


def effect(queries: Sequence[QueryEvidence], name: str) -> str:
    """The change of one query, with its interval."""
    query = next((each for each in queries if each.id == name), None)
    if query is None or query.change_percent is None:
        return unknown()
    return words.change(query.change_percent, query.low_percent, query.high_percent)


def slowest(queries: Sequence[QueryEvidence]) -> str:
    """The query with the least favourable change."""
    known = [(q.change_percent, q.id) for q in queries if q.change_percent is not None]
    if not known:
        return unknown()
    change, name = max(known)
    return f"{name} {words.percent(change)}"
