"""Generated worlds for the differential test: buckets with good, broken and hostile names, around a moment."""

from __future__ import annotations

import random
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Any

from interlock.holds import FLAG_PREFIX, HOLD_PREFIX, format_instant

BACKFILLS = ("tdza", "psza", "pcf", "a_B-9")
UNDECLARED = ("gone", "x")
SEASONS = ("cup", "shop/regular")
JOBS = ("gamebook-scraper", "boxscore-scraper", "nightly-export", "event-tick")
IDENTITIES = {
    "gamebook-scraper": "us-west2/gamebook-scraper",
    "boxscore-scraper": "us-east1/Tick",
    "nightly-export": "europe-west1/2nd_Export",
    "event-tick": "us-west2/Tick",
}
"""Two of them have one name in two regions."""
SCOPES = (
    "all",
    *(f"job/{job}" for job in JOBS),
    "service/scrapers",
    "platform/shop",
    "table/raw.game_books",
    "table/mart.t$2026",
)
TABLES = ("raw.game_books", "mart.t$2026", "mart.a-b")
UNKNOWN_SCOPES = ("job/gone", "window/tuesday", "table/no.such", "service/x")
JUNK = [
    "\n",
    "\r",
    "\0",
    "é",
    "\u0131",
    "\uff12",
    "\u2028",
    " ",
    "/",
    "//",
    "@",
    ".",
    "${",
    "%{",
    '"',
    "\\",
    "Z",
    "{",
    "-",
    "T",
    "\ufeff",
]
BROKEN_ENDS = [
    "2026-02-30T00:00:00Z",
    "2027-02-29T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-12-31T24:00:00Z",
    "2026-12-31T23:59:60Z",
    "0000-01-01T00:00:00Z",
    "2099-01-01T00:00:00+00:00",
    "2099-01-01T00:00:00z",
    "2099-01-01t00:00:00Z",
    "2099-01-01T00:00:00.5Z",
    "2099-01-01",
    "",
]
FAR_ENDS = ["9999-12-31T23:59:59Z", "2028-02-29T00:00:00Z"]
BROKEN_NAMES = [
    "backfills/",
    "backfills/tdza",
    "backfills/tdza.json",
    "backfills//tdza@2099-01-01T00:00:00Z.json",
    "backfills/tdza@2099-01-01T00:00:00Z.json.json",
    "backfills/tdza@2099-01-01T00:00:00Z.json\n",
    "backfills/tdza@2099-01-01T00:00:00Z",
    "backfills/sub/tdza@2099-01-01T00:00:00Z.json",
    "backfills/-tdza@2099-01-01T00:00:00Z.json",
    "holds/",
    "holds/all@2099-01-01T00:00:00Z.json",
    "holds/all/.@2099-01-01T00:00:00Z.json",
    "holds/all/a/b@2099-01-01T00:00:00Z.json",
    "holds/nope/x/id@2099-01-01T00:00:00Z.json",
    "holds/table/mart/id@2099-01-01T00:00:00Z.json",
    "holds/table/a.b.c/id@2099-01-01T00:00:00Z.json",
    "holds/job//id@2099-01-01T00:00:00Z.json",
    "holds/ALL/id@2099-01-01T00:00:00Z.json",
    "holds/all/id@2099-01-01T00:00:00Z.json\nholds/all/id@2099-01-01T00:00:00Z.json",
]
CONTENTS = [
    '{"jobs": ["gamebook-scraper"], "reason": "said before", "owner": "me"}',
    '{"jobs": [], "tables": ["raw.game_books", "raw.gone"]}',
    '{"jobs": ["event-tick"], "tables": ["mart", 1.5, true, null, ["raw.x"], "raw.y\\n", "raw.Z_9", "a.b.c", "\\u00e9.t"]}',
    '{"jobs": ["event-tick"], "tables": {"0": "raw.game_books"}}',
    '{"jobs": ["gone-scraper", "event-tick", "gone-too"], "reason": ""}',
    '{"jobs": "gamebook-scraper", "reason": ["no text"], "owner": {}}',
    '{"jobs": [{"name": "x"}], "reason": null}',
    '{"jobs": ["boxscore-scraper", {"name": "x"}, null, 7, ["event-tick"]]}',
    '{"jobs": {"0": "event-tick", "first": "gamebook-scraper"}}',
    '{"jobs": []}',
    '{"jobs": ["Tick"], "identities": ["us-east1/Tick"]}',
    '{"jobs": ["Tick", "event-tick"], "identities": ["us-west2/Tick", "us-east1/gone", "no one", 7, null, "A/b", "a-b1/c/d"]}',
    '{"jobs": ["gamebook-scraper"], "identities": {"0": "us-east1/Tick"}}',
    '{"identities": ["europe-west1/2nd_Export", "us-west2/gamebook-scraper"]}',
    '["jobs"]',
    "{",
    "",
]


class World:
    """One generated case: a bucket, a catalog's declarations, a clock and what the variables ask."""

    def __init__(self, random: random.Random) -> None:
        self.random = random
        self.now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=random.randrange(3 * 365 * 86400))
        declared = random.sample(BACKFILLS, random.randint(0, len(BACKFILLS)))
        self.declared = {
            name: {
                "default_end": f"{random.randint(1, 4 * 86400)}s",
                "expect": f"{random.randint(1, 86400)}s",
                "expected": "a while",
                "owner": "",
                "reason": "as declared",
                "tables": sorted(random.sample(TABLES, random.randint(0, len(TABLES)))),
            }
            for name in declared
        }
        jobs = random.sample(JOBS, random.randint(1, len(JOBS)))
        self.identities = {job: IDENTITIES[job] for job in jobs}
        kept_scopes = random.sample(SCOPES, random.randint(1, len(SCOPES)))
        covering = ["all", *kept_scopes, *(f"backfill/{name}" for name in declared)]
        self.scopes = {scope: sorted(random.sample(jobs, random.randint(0, len(jobs)))) for scope in covering}
        self.scopes["all"] = sorted(jobs)
        flags = (f"{FLAG_PREFIX}{random.choice(BACKFILLS + UNDECLARED)}@{self.end()}.json" for _ in range(random.randint(0, 5)))
        scopes = (*SCOPES, *SCOPES, *UNKNOWN_SCOPES, *(f"backfill/{name}" for name in BACKFILLS))
        holds = (
            f"{HOLD_PREFIX}{random.choice(scopes)}/{random.choice(['w1', 'w1', 'a.b_C-2'])}@{self.end()}.json"
            for _ in range(random.randint(0, 5))
        )
        names = {self.perhaps_broken(name) for name in [*flags, *holds]}
        # Terraform reads every text in Unicode's normal form C; the core reads the bucket as it is.
        self.names = sorted({unicodedata.normalize("NFC", name) for name in names})
        self.contents = {name: random.choice(CONTENTS) for name in self.names}
        self.mode = random.choice([True, True, False, None])
        self.named = random.sample(declared, random.randint(0, len(declared)))
        self.until = "" if random.random() < 0.5 else format_instant(self.now + timedelta(seconds=random.randint(1, 400000)))
        self.reason = random.choice(["", "asked now"])
        self.seasons = {f"season/{name}": self.openings() for name in random.sample(SEASONS, random.randint(0, len(SEASONS)))}
        self.scopes |= {scope: sorted(random.sample(jobs, random.randint(0, len(jobs)))) for scope in self.seasons}

    def openings(self) -> list[list[str]]:
        """When a season is open: some times around now, which now may be at an end of, before or after."""
        steps = sorted(self.random.sample([-400 * 86400, -86400, -1, 0, 1, 86400, 30 * 86400, 400 * 86400], 4))
        ends = [format_instant(self.now + timedelta(seconds=step)) for step in steps[: self.random.choice([2, 4])]]
        return [list(pair) for pair in zip(ends[::2], ends[1::2], strict=True)]

    def end(self) -> str:
        """An end around now, or no end at all."""
        if self.random.random() < 0.15:
            return self.random.choice(BROKEN_ENDS + FAR_ENDS)
        return format_instant(self.now + timedelta(seconds=self.random.choice([-86400, -1, 0, 1, 2, 3600, 86400, 90 * 86400])))

    def perhaps_broken(self, name: str) -> str:
        """`name`, or sometimes with a character put in, replaced or taken away, or another name that is broken."""
        if self.random.random() < 0.75:
            return name
        if self.random.random() < 0.3:
            return self.random.choice([broken for broken in BROKEN_NAMES if broken[0] == name[0]])
        prefix = FLAG_PREFIX if name.startswith(FLAG_PREFIX) else HOLD_PREFIX
        at = self.random.randrange(len(prefix), len(name) + 1)
        return name[:at] + self.random.choice([*JUNK, ""]) + name[at + self.random.randint(0, 1) :]

    def case(self) -> dict[str, Any]:
        """What Terraform gets."""
        return {
            "flag_names": [name for name in self.names if name.startswith(FLAG_PREFIX)],
            "hold_names": [name for name in self.names if name.startswith(HOLD_PREFIX)],
            "contents": self.contents,
            "deployed": "",
            "now": format_instant(self.now),
            "declared": self.declared,
            "scopes": self.scopes,
            "identities": self.identities,
            "seasons": self.seasons,
            "backfill_mode": self.mode,
            "backfills": self.named,
            "backfill_until": self.until,
            "backfill_reason": self.reason,
            "backfill_owner": "",
        }
