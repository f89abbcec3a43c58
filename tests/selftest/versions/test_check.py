"""`shadowgate check` on every supported version, on a database without PostGIS."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shadowgate.server import Server
from shadowgate.server.local import LocalServer
from tests.selftest.backup.dumps import dump
from tests.selftest.conftest import ROOM_BYTES, SETTINGS
from tests.selftest.other_versions import PACKAGES, postgres_of, with_path
from tests.selftest.plain_database import plain_database
from tests.selftest.shadow_runs import ROOT, ShadowRun, run_elsewhere

ORDERS = ROOT / "examples" / "orders"
KEEPS = ORDERS / "migrations" / "20260301_order_note.sql"
PROOFS = "server or database or backup or clean or fingerprint or applied or rows_identical"
LOSES = ORDERS / "migrations" / "20260308_drop_open_orders.sql"


def production(server: Server, path: Path) -> Path:
    """A dump of the shop, as production of that version has it."""
    with plain_database(server) as base:
        with base.connect() as connection:
            connection.execute((ORDERS / "base.sql").read_bytes())
        return dump(server, base, path, "--format=custom")


@pytest.mark.parametrize("major", PACKAGES)
def test_a_harmless_migration_may_go_and_one_that_loses_rows_may_not(
    major: int, tmp_path: Path
) -> None:
    installation = postgres_of(major)
    server = LocalServer(installation, settings=SETTINGS, room_bytes=ROOM_BYTES)
    try:
        backup = production(server, tmp_path / "production.dump")
    finally:
        server.close()
    back = KEEPS.with_name(f"{KEEPS.stem}_down.sql")

    def check(script: Path, *brief: str) -> ShadowRun:
        folder = tmp_path / script.stem
        folder.mkdir()
        asked = (str(script), f"--rollback={back}", f"--backup={backup}", "--server=local", *brief)
        return run_elsewhere(
            folder, "shadowgate", "check", *asked, env={**os.environ, **with_path(installation)}
        )

    with ThreadPoolExecutor(2) as pool:
        futures = pool.submit(check, KEEPS), pool.submit(check, LOSES, "-k", PROOFS)
        keeps, loses = (future.result() for future in futures)
    assert keeps.document["server"]["version"].startswith(f"{major}."), keeps.output[-2000:]
    assert keeps.document["server"]["postgis"] == ""
    assert (keeps.status, keeps.document["verdict"]) == (0, "GO"), keeps.output[-3000:]
    assert not keeps.failed()
    assert keeps.statuses["restore.geometries"] == "skipped"
    assert (loses.status, loses.document["verdict"]) == (1, "NO-GO"), loses.output[-3000:]
    assert "rollback.rows_identical" in loses.failed()


COUNTED = """
CREATE TABLE piece (id int PRIMARY KEY, note text, kind text);
INSERT INTO piece SELECT n, 'x', 'y' FROM generate_series(1, 9) AS n;
CREATE FUNCTION counted() RETURNS bigint LANGUAGE plpgsql
    AS 'BEGIN RETURN (SELECT count(note) FROM piece); END';
"""


@pytest.mark.parametrize(("column", "status"), [("note", "inconclusive"), ("kind", "passed")])
def test_without_plpgsql_check_a_routine_that_names_what_goes_is_not_passed(
    newest: Server, tmp_path: Path, column: str, status: str
) -> None:
    installation = postgres_of(max(PACKAGES))
    with plain_database(newest) as base:
        with base.connect() as connection:
            connection.execute(COUNTED.encode())
        backup = dump(newest, base, tmp_path / "production.dump", "--format=custom")
    script = tmp_path / "m.sql"
    script.write_text(f"SET lock_timeout = '1s';\nALTER TABLE piece DROP COLUMN {column};\n")
    found = run_elsewhere(
        tmp_path,
        *("shadowgate", "check", str(script), f"--backup={backup}", "--server=local"),
        *("-k", f"{PROOFS} or objects"),
        env={**os.environ, **with_path(installation)},
    )
    assert found.statuses["migration.objects"] == status, found.output[-3000:]
    (detail,) = (
        check["detail"] for check in found.document["checks"] if check["id"] == "migration.objects"
    )
    assert "1 routine or trigger in PL/pgSQL was not looked into" in detail
