"""A script's own BEGIN and COMMIT are told as the runner's only where that says the same."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from shadowgate.migrate import may_be_one_transaction, parse_script
from shadowgate.repository.model import Migration, Part, Transactions
from shadowgate.repository.own_transaction import without_own_transaction

PATH = PurePosixPath("deploy/n.sql")
DDL = "ALTER TABLE t ADD n text;\n"


def migration(up: str, down: str | None = None, how: Transactions = "statement") -> Migration:
    back = None if down is None else Part(PATH, down)
    return Migration("n", "", (1,), "n", Part(PATH, up), back, how)


@pytest.mark.parametrize(
    "text",
    [
        f"-- Deploy n to pg; really\n\nBEGIN;\n\n{DDL}\nCOMMIT;\n",
        f"SET lock_timeout = '2s';\nbegin work ;\n{DDL}END\n;\nRESET lock_timeout;\n",
        f"START TRANSACTION;\n{DDL}COMMIT",
        f"BEGIN; SELECT 'é'; {DDL} COMMIT; -- BEGIN",
    ],
)
def test_one_transaction_is_the_runners(text: str) -> None:
    found = without_own_transaction(migration(text, text))
    assert found.transactions == "file"
    for part in (found.up, found.down):
        assert part is not None
        assert not part.whole
        assert may_be_one_transaction(parse_script(part.text, Path("x"), ""))
        assert part.text.count("\n") == text.count("\n")
        assert part.text.index("ALTER") == text.index("ALTER")


@pytest.mark.parametrize(
    ("text", "back"),
    [
        (DDL, None),
        (f"BEGIN;\n{DDL}COMMIT;\nBEGIN;\n{DDL}COMMIT;\n", None),
        (f"BEGIN;\n{DDL}COMMIT;\nCREATE INDEX CONCURRENTLY i ON t (a);\n", None),
        (f"BEGIN;\n{DDL}COMMIT;\n{DDL}", None),
        (f"BEGIN;\n{DDL}ROLLBACK;\n", None),
        (f"BEGIN ISOLATION LEVEL SERIALIZABLE;\n{DDL}COMMIT;\n", None),
        ("BEGIN;\nCOMMIT;\n", None),
        (f"BEGIN;\n{DDL}COMMIT;\n", "DROP INDEX CONCURRENTLY i;\n"),
        (DDL, f"BEGIN;\n{DDL}COMMIT;\n"),
        ("SELEC;\n", None),
        (f"\\set x 1\nBEGIN;\n{DDL}COMMIT;\n", None),
    ],
)
def test_anything_else_is_as_it_was(text: str, back: str | None) -> None:
    given = migration(text, back)
    assert without_own_transaction(given) is given


def test_a_way_back_with_its_own_joins_a_runners() -> None:
    found = without_own_transaction(migration(DDL, f"BEGIN;\n{DDL}COMMIT;\n", "file"))
    assert found.up.whole
    assert found.transactions == "file"
