"""Statements of a dump are told apart as psql tells them, and rows are passed by."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.backup.statements import read_statements, split_lines

STATEMENTS = (
    "SET row_security = off;",
    "CREATE SCHEMA public;",
    "COMMENT ON TABLE a IS 'it''s; a\n-- comment';",
    "COMMENT ON TABLE a IS E'it\\'s; a \\\\';",
    'ALTER TABLE "a;\n""b" OWNER TO "x y";',
    "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$\nCREATE SCHEMA public;\n$$;",
    "CREATE FUNCTION f(a$b integer) RETURNS void AS $_$ SELECT $1; $$ ; $$ $_$;",
    "CREATE RULE r AS ON INSERT TO a DO ALSO ( SELECT 1;\n SELECT 2;\n);",
    "CREATE FUNCTION g() RETURNS integer\n    LANGUAGE sql\n    BEGIN ATOMIC\n"
    " SELECT CASE WHEN true THEN 1 ELSE 2 END;\n SELECT 3;\nEND;",
    'CREATE VIEW v AS\n SELECT CASE WHEN true THEN 1 END AS "end";',
    "SELECT 1 /* a; /* nested; */ ' */;",
    "SELECT a.id -- no end; here\nFROM a;",
    "INSERT INTO a VALUES (1, 'CREATE SCHEMA public;\nSET x = 1;\n\\restrict a');",
    "\\restrict wA11fuc",
)
BETWEEN = ("", "\n", "--\n-- Name: public; Type: SCHEMA; Schema: -\n--\n\n", "  \n")
ROWS = "COPY public.a (id) FROM stdin;\nCREATE SCHEMA public;\n'\n$$\n/*\n\\N\n\\.\n"


def texts(dump: str, size: int = 7) -> list[str]:
    data = dump.encode()
    chunks = (data[start : start + size] for start in range(0, len(data), size))
    return [statement.text for statement in read_statements(split_lines(chunks))]


@given(
    st.lists(st.tuples(st.sampled_from(BETWEEN), st.sampled_from((*STATEMENTS, ROWS)))),
    st.integers(1, 60),
)
def test_statements_come_out_as_they_were_put_in(parts: list[tuple[str, str]], size: int) -> None:
    dump = "".join(f"{before}{statement}\n" for before, statement in parts)
    assert texts(dump, size) == [
        statement.split("\nCREATE SCHEMA public;\n'")[0] for _, statement in parts
    ]


@given(st.lists(st.sampled_from((*STATEMENTS, ROWS))))
def test_the_place_of_a_statement_is_where_it_stands(statements: list[str]) -> None:
    dump = "".join(f"-- é\n\n{statement}\n" for statement in statements)
    data = dump.encode()
    for found in read_statements(split_lines([data])):
        assert data[found.offset :].decode().startswith(found.text)
        assert found.line == data[: found.offset].count(b"\n") + 1
        assert found.alone == (f"\n{found.text}\n" in dump and "\n" not in found.text)


@pytest.mark.parametrize(
    ("dump", "alone"),
    [
        ("SET a = 1;\n", [True]),
        ("SET a = 1; \r\n", [True]),
        ("SET a = 1; SET b = 2;\n", [False, False]),
        (" SET a = 1;\n", [False]),
        ("SET a\n= 1;\n", [False]),
    ],
)
def test_a_line_with_something_else_in_it_is_not_alone(dump: str, alone: list[bool]) -> None:
    assert [found.alone for found in read_statements(split_lines([dump.encode()]))] == alone


@given(st.binary(max_size=300))
def test_no_bytes_make_anything_but_statements(data: bytes) -> None:
    def lines() -> Iterator[bytes]:
        yield from split_lines([data[:100], data[100:]])

    assert b"".join(lines()) == data
    for found in read_statements(lines()):
        assert 0 <= found.offset < len(data)
