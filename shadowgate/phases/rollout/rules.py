"""When to roll back, whom to call, and what counts as success."""

from __future__ import annotations

from shadowgate.phases.rollout import measured
from shadowgate.phases.rollout.model import Gate, RolloutFacts, Rule
from shadowgate.plan import RolloutSection
from shadowgate.report import words


def triggers(numbers: RolloutSection) -> tuple[Rule, ...]:
    """What makes whoever watches roll back."""
    return (
        Rule(
            f"a query's latency more than {numbers.latency_percent:g} % above its reference, "
            "over 15 minutes",
            "roll back at once",
        ),
        Rule(
            f"more than {numbers.error_percent:g} % of the transactions fail, over 5 minutes",
            "roll back at once",
        ),
        Rule(
            "any integrity issue: a row missing, doubled or altered; an invalid index or "
            "constraint",
            "halt: stop writers, keep the evidence, then roll back",
        ),
    )


def escalation(numbers: RolloutSection) -> tuple[Rule, ...]:
    """Who does what when something goes wrong."""
    return (
        Rule(
            f"more than {numbers.latency_percent:g} % slower",
            "whoever watches rolls back, then reports; no approval is needed",
        ),
        Rule("integrity", "emergency halt; database administrator and technical lead investigate"),
        Rule("incident in production", "the on-call team is called in and leads"),
    )


def target_gates(facts: RolloutFacts, where: str) -> tuple[Gate, ...]:
    """A gate for each query that is to be faster."""
    return tuple(
        Gate(f"{name} {where}", f"≥ {asked:g} % faster", measured.effect(facts.queries, name))
        for name, asked in facts.targets
    )


def success_criteria(facts: RolloutFacts, numbers: RolloutSection) -> tuple[Gate, ...]:
    """When the rollout counts as a success."""
    return (
        *target_gates(facts, "in production"),
        Gate("data lost", "0 rows", measured.rows(facts.rows_lost)),
        Gate("rollback", "tested", measured.time(facts.rollback_measured_seconds)),
        Gate(
            "regression of any query",
            f"≤ {numbers.latency_percent:g} %",
            measured.slowest(facts.queries),
        ),
        Gate("incidents in production", "0", words.NOTHING),
    )
