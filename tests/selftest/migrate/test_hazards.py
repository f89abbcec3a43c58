"""Hazards are found where they are and nowhere else: their own examples, run for real."""

from __future__ import annotations

import pytest

from shadowgate.migrate import (
    HAZARDS,
    Hazard,
    LockWatch,
    ScriptFinding,
    find_hazards,
)
from shadowgate.migrate.results import with_schema
from shadowgate.server import Database
from tests.selftest.migrating import apply
from tests.selftest.plain_database import refill

LOG = (
    "CREATE TABLE log (year int, message text) PARTITION BY RANGE (year);"
    "CREATE TABLE log_default PARTITION OF log DEFAULT;"
    "INSERT INTO log SELECT 2030, 'x' FROM generate_series(1, 100);"
    "CREATE TABLE log_2031 (LIKE log);"
)
ITEM = (
    "CREATE TABLE item (id bigint PRIMARY KEY, name text);"
    "INSERT INTO item SELECT g, 'n' FROM generate_series(1, 100) AS g;"
    "CREATE TABLE empty (id bigint, name text);"
)
TIMEOUT = "SET lock_timeout = '2s';"


def find(database: Database, setup: str, sql: str) -> tuple[ScriptFinding, ...]:
    refill(database, setup)
    return find_hazards(apply(sql, database, watch=LockWatch(database)))


def rules(findings: tuple[ScriptFinding, ...]) -> list[str]:
    return [finding.rule for finding in findings]


@pytest.mark.parametrize("hazard", HAZARDS, ids=lambda hazard: hazard.id)
def test_a_bad_example_makes_exactly_its_finding_and_the_good_one_none(
    hazard: Hazard, plain: Database
) -> None:
    bad = find(plain, hazard.setup, hazard.bad)
    assert rules(bad) == [hazard.id]
    assert not bad[0].note or hazard.id == "enum-type"
    assert bad[0].line > 0
    assert bad[0].link == hazard.source
    assert find(plain, hazard.setup, hazard.good) == ()


def test_hazards_have_ids_of_their_own_and_every_column_filled() -> None:
    assert len({hazard.id for hazard in HAZARDS}) == len(HAZARDS)
    for hazard in HAZARDS:
        assert all(vars(hazard).values())
        assert hazard.source.startswith("https://www.postgresql.org/docs/")


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE t AS SELECT 1 AS a; ALTER TABLE t ADD UNIQUE (a);"
        "BEGIN; ALTER TABLE t ALTER a TYPE bigint; UPDATE t SET a = 2; COMMIT;"
        "CREATE INDEX ON t (a); ALTER TABLE t ALTER a SET NOT NULL, ADD CHECK (a > 0)",
        TIMEOUT + "CREATE INDEX ON empty (id)",
        TIMEOUT + "ALTER TABLE empty ALTER id TYPE int, ALTER name SET NOT NULL, ADD UNIQUE (id)",
        "DO $$ BEGIN SET LOCAL lock_timeout = '1s'; LOCK TABLE item; COMMIT; END $$",
        "UPDATE item SET name = 'm'; INSERT INTO item VALUES (101, 'n'); TRUNCATE empty",
        "CREATE SCHEMA b; CREATE TABLE b.item (id int); INSERT INTO b.item VALUES (1);"
        "CREATE INDEX ON b.item (id); ALTER TABLE b.item ALTER id SET NOT NULL",
        "CREATE SCHEMA c; SET search_path = c; CREATE TABLE item (id int);"
        "INSERT INTO item VALUES (1); CREATE INDEX ON item (id)",
    ],
    ids=[
        "created by the script",
        "index on an empty table",
        "empty table",
        "timeout inside a block",
        "no strong lock",
        "of the same name in a new schema",
        "of the same name in a new schema of the search path",
    ],
)
def test_what_stops_no_traffic_is_no_hazard(plain: Database, sql: str) -> None:
    if "TRUNCATE" in sql:
        sql = TIMEOUT + sql
    setup = f"DROP SCHEMA IF EXISTS b CASCADE; DROP SCHEMA IF EXISTS c CASCADE; {ITEM}"
    assert find(plain, setup, sql) == ()


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ('CREATE INDEX ON "Ítem, novo" (id)', "index-blocks-writers"),
        ('CREATE INDEX ON "a.b"."c.d" (id)', "index-blocks-writers"),
        ('ALTER TABLE "Ítem, novo" ADD CHECK (id > 0)', "constraint-validated-under-lock"),
        ('ALTER TABLE "a.b"."c.d" ALTER id SET NOT NULL', "not-null-by-scan"),
        ('ALTER TABLE "Ítem, novo" ADD UNIQUE (id)', "constraint-builds-index"),
    ],
)
def test_a_hazard_is_found_on_tables_whose_names_need_quotes(
    plain: Database, sql: str, rule: str
) -> None:
    setup = (
        'CREATE TABLE "Ítem, novo" (id int); INSERT INTO "Ítem, novo" VALUES (1);'
        'DROP SCHEMA IF EXISTS "a.b" CASCADE; CREATE SCHEMA "a.b";'
        'CREATE TABLE "a.b"."c.d" (id int); INSERT INTO "a.b"."c.d" VALUES (1);'
    )
    assert rule in rules(find(plain, setup, TIMEOUT + sql))


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (
            "ALTER TABLE log ATTACH PARTITION log_2031 FOR VALUES FROM (2031) TO (2032)",
            ["partition-scanned-under-lock"],
        ),
        (
            "DO $$ BEGIN ALTER TABLE log ATTACH PARTITION log_2031 FOR VALUES FROM (2031)"
            " TO (2032); END $$",
            ["partition-scanned-under-lock"],
        ),
        ("DO $$ BEGIN CREATE INDEX ON log (year); COMMIT; END $$", ["index-blocks-writers"]),
        ("ALTER TABLE log ALTER year SET NOT NULL", ["not-null-by-scan"]),
        ("ALTER TABLE log ADD CHECK (year > 0)", ["constraint-validated-under-lock"]),
        ("ALTER TABLE log ALTER message TYPE char(9)", ["table-rewrite"]),
    ],
)
def test_a_hazard_is_found_on_partitions_and_inside_blocks_of_code(
    plain: Database, sql: str, expected: list[str]
) -> None:
    findings = find(plain, LOG, TIMEOUT + sql)
    assert rules(findings) == expected
    assert "log_default" in findings[0].message


def test_a_foreign_key_validated_on_a_table_with_rows_is_found_and_not_valid_is_not(
    plain: Database,
) -> None:
    part = "CREATE TABLE part AS SELECT id AS item_id FROM item; CREATE INDEX ON part (item_id)"
    setup = ITEM + part
    add = TIMEOUT + "ALTER TABLE part ADD CONSTRAINT k FOREIGN KEY (item_id) REFERENCES item"
    assert rules(find(plain, setup, add)) == ["constraint-validated-under-lock"]
    later = add + " NOT VALID; ALTER TABLE part VALIDATE CONSTRAINT k"
    assert find(plain, setup, later) == ()


def test_a_strong_lock_without_timeout_names_lock_and_table(plain: Database) -> None:
    (finding,) = find(plain, ITEM, "SELECT 1;\nBEGIN;\nLOCK TABLE item;\nCOMMIT;")
    assert (finding.line, finding.statement) == (3, "LOCK TABLE item")
    assert "AccessExclusiveLock on item" in finding.message


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", ["security-definer-search-path"]),
        ("SET search_path = public", ["security-definer-search-path"]),
        ("SET search_path = pg_temp, public", ["security-definer-search-path"]),
        ("SET search_path = pg_catalog, public, pg_temp", []),
        ("SET search_path = public, pg_temp", []),
        ("SET search_path = pg_catalog", ["security-definer-search-path"]),
        ("SET search_path = pg_catalog, pg_temp", []),
        ("SET search_path = ''", []),
    ],
)
def test_the_search_path_of_a_security_definer_routine_is_judged(
    plain: Database, path: str, expected: list[str]
) -> None:
    sql = f"CREATE PROCEDURE p() LANGUAGE sql SECURITY DEFINER {path} AS 'SELECT 1'"
    assert rules(find(plain, "", sql)) == expected


def test_pitfalls_that_were_there_before_are_not_the_scripts(plain: Database) -> None:
    old = "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';"
    assert find(plain, old + "CREATE TABLE t (a json)", "CREATE TABLE u (a int)") == ()


@pytest.mark.parametrize("sql", ["ALTER TABLE t RENAME TO u", "ALTER TABLE t RENAME id TO number"])
def test_a_pitfall_under_another_name_is_not_the_scripts(plain: Database, sql: str) -> None:
    old = "CREATE TABLE t (id serial); CREATE TABLE k (id int);"
    assert find(plain, old, TIMEOUT + sql) == ()
    assert rules(find(plain, old, TIMEOUT + sql + "; ALTER TABLE k ADD n serial")) == [
        "serial-column"
    ]


def test_what_a_way_back_puts_back_is_a_note_and_what_it_brings_counts(plain: Database) -> None:
    before = "CREATE TABLE t (id serial, n int); CREATE TABLE k (id int);"
    forth = TIMEOUT + (
        "ALTER TABLE t ALTER id DROP DEFAULT; DROP SEQUENCE t_id_seq;"
        "ALTER TABLE t ALTER id ADD GENERATED BY DEFAULT AS IDENTITY"
    )
    back = TIMEOUT + (
        "ALTER TABLE t ALTER id DROP IDENTITY; CREATE SEQUENCE t_id_seq OWNED BY t.id;"
        "ALTER TABLE k ADD n serial"
    )
    refill(plain, before)
    runs = [apply(sql, plain, watch=LockWatch(plain)) for sql in (forth, back)]
    found = find_hazards(runs[1], way_back_from=runs[0])
    assert [(each.rule, bool(each.note)) for each in found] == [
        ("serial-column", False),
        ("serial-column", True),
    ]
    assert not any(each.note for each in find_hazards(runs[1]))


@pytest.mark.parametrize(
    ("rows", "sql", "counts"),
    [
        (60, "ALTER TABLE t ALTER a TYPE bigint", False),
        (2000, "ALTER TABLE t ALTER a TYPE bigint", True),
        (60, "DO $$ BEGIN ALTER TABLE t ALTER a TYPE bigint; PERFORM pg_sleep(0.3); END $$", True),
        (60, "ALTER TABLE t ALTER a TYPE bigint; DROP TABLE t", True),
    ],
    ids=["few rows", "many rows", "few rows that take long", "nobody counted"],
)
def test_a_rewrite_of_a_small_table_is_a_note(
    plain: Database, rows: int, sql: str, counts: bool
) -> None:
    setup = f"CREATE TABLE t (a int); INSERT INTO t VALUES (generate_series(1, {rows}));"  # noqa: S608
    (found,) = find(plain, setup, TIMEOUT + sql)
    assert found.rule == "table-rewrite"
    assert bool(found.note) != counts
    assert counts or "60 rows in " in found.note


def test_a_materialized_view_of_few_rows_that_is_refreshed_under_its_lock_counts(
    plain: Database,
) -> None:
    setup = "CREATE MATERIALIZED VIEW total AS SELECT 1 AS a"
    (found,) = find(plain, setup, TIMEOUT + "REFRESH MATERIALIZED VIEW total")
    assert (found.rule, found.note) == ("table-rewrite", "")


def test_partitions_that_are_small_one_by_one_are_rewritten_together(plain: Database) -> None:
    setup = "CREATE TABLE t (a int) PARTITION BY RANGE (a);" + "".join(
        f"CREATE TABLE t{n} PARTITION OF t FOR VALUES FROM ({n * 600}) TO ({n * 600 + 600});"
        for n in range(2)
    )
    fill = "INSERT INTO t SELECT generate_series(0, 1199);"
    (found,) = find(
        plain, setup + fill, TIMEOUT + "ALTER TABLE t ADD b uuid DEFAULT gen_random_uuid()"
    )
    assert (found.rule, found.note) == ("table-rewrite", "")


@pytest.mark.parametrize(
    ("where", "counts"),
    [
        ("item_id IS NOT NULL", False),
        ('"other id" IS NOT NULL AND item_id IS NOT NULL', False),
        ("item_id > 5", True),
        ("item_id IS NOT NULL AND name IS NOT NULL", True),
    ],
)
def test_an_index_without_nulls_serves_a_foreign_key(
    plain: Database, where: str, counts: bool
) -> None:
    sql = (
        'CREATE TABLE part (item_id bigint, "other id" bigint, name text,'
        ' FOREIGN KEY (item_id, "other id") REFERENCES pair);'
        f'CREATE INDEX ON part (item_id, "other id") WHERE {where}'
    )
    found = find(
        plain, "CREATE TABLE pair (a bigint, b bigint, PRIMARY KEY (a, b));", TIMEOUT + sql
    )
    assert rules(found) == (["unindexed-foreign-key"] if counts else [])


def test_a_routine_that_is_replaced_and_stays_dangerous_is_the_scripts(plain: Database) -> None:
    old = "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';"
    new = "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 2';"
    assert rules(find(plain, old, new)) == ["security-definer-search-path"]


TWO = (
    "CREATE TABLE station (id bigint PRIMARY KEY, code varchar(9));"
    "INSERT INTO station SELECT g, 's' FROM generate_series(1, 500) AS g;"
    "CREATE TABLE reading (id bigint PRIMARY KEY, station_id bigint REFERENCES station);"
    "INSERT INTO reading SELECT g, g FROM generate_series(1, 500) AS g;"
    "CREATE INDEX reading_station ON reading (station_id);"
    "CREATE TABLE version (number bigint);"
    "CREATE VIEW code AS SELECT code FROM station;"
    "CREATE VIEW codes AS SELECT code FROM code;"
)


def test_a_lock_asked_for_while_another_table_is_closed_names_both(plain: Database) -> None:
    sql = (
        TIMEOUT + "\nBEGIN;\nALTER TABLE station ADD COLUMN retired date;\n"
        "ALTER TABLE reading ADD COLUMN retired date;\nCOMMIT;"
    )
    (finding,) = find(plain, TWO, sql)
    assert (finding.rule, finding.line) == ("work-under-access-exclusive", 4)
    assert "public.station is locked since line 3 against readers" in finding.message
    assert "AccessExclusiveLock on public.reading" in finding.message


@pytest.mark.parametrize(
    "block",
    [
        "LOCK TABLE station; LOCK TABLE reading IN SHARE MODE",
        "ALTER TABLE station ADD a int; CREATE TABLE n (id bigint PRIMARY KEY REFERENCES reading)",
        "DROP VIEW codes; ALTER TABLE reading ADD a int; CREATE VIEW codes AS SELECT 1 AS code",
        "LOCK TABLE station; SELECT count(*) FROM reading",
        "LOCK TABLE station; SELECT pg_sleep(0.3)",
        "LOCK TABLE station; UPDATE station SET code = 't'",
    ],
)
def test_what_keeps_a_closed_table_closed_is_found(plain: Database, block: str) -> None:
    assert "work-under-access-exclusive" in rules(
        find(plain, TWO, f"{TIMEOUT} BEGIN; {block}; COMMIT")
    )


@pytest.mark.parametrize(
    "block",
    [
        "ALTER TABLE station ADD a int; ALTER TABLE station ADD b int;"
        " COMMENT ON TABLE station IS ''",
        "ALTER TABLE station ADD a int; CREATE TABLE n (id bigint PRIMARY KEY REFERENCES station)",
        "CREATE TABLE n (id bigint PRIMARY KEY REFERENCES station);"
        " CREATE TABLE m (id bigint PRIMARY KEY REFERENCES reading)",
        "ALTER TABLE station ADD a int; SAVEPOINT s; INSERT INTO version VALUES (7); RELEASE s",
        "DROP VIEW codes; DROP VIEW code; ALTER TABLE station ALTER code TYPE varchar(20);"
        " CREATE VIEW code AS SELECT code FROM station",
        "DROP VIEW codes; ALTER TABLE reading ADD a int",
        "DROP TABLE version; DROP TABLE reading",
    ],
)
def test_what_changes_only_the_catalogue_of_closed_tables_is_no_work(
    plain: Database, block: str
) -> None:
    assert not [
        finding
        for finding in find(plain, TWO, f"{TIMEOUT} BEGIN; {block}; COMMIT")
        if not finding.note
    ]


def test_a_reference_that_comes_with_its_new_column_is_no_hazard(plain: Database) -> None:
    sql = (
        TIMEOUT + "ALTER TABLE reading ADD COLUMN other bigint REFERENCES station;"
        "CREATE INDEX CONCURRENTLY reading_other ON reading (other)"
    )
    assert find(plain, TWO, sql) == ()


def test_a_check_read_again_for_another_type_is_found(plain: Database) -> None:
    checked = TWO + "DROP VIEW codes, code; ALTER TABLE station ADD CHECK (code <> '')"
    wider = TIMEOUT + "ALTER TABLE station ALTER COLUMN code TYPE varchar(20)"
    assert rules(find(plain, checked, wider)) == ["constraint-validated-under-lock"]


def test_a_constraint_of_a_domain_is_found_where_tables_are_read_for_it(plain: Database) -> None:
    used = "CREATE DOMAIN size AS int; CREATE TABLE box (a size); INSERT INTO box VALUES (1);"
    add = TIMEOUT + "ALTER DOMAIN size ADD CONSTRAINT positive CHECK (value > 0)"
    later = f"{add} NOT VALID; ALTER DOMAIN size VALIDATE CONSTRAINT positive"
    for script in (add, later):
        (finding,) = find(plain, "DROP DOMAIN IF EXISTS size CASCADE;" + used, script)
        assert finding.rule == "domain-validated-under-lock"
        assert "box" in finding.message
    assert find(plain, "DROP DOMAIN IF EXISTS size CASCADE; CREATE DOMAIN size AS int", add) == ()


@pytest.mark.parametrize(
    ("name", "whole"),
    [
        ("item", "public.item"),
        ("other.item", "other.item"),
        ('"a.b"', 'public."a.b"'),
        ('"s.t"."a.b"', '"s.t"."a.b"'),
        ('"say ""a.b"""', 'public."say ""a.b"""'),
    ],
)
def test_a_relation_is_named_with_its_schema(name: str, whole: str) -> None:
    assert with_schema(name) == whole


MANY = (
    "CREATE TABLE item (id bigint, name varchar(9));"
    "INSERT INTO item SELECT g, 'n' FROM generate_series(1, 2000) AS g; ANALYZE item;"
)
SWAP = (
    f"{TIMEOUT} CREATE TABLE n (LIKE item); INSERT INTO n TABLE item;"
    "DROP TABLE item; ALTER TABLE n RENAME TO item;"
)


@pytest.mark.parametrize(
    ("setup", "sql", "counts"),
    [
        (MANY, SWAP, True),
        (MANY, SWAP + "ANALYZE item", False),
        (
            MANY,
            "DO $$ BEGIN SET LOCAL lock_timeout = '1s'; " + SWAP[len(TIMEOUT) :] + " END $$",
            True,
        ),
        (MANY, f"{SWAP} TRUNCATE item", False),
        (MANY.replace("ANALYZE item;", ""), SWAP, False),
        (MANY, TIMEOUT + "ALTER TABLE item RENAME TO other", False),
        (MANY, TIMEOUT + "ALTER TABLE item DROP COLUMN name", False),
    ],
    ids=["swapped", "analysed", "in a block", "no rows", "never known", "renamed", "dropped"],
)
def test_a_swapped_table_without_statistics_is_found(
    plain: Database, setup: str, sql: str, counts: bool
) -> None:
    found = [item for item in find(plain, setup, sql) if item.rule == "statistics-missing"]
    assert [item for item in found if not item.note] == (found if counts else [])
    assert bool(found) == counts
    for item in found:
        assert item.message == (
            "public.item was rebuilt and never analysed; add ANALYZE public.item after the swap"
        )


@pytest.mark.parametrize(
    ("sql", "advice"),
    [
        ("CREATE TABLE n AS TABLE item", "add ANALYZE public.n after it is filled"),
        ("ALTER TABLE item ALTER name TYPE varchar(20)", "add ANALYZE public.item (name) at"),
    ],
)
def test_statistics_that_no_query_can_have_had_or_of_one_column_are_a_note(
    plain: Database, sql: str, advice: str
) -> None:
    (finding,) = find(plain, MANY, TIMEOUT + sql)
    assert finding.note
    assert advice in finding.message


@pytest.mark.parametrize("in_a_block", [False, True])
def test_what_is_done_to_a_table_that_took_anothers_name_stops_nobody(
    plain: Database, in_a_block: bool
) -> None:
    work = "ALTER TABLE item ADD PRIMARY KEY (id); CREATE INDEX item_name ON item (name);"
    swap = SWAP[len(TIMEOUT) :] + work
    sql = f"DO $$ BEGIN {swap} END $$;" if in_a_block else f"BEGIN; {swap} COMMIT;"
    assert {"constraint-builds-index", "index-blocks-writers"}.isdisjoint(
        rules(find(plain, MANY, f"{TIMEOUT} {sql} ANALYZE item"))
    )


def test_names_exchanged_in_a_transaction_are_no_wait_for_a_second_table(plain: Database) -> None:
    sql = (
        "CREATE TABLE n (LIKE item); BEGIN; ALTER TABLE item RENAME TO old;"
        " ALTER TABLE n RENAME TO item; ALTER TABLE old ADD COLUMN gone date; COMMIT;"
    )
    assert not [item for item in find(plain, ITEM, TIMEOUT + sql) if not item.note]


def test_a_table_that_is_dropped_for_good_needs_no_lock_timeout(plain: Database) -> None:
    dropped = find(plain, ITEM, "DROP TABLE item;")
    assert "lock-without-timeout" not in {found.rule for found in dropped}
    kept = find(plain, ITEM, "ALTER TABLE item DROP COLUMN name;")
    assert "lock-without-timeout" in {found.rule for found in kept}
