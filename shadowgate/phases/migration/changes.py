"""What the migration changed, held against the shadow and against what the plan announces."""

from __future__ import annotations

from dataclasses import dataclass

from shadowgate.catalogue import (
    Area,
    Drift,
    Expectation,
    Judgement,
    RowDifferences,
    diff,
    judge,
    odd_partitions,
)
from shadowgate.phases.restore.state import State, content_differences, state_of
from shadowgate.plan import Plan
from shadowgate.server import Database


@dataclass(frozen=True)
class Migrated:
    """The copy after the migration, held against the shadow that it was copied from."""

    state: State
    drift: Drift
    judgement: Judgement
    oddities: tuple[str, ...]
    """Partitions that differ from their siblings, in words."""
    differing: tuple[RowDifferences, ...]
    """For each table whose content differs: which rows."""

    def unexpected(self, area: Area) -> list[str]:
        """What happened unannounced in one area, a sentence each."""
        return [str(found) for found in self.judgement.unexpected if found.area == area]


def compare_with_plan(shadow: Database, before: State, migrated: Database, plan: Plan) -> Migrated:
    """Compare the migrated copy with the shadow, and both with what the plan announces."""
    expected = Expectation(
        creates=plan.creates.by_kind(), changes=plan.changes.by_kind(), drops=plan.drops.by_kind()
    )
    state = state_of(migrated, renames=plan.renames)
    if _same_columns(before, state):
        after = state
    else:
        after = state_of(migrated, before.content, plan.renames)
    drift = diff(before.snapshot, after.snapshot)
    return Migrated(
        state=state,
        drift=drift,
        judgement=judge(drift, expected),
        oddities=tuple(map(str, odd_partitions(after.snapshot, before.snapshot))),
        differing=content_differences(shadow, before, migrated, after),
    )


def _same_columns(before: State, after: State) -> bool:
    """Whether the tables from before have no more columns now: those are no change of content."""
    return all(
        table not in after.content or after.content[table].columns == content.columns
        for table, content in before.content.items()
    )
