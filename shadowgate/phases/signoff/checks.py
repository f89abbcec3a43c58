"""Checks of phase 9: the verdict, derived from the checks and from nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jsonschema

from shadowgate.language import nsentence, sentence
from shadowgate.phases.check import check
from shadowgate.phases.finding import Finding
from shadowgate.report import json_schema, to_json

if TYPE_CHECKING:
    from shadowgate.phases.run import Run

JUDGED = range(1, 9)
"""The phases that the verdict of this phase stands on."""


@check("signoff.evidence", remedy="Run the whole suite: no phase may be deselected.")
def evidence_is_complete(run: Run, finding: Finding) -> None:
    """Every check of the phases before has left a result, in the form that programs read.

    A verdict stands on every check, or on none.
    """
    checks = run.conclude(JUDGED).checks
    missing = [each.id for each in checks if each.id not in run.results.by_id]
    finding.note(len(checks) - len(missing), len(checks))
    jsonschema.validate(to_json(run.report()), json_schema())
    finding.require(not missing, sentence("did not run: {checks}", checks=", ".join(missing)))


@check("signoff.verdict", remedy="See to the checks that did not pass.", concludes=True)
def verdict_is_go(run: Run, finding: Finding) -> None:
    """The verdict over the phases before is GO.

    GO is derived from the checks and from nothing else.
    """
    conclusion = run.conclude(JUDGED)
    finding.note({"verdict": conclusion.verdict, "risk": conclusion.risk}, "GO")
    finding.say(*conclusion.reasons)
    finding.require(
        conclusion.verdict == "GO",
        nsentence(
            "{n} check stands against GO",
            "{n} checks stand against GO",
            len(conclusion.reasons),
        ),
    )
