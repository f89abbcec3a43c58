"""What a database holds: its catalogues and its content, and how two of them differ."""

from shadowgate.catalogue.diff import Change, Drift, diff
from shadowgate.catalogue.expect import (
    KINDS,
    Area,
    Expectation,
    Finding,
    Judgement,
    judge,
    names_object,
)
from shadowgate.catalogue.fingerprint import Sums, TableFingerprint, fingerprint
from shadowgate.catalogue.integrity import CatalogueSettings, Integrity, check_restored
from shadowgate.catalogue.partitions import OddPartition, odd_partitions
from shadowgate.catalogue.rows import RowDifferences, Rows, differing_rows, every_row_lost
from shadowgate.catalogue.snapshot import CatalogueObject, ObjectId, Snapshot, take_snapshot

__all__ = [
    "KINDS",
    "Area",
    "CatalogueObject",
    "CatalogueSettings",
    "Change",
    "Drift",
    "Expectation",
    "Finding",
    "Integrity",
    "Judgement",
    "ObjectId",
    "OddPartition",
    "RowDifferences",
    "Rows",
    "Snapshot",
    "Sums",
    "TableFingerprint",
    "check_restored",
    "diff",
    "differing_rows",
    "every_row_lost",
    "fingerprint",
    "judge",
    "names_object",
    "odd_partitions",
    "take_snapshot",
]
