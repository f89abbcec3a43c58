"""When to roll back, whom to call, and what counts as success."""

from __future__ import annotations

from shadowgate.language import _, numeral
from shadowgate.phases.rollout import measured
from shadowgate.phases.rollout.model import Gate, RolloutFacts, Rule
from shadowgate.plan import RolloutSection
from shadowgate.report import words


def triggers(numbers: RolloutSection) -> tuple[Rule, ...]:
    """What makes whoever watches roll back."""
    return (
        Rule(
            _(
                "a query's latency more than {percent} % above its reference, over 15 minutes",
                percent=plain(numbers.latency_percent),
            ),
            _("roll back at once"),
        ),
        Rule(
            _(
                "more than {percent} % of the transactions fail, over 5 minutes",
                percent=plain(numbers.error_percent),
            ),
            _("roll back at once"),
        ),
        Rule(
            _(
                "any integrity issue: a row missing, doubled or altered; an invalid index or "
                "constraint"
            ),
            _("halt: stop writers, keep the evidence, then roll back"),
        ),
    )


def escalation(numbers: RolloutSection) -> tuple[Rule, ...]:
    """Who does what when something goes wrong."""
    return (
        Rule(
            _("more than {percent} % slower", percent=plain(numbers.latency_percent)),
            _("whoever watches rolls back, then reports; no approval is needed"),
        ),
        Rule(
            _("integrity"),
            _("emergency halt; database administrator and technical lead investigate"),
        ),
        Rule(_("incident in production"), _("the on-call team is called in and leads")),
    )


def target_gates(facts: RolloutFacts, asking: str) -> tuple[Gate, ...]:
    """A gate for each query that is to be faster.

    Args:
        facts: what was measured.
        asking: what is asked, with ``{query}`` for the name of the query.
    """
    return tuple(
        Gate(
            asking.format(query=name),
            _("≥ {percent} % faster", percent=plain(asked)),
            measured.effect(facts.queries, name),
        )
        for name, asked in facts.targets
    )


def plain(number: float) -> str:
    """A number with no more digits than it needs."""
    return numeral(f"{number:g}")


def success_criteria(facts: RolloutFacts, numbers: RolloutSection) -> tuple[Gate, ...]:
    """When the rollout counts as a success."""
    return (
        *target_gates(facts, _("{query} in production")),
        Gate(_("data lost"), _("0 rows"), measured.rows(facts.rows_lost)),
        Gate(_("rollback"), _("tested"), measured.time(facts.rollback_measured_seconds)),
        Gate(
            _("regression of any query"),
            f"≤ {plain(numbers.latency_percent)} %",
            measured.slowest(facts.queries),
        ),
        Gate(_("incidents in production"), "0", words.NOTHING),
    )
