"""Phase 7: what the later optimisations would add, measured where they can be."""

from __future__ import annotations

import pytest

from shadowgate.measure import to_evidence
from shadowgate.plan import Plan
from shadowgate.recorder import Finding
from shadowgate.stages import Simulated, compounded, measured_effects, projection_figure


@pytest.mark.check("simulation.effect")
def test_effect(simulated: dict[str, Simulated], later: str, plan: Plan, finding: Finding) -> None:
    """The later optimisation, applied to a copy, does for its queries what is projected."""
    optimisation = next(item for item in plan.simulation.later if item.name == later)
    aimed = ", ".join(optimisation.queries) or "all queries"
    finding.say(f"{optimisation.title}: projected -{optimisation.projected_percent:g} % on {aimed}")
    if later not in simulated:
        finding.note("not yet measured", f"projected {-optimisation.projected_percent:g} %")
        pytest.skip(f"not yet measured: the plan names no migration for {later}")
    found = simulated[later].comparison
    evidence = {query.id: query for query in to_evidence(found)}
    finding.note(
        {name: query.change_percent for name, query in evidence.items()},
        f"projected {-optimisation.projected_percent:g} %",
    )
    finding.say(*(f"{name}: {note}" for name, q in evidence.items() for note in q.notes))
    wrong = [str(q.difference) for q in found.queries.values() if not q.same_rows]
    finding.require(not wrong, wrong)
    short = [
        f"{name} changed by {query.change_percent:+.1f} %, interval up to {query.high_percent} %"
        for name, query in evidence.items()
        if query.high_percent is None or query.high_percent > -optimisation.projected_percent
    ]
    finding.require(not short, short)


@pytest.mark.check("simulation.combined")
def test_combined(simulated: dict[str, Simulated], plan: Plan, finding: Finding) -> None:
    """All optimisations together reach the target of the series."""
    wanted = plan.simulation
    parts = [wanted.measured_percent, *(item.projected_percent for item in wanted.later)]
    finding.note(
        {"projected_percent": -round(compounded(parts), 1)},
        {"target_percent": -wanted.target_percent},
    )
    finding.say(
        "A projection, not a measurement: "
        + ", ".join(f"{part:g} %" for part in parts)
        + " compounded over all queries, each on what the ones before it left."
    )
    finding.show(projection_figure(plan, measured_effects(simulated)))
    open_ones = [item.name for item in wanted.later if item.name not in simulated]
    pytest.skip(f"not yet measured together: {', '.join(open_ones)} can only be projected")
