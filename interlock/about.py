"""What people are told of a catalog where the catalog is not at hand: in words, and worked out when it is deployed.

Nothing is decided by it. `timing/about.py` makes it, the declaration carries it, and the board shows it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

KINDS = ("table", "order")
"""In what two jobs meet: those of `CollisionKind` that go by how far apart they start, the worst first."""


@dataclass(frozen=True, kw_only=True)
class AboutJob:
    """A job for people."""

    description: str
    words: str
    """Its schedule in English, without its zone."""
    platform: str
    part: str
    """Of the platform: the file that declares it, as `nba/scrapers`."""
    chains: tuple[str, ...] = ()
    """Each way in which it leads to a write of a table, as `affected` writes it: `processor -> dataset.table [access]`."""
    paused: str = ""
    """Why it is paused by declaration, by whom, and when that is to be looked at; empty where it is not."""
    itself: str = ""
    """How it collides with its own runs; empty where it does not."""

    @property
    def tables(self) -> tuple[str, ...]:
        """Those that it leads to a write of, as `dataset.table`."""
        return tuple(sorted({chain.rpartition(" -> ")[2].partition(" ")[0] for chain in self.chains}))


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """Two jobs that collide whenever the second starts so long after the first."""

    kind: str
    """One of `KINDS`."""
    jobs: tuple[str, str]
    subjects: tuple[str, ...]
    """What they collide over, as `table/<t>`."""
    why: str
    least: int
    """Minutes from the start of the first to that of the second: from `least` to `most`, both included; perhaps negative."""
    most: int


@dataclass(frozen=True, kw_only=True)
class About:
    """A catalog for people, and where it is deployed."""

    environment: str = ""
    """The environment's name, which commands take as --env."""
    jobs: Mapping[str, AboutJob] = field(default_factory=dict)
    meetings: tuple[Meeting, ...] = ()
    """The worst kind first."""

    def of(self, jobs: Set[str]) -> About:
        """What of it is about these jobs; a meeting goes with its first job."""
        return replace(
            self,
            jobs={name: job for name, job in self.jobs.items() if name in jobs},
            meetings=tuple(meeting for meeting in self.meetings if meeting.jobs[0] in jobs),
        )


def joined(parts: Sequence[About]) -> About:
    """One of several, of which the last one counts where two say the same: as `of` has divided it."""
    meetings = {(meeting.kind, meeting.jobs): meeting for part in parts for meeting in part.meetings}
    return About(
        environment=parts[-1].environment,
        jobs=dict(sorted((name, job) for part in parts for name, job in part.jobs.items())),
        meetings=tuple(meetings[key] for key in sorted(meetings, key=lambda key: (KINDS.index(key[0]), key[1]))),
    )
