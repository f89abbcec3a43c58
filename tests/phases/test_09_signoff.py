"""Phase 9: the verdict, derived from the checks and from nothing else."""

from __future__ import annotations

import jsonschema
import pytest

from shadowgate.plugin.session import ShadowSession
from shadowgate.recorder import Finding, Recorder
from shadowgate.report import json_schema, to_json
from shadowgate.signoff import judge

JUDGED = range(1, 9)
"""The phases that the verdict of this phase stands on."""


@pytest.mark.check("signoff.evidence")
def test_evidence(shadow_session: ShadowSession, recorder: Recorder, finding: Finding) -> None:
    """Every check of the phases before has left a result, in the form that programs read."""
    judgement = judge(recorder.results, expected=recorder.expected, phases=JUDGED)
    missing = [check.id for check in judgement.checks if check.id not in recorder.results]
    finding.note(len(judgement.checks) - len(missing), len(judgement.checks))
    jsonschema.validate(to_json(shadow_session.evidence()), json_schema())
    finding.require(not missing, f"did not run: {', '.join(missing)}")


@pytest.mark.check("signoff.verdict")
def test_verdict(shadow_session: ShadowSession, recorder: Recorder, finding: Finding) -> None:
    """The verdict over the phases before is GO."""
    judgement = judge(
        recorder.results,
        expected=recorder.expected,
        quick=recorder.quick,
        queries=recorder.queries,
        limit_percent=shadow_session.run.plan.performance.limit_percent,
        phases=JUDGED,
    )
    finding.note({"verdict": judgement.verdict, "risk": judgement.risk}, "GO")
    finding.say(*judgement.reasons)
    finding.require(judgement.verdict == "GO", f"{len(judgement.reasons)} checks stand against GO")
