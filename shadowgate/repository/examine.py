"""What can be told of pending migrations from their files, and which of them can be run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from shadowgate.plan import Plan
from shadowgate.repository.branch import Branch, Project
from shadowgate.repository.compare import reason_for
from shadowgate.repository.frameworks import WITH_SQL, Asking
from shadowgate.repository.jobs import Candidate
from shadowgate.repository.judging import Judged
from shadowgate.repository.model import Finding, Migration
from shadowgate.repository.placeholders import filled_in
from shadowgate.repository.plans import examine_plan
from shadowgate.repository.scripts import write_scripts
from shadowgate.repository.settings import Settings


@dataclass(frozen=True)
class Examined:
    """What is to be run, and what is known already."""

    candidates: tuple[Candidate, ...]
    unjudged: tuple[Judged, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]


Plans = Mapping[PurePosixPath, tuple[Plan | None, tuple[Finding, ...]]]
"""Path of a plan -> what was read, ``None`` if it cannot be used, and what was found."""


def examine(project: Project, branch: Branch, workspace: Path, server: str) -> Examined:
    """Read the scripts and plans of what is to be judged; only a framework is run.

    Args:
        project: the project.
        branch: what the branch does.
        workspace: an empty folder for what is only a part of a file; it must outlive the runs.
        server: where PostgreSQL runs, as for ``--server``, if a framework needs it.

    Raises:
        UsageError: a framework does not say what its migrations are.
        SetupError: it needs a server, and there is none.
    """
    branch, refused = _as_sent(project, branch, server)
    plans = {path: examine_plan(path, project.root) for path in {*branch.plans.values()}}
    again, findings, notes = _judged_again(project, branch, plans, workspace)
    candidates: list[Candidate] = [*again]
    unjudged: list[Judged] = []
    findings += [*refused, *(each for _, found in plans.values() for each in found)]
    unreadable = ""
    for place, each in enumerate(branch.changes.pending):
        made, found = _candidate(project, branch, plans, each, workspace / str(place))
        findings += found
        if unreadable:
            why = f"it comes after {unreadable}, which cannot be run"
            unjudged.append(_unjudged(each, why))
        elif made is None:
            unreadable = each.name
            unjudged.append(_unjudged(each, "it cannot be run"))
        else:
            candidates.append(made)
    return Examined(tuple(candidates), tuple(unjudged), tuple(findings), tuple(notes))


def _as_sent(project: Project, branch: Branch, server: str) -> tuple[Branch, list[Finding]]:
    """The branch with the SQL that a framework sends, in its order; and what it cannot say."""
    ask = WITH_SQL.get(project.place.layout.name)
    if ask is None:
        return branch, []
    changes, settings = branch.changes, project.settings
    known = (*changes.pending, *changes.touched, *branch.replanned)
    asking = Asking(
        project.root,
        project.root / project.place.folder,
        settings.beside("python"),
        settings.settings_module,
        server,
    )
    sent = {
        each.key: _with_reasons(each, settings)
        for each in ask([each for each in known if not each.flaws], asking)
    }
    places = {key: place for place, key in enumerate(sent)}
    pending = changes.pending
    if all(each.key in sent for each in pending):
        pending = tuple(sorted(pending, key=lambda each: places[each.key]))
    changed = replace(
        branch,
        changes=replace(
            changes,
            pending=tuple(sent.get(each.key, each) for each in pending),
            touched=tuple(sent.get(each.key, each) for each in changes.touched),
        ),
        replanned=tuple(sent.get(each.key, each) for each in branch.replanned),
    )
    return changed, [flaw for each in sent.values() for flaw in each.flaws]


def _with_reasons(migration: Migration, settings: Settings) -> Migration:
    """A migration whose flaws are accepted where its file or the settings say so."""
    flaws = (
        replace(flaw, reason=reason_for(flaw.rule, migration, settings)) for flaw in migration.flaws
    )
    return replace(migration, flaws=tuple(flaws))


def _candidate(
    project: Project, branch: Branch, plans: Plans, migration: Migration, workspace: Path
) -> tuple[Candidate | None, list[Finding]]:
    path = branch.plans.get(migration.up.path)
    plan, plan_findings = plans[path] if path else (None, ())
    if any(not each.reason for each in migration.flaws):  # they are among the branch's findings
        return None, []
    migration = filled_in(migration, project.settings.placeholders)
    transaction = project.settings.transaction
    if plan is not None and not migration.transactions:
        transaction = transaction or plan.runner.transaction
    written, findings = write_scripts(migration, project.root, workspace, transaction)
    if plan is not None and (plan.rollback is not None or plan.irreversible):
        findings = tuple(each for each in findings if each.rule != "missing-rollback")
    if written is None or plan_findings:
        return None, list(findings)
    return Candidate(migration, written, plan, pending=True), list(findings)


def _judged_again(
    project: Project, branch: Branch, plans: Plans, workspace: Path
) -> tuple[list[Candidate], list[Finding], list[str]]:
    """Migrations that production has already: judged where their plan makes the state before.

    Of what is found about them only the way back can be this branch's doing.
    """
    candidates: list[Candidate] = []
    findings: list[Finding] = []
    notes: list[str] = []
    for place, each in enumerate((*branch.changes.touched, *branch.replanned)):
        made, found = _candidate(project, branch, plans, each, workspace / f"again-{place}")
        findings += [finding for finding in found if _is_of_the_way_back(finding, each)]
        if made is not None and made.plan is not None and made.plan.backup.generator is not None:
            candidates.append(replace(made, pending=False))
        else:
            notes.append(
                f"{each.name}: its rollback or plan changed; it is not judged, since a backup of "
                "production has it already"
            )
    return candidates, findings, notes


def _is_of_the_way_back(finding: Finding, migration: Migration) -> bool:
    back = str(migration.down.path) if migration.down else ""
    return finding.rule == "missing-rollback" or finding.file == back


def _unjudged(migration: Migration, why: str) -> Judged:
    return Judged(migration.name, str(migration.up.path), "not judged", why)
