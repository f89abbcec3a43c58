"""The geometries that the migration left, drawn."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg

from shadowgate.catalogue.maps import table_maps
from shadowgate.catalogue.windows import windows_of
from shadowgate.evidence import Figure
from shadowgate.progress import Progress
from shadowgate.queries import Workload
from shadowgate.report.figures import table_map
from shadowgate.server import Database


def draw_maps(
    after: Database, workload: Workload | None, rows: Mapping[str, int], progress: Progress
) -> tuple[Figure, ...]:
    """Draw the tables that have geometries; none where there is none.

    A map shows and proves nothing: where one cannot be drawn, the run goes on without.

    Args:
        after: the migrated copy.
        workload: whose queries are framed, as far as they name a place.
        rows: of each table.
        progress: told what goes wrong.
    """
    queries = workload.queries if workload else ()
    asked = {each.id: windows_of(each.after.sql) for each in queries if each.kind == "read"}
    try:
        with after.connect() as connection:
            found = table_maps(connection, {name: each for name, each in asked.items() if each})
    except psycopg.Error as problem:
        progress(f"no map is drawn: {str(problem).splitlines()[0]}")
        return ()
    return tuple(table_map(each, rows.get(each.table)) for each in found)
