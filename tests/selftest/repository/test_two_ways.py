"""Files with both directions: whatever is in them, no line is lost, doubled or moved."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.repository.layouts import alembic, dbmate, goose, sqitch
from shadowgate.repository.model import Files, Migration

FOLDER = PurePosixPath("db")
FILE = FOLDER / "1_x.sql"
Read = Callable[[Files, PurePosixPath], list[Migration]]
READERS: dict[str, tuple[Read, str, str]] = {
    "dbmate": (dbmate.read, "-- migrate:up", "-- migrate:down"),
    "goose": (goose.read, "-- +goose Up", "-- +goose Down"),
}

statements = st.lists(
    st.sampled_from(
        [
            "SELECT 1;",
            "SELECT 'a;b';  -- why",
            "",
            "   ",
            "-- a comment",
            "ALTER TABLE t ADD COLUMN é text;",
            "UPDATE t",
            "SET a = 1;",
        ]
    ),
    max_size=6,
)
comments = st.lists(st.sampled_from(["", "-- a comment", "-- shadowgate: irreversible: x"]))
ends = st.sampled_from(["\n", "\r\n"])


def read_one(read: Read, content: bytes) -> Migration:
    (found,) = read({FILE: content}, FOLDER)
    return found


@pytest.mark.parametrize("name", READERS)
@given(header=comments, up=statements, down=statements, end=ends, data=st.data())
def test_each_line_is_where_it_is_in_the_file_and_in_one_direction_alone(
    name: str, header: list[str], up: list[str], down: list[str], end: str, data: st.DataObject
) -> None:
    read, begins, turns = READERS[name]
    both = data.draw(st.booleans())
    lines = [*header, begins, *up, *([turns, *down] if both else [])]
    found = read_one(read, end.join(lines).encode())
    there = found.up.text.split("\n")
    back = found.down.text.split("\n") if found.down else []
    for place, line in enumerate(lines):
        one = there[place] if place < len(there) else ""
        other = back[place] if place < len(back) else ""
        statement = bool(line.strip()) and not line.startswith("--")
        is_down = both and place > len(header) + len(up) + 1
        assert one in ("", line)
        assert other in ("", line)
        if statement:
            assert (other if is_down else one) == line
            assert not (one if is_down else other)
    has_way_back = both and any(x.strip() and not x.startswith("--") for x in down)
    assert (found.down is not None) == has_way_back


@pytest.mark.parametrize("read", [dbmate.read, goose.read])
@given(content=st.binary() | st.text().map(str.encode))
def test_any_content_is_read_and_what_has_no_directive_is_a_finding(
    read: Read, content: bytes
) -> None:
    found = read_one(read, content)
    if b"--" not in content:
        assert "directives" in {flaw.rule for flaw in found.flaws}


directives = st.lists(
    st.sampled_from(
        [
            *("-- +goose Up", "-- +goose Down", "-- +goose StatementBegin"),
            *("-- +goose StatementEnd", "-- +goose NO TRANSACTION", "-- migrate:up"),
            *("-- migrate:up transaction:false", "-- migrate:down", "SELECT 1;", "$$ ;", "x"),
        ]
    )
)


@pytest.mark.parametrize("read", [dbmate.read, goose.read])
@given(lines=directives)
def test_directives_in_any_order_are_read(read: Read, lines: list[str]) -> None:
    found = read_one(read, "\n".join(lines).encode())
    assert all(1 <= (flaw.line or 0) <= max(1, len(lines)) for flaw in found.flaws)


@given(text=st.text())
def test_any_plan_of_sqitchs_is_read(text: str) -> None:
    sqitch.read({FOLDER / "sqitch.plan": text.encode()}, FOLDER)


FUNCTION = """CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  RETURN 1;
END
$$;
"""
FLAWED: dict[str, tuple[Read, str, int, str]] = {
    "no up": (dbmate.read, "SELECT 1;\n", 1, "no `-- migrate:up`"),
    "down first": (dbmate.read, "-- migrate:down\n-- migrate:up\nSELECT 1;\n", 1, "comes before"),
    "early": (dbmate.read, "-- x\nSELECT 1;\n-- migrate:up\n", 2, "stands before"),
    "goose, no up": (goose.read, "SELECT 1;\n", 1, "no `-- +goose Up`"),
    "goose, down first": (goose.read, "-- +goose Down\n-- +goose Up\n", 1, "comes before"),
    "goose, early": (goose.read, "SELECT 1;\n-- +goose Up\n", 1, "stands before"),
    "no end": (goose.read, "-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n", 2, "no end"),
    "no begin": (goose.read, "-- +goose Up\nSELECT 1;\n-- +goose StatementEnd\n", 3, "no partner"),
    "a body cut apart": (goose.read, f"-- +goose Up\n{FUNCTION}", 4, "inside of a quoted text"),
    "no semicolon": (goose.read, "-- +goose Up\nSELECT 1\n-- +goose Down\n", 2, "no semicolon"),
}


@pytest.mark.parametrize("case", FLAWED)
def test_what_its_tool_would_not_take_is_found_at_its_line(case: str) -> None:
    read, text, line, words = FLAWED[case]
    (flaw,) = read_one(read, text.encode()).flaws
    assert (flaw.rule, flaw.file, flaw.line) == ("directives", "db/1_x.sql", line)
    assert words in flaw.what


def test_a_body_kept_together_is_no_finding() -> None:
    text = f"-- +goose Up\n-- +goose StatementBegin\n{FUNCTION}-- +goose StatementEnd\n"
    assert not read_one(goose.read, text.encode()).flaws


@given(content=st.binary() | st.text().map(str.encode))
def test_any_file_of_alembics_is_read(content: bytes) -> None:
    path = FOLDER / "x.py"
    for found in alembic.read({path: b"revision = 'x'\n" + content}, FOLDER):
        assert found.key == "x"
