"""The build of a function and the start of its container: what Cloud Build and Cloud Run refuse, in the operation's error.

Nothing is built. What is looked at: the APIs that a build takes, the rights of its account, and the archive (archives.py). The
words are those of people who have met them: https://github.com/micronaut-projects/micronaut-starter/issues/371 (an API that is
off), https://github.com/firebase/firebase-tools/issues/7369 (a container that doesn't start). That what is wrong in an archive
has code 3 is assumed, and that a build fails whose log can't be written.
"""

from __future__ import annotations

from dataclasses import replace

from local.emulator import apis, archives, identity, permissions, rights
from local.emulator.buckets import PROJECT_NUMBER
from local.emulator.model import JsonObject
from local.emulator.rest import Call

NEEDED = ("cloudbuild", "artifactregistry", "run")
"""The APIs that a function takes beside its own:
https://cloud.google.com/functions/docs/create-deploy-gcloud#before-you-begin"""
_TITLES = {"cloudbuild": "Cloud Build API", "artifactregistry": "Artifact Registry API", "run": "Cloud Run Admin API"}
INVALID, DENIED, INTERNAL = 3, 7, 13  # google.rpc.Code
LOGS = (  # https://github.com/GoogleCloudPlatform/terraform-genai-knowledge-base/issues/245
    "The service account running this build {account} does not have permission to write logs to Cloud Logging. To fix this, "
    "grant the Logs Writer (roles/logging.logWriter) role to the service account"
)
SOURCES = (  # https://github.com/hashicorp/terraform-provider-google/issues/20571
    "failed to Fetch: failed to download archive gs://{bucket}/{object}: Access to bucket {bucket} denied. You must grant "
    "Storage Object Viewer permission to {email}. If you are using VPC Service Controls, you must also grant it access to your "
    "service perimeter"
)
IMAGES = (  # https://github.com/firebase/firebase-tools/issues/8431, where it is downloadArtifacts
    'Permission "artifactregistry.repositories.uploadArtifacts" denied on resource '
    '"projects/{project}/locations/{region}/repositories/gcf-artifacts" (or it may not exist)'
)


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
    _check_rights(function, call)
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


def _check_rights(function: JsonObject, call: Call) -> None:
    """What the account of a build needs: https://cloud.google.com/functions/docs/securing/build-custom-sa. That which a project
    is born with is taken to have it, as Google grants it a role unless the organisation forbids that."""
    build, (_, project, _, region, _, short) = function["buildConfig"], function["name"].split("/")
    email = build["serviceAccount"].rpartition("/")[2]
    if identity.full_name(email) is None:
        return
    copies = f"gcf-v2-sources-{PROJECT_NUMBER}-{region}"
    archive = f"{short}/function-source.zip"
    everything = permissions.project(project)
    copy = replace(permissions.stored(call, copies, archive), project=project)
    needs = {
        "logging.logEntries.create": (everything, LOGS.format(account=build["serviceAccount"])),
        "storage.objects.get": (copy, SOURCES.format(bucket=copies, object=archive, email=email)),
        "artifactregistry.repositories.uploadArtifacts": (everything, IMAGES.format(project=project, region=region)),
    }
    delay = call.faults.delay("grants")
    for permission, (resource, message) in needs.items():
        if not rights.allowed(call.store, email, permission, resource, now=call.request.now, delay=delay):
            raise Failed(INTERNAL, _failed(build, message))


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
