"""Cloud Functions, Cloud Run and push subscriptions: lists what is deployed in a project, and which messages start it; and the
names of what is there already of jobs and accounts.

The shapes are those of the discovery documents, https://cloudfunctions.googleapis.com/$discovery/rest?version=v2,
https://run.googleapis.com/$discovery/rest?version=v2 and https://pubsub.googleapis.com/$discovery/rest?version=v1
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from urllib.parse import quote

from interlock.gcp.session import NOT_FOUND, Refusal, Session, object_of, objects_of, text_of, texts_of
from interlock.inventory import Deployed, Form

GENERATIONS = {"GEN_1": Form.FIRST_GENERATION, "GEN_2": Form.FUNCTION}


class Services:
    """What is deployed in a project."""

    def __init__(
        self, project: str, says: Callable[[str], None] = lambda _: None, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """CloudError without credentials. `says` hears of each wait for a quota."""
        self._project, self._session = project, Session(says, sleep)

    def functions(self) -> tuple[list[Deployed], list[str]]:
        """The functions of every region, of both generations, and the regions that did not answer. CloudError."""
        found, unreachable = list[Deployed](), set[str]()
        for page in self._session.pages("cloudfunctions", f"v2/projects/{quote(self._project)}/locations/-/functions"):
            found += [_function(function) for function in objects_of(page, "functions")]
            unreachable |= {_short(region) for region in texts_of(page, "unreachable")}
        return found, sorted(unreachable)

    def services(self, region: str) -> list[Deployed]:
        """The Cloud Run services of a region; the API takes no wildcard for it. CloudError."""
        path = f"v2/projects/{quote(self._project)}/locations/{quote(region)}/services"
        return [_service(service) for page in self._session.pages("run", path) for service in objects_of(page, "services")]

    def run_jobs(self, region: str) -> list[Deployed]:
        """The Cloud Run jobs of a region. CloudError."""
        path = f"v2/projects/{quote(self._project)}/locations/{quote(region)}/jobs"
        return [_run_job(job) for page in self._session.pages("run", path) for job in objects_of(page, "jobs")]

    def pushes(self) -> list[tuple[str, str]]:
        """The push subscriptions of the project: the full name of the topic, and the URL. CloudError."""
        path = f"v1/projects/{quote(self._project)}/subscriptions"
        listed = (each for page in self._session.pages("pubsub", path) for each in objects_of(page, "subscriptions"))
        found = ((text_of(each, "topic"), text_of(object_of(each, "pushConfig"), "pushEndpoint")) for each in listed)
        return [(topic, endpoint) for topic, endpoint in found if endpoint]

    def job_names(self, region: str) -> list[str]:
        """The full names of the Cloud Scheduler jobs of a region. CloudError."""
        path = f"v1/projects/{quote(self._project)}/locations/{quote(region)}/jobs"
        return [
            text_of(job, "name") for page in self._session.pages("cloudscheduler", path) for job in objects_of(page, "jobs")
        ]

    def has_account(self, name: str) -> bool:
        """Whether there is a service account of this full name. CloudError."""
        try:
            self._session.get("iam", f"v1/{quote(name)}")
        except Refusal as refusal:
            if refusal.status == NOT_FOUND:
                return False
            raise
        return True


def _function(function: Mapping[str, object]) -> Deployed:
    name, config, trigger = text_of(function, "name"), object_of(function, "serviceConfig"), object_of(function, "eventTrigger")
    return Deployed(
        name=_short(name),
        region=_region(name),
        form=GENERATIONS.get(text_of(function, "environment"), Form.FUNCTION),
        state=text_of(function, "state"),
        urls=tuple(url for url in (text_of(function, "url"), text_of(config, "uri")) if url),
        topic=text_of(trigger, "pubsubTopic"),
        service=text_of(config, "service"),
        account=text_of(config, "serviceAccountEmail"),
    )


def _service(service: Mapping[str, object]) -> Deployed:
    name = text_of(service, "name")
    urls = dict.fromkeys(url for url in (text_of(service, "uri"), *texts_of(service, "urls")) if url)
    account = text_of(object_of(service, "template"), "serviceAccount")
    place = {"name": _short(name), "region": _region(name), "service": name}
    return Deployed(form=Form.SERVICE, urls=tuple(urls), account=account, **place)


def _run_job(job: Mapping[str, object]) -> Deployed:
    name, task = text_of(job, "name"), object_of(object_of(job, "template"), "template")
    return Deployed(name=_short(name), region=_region(name), form=Form.RUN_JOB, account=text_of(task, "serviceAccount"))


def _short(name: str) -> str:
    return name.rpartition("/")[2]


def _region(name: str) -> str:
    """Of projects/P/locations/R/functions/F."""
    parts = name.split("/")
    return parts[3] if len(parts) == 6 else ""
