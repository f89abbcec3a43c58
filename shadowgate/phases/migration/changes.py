"""What the migration changed, held against the shadow and against what is announced."""

from __future__ import annotations

from dataclasses import dataclass

from shadowgate.catalogue import (
    Area,
    ContentComparison,
    Deviation,
    Deviations,
    Drift,
    compare_content,
    diff,
    odd_partitions,
)
from shadowgate.evidence import Table
from shadowgate.phases.migration.announced import Announced
from shadowgate.phases.restore.soundness import Soundness, look_over
from shadowgate.phases.restore.state import State, state_of
from shadowgate.plan import Plan
from shadowgate.server import Database


@dataclass(frozen=True)
class Migrated:
    """The copy after the migration, held against the shadow that it was copied from."""

    state: State
    drift: Drift
    deviations: Deviations
    oddities: tuple[str, ...]
    """Partitions that differ from their siblings, in words."""
    content: ContentComparison
    """Its rows beside those of the shadow."""
    unsound: tuple[str, ...]
    """What is wrong with what it left, though it was announced, a sentence each."""

    def unexpected(self, area: Area) -> list[Deviation]:
        """What happened unannounced in one area."""
        return [found for found in self.deviations.unexpected if found.area == area]

    def changes_table(self) -> Table:
        """All that changed in the catalogue, what was not announced first."""
        surprising = [(str(found), "no") for found in self.deviations.unexpected]
        expected = [(said, "yes") for said in self.deviations.expected]
        return Table("What changed", ("change", "announced"), (*surprising, *expected))


def compare_with_announced(
    shadow: Database,
    before: State,
    sound: Soundness,
    migrated: Database,
    announced: Announced,
    plan: Plan,
) -> Migrated:
    """Compare the migrated copy with the shadow, and both with what is announced.

    Args:
        shadow: the database before.
        before: what it holds.
        sound: what was wrong with it already.
        migrated: the database after.
        announced: what may have changed.
        plan: names renamed tables.
    """
    state = state_of(migrated, renames=plan.renames)
    drift = diff(before.snapshot, state.snapshot)
    known = before.snapshot.objects
    return Migrated(
        state=state,
        drift=drift,
        deviations=announced.deviations(before.snapshot, state.snapshot),
        oddities=tuple(map(str, odd_partitions(state.snapshot, before.snapshot))),
        content=announced.excused(
            compare_content(
                shadow,
                migrated,
                renames=plan.renames,
                allowed=announced.rows,
                drops=announced.drops,
                known=before.content,
            )
        ),
        unsound=tuple(sound.worse(look_over(migrated), known, plan.renames)),
    )
