"""Every plan of ``migrations/`` at full size: ``./run bench plans`` prints each query's margin.

Exit status: 0 when every verdict is GO, 1 otherwise. A run whose verdict only hangs on a query that
was not decided is done once more, which is said: a neighbour can make a machine too restless.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shadowgate.plan import read_plan

ROOT = Path(__file__).parents[1]
TITLES = ("plan", "query", "effect %", "interval %", "limit %", "margin, points")


@dataclass(frozen=True)
class Outcome:
    """One run of one plan."""

    name: str
    shadow: Mapping[str, Any]
    """``shadow.json``."""
    seconds: float
    repeated: bool = False
    reserve: float = 0.0
    """Percentage points that limits were lowered by."""

    @property
    def is_go(self) -> bool:
        """Whether the verdict is GO."""
        return bool(self.shadow["verdict"] == "GO")

    @property
    def is_undecided(self) -> bool:
        """Whether nothing stands in the way of GO but what was not decided."""
        against = [
            check
            for check in self.shadow["checks"]
            if check["required"] and check["status"] in ("failed", "inconclusive", "blocked")
        ]
        own = [check for check in against if not check["id"].startswith("signoff.")]
        return bool(own) and all(
            check["status"] == "inconclusive" and check["id"].startswith("performance.")
            for check in own
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 0 when every plan is GO, 1 otherwise."""
    options = _parser().parse_args(arguments)
    chosen = plans_named(options.only)
    outcomes = [_run(path, options) for path in chosen for _ in range(options.times)]
    print("\n".join(table(outcomes)))  # noqa: T201 - what the command is for
    return 0 if outcomes and all(outcome.is_go for outcome in outcomes) else 1


def plans_named(words: Sequence[str]) -> list[Path]:
    """The plans whose name or file name has one of the words, whatever its case; all without words.

    Raises:
        SystemExit: no plan has one of them.
    """
    plans = sorted((ROOT / "migrations").glob("*.toml"))
    names = {path: f"{read_plan(path).name} {path.stem}" for path in plans}
    chosen: set[Path] = set() if words else {*plans}
    for word in words:
        found = {path for path, name in names.items() if word.casefold() in name.casefold()}
        if not found:
            raise SystemExit(f"no plan of migrations/ is named {word}: {', '.join(names.values())}")
        chosen |= found
    return sorted(chosen)


def table(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """Lay runs out in Markdown: each query with its distance from the limit, then the verdicts."""
    told = list(outcomes)
    yield f"| {' | '.join(TITLES)} |"
    yield f"|{'---|' * len(TITLES)}"
    for outcome in told:
        for row in _rows(outcome):
            yield f"| {' | '.join(row)} |"
    yield ""
    for outcome in told:
        again = ", done once more since a query was not decided" if outcome.repeated else ""
        yield f"- {outcome.name}: {outcome.shadow['verdict']} in {outcome.seconds:.0f} s{again}"
        if not outcome.is_go:
            yield from (f"  - {reason}" for reason in outcome.shadow["reasons"])


def _rows(outcome: Outcome) -> Iterator[tuple[str, ...]]:
    plan = outcome.shadow["plan"]
    for name, query in outcome.shadow["queries"].items():
        high = query["high_percent"]
        if high is None:
            continue
        limit = plan["limits"].get(name, plan["limit_percent"]) + outcome.reserve
        yield (
            outcome.name,
            name,
            f"{query['change_percent']:+.1f}",
            f"{query['low_percent']:+.1f} to {high:+.1f}",
            f"{limit:+g}",
            f"{limit - high:.1f}",
        )


def _run(plan: Path, options: argparse.Namespace) -> Outcome:
    first = _run_once(plan, options)
    if not first.is_undecided:
        return first
    again = _run_once(plan, options)
    return dataclasses.replace(again, repeated=True)


def _run_once(plan: Path, options: argparse.Namespace) -> Outcome:
    began = time.monotonic()
    reports = options.reports / plan.stem
    command = [str(ROOT / "run"), "shadow", "--plan", str(plan), "--server", options.server]
    command += ["--reports", str(reports), "--margin", str(options.margin)]
    command += ["--rows", str(options.rows)] if options.rows else []
    sys.stderr.write(f"{plan.stem} …\n")
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    found = reports / "shadow.json"
    if ended.returncode not in (0, 1) or not found.is_file():
        sys.stderr.write(ended.stdout + ended.stderr)
        raise SystemExit(4)
    shadow = json.loads(found.read_text(encoding="utf-8"))
    seconds = time.monotonic() - began
    return Outcome(shadow["plan"]["name"], shadow, seconds, reserve=options.margin)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./run bench plans", description=__doc__)
    parser.add_argument("only", nargs="*", metavar="WORD", help="plans whose name has it; all")
    parser.add_argument("--rows", type=int, help="of the generated catalogue, not the plan's")
    parser.add_argument("--times", type=int, default=1, help="runs of each plan (default 1)")
    parser.add_argument(
        "--margin",
        type=float,
        default=0.0,
        metavar="POINTS",
        help="that each interval must end below its limit, so that it is measured further"
        " (default 0: as soon as a query is decided)",
    )
    parser.add_argument("--server", default="local", help="as for the phases (default local)")
    parser.add_argument(
        "--reports",
        type=Path,
        default=ROOT / "reports" / "bench-plans",
        help="folder of the reports (default reports/bench-plans)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
