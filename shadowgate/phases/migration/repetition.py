"""The same script a second time, as a deployment that is retried applies it."""

from __future__ import annotations

from dataclasses import dataclass

from shadowgate.language import sentence
from shadowgate.migrate import Script, ScriptRun, is_unguarded
from shadowgate.phases.finding import Finding
from shadowgate.phases.restore.state import State, differences_in_words, state_of
from shadowgate.phases.runner import Runner
from shadowgate.plan import Plan
from shadowgate.server import Database


@dataclass(frozen=True)
class Repeated:
    """A second run of the same script, and what it left different from the first."""

    run: ScriptRun
    differences: tuple[str, ...]


def repeat(script: Script, copy: Database, first: State, plan: Plan, runner: Runner) -> Repeated:
    """Run the script again on a copy of the migrated database.

    What a migration tool notes of it is another row each time.
    """
    run = runner.run(script, copy)
    if run.error and not is_unguarded(script):
        return Repeated(run, ())
    second = state_of(copy, renames=plan.renames)
    return Repeated(run, differences_in_words(first.less_histories, second.less_histories))


def judge_repetition(repeated: Repeated, finding: Finding) -> None:
    """Require that a second run succeeds and leaves what the first one left.

    It may be refused where nothing in the script could guard the statement, if it changes nothing.

    Raises:
        CheckFailed: it left something different.
        MigrationError: the script failed.
    """
    finding.note(len(repeated.differences), 0)
    if repeated.run.error is not None and is_unguarded(repeated.run.script):
        finding.say(sentence("running it again is refused: {error}", error=repeated.run.error.what))
    else:
        repeated.run.raise_for_error()
    finding.require(not repeated.differences, repeated.differences)
