"""Cloud Run functions: deployed from a stored object, kept with the server's defaults; local/emulator/builds.py says what of
them would not be built, and serving.py runs them.

A function has a Cloud Run service of its name, which is what its invokers are bound to, and its address.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from copy import deepcopy

from local.emulator import builds, run
from local.emulator.buckets import PROJECT_NUMBER
from local.emulator.model import ApiError, JsonObject, timestamp
from local.emulator.policies import policies
from local.emulator.rest import Call, Collection, Handler, paged
from local.emulator.store import policy_kind

FUNCTIONS = "cloudfunctions.projects.locations.functions"
EXECUTION_ID = {"LOG_EXECUTION_ID": "true"}  # what the server adds to the environment of every function
_NAME = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_RUNTIME = re.compile(r"(python|nodejs|go|java|ruby|php|dotnet)\d+")
_COMPUTE_ACCOUNT = f"{PROJECT_NUMBER}-compute@developer.gserviceaccount.com"
_SERVICE_DEFAULTS: Mapping[str, object] = {
    "allTrafficOnLatestRevision": True,
    "availableCpu": "0.1666",
    "availableMemory": "256M",
    "ingressSettings": "ALLOW_ALL",
    "maxInstanceCount": 100,
    "maxInstanceRequestConcurrency": 1,
    "serviceAccountEmail": _COMPUTE_ACCOUNT,
    "timeoutSeconds": 60,
}


def _created(function: JsonObject, call: Call) -> JsonObject:
    if not _NAME.fullmatch(function["name"].rpartition("/")[2]):
        raise ApiError(400, "A function's name has 1 to 63 lower-case letters, digits and hyphens, and begins with a letter.")
    if function.get("environment", "GEN_2") != "GEN_2":
        raise ApiError(400, "The local stand-in has functions of the environment GEN_2 only.")
    made = _completed({}, function, call) | {"createTime": timestamp(call.request.now)}
    _build_it({}, made, call)
    return made


def _changed(old: JsonObject, new: JsonObject, call: Call) -> JsonObject:
    made = _completed(old, new, call) | {"createTime": old["createTime"]}
    _build_it(old, made, call)
    return made


def _build_it(old: JsonObject, new: JsonObject, call: Call) -> None:
    """Builds what is new in a build, or was never built well. builds.Failed, with what is left of the function."""
    if old.get("state") == "ACTIVE" and _built_from(old) == _built_from(new):
        return
    try:
        builds.run(new, call)
    except builds.Failed as failed:
        failed.function = old or new | {"state": "FAILED"}
        raise
    service = new["serviceConfig"]["service"]
    if call.store.get(run.SERVICES, service) is None:
        call.store.put(run.SERVICES, service, {"name": service})


def _built_from(function: JsonObject) -> JsonObject:
    return {key: value for key, value in function["buildConfig"].items() if key not in {"build", "source"}}


def _deploy(call: Call) -> JsonObject:
    """A function whose first build fails is there all the same, and its service is not; after another it stays as it was. That
    it stays is what the provider goes by, which has its id before the build ends (resource_cloudfunctions2_function.go)."""
    try:
        return _FUNCTIONS.answer(call)
    except builds.Failed as failed:
        call.store.put(FUNCTIONS, failed.function["name"], failed.function)
        place = failed.function["name"].partition("/functions/")[0]
        return {"name": f"{place}/operations/{secrets.token_hex(8)}", "done": True, "error": failed.error}


def _completed(old: JsonObject, new: JsonObject, call: Call) -> JsonObject:
    """The function with what the server adds."""
    name, now = new["name"], timestamp(call.request.now)
    _, project, _, location, _, short = name.split("/")
    function = {key: value for key, value in new.items() if value not in (None, "", {})}
    function["buildConfig"] = _build(function.get("buildConfig") or {}, old.get("buildConfig") or {}, name, call)
    given = {key: value for key, value in (function.get("serviceConfig") or {}).items() if value not in (None, 0, "")}
    number = int(old["serviceConfig"]["revision"].rpartition("-")[2]) + 1 if old else 1
    function["serviceConfig"] = {
        **_SERVICE_DEFAULTS,
        **given,
        "environmentVariables": {**(given.get("environmentVariables") or {}), **EXECUTION_ID},
        "revision": f"{short}-{number:05}",
        "service": f"projects/{project}/locations/{location}/services/{short}",
        "uri": run.uri(name),
    }
    url = f"https://{location}-{project}.cloudfunctions.invalid/{short}"
    return function | {"environment": "GEN_2", "state": "ACTIVE", "updateTime": now, "url": url}


def _build(given: JsonObject, old: JsonObject, name: str, call: Call) -> JsonObject:
    """The build; it shows a copy of the source in a bucket of Google's, and in sourceProvenance where that came from."""
    _, project, _, location, _, short = name.split("/")
    if not _RUNTIME.fullmatch(given.get("runtime", "")):
        raise ApiError(400, f"Unknown runtime {given.get('runtime', '')!r}: such as python312.", field="build_config.runtime")
    copy = {
        "bucket": f"gcf-v2-sources-{PROJECT_NUMBER}-{location}",
        "object": f"{short}/function-source.zip",
    }
    source = (given.get("source") or {}).get("storageSource") or {}
    if old and {key: source.get(key) for key in copy} == copy:
        provenance = old["sourceProvenance"]
    else:
        provenance = {"resolvedStorageSource": _resolved(source, call)}
    build = deepcopy(given)
    if "onDeployUpdatePolicy" not in build:
        build["automaticUpdatePolicy"] = {}
    account = f"projects/{project}/serviceAccounts/{_COMPUTE_ACCOUNT}"
    return {
        "dockerRegistry": "ARTIFACT_REGISTRY",
        "dockerRepository": f"projects/{project}/locations/{location}/repositories/gcf-artifacts",
        "entryPoint": short,
        "serviceAccount": account,
        **{key: value for key, value in build.items() if value not in (None, "")},
        "build": f"projects/{PROJECT_NUMBER}/locations/{location}/builds/{secrets.token_hex(16)}",
        "source": {"storageSource": {**copy, "generation": provenance["resolvedStorageSource"]["generation"]}},
        "sourceProvenance": provenance,
    }


def _resolved(source: JsonObject, call: Call) -> JsonObject:
    """The stored object that the source is, with its generation; ApiError 400 if there is none."""
    bucket, name, generation = source.get("bucket", ""), source.get("object", ""), source.get("generation")
    found = call.store.object(bucket, name, int(generation) if generation else None)
    if found is None:
        which = f" generation {generation}" if generation else ""
        raise ApiError(400, f"The source gs://{bucket}/{name}{which} does not exist.", field="build_config.source")
    return {"bucket": bucket, "object": name, "generation": found[0]["generation"]}


def _list(call: Call) -> JsonObject:
    """Of one location, or with `-` in its place of all of them, none of which is ever unreachable."""
    parent = call.path["parent"]
    if not parent.endswith("/locations/-"):
        return _FUNCTIONS.answer(call)
    rows = call.store.under(FUNCTIONS, parent.removesuffix("-"))
    page, token = paged(rows, call.query, key=lambda row: row[0], size_parameter="pageSize")
    listed = {"functions": [function for _, function in page]} if page else {}
    return listed | ({"nextPageToken": token} if token else {})


def _delete(call: Call) -> JsonObject:
    """The service goes with the function, and its policy with it."""
    function = call.store.get(FUNCTIONS, call.path["name"])
    answer = _FUNCTIONS.answer(call)
    if function is not None:
        for kind in (run.SERVICES, policy_kind(run.SERVICES)):
            call.store.drop(kind, function["serviceConfig"]["service"])
    return answer


_FUNCTIONS = Collection(path="projects.locations.functions", id_parameter="functionId", created=_created, changed=_changed)
COLLECTIONS = (_FUNCTIONS,)
HANDLERS: Mapping[str, Handler] = {
    f"{FUNCTIONS}.create": _deploy,
    f"{FUNCTIONS}.delete": _delete,
    f"{FUNCTIONS}.list": _list,
    f"{FUNCTIONS}.patch": _deploy,
    **policies(FUNCTIONS),
}
