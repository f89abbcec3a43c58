"""The generated catalogue is deterministic and looks like the one in production."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from fixtures.catalogue import content, shapes, words
from fixtures.catalogue.randomness import Randomness

ROWS = 20_000
DIGEST_OF_1000 = "208d94da2aa27cfd5c03304d611ef0150fbffefbe9cd7a90bf008a5c50579bdb"


def digest(rows: int, seed: int) -> str:
    """Hash of every value of the rows, in order."""
    total = hashlib.sha256()
    for chunk in content.chunks(rows, seed):
        for column in vars(chunk).values():
            total.update("\n".join(map(str, column.tolist())).encode())
    return total.hexdigest()


def rings_of(parcels: np.ndarray) -> np.ndarray:
    """How many rings each geometry has, holes included."""
    polygons, parcel = shapely.get_parts(parcels, return_index=True)
    _, polygon = shapely.get_rings(polygons, return_index=True)
    return np.bincount(parcel[polygon])


@pytest.fixture(scope="module")
def rows() -> content.Rows:
    """The first chunk of a catalogue."""
    return next(content.chunks(ROWS, content.DEFAULT_SEED))


@pytest.fixture(scope="module")
def parcels(rows: content.Rows) -> np.ndarray:
    """Its geometries."""
    return np.asarray(shapely.from_wkb(rows.ewkb))


def test_same_seed_gives_the_same_rows_on_every_machine() -> None:
    assert digest(1_000, content.DEFAULT_SEED) == DIGEST_OF_1000


def test_another_seed_gives_other_rows() -> None:
    assert digest(1_000, content.DEFAULT_SEED + 1) != DIGEST_OF_1000


def test_chunks_hold_every_id_once_and_in_order() -> None:
    ids = np.concatenate([chunk.id for chunk in content.chunks(40_000, 7)])
    assert ids.tolist() == list(range(1, 40_001))


def test_no_rows_are_no_chunks() -> None:
    assert list(content.chunks(0, 7)) == []


def test_geometries_are_valid_exactly_where_declared_so(
    rows: content.Rows, parcels: np.ndarray
) -> None:
    assert np.array_equal(shapely.is_valid(parcels), rows.is_valid)
    assert 0.002 < np.mean(~rows.is_valid) < 0.007


def test_geometries_are_multipolygons_of_8_to_48_vertices(parcels: np.ndarray) -> None:
    assert set(shapely.get_type_id(parcels)) == {shapely.GeometryType.MULTIPOLYGON}
    assert set(shapely.get_srid(parcels)) == {shapes.SRID}
    vertices = shapely.get_num_coordinates(parcels) - rings_of(parcels)
    assert vertices.min() == 8
    assert 40 <= vertices.max() <= 48


def test_a_few_geometries_have_two_parts_or_a_hole(parcels: np.ndarray) -> None:
    parts = shapely.get_num_geometries(parcels)
    rings = rings_of(parcels)
    assert 0.005 < np.mean(parts > 1) < 0.03
    assert 0.005 < np.mean(rings > parts) < 0.03


def test_geometries_reach_15_to_75_m_and_stay_inside_the_extent(parcels: np.ndarray) -> None:
    radius = shapely.minimum_bounding_radius(parcels)
    assert radius.min() >= 15
    assert radius.max() <= 75.01
    assert shapely.within(parcels[shapely.is_valid(parcels)], shapely.box(*shapes.EXTENT)).all()


def test_coordinates_are_whole_millimetres(parcels: np.ndarray) -> None:
    millimetres = shapely.get_coordinates(parcels) * 1000
    assert np.abs(millimetres - np.rint(millimetres)).max() < 1e-5


def test_seven_in_ten_begin_after_2028_and_all_years_are_there(rows: content.Rows) -> None:
    years = rows.data_inicio.astype("datetime64[Y]").astype(int) + 1970
    assert sorted(set(years.tolist())) == list(range(2026, 2036))
    assert 0.68 < np.mean(years >= 2029) < 0.72
    counts = np.bincount(years)[2026:]
    assert counts.min() > 0.08 * len(years)


def test_parcels_crowd_in_some_places(parcels: np.ndarray) -> None:
    centres = shapely.get_coordinates(shapely.centroid(parcels))
    counts, *_ = np.histogram2d(centres[:, 0], centres[:, 1], bins=12)
    assert counts.max() > 10 * np.median(counts)


def test_rows_that_follow_each_other_lie_apart(parcels: np.ndarray) -> None:
    centres = shapely.get_coordinates(shapely.centroid(parcels))
    steps = np.hypot(*np.diff(centres, axis=0).T)
    assert np.median(steps) < 500
    assert np.mean(steps > 1_000) > 0.2


def test_entry_times_follow_the_ids_and_changes_come_later(rows: content.Rows) -> None:
    assert np.all(np.diff(rows.created_at) >= np.timedelta64(0))
    assert np.all(rows.updated_at >= rows.created_at)


def test_items_cover_every_type_with_names_and_descriptions() -> None:
    items = content.items(content.DEFAULT_SEED)
    assert len(items.nome) == content.ITEMS
    assert set(items.kind.tolist()) == set(range(len(words.KINDS)))
    assert set(items.status) == {"ativo", "inativo"}
    assert all(len(text.split()) >= 10 for text in items.descricao)
    assert len(set(items.nome)) > 0.9 * content.ITEMS


@given(seed=st.integers(0, 2**32), count=st.integers(1, 300))
def test_uniform_numbers_lie_in_their_interval(seed: int, count: int) -> None:
    drawn = Randomness(seed).between(-3.0, 5.0, count)
    assert len(drawn) == count
    assert np.all((drawn >= -3.0) & (drawn < 5.0))


@given(seed=st.integers(0, 2**32), low=st.integers(-9, 9), width=st.integers(0, 9))
def test_integers_include_both_ends_and_nothing_else(seed: int, low: int, width: int) -> None:
    drawn = Randomness(seed).integers(low, low + width, 400)
    assert drawn.min() == low
    assert drawn.max() == low + width


@given(seed=st.integers(0, 2**32))
def test_what_has_no_weight_is_never_chosen(seed: int) -> None:
    chosen = Randomness(seed).choose(np.array([0.0, 2.0, 0.0, 1.0, 0.0]), 200)
    assert set(chosen.tolist()) == {1, 3}
