"""Keeps a copy current: logical replication from the primary, as the written plan has it.

A publication with ``publish_via_partition_root``, so that the partitions of both sides may differ,
and a subscription without an initial copy, because both databases begin with the same rows. It ends
before the primary is migrated: rows that the migration moves on the primary would arrive on the
copy as rows that were deleted and inserted.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from shadowgate.catalogue.fingerprint import find, pinned
from shadowgate.language import sentence
from shadowgate.server.base import Connection, Database, Server
from shadowgate.server.differences import holds
from shadowgate.traffic.acknowledged import Key
from shadowgate.traffic.canary.statements import Statement, acknowledged

CATCH_UP_SECONDS = 5.0
_POLL_SECONDS = 0.005
_SUBSCRIBED = """
SELECT 1
FROM pg_catalog.pg_subscription AS s
JOIN pg_catalog.pg_database AS d ON d.oid = s.subdbid
WHERE d.datname = pg_catalog.current_database() AND s.subname = %s
"""
_UNSUBSCRIBE = (
    "ALTER SUBSCRIPTION {} DISABLE",
    "ALTER SUBSCRIPTION {} SET (slot_name = NONE)",
    "DROP SUBSCRIPTION {}",
)
_NO_MARKS = "SET client_min_messages = warning; DROP SCHEMA IF EXISTS {name} CASCADE"
_MARKS = "CREATE SCHEMA {name}; CREATE TABLE {name}.marks (mark bigint PRIMARY KEY)"
_PUBLISHED = """
SELECT
    pg_catalog.format('%I.%I', n.nspname, c.relname),
    c.relreplident = 'f'
    OR EXISTS (
        SELECT
        FROM pg_catalog.pg_index AS i
        WHERE i.indrelid = c.oid
            AND CASE c.relreplident WHEN 'i' THEN i.indisreplident
                WHEN 'd' THEN i.indisprimary END
    )
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p')
    AND NOT c.relispartition
    AND c.relpersistence = 'p'
    AND c.oid >= 16384
    AND n.nspname !~ '^pg_'
ORDER BY 1
"""


@dataclass
class Following:
    """A copy as it follows the primary."""

    primary: Database
    copy: Database
    name: str
    """Of the subscription and of what it needs; the primary has those of every copy."""
    why_not: str = ""
    """Why it does not follow; empty if it does."""
    active: bool = False
    lags: list[float] = field(default_factory=list)
    """Seconds from a commit on the primary to its row on the copy, each time it was asked."""
    slot: str = field(default_factory=lambda: f"shadowgate_{uuid.uuid4().hex[:12]}")
    """Name of the replication slot; slots belong to the whole server."""
    tried: dict[str, dict[Key, str]] = field(default_factory=dict)
    """Table -> rows of the writes that were tried, committed on the primary."""
    _mark: int = 0

    def caught_up(self, seconds: float = CATCH_UP_SECONDS) -> bool:
        """Wait until the copy has what is committed on the primary now; whether it came."""
        self._mark += 1
        name = sql.Identifier(self.name)
        insert = sql.SQL("INSERT INTO {}.marks VALUES ({})").format(name, sql.Literal(self._mark))
        there = sql.SQL("SELECT 1 FROM {}.marks WHERE mark = {}").format(
            name, sql.Literal(self._mark)
        )
        with self.primary.connect() as old, self.copy.connect() as new:
            old.execute("SET synchronous_commit = on")  # else it is sent with the next flush
            old.execute(insert)
            began = time.monotonic()
            while time.monotonic() - began < seconds:
                if new.execute(there).fetchone():
                    self.lags.append(time.monotonic() - began)
                    return True
                if _is_refused(new):
                    return False
                time.sleep(_POLL_SECONDS)
        return False

    def stop(self) -> None:
        """End the subscription and what it needs on the primary. Safe to call again."""
        if not self.active:
            return
        self.active = False
        name = sql.Identifier(self.name)
        with self.copy.connect() as new:
            there = new.execute(_SUBSCRIBED, (self.name,)).fetchone()
            for statement in _UNSUBSCRIBE if there else ():
                new.execute(sql.SQL(statement).format(name))
            new.execute(sql.SQL(_NO_MARKS).format(name=name))
        with self.primary.connect() as old:
            _drop_slot(old, self.slot)
            inserts = sql.Identifier(f"{self.name}_inserts")
            old.execute(sql.SQL("DROP PUBLICATION IF EXISTS {}, {}").format(name, inserts))
            old.execute(sql.SQL(_NO_MARKS).format(name=name))


def _is_refused(connection: Connection) -> bool:
    """Whether the canary's schema has refused a row, as far as the server tells (since 15)."""
    if not holds("subscription_errors", connection.info.server_version):
        return False
    refused = "SELECT 1 FROM pg_catalog.pg_stat_subscription_stats WHERE apply_error_count > 0"
    return connection.execute(refused).fetchone() is not None


def _drop_slot(connection: Connection, name: str) -> None:
    """Drop a slot; its sender needs a moment to notice that nobody reads any more."""
    deadline = time.monotonic() + CATCH_UP_SECONDS
    while True:
        try:
            connection.execute(
                "SELECT pg_catalog.pg_drop_replication_slot(slot_name) "
                "FROM pg_catalog.pg_replication_slots WHERE slot_name = %s",
                (name,),
            )
            return
        except psycopg.errors.ObjectInUse:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def all_tables(primary: Database) -> frozenset[str]:
    """Users' tables, partitioned ones as a whole."""
    with primary.connect() as connection, pinned(connection):
        return frozenset(table.name for table in find(connection))


def followed_tables(primary: Database, canary: Database) -> frozenset[str]:
    """Tables of which every change is published: they have a replica identity, on both sides."""
    with primary.connect() as old, canary.connect() as new:
        there = {name for name, _ in new.execute(_PUBLISHED)}
        return frozenset(name for name, full in old.execute(_PUBLISHED) if full and name in there)


@contextmanager
def following(
    server: Server,
    primary: Database,
    copy: Database,
    writes: Sequence[Statement],
    name: str = "shadowgate_canary",
) -> Iterator[Following]:
    """Have a copy follow the primary; see ``why_not`` of what is given.

    Each of the writes is committed once and must arrive: a canary whose schema does not take them
    is known before the first request.

    Args:
        server: both databases are on it.
        primary: what clients write to.
        copy: what has to follow.
        writes: that clients will commit.
        name: of the subscription; one for each copy.
    """
    found = Following(primary, copy, name)
    if not server.owned:
        found.why_not = sentence(
            "the server is not of this run, which leaves no subscription on another's; only reads "
            "were rehearsed"
        )
    elif server.facts.settings.get("wal_level") != "logical":
        found.why_not = sentence(
            "wal_level is not logical on this server; only reads were rehearsed"
        )
    if found.why_not:
        yield found
        return
    try:
        try:
            found.active = True
            _begin(found)
        except psycopg.Error as error:  # an event trigger that allows no DDL, say
            found.why_not = sentence(
                "logical replication cannot be set up: {error}; only reads were rehearsed",
                error=error.diag.message_primary or str(error),
            )
            found.stop()
        else:
            _try_writes(found, writes)
        yield found
    finally:
        with suppress(psycopg.OperationalError):  # the server is gone, and all of it
            found.stop()


def _begin(found: Following) -> None:
    name = sql.Identifier(found.name)
    with found.primary.connect() as old, found.copy.connect() as new:
        for connection in (old, new):
            connection.execute(sql.SQL(_MARKS).format(name=name))
        there = {name for name, _ in new.execute(_PUBLISHED)}
        tables = [row for row in old.execute(_PUBLISHED) if row[0] in there]
        publications = []
        for suffix, wanted, option in (("", True, ""), ("_inserts", False, ", publish = 'insert'")):
            listed = [table for table, identified in tables if identified == wanted]
            if listed:
                publications.append(sql.Identifier(f"{found.name}{suffix}"))
                old.execute(
                    sql.SQL(
                        "CREATE PUBLICATION {} FOR TABLE {} "
                        f"WITH (publish_via_partition_root = true{option})"
                    ).format(publications[-1], sql.SQL(", ").join(map(sql.SQL, listed)))
                )
        old.execute(
            "SELECT pg_catalog.pg_create_logical_replication_slot(%s, 'pgoutput')", (found.slot,)
        )
        at = found.primary.endpoint
        conninfo = make_conninfo(
            "",
            host=at.host,
            port=at.port,
            user=at.user,
            password=at.password,
            dbname=found.primary.name,
        )
        # The statement has a password: no log and no statistics may keep it.
        for setting in (
            "log_statement = none",
            "log_min_error_statement = panic",
            "log_min_duration_statement = -1",
            "log_duration = off",
        ):
            new.execute(f"SET {setting}".encode())
        with suppress(psycopg.Error):
            new.execute("SET pg_stat_statements.track = none")
        new.execute(
            sql.SQL(
                "CREATE SUBSCRIPTION {} CONNECTION {} PUBLICATION {} "
                "WITH (create_slot = false, slot_name = {}, copy_data = false)"
            ).format(
                name,
                sql.Literal(conninfo),
                sql.SQL(", ").join(publications),
                sql.Literal(found.slot),
            )
        )


def _try_writes(found: Following, writes: Sequence[Statement]) -> None:
    with found.primary.connect() as connection:
        for one in writes:
            if one.follows:
                rows = psycopg.ClientCursor(connection).execute(one.before.encode()).fetchall()
                found.tried.setdefault(one.follows.name, {}).update(acknowledged(rows))
    if not found.caught_up():
        found.why_not = sentence(
            "the writes do not reach the migrated schema by logical replication, so the canary "
            "cannot be kept current; only reads were rehearsed"
        )
        found.stop()
