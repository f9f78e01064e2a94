"""Any job that the API takes comes back from its entry as the very job, or stays outside with the reason."""

from __future__ import annotations

import base64
import string
from datetime import date

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interlock.actual import ActualJob
from interlock.adoption.adopting import EMPTY, Adoption, Asked, adopt, differing
from interlock.live import live_attributes
from interlock.reading.cdktf_tokens import taken_for_token
from interlock.terraform.attributes import job_attributes
from tests.interlock.cloud import environment

ENV = environment()
PROJECT = ENV.project
TODAY = date(2026, 11, 29)
Json = dict[str, object]
ALNUM = string.ascii_letters + string.digits
LOWER = string.ascii_lowercase + string.digits


def _texts(first: str, rest: str, most: int, least: int = 0) -> st.SearchStrategy[str]:
    """One of the characters `first`, then some of `rest`: drawn in a part of the time of a regular expression."""
    return st.builds(str.__add__, st.sampled_from(first), st.text(rest, min_size=least, max_size=most))


def _queried(path: st.SearchStrategy[str], alphabet: str) -> st.SearchStrategy[str]:
    """A path, perhaps with a query."""
    return st.builds(str.__add__, path, st.just("") | st.text(alphabet, max_size=12).map("?{}".format))


# What the discovery document and the pages that it names say of each field: cloudscheduler v1, projects.locations.jobs.
_HEADER_NAMES = _texts(string.ascii_letters, ALNUM + "-", 20).filter(
    lambda name: not name.startswith(("X-Google-", "X-AppEngine-", "Content-Length", "User-Agent"))
)
_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
_ASCII = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)
_DURATIONS = st.builds(
    lambda seconds, part: f"{seconds}{part}s", st.integers(0, 3600), st.sampled_from(["", "", "", ".500", ".000001"])
)
_ACCOUNTS = st.sampled_from(
    [
        *(f"{name}@{PROJECT}.iam.gserviceaccount.com" for name in ("invoker", "other", "third")),
        "100000000000-compute@developer.gserviceaccount.com",
    ]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=6,
)


def _dumped(value: object, *, compact: bool) -> bytes:
    import json

    return json.dumps(value, **({"sort_keys": True, "separators": (",", ":")} if compact else {})).encode()  # type: ignore[arg-type]


_CONTENTS = st.one_of(
    st.binary(min_size=1, max_size=40),
    _TEXTS.filter(bool).map(str.encode),
    st.builds(_dumped, _JSON, compact=st.booleans()),
).map(lambda content: base64.b64encode(content).decode())
_PATHS = _queried(
    st.lists(_texts("/", ALNUM + "._~!$&'()*+,;=:@%{}-", 12), max_size=3).map("".join),
    LOWER + "=&{}[]|^ ",
)
_BASES = st.sampled_from(
    [
        "https://collector-100000000000.us-west2.run.invalid",
        "https://collector-100000000000.us-east1.run.invalid",
        "https://collector-abcdefghij-uw.a.run.app",
        "https://us-west2-interlock-local.cloudfunctions.invalid/fn",
        "https://us-central1-elsewhere.cloudfunctions.net/My_Function",
        "https://workflowexecutions.googleapis.com",
        "https://us-central1-run.googleapis.com",
        f"https://firestore.googleapis.com/v1/projects/{PROJECT}/databases/(default)",
        f"https://run.googleapis.com/v2/projects/{PROJECT}/locations/us-west2/jobs/nightly:run",
        "http://10.0.0.7:8080",
        "https://api.example.com",
        "https://Example.com:443/{project}/{region}",
    ]
)


def _some(**fields: st.SearchStrategy[object]) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries({}, optional=fields)


def _merged(*parts: Json) -> Json:
    return {key: value for part in parts for key, value in part.items()}


_OIDC = st.fixed_dictionaries(
    {"serviceAccountEmail": _ACCOUNTS},
    optional={"audience": _BASES | _ASCII | st.sampled_from(["{url}", "{{uri}}", "{region}"])},
).map(lambda token: {"oidcToken": token})
_OAUTH = st.fixed_dictionaries(
    {"serviceAccountEmail": _ACCOUNTS}, optional={"scope": st.just("https://www.googleapis.com/auth/cloud-platform") | _ASCII}
).map(lambda token: {"oauthToken": token})
_HEADERS = st.dictionaries(
    st.sampled_from(["Content-Type", "content-type", "Accept"]) | _HEADER_NAMES,
    st.sampled_from(["application/json", "text/plain"]) | _ASCII,
    max_size=3,
).map(lambda headers: {name: headers[name] for name in {one.lower(): one for one in headers}.values()})
_REQUESTS = st.one_of(
    st.builds(
        _merged,
        st.sampled_from(["POST", "PUT", "PATCH"]).map(lambda method: {"httpMethod": method}),
        _some(headers=_HEADERS.filter(bool), body=_CONTENTS),
    ),
    st.builds(
        _merged,
        st.sampled_from(["GET", "HEAD", "DELETE", "OPTIONS"]).map(lambda method: {"httpMethod": method}),
        _some(headers=_HEADERS.filter(bool)),
    ),
)
_HTTP = st.builds(
    lambda base, path, request, token: {"httpTarget": {"uri": base + path, **request, **token}},
    _BASES,
    _PATHS,
    _REQUESTS,
    st.one_of(st.just({}), _OIDC, _OAUTH),
)
_PART = _texts(string.ascii_lowercase, LOWER + "-", 11).filter(lambda part: not part.endswith("-"))
_APP_ENGINE = st.builds(
    lambda path, request, routing: {
        "appEngineHttpTarget": {"relativeUri": path or "/", **request, "appEngineRouting": routing}
    },
    _queried(_texts("/", ALNUM + "._/-", 12), LOWER + "=&"),
    _REQUESTS,
    st.one_of(
        st.just({"host": f"{PROJECT}.appspot.com"}),
        st.fixed_dictionaries({"service": _PART, "version": _PART}, optional={"instance": _PART}),
    ),
)
_TOPIC = st.builds(
    lambda project, topic, said: {"pubsubTarget": {"topicName": f"projects/{project}/topics/{topic}", **said}},
    st.sampled_from([PROJECT, "another-project"]),
    _texts(string.ascii_letters, ALNUM + "._~+%-", 20, least=2),
    st.one_of(
        _some(data=_CONTENTS, attributes=st.dictionaries(_TEXTS.filter(bool), _TEXTS, min_size=1, max_size=3)).filter(bool),
    ),
)
_SCHEDULES = st.sampled_from(
    [
        "0 * * * *",
        "*/5 9-17 * * MON-FRI",
        "0  4 1,15 * *",
        "0 0 1 * 1",
        "every 5 minutes",
        "every monday 09:00",
        "every 2 hours",
    ]
)
_RETRIES = st.fixed_dictionaries(  # answered whole, but for what is zero
    {
        "minBackoffDuration": st.sampled_from(["5s", "1.500s", "0s"]),
        "maxBackoffDuration": st.sampled_from(["3600s", "90.250s", "60s"]),
        "maxRetryDuration": _DURATIONS,
    },
    optional={"retryCount": st.integers(0, 5), "maxDoublings": st.integers(0, 20)},
)


def _deadline(target: Json, deadline: str | None) -> Json:
    """As the API answers: a topic has none, and HTTP always one."""
    if "pubsubTarget" in target:
        return target
    return {**target, "attemptDeadline": deadline or "180s"} if deadline or "httpTarget" in target else target


JOBS = st.lists(
    st.builds(
        lambda region, name, target, deadline, schedule, zone, rest: (
            region,
            name,
            {"schedule": schedule, "timeZone": zone, **_deadline(target, deadline), **rest},
        ),
        st.sampled_from(["us-west2", "us-east1", "northamerica-northeast1"]),
        st.text(ALNUM + "_-", min_size=1, max_size=30) | st.sampled_from(["interlock-x", "a" * 200, "same"]),
        st.one_of(_HTTP, _HTTP, _APP_ENGINE, _TOPIC),
        st.none() | st.sampled_from(["15s", "180s", "1800s", "20.500s"]),
        _SCHEDULES,
        st.sampled_from(["UTC", "Etc/UTC", "America/New_York", "Asia/Kolkata"]),
        _some(description=_TEXTS, retryConfig=_RETRIES),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda job: (job[0], job[1]),
)


def live(region: str, name: str, body: Json, state: str = "ENABLED") -> ActualJob:
    """A job as Cloud Scheduler answers it."""
    resource = {"name": f"projects/{PROJECT}/locations/{region}/jobs/{name}", "state": state, **body}
    return ActualJob(
        name=name,
        region=region,
        state=state,
        schedule="",
        time_zone="",
        last_attempt=None,
        last_status=0,
        resource=resource,  # type: ignore[arg-type]
    )


def adopted(*jobs: ActualJob) -> Adoption:
    """These jobs, adopted from nothing."""
    return adopt(jobs, {}, EMPTY, Asked(platform="mine", env=ENV, today=TODAY))


def _has_token(value: object) -> bool:
    if isinstance(value, dict):
        return any(_has_token(inner) for pair in value.items() for inner in pair)
    if isinstance(value, list):
        return any(map(_has_token, value))
    return taken_for_token(value) is not None


def test_a_job_with_what_cdktf_takes_for_a_token_is_left_outside_and_said() -> None:
    target: Json = {"uri": "https://a.example/", "httpMethod": "GET"}
    texts = {"a": "${TfToken[TOKEN.0]}", "b": "-8.11e+298", "c": "String Map Token Value"}
    found = adopted(
        *(
            live("us-west2", name, {"schedule": "0 * * * *", "timeZone": "UTC", "description": text, "httpTarget": target})
            for name, text in texts.items()
        )
    )
    assert [one.identity for one in found.outside] == [f"us-west2/{name}" for name in texts]
    assert found.text.count("which cdktf takes for a token of its own") == len(texts)
    assert found.catalog.jobs == {}


@settings(max_examples=300, suppress_health_check=list(HealthCheck))
@given(JOBS)
def test_each_job_comes_back_as_the_very_job(generated: list[tuple[str, str, Json]]) -> None:
    jobs = [live(*one) for one in generated]
    found = adopted(*jobs)
    refused = {job.identity for job in jobs if _has_token(job.resource)}
    assert not [one for one in found.outside if one.identity not in found.secrets.keys() | refused]
    for job in jobs:
        if job.identity in found.secrets.keys() | {one.identity for one in found.outside}:
            continue
        declared = found.catalog.by_identity[job.identity]
        assert differing(job_attributes(declared, found.env), live_attributes(job.resource)) == []
    again = adopt(jobs, {}, found.catalog, Asked(platform="mine", env=found.env, today=TODAY))
    assert (again.files, again.known) == ({}, len(jobs))
