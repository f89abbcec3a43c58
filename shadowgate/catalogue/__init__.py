"""What a database holds: its catalogues and its content, and how two of them differ."""

from shadowgate.catalogue.content import (
    AllowedChanges,
    ContentComparison,
    LeftOut,
    compare_content,
)
from shadowgate.catalogue.definitions import DefinitionChange, definition_changes
from shadowgate.catalogue.diff import Change, Drift, diff
from shadowgate.catalogue.expect import (
    Area,
    Deviation,
    Deviations,
    Expectation,
    deviations_from,
    names_object,
)
from shadowgate.catalogue.fingerprint import (
    LARGE_OBJECTS,
    Sums,
    TableFingerprint,
    fingerprint,
)
from shadowgate.catalogue.geometries import (
    Geometries,
    geometry_problems,
    new_geometry_problems,
    survey_geometries,
)
from shadowgate.catalogue.integrity import Integrity, check_restored
from shadowgate.catalogue.later_rows import LaterRows, follow_later_rows
from shadowgate.catalogue.object_kinds import KINDS
from shadowgate.catalogue.partitions import OddPartition, odd_partitions
from shadowgate.catalogue.renames import renamed_tables
from shadowgate.catalogue.routines import (
    Broken,
    broken_routines,
    newly_broken,
    offers_plpgsql_check,
)
from shadowgate.catalogue.rows import (
    ColumnDifference,
    Meanwhile,
    RowDifferences,
    Rows,
    differing_rows,
    every_row_lost,
)
from shadowgate.catalogue.sequences import (
    SequenceBehind,
    new_sequences_behind,
    sequences_behind,
)
from shadowgate.catalogue.snapshot import (
    CatalogueObject,
    ObjectId,
    Snapshot,
    read_catalogue,
    take_snapshot,
)
from shadowgate.catalogue.unread_routines import (
    InDoubt,
    UnreadRoutine,
    in_doubt,
    unread_routines,
)

__all__ = [
    "KINDS",
    "LARGE_OBJECTS",
    "AllowedChanges",
    "Area",
    "Broken",
    "CatalogueObject",
    "Change",
    "ColumnDifference",
    "ContentComparison",
    "DefinitionChange",
    "Deviation",
    "Deviations",
    "Drift",
    "Expectation",
    "Geometries",
    "InDoubt",
    "Integrity",
    "LaterRows",
    "LeftOut",
    "Meanwhile",
    "ObjectId",
    "OddPartition",
    "RowDifferences",
    "Rows",
    "SequenceBehind",
    "Snapshot",
    "Sums",
    "TableFingerprint",
    "UnreadRoutine",
    "broken_routines",
    "check_restored",
    "compare_content",
    "definition_changes",
    "deviations_from",
    "diff",
    "differing_rows",
    "every_row_lost",
    "fingerprint",
    "follow_later_rows",
    "geometry_problems",
    "in_doubt",
    "names_object",
    "new_geometry_problems",
    "new_sequences_behind",
    "newly_broken",
    "odd_partitions",
    "offers_plpgsql_check",
    "read_catalogue",
    "renamed_tables",
    "sequences_behind",
    "survey_geometries",
    "take_snapshot",
    "unread_routines",
]
