"""Runs that are disturbed: ``./run bench faults`` prints what became of each.

Exit status: 0 when each ended as it must, left nothing behind and spoiled nothing, 1 otherwise.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from random import Random

from benchmarks.faults.cases import MOMENTS, Case, cases
from benchmarks.faults.judging import Outcome, Row, judge, table
from benchmarks.faults.scene import Scene, Shop, bystanders, make_shop, scene


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 0 when every case is right, 1 otherwise."""
    options = _parser().parse_args(arguments)
    chosen = [
        case for case in cases() if not options.only or any(w in case.name for w in options.only)
    ]
    if not chosen:
        raise SystemExit(f"no case has one of these words in its name: {' '.join(options.only)}")
    began = time.monotonic()
    reasons = {case: case.why_not for case in chosen}
    playable = [case for case, reason in reasons.items() if not reason]
    with folder_of_bench() as folder:
        shop = make_shop(folder)
        pool = ThreadPoolExecutor(options.jobs)
        try:
            drawn = [
                pool.submit(play, case, folder / str(number), shop, options.seed)
                for number, case in enumerate(playable)
            ]
            rows = [one.result() for one in drawn]
        finally:
            pool.shutdown(cancel_futures=True)
    lines = [
        *table(rows),
        f"{len(rows)} cases in {time.monotonic() - began:.0f} s, seed {options.seed}",
        *(f"- not played, as {why}: {case.name}" for case, why in reasons.items() if why),
    ]
    print("\n".join(lines))  # noqa: T201 - what the command is for
    return 1 if any(row.wrong for row in rows) or not rows else 0


@contextmanager
def folder_of_bench() -> Iterator[Path]:
    """A temporary folder that a server's account may enter."""
    folder = Path(tempfile.mkdtemp(prefix="faults-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def play(case: Case, folder: Path, shop: Shop, seed: int) -> Row:
    """Run one case and judge it.

    Args:
        case: which.
        folder: of its own, not there yet.
        shop: production.
        seed: of all cases; each draws its moments from it and its name.
    """
    sys.stderr.write(f"{case.name} …\n")
    random = Random(f"{seed} {case.name}")  # noqa: S311 - moments, not secrets
    folder.mkdir(parents=True)
    folder.chmod(0o711)
    try:
        row = _played(case, folder, shop, random)
    except Exception as error:
        broken = Outcome(0, "", None, (), {}, (f"the case itself: {error!r}",))
        row = Row(case.name, broken, "", broken.complaints)
    if row.wrong:
        sys.stderr.write(f"{case.name}: {'; '.join(row.wrong)}\n{row.outcome.output[-2000:]}\n")
    return row


def _played(case: Case, folder: Path, shop: Shop, random: Random) -> Row:
    began = time.monotonic()
    with scene(folder, shop, random, outside=case.outside, container=case.container) as (
        made,
        databases,
    ):
        made.arguments += case.arguments
        with case.arrangement(made):
            made.begin()
            _disturb(case, made)
            status = made.end()
            document = made.document()
            case.afterwards(made)
            left = made.left(databases)
        bystanders(made)
        made.states.setdefault("the run's", "gone")
        outcome = Outcome(
            status,
            made.log.read_text(encoding="utf-8", errors="replace"),
            document,
            left,
            made.states,
            tuple(made.complaints),
            time.monotonic() - began,
        )
    return judge(case.name, outcome, case.expected)


def _disturb(case: Case, made: Scene) -> None:
    if not case.moment:
        case.blow(made)
        return
    text, lasts = MOMENTS.get(case.moment, (case.moment, 0.0))
    if not made.wait_for(text):
        made.complaints.append(f"it ended before it said /{text}/")
        return
    made.pause(lasts)
    case.blow(made)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./run bench faults", description=__doc__)
    parser.add_argument("only", nargs="*", metavar="WORD", help="cases whose name has it; all")
    parser.add_argument("--seed", type=int, default=1, help="of the moments (default 1)")
    parser.add_argument(
        "--jobs", type=int, default=max(1, (os.cpu_count() or 1)), help="cases at once"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
