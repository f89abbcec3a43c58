"""Renders ``docs/defects.md``: each seeded defect and the checks that caught it.

Run ``python -m tests.selftest.defects.matrix opt2`` after changing a defect of OPT2 or what it is
judged by, and without a plan for all of them; a test fails until that is done.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from shadowgate.phases.registry import CHECKS
from shadowgate.phases.verdict import check_of
from tests.selftest.defects.bench import Outcome
from tests.selftest.defects.files import Defect, plans
from tests.selftest.defects.variants import all_defects
from tests.selftest.defects.workers import Trial, Workers

TARGET = Path(__file__).parents[3] / "docs" / "defects.md"
_HEAD = """# Seeded defects

Rendered from a run by `python -m tests.selftest.defects.matrix`.

Defective variants of every plan's migration and rollback, each applied to a small copy and judged
by the checks of phases 5 and 8. Further checks that fail do so with cause; the reason stands in the
defect.

"""


def sections(page: str) -> dict[str, str]:
    """The sections of the page by the plan's key, each from its heading on."""
    parts = page.split("\n## ")[1:]
    return {part.partition("\n")[0].lower(): f"## {part.rstrip()}\n" for part in parts}


def page_of(found: Mapping[str, str]) -> str:
    """The page with these sections, in the order of the plans; what is of no plan is left out."""
    return _HEAD + "\n".join(found[key] for key in plans() if key in found)


def section_of(plan: str, outcomes: Mapping[str, Outcome], defects: Iterable[Defect]) -> str:
    """Render the section of one plan as Markdown; nothing in it depends on time."""
    listed = [defect for defect in defects if defect.plan == plan]
    caught = sum(is_caught(defect, outcomes[defect.id]) for defect in listed)
    lines = [
        f"## {plans()[plan].name}",
        "",
        f"{caught} of {len(listed)} were caught by the check named for them.",
        "",
    ]
    for script in ("migration", "rollback"):
        lines += [
            f"### In the {script}",
            "",
            "| defect | what somebody did | caught by | further checks |",
            "|---|---|---|---|",
        ]
        for defect in listed:
            if defect.script == script:
                further = ", ".join(f"`{check}`" for check in further_checks(defect, outcomes))
                caught_by = f"`{defect.check}`" if is_caught(defect, outcomes[defect.id]) else ""
                what = defect.what.replace("|", "\\|")
                lines.append(f"| {defect.name} | {what} | {caught_by} | {further} |")
        lines.append("")
    return "\n".join(lines)


def is_caught(defect: Defect, outcome: Outcome) -> bool:
    """Whether the check named for a defect failed."""
    return any(
        result.id == defect.check or result.id.startswith(f"{defect.check}.")
        for result in outcome.failed
    )


def further_checks(defect: Defect, outcomes: Mapping[str, Outcome]) -> list[str]:
    """Checks that failed beside the one named, in order."""
    return sorted(outcomes[defect.id].failed_checks - {check_of(CHECKS, defect.check).id})


def terminal_lines(outcomes: Mapping[str, Outcome], defects: Iterable[Defect]) -> list[str]:
    """The matrix for a terminal, with seconds."""
    judged = [defect for defect in defects if defect.id in outcomes]
    width = max((len(defect.id) for defect in judged), default=0)
    lines = []
    for defect in judged:
        outcome = outcomes[defect.id]
        verdict = defect.check if is_caught(defect, outcome) else "NOT CAUGHT"
        further = further_checks(defect, outcomes)
        also = f" (also {', '.join(further)})" if further else ""
        lines.append(f"{defect.id:<{width}}  {outcome.seconds:5.1f} s  {verdict}{also}")
    return lines


def main(arguments: Sequence[str] | None = None) -> None:
    """Judge every defect of the plans asked for and write their sections of the page."""
    parser = argparse.ArgumentParser(description="Render docs/defects.md from a run.")
    parser.add_argument("plan", nargs="*", help=f"of {', '.join(plans())}; all without one")
    asked = parser.parse_args(arguments).plan or list(plans())
    defects = [defect for defect in all_defects() if defect.plan in asked]
    with Workers() as workers:
        futures = workers.judge(Trial(defect.plan, defect) for defect in defects)
        outcomes = {name: future.result() for name, future in futures.items()}
    found = sections(TARGET.read_text(encoding="utf-8"))
    found |= {plan: section_of(plan, outcomes, defects) for plan in asked}
    TARGET.write_text(page_of(found), encoding="utf-8")
    sys.stdout.write("\n".join([*terminal_lines(outcomes, defects), f"wrote {TARGET}", ""]))


if __name__ == "__main__":
    main()
