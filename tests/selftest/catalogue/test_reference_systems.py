"""What coordinates a reference system allows, from its definition alone."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.catalogue.reference_systems import (
    Place,
    PlaceBox,
    kilometres,
    reference_system,
)

UTM = reference_system(
    31983,
    'PROJCS["SIRGAS 2000 / UTM zone 23S",GEOGCS["SIRGAS 2000"]]',
    "+proj=utm +zone=23 +south +ellps=GRS80 +units=m +no_defs ",
)
LONGITUDES, LATITUDES = st.floats(-180, 180), st.floats(-90, 90)
PLACES = st.builds(Place, LONGITUDES, LATITUDES)


@st.composite
def boxes(draw: st.DrawFn) -> PlaceBox:
    west, east = sorted((draw(LONGITUDES), draw(LONGITUDES)))
    south, north = sorted((draw(LATITUDES), draw(LATITUDES)))
    return PlaceBox(west, south, east, north)


def test_a_zone_keeps_its_coordinates_from_zero_and_has_a_meridian() -> None:
    assert (UTM.geographic, UTM.false_origin, UTM.zero_at_sea) == (False, True, False)
    assert UTM.central_meridian == -45
    assert str(UTM) == "SRID 31983 (SIRGAS 2000 / UTM zone 23S)"


@pytest.mark.parametrize(
    ("definition", "geographic", "false_origin", "zero_at_sea"),
    [
        ("+proj=longlat +datum=WGS84 +no_defs", True, False, False),
        ("+proj=merc +a=6378137 +lat_ts=0.0 +lon_0=0.0 +x_0=0.0 +y_0=0 +k=1.0", False, False, True),
        ("+proj=merc +lon_0=-43 +x_0=5000000 +y_0=10000000", False, True, False),
        ("+proj=tmerc +lat_0=49 +lon_0=-2 +x_0=400000 +y_0=-100000", False, True, False),
        ("+proj=laea +lat_0=-17 +lon_0=-44 +x_0=0 +y_0=0", False, False, False),
        ("", False, False, False),
    ],
)
def test_a_definition_says_where_zero_is(
    definition: str, geographic: bool, false_origin: bool, zero_at_sea: bool
) -> None:
    found = reference_system(1, "", definition)
    assert (found.geographic, found.false_origin, found.zero_at_sea) == (
        geographic,
        false_origin,
        zero_at_sea,
    )


@pytest.mark.parametrize(
    ("place", "allowed"),
    [
        (Place(-44, -17), True),
        # all of a country in one zone
        (Place(-74, -9), True),
        # beyond the pole, where degrees relabelled as metres come to lie
        (Place(-135.2, -85.5), False),
        (Place(120, -17), False),
        (Place(math.nan, 0), False),
        (Place(math.inf, 0), False),
    ],
)
def test_a_zone_is_of_use_around_its_meridian(place: Place, allowed: bool) -> None:
    assert UTM.allows(place) is allowed


def test_a_meridian_at_the_date_line_reaches_across_it() -> None:
    sixty = reference_system(32760, "", "+proj=utm +zone=60 +south +datum=WGS84")
    assert sixty.allows(Place(-178, -17))
    assert not sixty.allows(Place(0, -17))


@given(PLACES, PLACES)
def test_distances_are_the_same_both_ways_and_bounded(one: Place, other: Place) -> None:
    assert kilometres(one, other) == pytest.approx(kilometres(other, one), abs=1e-6)
    assert 0 <= kilometres(one, other) <= math.pi * 6371.01
    assert kilometres(one, one) == 0


def test_a_degree_is_a_hundred_and_eleven_kilometres() -> None:
    assert kilometres(Place(0, 0), Place(0, 1)) == pytest.approx(111.2, abs=0.1)
    assert PlaceBox(0, 0, 1, 1).gap_km(PlaceBox(2, 0, 3, 1)) == pytest.approx(111.2, abs=0.1)
    assert PlaceBox(178, 0, 179, 1).gap_km(PlaceBox(-179, 0, -178, 1)) == pytest.approx(222, abs=1)


@given(boxes(), boxes())
def test_boxes_that_meet_have_no_gap(one: PlaceBox, other: PlaceBox) -> None:
    assert one.gap_km(other) == pytest.approx(other.gap_km(one), abs=1e-6)
    meet = max(one.west, other.west) <= min(one.east, other.east) and max(
        one.south, other.south
    ) <= min(one.north, other.north)
    if meet:
        assert one.gap_km(other) == 0
    if max(one.south, other.south) > min(one.north, other.north) + 0.1:
        assert one.gap_km(other) > 10
