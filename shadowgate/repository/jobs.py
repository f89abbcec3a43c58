"""One run for each migration that can be judged, as the command line of a process of its own."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shadowgate.errors import UsageError
from shadowgate.options import OPTIONS
from shadowgate.plan import Plan
from shadowgate.repository.model import Migration
from shadowgate.repository.settings import Settings

if TYPE_CHECKING:
    from shadowgate.repository.scripts import Written

Earlier = Mapping[Path, Path]
"""Script -> the file to apply for it, of migrations that come before, in order."""


@dataclass(frozen=True)
class Candidate:
    """A migration to be judged, with what was read of it."""

    migration: Migration
    written: Written
    plan: Plan | None
    pending: bool
    """Production has it not yet: what comes after it comes on top of it."""

    @property
    def back(self) -> Path | None:
        """Its rollback as a file; ``None`` if there is none."""
        return self.written.down or (self.plan.rollback if self.plan else None)

    def generates_backup(self, asked: Asked) -> bool:
        """Whether its plan makes the backup, which then says itself what comes before."""
        elsewhere = asked.of("--backup") or asked.of("--shadow")
        if self.plan is None or elsewhere or self.plan.backup.path is not None:
            return False
        return self.plan.backup.generator is not None


@dataclass(frozen=True)
class Job:
    """One run."""

    name: str
    file: str
    reports: Path
    arguments: tuple[str, ...]
    """Of ``shadowgate``: the command and its options."""


@dataclass(frozen=True)
class Asked:
    """What the command line says of all runs."""

    options: Mapping[str, str]
    """Flag -> value, of those that were given; a switch has none."""
    others: tuple[str, ...]
    """What goes to pytest."""

    def of(self, flag: str) -> str:
        """The value of an option, from the command line or else its variable."""
        variable = next(option.variable for option in OPTIONS if option.flag == flag)
        return self.options.get(flag) or os.environ.get(variable, "")


def jobs_for(
    candidates: Sequence[Candidate], asked: Asked, settings: Settings, reports: Path
) -> tuple[Job, ...]:
    """The runs that judge some migrations, in order, each on the state that those before leave.

    Raises:
        UsageError: one is to be judged and no backup is named.
    """
    earlier: Earlier = {}
    jobs = []
    for each in candidates:
        jobs.append(_job(each, earlier, asked, settings, reports))
        if each.pending:
            earlier = {**earlier, each.written.up.resolve(): each.written.earlier}
    return tuple(jobs)


def base_arguments(
    first: Candidate, earlier: Sequence[Candidate], asked: Asked, settings: Settings
) -> tuple[str, ...]:
    """Options that make the state before a migration: of a run, without the command's own name.

    Args:
        first: the migration.
        earlier: the pending ones before it.
        asked: the options of each run.
        settings: the project's.
    """
    before = {each.written.up.resolve(): each.written.earlier for each in earlier}
    if first.plan:
        _, *options = _by_plan(first, before, asked, settings)
    else:
        _, script, *options = _without_plan(first, before, asked, settings)
        options.append(f"--migration={script}")
    return (*options, *_given(asked, ("--server", "--postgis-image", "--shadow")))


def _job(
    candidate: Candidate,
    earlier: Earlier,
    asked: Asked,
    settings: Settings,
    reports: Path,
) -> Job:
    folder = reports / re.sub(r"[^\w.-]+", "_", candidate.migration.name)
    of_it = _by_plan if candidate.plan else _without_plan
    return Job(
        candidate.migration.name,
        str(candidate.migration.up.path),
        folder,
        (
            *of_it(candidate, earlier, asked, settings),
            *_given(asked, ("--server", "--postgis-image", "--cold", "--all", "--no-rehearsal")),
            *_given(asked, ("--shadow", "--production")),
            f"--reports={folder}",
            *asked.others,
        ),
    )


def _without_plan(
    candidate: Candidate, earlier: Earlier, asked: Asked, settings: Settings
) -> Iterator[str]:
    written = candidate.written
    yield from ("check", str(written.up))
    if written.down is not None:
        yield f"--rollback={written.down}"
    if written.transaction:
        yield f"--transaction={written.transaction}"
    if not asked.of("--shadow"):
        yield f"--backup={_backup(asked, settings)}"
    for name in _SESSION:
        if getattr(settings, name):
            yield f"--{name.replace('_', '-')}={getattr(settings, name)}"
    queries = asked.of("--queries") or settings.beside("queries")
    if queries:
        yield f"--queries={queries}"
    yield from _applied(earlier.values())


_SESSION = ("statement_timeout", "lock_timeout", "search_path", "role")
"""Settings that are options of a run; those that the command line names come behind them."""


def _by_plan(
    candidate: Candidate, earlier: Earlier, asked: Asked, settings: Settings
) -> Iterator[str]:
    """What a plan names wins over the settings, and what the command line names over both.

    A plan that generates its backup says itself what comes before its migration.
    """
    plan = candidate.plan
    assert plan is not None  # noqa: S101
    yield from ("run", f"--plan={plan.path}")
    yield from _as_sent(candidate)
    yield from _given(asked, ("--queries",))
    if candidate.generates_backup(asked):
        yield from _given(asked, ("--rows",))
        return
    if not asked.of("--shadow") and (asked.of("--backup") or plan.backup.path is None):
        yield f"--backup={_backup(asked, settings)}"
    yield from _applied(file for script, file in earlier.items() if script not in plan.backup.apply)


def _as_sent(candidate: Candidate) -> Iterator[str]:
    """What the layout knows better than a plan: where the scripts are, and how they are sent."""
    migration, written = candidate.migration, candidate.written
    if not migration.up.whole:
        yield f"--migration={written.up}"
    if migration.down is not None and not migration.down.whole:
        yield f"--rollback={written.down}"
    if migration.transactions:
        yield f"--transaction={written.transaction}"


def _applied(files: Iterable[Path]) -> Iterator[str]:
    listed = os.pathsep.join(map(str, files))
    if listed:
        yield f"--apply={listed}"


def _given(asked: Asked, flags: Sequence[str]) -> Iterator[str]:
    for flag in flags:
        if flag in asked.options:
            value = asked.options[flag]
            yield f"{flag}={value}" if value else flag


def _backup(asked: Asked, settings: Settings) -> str:
    named = asked.of("--backup") or settings.beside("backup")
    if not named:
        raise UsageError(
            "there is no backup to restore: nothing says where production's is",
            todo='name a dump made by pg_dump with --backup, or as backup = "…" in shadowgate.toml',
        )
    return named
