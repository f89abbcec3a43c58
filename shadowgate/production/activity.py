"""Who is at work there: long transactions, prepared ones, locks on what the migration touches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shadowgate.production.answers import Line, Question
from shadowgate.production.known import HELD_SECONDS, LONG_SECONDS, Known
from shadowgate.report.words import duration

_WEAK = frozenset({"AccessShareLock", "RowShareLock", "RowExclusiveLock"})
"""What every query takes; harmless while the transaction is short."""

TOUCHED = """
    touched AS (
        SELECT to_regclass(named.name)::oid AS oid
        FROM unnest(%(tables)s::text[]) AS named (name)
        UNION
        SELECT tree.relid::oid
        FROM unnest(%(tables)s::text[]) AS named (name)
        CROSS JOIN LATERAL pg_partition_tree(to_regclass(named.name)) AS tree
    )
"""
"""A common table expression: the tables touched, with their partitions."""


@dataclass(frozen=True)
class Transaction:
    """A transaction of another session in this database."""

    pid: int
    who: str
    state: str | None
    """``None`` where the role may not see it."""
    seconds: float | None
    visible: bool


def judge_transactions(rows: Sequence[Transaction], _known: Known) -> Iterator[Line]:
    """A transaction that has been open for long stops the migration, or the migration everybody."""
    if any(not row.visible for row in rows):
        yield Line(
            "transactions",
            "not visible",
            "",
            "not answered",
            "the role may not see other sessions: GRANT pg_monitor TO it",
        )
    long = [row for row in rows if row.seconds is not None and row.seconds > LONG_SECONDS]
    for row in long:
        topic = "idle in transaction" if (row.state or "").startswith("idle") else "transaction"
        said = f"{row.who} (pid {row.pid}), open for {duration(row.seconds or 0)}"
        meaning = "wait for its end, or end it: what the migration locks queues behind it"
        yield Line(topic, said, f"at most {duration(LONG_SECONDS)}", "stop", meaning)
    if not long and all(row.visible for row in rows):
        yield Line("transactions", f"none longer than {duration(LONG_SECONDS)}")


TRANSACTIONS: Question[Known, Transaction] = Question(
    "transactions",
    """
    SELECT
        pid,
        concat_ws(' ', usename, nullif(application_name, '')) AS who,
        state,
        extract(epoch FROM clock_timestamp() - xact_start)::float8 AS seconds,
        coalesce(
            pg_has_role(usesysid, 'USAGE') OR pg_has_role('pg_read_all_stats', 'USAGE'), false
        ) AS visible
    FROM pg_stat_activity
    WHERE datname = current_database()
      -- Whoever may not see a session does not see its type either.
      AND coalesce(backend_type, 'client backend') = 'client backend'
      AND pid <> pg_backend_pid()
    ORDER BY xact_start
    """,
    Transaction,
    judge_transactions,
)


@dataclass(frozen=True)
class Prepared:
    """A prepared transaction of this database."""

    gid: str
    owner: str
    seconds: float


def judge_prepared(rows: Sequence[Prepared], _known: Known) -> Iterator[Line]:
    """A forgotten one keeps its locks through restarts."""
    if not rows:
        yield Line("prepared transactions", "none")
    for row in rows:
        old = row.seconds > HELD_SECONDS
        said = f"{row.gid} of {row.owner}, for {duration(row.seconds)}"
        meaning = "COMMIT PREPARED or ROLLBACK PREPARED it: it keeps its locks" if old else ""
        yield Line("prepared transaction", said, "", "stop" if old else "note", meaning)


PREPARED: Question[Known, Prepared] = Question(
    "prepared transactions",
    """
    SELECT gid, owner::text, extract(epoch FROM clock_timestamp() - prepared)::float8 AS seconds
    FROM pg_prepared_xacts
    WHERE database = current_database()
    ORDER BY prepared
    """,
    Prepared,
    judge_prepared,
)


@dataclass(frozen=True)
class Held:
    """A lock that somebody holds on a table which the migration touches."""

    relation: str
    mode: str
    who: str
    seconds: float | None
    """Since its transaction began; ``None`` where that is not known."""
    yields: bool
    """Whether its holder steps back by itself: autovacuum, unless against wraparound."""


def judge_locks(rows: Sequence[Held], known: Known) -> Iterator[Line]:
    """What is locked strongly, or for long, the migration has to wait for."""
    in_the_way = [row for row in rows if not row.yields and _is_in_the_way(row)]
    for row in in_the_way:
        age = "" if row.seconds is None else f", for {duration(row.seconds)}"
        yield Line(
            f"lock on {row.relation}",
            f"{row.mode} of {row.who}{age}",
            "",
            "stop",
            "wait for its end: the migration would, and everybody behind it",
        )
    if not in_the_way:
        count = len(known.touched.tables)
        said = (
            f"none in the way; tables touched: {count}"
            if count
            else "no table is known to be touched"
        )
        yield Line("locks", said, "", "fine" if count else "note")


def _is_in_the_way(row: Held) -> bool:
    return row.mode not in _WEAK or row.seconds is None or row.seconds > HELD_SECONDS


LOCKS: Question[Known, Held] = Question(
    "locks",
    f"""
    WITH {TOUCHED}
    SELECT
        l.relation::regclass::text AS relation,
        l.mode,
        CASE WHEN l.pid IS NULL THEN 'a prepared transaction'
             ELSE concat_ws(' ', a.usename, a.backend_type, format('(pid %%s)', l.pid)) END AS who,
        extract(epoch FROM clock_timestamp() - min(a.xact_start))::float8 AS seconds,
        coalesce(a.backend_type = 'autovacuum worker'
                 AND a.query NOT LIKE '%%to prevent wraparound%%', false) AS yields
    FROM pg_locks AS l
    JOIN touched AS t ON t.oid = l.relation
    LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid
    WHERE l.locktype = 'relation'
      AND l.granted
      AND l.mode <> 'SIReadLock'  -- of serializable transactions: nobody waits for it
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND l.pid IS DISTINCT FROM pg_backend_pid()
    GROUP BY l.relation, l.mode, l.pid, a.usename, a.backend_type, a.query
    ORDER BY seconds DESC NULLS FIRST
    """,  # noqa: S608 - no value is put into it
    Held,
    judge_locks,
    lambda known: {"tables": known.touched.names},
)
