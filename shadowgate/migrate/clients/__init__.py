"""What clients could do before a migration and cannot do after it.

Nothing in the schema or in the rows shows that an application stands still: a default that is gone,
a check that today's rows do not meet, a unique index that ``ON CONFLICT`` needs. So writes such as
an application makes are tried on a copy from before and on a copy from after. What both refuse, or
what only the first refuses, is nobody's concern.

- *inserts*: the last rows of each table once more, under new keys; once without the columns that
  get a value by themselves, once with them.
- *updates*: a row of each table, to itself.
- *conflict targets*: each unique index as the target of ``ON CONFLICT``.
- *narrower columns* and *sequences*: what one takes or gives, beside what it holds today.
- *views*: columns that are gone or in another place since a view was made anew.
- *inheritance*: rows that a table showed with those of the tables that inherit from it.
- *calls*: of a function, that fit another one of its name as well.
- *computed values*: entries of indexes, stored columns and checks, by a function that is another
  one since.

A column that is dropped or renamed in so many words is no finding: the text announces it.
"""

from shadowgate.migrate.clients.refusals import (
    AMBIGUOUS_CALL,
    CHECK_NOT_MET,
    CONFLICT_TARGET_LOST,
    INHERITED_ROWS_LOST,
    INSERT_REFUSED,
    NARROWER_COLUMN,
    NARROWER_SEQUENCE,
    STALE_COLUMN,
    STALE_INDEX,
    UPDATE_REFUSED,
    VIEW_COLUMN_LOST,
    VIEW_COLUMN_MOVED,
    Refusals,
)
from shadowgate.migrate.clients.trial import find_refusals

__all__ = [
    "AMBIGUOUS_CALL",
    "CHECK_NOT_MET",
    "CONFLICT_TARGET_LOST",
    "INHERITED_ROWS_LOST",
    "INSERT_REFUSED",
    "NARROWER_COLUMN",
    "NARROWER_SEQUENCE",
    "STALE_COLUMN",
    "STALE_INDEX",
    "UPDATE_REFUSED",
    "VIEW_COLUMN_LOST",
    "VIEW_COLUMN_MOVED",
    "Refusals",
    "find_refusals",
]
