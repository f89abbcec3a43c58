"""Layout and design told apart: the control has the order of *after* and nothing else of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from shadowgate.errors import ValidationError
from shadowgate.measure import Sampling
from shadowgate.measure.layout import measure_layout, rewrite_like
from shadowgate.queries import Workload
from shadowgate.server import Database
from shadowgate.statistics.intervals import Interval
from tests.selftest.conftest import MakeDatabase
from tests.selftest.measure.test_live import SUMS, query

TABLE = """
CREATE TABLE plot (
    id bigint GENERATED ALWAYS AS IDENTITY,
    year integer NOT NULL,
    area double precision NOT NULL,
    double_area double precision GENERATED ALWAYS AS (2 * area) STORED,
    dropped integer,
    PRIMARY KEY (id, year)
) PARTITION BY RANGE (year);
ALTER TABLE plot DROP COLUMN dropped;
CREATE TABLE plot_early PARTITION OF plot FOR VALUES FROM (2020) TO (2025);
CREATE TABLE plot_late PARTITION OF plot DEFAULT;
INSERT INTO plot (year, area)
SELECT 2020 + n % 10, (n * 7919) % 20000 FROM generate_series(1, 20000) AS n;
CREATE INDEX plot_area ON plot (area);
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN RAISE EXCEPTION ''fired''; END';
CREATE TRIGGER refuse BEFORE INSERT ON plot FOR EACH ROW EXECUTE FUNCTION refuse();
"""

MIGRATION = """
CLUSTER plot_early USING plot_early_area_idx;
CLUSTER plot_late USING plot_late_area_idx;
"""

LIES = "SELECT array_agg(id ORDER BY tableoid, ctid) FROM plot"
CONTENT = "SELECT count(*), sum(hashtextextended(plot::text, 0)), sum(double_area) FROM plot"


@pytest.fixture(scope="module")
def plots(plain: Database) -> Database:
    """What every test of this module starts from."""
    with plain.connect() as connection:
        connection.execute(TABLE)
    return plain


@pytest.fixture
def before(make_database: MakeDatabase, plots: Database) -> Database:
    return make_database(plots.name)


@pytest.fixture
def after(make_database: MakeDatabase, before: Database) -> Database:
    database = make_database(before.name)
    with database.connect() as connection:
        for statement in MIGRATION.strip().splitlines():
            connection.execute(statement.encode())
    return database


def ask(database: Database, question: str) -> tuple[Any, ...]:
    with database.connect() as connection:
        row = connection.execute(question.encode()).fetchone()
    assert row is not None
    return row


def test_the_control_lies_in_the_order_of_after_and_has_the_rows_of_before(
    make_database: MakeDatabase, before: Database, after: Database
) -> None:
    control = make_database(before.name)
    assert ask(control, LIES) != ask(after, LIES)
    rewrite_like(control, after, "public.plot")
    assert ask(control, LIES) == ask(after, LIES)
    assert ask(control, CONTENT) == ask(before, CONTENT)


def test_the_control_keeps_partitions_indexes_and_triggers(
    make_database: MakeDatabase, before: Database, after: Database
) -> None:
    control = make_database(before.name)
    schema = """
        SELECT
            array_agg(relname || relkind::text ORDER BY relname),
            (SELECT count(*) FROM pg_trigger),
            (SELECT bool_and(indisvalid) FROM pg_index)
        FROM pg_class WHERE relnamespace = 'public'::regnamespace
    """
    earlier = ask(control, schema)
    rewrite_like(control, after, "public.plot")
    assert ask(control, schema) == earlier


def test_rows_stay_in_their_partition_when_after_has_more_of_them(
    make_database: MakeDatabase, before: Database, after: Database
) -> None:
    control = make_database(before.name)
    with after.connect() as connection:
        connection.execute("ALTER TABLE plot DISABLE TRIGGER refuse")
        connection.execute(
            "ALTER TABLE plot DETACH PARTITION plot_late;"
            "CREATE TABLE plot_2027 PARTITION OF plot FOR VALUES FROM (2027) TO (2028);"
            "CREATE TABLE plot_rest PARTITION OF plot DEFAULT;"
            "INSERT INTO plot (id, year, area) OVERRIDING SYSTEM VALUE"
            " SELECT id, year, area FROM plot_late ORDER BY year, area;"
            "DROP TABLE plot_late"
        )
    placed = "SELECT tableoid::regclass::text, count(*) FROM plot GROUP BY 1 ORDER BY 1 LIMIT 1"
    earlier = ask(control, placed)
    rewrite_like(control, after, "public.plot")
    assert ask(control, placed) == earlier
    assert ask(control, CONTENT) == ask(before, CONTENT)
    years = "SELECT array_agg(year ORDER BY ctid) FROM plot_late"
    (found,) = ask(control, years)
    assert found[0] == 2027
    assert np.count_nonzero(np.diff(found)) == 4


def test_a_plain_table_is_rewritten_too(make_database: MakeDatabase, before: Database) -> None:
    with before.connect() as connection:
        connection.execute("CREATE TABLE single AS SELECT n AS id FROM generate_series(1, 500) n")
        connection.execute("ALTER TABLE single ADD PRIMARY KEY (id)")
    control, after = make_database(before.name), make_database(before.name)
    with after.connect() as connection:
        connection.execute("CREATE INDEX down ON single ((-id))")
        connection.execute("CLUSTER single USING down")
    rewrite_like(control, after, "public.single")
    assert ask(control, "SELECT array_agg(id ORDER BY ctid) FROM single") == (
        list(range(500, 0, -1)),
    )


def test_a_partition_is_rewritten_if_its_file_or_its_order_is_another(
    make_database: MakeDatabase, before: Database
) -> None:
    with before.connect() as connection:
        connection.execute(
            "CREATE TABLE part (id integer PRIMARY KEY) PARTITION BY RANGE (id);"
            "CREATE TABLE kept PARTITION OF part FOR VALUES FROM (0) TO (100);"
            "CREATE TABLE packed PARTITION OF part FOR VALUES FROM (100) TO (200);"
            "CREATE TABLE moved PARTITION OF part FOR VALUES FROM (200) TO (300);"
            "INSERT INTO part SELECT generate_series(0, 299)"
        )
    control, after = make_database(before.name), make_database(before.name)
    with after.connect() as connection:
        connection.execute("VACUUM FULL packed")
        connection.execute("UPDATE moved SET id = id WHERE id < 250")
    files = "SELECT " + ", ".join(
        f"pg_relation_filenode('{name}')" for name in ("kept", "packed", "moved")
    )
    earlier = ask(control, files)
    rewrite_like(control, after, "public.part")
    found = ask(control, files)
    assert [one == other for one, other in zip(earlier, found, strict=True)] == [True, False, False]
    order = "SELECT array_agg(id ORDER BY ctid) FROM moved"
    assert ask(control, order) == ask(after, order)


def test_a_table_without_a_key_is_refused(make_database: MakeDatabase, before: Database) -> None:
    with before.connect() as connection:
        connection.execute("CREATE TABLE keyless (n integer)")
    control, after = make_database(before.name), make_database(before.name)
    with pytest.raises(ValidationError, match="no primary key"):
        rewrite_like(control, after, "public.keyless")


def test_a_table_that_another_role_owns_and_others_refer_to_is_rewritten_too(
    make_database: MakeDatabase, before: Database
) -> None:
    with before.connect() as connection:
        connection.execute("CREATE TABLE main AS SELECT n AS id FROM generate_series(1, 500) n")
        connection.execute("ALTER TABLE main ADD PRIMARY KEY (id)")
        connection.execute("CREATE TABLE sub (id integer REFERENCES main)")
        connection.execute("ALTER TABLE main OWNER TO pg_monitor")
    control, after = make_database(before.name), make_database(before.name)
    with after.connect() as connection:
        connection.execute("CREATE INDEX down ON main ((-id))")
        connection.execute("CLUSTER main USING down")
    rewrite_like(control, after, "public.main")
    assert ask(control, "SELECT array_agg(id ORDER BY ctid) FROM main") == (
        list(range(500, 0, -1)),
    )


def test_a_table_that_is_not_there_is_named(
    make_database: MakeDatabase, before: Database, after: Database
) -> None:
    control = make_database(before.name)
    with pytest.raises(ValidationError, match=r"public\.absent cannot be rewritten"):
        rewrite_like(control, after, "public.absent")


def test_the_parts_add_up_and_are_said_in_words(before: Database, after: Database) -> None:
    inserting = query("W1", "INSERT INTO plot (year, area) VALUES (2027, 1.5)")
    workload = Workload((query("Q1", SUMS.sql.replace("parcel", "plot")), inserting))
    sampling = Sampling(warm_up=1)
    whole = Interval(-0.5, -0.6, -0.4)
    found = measure_layout(
        (before, after), "public.plot", workload, {"Q1": whole}, sampling, rounds=8
    )
    assert list(found) == ["Q1"]
    share = found["Q1"]
    assert share.whole == whole
    assert share.design.estimate == pytest.approx(-0.5 - share.layout.estimate)
    assert share.design.high - share.design.low > share.layout.high - share.layout.low
    assert "-39.3 % (-45.1 to -33.0), of which rewriting the rows brings" in share.sentence
    assert "fading as they are updated; design: " in share.note
