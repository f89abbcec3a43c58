"""Differences between snapshots, and what was announced of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.catalogue import (
    CatalogueObject,
    Expectation,
    ObjectId,
    Snapshot,
    deviations_from,
    diff,
    names_object,
)
from shadowgate.errors import UsageError

IDENTITIES = st.builds(
    ObjectId,
    kind=st.sampled_from(["table", "index", "routine", "sequence"]),
    name=st.sampled_from([f"{schema}.{table}" for schema in "ab" for table in ("c", "d", "cd")]),
)
VALUES = st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from(["x", "y"])
OBJECTS = st.builds(
    CatalogueObject,
    attributes=st.dictionaries(st.sampled_from(["owner", "definition", "valid"]), VALUES),
    part_of=st.lists(IDENTITIES, max_size=2).map(tuple),
)


def acyclic(objects: dict[ObjectId, CatalogueObject]) -> Snapshot:
    """A snapshot in which nothing is part of itself, not even by a detour: as in a catalogue."""
    return Snapshot(
        {
            identity: replace(found, part_of=tuple(w for w in found.part_of if w < identity))
            for identity, found in objects.items()
        }
    )


SNAPSHOTS = st.dictionaries(IDENTITIES, OBJECTS, max_size=5).map(acyclic)


def thing(*part_of: ObjectId, **attributes: Any) -> CatalogueObject:
    return CatalogueObject(attributes, part_of)


TABLE = ObjectId("table", "public.a")
COLUMN = ObjectId("column", "public.a.id")
INDEX = ObjectId("index", "public.a_id")
ROUTINE = ObjectId("routine", "public.work(text, integer)")
BEFORE = Snapshot(
    {
        TABLE: thing(owner="one", persistence="permanent"),
        COLUMN: thing(TABLE, type="bigint"),
        INDEX: thing(TABLE, definition="CREATE INDEX a_id ON public.a (id)", valid=True),
    }
)


def altered(**changes: Any) -> Snapshot:
    """The snapshot above with other attributes of its table."""
    table = thing(**{**BEFORE.objects[TABLE].attributes, **changes})
    return Snapshot({**BEFORE.objects, TABLE: table})


def with_objects(objects: dict[ObjectId, CatalogueObject]) -> Snapshot:
    return Snapshot({**BEFORE.objects, **objects})


def without(*names: ObjectId) -> Snapshot:
    return Snapshot({key: value for key, value in BEFORE.objects.items() if key not in names})


@given(SNAPSHOTS)
def test_a_snapshot_does_not_differ_from_itself(snapshot: Snapshot) -> None:
    drift = diff(snapshot, snapshot)
    assert not drift
    assert drift.in_words() == ()


@given(SNAPSHOTS, SNAPSHOTS)
def test_what_is_created_one_way_is_dropped_the_other_way(one: Snapshot, other: Snapshot) -> None:
    there, back = diff(one, other), diff(other, one)
    assert there.created == back.dropped
    assert there.dropped == back.created
    assert set(there.renamed) == {(new, old) for old, new in back.renamed}
    assert [(c.object, c.attribute, c.before, c.after) for c in there.changed] == [
        (c.object, c.attribute, c.after, c.before) for c in back.changed
    ]


@given(SNAPSHOTS, SNAPSHOTS)
def test_no_difference_means_the_same_objects_with_the_same_attributes(
    one: Snapshot, other: Snapshot
) -> None:
    def settled(snapshot: Snapshot) -> dict[ObjectId, dict[str, str]]:
        return {
            identity: {name: repr(v) for name, v in found.attributes.items() if v is not None}
            for identity, found in snapshot.objects.items()
        }

    assert bool(diff(one, other)) == (settled(one) != settled(other))


@given(SNAPSHOTS, SNAPSHOTS)
def test_with_nothing_announced_a_state_is_sound_only_without_a_drift(
    one: Snapshot, other: Snapshot
) -> None:
    drift = diff(one, other)
    deviations = deviations_from(drift, Expectation())
    assert bool(deviations) == (not drift)
    assert not deviations.expected


def test_an_index_that_only_changed_its_name_is_called_renamed() -> None:
    new = ObjectId("index", "public.a_key")
    after = with_objects(
        {new: thing(TABLE, definition="CREATE INDEX a_key ON public.a (id)", valid=True)}
    )
    drift = diff(BEFORE, Snapshot({k: v for k, v in after.objects.items() if k != INDEX}))
    assert drift.renamed == ((INDEX, new),)
    assert drift.in_words() == ("index public.a_id was renamed to public.a_key",)
    (deviation,) = deviations_from(drift, Expectation()).unexpected
    assert deviation.problem == "renamed"


def test_an_announced_table_covers_its_parts() -> None:
    new = ObjectId("table", "public.a_2029")
    column = ObjectId("column", "public.a_2029.id")
    part = ObjectId("index", "public.a_2029_id")
    after = with_objects({new: thing(), column: thing(new), part: thing(new, INDEX)})
    deviations = deviations_from(diff(BEFORE, after), Expectation(creates={"table": ("a_20??",)}))
    assert deviations
    assert deviations.expected == ("table public.a_2029 was created",)


def test_parts_of_a_part_are_covered_too() -> None:
    trigger = ObjectId("trigger", "public.a.make_year")
    clone = ObjectId("trigger", "public.a_2026.make_year")
    clone_of_clone = ObjectId("trigger", "public.a_2026_north.make_year")
    after = with_objects(
        {
            trigger: thing(TABLE),
            clone: thing(ObjectId("table", "public.a_2026"), trigger),
            clone_of_clone: thing(ObjectId("table", "public.a_2026_north"), clone),
        }
    )
    assert deviations_from(diff(BEFORE, after), Expectation(creates={"trigger": ("make_year",)}))


def test_an_index_on_an_old_table_is_not_covered_by_a_new_table() -> None:
    new, extra = ObjectId("table", "public.b"), ObjectId("index", "public.a_extra")
    after = with_objects({new: thing(), extra: thing(TABLE)})
    deviations = deviations_from(diff(BEFORE, after), Expectation(creates={"table": ("b",)}))
    (deviation,) = deviations.unexpected
    assert (deviation.object, deviation.problem, deviation.area) == (extra, "created", "schema")


def test_an_unannounced_table_is_one_deviation_not_one_for_each_part() -> None:
    new = ObjectId("table", "public.leftover")
    after = with_objects({new: thing(), ObjectId("column", "public.leftover.id"): thing(new)})
    assert [str(f) for f in deviations_from(diff(BEFORE, after), Expectation()).unexpected] == [
        "table public.leftover was created"
    ]


def test_what_was_announced_and_did_not_happen_is_missing() -> None:
    announced = Expectation(
        creates={"table": ("a", "b")}, drops={"index": ("gone",)}, changes={"column": ("a.id",)}
    )
    deviations = deviations_from(diff(BEFORE, BEFORE), announced)
    assert [str(each) for each in deviations.missing] == [
        "table a was not created",
        "table b was not created",
        "index gone was not dropped",
        "column a.id was not changed",
    ]
    assert not deviations


def test_an_announced_drop_covers_parts_and_nothing_else() -> None:
    drift = diff(BEFORE, without(TABLE, COLUMN, INDEX))
    assert deviations_from(drift, Expectation(drops={"table": ("public.a",)}))
    assert not deviations_from(drift, Expectation(drops={"index": ("a_id",)}))


@pytest.mark.parametrize(
    ("name", "covered"),
    [
        ("public.a", False),
        ("a", False),
        ("a:*", True),
        ("a:owner", True),
        ("a:own*", True),
        ("a:persistence", False),
        ("b", False),
    ],
)
def test_an_announced_change_can_be_narrowed_to_an_attribute(name: str, covered: bool) -> None:
    drift = diff(BEFORE, altered(owner="two"))
    deviations = deviations_from(drift, Expectation(changes={"table": (name,)}))
    assert bool(deviations) is covered
    assert bool(deviations.unexpected) is not covered


VIEW = ObjectId("view", "public.v")
TRIGGER = ObjectId("trigger", "public.a.touch")
POLICY = ObjectId("policy", "public.a.own")
SEQUENCE = ObjectId("sequence", "public.a_id_seq")


@pytest.mark.parametrize(
    ("identity", "attribute", "before", "after"),
    [
        (VIEW, "definition", "SELECT 1", "SELECT 2"),
        (COLUMN, "type", "integer", "bigint"),
        (ObjectId("constraint", "public.a.c"), "validated", False, True),
        (TRIGGER, "enabled", "disabled", "origin"),
        (ROUTINE, "definition_md5", "0a", "0b"),
        (ROUTINE, "volatility", "volatile", "stable"),
        (POLICY, "using", "true", "(id > 0)"),
        (ObjectId("setting", "work_mem of all roles"), "value", "4MB", "8MB"),
        (ObjectId("default privileges", "tables of one"), "privileges", [], ["two=r/one"]),
    ],
)
def test_a_bare_name_announces_a_definition(
    identity: ObjectId, attribute: str, before: Any, after: Any
) -> None:
    drift = diff(
        Snapshot({identity: thing(**{attribute: before})}),
        Snapshot({identity: thing(**{attribute: after})}),
    )
    assert deviations_from(drift, Expectation(changes={identity.kind: (identity.name,)}))


@pytest.mark.parametrize(
    ("identity", "attribute", "before", "after"),
    [
        (VIEW, "privileges", ["reader=r/one"], []),
        (VIEW, "security_invoker", True, False),
        (VIEW, "comment", "What the map may show.", None),
        (TABLE, "options", ["fillfactor=70"], None),
        (TABLE, "row_security", True, False),
        (TABLE, "persistence", "permanent", "unlogged"),
        (TRIGGER, "enabled", "origin", "disabled"),
        (ROUTINE, "settings", ["search_path=public"], None),
        (ROUTINE, "security_definer", False, True),
        (SEQUENCE, "next_value", 3001, 1),
        (COLUMN, "privileges", ["reader=r/one"], None),
        (POLICY, "comment", "Mine.", None),
        (ObjectId("database", "this database"), "owner", "one", "two"),
    ],
)
def test_what_lives_beside_a_definition_has_to_be_named(
    identity: ObjectId, attribute: str, before: Any, after: Any
) -> None:
    drift = diff(
        Snapshot({identity: thing(increment=1, **{attribute: before})}),
        Snapshot({identity: thing(increment=1, **{attribute: after})}),
    )
    assert not deviations_from(drift, Expectation(changes={identity.kind: (identity.name,)}))
    assert deviations_from(
        drift, Expectation(changes={identity.kind: (f"{identity.name}:{attribute}",)})
    )


def test_a_table_that_changes_does_not_announce_that_its_policies_do() -> None:
    before = Snapshot({TABLE: thing(), POLICY: thing(TABLE, using="(owner = 1)")})
    after = Snapshot({TABLE: thing(), POLICY: thing(TABLE, using="true")})
    drift = diff(before, after)
    (deviation,) = deviations_from(drift, Expectation(changes={"table": ("a",)})).unexpected
    assert (deviation.object, deviation.area) == (POLICY, "privileges")
    assert deviations_from(drift, Expectation(changes={"policy": ("own",)}))


def columns_of(whole: ObjectId, names: str, **attributes: Any) -> Snapshot:
    """A relation with columns of one letter each, in this order."""
    columns = {
        ObjectId("column", f"{whole.name}.{name}"): thing(whole, position=place)
        for place, name in enumerate(names, start=1)
    }
    return Snapshot({whole: thing(**attributes), **columns})


@pytest.mark.parametrize("names", ["abcd", "bc", "ac"])
def test_columns_of_a_view_are_part_of_its_query(names: str) -> None:
    drift = diff(columns_of(VIEW, "abc", definition="1"), columns_of(VIEW, names, definition="2"))
    assert deviations_from(drift, Expectation(changes={"view": ("v",)}))
    assert not deviations_from(drift, Expectation(changes={"view": ("v:definition",)}))
    table = diff(columns_of(TABLE, "abc"), columns_of(TABLE, names))
    assert deviations_from(table, Expectation(changes={"table": ("a",)})).unexpected


@pytest.mark.parametrize(
    ("names", "moved"),
    [
        ("acd", []),
        ("bcd", []),
        ("c", []),
        ("abcde", []),
        ("adc", ["d"]),
        ("abxcd", ["c", "d"]),
    ],
)
def test_a_column_that_closes_up_has_not_moved(names: str, moved: list[str]) -> None:
    drift = diff(columns_of(TABLE, "abcd"), columns_of(TABLE, names))
    assert [change.object.name[-1] for change in drift.changed] == moved


def test_a_change_of_a_part_is_covered_by_its_whole() -> None:
    after = with_objects({COLUMN: thing(TABLE, type="integer")})
    assert deviations_from(diff(BEFORE, after), Expectation(changes={"table": ("a",)}))
    assert deviations_from(diff(BEFORE, after), Expectation(changes={"column": ("a.id:type",)}))
    assert not deviations_from(diff(BEFORE, after), Expectation(changes={"index": ("*",)}))


@pytest.mark.parametrize(
    ("identity", "attribute", "area"),
    [
        (TABLE, "owner", "privileges"),
        (TABLE, "row_security", "privileges"),
        (ObjectId("routine", "public.f()"), "security_definer", "privileges"),
        (ObjectId("view", "public.v"), "security_invoker", "privileges"),
        (ObjectId("view", "public.v"), "comment", "schema"),
        (ObjectId("policy", "public.a.p"), "using", "privileges"),
        (ObjectId("role", "anon"), "superuser", "privileges"),
        (ObjectId("setting", "work_mem of all roles"), "value", "settings"),
        (ObjectId("database", "this database"), "connection_limit", "settings"),
        (ObjectId("database", "this database"), "privileges", "privileges"),
        (TABLE, "persistence", "schema"),
        (ObjectId("routine", "public.f()"), "settings", "schema"),
    ],
)
def test_a_deviation_belongs_to_the_check_of_its_area(
    identity: ObjectId, attribute: str, area: str
) -> None:
    drift = diff(
        Snapshot({identity: thing(**{attribute: 1})}), Snapshot({identity: thing(**{attribute: 2})})
    )
    (deviation,) = deviations_from(drift, Expectation()).unexpected
    assert deviation.area == area
    assert deviation.change is not None
    assert (deviation.change.before, deviation.change.after) == (1, 2)


@pytest.mark.parametrize(
    "name",
    [
        "work",
        "public.work",
        "work(text,integer)",
        "public.work(text, integer)",
        "wor?",
        "work(*)",
    ],
)
def test_a_routine_is_named_with_or_without_schema_and_arguments(name: str) -> None:
    assert names_object(name, ROUTINE)


@pytest.mark.parametrize("name", ["work(text)", "other.work", "ork", "public.work(text, bigint)"])
def test_another_name_does_not_stand_for_a_routine(name: str) -> None:
    assert not names_object(name, ROUTINE)


def test_brackets_of_an_array_type_are_taken_literally() -> None:
    assert names_object("sum(text[])", ObjectId("routine", "public.sum(text[])"))


def test_a_kind_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(UsageError) as error:
        Expectation(creates={"tables": ("a",)})
    assert "tables" in str(error.value)
    assert "table," in error.value.todo


FLAWS = [
    ("index", {"valid": False}, {"valid": True}),
    ("index", {"ready": False}, {"ready": True}),
    ("constraint", {"validated": False}, {"validated": True}),
    ("constraint", {"triggers_enabled": ["D", "O"]}, {"triggers_enabled": ["O"]}),
    ("trigger", {"enabled": "disabled"}, {"enabled": "origin"}),
    ("materialized view", {"populated": False}, {"populated": True}),
    ("table", {"persistence": "unlogged"}, {"persistence": "permanent"}),
    ("table", {"privileges": ["=rw/one", "one=r/one"]}, {"privileges": ["=r/one", "one=rw/one"]}),
    ("schema", {"privileges": ["=UC/one"]}, {"privileges": ["=U/one"]}),
    ("sequence", {"privileges": ["=U/one"]}, {"privileges": ["two=U/one"]}),
]


@pytest.mark.parametrize(("kind", "flawed", "sound"), FLAWS)
def test_an_announced_object_with_a_flaw_is_a_deviation_unless_that_is_announced_too(
    kind: str, flawed: dict[str, Any], sound: dict[str, Any]
) -> None:
    new = ObjectId(kind, "public.new")
    announced = Expectation(creates={kind: ("new",)})
    assert deviations_from(diff(BEFORE, with_objects({new: thing(**sound)})), announced)
    drift = diff(BEFORE, with_objects({new: thing(**flawed)}))
    (deviation,) = deviations_from(drift, announced).unexpected
    (attribute,) = flawed
    assert deviation.change is not None
    assert (deviation.object, deviation.change.attribute) == (new, attribute)
    meant = Expectation(creates={kind: ("new",)}, changes={kind: (f"new:{attribute}",)})
    assert deviations_from(drift, meant)


EVERYBODY = ["=X/one", "one=X/one"]


@pytest.mark.parametrize(
    ("attributes", "flawed"),
    [
        ({"security_definer": True, "privileges": EVERYBODY}, True),
        ({"security_definer": True, "privileges": ["one=X/one", "two=X/one"]}, False),
        ({"security_definer": False, "privileges": EVERYBODY}, False),
        ({"security_definer": True, "privileges": EVERYBODY, "returns": "trigger"}, False),
    ],
)
def test_a_new_routine_that_lends_its_owners_rights_to_everybody_is_a_deviation(
    attributes: dict[str, Any], flawed: bool
) -> None:
    drift = diff(BEFORE, with_objects({ROUTINE: thing(**attributes)}))
    found = deviations_from(drift, Expectation(creates={"routine": ("work",)})).unexpected
    assert [(deviation.object, deviation.area) for deviation in found] == (
        [(ROUTINE, "privileges")] if flawed else []
    )


def test_what_everybody_may_do_with_a_new_table_is_told_and_nothing_else() -> None:
    new = ObjectId("table", "public.new")
    privileges = ["=ar/one", "one=arwdDxt/one"]
    drift = diff(BEFORE, with_objects({new: thing(privileges=privileges)}))
    (deviation,) = deviations_from(drift, Expectation(creates={"table": ("new",)})).unexpected
    assert str(deviation) == "table public.new gained INSERT, SELECT of PUBLIC"
