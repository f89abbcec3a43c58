"""How values are written as text, wherever they are drawn or asked for."""

from __future__ import annotations

from psycopg import sql

from shadowgate.server.base import Connection

TEXT_FORMS = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
}
"""How values are written as text and read from it."""


def write_values_alike(connection: Connection) -> None:
    """Let values be written as text in the way that every timed session reads them.

    Holds until the transaction ends.
    """
    for name, value in TEXT_FORMS.items():
        connection.execute(
            sql.SQL("SET LOCAL {} = {}").format(sql.Identifier(name), sql.Literal(value))
        )
