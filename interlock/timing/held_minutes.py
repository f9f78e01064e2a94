"""The minutes in which windows hold the jobs of a catalog. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from interlock.catalog import Catalog, Window
from interlock.graph import scopes
from interlock.timing.minutes import MINUTE, Minutes, Span
from interlock.windows import openings


def held_minutes(catalog: Catalog, span: Span) -> dict[str, Mapping[str, Minutes]]:
    """By job, by the scope of each window that covers it, the minutes of `span` in which that is open."""
    found: dict[str, dict[str, Minutes]] = {}
    for name, window in sorted(catalog.windows.items()):
        scope = f"window/{name}"
        if jobs := scopes(catalog)[scope]:
            minutes = _open(window, span)
            for job in jobs:
                found.setdefault(job, {})[scope] = minutes
    return dict(found)


def _open(window: Window, span: Span) -> Minutes:
    """Those that begin while it is open; it may have opened before the span."""
    lasting = -(-window.duration // MINUTE) * MINUTE
    wide = Span(start=span.start - lasting, end=span.end)
    starts = (opening.start for opening in openings(window, wide.start, wide.end))
    return Minutes.of(starts, wide).lengthened(lasting).within(span)
