"""What coordinates a spatial reference system allows. Pure: no database is needed.

PostGIS does not say where a system is meant to be used. Its definition says enough to tell
coordinates that cannot be: degrees have bounds, and a false easting or northing of hundreds of
kilometres is there to keep the zone's own coordinates away from zero, where degrees relabelled as
metres lie.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

MAX_LONGITUDE = 360.0
"""Degrees; some count from 0 to 360."""
MAX_LATITUDE = 90.0

FALSE_ORIGIN = 10_000.0
"""Units; a false easting or northing of less is none that keeps coordinates away from zero."""

FROM_MERIDIAN = 60.0
"""Degrees from the central meridian within which a transverse Mercator projection is of use, and
more than data that spills over into neighbouring zones needs."""
TO_POLE = 85.0
"""Degrees of latitude up to which it is used; UTM ends at 84."""

EARTH_RADIUS_KM = 6371.0

_OF_THE_WORLD = frozenset(
    {"merc", "webmerc", "mill", "eqc", "cea", "moll", "robin", "eck4", "eqearth"}
)


@dataclass(frozen=True)
class Place:
    """Longitude and latitude in degrees."""

    longitude: float
    latitude: float

    def __str__(self) -> str:
        return f"({self.longitude:.3f}, {self.latitude:.3f})"


@dataclass(frozen=True)
class PlaceBox:
    """Where most rows of a column lie, in degrees."""

    west: float
    south: float
    east: float
    north: float

    @property
    def centre(self) -> Place:
        """Its middle."""
        return Place((self.west + self.east) / 2, (self.south + self.north) / 2)

    def gap_km(self, other: PlaceBox) -> float:
        """Kilometres between the two boxes; 0 if they meet."""
        low = max(self.south, other.south)
        north_south = max(0.0, low - min(self.north, other.north))
        around = max(self.east, other.east) - min(self.west, other.west)
        apart = max(0.0, max(self.west, other.west) - min(self.east, other.east))
        east_west = min(apart, max(0.0, 360.0 - around))
        latitude = (self.centre.latitude + other.centre.latitude) / 2
        degrees = math.hypot(north_south, east_west * math.cos(math.radians(latitude)))
        return math.radians(degrees) * EARTH_RADIUS_KM


@dataclass(frozen=True)
class ReferenceSystem:
    """A spatial reference system, as ``spatial_ref_sys`` has it."""

    srid: int
    name: str
    geographic: bool
    """Coordinates are longitude and latitude in degrees."""
    false_origin: bool = False
    """Its own coordinates are kept away from zero."""
    zero_at_sea: bool = False
    """A map of the world whose zero lies where equator and prime meridian meet."""
    central_meridian: float | None = None
    """Of a transverse Mercator projection, in degrees."""

    def __str__(self) -> str:
        return f"SRID {self.srid} ({self.name})" if self.name else f"SRID {self.srid}"

    def allows(self, place: Place) -> bool:
        """Whether data in this system may lie there."""
        longitude, latitude = place.longitude, place.latitude
        if not (math.isfinite(longitude) and math.isfinite(latitude)):
            return False
        if abs(longitude) > MAX_LONGITUDE or abs(latitude) > MAX_LATITUDE:
            return False
        if self.central_meridian is None:
            return True
        turned = (longitude - self.central_meridian + 180) % 360 - 180
        return abs(turned) <= FROM_MERIDIAN and abs(latitude) <= TO_POLE


def reference_system(srid: int, srtext: str, proj4text: str) -> ReferenceSystem:
    """Read the definition of a reference system.

    Args:
        srid: its number.
        srtext: its definition as well-known text, from which the name is taken.
        proj4text: its definition as PROJ has it.
    """
    named = re.match(r'\s*[A-Z_]+\["([^"]*)"', srtext or "")
    values = dict(re.findall(r"\+(\w+)=(\S+)", proj4text or ""))
    projection = values.get("proj", "")
    geographic = projection in ("longlat", "latlong", "lonlat", "latlon") or (
        not projection and (srtext or "").lstrip().startswith("GEOG")
    )
    offsets = [_number(values.get(key, "0")) for key in ("x_0", "y_0")]
    meridian = None
    if projection == "utm" and "zone" in values:
        meridian = _number(values["zone"]) * 6 - 183
    elif projection in ("tmerc", "etmerc"):
        meridian = _number(values.get("lon_0", "0"))
    return ReferenceSystem(
        srid=srid,
        name=named[1] if named else "",
        geographic=geographic,
        false_origin=not geographic
        and (projection == "utm" or any(abs(offset) >= FALSE_ORIGIN for offset in offsets)),
        zero_at_sea=projection in _OF_THE_WORLD
        and not any(_number(values.get(key, "0")) for key in ("x_0", "y_0", "lon_0", "lat_0")),
        central_meridian=meridian,
    )


def kilometres(one: Place, other: Place) -> float:
    """Distance of two places on a sphere."""
    north, other_north = math.radians(one.latitude), math.radians(other.latitude)
    east = math.radians(other.longitude - one.longitude)
    chord = (
        math.sin((other_north - north) / 2) ** 2
        + math.cos(north) * math.cos(other_north) * math.sin(east / 2) ** 2
    )
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, max(0.0, chord))))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
