"""A waiver beside a statement accepts what is found about that statement, and says why."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.errors import ScriptError
from shadowgate.migrate import (
    Script,
    ScriptFinding,
    Waiver,
    in_one_transaction,
    inline_waivers,
    lint,
    read_script,
)
from shadowgate.migrate.inline_waivers import ignored_without_reason

ALLOW = "-- shadowgate: allow table-rewrite: it is small"
REWRITE = "ALTER TABLE item\n  ALTER COLUMN id TYPE int;"


def script_of(tmp_path: Path, text: str) -> Script:
    path = tmp_path / "m.sql"
    path.write_text(text, encoding="utf-8")
    return read_script(path)


def lines_of(tmp_path: Path, text: str) -> tuple[int, int] | None:
    (waiver,) = inline_waivers(script_of(tmp_path, text))
    assert (waiver.rule, waiver.reason) == ("table-rewrite", "it is small")
    return waiver.lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (f"SELECT 1;\n{ALLOW}\n{REWRITE}\nSELECT 2;", (3, 4)),
        (f"SELECT 1;\n\n{ALLOW}\n-- More.\n\n{REWRITE}", (6, 7)),
        (f"SELECT 1;\n{REWRITE} {ALLOW}\nSELECT 2;", (2, 3)),
        (f"SELECT 1;\nALTER TABLE item {ALLOW}\n  ALTER COLUMN id TYPE int;", (2, 3)),
        (f"{ALLOW}\n{REWRITE}\nSELECT 2;", (2, 3)),
        (f"{ALLOW}\n\n{REWRITE}\nSELECT 2;", None),
        (f"{ALLOW}\nSET lock_timeout = '2s';\n{REWRITE}", None),
        (f"SELECT 1;\n{ALLOW}\nBEGIN;\n{REWRITE}\nCOMMIT;", (3, 6)),
        (f"/* {ALLOW[3:]} */\n{REWRITE}", (2, 3)),
        (f"{REWRITE}\n-- squawk-ignore table-rewrite: it is small\nSELECT 1;", (4, 4)),
        (f"{REWRITE}\n-- squawk-ignore table-rewrite - it is small\nSELECT 1;", (4, 4)),
        (f"{REWRITE}\n-- squawk-ignore-file table-rewrite: it is small\nSELECT 1;", None),
    ],
)
def test_a_comment_is_about_the_statement_beside_it_or_the_whole_script(
    tmp_path: Path, text: str, lines: tuple[int, int] | None
) -> None:
    assert lines_of(tmp_path, text) == lines


def test_it_accepts_findings_of_its_lines_only_and_says_where_it_stands(tmp_path: Path) -> None:
    (waiver,) = inline_waivers(script_of(tmp_path, f"SELECT 1;\n{ALLOW}\n{REWRITE}"))
    found = [ScriptFinding("table-rewrite", "m", line, "s", "trace") for line in (1, 3, 4, 5)]
    assert [waiver.covers(finding) for finding in found] == [False, True, True, False]
    assert waiver.origin == "m.sql, line 2"


def test_several_rules_share_a_reason(tmp_path: Path) -> None:
    text = "SELECT 1;\n-- shadowgate: allow a-b, c:  for  now\nSELECT 2;"
    assert inline_waivers(script_of(tmp_path, text)) == tuple(
        Waiver(rule, "for now", lines=(3, 3), origin="m.sql, line 2") for rule in ("a-b", "c")
    )


@pytest.mark.parametrize(
    "comment",
    [
        "-- shadowgate: announce privileges: reports read it",
        "-- Shadowgate: Announce  privileges : reports read it",
        "-- shadowgate: irreversible: the old codes are gone",
    ],
)
def test_what_is_said_of_privileges_and_the_way_back_is_no_waiver(
    tmp_path: Path, comment: str
) -> None:
    assert inline_waivers(script_of(tmp_path, f"SELECT 1;\n{comment}\n{REWRITE}")) == ()


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        ("-- shadowgate: announce privileges:", "cannot be understood"),
        ("-- shadowgate: announce objects: all", "cannot be understood"),
        ("-- shadowgate: irreversible", "cannot be understood"),
        ("-- shadowgate: allow table-rewrite", "gives no reason"),
        ("-- shadowgate: allow table-rewrite: ", "gives no reason"),
        ("-- shadowgate: alow table-rewrite: small", "cannot be understood"),
        ("-- shadowgate: allow", "cannot be understood"),
    ],
)
def test_one_without_a_reason_is_refused_with_its_line(
    tmp_path: Path, comment: str, said: str
) -> None:
    with pytest.raises(ScriptError, match=said) as caught:
        inline_waivers(script_of(tmp_path, f"SELECT 1;\n{comment}\nSELECT 2;"))
    assert "m.sql, line 2" in caught.value.where


@pytest.mark.parametrize(
    "comment", ["-- squawk-ignore ban-drop-table", "-- squawk-ignore", "/* squawk-ignore-file */"]
)
def test_squawks_own_without_a_reason_accepts_nothing_and_is_a_finding(
    tmp_path: Path, comment: str
) -> None:
    script = script_of(tmp_path, f"SELECT 1;\n{comment}\nDROP TABLE t;")
    assert inline_waivers(script) == ()
    assert [line for line, _ in ignored_without_reason(script)] == [2]
    assert {"ignored-in-script", "ban-drop-table"} <= {item.rule for item in lint(script, 150000)}


def test_squawks_own_with_a_reason_is_a_waiver_and_no_finding(tmp_path: Path) -> None:
    script = script_of(tmp_path, "-- squawk-ignore ban-drop-table: announced\nDROP TABLE t;")
    rules = {item.rule for item in lint(script, 150000)}
    assert "ignored-in-script" not in rules
    assert "ban-drop-table" in rules
    assert [item.reason for item in inline_waivers(script)] == ["announced"]


@pytest.mark.parametrize(
    "text",
    [
        "SELECT '-- shadowgate: allow x';",
        "DO $$ BEGIN\n-- shadowgate: allow x\nNULL; END $$;",
        "-- For shadowgate: allow nothing here.\nSELECT 1;",
        "\\set n 1\n-- 'tis\nSELECT :n;",
    ],
)
def test_text_bodies_and_talk_are_no_waivers(tmp_path: Path, text: str) -> None:
    assert inline_waivers(script_of(tmp_path, text)) == ()


@given(
    before=st.integers(0, 3),
    between=st.integers(0, 2),
    height=st.integers(1, 3),
)
def test_the_lines_are_those_of_the_next_statement_wherever_it_stands(
    tmp_path_factory: pytest.TempPathFactory, before: int, between: int, height: int
) -> None:
    statement = "SELECT 2" + "\n, 3" * (height - 1) + ";"
    text = "SELECT 'é';\n" + "\n" * before + ALLOW + "\n" + "\n" * between + statement
    first = 1 + before + 1 + between + 1
    assert lines_of(tmp_path_factory.mktemp("m"), text) == (first, first + height - 1)


@pytest.mark.parametrize(
    "text",
    [
        f"SELECT 'é';\n{ALLOW}\nSELECT 2;\nSELECT 3;",
        f"{ALLOW}\nSELECT 2;\nSELECT 3;",
        f"\n{ALLOW}\n\nSELECT 2;\nSELECT 3;",
        f"SELECT 1;\nSELECT 2; {ALLOW}\nSELECT 3;",
    ],
)
def test_the_transaction_of_the_runner_changes_nothing(tmp_path: Path, text: str) -> None:
    script = script_of(tmp_path, text)
    assert inline_waivers(in_one_transaction(script)) == inline_waivers(script) != ()
