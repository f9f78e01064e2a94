"""Nights that were played again, as a table and a picture: what each plan brings beside the first one. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from interlock.drawing.markdown import code, escaped
from interlock.drawing.svg import HATCHED, WIDTH, said_in, style
from interlock.names import count
from interlock.timing.nights import SLOT, Average, Nights, widest
from interlock.timing.replay import Met, Night

LEFT, RIGHT, TOP, ROW, FOOT = 200, 110, 74, 46, 24
PLOT = WIDTH - LEFT - RIGHT
LABELLED = 3
"""Hours."""
HOUR = 3600.0
LEAST = 0.05
"""User units: what is lower is not drawn."""
ERRORS = 2.0
"""Standard errors on either side: so far an average is to be trusted."""
HEAD = ("Plan", "conflicts", "while a backfill ran", "runs lost", "starts held", "made up for", "gone for good")


def beside(one: Average, first: Average) -> str:
    """How often it is the first one's, and how far that is to be trusted. No number by itself: what it rests on is assumed."""
    share = one.beside(first)
    if share is None:
        return "none" if not one.mean else "some, of none"
    if not share.mean:
        return "0"
    return "1" if one is first else f"{share.mean:.2f} ± {ERRORS * share.error:.2f}"


def rows(found: Sequence[Nights]) -> list[tuple[str, ...]]:
    """Of the table under HEAD, a row a plan; the first one is what the others are measured by."""
    first = found[0]
    return [
        (
            one.plan.name,
            beside(one.conflicts, first.conflicts),
            beside(one.meanwhile, first.meanwhile),
            beside(one.lost, first.lost),
            *(str(number) for number in (one.held.starts, one.held.made_up_for, one.held.for_good)),
        )
        for one in found
    ]


def tables(found: Sequence[Nights], assumed: Sequence[Nights]) -> str:
    """What the plans bring, whom a conflict met, and how old each table became, as Markdown. `assumed` are the same plans with
    nothing counted, so that jobs write as often as the catalog has them."""
    extra = [(beside(one.conflicts, assumed[0].conflicts), beside(one.lost, assumed[0].lost)) for one in assumed]
    lines = [
        *_table(HEAD, [(escaped(row[0]), *row[1:]) for row in rows(found)]),
        "",
        *_table(
            ("A conflict met", *(escaped(one.plan.name) for one in found)),
            [(met, *(_share(one, met) for one in found)) for met in Met],
        ),
        "",
        *_table(
            ("Longest without a live write, in hours", *(escaped(one.plan.name) for one in found)),
            [(code(table), *(f"{one.oldest[table] / HOUR:.1f}" for one in found)) for table in found[0].oldest],
        ),
        "",
        *_table(
            ("Had the jobs written as often as the catalog assumes", "conflicts", "runs lost"),
            [(escaped(one.plan.name), *pair) for one, pair in zip(assumed, extra, strict=True)],
        ),
    ]
    return "\n".join(lines) + "\n"


def _share(one: Nights, met: Met) -> str:
    """Of its conflicts; 0 is none at all."""
    whole, number = sum(one.met.values()), one.met.get(met, 0)
    if not whole or not number:
        return "0" if whole else "-"
    return "< 1 %" if number < whole / 100 else f"{100 * number / whole:.0f} %"


def _table(head: Sequence[str], body: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"| --- |{' ---: |' * (len(head) - 1)}"
    yield from (f"| {' | '.join(row)} |" for row in body)


def picture(night: Night, found: Sequence[Nights], zone: ZoneInfo, at: datetime | None, seeds: int) -> str:
    """The same night under each plan, one below the other: how its conflicts lie, beside the most that any hour has. `at` is
    marked."""
    return _Picture(night, found, zone, at, seeds).text()


class _Picture:
    def __init__(self, night: Night, found: Sequence[Nights], zone: ZoneInfo, at: datetime | None, seeds: int) -> None:
        self.night, self.found, self.zone, self.at, self.seeds = night, found, zone, at, seeds
        self.bottom = TOP + 12 * len(night.rewrites) + 8 + ROW * len(found)

    def text(self) -> str:
        height = self.bottom + FOOT
        start = self.night.span.start.astimezone(self.zone)
        title = f"The night from {start:%A}, {start.date().isoformat()}, {start:%H:%M} on, {self.zone.key}"
        said = f"Conflicts by the hour, {count(self.seeds, 'night')} a plan, all to one scale"
        head = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
            f'role="img" aria-labelledby="title desc">',
            f'<title id="title">{said_in(title)}</title>',
            f'<desc id="desc">{said_in(f"{said}. {self._summary()}", 2000)}</desc>',
            f"<style>{style()}</style>",
            HATCHED,
            f'<rect class="back" width="{WIDTH}" height="{height}" rx="6"/>',
            f'<text class="head" x="12" y="26">{said_in(title)}</text>',
            f'<text class="dim said" x="12" y="43">{said_in(said)}; hatched: a backfill holds</text>',
        ]
        return "\n".join([*head, *self._hours(), *self._rewrites(), *self._plans(), *self._marked(), "</svg>"]) + "\n"

    def _summary(self) -> str:
        first = self.found[0].conflicts
        return "; ".join(f"{one.plan.name}: {beside(one.conflicts, first)}" for one in self.found)

    def _hours(self) -> Iterator[str]:
        at = self.night.span.start
        while at <= self.night.span.end:
            local, x = at.astimezone(self.zone), self._x(self.night.after(at))
            strong = local.hour % LABELLED == 0
            yield f'<path class="{"third" if strong else "hour"}" d="M{x:.1f} {TOP - 4}V{self.bottom}"/>'
            if strong:
                yield f'<text class="dim said mid" x="{x:.1f}" y="{TOP - 8}">{local:%H:%M}</text>'
            at += timedelta(hours=1)
        yield f'<text class="dim said end" x="{WIDTH - 12}" y="{TOP - 8}">conflicts</text>'

    def _rewrites(self) -> Iterator[str]:
        for number, one in enumerate(self.night.rewrites):
            y, left, right = TOP + 12 * number, self._x(self.night.after(one.start)), self._x(self.night.after(one.end))
            yield f'<text class="dim" x="12" y="{y + 8}">{said_in(f"backfill {one.backfill}")}</text>'
            yield f'<rect class="crowd" x="{left:.1f}" y="{y + 2}" width="{right - left:.1f}" height="7"/>'

    def _plans(self) -> Iterator[str]:
        most, first = widest(self.found), self.found[0].conflicts
        for number, one in enumerate(self.found):
            top = TOP + 12 * len(self.night.rewrites) + 8 + ROW * number
            base = top + ROW - 6
            yield f'<path class="third" d="M12 {base}H{WIDTH - 12}"/>'
            yield f'<text class="part" x="12" y="{base - 14}">{said_in(one.plan.name, 38)}</text>'
            yield f'<text class="said end" x="{WIDTH - 12}" y="{base - 14}">{beside(one.conflicts, first)}</text>'
            for rewrite in self.night.rewrites if one.plan.holds else ():
                left, right = self._x(self.night.after(rewrite.start)), self._x(self.night.after(rewrite.end))
                yield f'<rect fill="url(#shut)" x="{left:.1f}" y="{top}" width="{right - left:.1f}" height="{ROW - 6}"/>'
            for slot, conflicts in one.slots.items():
                left, right, height = self._x(slot * SLOT), self._x((slot + 1) * SLOT), (ROW - 12) * conflicts / most
                if height >= LEAST and right <= LEFT + PLOT + 1:
                    yield (
                        f'<rect class="bad" x="{left + 0.3:.1f}" y="{base - height:.1f}" width="{right - left - 0.6:.1f}" '
                        f'height="{height:.1f}"/>'
                    )

    def _marked(self) -> Iterator[str]:
        if self.at is not None:
            x = self._x(self.night.after(self.at))
            yield f'<path class="held" d="M{x:.1f} {TOP - 2}V{self.bottom}"/>'
            said = f"{self.at.astimezone(self.zone):%H:%M:%S}, the error of the report"
            yield f'<text class="dim said mid" x="{x:.1f}" y="{self.bottom + 12}">{said}</text>'

    def _x(self, seconds: float) -> float:
        return LEFT + PLOT * min(1.05, max(0.0, seconds / self.night.seconds))
