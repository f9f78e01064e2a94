"""A day as a picture: SVG by hand, the same bytes for the same day.

One row a job under the part of the platform that it belongs to, hours from left to right. What a mark means is in its shape
as well as its colour, and the colours follow the reader's light or dark scheme. No script, no font, nothing from elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from html import escape

from interlock.names import plain
from interlock.timing.collisions import CollisionKind
from interlock.timing.timeline import JobRow, Timeline
from interlock.timing.words import in_words

# Lengths in user units, which are pixels where the picture is not scaled.
WIDTH, LEFT, RIGHT = 1000, 200, 46
PLOT = WIDTH - LEFT - RIGHT
TOP, CROWD_HEIGHT, GROUP_HEIGHT, ROW_HEIGHT, FOOT = 98, 46, 21, 10, 20
QUARTER = timedelta(minutes=15)
HALF_HOUR = timedelta(minutes=30)
NAME_CHARACTERS, TEXT_CHARACTERS = 38, 240

SHAPES = {
    "fire": "m0 -3v6",
    "bad": "m0 -4l3 4l-3 4l-3 -4z",
    "near": "m0 -3.5l2.6 5.5h-5.2z",
    "held": "m-2.5 -2.5l5 5m0 -5l-5 5",
    "off": "m-1.2 0h2.4",
}
"""The shape of a mark, from the middle of its place: a stroke, a diamond, a triangle, a cross, a dash."""
COLOURS = {  # of fills and strokes in the light scheme and in the dark one; no custom properties, which not every viewer has
    ".back": ("fill", "#ffffff", "#0d1117"),
    "text": ("fill", "#1f2328", "#e6edf3"),
    ".dim": ("fill", "#59636e", "#9198a1"),
    ".hour": ("stroke", "#e8ecf0", "#1e252d"),
    ".third": ("stroke", "#c8d0d8", "#3d444d"),
    ".crowd": ("fill", "#54aeff", "#1f6feb"),
    ".shut": ("fill", "#fbeecb", "#33290f"),
    ".hatch": ("fill", "#e0b45c", "#6e5414"),
    ".fire": ("stroke", "#0969da", "#58a6ff"),
    ".bad": ("fill", "#cf222e", "#ff7b72"),
    ".near": ("fill", "#8250df", "#bc8cff"),
    ".held": ("stroke", "#8a4600", "#f0b849"),
    ".off": ("stroke", "#818b95", "#6e7681"),
}
LEGEND = {
    "fire": "starts",
    "near": "starts too close to another",
    "bad": "expected to write a table at once with another",
    "held": "does not start: a window or hold (hatched) covers it",
    "off": "would fire; paused by declaration",
}
FORM = """text { font: 8px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif }
.head { font-size: 16px; font-weight: 600 } .part { font-size: 10px; font-weight: 600 } .said { font-size: 9px }
.end { text-anchor: end } .mid { text-anchor: middle } .paused { font-style: italic }
path { fill: none } .fire { stroke-width: 1.6 } .held { stroke-width: 1.3 } .off { stroke-width: 1 }"""

HATCHED = (
    '<defs><pattern id="shut" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect class="shut" width="4" height="4"/><rect class="hatch" width="1" height="4"/></pattern></defs>'
)
"""What a hold or window covers is filled with this."""


def svg(day: Timeline) -> str:
    """The picture of `day`."""
    return _Picture(day).text()


def said_in(text: str, limit: int = TEXT_CHARACTERS) -> str:
    """Text of strangers: one line, cut, escaped, and without characters that XML 1.0 forbids."""
    return escape(plain(text, limit))


def _mark(row: JobRow, fire: datetime) -> str:
    kinds = row.colliding.get(fire, frozenset())
    return "bad" if CollisionKind.TABLE in kinds else "near" if kinds else "fire"


def style() -> str:
    """The style sheet of a picture: forms, and colours for light and dark."""
    light = [f"{name} {{ {what}: {colour} }}" for name, (what, colour, _) in COLOURS.items()]
    dark = [f"{name} {{ {what}: {colour} }}" for name, (what, _, colour) in COLOURS.items()]
    return "\n".join([FORM, *light, "@media (prefers-color-scheme: dark) {", *dark, "}"])


class _Picture:
    """Draws from top to bottom; `y` is how far it has come."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self.day = timeline.day
        self.zone = timeline.day.zone

    def text(self) -> str:
        body, y = [*self._heading(), *self._crowd(TOP)], TOP + CROWD_HEIGHT
        for name, rows in self.timeline.groups:
            body += self._group(name, rows, y)
            y += GROUP_HEIGHT + ROW_HEIGHT * len(rows)
        height = y + FOOT
        description = f"{self.timeline.summary}. {self._closed()}."
        head = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
            f'role="img" aria-labelledby="title desc">',
            f'<title id="title">{said_in(self._title())}</title>',
            f'<desc id="desc">{said_in(description, 4 * TEXT_CHARACTERS)}</desc>',
            f"<style>{style()}</style>",
            HATCHED,
            f'<rect class="back" width="{WIDTH}" height="{height}" rx="6"/>',
        ]
        return "\n".join([*head, *self._hours(y), *body, "</svg>"]) + "\n"

    def _title(self) -> str:
        return f"{self.day.date:%A}, {self.day.date.isoformat()}, {self.zone.key}"

    def _closed(self) -> str:
        said = [f"{closed.scope} {closed.when(self.day)}" for closed in self.timeline.closed]
        return f"Closed: {', '.join(said) or 'nothing'}"

    def _heading(self) -> Iterator[str]:
        yield f'<text class="head" x="12" y="26">{said_in(self._title())}</text>'
        yield f'<text class="dim said" x="12" y="43">{said_in(self.timeline.summary + self._busiest())}</text>'
        yield f'<text class="dim said" x="12" y="56">{said_in(self._closed())}</text>'
        x = 14
        for kind, said in LEGEND.items():
            yield f'<path class="{kind}" d="M{x} 68{SHAPES[kind]}"/><text class="dim said" x="{x + 7}" y="71">{said}</text>'
            x += 28 + round(4.4 * len(said))

    def _starts(self) -> Iterator[datetime]:
        for row in self.timeline.rows:
            if not row.job.paused:
                yield from (fire for fire in row.fires if not row.held_by(fire))

    def _busiest(self) -> str:
        counts = Counter(self._starts())
        if not counts:
            return ""
        minute = min(counts, key=lambda at: (-counts[at], at))
        return f"; busiest minute: {self._clock(minute)}, starts: {counts[minute]}"

    def _hours(self, bottom: int) -> Iterator[str]:
        """The grid: a line an hour, and every third hour that the clocks show labelled above and below."""
        halves = (self.day.end - self.day.start) // HALF_HOUR  # a clock may change by half an hour
        for at in (self.day.start + half * HALF_HOUR for half in range(halves + 1)):
            local = at.astimezone(self.zone)
            if local.minute:
                continue
            strong, x = local.hour % 3 == 0, self._x(at)
            yield f'<path class="{"third" if strong else "hour"}" d="M{x} {TOP - 4}V{bottom}"/>'
            if strong:
                yield f'<text class="dim said mid" x="{x}" y="{TOP - 8}">{local:%H:%M}</text>'
                yield f'<text class="dim said mid" x="{x}" y="{bottom + 10}">{local:%H:%M}</text>'

    def _crowd(self, y: int) -> Iterator[str]:
        """How many start in each quarter of an hour: where the day is crowded."""
        counts = Counter((at - self.day.start) // QUARTER for at in self._starts())
        most = max(counts.values(), default=0)
        yield f'<text class="part" x="12" y="{y + 14}">starts in a quarter of an hour</text>'
        yield f'<text class="dim said" x="12" y="{y + 26}">at most {most}</text>'
        bottom, full = y + CROWD_HEIGHT - 8, CROWD_HEIGHT - 10
        for slot, count in sorted(counts.items()):
            left, right = self._at(self.day.start + slot * QUARTER), self._at(self.day.start + (slot + 1) * QUARTER)
            height = full * count / most
            yield (
                f'<rect class="crowd" x="{left + 0.4:.1f}" y="{bottom - height:.1f}" width="{right - left - 0.8:.1f}" '
                f'height="{height:.1f}"/>'
            )

    def _group(self, name: str, rows: list[JobRow], y: int) -> Iterator[str]:
        starts = sum(row.starts for row in rows)
        yield f'<path class="third" d="M12 {y + 2.5}H{WIDTH - 10}"/>'
        yield f'<text class="part" x="12" y="{y + 14}">{said_in(name, NAME_CHARACTERS)}</text>'
        yield f'<text class="dim said end" x="{WIDTH - 10}" y="{y + 14}">{starts}</text>'
        for number, row in enumerate(rows):
            yield from self._row(row, y + GROUP_HEIGHT + number * ROW_HEIGHT)

    def _row(self, row: JobRow, y: int) -> Iterator[str]:
        job, middle = row.job, y + ROW_HEIGHT / 2
        paused = f"; paused by declaration: {job.paused.reason}" if job.paused else ""
        yield f"<g><title>{said_in(f'{job.name}: {in_words(job.schedule)}, {job.time_zone}{paused}')}</title>"
        style = "dim paused" if job.paused else "name"
        yield f'<text class="{style}" x="12" y="{middle + 2.6}">{said_in(job.name, NAME_CHARACTERS)}</text>'
        yield f'<text class="dim end" x="{WIDTH - 10}" y="{middle + 2.6}">{"paused" if job.paused else row.starts}</text>'
        for closed in row.closed:
            left, right = self._at(max(closed.start, self.day.start)), self._at(min(closed.end, self.day.end))
            yield f'<rect fill="url(#shut)" x="{left:.1f}" y="{y}" width="{right - left:.1f}" height="{ROW_HEIGHT}"/>'
        held = set(row.held)
        starting = [fire for fire in row.fires if fire not in held]
        if job.paused:
            yield from self._marks("off", row.fires, middle)
        else:
            for kind in ("fire", "near", "bad"):
                yield from self._marks(kind, (fire for fire in starting if _mark(row, fire) == kind), middle)
            yield from self._marks("held", row.held, middle)
        yield "</g>"

    def _marks(self, kind: str, fires: Iterable[datetime], y: float) -> Iterator[str]:
        """All marks of one kind in a row as one path."""
        if path := "".join(f"M{self._x(fire)} {y:g}{SHAPES[kind]}" for fire in fires):
            yield f'<path class="{kind}" d="{path}"/>'

    def _clock(self, at: datetime) -> str:
        return f"{at.astimezone(self.zone):%H:%M}"

    def _at(self, instant: datetime) -> float:
        return LEFT + PLOT * ((instant - self.day.start) / (self.day.end - self.day.start))

    def _x(self, instant: datetime) -> str:
        return f"{self._at(instant):.1f}"
