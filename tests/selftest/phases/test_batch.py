"""Several migrations, rolled back in reverse on a real server: what is left, and by whom."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from shadowgate.errors import MigrationError
from shadowgate.phases.batch import Left, Step, roll_back_batch
from shadowgate.plan.derived import derived_plan
from shadowgate.server import Databases, Server
from tests.selftest.trials import opened_for, run_on

SETUP = """
CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, total int NOT NULL);
INSERT INTO orders (total) SELECT n % 50 FROM generate_series(1, 500) AS n;
"""
Scripts = dict[str, tuple[str, str]]
GOOD: Scripts = {
    "1_note": (
        "ALTER TABLE orders ADD note text; UPDATE orders SET note = total::text",
        "ALTER TABLE orders DROP note",
    ),
    "2_lines": (
        "CREATE TABLE line (id bigint PRIMARY KEY, of_order bigint REFERENCES orders)",
        "DROP TABLE line",
    ),
    "3_rows": (
        "INSERT INTO line SELECT id, id FROM orders; CREATE INDEX ON line (of_order)",
        "DELETE FROM line; DROP INDEX line_of_order_idx",
    ),
}


@pytest.fixture(scope="module")
def databases(server: Server) -> Iterator[Databases]:
    with Databases(server) as made:
        yield made


class Tried:
    """A batch of scripts, tried on a database of their own."""

    def __init__(self, server: Server, databases: Databases, folder: Path) -> None:
        self.folder = folder
        plan = derived_plan(self._file("0.sql", "SELECT 1;"), None, None, dt.date(2026, 3, 2))
        shadow = databases.create("batch_shadow")
        with shadow.connect() as connection:
            connection.execute(SETUP.encode())
        self.run = run_on(opened_for(plan, server, databases, shadow, folder), plan)
        self.run.gathered.put("restored", "by hand")

    def left(self, scripts: Scripts, plan: str = "") -> tuple[Left, ...]:
        """What is left of them, each with a plan that says something or with none."""
        steps = []
        for name, (up, down) in scripts.items():
            ways = self._file(f"{name}.sql", f"{up};"), self._file(f"{name}.down.sql", f"{down};")
            head = f'name = "x"\ntitle = "x"\nmigration = "{name}.sql"\n'
            text = f"{head}{plan}\n[rollout]\nstart = 2026-03-02\n"
            steps.append(Step(name, *ways, self._file(f"{name}.toml", text) if plan else None))
        return roll_back_batch(self.run, steps)

    def _file(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path


@pytest.fixture
def tried(server: Server, databases: Databases, tmp_path: Path) -> Iterator[Tried]:
    yield Tried(server, databases, tmp_path)
    databases.drop_all()


def test_a_batch_that_ends_where_it_began_leaves_nothing(tried: Tried) -> None:
    assert tried.left(GOOD) == ()
    with tried.run.shadow.connect() as connection:
        found = connection.execute("SELECT to_regclass('line'), count(*) FROM orders").fetchone()
    assert found == (None, 500)


def test_the_rollback_that_left_something_is_named_and_not_those_after_it(tried: Tried) -> None:
    spoiled = {**GOOD, "2_lines": (GOOD["2_lines"][0], "DROP TABLE line; CREATE TABLE old (x int)")}
    left = tried.left(spoiled)
    assert {each.step for each in left} == {"2_lines"}
    assert any("table public.old" in each.what for each in left)


def test_a_rollback_that_works_alone_and_not_behind_another_is_found(tried: Tried) -> None:
    """Alone it meets a table without a dropped column; behind another's rollback it does not."""
    note = """DO $$ BEGIN
        IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attisdropped)
        THEN RAISE NOTICE 'somebody did it already'; ELSE ALTER TABLE orders DROP note; END IF;
    END $$"""
    first = {"1_note": (GOOD["1_note"][0], note)}
    assert tried.left(first) == ()
    second = {"2_kind": ("ALTER TABLE orders ADD kind int", "ALTER TABLE orders DROP kind")}
    left = tried.left({**first, **second})
    assert {each.step for each in left} == {"1_note"}
    assert any("note" in each.what for each in left)


def test_rows_that_do_not_come_back_are_left_unless_a_plan_says_so(tried: Tried) -> None:
    lost = {**GOOD, "4_zero": ("UPDATE orders SET total = 0 WHERE id < 9", "SELECT 1")}
    (left,) = tried.left(lost)
    assert left.step == "4_zero"
    assert "the content of public.orders differs" in left.what
    assert tried.left(lost, '[changes.rows]\n"public.orders" = ["total"]') == ()


def test_a_rollback_that_fails_ends_it(tried: Tried) -> None:
    (left,) = tried.left({**GOOD, "2_lines": (GOOD["2_lines"][0], "DROP TABLE lines")})
    assert left.step == "2_lines"
    assert 'its rollback fails: Statement 1 of 2_lines.down.sql failed: table "lines"' in left.what


def test_a_batch_that_cannot_be_applied_is_an_error(tried: Tried) -> None:
    with pytest.raises(MigrationError, match=r"2_lines\.sql"):
        tried.left({"2_lines": ("SELECT gone", "SELECT 1")})
