"""What was measured, one JSON object a line, so that a benchmark that was stopped goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from benchmarks.cases import Family


@dataclass(frozen=True)
class Record:
    """One set of rounds without a decision, or one live run with its decisions."""

    kind: Literal["rounds", "live"]
    family: Family
    loaded: bool
    """Whether another process was loading a core on and off."""
    number: int
    cases: Mapping[str, str]
    """Query -> the case that it is of."""
    seconds: float
    """Rounds: all; live: until the verdict, with copying and warm-up."""
    pairs: Mapping[str, list[tuple[float, float]]]
    """Query -> seconds before and after without waiting for a core."""
    walls: Mapping[str, list[tuple[float, float]]]
    """The same by the wall clock; empty for a live run."""
    verdicts: Mapping[str, str]
    """Live: query -> verdict; targets as ``target:Q5``."""
    sampling_seconds: float = 0.0

    @property
    def key(self) -> tuple[str, Family, bool, int]:
        """What tells one record from another."""
        return (self.kind, self.family, self.loaded, self.number)

    def of_case(self, case: str) -> list[str]:
        """The queries that are of a case."""
        return [query for query, name in self.cases.items() if name == case]


class Store:
    """A file of records."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self.records = {record.key: record for record in self._read()}

    def add(self, record: Record) -> None:
        """Keep a record."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(record)) + "\n")
        self.records[record.key] = record

    def of(self, kind: str, family: Family, *, loaded: bool) -> list[Record]:
        """Records of one kind and family, in the order of their numbers."""
        found = (record for record in self.records.values())
        wanted = [r for r in found if (r.kind, r.family, r.loaded) == (kind, family, loaded)]
        return sorted(wanted, key=lambda record: record.number)

    def _read(self) -> Iterator[Record]:
        if not self._path.exists():
            return
        for line in self._path.read_text(encoding="utf-8").splitlines():
            yield Record(**json.loads(line))
