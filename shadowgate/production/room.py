"""Room: the database's size, and the WAL that the migration writes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shadowgate.production.answers import Line, Question
from shadowgate.production.known import Known
from shadowgate.production.replication import megabytes


@dataclass(frozen=True)
class Size:
    """The database on disk."""

    bytes: int


def judge_size(rows: Sequence[Size], known: Known) -> Iterator[Line]:
    """SQL does not tell what is free on a server's disk: whoever has its shell has to look."""
    (found,) = rows
    yield Line("database size", megabytes(found.bytes))
    wrote = known.wal_bytes
    needed = "" if wrote is None else f"the migration wrote {megabytes(wrote)} of WAL in the shadow"
    meaning = "look at the host: the server cannot tell over SQL"
    yield Line("free disk", "not known", needed, "note", meaning)


SIZE: Question[Known, Size] = Question(
    "database size",
    "SELECT pg_database_size(current_database()) AS bytes",
    Size,
    judge_size,
)


@dataclass(frozen=True)
class MaxWalSize:
    """After how much WAL a checkpoint is forced."""

    bytes: int


def judge_wal(rows: Sequence[MaxWalSize], known: Known) -> Iterator[Line]:
    """WAL beyond ``max_wal_size`` forces checkpoints, which the shadow may not have seen."""
    (found,) = rows
    said = f"max_wal_size {megabytes(found.bytes)}"
    wrote = known.wal_bytes
    if wrote is None:
        yield Line("WAL", said, "what the migration writes was not recorded", "note")
    elif wrote > found.bytes:
        meaning = "checkpoints are forced while it runs: raise max_wal_size, or run it when quiet"
        yield Line("WAL", said, f"the migration wrote {megabytes(wrote)}", "stop", meaning)
    else:
        yield Line("WAL", said, f"the migration wrote {megabytes(wrote)}")


WAL: Question[Known, MaxWalSize] = Question(
    "WAL",
    "SELECT pg_size_bytes(current_setting('max_wal_size')) AS bytes",
    MaxWalSize,
    judge_wal,
)
