"""Phase 6: what each query touched, compared with the committed baseline."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shadowgate.catalogue import TableFingerprint
from shadowgate.errors import PlanError
from shadowgate.evidence import Table
from shadowgate.language import sentence
from shadowgate.measure import (
    BaselineMetrics,
    Comparison,
    Difference,
    changes_in_words,
    differences,
    metrics_of,
    read_metrics,
    what_is_left_out,
    why_not_comparable,
    write_metrics,
)
from shadowgate.plan import Plan
from shadowgate.server import ServerFacts

UPDATE = "--update-baseline"


@dataclass(frozen=True)
class BaselineComparison:
    """A run's plan metrics beside the baseline as it was before the run."""

    path: Path
    expected: BaselineMetrics | None
    """``None`` when there was none."""
    found: BaselineMetrics
    written: tuple[str, ...] = ()
    """What changed in the file, when this run wrote it."""

    @property
    def why_not(self) -> str:
        """Why the baseline says nothing about this run; empty if it does, or if there is none."""
        if self.expected is None:
            return ""
        return why_not_comparable(self.expected, self.found) or ""

    @property
    def differences(self) -> tuple[Difference, ...]:
        """What is not as the baseline says."""
        if self.expected is None or self.why_not:
            return ()
        return differences(self.expected, self.found)

    @property
    def in_words(self) -> tuple[str, ...]:
        """What the differences mean, and what was left out of the comparison."""
        if self.expected is None or self.why_not:
            return ()
        changes = changes_in_words(self.expected, self.found, self.differences)
        return (*changes, what_is_left_out(self.expected, self.found))

    @property
    def unchanged(self) -> bool:
        """Whether what this run wrote says what was there before."""
        return self.expected is not None and not self.why_not and not self.differences

    @property
    def changed(self) -> str:
        """What follows from a baseline that this run changed."""
        return sentence(
            "this run wrote {file}, so it could not be held against it: look at what changed, "
            "commit the file and run again without {option}",
            file=str(self.path),
            option=UPDATE,
        )

    @property
    def missing(self) -> str:
        """What to do when there is no baseline."""
        return sentence(
            "the plan's baseline {file} does not exist: run once with {option}, look at it and "
            "commit it",
            file=str(self.path),
            option=UPDATE,
        )

    @property
    def table(self) -> Table:
        """Every difference."""
        return Table(
            "What is not as the committed baseline says",
            ("Query", "Side", "Figure", "Baseline", "This run"),
            tuple(
                (each.query, each.side, each.figure, _cell(each.expected), _cell(each.found))
                for each in self.differences
            ),
        )


def _cell(value: Any) -> str:
    return ", ".join(map(str.strip, value)) if isinstance(value, list) else str(value)


def compare_with_baseline(
    comparison: Comparison,
    content: Mapping[str, TableFingerprint],
    facts: ServerFacts,
    plan: Plan,
    *,
    update: bool = False,
) -> BaselineComparison:
    """Compare what was measured with the plan's baseline, or write that anew.

    Args:
        comparison: the workload on both sides.
        content: fingerprints of the restored tables: only on the same rows is the baseline true.
        facts: the server.
        plan: names the baseline.
        update: write it instead of only reading it.

    Raises:
        PlanError: the plan names no baseline, or the file is none.
    """
    path = plan.performance.baseline
    if path is None:
        raise PlanError(
            "the plan names no baseline",
            where=sentence("{path}, performance.baseline", path=plan.path),
        )
    found = metrics_of(
        comparison,
        plan.name,
        data_in_words(content, plan.backup.table),
        facts.version_num // 10_000,
        ".".join(facts.postgis.split(".")[:2]),
    )
    expected = read_metrics(path)
    written = write_metrics(path, found) if update else ()
    return BaselineComparison(path, expected, found, written)


def data_in_words(content: Mapping[str, TableFingerprint], table: str) -> str:
    """Name restored rows so that other rows have another name."""
    parts = sorted(f"{name} {each.digest}" for name, each in content.items())
    digest = hashlib.blake2b("\n".join(parts).encode(), digest_size=6).hexdigest()
    rows = content[table].rows if table else sum(each.rows for each in content.values())
    return f"{rows:,} rows (content {digest})"
