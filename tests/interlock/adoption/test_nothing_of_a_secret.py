"""A secret is taken out of everything that a job says, wherever Google repeats it."""

from __future__ import annotations

import json
from base64 import b64encode

import pytest

from interlock.adoption.withheld import withheld
from interlock.catalog import Json
from interlock.secrets import WITHHELD

SECRET = "5f1c9e2ab34d4c7f9b1e"
URL = "https://api.example.com/x"


def http(**said: Json) -> dict[str, Json]:
    return {"name": "projects/p/locations/us-west2/jobs/j", "httpTarget": {"uri": URL, **said}}


def sent(text: str) -> str:
    return b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "job",
    [
        pytest.param(
            http(uri=f"{URL}?api_key={SECRET}", oidcToken={"audience": f"{URL}?api_key={SECRET}"}), id="the URL as an audience"
        ),
        pytest.param(http(oidcToken={"audience": f"{URL}?api_key={SECRET}"}), id="an audience of its own"),
        pytest.param(http(headers={"Name": "api_key", "Value": SECRET}), id="headers that name each other"),
        pytest.param(
            {"pubsubTarget": {"topicName": "t", "attributes": {"name": "password", "value": SECRET}}}, id="attributes that do"
        ),
        pytest.param({**http(), "description": f'{{"password":\n"{SECRET}",\n"u":"https://a:bbbb@h"}}'}, id="a description"),
        pytest.param({**http(), "description": f"use token={SECRET}"}, id="a description with more in it"),
        pytest.param(http(body=sent(f"password: {SECRET}\n")), id="a body that is YAML"),
        pytest.param(http(body=sent(f'{{"password": "{SECRET}",}}')), id="a body that is nearly JSON"),
    ],
)
def test_it_is_nowhere_in_what_is_left(job: dict[str, Json]) -> None:
    clean, found = withheld(job)
    assert found
    assert SECRET not in json.dumps(clean)
    assert sent(SECRET)[:-4] not in json.dumps(clean)
    assert WITHHELD in json.dumps(clean) or sent(WITHHELD)[:-4] in json.dumps(clean)


def test_what_is_no_secret_stays() -> None:
    job = {**http(oidcToken={"audience": f"{URL}?kind=all"}, headers={"X-A": "b"}, body=sent("a text")), "description": "d"}
    assert withheld(job) == (job, [])
