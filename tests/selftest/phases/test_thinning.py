"""The small copy that a migration is interrupted on: less of everything, and still true."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from shadowgate.migrate import parse_script
from shadowgate.phases.migration.interruption import KEPT_ROWS, _thinned, interrupt
from shadowgate.phases.restore.state import state_of
from shadowgate.plan import Plan, RolloutSection
from shadowgate.progress import silent
from shadowgate.server import Database, Databases
from tests.selftest.migrating import value

MANY = 4 * KEPT_ROWS
SETUP = f"""
CREATE TABLE owner (id int PRIMARY KEY, self int REFERENCES owner);
INSERT INTO owner SELECT n, nullif(n - 1, 0) FROM generate_series(1, {MANY}) AS n;
CREATE TABLE pet (id int PRIMARY KEY, owner int NOT NULL REFERENCES owner);
INSERT INTO pet SELECT n, n FROM generate_series(1, {MANY}) AS n;
CREATE TABLE small (id int PRIMARY KEY);
INSERT INTO small SELECT generate_series(1, {KEPT_ROWS});
CREATE TABLE log (gone int);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO log VALUES (OLD.id); RETURN NULL; END';
CREATE TRIGGER noted AFTER DELETE ON pet FOR EACH ROW EXECUTE FUNCTION note();
CREATE TABLE part (id int, day date NOT NULL) PARTITION BY RANGE (day);
CREATE TABLE part_25 PARTITION OF part FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE part_26 PARTITION OF part FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO part SELECT n, date '2025-01-01' + n % 600 FROM generate_series(1, {MANY}) AS n;
CREATE TABLE line (id int PRIMARY KEY) PARTITION BY HASH (id);
CREATE TABLE line_0 PARTITION OF line FOR VALUES WITH (MODULUS 1, REMAINDER 0);
INSERT INTO line SELECT generate_series(1, {MANY});
CREATE TABLE item (id int PRIMARY KEY, line int REFERENCES line);
INSERT INTO item SELECT n, n FROM generate_series(1, {MANY}) AS n;
CREATE TABLE "Größe ""100%s"" x" (id int);
INSERT INTO "Größe ""100%s"" x" SELECT generate_series(1, {MANY});
CREATE TABLE parent (id int);
CREATE TABLE child (more int) INHERITS (parent);
INSERT INTO parent SELECT generate_series(1, {MANY});
INSERT INTO child SELECT n, n FROM generate_series(1, {KEPT_ROWS}) AS n;
CREATE TABLE held (id int);
INSERT INTO held SELECT generate_series(1, {MANY});
CREATE RULE held AS ON DELETE TO held DO INSTEAD NOTHING;
ALTER TABLE small ENABLE ROW LEVEL SECURITY;
"""  # noqa: S608


@contextmanager
def thinned(databases: Databases, folder: Path) -> Iterator[tuple[Database, Database]]:
    shadow = databases.create("thinning")
    with shadow.connect() as connection:
        connection.execute("CREATE EXTENSION postgis")
        connection.execute(SETUP.encode())
    with _thinned(shadow, state_of(shadow), databases, plan_of(folder)) as thin:
        yield shadow, thin


def plan_of(folder: Path) -> Plan:
    plan = Plan("m", "m", folder / "m.sql", RolloutSection(dt.date(2026, 3, 2)))
    return replace(plan, database="thinning")


def count(database: Database, table: str) -> int:
    return int(str(value(database, f"SELECT count(*) FROM {table}")))  # noqa: S608


def test_large_tables_get_small_and_nothing_else_changes(
    databases: Databases, tmp_path: Path
) -> None:
    with thinned(databases, tmp_path) as (shadow, thin):
        for table in ("pet", "part", "part_25", "part_26", "item", "held", '"Größe ""100%s"" x"'):
            assert 0 < count(thin, table) < min(count(shadow, table), 1.5 * KEPT_ROWS), table
        for table in ("owner", "line", "small", "spatial_ref_sys", "child"):
            assert count(thin, table) == count(shadow, table), table
        assert 0 < count(thin, "ONLY parent") < 1.5 * KEPT_ROWS
        assert count(thin, "log") == 0
        assert count(shadow, "pet") == MANY
        orphans = "SELECT count(*) FROM {} AS a LEFT JOIN {} AS b ON b.id = a.{} WHERE b IS NULL"
        assert value(thin, orphans.format("pet", "owner", "owner")) == 0
        assert value(thin, orphans.format("item", "line", "line")) == 0


MIGRATIONS = {
    "whole": (
        "ALTER TABLE a ADD COLUMN IF NOT EXISTS note text; CREATE TABLE IF NOT EXISTS b (n int)",
        0,
    ),
    "foreign key over tables that nothing kept together": (
        "ALTER TABLE c DROP CONSTRAINT IF EXISTS k;"
        "ALTER TABLE c ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES a NOT VALID;"
        "ALTER TABLE c VALIDATE CONSTRAINT k",
        0,
    ),
    "not guarded": ("ALTER TABLE a ADD COLUMN note text; CREATE TABLE IF NOT EXISTS b (n int)", 1),
}


@pytest.mark.parametrize("kind", MIGRATIONS)
def test_what_cannot_be_completed_after_an_interruption_is_told(
    databases: Databases, tmp_path: Path, kind: str
) -> None:
    text, broken = MIGRATIONS[kind]
    shadow = databases.create("thinning")
    with shadow.connect() as connection:
        connection.execute("CREATE TABLE a (id int PRIMARY KEY)")
        connection.execute("INSERT INTO a SELECT generate_series(1, 3000)")
        connection.execute("CREATE TABLE c AS SELECT id AS a FROM a")
    script = parse_script(text, tmp_path / "m.sql", "")
    found = interrupt(script, shadow, state_of(shadow), databases, plan_of(tmp_path), silent)
    assert found
    assert (sum(each.outcome == "broken" for each in found) > 0) == broken
