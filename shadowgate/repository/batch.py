"""The whole batch, rolled back in reverse once each of its migrations has been judged."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from time import monotonic

from shadowgate.plan.script_comments import accepted
from shadowgate.repository.jobs import Asked, Candidate, Job, base_arguments
from shadowgate.repository.judging import Judged
from shadowgate.repository.model import Finding
from shadowgate.repository.settings import Settings

RULE = "batch-rollback"
_OF_THE_WAY_BACK = ("rollback.schema_identical", "rollback.rows_identical", "rollback.objects_gone")


@dataclass(frozen=True)
class RolledBack:
    """How rolling the whole batch back ended."""

    migrations: tuple[str, ...] = ()
    """Those that were rolled back, in order of their application; none if it was not tried."""
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0


def roll_back_batch(
    candidates: Sequence[Candidate],
    judged: Sequence[Judged],
    asked: Asked,
    settings: Settings,
    workspace: Path,
    run: Callable[[Job], int],
    say: Callable[[str], None],
) -> RolledBack:
    """Have the pending migrations applied and rolled back as one, and read what is left.

    Args:
        candidates: the migrations that were judged, in order.
        judged: how each ended.
        asked: the options of each run.
        settings: the project's.
        workspace: an empty folder.
        run: carries a run out.
        say: told what is going on.
    """
    pending = [each for each in candidates if each.pending]
    why_not = _why_not(pending, judged, asked)
    behind = _behind_the_last_way_in(pending)
    if why_not or len(behind) < 2:
        return RolledBack(notes=(why_not,) if why_not and len(pending) > 1 else ())
    earlier = pending[: len(pending) - len(behind)]
    steps, result = workspace / "steps.json", workspace / "left.json"
    workspace.mkdir()
    steps.write_text(json.dumps([_step(each) for each in behind]), encoding="utf-8")
    names = tuple(each.migration.name for each in behind)
    say(f"shadowgate: rolling {len(behind)} migrations back in reverse")
    arguments = base_arguments(behind[0], earlier, asked, settings)
    begun = monotonic()
    status = run(
        Job(
            "all of them",
            str(behind[-1].migration.up.path),
            workspace,
            ("roll-back", str(steps), f"--result={result}", *arguments),
        )
    )
    seconds = monotonic() - begun
    by_name = {each.migration.name: each for each in behind}
    if result.is_file():
        found = json.loads(result.read_text(encoding="utf-8"))
    else:
        what = f"it could not be tried: its run ended with exit status {status}"
        found = [{"step": names[-1], "what": what}]
    findings = tuple(_findings(found, by_name, settings))
    note = f"rolled back in reverse as one: {', '.join(names)}"
    return RolledBack(names, findings, () if findings else (note,), seconds)


def _why_not(pending: Sequence[Candidate], judged: Sequence[Judged], asked: Asked) -> str:
    """Why the batch is not rolled back as one; empty if it is."""
    bad = [each.name for each in judged if each.verdict != "GO"]
    if bad:
        return f"not rolled back as one: {', '.join(bad)} may not go"
    own = [each.migration.name for each in pending if each.generates_backup(asked)]
    if own:
        return f"not rolled back as one: the plan of {', '.join(own)} makes a backup of its own"
    return ""


def _behind_the_last_way_in(pending: Sequence[Candidate]) -> list[Candidate]:
    """Those that can be rolled back one after the other, from the last one on."""
    behind: list[Candidate] = []
    for each in reversed(pending):
        if each.back is None:
            break
        behind.insert(0, each)
    return behind


def _step(candidate: Candidate) -> Mapping[str, str]:
    plan, written = candidate.plan, candidate.written
    transaction = written.transaction or (plan.runner.transaction if plan else "")
    return {
        "name": candidate.migration.name,
        "up": str(written.earlier),
        "down": str(candidate.back),
        "plan": str(plan.path) if plan else "",
        "transaction": transaction,
    }


def _findings(
    found: Sequence[Mapping[str, str]], by_name: Mapping[str, Candidate], settings: Settings
) -> Iterator[Finding]:
    for each in found:
        candidate = by_name[each["step"]]
        migration = candidate.migration
        yield Finding(
            RULE,
            str(migration.down.path if migration.down else migration.up.path),
            f"with all of the batch rolled back in reverse, {migration.name} leaves: "
            f"{each['what'].splitlines()[0]}",
            "have its rollback bring that back, whatever comes behind it",
            reason=_accepted(candidate, settings),
        )


def _accepted(candidate: Candidate, settings: Settings) -> str:
    """Why what a rollback leaves is accepted: by script, settings, or plan for its own run."""
    said = accepted(RULE, candidate.migration.up.text)
    of_settings = (
        waiver.reason
        for waiver in settings.waivers
        if waiver.rule == RULE and waiver.migration == candidate.migration.name
    )
    waivers = candidate.plan.waivers if candidate.plan else ()
    of_plan = (waiver.reason for waiver in waivers if waiver.rule in _OF_THE_WAY_BACK)
    return said or next(chain(of_settings, of_plan), "")
