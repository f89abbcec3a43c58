"""Renders ``docs/defects.md``: each seeded defect and the checks that caught it.

Run ``python -m tests.selftest.defect_matrix`` after changing a defect or a check; a test fails
until that is done.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from shadowgate.checks import spec_of
from tests.selftest.defect_bench import Outcome
from tests.selftest.defect_files import Defect
from tests.selftest.defect_variants import all_defects
from tests.selftest.defect_workers import Workers

TARGET = Path(__file__).parents[2] / "docs" / "defects.md"


def matrix_page(outcomes: Mapping[str, Outcome], defects: Iterable[Defect]) -> str:
    """Render the page as Markdown; nothing in it depends on time."""
    listed = list(defects)
    caught = sum(is_caught(defect, outcomes[defect.name]) for defect in listed)
    lines = [
        "# Seeded defects",
        "",
        "Rendered from a run by `python -m tests.selftest.defect_matrix`.",
        "",
        f"{len(listed)} defective variants of OPT1 and of its rollback, each applied to a small "
        f"copy and judged by the checks of phases 5 and 8. {caught} of {len(listed)} were caught "
        "by the check named for them. Further checks that fail do so with cause; the reason stands "
        "in the defect.",
        "",
    ]
    for script in ("migration", "rollback"):
        lines += [
            f"## In the {script}",
            "",
            "| defect | what somebody did | caught by | further checks |",
            "|---|---|---|---|",
        ]
        for defect in listed:
            if defect.script == script:
                further = ", ".join(f"`{check}`" for check in further_checks(defect, outcomes))
                caught_by = f"`{defect.check}`" if is_caught(defect, outcomes[defect.name]) else ""
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
    return sorted(outcomes[defect.name].failed_checks - {spec_of(defect.check).id})


def terminal_lines(outcomes: Mapping[str, Outcome], defects: Iterable[Defect]) -> list[str]:
    """The matrix for a terminal, with seconds."""
    judged = [defect for defect in defects if defect.name in outcomes]
    width = max((len(defect.name) for defect in judged), default=0)
    lines = []
    for defect in judged:
        outcome = outcomes[defect.name]
        verdict = defect.check if is_caught(defect, outcome) else "NOT CAUGHT"
        further = further_checks(defect, outcomes)
        also = f" (also {', '.join(further)})" if further else ""
        lines.append(f"{defect.name:<{width}}  {outcome.seconds:5.1f} s  {verdict}{also}")
    return lines


def main() -> None:
    """Judge every defect and write the page."""
    defects = all_defects()
    with Workers() as workers:
        asked = workers.judge(defects)
        outcomes = {
            defect.name: future.result() for defect, future in zip(defects, asked, strict=True)
        }
    TARGET.write_text(matrix_page(outcomes, defects), encoding="utf-8")
    sys.stdout.write("\n".join([*terminal_lines(outcomes, defects), f"wrote {TARGET}", ""]))


if __name__ == "__main__":
    main()
