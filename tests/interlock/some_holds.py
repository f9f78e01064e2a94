"""Scopes of a small catalog and holds near one instant, for the tests of what holds are and of what they hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from interlock.holds import Hold, format_instant, parse_object_name

NOW = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
SCOPES = {
    "backfill/games": ("fetch",),
    "job/other": ("other",),
    "all": ("fetch", "other"),
    "table/raw.games": ("fetch", "other"),
}


scopes_of_holds, ids, seconds = st.sampled_from([*SCOPES, "window/gone"]), st.sampled_from("abc"), st.integers(-100, 100)


@st.composite
def some_holds(draw: st.DrawFn) -> Hold:
    """A hold with its end near NOW, before, at or after it; few ids, so that extensions of one another come up."""
    scope, identity = draw(scopes_of_holds), draw(ids)
    end = NOW + timedelta(seconds=draw(seconds))
    found = parse_object_name(f"holds/{scope}/{identity}@{format_instant(end)}.json")
    assert found is not None
    return found


lists_of_holds = st.lists(some_holds(), max_size=8)
