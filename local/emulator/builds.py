"""The build of a function and the start of its container: what Cloud Build and Cloud Run refuse, in the operation's error.

Nothing is built. What is looked at: the APIs that a build takes, and the archive (archives.py). The words are those of people
who have met them: https://github.com/micronaut-projects/micronaut-starter/issues/371 (an API that is off),
https://github.com/firebase/firebase-tools/issues/7369 (a container that doesn't start). That what is wrong in an archive has
code 3 is assumed.
"""

from __future__ import annotations

from local.emulator import apis, archives
from local.emulator.buckets import PROJECT_NUMBER
from local.emulator.model import JsonObject
from local.emulator.rest import Call

NEEDED = ("cloudbuild", "artifactregistry", "run")
"""The APIs that a function takes beside its own:
https://cloud.google.com/functions/docs/create-deploy-gcloud#before-you-begin"""
_TITLES = {"cloudbuild": "Cloud Build API", "artifactregistry": "Artifact Registry API", "run": "Cloud Run Admin API"}
INVALID, DENIED, INTERNAL = 3, 7, 13  # google.rpc.Code


class Failed(Exception):
    """A build, or the first start of what it built, went wrong; `function` is what is left of it."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.function: JsonObject = {}

    @property
    def error(self) -> JsonObject:
        """The google.rpc.Status of the operation."""
        return {"code": self.code, "message": str(self)}


def run(function: JsonObject, call: Call) -> None:
    """Build a function as it would be from now on. Failed."""
    build, project = function["buildConfig"], function["name"].split("/")[1]
    for name in NEEDED:
        if not apis.is_on(call, f"{name}{apis.DOMAIN}", project):
            raise Failed(DENIED, f"Build failed: {apis.disabled(_TITLES[name], f'{name}{apis.DOMAIN}', project).message}")
    source = build["sourceProvenance"]["resolvedStorageSource"]
    found = call.store.object(source["bucket"], source["object"], int(source["generation"]))
    if found is None or not build["runtime"].startswith("python"):
        return  # Google has its own copy; and of other languages nothing is known here
    try:
        text = archives.check(found[1], build.get("environmentVariables") or {})
    except archives.BuildError as error:
        raise Failed(INVALID, _failed(build, str(error))) from None
    if not archives.defines(text, build["entryPoint"]):
        raise Failed(INVALID, _not_started(function))


def _failed(build: JsonObject, what: str) -> str:
    _, _, _, region, _, number = build["build"].split("/")
    logs = f"https://console.cloud.google.com/cloud-build/builds;region={region}/{number}?project={PROJECT_NUMBER}"
    return f"Build failed with status: FAILURE and message: {what}. For more details see the logs at {logs}."


def _not_started(function: JsonObject) -> str:
    """functions-framework ends when it finds no function of that name."""
    service, revision = function["serviceConfig"]["service"].rpartition("/")[2], function["serviceConfig"]["revision"]
    return (
        f"Could not create or update Cloud Run service {service}, Container Healthcheck failed. Revision '{revision}' is not "
        "ready and cannot serve traffic. The user-provided container failed to start and listen on the port defined provided "
        "by the PORT=8080 environment variable. Logs for this revision might contain more information."
    )
