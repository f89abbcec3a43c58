"""The same script from several runners at once, as instances that migrate when they start."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from shadowgate.language import error_lines, sentence
from shadowgate.migrate import Script, ScriptRun
from shadowgate.phases.finding import Finding
from shadowgate.phases.restore.state import State, differences_in_words, state_of
from shadowgate.phases.runner import Runner
from shadowgate.plan import Plan
from shadowgate.server import Database


@dataclass(frozen=True)
class Simultaneous:
    """Runs of one script that began together, and what they left different from a single one."""

    runs: tuple[ScriptRun, ...]
    differences: tuple[str, ...]


def run_at_once(
    script: Script, copy: Database, single: State, plan: Plan, runner: Runner
) -> Simultaneous:
    """Apply the script in as many sessions at once as the plan has instances.

    Args:
        script: the migration.
        copy: of the shadow.
        single: what one run leaves.
        plan: has the number of instances.
        runner: applies the script.
    """
    with ThreadPoolExecutor(plan.runner.instances) as instances:
        begun = [instances.submit(runner.run, script, copy) for _ in range(plan.runner.instances)]
        runs = tuple(each.result() for each in begun)
    return Simultaneous(runs, differences_in_words(single, state_of(copy, renames=plan.renames)))


def judge_simultaneous(found: Simultaneous, finding: Finding) -> None:
    """Require that one of the runs succeeds and that all leave what a single one leaves.

    Raises:
        CheckFailed: none succeeded, or something is different.
    """
    errors = [error_lines(run.error) for run in found.runs if run.error]
    finding.note(
        {"succeeded": len(found.runs) - len(errors), "differences": len(found.differences)},
        {"succeeded": sentence("1 or more"), "differences": 0},
    )
    finding.say(
        *(
            sentence("one of {runs} was refused: {error}", runs=len(found.runs), error=error)
            for error in errors
        )
    )
    finding.require(
        len(errors) < len(found.runs), [sentence("none of the runs succeeded"), *errors]
    )
    finding.require(not found.differences, found.differences)
