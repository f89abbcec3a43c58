"""Fingerprints of tables, and the rows by which two databases differ."""

from __future__ import annotations

import hashlib
import struct
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.catalogue import differing_rows, every_row_lost, fingerprint, rows
from shadowgate.catalogue.rows import compare
from shadowgate.errors import UsageError
from shadowgate.server import Database, Server
from shadowgate.server.base import Connection
from tests.selftest.conftest import MakeDatabase
from tests.selftest.plain_database import plain_database

TABLE = "public.parcel"

CONTENT = """
CREATE TABLE owner (id bigint PRIMARY KEY, name text);
CREATE TABLE parcel (
    id bigint,
    owner_id bigint,
    shape geometry(MultiPolygon, 31983),
    area double precision,
    photo bytea,
    kind text,
    day date,
    seen timestamptz,
    stay interval,
    PRIMARY KEY (id, day)
) PARTITION BY RANGE (day);
CREATE TABLE parcel_2026 PARTITION OF parcel FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE parcel_default PARTITION OF parcel DEFAULT;
INSERT INTO owner SELECT i, 'owner ' || i FROM generate_series(1, 20) AS i;
INSERT INTO parcel
SELECT
    i,
    1 + i % 20,
    ST_Multi(ST_Buffer(ST_SetSRID(ST_Point(606000 + i, 8072000 + i), 31983), 15 + i % 60, 5)),
    i / 3.0::double precision,
    decode(md5(i::text), 'hex'),
    CASE WHEN i % 7 > 0 THEN 'pasto' END,
    date '2026-01-01' + i,
    timestamptz '2026-01-01 00:00:00.000001+00' + i * interval '1 hour',
    i * interval '1 month 1 second'
FROM generate_series(1, 1000) AS i;
CREATE VIEW just_a_view AS SELECT 1 AS one;
"""

# What a tired colleague does -> what differs: lost, added, changed keys.
DAMAGE: dict[str, tuple[str, tuple[list[int], list[int], list[int]]]] = {
    "one row lost": ("DELETE FROM parcel WHERE id = 7", ([7], [], [])),
    "one row added": (
        "INSERT INTO parcel (id, day) VALUES (5000, '2031-01-01')",
        ([], [5000], []),
    ),
    "one millimetre": (
        "UPDATE parcel SET shape = ST_Translate(shape, 0.001, 0) WHERE id = 9",
        ([], [], [9]),
    ),
    "same shape and box, other order of vertices": (
        "UPDATE parcel SET shape = ST_Reverse(shape) WHERE id = 11",
        ([], [], [11]),
    ),
    "two foreign keys exchanged": (
        "UPDATE parcel SET owner_id = CASE id WHEN 20 THEN 2 ELSE 1 END WHERE id IN (20, 21)",
        ([], [], [20, 21]),
    ),
    "null for empty": ("UPDATE parcel SET kind = '' WHERE id = 14", ([], [], [14])),
    "last bit of a number": (
        "UPDATE parcel SET area = area + 5e-14 WHERE id = 100",
        ([], [], [100]),
    ),
    "one microsecond": (
        "UPDATE parcel SET seen = seen + interval '1 microsecond' WHERE id = 30",
        ([], [], [30]),
    ),
    "one byte": (
        "UPDATE parcel SET photo = set_byte(photo, 0, 255 - get_byte(photo, 0)) WHERE id = 31",
        ([], [], [31]),
    ),
    "key moved": ("UPDATE parcel SET id = 9000 WHERE id = 33", ([33], [9000], [])),
}


@pytest.fixture(scope="module")
def original(server: Server) -> Iterator[Database]:
    with plain_database(server) as database:
        with database.connect() as connection:
            connection.execute("CREATE EXTENSION postgis")
            connection.execute(CONTENT.encode())
        yield database


@pytest.fixture
def session(original: Database) -> Iterator[Connection]:
    with original.connect() as connection:
        yield connection


@pytest.fixture
def copies(original: Database, make_database: MakeDatabase) -> Database:
    """A clone of the original, to be damaged."""
    return make_database(original.name)


@pytest.mark.parametrize("damage", DAMAGE)
def test_the_smallest_damage_changes_the_fingerprint(damage: str, session: Connection) -> None:
    before = fingerprint(session)
    with session.transaction(force_rollback=True):
        session.execute(DAMAGE[damage][0].encode())
        after = fingerprint(session)
    assert after[TABLE] != before[TABLE]
    assert after["public.owner"] == before["public.owner"]


def test_tables_stand_for_their_partitions_and_views_for_nothing(session: Connection) -> None:
    prints = fingerprint(session)
    rows = {name: print_.rows for name, print_ in prints.items()}
    assert rows.pop("public.spatial_ref_sys") > 1000
    assert rows == {"public.owner": 20, TABLE: 1000}
    years = {year: sums.rows for year, sums in prints[TABLE].parts.items()}
    assert years == {"2026": 364, "2027": 365, "2028": 271}
    assert prints["public.owner"].parts == {}


def test_a_row_in_another_partition_is_the_same_row(session: Connection) -> None:
    before = fingerprint(session)
    with session.transaction(force_rollback=True):
        session.execute(
            "ALTER TABLE parcel DETACH PARTITION parcel_default;"
            "CREATE TABLE parcel_2027 PARTITION OF parcel"
            " FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');"
            "CREATE TABLE parcel_rest PARTITION OF parcel DEFAULT;"
            "INSERT INTO parcel SELECT * FROM parcel_default ORDER BY md5(id::text);"
            "DROP TABLE parcel_default"
        )
        assert fingerprint(session) == before


def test_the_order_of_columns_does_not_matter_but_their_names_do(session: Connection) -> None:
    with session.transaction(force_rollback=True):
        session.execute(
            "CREATE TABLE one (a int, b text); INSERT INTO one VALUES (1, 'x'), (2, 'y');"
            "CREATE TABLE two (b text, a int); INSERT INTO two VALUES ('y', 2), ('x', 1);"
            "CREATE TABLE three (b int, a text); INSERT INTO three VALUES (1, 'x'), (2, 'y')"
        )
        one, two, three = fingerprint(
            session, ["public.one", "public.two", "public.three"]
        ).values()
    assert one == two
    assert one.digest != three.digest


def test_a_row_twice_is_not_the_same_as_none(session: Connection) -> None:
    with session.transaction(force_rollback=True):
        session.execute("CREATE TABLE loose (a int)")
        empty = fingerprint(session, ["public.loose"])["public.loose"]
        session.execute("INSERT INTO loose VALUES (1), (1)")
        twice = fingerprint(session, ["public.loose"])["public.loose"]
    assert (empty.rows, twice.rows) == (0, 2)
    assert empty.digest != twice.digest


def test_settings_of_the_session_neither_matter_nor_change(session: Connection) -> None:
    before = fingerprint(session)
    settings = {
        "DateStyle": "German, DMY",
        "TimeZone": "America/Sao_Paulo",
        "extra_float_digits": "-10",
        "bytea_output": "escape",
        "IntervalStyle": "sql_standard",
        "search_path": "nowhere",
    }
    shown = "SELECT name, setting FROM pg_settings WHERE name = ANY(%s) ORDER BY name"
    with session.transaction(force_rollback=True):
        for name, value in settings.items():
            session.execute("SELECT set_config(%s, %s, true)", (name, value))
        as_set = session.execute(shown, (list(settings),)).fetchall()
        assert fingerprint(session) == before
        assert session.execute(shown, (list(settings),)).fetchall() == as_set


def row_digest(*values: bytes | None) -> str:
    """By hand, from the definition: the first two words of the SHA-256 of a row's bytes.

    Those are the number of columns, then of each the OID of ``bytea``, the length and the value.
    """
    row = struct.pack(">i", len(values))
    for value in values:
        row += struct.pack(">ii", 17, -1) if value is None else struct.pack(">ii", 17, len(value))
        row += value or b""
    return hashlib.sha256(row).hexdigest()[:32]


@pytest.mark.parametrize(
    ("type_", "value", "sent"),
    [
        ("int", "-7", b"-7"),
        ("bigint", "-7", b"-7"),
        ("numeric", "2.50", b"2.50"),
        ("text", "x y", b"x y"),
        ("varchar(9)", "água", "água".encode()),
        ("char(4)", "x", b"x   "),
        ("bool", "true", b"\1"),
        ("bytea", "\\x00ff", b"\0\xff"),
        ("date", "2000-01-03", struct.pack(">i", 2)),
        ("timestamp", "2000-01-01 00:00:01", struct.pack(">q", 1_000_000)),
        ("timestamptz", "2000-01-01 02:00:00-03", struct.pack(">q", 5 * 3_600_000_000)),
        ("uuid", "00000000-0000-0000-0000-0000000000ff", bytes(15) + b"\xff"),
        ("float8", "0.1", b"(0.1)"),
        ("float8", "NaN", b"(NaN)"),
        ("interval", "1 day", b"(P1D)"),
        ("int[]", "{1,2}", b'("{1,2}")'),
        ("jsonb", '{"a": 1}', b'("{""a"": 1}")'),
        ("regclass", "pg_type", b"(pg_type)"),
        ("mood", "glad", b"(glad)"),
        ("text", None, None),
        ("interval", None, b"()"),
    ],
)
def test_a_value_has_one_fingerprint_on_every_machine(
    session: Connection, type_: str, value: str | None, sent: bytes | None
) -> None:
    with session.transaction(force_rollback=True):
        session.execute("CREATE TYPE mood AS ENUM ('sad', 'glad')")
        session.execute(f"CREATE TABLE fixed (b {type_}, a int)".encode())
        session.execute("INSERT INTO fixed VALUES (%s, 1)", [value])
        found = fingerprint(session, ["public.fixed"])["public.fixed"]
    assert found.digest == row_digest(b"1", sent)


@pytest.mark.parametrize(
    ("narrow", "wide"), [("int", "bigint"), ("int", "numeric"), ("varchar(9)", "text")]
)
def test_a_wider_type_changes_no_content(session: Connection, narrow: str, wide: str) -> None:
    with session.transaction(force_rollback=True):
        session.execute(f"CREATE TABLE grown (a {narrow})".encode())
        session.execute("INSERT INTO grown VALUES ('5')")
        before = fingerprint(session, ["public.grown"])
        session.execute(f"ALTER TABLE grown ALTER a TYPE {wide}".encode())
        assert fingerprint(session, ["public.grown"]) == before


def test_geometries_count_by_their_ewkb_wherever_postgis_is(make_database: MakeDatabase) -> None:
    point = shapely.set_srid(shapely.Point(606000.5, 8072000.25), 31983)
    binary = shapely.to_wkb(point, include_srid=True, byte_order=1)
    database = make_database()
    with database.connect() as session:
        session.execute(
            'DROP EXTENSION postgis; CREATE SCHEMA "of maps"; '
            'CREATE EXTENSION postgis SCHEMA "of maps"; '
            'CREATE TABLE places ("the shape" "of maps".geometry)'
        )
        session.execute("INSERT INTO places VALUES (%s)", [binary.hex()])
        found = fingerprint(session, ["public.places"])["public.places"]
        session.execute("INSERT INTO places VALUES (NULL)")
        with_none = fingerprint(session, ["public.places"])["public.places"]
    assert found.digest == row_digest(binary)
    assert with_none.digest != found.digest


def test_an_added_column_does_not_count_against_an_earlier_fingerprint(session: Connection) -> None:
    before = fingerprint(session)
    with session.transaction(force_rollback=True):
        session.execute("ALTER TABLE parcel ADD measure int DEFAULT 5")
        assert fingerprint(session)[TABLE] != before[TABLE]
        assert fingerprint(session, like=before) == before


def test_a_table_that_is_not_there_is_named(session: Connection) -> None:
    with pytest.raises(UsageError, match=r"public\.nothing"):
        fingerprint(session, ["public.nothing"])


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_rows_are_named_by_their_keys(
    damage: str, original: Database, copies: Database
) -> None:
    statement, (lost, added, changed) = DAMAGE[damage]
    with copies.connect() as connection:
        connection.execute(statement.encode())
    found = differing_rows(original, copies, TABLE)
    assert [
        [int(key[0]) for key in rows.keys] for rows in (found.lost, found.added, found.changed)
    ] == [
        lost,
        added,
        changed,
    ]
    assert not found.doubled
    assert found.key == ("id", "day")


def test_of_many_damaged_rows_ten_are_named_and_all_are_counted(
    original: Database, copies: Database
) -> None:
    with copies.connect() as connection:
        connection.execute("DELETE FROM parcel WHERE id <= 100")
    found = differing_rows(original, copies, TABLE)
    assert found.lost.total == 100
    assert [key[0] for key in found.lost.keys] == [str(i) for i in range(1, 11)]
    (sentence,) = found.sentences()
    assert "100 rows lost" in sentence
    assert sentence.endswith("…")


def test_without_a_key_a_doubled_row_is_told_from_a_lost_one(
    original: Database, copies: Database
) -> None:
    with original.connect() as connection:
        connection.execute("CREATE TABLE keyless (a int); INSERT INTO keyless VALUES (1), (2), (2)")
    with copies.connect() as connection:
        connection.execute("CREATE TABLE keyless (a int); INSERT INTO keyless VALUES (1), (1), (2)")
    found = differing_rows(original, copies, "public.keyless")
    with original.connect() as connection:
        connection.execute("DROP TABLE keyless")
    assert (found.lost.keys, found.doubled.keys) == ((("2",),), (("1",),))


def test_an_altered_coordinate_system_is_named(original: Database, copies: Database) -> None:
    with copies.connect() as connection:
        connection.execute("UPDATE spatial_ref_sys SET proj4text = '' WHERE srid = 31983")
    found = differing_rows(original, copies, "public.spatial_ref_sys")
    assert found.changed.keys == (("31983",),)


def test_a_column_that_is_gone_is_named(original: Database, copies: Database) -> None:
    with copies.connect() as connection:
        connection.execute("ALTER TABLE parcel RENAME COLUMN owner_id TO holder")
    found = differing_rows(original, copies, TABLE)
    assert found
    assert found.sentences() == [f"{TABLE}: column owner_id is gone, and its values with it"]


def test_a_table_that_is_gone_has_lost_every_row() -> None:
    found = every_row_lost("public.parcel", 7)
    assert found
    assert found.sentences() == ["public.parcel: 7 rows lost"]


def test_equal_databases_have_no_differing_rows(original: Database, copies: Database) -> None:
    found = differing_rows(original, copies, TABLE)
    assert not found
    assert found.sentences() == []


RECORDS = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 3)), max_size=12)


@given(RECORDS, RECORDS, st.sampled_from([rows.PART, 1, 3]))
def test_comparing_agrees_with_counting_by_hand_in_parts_of_any_size(
    before: list[tuple[int, int]], after: list[tuple[int, int]], part: int
) -> None:
    def records(pairs: list[tuple[int, int]]) -> np.ndarray[tuple[int], np.dtype[np.void]]:
        # As in a real table, the key is part of the row's content.
        return np.array(
            [(key, key * 10 + value) for key, value in pairs], dtype=[("key", "i8"), ("row", "i8")]
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows, "PART", part)
        found = compare(records(before), records(after))
    gone = {key for key, _ in Counter(before) - Counter(after)}
    come = {key for key, _ in Counter(after) - Counter(before)}
    known = {key for key, _ in before}
    assert set(found.lost.tolist()) == gone - come
    assert set(found.changed.tolist()) == gone & come
    assert set(found.added.tolist()) == come - known
    assert set(found.doubled.tolist()) == (come - gone) & known
