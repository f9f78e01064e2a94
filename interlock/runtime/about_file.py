"""What people are told of a catalog, as a part of the declaration's JSON, and back. Nothing is decided by it, so what is wrong
in it is left out and stops nobody."""

from __future__ import annotations

from collections.abc import Mapping

from interlock.about import KINDS, About, AboutJob, Meeting
from interlock.catalog import Json


def about_json(about: About) -> dict[str, Json]:
    """For the declaration; what is empty is not said."""
    return {
        "environment": about.environment,
        "jobs": {name: _said(_job_json(job)) for name, job in about.jobs.items()},
        "meetings": [[one.kind, *one.jobs, [*one.subjects], one.why, one.least, one.most] for one in about.meetings],
    }


def _job_json(job: AboutJob) -> dict[str, Json]:
    return {
        "description": job.description,
        "words": job.words,
        "platform": job.platform,
        "part": job.part,
        "chains": [*job.chains],
        "paused": job.paused,
        "itself": job.itself,
    }


def _said(entry: dict[str, Json]) -> dict[str, Json]:
    return {key: value for key, value in entry.items() if value}


def parse_about(value: object) -> About:
    """What `value` states."""
    entry = value if isinstance(value, dict) else {}
    jobs, meetings = entry.get("jobs"), entry.get("meetings")
    return About(
        environment=_text(entry, "environment"),
        jobs={str(name): _job(one) for name, one in jobs.items() if isinstance(one, dict)} if isinstance(jobs, dict) else {},
        meetings=tuple(found for one in meetings if (found := _meeting(one))) if isinstance(meetings, list) else (),
    )


def _job(entry: Mapping[str, object]) -> AboutJob:
    return AboutJob(
        description=_text(entry, "description"),
        words=_text(entry, "words"),
        platform=_text(entry, "platform"),
        part=_text(entry, "part"),
        chains=_texts(entry.get("chains")),
        paused=_text(entry, "paused"),
        itself=_text(entry, "itself"),
    )


def _meeting(value: object) -> Meeting | None:
    match value:
        case [kind, str() as first, str() as second, list() as subjects, str() as why, int() as least, int() as most] if (
            kind in KINDS
        ):
            return Meeting(kind=kind, jobs=(first, second), subjects=_texts(subjects), why=why, least=least, most=most)
    return None


def _text(entry: Mapping[str, object], key: str) -> str:
    value = entry.get(key)
    return value if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()
