"""Which days a rollout may use: every day, or working days, without a country's public holidays."""

from __future__ import annotations

import datetime as dt
from collections.abc import Container, Iterator
from dataclasses import dataclass

from shadowgate.errors import PlanError
from shadowgate.language import sentence

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Calendar:
    """The days that may be used."""

    skip_weekends: bool = False
    holidays: Container[dt.date] = ()

    def is_used(self, day: dt.date) -> bool:
        """Whether a day may be used."""
        weekend = self.skip_weekends and day.weekday() >= 5
        return not weekend and day not in self.holidays

    def days_from(self, day: dt.date) -> Iterator[dt.date]:
        """The days that may be used, from one on.

        Raises:
            OverflowError: the calendar ends.
        """
        while True:
            if self.is_used(day):
                yield day
            day += _DAY


def calendar_of(skip_weekends: bool, place: str) -> Calendar:
    """The calendar that a plan asks for.

    Args:
        skip_weekends: whether Saturdays and Sundays are skipped.
        place: country, or country and region (``BR``, ``BR-MG``); empty for no holidays.

    Raises:
        PlanError: the place is not known, or the package that knows it is not there.
    """
    if not place:
        return Calendar(skip_weekends)
    try:
        from holidays import country_holidays  # noqa: PLC0415  an optional dependency
    except ImportError as error:
        raise PlanError(
            "rollout.holidays needs the package holidays, which is not installed",
            todo="pip install 'shadowgate[holidays]', or leave the key out",
        ) from error
    country, _, region = place.partition("-")
    try:
        return Calendar(skip_weekends, country_holidays(country, subdiv=region or None))
    except NotImplementedError as error:
        raise PlanError(
            sentence("rollout.holidays names {place!r}, whose holidays are not known", place=place),
            todo="write a country, or a country and its region, by their ISO codes: BR or BR-MG",
        ) from error
