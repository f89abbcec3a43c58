"""A watch that also counts which rows each statement looked at or wrote, table by table.

Unlike times these counts have no noise: what looks at no more rows of a larger table takes no
longer there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import LiteralString

from psycopg.pq import TransactionStatus

from shadowgate.migrate.script import Statement
from shadowgate.migrate.watch import LockWatch, Seen
from shadowgate.server.differences import holds

# An index counts for its table, and a partition for the table that it is a part of.
_WORK = """
SELECT coalesce(pg_catalog.pg_partition_root(t.oid::regclass)::oid, t.oid)::bigint,
       sum(t.work)::bigint
FROM (
    SELECT coalesce(i.indrelid, c.oid) AS oid,
           {inserted}(c.oid) + {updated}(c.oid) + {deleted}(c.oid) + {returned}(c.oid) AS work
    FROM pg_catalog.pg_class AS c
    LEFT JOIN pg_catalog.pg_index AS i ON i.indexrelid = c.oid
    WHERE c.oid >= 16384
      AND c.relkind IN ('r', 'm', 'i')
) AS t
WHERE t.work > 0
GROUP BY 1
"""
_COUNTERS = ("inserted", "updated", "deleted", "returned")


def _work_sql(prefix: str) -> str:
    names = {each: f"pg_catalog.{prefix}tuples_{each}" for each in _COUNTERS}
    return _WORK.format(**names)


_OF_TRANSACTION = _work_sql("pg_stat_get_xact_")
_OF_SERVER = _work_sql("pg_stat_get_")
_FLUSH: LiteralString = "SELECT pg_catalog.pg_stat_force_next_flush()"

Work = Mapping[int, int]
"""Object id of a table -> rows, and entries of its indexes, that were looked at or written."""


@dataclass
class WorkWatch(LockWatch):
    """Watches locks, and work by statement and table; on a copy that nobody else uses."""

    work: dict[int, Work | None] = field(default_factory=dict)
    """Number of a statement -> its work; ``None`` where the server does not tell."""

    def statement_begins(self, statement: Statement) -> None:
        """Note the counters as they stand."""
        self._number = statement.number
        self._counted = self._count()
        super().statement_begins(statement)

    def statement_done(self) -> Seen:
        """Tell what came on top of them."""
        seen = super().statement_done()
        before, after = self._counted, self._count()
        if before is None or after is None:
            self.work[self._number] = None
        else:
            more = {oid: count - before.get(oid, 0) for oid, count in after.items()}
            self.work[self._number] = {oid: count for oid, count in more.items() if count > 0}
        return seen

    def _count(self) -> dict[int, int] | None:
        """In a transaction the session's own counters; else what it handed over to the server's."""
        info = self._session.info
        if info.transaction_status == TransactionStatus.INTRANS:
            return dict(self._session.execute(_OF_TRANSACTION.encode()).fetchall())
        if not holds("statistics_flush", info.server_version):
            return None
        self._session.execute(_FLUSH)
        return dict(self._session.execute(_OF_SERVER.encode()).fetchall())
