"""Partitions that differ from their siblings."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shadowgate.catalogue import odd_partitions, take_snapshot
from shadowgate.server import Server
from shadowgate.server.base import Connection
from tests.selftest.plain_database import plain_database

FAMILY = """
CREATE ROLE family_reader;
CREATE ROLE family_owner;
CREATE TABLE parcel (id bigint, day date NOT NULL, name text, CHECK (id > 0), PRIMARY KEY (id, day))
    PARTITION BY RANGE (day);
CREATE INDEX parcel_name ON parcel (name);
CREATE TABLE parcel_2026 PARTITION OF parcel FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE parcel_2027 PARTITION OF parcel FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
CREATE TABLE parcel_default PARTITION OF parcel DEFAULT;
CREATE FUNCTION parcel_stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER stamp AFTER INSERT ON parcel FOR EACH ROW EXECUTE FUNCTION parcel_stamp();
GRANT SELECT ON parcel, parcel_2026, parcel_2027, parcel_default TO family_reader;
"""
NEW = """
CREATE TABLE parcel_2029 PARTITION OF parcel FOR VALUES FROM ('2029-01-01') TO ('2030-01-01');
GRANT SELECT ON parcel_2029 TO family_reader;
"""

ODDITIES = {
    "unlogged": (
        "ALTER TABLE parcel_2029 SET UNLOGGED",
        "persistence is unlogged, on its siblings permanent",
    ),
    "owner": ("ALTER TABLE parcel_2029 OWNER TO family_owner", "owner is family_owner"),
    "privilege missing": ("REVOKE SELECT ON parcel_2029 FROM family_reader", "privileges is"),
    "storage option": ("ALTER TABLE parcel_2029 SET (fillfactor = 50)", "options is fillfactor=50"),
    "statistics target": (
        "ALTER TABLE parcel_2029 ALTER name SET STATISTICS 9",
        "statistics_target of column name is 9, on its siblings -1",
    ),
    "default": (
        "ALTER TABLE parcel_2029 ALTER name SET DEFAULT 'x'",
        "default of column name is 'x'::text, on its siblings not set",
    ),
    "row security": ("ALTER TABLE parcel_2029 ENABLE ROW LEVEL SECURITY", "row_security is true"),
    "trigger disabled": (
        "ALTER TABLE parcel_2029 DISABLE TRIGGER stamp",
        "enabled of trigger of public.parcel.stamp is disabled, on its siblings origin",
    ),
    "index of its own": (
        "CREATE INDEX parcel_2029_day ON parcel_2029 (day)",
        "USING btree (day) is there, on its siblings not set",
    ),
    "index invalid": (
        "UPDATE pg_index SET indisvalid = false"
        " WHERE indexrelid = 'parcel_2029_name_idx'::regclass",
        "valid of index of public.parcel_name is false, on its siblings true",
    ),
    "constraint left over": (
        "ALTER TABLE parcel_2029 ADD CONSTRAINT helper CHECK (day >= '2029-01-01') NOT VALID",
        "is there, on its siblings not set",
    ),
    "policy": (
        "CREATE POLICY everybody ON parcel_2029 USING (true)",
        "policy everybody is there, on its siblings not set",
    ),
}


@pytest.fixture(scope="module")
def session(server: Server) -> Iterator[Connection]:
    """A session on a database with a partitioned table and a new partition like the others."""
    with plain_database(server) as database, database.connect() as connection:
        connection.execute(FAMILY.encode())
        connection.execute(NEW.encode())
        yield connection
    with server.maintenance.connect() as maintenance:
        maintenance.execute("DROP ROLE family_reader, family_owner")


@pytest.mark.parametrize("oddity", ODDITIES)
def test_a_new_partition_unlike_its_siblings_is_named_with_the_trait(
    oddity: str, session: Connection
) -> None:
    statement, expected = ODDITIES[oddity]
    with session.transaction(force_rollback=True):
        session.execute(statement.encode())
        found = odd_partitions(take_snapshot(session))
    assert found
    assert {odd.partition.name for odd in found} == {"public.parcel_2029"}
    assert any(expected in str(odd) for odd in found)


def test_partitions_alike_have_nothing_odd(session: Connection) -> None:
    assert odd_partitions(take_snapshot(session)) == ()


def test_a_partition_without_the_index_of_its_siblings_is_odd(session: Connection) -> None:
    with session.transaction(force_rollback=True):
        session.execute(
            "DROP INDEX parcel_name; CREATE INDEX parcel_name ON ONLY parcel (name);"
            "CREATE INDEX one ON parcel_2026 (name); ALTER INDEX parcel_name ATTACH PARTITION one;"
            "CREATE INDEX two ON parcel_2027 (name); ALTER INDEX parcel_name ATTACH PARTITION two;"
            "CREATE INDEX d ON parcel_default (name); ALTER INDEX parcel_name ATTACH PARTITION d"
        )
        sentences = [str(odd) for odd in odd_partitions(take_snapshot(session))]
    assert (
        "table public.parcel_2029: index of public.parcel_name is not set, on its siblings there"
        in sentences
    )


def test_older_partitions_say_what_is_normal_even_when_they_are_fewer(session: Connection) -> None:
    before = take_snapshot(session)
    with session.transaction(force_rollback=True):
        for year in range(2030, 2040):
            session.execute(
                f"CREATE UNLOGGED TABLE parcel_{year} PARTITION OF parcel"
                f" FOR VALUES FROM ('{year}-01-01') TO ('{year + 1}-01-01');"
                f"GRANT SELECT ON parcel_{year} TO family_reader".encode()
            )
        after = take_snapshot(session)
    assert {odd.partition.name for odd in odd_partitions(after, before)} == {
        f"public.parcel_{year}" for year in range(2030, 2040)
    }
