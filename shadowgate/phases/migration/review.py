"""Findings about the script and its trace, less those that the plan waives."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from shadowgate.language import sentence
from shadowgate.migrate import (
    Review,
    Script,
    ScriptFinding,
    ScriptRun,
    Waiver,
    apply_waivers,
    find_hazards,
    find_silence,
    inline_waivers,
    review_findings,
)
from shadowgate.migrate.clients import Refusals
from shadowgate.migrate.hazards import BY_ID
from shadowgate.phases.finding import Finding
from shadowgate.phases.runner import Applied
from shadowgate.plan import Plan
from shadowgate.server import Database


def review(applied: Applied, server_version: int, plan: Plan) -> Review:
    """Collect the hazards of a script, static and seen, and take off what is waived."""
    return _review(review_findings(applied.run, server_version), applied.run.script, plan)


def review_suppressed_errors(applied: Applied, plan: Plan) -> Review:
    """Collect what a script passed over in silence, and take off what is waived."""
    return _review(find_silence(applied.run, applied.database), applied.run.script, plan)


def review_refusals(found: Refusals, script: Script, plan: Plan) -> Review:
    """Collect what clients can no longer do, and take off what is waived."""
    return _review(found.findings, script, plan)


def review_trace(
    run: ScriptRun, database: Database, plan: Plan, *, migration: ScriptRun | None = None
) -> Review:
    """Collect the hazards of a watched run and what it passed over in silence.

    For scripts whose text says little: that a rollback drops what the migration made is no hazard.

    Args:
        run: of the rollback.
        database: where it ran.
        plan: its waivers and rules.
        migration: the run that it is the way back from; what was so before is nobody's fault.
    """
    hazards = find_hazards(run, way_back_from=migration)
    return _review((*hazards, *find_silence(run, database)), run.script, plan)


def _review(findings: Sequence[ScriptFinding], script: Script, plan: Plan) -> Review:
    waivers = (*_waivers_of(plan), *inline_waivers(script))
    return replace(apply_waivers(findings, waivers, rules=plan.rules), script=script.path)


def _waivers_of(plan: Plan) -> tuple[Waiver, ...]:
    return tuple(Waiver(w.rule, w.reason, w.statement) for w in plan.waivers)


def unused_waivers(
    reviews: Sequence[Review | None], plan: Plan, by_check: Collection[str]
) -> tuple[str, ...]:
    """Rules of waivers that cover nothing in any review that was given them.

    Args:
        reviews: those of the migration, and of its rollback as the last one; ``None`` for one that
            was not made, and then nothing is known.
        plan: its waivers were given to all of them; those in a script to the reviews of that one.
        by_check: rules of its waivers that name a check and not a hazard.
    """
    made = [review for review in reviews if review is not None]
    if len(made) < len(reviews):
        return ()
    of_plan = {*_waivers_of(plan)}
    *of_migration, of_rollback = ({*review.unused} for review in made)
    unused = of_rollback.intersection(*of_migration) & of_plan
    unused |= (set.intersection(*of_migration) | of_rollback) - of_plan
    return tuple(sorted({waiver.rule for waiver in unused} - {*by_check}))


def judge_review(found: Review, finding: Finding) -> None:
    """Show findings and waived ones, and require that none is open.

    Raises:
        CheckFailed: one is open.
    """
    finding.show(*found.tables())
    if found.script is not None:
        for each in found.open:
            finding.point_at(found.script, each.line, _found(each))
    rules = dict.fromkeys(each.rule for each in found.open)
    known = [BY_ID[rule] for rule in rules if rule in BY_ID]
    finding.say(
        *(
            sentence("instead of {rule}: {workaround}", rule=each.id, workaround=each.workaround)
            for each in known
        )
    )
    finding.require_none(list(map(_in_words, found.open)))


def _in_words(found: ScriptFinding) -> str:
    if not found.line:  # the statement that is missing has none
        return _found(found)
    return sentence(
        # TRANSLATORS: {rule} is the name of a rule for scripts, {line} one of the script
        "{rule}, line {line}: {message}",
        rule=found.rule,
        line=found.line,
        message=found.message,
    )


def _found(finding: ScriptFinding) -> str:
    return sentence("{rule}: {message}", rule=finding.rule, message=finding.message)
