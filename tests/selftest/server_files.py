"""What a server holds of a database, down to the bytes of its files."""

from __future__ import annotations

import hashlib
from pathlib import Path

from shadowgate.server import Server

_CATALOGUE = """
SELECT d.oid, d.datdba, d.datacl::text, d.dattablespace, d.datallowconn, d.datconnlimit,
       shobj_description(d.oid, 'pg_database'),
       (SELECT array_agg(s.setconfig::text) FROM pg_db_role_setting AS s
        WHERE s.setdatabase = d.oid),
       (SELECT xact_commit + xact_rollback FROM pg_stat_database AS t WHERE t.datid = d.oid)
FROM pg_database AS d
WHERE d.datname = %s
"""


def files_of(server: Server, name: str) -> tuple[object, ...]:
    """Identity, settings and transactions of a database, and a hash of each of its files."""
    with server.maintenance.connect() as connection:
        connection.execute("CHECKPOINT")
        row = connection.execute(_CATALOGUE, [name]).fetchone()
        folder = connection.execute("SHOW data_directory").fetchone()
    assert row is not None
    assert folder is not None
    files = sorted((Path(folder[0]) / "base" / str(row[0])).iterdir())
    return (*row, {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files})
