"""What differs between the supported major versions of PostgreSQL, in one table.

Whatever the code does differently by version asks here, so that a new version is looked over in
one place; ``docs/versions.md`` shows the table. Catalogue queries that hold for all versions as
they are written, such as one that leaves out constraints that older ones lack, are listed too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """One thing that is not the same in all supported versions."""

    since: int
    """Major version from which on it is so."""
    what: str
    """How it is since then; one sentence."""
    here: str
    """What is done about it; one sentence."""

    def holds(self, version_num: int) -> bool:
        """Whether it is so on a server (``server_version_num``)."""
        return version_num >= self.since * 10_000


DIFFERENCES: Mapping[str, Difference] = {
    "statistics_flush": Difference(
        15,
        "A session can hand its counters over to the server's statistics at once.",
        "Rows of statements that commit inside are counted; before, those of all others alone.",
    ),
    "subscription_errors": Difference(
        15,
        "The server counts what a subscription could not apply (`pg_stat_subscription_stats`).",
        "A canary that cannot follow is known at once in phase 10; before, after five seconds.",
    ),
    "security_invoker": Difference(
        15,
        "A view can run with the rights of its reader (`security_invoker`).",
        "Losing it is a finding about privileges; before, no view can have it.",
    ),
    "subscription_owner": Difference(
        16,
        "Any role can own a subscription.",
        "Before, a role that a dump makes the owner of one is made a superuser in our own server.",
    ),
    "transaction_timeout": Difference(
        17,
        "pg_dump and pg_restore set `transaction_timeout`, which older servers do not know.",
        "Client tools are taken of the server's own version; of a plain dump the line is left out.",
    ),
    "statistics_target": Difference(
        17,
        "A column without a statistics target of its own has none, instead of -1.",
        "It is read as -1, so that partitions with and without one are told apart.",
    ),
    "not_null_constraints": Difference(
        18,
        "NOT NULL is a constraint with a name, which can be NOT VALID or NO INHERIT.",
        "It stays what it is to a script on any version, a column's `not_null`; that it is not "
        "validated is found in phase 2, and a script that validates or drops it may change it.",
    ),
    "virtual_columns": Difference(
        18,
        "A generated column is computed when it is read unless it is STORED.",
        "Whether a column is virtual is compared.",
    ),
    "file_copy_method": Difference(
        18,
        "CREATE DATABASE can clone files where the file system shares blocks between them.",
        "It is asked to (`file_copy_method = clone`); where it cannot, files are copied as before.",
    ),
    "not_enforced": Difference(
        18,
        "Check and foreign keys can be NOT ENFORCED.",
        "Such a one counts as not validated, and its definition is compared.",
    ),
}


def holds(name: str, version_num: int) -> bool:
    """Whether a difference holds on a server (``server_version_num``).

    Raises:
        KeyError: there is no such difference.
    """
    return DIFFERENCES[name].holds(version_num)
