"""What the migration changed, held against the shadow and against what is announced."""

from __future__ import annotations

from dataclasses import dataclass

from shadowgate.catalogue import (
    Area,
    ContentComparison,
    DefinitionChange,
    Deviation,
    Deviations,
    Drift,
    compare_content,
    definition_changes,
    diff,
    in_doubt,
    odd_partitions,
    renamed_tables,
    unread_routines,
)
from shadowgate.evidence import Difference, Table
from shadowgate.language import nsentence, sentence
from shadowgate.phases.facts import broken_by
from shadowgate.phases.migration.announced import Announced
from shadowgate.phases.restore.soundness import Soundness, look_over
from shadowgate.phases.restore.state import State, state_of
from shadowgate.plan import Plan
from shadowgate.server import Database

_SHOWN = 40
"""Objects whose definitions are shown."""

_LINES = 120
"""Lines of each."""


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
    definitions: tuple[DefinitionChange, ...]
    """What was created, changed and dropped, by its definition before and after."""
    unsound: tuple[str, ...]
    """What is wrong with what it left, though it was announced, a sentence each."""
    in_doubt: tuple[str, ...]
    """What may be wrong with it and cannot be looked into on this server, a sentence each."""
    unread: int
    """Routines and triggers that this server cannot look into, in doubt or not."""

    def unexpected(self, area: Area) -> list[Deviation]:
        """What happened unannounced in one area."""
        return [found for found in self.deviations.unexpected if found.area == area]

    def changes_table(self) -> Table:
        """All that changed in the catalogue, what was not announced first."""
        surprising = [(str(found), sentence("no")) for found in self.deviations.unexpected]
        expected = [(said, sentence("yes")) for said in self.deviations.expected]
        return Table("What changed", ("change", "announced"), (*surprising, *expected))

    def differences(self) -> tuple[Difference, ...]:
        """What was created, changed and dropped, by definition: so many, and what is left out."""
        shown = [Difference(str(each), _cut(each.lines)) for each in self.definitions[:_SHOWN]]
        names = [str(each) for each in self.definitions[_SHOWN:]]
        left_out = [
            Difference(
                nsentence("{n} more", "{n} more", len(names)), tuple(f"  {name}" for name in names)
            )
        ]
        return tuple(shown + left_out if names else shown)

    def relations_of(self, area: Area) -> set[str]:
        """The relations of what happened unannounced in one area, by name."""
        found = {each.object for each in self.deviations.unexpected if each.area == area}
        known = {**self.drift.created, **self.state.snapshot.objects, **self.drift.dropped}
        wholes = {identity: known[identity].part_of for identity in found if identity in known}
        return {whole.name for identity, parts in wholes.items() for whole in parts or (identity,)}

    def broken(self, area: Area) -> set[str]:
        """The facts that no longer hold by what happened unannounced in one area."""
        return broken_by(
            self.drift,
            (found.object for found in self.deviations.unexpected if found.area == area),
        )


def _cut(lines: tuple[str, ...]) -> tuple[str, ...]:
    more = len(lines) - _LINES
    return (
        (*lines[:_LINES], nsentence("… {n} more line", "… {n} more lines", more))
        if more > 0
        else lines
    )


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
    with migrated.connect() as connection:
        unread = unread_routines(connection)
    # A plan names what it renames; where there is none, rows are not lost by another name.
    renamed = renamed_tables(shadow, migrated) if announced.text else {}
    data = announced.by_old_names(renamed)
    return Migrated(
        state=state,
        drift=drift,
        definitions=tuple(definition_changes(before.snapshot, state.snapshot, drift)),
        deviations=announced.deviations(before.snapshot, state.snapshot),
        oddities=tuple(map(str, odd_partitions(state.snapshot, before.snapshot))),
        content=data.excused(
            compare_content(
                shadow,
                migrated,
                renames={**renamed, **plan.renames},
                allowed=data.rows,
                drops=data.drops_by_old_names(renamed),
                known=before.content,
            )
        ),
        unsound=tuple(sound.worse(look_over(migrated), known, plan.renames)),
        in_doubt=tuple(map(str, in_doubt(unread, drift, state.snapshot))),
        unread=len(unread),
    )
