"""Values reduced to their members: another order is the same, another member is not."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.measure.answers.members import forms, members, separators, split_at, split_words

POINTS = [shapely.Point(606000 + n * 13.5, 8072000 + n * 29.25) for n in range(6)]


def collected(points: list[shapely.Point], **how: Any) -> str:
    return str(shapely.to_wkb(shapely.set_srid(shapely.MultiPoint(points), 31983), **how))


def as_hex(points: list[shapely.Point]) -> str:
    return collected(points, hex=True, include_srid=True)


def as_text(points: list[shapely.Point]) -> str:
    return str(shapely.to_wkt(shapely.MultiPoint(points), rounding_precision=-1))


def as_geojson(points: list[shapely.Point]) -> str:
    return str(shapely.to_geojson(shapely.MultiPoint(points)))


def as_array(points: list[shapely.Point]) -> list[str]:
    return [shapely.to_wkt(point) for point in points]


def as_json(points: list[shapely.Point]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": [{"x": point.x} for point in points]}


FORMS = (as_hex, as_text, as_geojson, as_array, as_json)


@pytest.mark.parametrize("written", FORMS)
def test_points_in_another_order_have_the_same_members(written: Any) -> None:
    one, other = written(POINTS), written(POINTS[3:] + POINTS[:3])
    assert one != other
    assert members(one, split_words) == members(other, split_words)


@pytest.mark.parametrize("written", FORMS)
def test_a_point_less_or_another_point_is_another_answer(written: Any) -> None:
    whole = members(written(POINTS), split_words)
    moved = [shapely.Point(606000.5, 8072000), *POINTS[1:]]
    assert members(written(POINTS[1:]), split_words) != whole
    assert members(written(moved), split_words) != whole


def test_coordinates_that_change_places_are_another_geometry() -> None:
    one, other = "MULTIPOINT((1 2),(3 4))", "MULTIPOINT((1 4),(3 2))"
    assert members(one, split_words) != members(other, split_words)
    assert members("POINT(1 2)", split_words) != members("POINT(2 1)", split_words)


def test_another_reference_system_is_another_geometry() -> None:
    one = shapely.to_wkb(shapely.set_srid(POINTS[0], 4326), hex=True, include_srid=True)
    other = shapely.to_wkb(shapely.set_srid(POINTS[0], 31983), hex=True, include_srid=True)
    assert members(one, split_words) != members(other, split_words)


def test_separators_are_told_by_the_query() -> None:
    text = (
        "SELECT string_agg(a, ' | '), array_to_string(array_agg(b), '-'), string_agg(c, :x) FROM t"
    )
    assert separators(text) == (" | ", "-")
    assert separators("SELECT 1") == ()
    assert separators("no SQL at all") == ()


def test_the_strictest_form_tells_most() -> None:
    strict, words, characters = forms("SELECT string_agg(a, ', ') FROM t")
    one, other = "green fig, ripe date", "ripe fig, green date"
    assert members(one, strict) != members(other, strict)
    assert members(one, words) == members(other, words)
    assert members("ab", words) != members("ba", words)
    assert members("ab", characters) == members("ba", characters)


@given(
    st.lists(st.text(max_size=8), min_size=1, max_size=8),
    st.sampled_from([", ", "|", " and ", "\n"]),
    st.randoms(use_true_random=False),
)
def test_joined_texts_agree_exactly_if_their_pieces_do(
    parts: list[str], separator: str, generator: random.Random
) -> None:
    shuffled = generator.sample(parts, len(parts))
    split = split_at([separator])

    def joined(some: list[str]) -> str:
        return "x" + separator + separator.join(some)

    assert members(joined(parts), split) == members(joined(shuffled), split)
    more = [*shuffled, "one more"]
    assert members(joined(parts), split) != members(joined(more), split)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["type", "coordinates", "geometries", "a", "b"]), inner, max_size=4
        )
        | st.fixed_dictionaries(
            {"type": st.sampled_from(["Point", "Polygon", "LineString"]), "coordinates": inner}
        )
    ),
    max_leaves=12,
)
TEXTS = (
    st.text(max_size=30)
    | st.from_regex(r"\A0[01][0-9A-F]{40,80}\Z")
    | st.from_regex(r"\A(SRID=\d{1,4};)?(MULTI)?(POINT|POLYGON)[ Z]*\([ 0-9,()]{0,20}\Z")
    | JSON.map(json.dumps)
)


def test_what_is_said_beside_a_geometry_counts() -> None:
    point = {"type": "Point", "coordinates": [1, 2]}
    assert members({**point, "name": "a"}, split_words) != members(
        {**point, "name": "b"}, split_words
    )
    assert members(point, split_words) != members({**point, "coordinates": [2, 1]}, split_words)


@given(JSON | TEXTS | st.lists(TEXTS, max_size=3) | st.binary(max_size=9))
def test_whatever_a_query_returns_can_be_reduced(value: Any) -> None:
    assert members(value, split_words) == members(value, split_words)


@given(st.lists(JSON, min_size=2, max_size=5), st.randoms(use_true_random=False))
def test_members_of_json_may_lie_in_any_order(items: list[Any], generator: random.Random) -> None:
    shuffled = generator.sample(items, len(items))
    assert members(items, split_words) == members(shuffled, split_words)
    assert members([*items, "more"], split_words) != members(items, split_words)
