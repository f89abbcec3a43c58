"""``shadowgate run`` with several plans: a process for each, one table and one page over all."""

from __future__ import annotations

import argparse
import signal
import tomllib
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue
from time import monotonic

from shadowgate.cleanup import guarded_folder
from shadowgate.errors import PlanError, UsageError
from shadowgate.language import sentence
from shadowgate.plan import NAME_BYTES, read_plan
from shadowgate.repository.changed import CLEANER
from shadowgate.repository.jobs import Asked, Job
from shadowgate.repository.judging import (
    INTERRUPTED,
    Beside,
    Judged,
    Runs,
    ending_signal,
    judge_one,
)
from shadowgate.repository.summary import table

_OF_ONE = ("--migration", "--rollback")
"""Options that say something about one plan alone."""


def plans_named(named: Sequence[str]) -> tuple[Path, ...]:
    """The plan files that are named: each itself, or all in a folder, in the order of their names.

    Raises:
        UsageError: a folder has none.
    """
    found: dict[Path, None] = {}
    for path in (Path(name).expanduser() for name in named):
        within = _plans_in(path) if path.is_dir() else [path]
        if not within:
            raise UsageError(
                sentence("there is no plan in {folder}", folder=str(path)),
                todo=sentence("name a plan file, or a folder that has some"),
            )
        found.update(dict.fromkeys(within))
    return tuple(found)


def run_plans(
    plans: Sequence[Path],
    at_once: int,
    asked: Asked,
    reports: Path,
    say: Callable[[str], None],
    carry_out: Callable[[Job], int] | None = None,
) -> int:
    """Run each plan, whatever the others come to.

    Args:
        plans: plan files.
        at_once: how many of them at a time.
        asked: the options of each run.
        reports: each run has a folder in this one.
        say: told what is going on, and the table at the end.
        carry_out: carries one run out; by default in a process of its own.

    Returns:
        The worst exit status of all; 2 if it was interrupted.

    Raises:
        UsageError: what was asked for cannot be done as asked.
    """
    begun = monotonic()
    jobs = jobs_of(plans, at_once, asked, reports)
    with guarded_folder(CLEANER) as turns, ExitStack() as stack:
        beside = Beside(at_once, turns) if at_once > 1 else None
        slots = [stack.enter_context(Runs(beside)) for _ in range(min(at_once, len(jobs)))]
        judged, interrupted = _carry_out(jobs, slots, say, carry_out)
    from shadowgate.pull_request.index import NAME, write_index  # noqa: PLC0415  (takes long)
    from shadowgate.pull_request.reports import read_reports  # noqa: PLC0415

    reports.mkdir(parents=True, exist_ok=True)
    published = read_reports([job.reports for job in jobs])
    write_index(published, reports)
    say("")
    say(f"shadowgate run: {len(jobs)} plans in {monotonic() - begun:.0f} s")
    for line in table(judged):
        say(line)
    say(f"one page over all reports: {reports / NAME}")
    statuses = [INTERRUPTED if each.status < 0 else each.status for each in judged]
    status = INTERRUPTED if interrupted else max(statuses)
    say(f"verdict   {'NO-GO' if status else 'GO'}")
    return status


def jobs_of(plans: Sequence[Path], at_once: int, asked: Asked, reports: Path) -> tuple[Job, ...]:
    """The run of each plan.

    Raises:
        UsageError: an option cannot hold for all of them.
    """
    for flag in _OF_ONE:
        if asked.of(flag):
            raise UsageError(
                sentence("{option} holds for one plan, and several are named", option=flag),
                todo=sentence("leave it out, or name one plan"),
            )
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--junitxml", "--junit-xml")
    written, others = parser.parse_known_args(asked.others)
    shares_server = bool(asked.of("--shadow")) or "://" in asked.of("--server")
    stems = [plan.stem for plan in plans]
    jobs = []
    for place, plan in enumerate(plans, 1):
        name = plan.stem if stems.count(plan.stem) == 1 else f"{place}-{plan.stem}"
        folder = reports / name
        options = {**asked.options, "--plan": str(plan), "--reports": str(folder)}
        if shares_server and at_once > 1:
            options["--database"] = _database(plan, asked, place)
        arguments = [f"{flag}={value}" if value else flag for flag, value in options.items()]
        if written.junitxml:  # in one file each would write over the others'
            arguments.append(f"--junitxml={folder / Path(written.junitxml).name}")
        jobs.append(Job(name, str(plan), folder, ("run", *arguments, *others)))
    return tuple(jobs)


def _carry_out(
    jobs: Sequence[Job],
    slots: Sequence[Runs],
    say: Callable[[str], None],
    carry_out: Callable[[Job], int] | None,
) -> tuple[list[Judged], bool]:
    """How each run ended, and whether it was interrupted: then what had not begun is not judged."""
    free: SimpleQueue[Runs] = SimpleQueue()
    for slot in slots:
        free.put(slot)

    def judged(place: int, job: Job) -> Judged:
        slot = free.get()
        try:
            say(f"shadowgate: {place} of {len(jobs)}: {job.file}")
            return judge_one(job, carry_out or slot)
        finally:
            free.put(slot)

    interrupted: signal.Signals | None = None
    with ThreadPoolExecutor(len(slots)) as pool:
        futures = [pool.submit(judged, place, job) for place, job in enumerate(jobs, 1)]
        try:
            wait(futures)
        except (KeyboardInterrupt, SystemExit) as error:
            interrupted = ending_signal(error)
            say(f"shadowgate: {interrupted.name}: the runs are ended")
            for future in futures:
                future.cancel()
            for slot in slots:
                slot.end(interrupted)
    return [_ended(job, each) for job, each in zip(jobs, futures, strict=True)], bool(interrupted)


def _ended(job: Job, future: Future[Judged]) -> Judged:
    if future.cancelled():
        why = "the runs were interrupted before it began"
        return Judged(job.name, job.file, "not judged", why, INTERRUPTED)
    return future.result()


def _plans_in(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.glob("*.toml")) if _is_plan(path)]


def _is_plan(path: Path) -> bool:
    """Whether a file names a migration; one that cannot be read is for its run to refuse."""
    try:
        return "migration" in tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return True


def _database(plan: Path, asked: Asked, place: int) -> str:
    """A name of its own for the shadow of a run beside which others are on the same server."""
    end = f"_{place}"
    name = asked.of("--database") or _named(plan)
    return name.encode()[: NAME_BYTES - len(end)].decode(errors="ignore") + end


def _named(plan: Path) -> str:
    try:
        return read_plan(plan).database
    except PlanError:
        return plan.stem  # its run says what is wrong with it
