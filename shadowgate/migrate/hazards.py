"""Hazards known from the field, as data. Reports and documents are rendered from this table.

Each has an example that makes the finding and one that does the same job without it; the
project's own tests run both. Static rules that squawk has are left to squawk.
"""

from __future__ import annotations

from dataclasses import dataclass

_DOCS = "https://www.postgresql.org/docs/current"


@dataclass(frozen=True)
class Hazard:
    """One thing that goes wrong in production and not on an empty database."""

    id: str
    name: str
    condition: str
    """When it is found."""
    effect: str
    """What production sees of it."""
    workaround: str
    bad: str
    """A script that has it."""
    good: str
    """A script that reaches the same without it."""
    source: str
    """Where PostgreSQL documents the behaviour."""
    setup: str = (
        "CREATE TABLE item (id bigint PRIMARY KEY, name text, note text);"
        "INSERT INTO item SELECT g, 'n', 'x' FROM generate_series(1, 100) AS g;"
    )
    """What both examples start from."""


_TIMEOUT = "SET lock_timeout = '2s';\n"

HAZARDS: tuple[Hazard, ...] = (
    Hazard(
        id="lock-without-timeout",
        name="Strong lock without lock_timeout",
        condition="A statement takes a lock that stops writers on a table that was there before, "
        "and lock_timeout is 0.",
        effect="If one long transaction is in the way, the migration waits for it without end, and "
        "everyone who comes later queues up behind the migration.",
        workaround="SET lock_timeout to a second or two, and try again when it strikes.",
        bad="ALTER TABLE item ADD COLUMN size int;",
        good=_TIMEOUT + "ALTER TABLE item ADD COLUMN size int;",
        source=f"{_DOCS}/runtime-config-client.html#GUC-LOCK-TIMEOUT",
    ),
    Hazard(
        id="work-under-access-exclusive",
        name="More work while holding ACCESS EXCLUSIVE",
        condition="A transaction holds ACCESS EXCLUSIVE on a table that was there before, and a "
        "further statement works on rows or asks for a strong lock on another table that was "
        "there before.",
        effect="Readers of the table wait for the work, or as long as the transaction waits for "
        "the other table, and not only for the statement that needs the lock.",
        workaround="Commit right after the statement that takes the lock: one transaction for each "
        "table; put other work before it or into a transaction of its own.",
        bad=_TIMEOUT
        + "BEGIN;\nALTER TABLE item ADD COLUMN size int;\nUPDATE item SET size = 1;\nCOMMIT;",
        good=_TIMEOUT
        + "BEGIN;\nALTER TABLE item ADD COLUMN size int;\nCOMMIT;\nUPDATE item SET size = 1;",
        source=f"{_DOCS}/explicit-locking.html#LOCKING-TABLES",
    ),
    Hazard(
        id="table-rewrite",
        name="Rewrite of an existing table",
        condition="A table that was there before gets a new file, and it has more than a thousand "
        "rows or 8 MB, or the statement takes a quarter of a second. Else it is a note.",
        effect="Nobody reads or writes it while every row is copied and every index built again; "
        "it needs its own size on the disk once more, and as much WAL.",
        workaround="Add a column, fill it in batches, swap the names; or keep the type binary "
        "compatible (text and varchar are).",
        bad=_TIMEOUT + "ALTER TABLE item ALTER COLUMN name TYPE char(9);",
        good=_TIMEOUT + "ALTER TABLE item ALTER COLUMN name TYPE varchar;",
        setup="CREATE TABLE item (id bigint PRIMARY KEY, name text, note text);"
        "INSERT INTO item SELECT g, 'n', 'x' FROM generate_series(1, 2000) AS g;",
        source=f"{_DOCS}/sql-altertable.html#SQL-ALTERTABLE-NOTES",
    ),
    Hazard(
        id="index-blocks-writers",
        name="Index built while writers wait",
        condition="An index is built on a table with rows that was there before, under a SHARE "
        "lock.",
        effect="Every writer of the table waits until the whole index is built.",
        workaround="CREATE INDEX CONCURRENTLY; on a partitioned table, build it concurrently on "
        "each partition and attach them to an index created ON ONLY the parent.",
        bad=_TIMEOUT + "CREATE INDEX item_name ON item (name);",
        good=_TIMEOUT + "CREATE INDEX CONCURRENTLY item_name ON item (name);",
        source=f"{_DOCS}/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY",
    ),
    Hazard(
        id="constraint-builds-index",
        name="Constraint that builds its index under ACCESS EXCLUSIVE",
        condition="A unique, primary key or exclusion constraint builds an index on a table with "
        "rows that was there before.",
        effect="Readers and writers of the table wait until the whole index is built.",
        workaround="CREATE UNIQUE INDEX CONCURRENTLY, then ADD CONSTRAINT … USING INDEX.",
        bad=_TIMEOUT + "ALTER TABLE item ADD CONSTRAINT item_u UNIQUE (id, name);",
        good=_TIMEOUT + "CREATE UNIQUE INDEX CONCURRENTLY item_u ON item (id, name);\n"
        "ALTER TABLE item ADD CONSTRAINT item_u UNIQUE USING INDEX item_u;",
        source=f"{_DOCS}/sql-altertable.html#SQL-ALTERTABLE-DESC-ADD-TABLE-CONSTRAINT-USING-INDEX",
    ),
    Hazard(
        id="constraint-validated-under-lock",
        name="Constraint validated while others wait",
        condition="A check or foreign key is added and validated in one step on a table with rows "
        "that was there before.",
        effect="Writers, and for a check readers too, wait while every row is looked at.",
        workaround="Add it NOT VALID, commit, then VALIDATE CONSTRAINT: that lets others work.",
        bad=_TIMEOUT + "ALTER TABLE item ADD CONSTRAINT named CHECK (name <> '');",
        good=_TIMEOUT + "ALTER TABLE item ADD CONSTRAINT named CHECK (name <> '') NOT VALID;\n"
        "ALTER TABLE item VALIDATE CONSTRAINT named;",
        source=f"{_DOCS}/sql-altertable.html#SQL-ALTERTABLE-NOTES",
    ),
    Hazard(
        id="domain-validated-under-lock",
        name="Constraint of a domain validated while writers wait",
        condition="ALTER DOMAIN adds or validates a constraint, and tables with rows that were "
        "there before use the domain.",
        effect="Writers of every such table wait while every row of all of them is looked at, by "
        "VALIDATE CONSTRAINT too.",
        workaround="Add it NOT VALID to the domain, for new values, and as a check to each table, "
        "NOT VALID, then VALIDATE CONSTRAINT: that lets others work.",
        setup="DROP DOMAIN IF EXISTS size CASCADE; CREATE DOMAIN size AS int;"
        "CREATE TABLE box (width size); INSERT INTO box VALUES (1);",
        bad=_TIMEOUT + "ALTER DOMAIN size ADD CONSTRAINT positive CHECK (value > 0);",
        good=_TIMEOUT + "ALTER DOMAIN size ADD CONSTRAINT positive CHECK (value > 0) NOT VALID;\n"
        "ALTER TABLE box ADD CONSTRAINT width_positive CHECK (width > 0) NOT VALID;\n"
        "ALTER TABLE box VALIDATE CONSTRAINT width_positive;",
        source=f"{_DOCS}/sql-alterdomain.html",
    ),
    Hazard(
        id="not-null-by-scan",
        name="NOT NULL proved by reading the table",
        condition="SET NOT NULL on a table with rows that was there before, without a valid check "
        "constraint that proves it.",
        effect="Nobody reads or writes the table while every row is looked at.",
        workaround="Add CHECK (column IS NOT NULL) NOT VALID, validate it, SET NOT NULL, drop the "
        "check.",
        bad=_TIMEOUT + "ALTER TABLE item ALTER COLUMN name SET NOT NULL;",
        good=_TIMEOUT + "ALTER TABLE item ADD CONSTRAINT nn CHECK (name IS NOT NULL) NOT VALID;\n"
        "ALTER TABLE item VALIDATE CONSTRAINT nn;\n"
        "ALTER TABLE item ALTER COLUMN name SET NOT NULL;\nALTER TABLE item DROP CONSTRAINT nn;",
        source=f"{_DOCS}/sql-altertable.html#SQL-ALTERTABLE-DESC-SET-DROP-NOT-NULL",
    ),
    Hazard(
        id="partition-scanned-under-lock",
        name="Partition bound proved by reading a table",
        condition="ATTACH PARTITION or a new partition makes the server read a table with rows "
        "that was there before: the one attached, or the default partition.",
        effect="Nobody reads or writes that table while every row is looked at; for the default "
        "partition that means the largest wait of the migration.",
        workaround="Give the table beforehand a valid check constraint that implies its bound, or "
        "to the default one that excludes the new bound; drop it afterwards.",
        bad=_TIMEOUT + "CREATE TABLE log_2031 PARTITION OF log FOR VALUES FROM (2031) TO (2032);",
        good=_TIMEOUT
        + "ALTER TABLE log_default ADD CONSTRAINT below CHECK (year IS NOT NULL AND year < 2031)"
        " NOT VALID;\n"
        "ALTER TABLE log_default VALIDATE CONSTRAINT below;\n"
        "CREATE TABLE log_2031 PARTITION OF log FOR VALUES FROM (2031) TO (2032);\n"
        "ALTER TABLE log_default DROP CONSTRAINT below;",
        source=f"{_DOCS}/ddl-partitioning.html#DDL-PARTITIONING-DECLARATIVE-MAINTENANCE",
        setup="CREATE TABLE log (year int, message text) PARTITION BY RANGE (year);"
        "CREATE TABLE log_default PARTITION OF log DEFAULT;"
        "INSERT INTO log SELECT 2030, 'x' FROM generate_series(1, 100);",
    ),
    Hazard(
        id="unindexed-foreign-key",
        name="Foreign key without an index",
        condition="The script leaves a foreign key whose columns no index begins with.",
        effect="Deleting or renumbering a referenced row reads the whole referencing table, "
        "holding row locks meanwhile.",
        workaround="Index the referencing columns, concurrently if the table has rows.",
        bad=_TIMEOUT + "CREATE TABLE part (id bigint PRIMARY KEY, item_id bigint REFERENCES item);",
        good=_TIMEOUT + "CREATE TABLE part (id bigint PRIMARY KEY, item_id bigint);\n"
        "CREATE INDEX part_item ON part (item_id);\n"
        "ALTER TABLE part ADD FOREIGN KEY (item_id) REFERENCES item;",
        source=f"{_DOCS}/ddl-constraints.html#DDL-CONSTRAINTS-FK",
    ),
    Hazard(
        id="json-column",
        name="Column of type json",
        condition="The script leaves a column of type json.",
        effect="json has no equality: SELECT DISTINCT, GROUP BY and UNION over the table fail.",
        workaround="Use jsonb.",
        bad="CREATE TABLE doc (id bigint PRIMARY KEY, body json);",
        good="CREATE TABLE doc (id bigint PRIMARY KEY, body jsonb);",
        source=f"{_DOCS}/datatype-json.html",
    ),
    Hazard(
        id="serial-column",
        name="Serial column",
        condition="The script leaves a column whose default draws from a sequence it owns, and "
        "which is no identity column.",
        effect="The sequence has privileges of its own, which an INSERT then lacks, and anyone may "
        "write numbers of his own that collide later.",
        workaround="GENERATED ALWAYS AS IDENTITY.",
        bad="CREATE TABLE doc (id bigserial PRIMARY KEY);",
        good="CREATE TABLE doc (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);",
        source=f"{_DOCS}/ddl-identity-columns.html",
    ),
    Hazard(
        id="enum-type",
        name="Enumerated type",
        condition="The script creates an enumerated type, or adds a value to one, and the plan "
        "makes a rule of it.",
        effect="A value cannot be removed or moved later, and one that was added cannot be used in "
        "the transaction that adds it.",
        workaround="A table of values with a foreign key, or a text column with a check.",
        bad="CREATE TYPE mood AS ENUM ('well', 'ill');",
        good="CREATE TABLE mood (name text PRIMARY KEY);\n"
        "INSERT INTO mood VALUES ('well'), ('ill');",
        source=f"{_DOCS}/datatype-enum.html",
    ),
    Hazard(
        id="statistics-missing",
        name="Rebuilt table that was never analysed",
        condition="A table with more than a thousand rows takes the name of one that the planner "
        "had statistics of, and has none at the end of the script.",
        effect="The planner guesses until autovacuum gets to the table, to a partitioned one "
        "never: queries may be many times slower.",
        workaround="ANALYZE it at the end of the script.",
        bad=_TIMEOUT + "CREATE TABLE new AS TABLE item;\nBEGIN;\nDROP TABLE item;\n"
        "ALTER TABLE new RENAME TO item;\nCOMMIT;",
        good=_TIMEOUT + "CREATE TABLE new AS TABLE item;\nBEGIN;\nDROP TABLE item;\n"
        "ALTER TABLE new RENAME TO item;\nCOMMIT;\nANALYZE item;",
        source=f"{_DOCS}/routine-vacuuming.html#VACUUM-FOR-STATISTICS",
        setup="CREATE TABLE item (id bigint, name text);"
        "INSERT INTO item SELECT g, 'n' FROM generate_series(1, 2000) AS g; ANALYZE item;",
    ),
    Hazard(
        id="reaches-outside",
        name="Effect outside of the database",
        condition="A statement changes roles, other databases or the server's settings, touches "
        "files of the server, goes to another server or brings code in an untrusted language.",
        effect="It is neither rehearsed nor undone with the database: the copy's server is not "
        "production's.",
        workaround="Leave it to whoever administers the server; keep the migration within its "
        "database.",
        bad="COPY item TO '/dev/null';",
        good="CREATE TABLE item_kept AS TABLE item;",
        source=f"{_DOCS}/sql-copy.html",
    ),
    Hazard(
        id="cannot-run-in-transaction",
        name="Statement that cannot run in a transaction, in one",
        condition="A statement stands between BEGIN and COMMIT that PostgreSQL refuses there.",
        effect="The script fails at that point, always.",
        workaround="Move it out of the block.",
        bad=_TIMEOUT + "BEGIN;\nCREATE INDEX CONCURRENTLY item_name ON item (name);\nCOMMIT;",
        good=_TIMEOUT + "CREATE INDEX CONCURRENTLY item_name ON item (name);",
        source=f"{_DOCS}/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY",
    ),
    Hazard(
        id="security-definer-search-path",
        name="SECURITY DEFINER with a search_path that others can use",
        condition="The script leaves a SECURITY DEFINER routine whose search_path is not set, or "
        "does not end with pg_temp.",
        effect="Whoever calls it can put an object of his own before the one it means, and have it "
        "used with the owner's rights.",
        workaround="SET search_path to the schemas it needs, pg_temp last; or to '' and qualify "
        "every name.",
        bad="CREATE FUNCTION f() RETURNS bigint LANGUAGE sql SECURITY DEFINER\n"
        "AS 'SELECT count(*) FROM item';",
        good="CREATE FUNCTION f() RETURNS bigint LANGUAGE sql SECURITY DEFINER\n"
        "SET search_path = public, pg_temp AS 'SELECT count(*) FROM item';",
        source=f"{_DOCS}/sql-createfunction.html#SQL-CREATEFUNCTION-SECURITY",
    ),
    Hazard(
        id="security-definer-catalog-first",
        name="SECURITY DEFINER that creates in pg_catalog",
        condition="The script leaves a SECURITY DEFINER routine that creates objects, with "
        "pg_catalog named first in its search_path.",
        effect="Unqualified CREATE statements in it land in pg_catalog, or fail there.",
        workaround="Leave pg_catalog out (it is searched first anyway) or name it after the schema "
        "that objects are created in.",
        bad="CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql SECURITY DEFINER\n"
        "SET search_path = pg_catalog, public, pg_temp\n"
        "AS 'BEGIN CREATE TABLE part (id bigint); END';",
        good="CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql SECURITY DEFINER\n"
        "SET search_path = public, pg_temp\n"
        "AS 'BEGIN CREATE TABLE part (id bigint); END';",
        source=f"{_DOCS}/ddl-schemas.html#DDL-SCHEMAS-PATH",
    ),
)

BY_ID: dict[str, Hazard] = {hazard.id: hazard for hazard in HAZARDS}
