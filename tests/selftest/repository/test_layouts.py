"""Each layout, as its tool's users write it, in a real repository."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from shadowgate.repository.branch import open_project
from shadowgate.repository.model import Migration
from tests.selftest.repository.repositories import Texts, repository

UP = "ALTER TABLE t ADD COLUMN n text;\n"
DOWN = "ALTER TABLE t DROP COLUMN n;\n"
BASE = "CREATE TABLE t (a int);\n"
BASE_DOWN = "DROP TABLE t;\n"


@dataclass(frozen=True)
class Case:
    """Files of a layout, and what must be read from what the branch adds."""

    base: Texts
    added: Texts
    place: str
    names: tuple[str, ...]
    up: str = UP
    down: str | None = DOWN
    line: int = 1
    down_line: int = 1
    transactions: str = ""
    keep: Texts = field(default_factory=dict)
    """Files that are none of its migrations."""


DBMATE = f"-- migrate:up\n{BASE}\n-- migrate:down\n{BASE_DOWN}"
GOOSE = f"-- +goose Up\n{BASE}\n-- +goose Down\n{BASE_DOWN}"
SQITCH = """%syntax-version=1.0.0
%project=shop

t 2026-01-01T00:00:00Z A <a@example.org> # first
@v1 2026-01-02T00:00:00Z A <a@example.org> # tag
"""
CASES = {
    "plain": Case(
        {"migrations/0001_t.sql": BASE, "migrations/rollback/0001_t.sql": BASE_DOWN},
        {"migrations/0002_n.sql": UP, "migrations/rollback/0002_n.sql": DOWN},
        "migrations (plain)",
        ("0002_n",),
        keep={"migrations/README.md": "x", "src/query.sql": "SELECT 1;"},
    ),
    "plain, dated, the way back beside": Case(
        {"db/migrate/2026-01-01-t.sql": BASE, "db/migrate/2026-01-01-t.down.sql": BASE_DOWN},
        {"db/migrate/2026-01-01-n.sql": UP, "db/migrate/2026-01-01-n.down.sql": DOWN},
        "db/migrate (plain)",
        ("2026-01-01-n",),
    ),
    "supabase": Case(
        {"supabase/migrations/20260101000000_t.sql": BASE, "supabase/config.toml": "[api]\n"},
        {
            "supabase/migrations/20260301000000_n.sql": UP,
            "supabase/rollback/20260301000000_n.sql": DOWN,
        },
        "supabase/migrations (supabase)",
        ("20260301000000_n",),
        transactions="where possible",
    ),
    "flyway": Case(
        {"src/main/resources/db/migration/V9__t.sql": BASE},
        {
            "src/main/resources/db/migration/new/V10_1__n.sql": UP,
            "src/main/resources/db/migration/new/U10_1__n.sql": DOWN,
        },
        "src/main/resources/db/migration (flyway)",
        ("V10_1__n",),
        transactions="where possible",
        keep={"src/main/resources/db/migration/afterMigrate.sql": "SELECT 1;"},
    ),
    "golang-migrate": Case(
        {"db/000001_t.up.sql": BASE, "db/000001_t.down.sql": BASE_DOWN},
        {"db/000002_n.up.sql": UP, "db/000002_n.down.sql": DOWN},
        "db (golang-migrate)",
        ("000002_n",),
        transactions="together",
    ),
    "dbmate": Case(
        {"db/migrations/20260101000000_t.sql": DBMATE, "db/schema.sql": BASE},
        {
            "db/migrations/20260301000000_n.sql": "-- A note.\n\n-- migrate:up\n"
            f"{UP}\n-- migrate:down\n{DOWN}"
        },
        "db/migrations (dbmate)",
        ("20260301000000_n",),
        line=4,
        down_line=7,
        transactions="file",
    ),
    "dbmate without a transaction": Case(
        {"db/migrations/20260101000000_t.sql": DBMATE},
        {
            "db/migrations/20260301000000_n.sql": "-- migrate:up transaction:false\r\n"
            "CREATE INDEX CONCURRENTLY i ON t (a);\r\n\r\n-- migrate:down\r\n\r\n"
        },
        "db/migrations (dbmate)",
        ("20260301000000_n",),
        up="CREATE INDEX CONCURRENTLY i ON t (a);\n",
        down=None,
        line=2,
        transactions="together",
    ),
    "goose": Case(
        {"sql/00001_t.sql": GOOSE},
        {
            "sql/00002_n.sql": "-- +goose Up\n-- +goose StatementBegin\n"
            f"{UP}-- +goose StatementEnd\n\n-- +goose Down\n{DOWN}"
        },
        "sql (goose)",
        ("00002_n",),
        line=3,
        down_line=7,
        transactions="file",
    ),
    "goose without a transaction": Case(
        {"sql/00001_t.sql": GOOSE},
        {"sql/00002_n.sql": f"-- +goose NO TRANSACTION\n-- +goose up\n{UP}--+goose down\n{DOWN}"},
        "sql (goose)",
        ("00002_n",),
        line=3,
        down_line=5,
        transactions="statement",
    ),
    "sqitch": Case(
        {"sqitch.plan": SQITCH, "deploy/t.sql": BASE, "revert/t.sql": BASE_DOWN},
        {
            "sqitch.plan": f"{SQITCH}n [t] 2026-03-01T00:00:00Z A <a@example.org> # note\n",
            "deploy/n.sql": UP,
            "revert/n.sql": DOWN,
        },
        ". (sqitch)",
        ("n",),
        transactions="statement",
        keep={"verify/n.sql": "SELECT n FROM t WHERE false;"},
    ),
    "sqitch, a change reworked": Case(
        {"db/sqitch.plan": SQITCH, "db/deploy/t.sql": BASE, "db/revert/t.sql": BASE_DOWN},
        {
            "db/sqitch.plan": f"{SQITCH}t [t@v1] 2026-03-01T00:00:00Z A <a@example.org> # more\n",
            "db/deploy/t@v1.sql": BASE,
            "db/revert/t@v1.sql": BASE_DOWN,
            "db/deploy/t.sql": UP,
            "db/revert/t.sql": DOWN,
        },
        "db (sqitch)",
        ("t_2",),
        transactions="statement",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_a_branch_adds_is_read_as_its_tool_reads_it(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    made = repository(tmp_path, case.base)
    made.commit({**case.added, **case.keep})
    assert str(open_project(tmp_path).place) == case.place
    found = made.branch().changes
    assert not found.findings
    assert tuple(each.name for each in found.pending) == case.names
    _holds(found.pending[-1], case)


def _holds(migration: Migration, case: Case) -> None:
    assert _statements(migration.up.text) == {case.line: case.up.strip()}
    down = migration.down
    assert (down is None) == (case.down is None)
    if down is not None and case.down is not None:
        assert _statements(down.text) == {case.down_line: case.down.strip()}
    assert migration.transactions == case.transactions


def _statements(text: str) -> dict[int, str]:
    """Line -> what stands there, without empty lines and comments."""
    lines = enumerate(text.splitlines(), 1)
    return {n: line for n, line in lines if line.strip() and not line.startswith("--")}


@pytest.mark.parametrize("name", CASES)
def test_nothing_added_is_nothing_to_judge(tmp_path: Path, name: str) -> None:
    made = repository(tmp_path, CASES[name].base)
    made.commit(CASES[name].keep)
    found = made.branch()
    assert not found.changes.pending
    assert not found.changes.findings


def test_a_conf_file_of_flyways_takes_the_transaction_away(tmp_path: Path) -> None:
    made = repository(tmp_path, {"sql/V1__t.sql": BASE})
    made.commit({"sql/V2__i.sql": UP, "sql/V2__i.sql.conf": "executeInTransaction=false\n"})
    assert made.branch().changes.pending[0].transactions == "statement"


def test_what_runs_again_goes_back_to_what_it_was(tmp_path: Path) -> None:
    made = repository(tmp_path, {"sql/V1__t.sql": BASE, "sql/R__v.sql": "CREATE VIEW v AS 1;\n"})
    made.commit({"sql/R__v.sql": "CREATE VIEW v AS 2;\n", "sql/V2__n.sql": UP})
    found = made.branch().changes
    assert [each.name for each in found.pending] == ["V2__n", "R__v"]
    assert not found.findings
    down = found.pending[1].down
    assert down is not None
    assert down.text == "CREATE VIEW v AS 1;\n"
