"""What each check costs by rows: ``python -m benchmarks.costs FOLDER…`` prints Markdown.

Each folder holds the ``shadow.json`` of a run, as ``./run bench scale`` leaves them, of one plan at
three sizes or more. What a check takes is fitted over the rows as
:mod:`shadowgate.statistics.growth` does, and told for a larger size.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from shadowgate.report import words
from shadowgate.statistics.growth import extrapolate

TERABYTE = 10**12
_LEAST_SECONDS = 1.0
"""A check that takes less at the largest size is not listed."""


def costs(documents: Sequence[Mapping[str, Any]], bytes_per_row: int) -> Iterator[str]:
    """The table, line by line: a check a row, the costliest first.

    Args:
        documents: ``shadow.json`` of each run.
        bytes_per_row: of the database on disk, indexes included.
    """
    by_rows = {_rows_of(document): _seconds_of(document) for document in documents}
    sizes = sorted(by_rows)
    rows = TERABYTE // bytes_per_row
    head = " | ".join(f"{size:,} rows" for size in sizes)
    yield f"| check | {head} | 1 TB, {rows:,} rows |"
    yield f"|---|{'---|' * len(sizes)}---|"
    listed = by_rows[sizes[-1]]
    for check in sorted(listed, key=lambda each: -listed[each]):
        found = [by_rows[size].get(check, 0.0) for size in sizes]
        if found[-1] < _LEAST_SECONDS:
            continue
        points = [(float(size), value) for size, value in zip(sizes, found, strict=True)]
        there = extrapolate(points, float(rows))
        cells = " | ".join(f"{value:.1f} s" for value in found)
        yield f"| `{check}` | {cells} | {words.duration(there.estimate)} |"


def _rows_of(document: Mapping[str, Any]) -> int:
    return int(document["plan"]["generated_rows"])


def _seconds_of(document: Mapping[str, Any]) -> dict[str, float]:
    """Check without its items -> seconds."""
    found: dict[str, float] = {}
    for check in document["checks"]:
        name = ".".join(check["id"].split(".")[:2])
        found[name] = found.get(name, 0.0) + check["seconds"]
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.costs", description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--bytes-per-row", type=int, default=720)
    asked = parser.parse_args(arguments)
    files = [folder / "shadow.json" for folder in asked.folders]
    documents = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    sys.stdout.write("\n".join(costs(documents, asked.bytes_per_row)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
