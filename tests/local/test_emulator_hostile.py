"""Whatever is sent, the emulator answers, and never with a fault of its own."""

from __future__ import annotations

import base64
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from local import emulator as target
from tests.local.plain import Rest

PARENT = "/v1/projects/p/locations/us-west2/jobs"
TEXT = st.text(max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=5,
)
TARGET = st.fixed_dictionaries(
    {"uri": st.just("https://x.example/")},
    optional={
        "body": st.binary(max_size=4).map(lambda raw: base64.b64encode(raw).decode()) | JSON,
        "headers": st.dictionaries(TEXT, TEXT, max_size=2) | JSON,
        "httpMethod": st.sampled_from(["GET", "POST", 3, 99, -1]) | JSON,
        "oidcToken": st.just({"serviceAccountEmail": "a@b"}) | JSON,
    },
)
JOB = st.fixed_dictionaries(
    {},
    optional={
        "name": st.just(f"{PARENT[4:]}/a") | JSON,
        "schedule": st.sampled_from(["0 * * * *", "0 0 31 2 *", "*/0 * * * *", "5-1 * * * *", "99999999999 * * * *"]) | JSON,
        "timeZone": st.sampled_from(["Etc/UTC", "..", "/etc/passwd", "\x00", "Europe"]) | JSON,
        "attemptDeadline": st.sampled_from(["60s", "-0s", "1e3s", "99999999999999999999s"]) | JSON,
        "retryConfig": st.fixed_dictionaries({}, optional={"retryCount": st.integers(-9, 9), "maxDoublings": JSON}) | JSON,
        "httpTarget": TARGET | JSON,
        "pubsubTarget": JSON,
        "state": JSON,
    },
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with target.serve(tmp_path_factory.mktemp("cloud")) as running:
        yield Rest(running.url)


@settings(max_examples=150, deadline=None)
@given(job=JOB, patch=JOB, mask=st.sampled_from(["", "?updateMask=schedule", "?updateMask=a.b,,httpTarget"]))
def test_any_job(shared, job, patch, mask):
    made = shared("POST", PARENT, job)
    assert made.status in {200, 400}
    if made.status == 200:
        name = made.json["name"]
        assert shared("PATCH", f"/v1/{quote(name)}{mask}", patch).status in {200, 400}
        assert shared("GET", PARENT).json["jobs"] == [shared("GET", f"/v1/{quote(name)}").json]
        assert shared("DELETE", f"/v1/{quote(name)}").status == 200


@settings(max_examples=150, deadline=None)
@given(name=st.text(max_size=20), content=st.binary(max_size=20), query=TEXT)
@example(name="a\x00b", content=b"", query="a\x00")
def test_any_object(shared, name, content, query):
    shared("POST", "/storage/v1/b?project=p", {"name": "any"})
    objects = "/storage/v1/b/any/o"
    put = shared("POST", f"/upload{objects}?uploadType=media&name={quote(name, safe='')}", content)
    assert put.status in {200, 400}
    for parameter in ("prefix", "matchGlob", "pageToken", "delimiter", "startOffset"):
        assert shared("GET", f"{objects}?{parameter}={quote(query, safe='')}").status in {200, 400}
    if put.status == 200:
        assert put.json["name"] == name
        place = f"{objects}/{quote(name, safe='')}"
        assert shared("GET", f"{place}?alt=media").body == content
        assert shared("GET", f"{objects}?prefix={quote(name, safe='')}").json["items"] == [put.json]
        assert shared("DELETE", place).status == 204


@settings(max_examples=100, deadline=None)
@given(body=st.binary(max_size=40), kind=st.sampled_from(["multipart", "media", "resumable", ""]), header=TEXT)
def test_any_upload(shared, body, kind, header):
    shared("POST", "/storage/v1/b?project=p", {"name": "any"})
    headers = {"Content-Type": f"multipart/related; boundary={quote(header)}", "Content-Range": quote(header)}
    answer = shared("POST", f"/upload/storage/v1/b/any/o?uploadType={kind}&name=n", body, headers)
    assert answer.status in {200, 400}


FOREIGN = [
    pytest.param({"Origin": "https://evil.example"}, id="a page of another site"),
    pytest.param({"Origin": "null"}, id="a sandboxed frame"),
    pytest.param({"Origin": "http://{here}"}, id="a page that an object here holds"),
    pytest.param({"Sec-Fetch-Site": "cross-site"}, id="an image of another site, which sends no Origin"),
    pytest.param({"Sec-Fetch-Site": "same-site"}, id="a page on another port of this machine"),
    pytest.param({"Host": "evil.example:{port}"}, id="a name that was rebound to loopback"),
    pytest.param({"Host": "127.0.0.1.evil.example:{port}"}, id="a name that begins like loopback"),
    pytest.param({"Host": "127.0.0.1:1"}, id="another port"),
    pytest.param({"Host": "127.0.0.1"}, id="no port"),
    pytest.param({"Host": ""}, id="an empty Host"),
]
OWN = [
    pytest.param({}, id="a client"),
    pytest.param({"Host": "LocalHost:{port}"}, id="localhost in any case"),
    pytest.param({"Sec-Fetch-Site": "none"}, id="an address that the user typed"),
    pytest.param({"Sec-Fetch-Site": "same-origin"}, id="a link from our own page"),
]


def _filled(shared, headers):
    here = urlsplit(shared.url)
    return {name: value.format(here=here.netloc, port=here.port) for name, value in headers.items()}


@pytest.mark.parametrize("headers", FOREIGN)
def test_a_web_page_is_refused(shared, headers):
    headers = _filled(shared, headers)
    made = shared("POST", "/storage/v1/b?project=p", {"name": "by-a-page"}, headers)
    assert made.status == 403
    assert made.json["error"]["errors"][0]["reason"] == "forbidden"
    assert shared("GET", "/storage/v1/b/by-a-page").status == 404
    assert shared("GET", PARENT, headers=headers).json["error"]["status"] == "PERMISSION_DENIED"
    # before any look-up: neither which functions there are, nor the pages that steer
    assert [shared("POST", path, b"", headers).status for path in ("/_functions/f", "/_local/faults")] == [403, 403]


@pytest.mark.parametrize("headers", OWN)
def test_who_is_no_web_page_is_served(shared, headers):
    assert shared("GET", PARENT, headers=_filled(shared, headers)).status == 200
