"""Cloud Functions, Cloud Run and push subscriptions: lists what is deployed in a project, and which messages start it; and the
names of what is there already of jobs and accounts.

A few list calls are no reason for more libraries: Google's session adds the credentials, and the shapes are those of the
discovery documents, https://cloudfunctions.googleapis.com/$discovery/rest?version=v2,
https://run.googleapis.com/$discovery/rest?version=v2 and https://pubsub.googleapis.com/$discovery/rest?version=v1
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

from interlock.gcp import CloudError, local_url
from interlock.gcp.credentials import local_credentials
from interlock.inventory import Deployed, Form

if TYPE_CHECKING:
    from google.auth.transport.requests import AuthorizedSession
    from requests import Response

CALL_SECONDS = 20
PAGE_SIZE = 1000
MAX_PAGES = 100
"""More than a project may have; a server that always names a next page is not followed for ever."""
READ_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
GENERATIONS = {"GEN_1": Form.FIRST_GENERATION, "GEN_2": Form.FUNCTION}
TOO_MANY = 429
WAITS_SECONDS = (2, 5, 15, 40)
"""Quotas of these APIs are counted by the minute."""
SHOWN = 300
"""Characters of an answer that refuses."""
FORBIDDEN, NOT_FOUND = 403, 404
OFF = re.compile("has not been used in project|it is disabled")
"""What an API answers that is not turned on, beside 403."""


class Refusal(CloudError):
    """An API that says no."""

    def __init__(self, api: str, status: int, said: str) -> None:
        super().__init__(f"{api}.googleapis.com says no ({status}): {said}")
        self.status = status
        self.is_off = status == FORBIDDEN and OFF.search(said) is not None
        """Whether it says so because nobody has turned it on in the project."""


class Services:
    """What is deployed in a project."""

    def __init__(
        self, project: str, says: Callable[[str], None] = lambda _: None, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """CloudError without credentials. `says` hears of each wait for a quota."""
        import google.auth
        from google.auth.exceptions import GoogleAuthError
        from google.auth.transport.requests import AuthorizedSession

        self._project, self._says, self._sleep = project, says, sleep
        try:
            credentials = local_credentials() if local_url() else google.auth.default(scopes=[READ_SCOPE])[0]
        except GoogleAuthError as error:
            raise CloudError(f"no credentials for Google Cloud: {error}") from error
        self._session: AuthorizedSession = AuthorizedSession(credentials)
        self._session.trust_env = local_url() is None  # loopback is not for proxies

    def functions(self) -> tuple[list[Deployed], list[str]]:
        """The functions of every region, of both generations, and the regions that did not answer. CloudError."""
        found, unreachable = list[Deployed](), set[str]()
        for page in self._pages("cloudfunctions", f"v2/projects/{quote(self._project)}/locations/-/functions"):
            found += [_function(function) for function in _objects(page, "functions")]
            unreachable |= {_short(region) for region in _texts(page, "unreachable")}
        return found, sorted(unreachable)

    def services(self, region: str) -> list[Deployed]:
        """The Cloud Run services of a region; the API takes no wildcard for it. CloudError."""
        path = f"v2/projects/{quote(self._project)}/locations/{quote(region)}/services"
        return [_service(service) for page in self._pages("run", path) for service in _objects(page, "services")]

    def run_jobs(self, region: str) -> list[Deployed]:
        """The Cloud Run jobs of a region. CloudError."""
        path = f"v2/projects/{quote(self._project)}/locations/{quote(region)}/jobs"
        return [_run_job(job) for page in self._pages("run", path) for job in _objects(page, "jobs")]

    def pushes(self) -> list[tuple[str, str]]:
        """The push subscriptions of the project: the full name of the topic, and the URL. CloudError."""
        path = f"v1/projects/{quote(self._project)}/subscriptions"
        listed = (each for page in self._pages("pubsub", path) for each in _objects(page, "subscriptions"))
        found = ((_text(each, "topic"), _text(_object(each, "pushConfig"), "pushEndpoint")) for each in listed)
        return [(topic, endpoint) for topic, endpoint in found if endpoint]

    def job_names(self, region: str) -> list[str]:
        """The full names of the Cloud Scheduler jobs of a region. CloudError."""
        path = f"v1/projects/{quote(self._project)}/locations/{quote(region)}/jobs"
        return [_text(job, "name") for page in self._pages("cloudscheduler", path) for job in _objects(page, "jobs")]

    def has_account(self, name: str) -> bool:
        """Whether there is a service account of this full name. CloudError."""
        try:
            self._get("iam", f"v1/{quote(name)}", {})
        except Refusal as refusal:
            if refusal.status == NOT_FOUND:
                return False
            raise
        return True

    def _pages(self, api: str, path: str) -> Iterator[Mapping[str, object]]:
        token = ""
        for _ in range(MAX_PAGES):
            page = self._get(api, path, {"pageSize": str(PAGE_SIZE)} | ({"pageToken": token} if token else {}))
            yield page
            token = _text(page, "nextPageToken")
            if not token:
                return
        raise CloudError(f"{api}.googleapis.com names more than {MAX_PAGES} pages; this is not followed further")

    def _get(self, api: str, path: str, parameters: Mapping[str, str]) -> Mapping[str, object]:
        from google.auth.exceptions import GoogleAuthError

        host = local_url() or f"https://{api}.googleapis.com"
        try:
            answer = self._answer(f"{host}/{path}", parameters, api)
            content = answer.json() if answer.status_code == 200 else None
        except (GoogleAuthError, OSError, ValueError) as error:  # OSError: requests
            raise CloudError(f"{api}.googleapis.com can't be asked: {error}") from error
        if not isinstance(content, dict):
            raise Refusal(api, answer.status_code, _said(answer.text))
        return content

    def _answer(self, url: str, parameters: Mapping[str, str], api: str) -> Response:
        """What a list call answers; one that a quota refuses is made again, and the last refusal is the answer."""
        for seconds in (*WAITS_SECONDS, None):
            answer = self._session.get(url, params=parameters, timeout=CALL_SECONDS, allow_redirects=False)
            if answer.status_code != TOO_MANY or seconds is None:
                break
            self._says(f"{api}.googleapis.com refuses for now ({TOO_MANY}); waiting {seconds} seconds")
            self._sleep(seconds)
        return answer


def _function(function: Mapping[str, object]) -> Deployed:
    name, config, trigger = _text(function, "name"), _object(function, "serviceConfig"), _object(function, "eventTrigger")
    return Deployed(
        name=_short(name),
        region=_region(name),
        form=GENERATIONS.get(_text(function, "environment"), Form.FUNCTION),
        state=_text(function, "state"),
        urls=tuple(url for url in (_text(function, "url"), _text(config, "uri")) if url),
        topic=_text(trigger, "pubsubTopic"),
        service=_text(config, "service"),
        account=_text(config, "serviceAccountEmail"),
    )


def _service(service: Mapping[str, object]) -> Deployed:
    name = _text(service, "name")
    urls = dict.fromkeys(url for url in (_text(service, "uri"), *_texts(service, "urls")) if url)
    account = _text(_object(service, "template"), "serviceAccount")
    place = {"name": _short(name), "region": _region(name), "service": name}
    return Deployed(form=Form.SERVICE, urls=tuple(urls), account=account, **place)


def _run_job(job: Mapping[str, object]) -> Deployed:
    name, task = _text(job, "name"), _object(_object(job, "template"), "template")
    return Deployed(name=_short(name), region=_region(name), form=Form.RUN_JOB, account=_text(task, "serviceAccount"))


def _said(text: str) -> str:
    """An answer in a line: Google's message, else its beginning."""
    import json

    try:
        error = json.loads(text)["error"]
        return str(error["message"])[:SHOWN]
    except (ValueError, KeyError, TypeError):
        return f"{text[:SHOWN]!a}"


def _short(name: str) -> str:
    return name.rpartition("/")[2]


def _region(name: str) -> str:
    """Of projects/P/locations/R/functions/F."""
    parts = name.split("/")
    return parts[3] if len(parts) == 6 else ""


def _text(content: Mapping[str, object], key: str) -> str:
    value = content.get(key)
    return value if isinstance(value, str) else ""


def _object(content: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = content.get(key)
    return value if isinstance(value, dict) else {}


def _objects(content: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    value = content.get(key)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _texts(content: Mapping[str, object], key: str) -> list[str]:
    value = content.get(key)
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
