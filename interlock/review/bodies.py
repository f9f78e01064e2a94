"""What differs between two bodies, value by value, with the dates that words like TODAY mean. Pure; no secret is shown."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from interlock.catalog import Json
from interlock.dates import meant_by
from interlock.secrets import redacted

MAX_DEPTH = 50
"""Of values in values; what is nested deeper is shown as it is written."""
NONE = "(none)"
"""How a value is said that there is not."""
MOST = 6
"""So many values of a body that differ are said one by one; of more the bodies are said whole."""


@dataclass(frozen=True, kw_only=True)
class Edit:
    """Something that an edit changes: `what` is a key with two values, "" for none, or a sentence when it has neither."""

    what: str
    before: str = ""
    after: str = ""

    @property
    def is_sentence(self) -> bool:
        """Whether `what` says it all."""
        return not (self.before or self.after)

    def said(self, arrow: str) -> str:
        """The sentence, or the key with its values and an `arrow` between them."""
        return self.what if self.is_sentence else f"{self.what} {self.before or NONE} {arrow} {self.after or NONE}"


def body_edits(before: Json, after: Json, day: date | None, name: str = "body") -> tuple[Edit, ...]:
    """What differs between two values of JSON called `name`. `day` is that of the next fire, in the zone of the job: a word
    that names a date in the way of TODAY is said with the date."""
    old, new = _leaves(before), _leaves(after)
    if old is None or new is None:
        return (_whole(before, after, name),)
    places = [place for place in dict.fromkeys((*old, *new)) if old.get(place) != new.get(place)]
    if not places or len(places) > MOST or "" in places:
        return (_whole(before, after, name),)
    return tuple(_edit(place, old, new, day) for place in places)


def _whole(before: Json, after: Json, name: str) -> Edit:
    old, new = (in_json(redacted(value)) for value in (before, after))
    hidden = Edit(what=f"another value in its {name}, which is not shown")
    return hidden if old == new else Edit(what=name, before=old, after=new)


@dataclass(frozen=True)
class _Leaf:
    """A value, as what it is compared and how it is shown."""

    value: str
    shown: str
    word: str = ""


def _edit(place: str, old: Mapping[str, _Leaf], new: Mapping[str, _Leaf], day: date | None) -> Edit:
    was, now = (_dated(side.get(place), day) for side in (old, new))
    if was[0] == now[0]:
        return Edit(what=f"another value of {place}, which is not shown")
    at_next_fire = " at the next fire"
    before = f"{was[0]} ({was[1]}{at_next_fire})" if was[1] else was[0]
    after = f"{now[0]} ({now[1]}{'' if was[1] else at_next_fire})" if now[1] else now[0]
    return Edit(what=place, before=before, after=after)


def _dated(leaf: _Leaf | None, day: date | None) -> tuple[str, str]:
    """How a value is shown, and the date that it means."""
    if leaf is None:
        return "", ""
    meant = meant_by(leaf.word, day) if day else None
    return leaf.shown, meant.isoformat() if meant else ""


def _leaves(body: Json) -> dict[str, _Leaf] | None:
    """By place, as `config.dates[0]`, each value of a body and of the JSON in its texts; None where it can't be said of each
    whether it is a secret."""
    bare, hidden = [*_walk(body, "", 0)], [*_walk(redacted(body), "", 0)]
    by_place = dict(hidden)
    if len(by_place) != len(hidden):
        return None
    found: dict[str, _Leaf] = {}
    for place, value in bare:
        if place in by_place:
            shown, word = _shown(by_place[place]), value if isinstance(value, str) and by_place[place] == value else ""
            found[place] = _Leaf(value=json.dumps(value), shown=shown, word=word)
        elif not (cover := _cover(place, by_place)):
            return None
        else:  # inside of a text that is hidden as a whole
            before = found[cover].value if cover in found else ""
            found[cover] = _Leaf(value=f"{before}{place}{json.dumps(value)}", shown=_shown(by_place[cover]))
    return found


def _cover(place: str, by_place: Mapping[str, Json]) -> str:
    """The longest known place that `place` is in."""
    return max((one for one in by_place if one and place.startswith((f"{one}.", f"{one}["))), key=len, default="")


def _walk(value: Json, place: str, depth: int) -> Iterator[tuple[str, Json]]:
    inner = _opened(value) if isinstance(value, str) else value
    if depth < MAX_DEPTH and isinstance(inner, dict) and inner:
        for key, one in sorted(inner.items()):
            yield from _walk(one, f"{place}.{key}" if place else key, depth + 1)
    elif depth < MAX_DEPTH and isinstance(inner, list) and inner:
        for index, one in enumerate(inner):
            yield from _walk(one, f"{place}[{index}]", depth + 1)
    elif place or inner not in ({}, []):
        yield place, value


def _opened(text: str) -> Json:
    """The object or list that a text is in JSON, or in base64 of that; else the text."""
    for content in (text, _from_base64(text)):
        if content.lstrip()[:1] in ("{", "["):
            try:
                found: Json = json.loads(content)
            except (ValueError, RecursionError):
                continue
            return found
    return text


def _from_base64(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""


def _shown(value: Json) -> str:
    """A text as it is, where nobody takes it for a number, a flag or nothing; else JSON."""
    if not isinstance(value, str) or not value.strip():
        return json.dumps(value, ensure_ascii=False)
    try:
        json.loads(value)
    except ValueError:
        return value
    return json.dumps(value)


def in_json(value: Json) -> str:
    """JSON on one line, always the same; nothing for null."""
    return "" if value is None else json.dumps(value, sort_keys=True, ensure_ascii=False)
