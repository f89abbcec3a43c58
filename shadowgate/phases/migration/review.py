"""Findings about the script and its trace, less those that the plan waives."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from shadowgate.migrate import (
    Review,
    ScriptRun,
    Waiver,
    apply_waivers,
    find_hazards,
    find_silence,
    lint,
)
from shadowgate.phases.finding import Finding
from shadowgate.phases.runner import Applied
from shadowgate.plan import Plan
from shadowgate.server import Database

_PROVEN_BY_RUNNING = frozenset({"prefer-robust-stmts"})
"""Rules that guess from the text whether a script can be run again, which running it again shows:
squawk holds ``ALTER TABLE … SET DEFAULT`` for a statement that works only once."""


def review(applied: Applied, server_version: int, plan: Plan) -> Review:
    """Collect the hazards of a script, static and seen, and take off what the plan waives."""
    guessed = lint(applied.run.script, server_version)
    static = [found for found in guessed if found.rule not in _PROVEN_BY_RUNNING]
    findings = (*static, *find_hazards(applied.run))
    return apply_waivers(findings, waivers_of(plan))


def review_suppressed_errors(applied: Applied, plan: Plan) -> Review:
    """Collect what a script passed over in silence, and take off what the plan waives."""
    return apply_waivers(find_silence(applied.run, applied.database), waivers_of(plan))


def review_trace(run: ScriptRun, database: Database, plan: Plan) -> Review:
    """Collect the hazards of a watched run and what it passed over in silence.

    For scripts whose text says little: that a rollback drops what the migration made is no hazard.
    """
    return apply_waivers((*find_hazards(run), *find_silence(run, database)), waivers_of(plan))


def waivers_of(plan: Plan) -> tuple[Waiver, ...]:
    """The plan's waivers."""
    return tuple(Waiver(w.rule, w.reason, w.statement) for w in plan.waivers)


def unused_waivers(reviews: Sequence[Review | None], by_check: Collection[str]) -> tuple[str, ...]:
    """Rules of the plan's waivers that cover nothing in any review.

    Args:
        reviews: of the migration, of what it passed over in silence, and of its rollback;
            ``None`` for one that was not made, and then nothing is known.
        by_check: rules that name a check and not a hazard.
    """
    made = [review for review in reviews if review is not None]
    if len(made) < len(reviews):
        return ()
    unused = set.intersection(*(set(review.unused) for review in made))
    return tuple(sorted({waiver.rule for waiver in unused} - set(by_check)))


def judge_review(found: Review, finding: Finding) -> None:
    """Show findings and waived ones, and require that none is open.

    Raises:
        CheckFailed: one is open.
    """
    finding.note(len(found.open), 0)
    finding.show(*found.tables())
    finding.require(
        not found.open, [f"{each.rule}, line {each.line}: {each.message}" for each in found.open]
    )
