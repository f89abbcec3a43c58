"""Who reads production's WAL: slots and servers that lag keep it, until the disk is full."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shadowgate.production.answers import Line, Question
from shadowgate.production.known import Known

POSITION = """
    (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END)
"""
"""Where WAL has come to."""


@dataclass(frozen=True)
class Slot:
    """A replication slot."""

    name: str
    active: bool
    wal_status: str | None
    """As ``pg_replication_slots`` has it: ``reserved``, ``extended``, ``unreserved``, ``lost``."""
    kept_bytes: int | None


def judge_slots(rows: Sequence[Slot], _known: Known) -> Iterator[Line]:
    """A slot that keeps more than ``max_wal_size`` already will keep the migration's WAL too."""
    if not rows:
        yield Line("replication slots", "none")
    for row in rows:
        kept = f", keeps {megabytes(row.kept_bytes)}" if row.kept_bytes else ""
        said = f"{row.name} {'active' if row.active else 'inactive'}{kept}, {row.wal_status or '-'}"
        if row.wal_status not in (None, "reserved"):
            meaning = "let its reader catch up, or drop it: it keeps WAL beyond max_wal_size"
            yield Line("replication slot", said, "reserved", "stop", meaning)
        else:
            meaning = "" if row.active else "nobody reads from it; it keeps the migration's WAL"
            yield Line("replication slot", said, "", "fine" if row.active else "note", meaning)


SLOTS: Question[Known, Slot] = Question(
    "replication slots",
    f"""
    SELECT
        slot_name::text AS name,
        active,
        wal_status,
        pg_wal_lsn_diff({POSITION}, restart_lsn)::bigint AS kept_bytes
    FROM pg_replication_slots
    WHERE NOT temporary OR active
    ORDER BY slot_name
    """,  # noqa: S608 - no value is put into it
    Slot,
    judge_slots,
)


@dataclass(frozen=True)
class Reader:
    """A server or program that follows the WAL."""

    name: str
    state: str | None
    """``None`` where the role may not see it."""
    behind_bytes: int | None
    most_bytes: int
    """``max_wal_size``."""


def judge_readers(rows: Sequence[Reader], _known: Known) -> Iterator[Line]:
    """One that lags by more than ``max_wal_size`` lags more once the migration writes."""
    if not rows:
        yield Line("replication", "nobody follows")
    for row in rows:
        if row.state == "backup":
            yield Line("replication", f"{row.name} takes a base backup", "", "note")
            continue
        if row.state is None or row.behind_bytes is None:
            meaning = "the role may not see it: GRANT pg_monitor TO it"
            yield Line("replication", row.name, "", "not answered", meaning)
            continue
        said = f"{row.name} {row.state}, {megabytes(row.behind_bytes)} behind"
        limit = f"at most max_wal_size, {megabytes(row.most_bytes)}"
        late = row.behind_bytes > row.most_bytes
        meaning = "let it catch up first" if late else ""
        yield Line("replication", said, limit, "stop" if late else "fine", meaning)


READERS: Question[Known, Reader] = Question(
    "replication",
    f"""
    SELECT
        coalesce(nullif(application_name, ''), usename::text, 'a reader') AS name,
        state,
        pg_wal_lsn_diff({POSITION}, coalesce(replay_lsn, flush_lsn, write_lsn, sent_lsn))::bigint
            AS behind_bytes,
        pg_size_bytes(current_setting('max_wal_size')) AS most_bytes
    FROM pg_stat_replication
    ORDER BY 1
    """,  # noqa: S608 - no value is put into it
    Reader,
    judge_readers,
)


def megabytes(size: int) -> str:
    """A size in MB, as PostgreSQL counts them."""
    return f"{size / 2**20:,.0f} MB"
