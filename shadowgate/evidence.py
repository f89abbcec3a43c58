"""What a run found, as plain data: the model behind ``shadow.json`` and the report.

Nothing here knows pytest or a database. Each check leaves one :class:`CheckResult`; each query of
the workload one :class:`QueryEvidence`; :class:`Evidence` holds them with what was run where.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Status = Literal["passed", "failed", "inconclusive", "skipped", "blocked"]
OPEN: tuple[Status, ...] = ("failed", "inconclusive")
QueryVerdict = Literal["improved", "equivalent", "regressed", "inconclusive", "not judged"]
Verdict = Literal["GO", "NO-GO"]
Risk = Literal["LOW", "MEDIUM", "HIGH"]

SCHEMA = 1
"""Version of ``shadow.json``. Programs read it: a key may be added, none is renamed or removed."""


@dataclass(frozen=True)
class Table:
    """A small table of evidence, shown under its check."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Figure:
    """A drawing as SVG text, with the sentence that reads it for you."""

    title: str
    sentence: str
    svg: str = field(repr=False)


@dataclass(frozen=True)
class Difference:
    """A text before and after: what was added and taken away, shown under its check."""

    title: str
    lines: tuple[str, ...]
    """Each begins with ``+``, ``-`` or a space; ``…`` stands for lines left out."""


@dataclass(frozen=True)
class Place:
    """Where in a script something is at fault."""

    file: str
    """As :func:`shown_path` says it."""
    line: int
    """From 1; 0 if it is about no line in particular."""
    message: str

    @classmethod
    def of(cls, path: Path, line: int, message: str) -> Place:
        """A place in a file, which is named as readers of the report know it."""
        return cls(shown_path(path), line, message)


def shown_path(path: Path) -> str:
    """A path relative to the working folder, with slashes; of a file elsewhere the name alone."""
    here = Path.cwd().resolve()
    full = path.resolve()
    return full.relative_to(here).as_posix() if full.is_relative_to(here) else full.name


@dataclass(frozen=True)
class CheckResult:
    """The outcome of one check."""

    id: str
    phase: int
    status: Status
    claim: str
    """The sentence that the check proves, as the DBA reads it."""
    measured: Any = None
    """What was found, JSON-able: a number, a text, a list or a mapping of such."""
    limit: Any = None
    detail: str = ""
    """What happened, where and what to do, in sentences; for a skip, its reason."""
    findings: tuple[str, ...] = ()
    """What is wrong, a sentence each."""
    where: str = ""
    """What is to blame as far as that is known: file, line and statement."""
    remedy: str = ""
    """What to do, where it did not pass."""
    required: bool = True
    """A required check that did not pass makes the verdict NO-GO."""
    seconds: float = 0.0
    blocked_by: str | None = None
    needless: bool = False
    """Whether it is blocked only since it could change nothing of the verdict any more."""
    breaks: tuple[str, ...] = ()
    """What it found not to hold, that findings of other checks may stand on."""
    stands_on: tuple[tuple[str, ...], ...] = ()
    """For each of its findings, what would explain it if it did not hold."""
    follows: str | None = None
    """Id of the check whose failure explains this one's."""
    tables: tuple[Table, ...] = ()
    figures: tuple[Figure, ...] = ()
    differences: tuple[Difference, ...] = ()
    places: tuple[Place, ...] = ()
    """Lines of the scripts that are at fault, as far as they are known."""

    @property
    def is_open(self) -> bool:
        """Whether it was carried out and did not pass."""
        return self.status in OPEN


@dataclass(frozen=True)
class Timing:
    """Rounds of one query on one side, in milliseconds."""

    rounds: int
    mean: float
    median: float
    minimum: float
    maximum: float
    p95: float


@dataclass(frozen=True)
class QueryEvidence:
    """One query of the workload, before and after."""

    id: str
    title: str
    kind: Literal["read", "write"] = "read"
    before: Timing | None = None
    after: Timing | None = None
    change_percent: float | None = None
    """Estimated change of the execution time; negative is faster."""
    low_percent: float | None = None
    high_percent: float | None = None
    verdict: QueryVerdict = "not judged"
    pairs_ms: tuple[tuple[float, float], ...] = ()
    """The measured pairs (before, after) in the order taken, in milliseconds."""
    rows: int | None = None
    same_rows: bool | None = None
    witnesses: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """``before`` and ``after``: buffers, partitions scanned, indexes used, planning time …"""
    plans: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict, repr=False)
    """``before`` and ``after``: what the server wrote of the plan, a document each statement; kept
    in files of their own."""
    notes: tuple[str, ...] = ()
    """What changed, in words: ``scans 1 partition instead of 4``."""


@dataclass(frozen=True)
class Evidence:
    """A whole run."""

    plan: Mapping[str, Any]
    inputs: Mapping[str, str]
    """File name -> sha256."""
    server: Mapping[str, Any]
    started: str
    """ISO 8601 with offset."""
    seconds: float
    checks: tuple[CheckResult, ...]
    queries: tuple[QueryEvidence, ...] = ()
    quick: bool = False
    verdict: Verdict = "NO-GO"
    risk: Risk = "HIGH"
    reasons: tuple[str, ...] = ()
    """Why the verdict and the risk are what they are, one sentence each."""
