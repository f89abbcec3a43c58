"""What can be wrong with a database though its schema and its rows are as they should be."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from shadowgate.catalogue import (
    Broken,
    Geometries,
    ObjectId,
    SequenceBehind,
    broken_routines,
    new_geometry_problems,
    new_sequences_behind,
    newly_broken,
    sequences_behind,
    survey_geometries,
)
from shadowgate.server import Database


@dataclass(frozen=True)
class Soundness:
    """Whether programs run, sequences are ahead and geometries lie where they can."""

    broken: tuple[Broken, ...]
    """Routines, views and triggers that cannot run."""
    sequences: tuple[SequenceBehind, ...]
    geometries: Geometries

    def worse(
        self, after: Soundness, known: Collection[ObjectId], renames: Mapping[str, str]
    ) -> Iterator[str]:
        """What is wrong afterwards and was not before, a sentence each.

        Args:
            after: what was found then.
            known: the objects from before.
            renames: table -> the name that it has afterwards.
        """
        yield from map(str, newly_broken(self.broken, after.broken, known))
        yield from map(str, new_sequences_behind(self.sequences, after.sequences))
        yield from new_geometry_problems(self.geometries, after.geometries, renames)


def look_over(database: Database) -> Soundness:
    """Look a database over.

    Raises:
        psycopg.Error: something cannot be read.
    """
    with database.connect() as connection:
        return Soundness(
            broken=broken_routines(connection),
            sequences=sequences_behind(connection),
            geometries=survey_geometries(connection),
        )
