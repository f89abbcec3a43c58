"""What the text of a migration or a plan shows by itself: for a commit hook, without a server.

A run knows more. It refutes some of what the text lets suspect, and finds what no text shows; so
what is clean here is not a GO.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from shadowgate.errors import ShadowgateError
from shadowgate.migrate import (
    Review,
    Script,
    ScriptRun,
    apply_waivers,
    inline_waivers,
    is_guess,
    new_relations,
    read_script,
    refuse_programs,
    relation_of,
    review_findings,
)
from shadowgate.plan import read_plan
from shadowgate.pull_request.workflow_commands import one_line

FINDINGS, NOT_READABLE = 1, 4
_WAIVE = "to accept one, write above the statement: -- shadowgate: allow RULE: reason"


def lint_files(paths: Sequence[Path], release: int, out: Callable[[str], None]) -> int:
    """Say what is wrong with some scripts and plans, a line each.

    Args:
        paths: plan files (``.toml``) and scripts.
        release: major release of PostgreSQL that production runs.
        out: gets the lines.

    Returns:
        0 if nothing is, 1 on a finding, 4 if a file is no SQL or no plan.
    """
    status = 0
    for path in paths:
        try:
            found = [] if path.suffix == ".toml" else list(_findings(path, release))
            if path.suffix == ".toml":
                read_plan(path)
        except ShadowgateError as error:
            out(one_line(f"{path}: {error}"))
            status = NOT_READABLE
            continue
        for line in found:
            out(line)
        status = max(status, FINDINGS if found else 0)
    if status == FINDINGS:
        out(_WAIVE)
    return status


def static_review(script: Script, release: int) -> Review:
    """Review a script by its text, less what it waives itself.

    A guess counts here that a watched run could refute, but for one about a table that the script
    creates itself: nobody waits for that.

    Raises:
        ScriptError: the script has the server run a program, or a waiver cannot be understood.
        ToolError: squawk cannot be run.
    """
    refuse_programs(script)
    nothing_ran = ScriptRun(script, origin=0.0, seconds=0.0, runs=(), committed=())
    own = new_relations(script)
    lines = {each.line for each in script.statements if relation_of(each) in own}
    findings = [
        each
        for each in review_findings(nothing_ran, release * 10_000)
        if not (is_guess(each) and each.line in lines)
    ]
    return apply_waivers(findings, inline_waivers(script))


def _findings(path: Path, release: int) -> Iterator[str]:
    for found in static_review(read_script(path), release).open:
        place = f"{path}:{found.line}" if found.line else str(path)
        guess = " (a run tells whether it is so)" if is_guess(found) else ""
        yield one_line(f"{place}: {', '.join(found.rules)}: {found.message}{guess}")
