"""What a migration touches: by a run's record and by its text, and files that are read for it."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.errors import UsageError
from shadowgate.migrate import parse_script
from shadowgate.production.reference import read_reference
from shadowgate.production.shadow_run import read_shadow_run
from shadowgate.production.touched import Touched, touched_by_text, touched_of_run
from shadowgate.report.after_file import (
    After,
    AfterAttribute,
    AfterObject,
    read_after,
    write_after,
)

ORDERS = ("table", "public.orders")


def by_text(sql: str) -> Touched:
    return touched_by_text(parse_script(sql, Path("m.sql"), ""), sql)


def created(kind: str, name: str, *part_of: tuple[str, str], **attributes: object) -> AfterObject:
    return AfterObject(kind, name, part_of, attributes)


def planned(touched: Touched) -> list[str]:
    return [f"{each.kind} {each.names[0]}" for each in touched.creates]


def test_a_text_tells_what_is_altered_created_and_written() -> None:
    touched = by_text(
        """
        ALTER TABLE orders ADD COLUMN note text, ADD CONSTRAINT short CHECK (length(note) < 9);
        CREATE TABLE shop.notes (id int PRIMARY KEY);
        ALTER TABLE shop.notes ADD COLUMN more text;
        CREATE TRIGGER stamp BEFORE UPDATE ON customers EXECUTE FUNCTION stamp();
        UPDATE public.items SET price = 1;
        DROP INDEX IF EXISTS orders_day;
        CREATE INDEX orders_day ON orders (placed_on);
        CREATE VIEW public."Open" AS SELECT 1;
        """
    )
    assert touched.owned == (("public.orders",),)
    assert touched.triggers == (("public.customers",),)
    assert set(touched.names) == {"public.orders", "public.customers", "public.items"}
    assert planned(touched) == [
        "column public.orders.note",
        "constraint public.orders.short",
        "table shop.notes",
        "trigger public.customers.stamp",
        'view public."Open"',
    ]
    assert set(touched.schemas) == {("shop",), ("public",)}
    assert touched.unknown == ()


def test_what_a_text_does_not_tell_is_named() -> None:
    touched = by_text("DO $$ BEGIN EXECUTE 'DROP TABLE orders'; END $$")
    assert len(touched.unknown) == 1
    assert "line 1" in touched.unknown[0]


def test_a_run_tells_what_was_locked_and_who_must_own_it() -> None:
    touched = touched_of_run(
        After(
            started="",
            locks={"public.customers": ("ShareRowExclusiveLock",)},
            created=(
                created("column", "public.orders.note", ORDERS),
                created("table", "public.orders_2031", partition_of="public.orders_by_year"),
                created("index", "public.orders_2031_pkey", ("table", "public.orders_2031")),
                created("index", "public.orders_day", ORDERS),
                created("trigger", "public.customers.stamp", ("table", "public.customers")),
                created("schema", "fresh"),
                created("routine", "fresh.f(integer)"),
            ),
            changed=(AfterAttribute("table", "public.items", (), "row_security", value=True),),
            dropped=(created("view", "public.old"),),
            dropped_first=(("index", "public.orders_day"),),
        )
    )
    owned = {"public.orders", "public.orders_by_year", "public.items", "public.old"}
    assert {name for (name,) in touched.owned} == owned
    assert touched.triggers == (("public.customers",),)
    assert set(touched.names) == {"public.customers", *owned}
    assert planned(touched) == [
        "column public.orders.note",
        "table public.orders_2031",
        "trigger public.customers.stamp",
        "schema fresh",
        "routine fresh.f(integer)",
    ]
    assert touched.schemas == (("public",),)


def test_what_a_run_keeps_is_read_as_it_was_written_but_for_passwords(tmp_path: Path) -> None:
    secret = created("foreign table", "public.far", options=["user=me", "password=hunter2"])
    after = After(
        started="2026-01-01T00:00:00+00:00",
        rows={"public.orders": 7},
        locks={"public.orders": ("ShareLock",)},
        created=(created("column", "public.orders.note", ORDERS, type="text"),),
        changed=(AfterAttribute("table", "public.orders", (), "comment"),),
    )
    write_after(after, tmp_path / "after.json")
    assert read_after(tmp_path / "after.json") == after
    write_after(After(started="", created=(secret,)), tmp_path / "secret.json")
    kept = (tmp_path / "secret.json").read_text(encoding="utf-8")
    assert "user=me" in kept
    assert "hunter2" not in kept


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["schema", "started", "created", "statements", "taken", "verdict"]),
            inner,
        )
    ),
    max_leaves=8,
)


@given(document=JSON)
def test_any_other_file_is_refused_in_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, document: object
) -> None:
    path = tmp_path_factory.mktemp("any") / "any.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    for read in (read_reference, read_shadow_run):
        with pytest.raises(UsageError):
            read(path)
    with suppress(UsageError):  # some are such a file, with nothing in it
        read_after(path)
