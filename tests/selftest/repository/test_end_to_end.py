"""`shadowgate changed` from the command line to the exit status, on a real server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shadowgate.server import Server
from tests.selftest.backup.dumps import dump
from tests.selftest.plain_database import plain_database
from tests.selftest.repository.repositories import Repository, repository
from tests.selftest.shadow_runs import ShadowRun, run_elsewhere

PRODUCTION = """
CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, total int NOT NULL);
INSERT INTO orders (total) SELECT n % 50 FROM generate_series(1, 500) AS n;
"""
FIRST = "-- migrate:up\nCREATE TABLE orders (id int, total int);\n-- migrate:down\nSELECT 1;\n"
NOTE = """-- migrate:up
SET LOCAL lock_timeout = '2s';
ALTER TABLE orders ADD COLUMN note text;

-- migrate:down
SET LOCAL lock_timeout = '2s';
ALTER TABLE orders DROP COLUMN note;
"""
SHORT = """-- migrate:up
SET LOCAL lock_timeout = '2s';
ALTER TABLE orders ADD CONSTRAINT note_short CHECK (length(note) < 500) NOT VALID;

-- migrate:down
SET LOCAL lock_timeout = '2s';
ALTER TABLE orders DROP CONSTRAINT note_short;
"""


@pytest.fixture(scope="module")
def production(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What production looks like."""
    path = tmp_path_factory.mktemp("production") / "production.dump"
    with plain_database(server) as base:
        with base.connect() as connection:
            connection.execute(PRODUCTION)
        return dump(server, base, path, "--format=custom")


@pytest.fixture
def shop(tmp_path: Path, production: Path) -> Repository:
    """A project whose base has one migration, and production with it."""
    settings = f"backup = {json.dumps(str(production))}\n"
    return repository(tmp_path, {"db/1_orders.sql": FIRST, "shadowgate.toml": settings})


def judged(shop: Repository, *arguments: str) -> ShadowRun:
    """Ask for the branch to be judged."""
    asked = ("shadowgate", "changed", "base", "--server=local", *arguments)
    return run_elsewhere(shop.folder, *asked)


def result(run: ShadowRun, migration: str, check: str) -> str:
    """How a check of a migration's run ended."""
    text = (run.reports / migration / "shadow.json").read_text("utf-8")
    checks = {each["id"]: str(each["status"]) for each in json.loads(text)["checks"]}
    return checks[check]


def place(run: ShadowRun, migration: str) -> str:
    """Where the server of a migration's run was."""
    text = (run.reports / migration / "shadow.json").read_text("utf-8")
    return str(json.loads(text)["server"]["where"])


def test_the_second_is_judged_on_what_the_first_leaves(shop: Repository) -> None:
    shop.commit({"db/2_note.sql": NOTE, "db/3_short.sql": SHORT})
    run = judged(shop)
    assert run.status == 0, run.output[-3000:]
    document = json.loads((run.reports / "changed.json").read_text("utf-8"))
    assert document["verdict"] == "GO"
    assert [each["verdict"] for each in document["migrations"]] == ["GO", "GO"]
    assert document["rolled_back"]["migrations"] == ["2_note", "3_short"]
    assert document["findings"] == []
    for name in ("2_note", "3_short"):
        assert result(run, name, "rollback.later_rows_kept") == "passed"
    assert len({place(run, name) for name in ("2_note", "3_short")}) == 1, "they share a cluster"
    assert "statement 2, line 3: ALTER TABLE" in run.output, "the line is that of the file"
    assert "statement 2, line 7: ALTER TABLE" in run.output, "and so it is on the way back"
    assert shop.git("status", "--porcelain", "--untracked-files=no") == ""


def test_without_the_first_it_may_not_go(shop: Repository) -> None:
    shop.commit({"db/3_short.sql": SHORT, "db/4_note.sql": NOTE})
    run = judged(shop, "-k", "server or database or backup or clean or fingerprint or applied")
    assert run.status == 1, run.output[-3000:]
    assert result(run, "3_short", "migration.applied") == "failed"
    assert "it comes after 3_short, which was not applied" in run.output
    assert not (run.reports / "4_note").exists()
    assert "Traceback" not in run.output
