"""Every kind of change to the catalogues is seen, and nothing beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from shadowgate.backup import examine_backup, restore
from shadowgate.catalogue import Drift, Snapshot, diff, take_snapshot
from shadowgate.server import Database, Server
from shadowgate.server.base import Connection
from tests.selftest.backup.dumps import dump
from tests.selftest.conftest import MakeDatabase
from tests.selftest.plain_database import plain_database

SAMPLE = (Path(__file__).parent / "inspect_sample.sql").read_bytes()
ROLES = ("sample_reader", "sample_owner")

# What a statement does -> what must be seen: "+" created, "-" dropped, "~" changed attribute.
# Parts of created and dropped objects go with them.
CHANGES: dict[str, tuple[str, list[str]]] = {
    # schemas
    "schema created": ("CREATE SCHEMA other", ["+ schema other"]),
    "schema dropped": ("DROP SCHEMA empty", ["- schema empty"]),
    "schema owner": ("ALTER SCHEMA app OWNER TO sample_owner", ["~ schema app: owner, privileges"]),
    "schema privilege": (
        "GRANT USAGE ON SCHEMA app TO sample_reader",
        ["~ schema app: privileges"],
    ),
    "schema comment": ("COMMENT ON SCHEMA app IS 'x'", ["~ schema app: comment"]),
    # tables
    "leftover table": ("CREATE TABLE leftover (id int PRIMARY KEY)", ["+ table public.leftover"]),
    "table in the system's schema": (
        "SET LOCAL allow_system_table_mods = on; CREATE TABLE pg_catalog.lost (id int)",
        ["+ table pg_catalog.lost"],
    ),
    "table dropped": ("DROP TABLE spare", ["- table public.spare"]),
    "table renamed": (
        "ALTER TABLE spare RENAME TO spare2",
        ["+ table public.spare2", "- table public.spare"],
    ),
    "table persistence": (
        "ALTER TABLE spare SET UNLOGGED",
        ["~ table public.spare: persistence"],
    ),
    "table storage option": (
        "ALTER TABLE item SET (fillfactor = 70)",
        ["~ table public.item: options"],
    ),
    "toast storage option": (
        "ALTER TABLE item SET (toast.autovacuum_enabled = false)",
        ["~ table public.item: toast_options"],
    ),
    "table owner": (
        "ALTER TABLE visit_2026 OWNER TO sample_owner",
        ["~ table public.visit_2026: owner, privileges"],
    ),
    "table privilege granted": (
        "GRANT DELETE ON visit TO sample_reader",
        ["~ table public.visit: privileges"],
    ),
    "table privilege revoked": (
        "REVOKE SELECT ON visit_2026 FROM sample_reader",
        ["~ table public.visit_2026: privileges"],
    ),
    "privilege to everybody": (
        "GRANT SELECT ON visit TO PUBLIC",
        ["~ table public.visit: privileges"],
    ),
    "table comment": ("COMMENT ON TABLE item IS NULL", ["~ table public.item: comment"]),
    "replica identity": (
        "ALTER TABLE item REPLICA IDENTITY FULL",
        ["~ table public.item: replica_identity"],
    ),
    "row security off": (
        "ALTER TABLE item DISABLE ROW LEVEL SECURITY",
        ["~ table public.item: row_security"],
    ),
    "row security forced": (
        "ALTER TABLE item FORCE ROW LEVEL SECURITY",
        ["~ table public.item: force_row_security"],
    ),
    "partition detached": (
        "ALTER TABLE visit DETACH PARTITION visit_2026",
        [
            "~ column public.visit_2026.day: inherited",
            "~ column public.visit_2026.id: inherited",
            "~ column public.visit_2026.item_id: inherited",
            "~ constraint public.visit_2026.visit_2026_pkey: parent",
            "~ constraint public.visit_2026.visit_item: parent",
            "~ index public.visit_2026_item_id_idx: parent",
            "~ index public.visit_2026_pkey: parent",
            "~ table public.visit_2026: partition_bound, partition_of",
            "- trigger public.visit_2026.visit_stamp",
        ],
    ),
    "partition created": (
        "CREATE TABLE visit_2028 PARTITION OF visit FOR VALUES FROM ('2028-01-01')"
        " TO ('2029-01-01')",
        ["+ table public.visit_2028"],
    ),
    "inheritance": (
        "CREATE TABLE child () INHERITS (spare)",
        ["+ table public.child"],
    ),
    "tablespace": (
        "UPDATE pg_class SET reltablespace = 1664 WHERE relname = 'spare'",
        ["~ table public.spare: tablespace"],
    ),
    # columns
    "column added": ("ALTER TABLE spare ADD extra int", ["+ column public.spare.extra"]),
    "column dropped": (
        "ALTER TABLE item DROP note",
        [
            "- column public.item.note",
            "- index public.item_note",
            "- statistics public.item_statistics",
        ],
    ),
    "column type": ("ALTER TABLE spare ALTER id TYPE bigint", ["~ column public.spare.id: type"]),
    "column type modifier": (
        "ALTER TABLE spare ALTER price TYPE numeric(9, 2)",
        ["~ column public.spare.price: type"],
    ),
    "column not null": (
        "ALTER TABLE item ALTER note SET NOT NULL",
        ["~ column public.item.note: not_null"],
    ),
    "column default": (
        "ALTER TABLE item ALTER name DROP DEFAULT",
        ["~ column public.item.name: default"],
    ),
    "column identity": (
        "ALTER TABLE item ALTER id SET GENERATED ALWAYS",
        ["~ column public.item.id: identity"],
    ),
    "generation expression": (
        "ALTER TABLE item ALTER twice DROP EXPRESSION",
        ["~ column public.item.twice: generated"],
    ),
    "column collation": (
        'ALTER TABLE spare ALTER word TYPE text COLLATE "C"',
        ["~ column public.spare.word: collation"],
    ),
    "column storage": (
        "ALTER TABLE item ALTER name SET STORAGE EXTERNAL",
        ["~ column public.item.name: storage"],
    ),
    "column compression": (
        "ALTER TABLE item ALTER name SET COMPRESSION pglz",
        ["~ column public.item.name: compression"],
    ),
    "column statistics target": (
        "ALTER TABLE item ALTER name SET STATISTICS 500",
        ["~ column public.item.name: statistics_target"],
    ),
    "column option": (
        "ALTER TABLE item ALTER name SET (n_distinct = 5)",
        ["~ column public.item.name: options"],
    ),
    "column privilege": (
        "GRANT UPDATE (name) ON item TO sample_reader",
        ["~ column public.item.name: privileges"],
    ),
    "column comment": (
        "COMMENT ON COLUMN item.name IS 'x'",
        ["~ column public.item.name: comment"],
    ),
    # constraints
    "constraint added": (
        "ALTER TABLE item ADD CONSTRAINT extra CHECK (id > 0)",
        ["+ constraint public.item.extra"],
    ),
    "constraint not valid": (
        "ALTER TABLE item DROP CONSTRAINT item_score;"
        " ALTER TABLE item ADD CONSTRAINT item_score CHECK (score >= 0) NOT VALID",
        ["~ constraint public.item.item_score: definition, validated"],
    ),
    "constraint definition": (
        "ALTER TABLE item DROP CONSTRAINT item_score;"
        " ALTER TABLE item ADD CONSTRAINT item_score CHECK (score > 0)",
        ["~ constraint public.item.item_score: definition"],
    ),
    "foreign key dropped": (
        "ALTER TABLE visit DROP CONSTRAINT visit_item",
        [
            "- constraint public.visit.visit_item",
        ],
    ),
    "foreign key deferrable": (
        "ALTER TABLE visit ALTER CONSTRAINT visit_item DEFERRABLE",
        [
            f"~ constraint public.{table}.visit_item: deferrable, definition"
            for table in ("visit", "visit_2026", "visit_2027", "visit_default")
        ],
    ),
    "foreign key's triggers disabled": (
        "ALTER TABLE visit_2026 DISABLE TRIGGER ALL",
        [
            "~ constraint public.visit_2026.visit_item: triggers_enabled",
            "~ trigger public.visit_2026.visit_stamp: enabled",
        ],
    ),
    "domain constraint": (
        "ALTER DOMAIN app.positive DROP CONSTRAINT positive_check",
        ["- constraint app.positive.positive_check"],
    ),
    "constraint comment": (
        "COMMENT ON CONSTRAINT item_score ON item IS 'x'",
        ["~ constraint public.item.item_score: comment"],
    ),
    # indexes
    "index created": ("CREATE INDEX extra ON item (score)", ["+ index public.extra"]),
    "index on the partitioned table": (
        "CREATE INDEX extra ON visit (day)",
        ["+ index public.extra"],
    ),
    "index gone": ("DROP INDEX item_name", ["- index public.item_name"]),
    "index renamed": (
        "ALTER INDEX item_name RENAME TO item_title",
        ["+ index public.item_title", "- index public.item_name"],
    ),
    "index definition": (
        "DROP INDEX item_name; CREATE INDEX item_name ON item (name DESC)",
        ["~ index public.item_name: definition"],
    ),
    "index unique": (
        "DROP INDEX item_name; CREATE UNIQUE INDEX item_name ON item (name)",
        ["~ index public.item_name: definition, unique"],
    ),
    "index predicate": (
        "DROP INDEX item_note; CREATE UNIQUE INDEX item_note ON item (note)",
        ["~ index public.item_note: definition, predicate"],
    ),
    "index invalid": (
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'item_name'::regclass",
        ["~ index public.item_name: valid"],
    ),
    "index not ready": (
        "UPDATE pg_index SET indisready = false WHERE indexrelid = 'item_name'::regclass",
        ["~ index public.item_name: ready"],
    ),
    "index only on the parent": (
        "CREATE INDEX extra ON ONLY visit (day)",
        ["+ index public.extra"],
    ),
    "index clustered": (
        "ALTER TABLE item CLUSTER ON item_name",
        ["~ index public.item_name: clustered"],
    ),
    "index as replica identity": (
        "ALTER TABLE item REPLICA IDENTITY USING INDEX item_pkey",
        ["~ index public.item_pkey: replica_identity", "~ table public.item: replica_identity"],
    ),
    "index option": (
        "ALTER INDEX item_name SET (fillfactor = 50)",
        ["~ index public.item_name: definition, options"],
    ),
    "index comment": ("COMMENT ON INDEX item_name IS 'x'", ["~ index public.item_name: comment"]),
    # triggers and rules
    "trigger created": (
        "CREATE TRIGGER extra BEFORE INSERT ON item EXECUTE FUNCTION app.stamp()",
        ["+ trigger public.item.extra"],
    ),
    "trigger on the partitioned table": (
        "CREATE CONSTRAINT TRIGGER extra AFTER INSERT ON visit DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION app.stamp()",
        ["+ trigger public.visit.extra"],
    ),
    "trigger dropped": ("DROP TRIGGER item_stamp ON item", ["- trigger public.item.item_stamp"]),
    "trigger disabled": (
        "ALTER TABLE item DISABLE TRIGGER item_stamp",
        ["~ trigger public.item.item_stamp: enabled"],
    ),
    "trigger for replicas": (
        "ALTER TABLE item ENABLE REPLICA TRIGGER item_stamp",
        ["~ trigger public.item.item_stamp: enabled"],
    ),
    "trigger definition": (
        "CREATE OR REPLACE TRIGGER item_stamp BEFORE INSERT OR UPDATE ON item FOR EACH ROW"
        " EXECUTE FUNCTION app.stamp()",
        ["~ trigger public.item.item_stamp: definition"],
    ),
    "trigger comment": (
        "COMMENT ON TRIGGER item_stamp ON item IS 'x'",
        ["~ trigger public.item.item_stamp: comment"],
    ),
    "rule created": (
        "CREATE RULE extra AS ON DELETE TO item DO INSTEAD NOTHING",
        ["+ rule public.item.extra"],
    ),
    "rule changed": (
        "CREATE OR REPLACE RULE item_names_insert AS ON INSERT TO item_names DO INSTEAD SELECT 1",
        ["~ rule public.item_names.item_names_insert: definition"],
    ),
    # views
    "view definition": (
        "CREATE OR REPLACE VIEW item_names AS SELECT id, name FROM item WHERE id > 1",
        ["~ view public.item_names: definition"],
    ),
    "view option": (
        "ALTER VIEW item_names SET (check_option = local)",
        ["~ view public.item_names: options"],
    ),
    "view's barrier": (
        "ALTER VIEW item_names SET (security_barrier)",
        ["~ view public.item_names: security_barrier"],
    ),
    "whose rights count in a view": (
        "ALTER VIEW item_names SET (security_invoker = on)",
        ["~ view public.item_names: security_invoker"],
    ),
    "materialized view emptied": (
        "REFRESH MATERIALIZED VIEW item_scores WITH NO DATA",
        ["~ materialized view public.item_scores: populated"],
    ),
    "materialized view created": (
        "CREATE MATERIALIZED VIEW extra AS SELECT 1 AS one",
        ["+ materialized view public.extra"],
    ),
    # statistics, routines
    "statistics target": (
        "ALTER STATISTICS item_statistics SET STATISTICS 7",
        ["~ statistics public.item_statistics: statistics_target"],
    ),
    "statistics dropped": (
        "DROP STATISTICS item_statistics",
        ["- statistics public.item_statistics"],
    ),
    "routine created": (
        "CREATE FUNCTION extra(a int, b text) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        ["+ routine public.extra(integer, text)"],
    ),
    "routine body": (
        "CREATE OR REPLACE PROCEDURE app.tidy() LANGUAGE sql AS 'SELECT 1'",
        ["~ routine app.tidy(): definition_md5"],
    ),
    "routine volatility": (
        "ALTER FUNCTION app.total VOLATILE",
        ["~ routine app.total(text, integer): volatility"],
    ),
    "routine strict": (
        "ALTER FUNCTION app.total STRICT",
        ["~ routine app.total(text, integer): strict"],
    ),
    "routine leakproof": (
        "ALTER FUNCTION app.total LEAKPROOF",
        ["~ routine app.total(text, integer): leakproof"],
    ),
    "routine parallel": (
        "ALTER FUNCTION app.total PARALLEL SAFE",
        ["~ routine app.total(text, integer): parallel"],
    ),
    "routine security definer": (
        "ALTER FUNCTION app.total SECURITY DEFINER",
        ["~ routine app.total(text, integer): security_definer"],
    ),
    "routine search_path": (
        "ALTER FUNCTION app.total SET search_path = public",
        ["~ routine app.total(text, integer): settings"],
    ),
    "routine cost": (
        "ALTER FUNCTION app.total COST 9",
        ["~ routine app.total(text, integer): cost"],
    ),
    "routine default argument": (
        "CREATE OR REPLACE FUNCTION app.total(word text, times integer DEFAULT 2) RETURNS bigint"
        " LANGUAGE sql STABLE AS 'SELECT count(*) * times FROM public.item WHERE name = word'",
        ["~ routine app.total(text, integer): arguments"],
    ),
    "routine owner": (
        "ALTER FUNCTION app.total OWNER TO sample_owner",
        ["~ routine app.total(text, integer): owner, privileges"],
    ),
    "routine privilege": (
        "REVOKE EXECUTE ON FUNCTION app.total FROM PUBLIC",
        ["~ routine app.total(text, integer): privileges"],
    ),
    "aggregate redefined": (
        "CREATE OR REPLACE AGGREGATE app.product(integer)"
        " (SFUNC = int4mul, STYPE = integer, INITCOND = '2')",
        ["~ routine app.product(integer): definition_md5"],
    ),
    # types
    "enum label": (
        "ALTER TYPE app.mood RENAME VALUE 'busy' TO 'frantic'",
        ["~ type app.mood: labels"],
    ),
    "enum created": ("CREATE TYPE extra AS ENUM ('a')", ["+ type public.extra"]),
    "range created": ("CREATE TYPE extra AS RANGE (subtype = date)", ["+ type public.extra"]),
    "domain not null": (
        "ALTER DOMAIN app.positive SET NOT NULL",
        ["~ type app.positive: not_null"],
    ),
    "domain default": ("ALTER DOMAIN app.positive SET DEFAULT 1", ["~ type app.positive: default"]),
    "composite attribute": (
        "ALTER TYPE app.pair ADD ATTRIBUTE middle date",
        ["+ column app.pair.middle"],
    ),
    "type privilege": (
        "REVOKE USAGE ON TYPE app.mood FROM PUBLIC",
        ["~ type app.mood: privileges"],
    ),
    # sequences
    "sequence increment": (
        "ALTER SEQUENCE app.counter INCREMENT 5",
        ["~ sequence app.counter: increment"],
    ),
    "sequence maximum": (
        "ALTER SEQUENCE app.counter MAXVALUE 99",
        ["~ sequence app.counter: maximum"],
    ),
    "sequence cycle": ("ALTER SEQUENCE app.counter CYCLE", ["~ sequence app.counter: cycle"]),
    "sequence owned by a column": (
        "ALTER SEQUENCE loose OWNED BY item.id",
        ["~ sequence public.loose: owned_by"],
    ),
    "sequence type": (
        "ALTER SEQUENCE loose AS integer",
        ["~ sequence public.loose: maximum, type"],
    ),
    "sequence privilege": (
        "GRANT USAGE ON SEQUENCE loose TO PUBLIC",
        ["~ sequence public.loose: privileges"],
    ),
    "sequence dropped": ("DROP SEQUENCE loose", ["- sequence public.loose"]),
    "sequence owner": (
        "ALTER SEQUENCE app.counter OWNER TO sample_owner",
        ["~ sequence app.counter: owner, privileges"],
    ),
    "sequence advanced": ("SELECT nextval('app.counter')", []),
    # privileges
    "policy created": (
        "CREATE POLICY extra ON item TO sample_reader USING (true)",
        ["+ policy public.item.extra"],
    ),
    "policy condition": (
        "ALTER POLICY item_read ON item USING (true)",
        ["~ policy public.item.item_read: using"],
    ),
    "policy role": (
        "ALTER POLICY item_read ON item TO PUBLIC",
        ["~ policy public.item.item_read: roles"],
    ),
    "policy check": (
        "DROP POLICY item_read ON item;"
        " CREATE POLICY item_read ON item TO sample_reader"
        " USING (name <> 'secret') WITH CHECK (false)",
        ["~ policy public.item.item_read: command, with_check"],
    ),
    "default privilege changed": (
        "ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT DELETE ON TABLES TO sample_reader",
        ["~ default privileges tables of postgres in app: privileges"],
    ),
    "default privilege created": (
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
        ["+ default privileges tables of postgres"],
    ),
    "system privilege": (
        "GRANT SELECT ON pg_authid TO sample_reader",
        ["+ system privileges relation pg_authid"],
    ),
    "role created": ("CREATE ROLE extra", ["+ role extra"]),
    "role attribute": (
        "ALTER ROLE sample_reader BYPASSRLS",
        ["~ role sample_reader: bypass_row_security"],
    ),
    "role membership": (
        "GRANT sample_owner TO sample_reader",
        ["~ role sample_reader: member_of"],
    ),
    "predefined role": ("GRANT pg_read_all_data TO pg_monitor", ["~ role pg_monitor: member_of"]),
    # the rest
    "extension created": ("CREATE EXTENSION postgis", ["+ extension postgis"]),
    "event trigger disabled": (
        "ALTER EVENT TRIGGER sample_watch DISABLE",
        ["~ event trigger sample_watch: enabled"],
    ),
    "publication": (
        "ALTER PUBLICATION sample_changes ADD TABLE spare",
        ["~ publication sample_changes: relations"],
    ),
    "publication of a schema": (
        "ALTER PUBLICATION sample_changes ADD TABLES IN SCHEMA app",
        ["~ publication sample_changes: schemas"],
    ),
    "text search mapping": (
        "ALTER TEXT SEARCH CONFIGURATION app.words DROP MAPPING FOR word",
        ["~ text search configuration app.words: mappings"],
    ),
    "collation created": (
        "CREATE COLLATION extra (provider = libc, locale = 'C')",
        ["+ collation public.extra"],
    ),
    "cast created": (
        "CREATE CAST (app.mood AS integer) WITH INOUT",
        ["+ cast (app.mood AS integer)"],
    ),
    "setting of the database": (
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = ''9MB''',"
        " current_database()); END $$",
        ["+ setting work_mem of all roles in this database"],
    ),
    "setting of a role": (
        "ALTER ROLE sample_reader SET statement_timeout = '1s'",
        ["+ setting statement_timeout of sample_reader"],
    ),
    "database connection limit": (
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I CONNECTION LIMIT 5',"
        " current_database()); END $$",
        ["~ database this database: connection_limit"],
    ),
    "database privilege": (
        "DO $$ BEGIN EXECUTE format('REVOKE CONNECT ON DATABASE %I FROM PUBLIC',"
        " current_database()); END $$",
        ["~ database this database: privileges"],
    ),
    "option of a view spelled out": ("ALTER VIEW item_names SET (security_invoker = off)", []),
    # privileges that are granted explicitly but change nothing
    "default privilege spelled out": ("GRANT ALL ON spare TO postgres", []),
    "dropped and created again alike": (
        "DROP INDEX item_name; CREATE INDEX item_name ON item (name)",
        [],
    ),
    "rows": ("INSERT INTO item (name) VALUES ('a'); ANALYZE item", []),
}


@pytest.fixture(scope="module")
def sample(server: Server) -> Iterator[Database]:
    """A database with at least one object of each kind."""
    with server.maintenance.connect() as maintenance:
        for role in ROLES:
            maintenance.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
        with plain_database(server) as database:
            with database.connect() as connection:
                connection.execute(SAMPLE)
                connection.execute(
                    "CREATE SCHEMA empty; CREATE SEQUENCE loose;"
                    "CREATE TABLE spare (id integer, word text, price numeric(6, 2))"
                )
            yield database
        for role in ROLES:
            maintenance.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


@pytest.fixture(scope="module")
def session(sample: Database) -> Iterator[Connection]:
    with sample.connect() as connection:
        yield connection


@pytest.fixture(scope="module")
def untouched(session: Connection) -> Snapshot:
    return take_snapshot(session)


def seen(drift: Drift) -> list[str]:
    """A drift as the table above writes it; parts of created and dropped objects left out."""
    attributes: dict[str, list[str]] = {}
    for change in drift.changed:
        attributes.setdefault(str(change.object), []).append(change.attribute)
    sides = (("+", drift.created), ("-", drift.dropped))
    return sorted(
        [
            *(
                f"{sign} {identity}"
                for sign, side in sides
                for identity, found in side.items()
                if not any(whole in side for whole in found.part_of)
            ),
            *(f"~ {name}: {', '.join(changed)}" for name, changed in attributes.items()),
        ]
    )


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_seen_with_its_object_and_nothing_else(
    change: str, session: Connection, untouched: Snapshot
) -> None:
    statements, expected = CHANGES[change]
    with session.transaction(force_rollback=True):
        session.execute(statements.encode())
        found = seen(diff(untouched, take_snapshot(session)))
    assert found == sorted(expected)


def test_a_forgotten_replication_slot_is_seen(session: Connection, untouched: Snapshot) -> None:
    session.execute("SELECT pg_create_physical_replication_slot('forgotten')")
    try:
        assert seen(diff(untouched, take_snapshot(session))) == ["+ replication slot forgotten"]
    finally:
        session.execute("SELECT pg_drop_replication_slot('forgotten')")


def test_reading_changes_nothing_in_the_session(session: Connection, untouched: Snapshot) -> None:
    path = session.execute("SHOW search_path").fetchone()
    assert not diff(untouched, take_snapshot(session))
    assert session.execute("SHOW search_path").fetchone() == path
    assert session.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_names_do_not_depend_on_the_search_path(session: Connection, untouched: Snapshot) -> None:
    with session.transaction(force_rollback=True):
        session.execute("SET LOCAL search_path = app, public")
        assert not diff(untouched, take_snapshot(session))


def test_a_sequence_set_back_is_seen_and_one_that_advanced_is_not(session: Connection) -> None:
    # Not in the table above: setval() is not undone by a rollback.
    session.execute("CREATE SEQUENCE forth; CREATE SEQUENCE back INCREMENT -2")
    try:
        session.execute("SELECT setval('forth', 40), setval('back', -40)")
        before = take_snapshot(session)
        session.execute("SELECT nextval('forth'), nextval('back')")
        moved_on = diff(before, take_snapshot(session))
        session.execute("SELECT setval('forth', 39), setval('back', -38)")
        set_back = diff(before, take_snapshot(session))
    finally:
        session.execute("DROP SEQUENCE forth, back")
    assert not moved_on
    assert len(moved_on.advanced) == 2
    assert seen(set_back) == [
        "~ sequence public.back: next_value",
        "~ sequence public.forth: next_value",
    ]


def test_what_alter_system_wrote_is_seen_before_the_server_reloads_it(
    session: Connection,
) -> None:
    # Not in the table above: it cannot run in a transaction.
    before = take_snapshot(session)
    session.execute("ALTER SYSTEM SET work_mem = '17MB'")
    try:
        assert seen(diff(before, take_snapshot(session))) == ["+ server setting work_mem"]
    finally:
        session.execute("ALTER SYSTEM RESET work_mem")
    assert not diff(before, take_snapshot(session))


def test_a_role_without_superuser_rights_sees_the_same_objects(session: Connection) -> None:
    with session.transaction(force_rollback=True):
        session.execute(
            "GRANT USAGE ON SCHEMA app TO sample_reader;"
            "GRANT SELECT ON ALL SEQUENCES IN SCHEMA public, app TO sample_reader"
        )
        all_objects = take_snapshot(session)
        session.execute("SET LOCAL ROLE sample_reader")
        assert not diff(all_objects, take_snapshot(session))


def test_extensions_do_not_fill_the_snapshot(make_database: MakeDatabase) -> None:
    with make_database().connect() as connection:
        connection.execute("SELECT postgis_version()")
        kinds = {identity.kind for identity in take_snapshot(connection).objects}
    assert "extension" in kinds
    assert not kinds & {"routine", "table", "view", "type", "operator", "cast", "column"}


def test_a_privilege_on_an_extension_s_object_is_seen(make_database: MakeDatabase) -> None:
    with make_database().connect() as connection:
        before = take_snapshot(connection)
        connection.execute("GRANT UPDATE ON spatial_ref_sys TO PUBLIC")
        assert seen(diff(before, take_snapshot(connection))) == [
            "+ system privileges relation public.spatial_ref_sys"
        ]


def test_a_dump_restored_elsewhere_has_the_same_snapshot(
    sample: Database,
    untouched: Snapshot,
    server: Server,
    make_database: MakeDatabase,
    tmp_path: Path,
) -> None:
    path = dump(server, sample, tmp_path / "sample.dump", "--format=custom")
    target = make_database("template0")
    restore(examine_backup(path), server.tools, target, workspace=tmp_path)
    with target.connect() as connection:
        assert diff(untouched, take_snapshot(connection)).in_words() == ()


def test_a_snapshot_asks_no_more_questions_where_there_is_more_to_see(
    session: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    execute = psycopg.Cursor.execute

    def counted(cursor: Any, *given: Any, **named: Any) -> Any:
        asked.append(given)
        return execute(cursor, *given, **named)

    monkeypatch.setattr(psycopg.Cursor, "execute", counted)
    take_snapshot(session)
    few = len(asked)
    session.execute(
        "DO $$ BEGIN FOR n IN 1..20 LOOP"
        " EXECUTE format('CREATE TABLE more_%s (id serial PRIMARY KEY)', n);"
        " END LOOP; END $$"
    )
    asked.clear()
    take_snapshot(session)
    assert len(asked) == few > 10
