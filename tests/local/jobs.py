"""A Cloud Scheduler job as tests of the emulator send it."""

from __future__ import annotations

PARENT = "projects/p/locations/us-west2"
JOB = f"{PARENT}/jobs/scraper"
URL = f"/v1/{JOB}"
TOPIC = "projects/p/topics/t"
HTTP = {"uri": "https://scrapers.example/run", "httpMethod": "POST"}


APP_ENGINE = {"httpTarget": None, "appEngineHttpTarget": {"relativeUri": "/x"}}


def app_engine(**fields):
    return APP_ENGINE | {"appEngineHttpTarget": {"relativeUri": "/x"} | fields}


def body(**fields):
    return {"name": JOB, "schedule": "15,45 * * * *", "httpTarget": HTTP} | fields
