"""How often two schedules start how far apart: against a walk over all pairs of their starts."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.cron import Cron, zone
from interlock.timing.distances import Starts, distances
from interlock.timing.minutes import DAY, MINUTE, Span, fire_minutes

SCHEDULES = ("0 6 * * *", "45 23 * * *", "*/15 * * * *", "30 */4 * * 1-5", "10 2 1 * *", "0 0 * * *", "59 23 * * 0")
ZONES = ("Etc/UTC", "America/New_York", "Asia/Kathmandu", "Pacific/Auckland")
SPANS = (datetime(2026, 3, 6, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC))


def starts(schedule: str, zone_name: str, span: Span) -> Starts:
    place = zone(zone_name)
    return Starts(minutes=fire_minutes(Cron.parse(schedule), place, span), zone=place)


@settings(max_examples=25, deadline=None)
@given(
    a=st.sampled_from(SCHEDULES),
    b=st.sampled_from(SCHEDULES),
    zones=st.tuples(st.sampled_from(ZONES), st.sampled_from(ZONES)),
    start=st.sampled_from(SPANS),
    first=st.integers(-1_500, 200),
    width=st.integers(0, 1_800),
    moved=st.sampled_from((None, None, 0, 1, -1)),
)
def test_every_pair_of_starts_counts_once_at_its_distance(
    a: str, b: str, zones: tuple[str, str], start: datetime, first: int, width: int, moved: int | None
) -> None:
    span = Span(start=start, end=start + 5 * DAY)
    one, other = starts(a, zones[0], span), starts(b, zones[1], span)

    def named(place: Starts) -> list[tuple[int, int]]:
        """Its starts in minutes, each with the day that it names."""
        return [((at - start) // MINUTE, at.astimezone(place.zone).toordinal()) for at in place.minutes]

    those = named(other)
    walked = Counter(
        later - earlier for earlier, day in named(one) for later, another in those if moved is None or day + moved == another
    )
    expected = {distance: number for distance, number in walked.items() if first <= distance <= first + width}
    assert distances(one, other, first, first + width, moved) == expected


@pytest.mark.parametrize("days", [1, 3, 40])
def test_a_span_may_end_within_a_day(days: int) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    span = Span(start=start, end=start + days * DAY - timedelta(hours=3))
    job = starts("0 22 * * *", "Etc/UTC", span)
    assert sum(distances(job, job, 0, 0).values()) == days - 1
