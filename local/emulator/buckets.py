"""Cloud Storage buckets: defaults, metageneration, and merge patches in which null removes a field.

Links are those of the real service, never of this machine: Terraform keeps them in its state, and the port changes.
Of soft delete, autoclass, placement and encryption the settings are kept and shown, with the server's part of them; nothing is
restored, moved or encrypted here. Retention holds (local/emulator/retention.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy

from local.emulator import retention
from local.emulator.model import ApiError, JsonObject, Response, timestamp
from local.emulator.rest import Call, Handler, paged
from local.emulator.store import policy_kind

KIND = "storage.buckets"
LINK = "https://www.googleapis.com/storage/v1/b/"
PROJECT_NUMBER = "100000000000"  # of every project, as in environments/local.yaml; Terraform shows it as computed
MULTI_REGIONS = frozenset({"US", "EU", "ASIA"})
DUAL_REGIONS = frozenset({"ASIA1", "EUR4", "EUR5", "EUR7", "EUR8", "NAM4"})  # https://cloud.google.com/storage/docs/locations
_NAME = re.compile(r"(?!goog)[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
_DEFAULTS: JsonObject = {
    "location": "US",
    "storageClass": "STANDARD",
    "iamConfiguration": {
        "bucketPolicyOnly": {"enabled": False},
        "uniformBucketLevelAccess": {"enabled": False},
        "publicAccessPrevention": "inherited",
    },
    "softDeletePolicy": {"retentionDurationSeconds": "604800"},
}
# What the server sets; ignored when a client sends it back in an update.
SERVER_FIELDS = frozenset(
    {"kind", "id", "name", "selfLink", "projectNumber", "location", "locationType", "timeCreated", "updated"}
    | {"metageneration", "generation", "etag", "owner"}
)


# Settings that show since when they are so; the change of a setting stamps it.
_STAMPED: tuple[tuple[tuple[str, ...], str], ...] = (
    (("softDeletePolicy",), "effectiveTime"),
    (("retentionPolicy",), "effectiveTime"),
    (("autoclass",), "toggleTime"),
    *(
        (("encryption", f"{whose}EncryptionEnforcementConfig"), "effectiveTime")
        for whose in ("customerManaged", "customerSupplied", "googleManaged")
    ),
)


def find(call: Call, name: str) -> JsonObject:
    """The bucket, or ApiError 404."""
    bucket = call.store.get(KIND, name)
    if bucket is None:
        raise ApiError(404, "The specified bucket does not exist.")
    return bucket


def merged(old: JsonObject, patch: JsonObject) -> JsonObject:
    """`old` with `patch` laid over it: objects merge, null removes, anything else replaces (RFC 7396)."""
    out = deepcopy(old)
    for key, value in patch.items():
        if value is None:
            out.pop(key, None)
        elif isinstance(value, dict):
            base = out.get(key)
            out[key] = merged(base if isinstance(base, dict) else {}, value)
        else:
            out[key] = value
    return out


def check_metageneration(meta: JsonObject, query: Mapping[str, str]) -> None:
    """ApiError 412 unless ifMetagenerationMatch and ifMetagenerationNotMatch hold."""
    wanted, unwanted = query.get("ifMetagenerationMatch"), query.get("ifMetagenerationNotMatch")
    if wanted not in (None, meta["metageneration"]) or unwanted == meta["metageneration"]:
        raise ApiError(412, "At least one of the pre-conditions you specified did not hold.")


def _insert(call: Call) -> JsonObject:
    name = call.body.get("name") or ""
    if not _NAME.fullmatch(name):
        raise ApiError(400, f"Invalid bucket name: '{name}'")
    if not call.query.get("project"):
        raise ApiError(400, "Required parameter: project")
    if call.store.get(KIND, name) is not None:
        raise ApiError(409, "Your previous request to create the named bucket succeeded and you already own it.")
    bucket = _with_defaults(merged({}, call.body))
    now = timestamp(call.request.now)
    location = bucket["location"].upper()
    bucket |= {
        "kind": "storage#bucket",
        "id": name,
        "selfLink": LINK + name,
        "projectNumber": PROJECT_NUMBER,
        "location": location,
        "locationType": _location_type(location, bucket),
        "timeCreated": now,
        "generation": "1",
        "metageneration": "0",
    }
    if bucket["locationType"] != "region":
        bucket.setdefault("rpo", "DEFAULT")
    if call.query.get("enableObjectRetention", "").lower() == "true":
        bucket["objectRetention"] = {"mode": "Enabled"}
    call.store.put(f"{KIND}.project", name, {"project": call.query["project"]})
    return _saved({}, bucket, call)


def _location_type(location: str, bucket: JsonObject) -> str:
    if bucket.get("customPlacementConfig") or location in DUAL_REGIONS:
        return "dual-region"
    return "multi-region" if location in MULTI_REGIONS else "region"


def _with_defaults(bucket: JsonObject) -> JsonObject:
    return merged(_DEFAULTS, bucket)


def _saved(old: JsonObject, bucket: JsonObject, call: Call) -> JsonObject:
    """The changed bucket as it is kept: with the server's part, a step further."""
    retention.check_policy(old, bucket)
    _complete(old, bucket, timestamp(call.request.now))
    access = bucket["iamConfiguration"]
    # bucketPolicyOnly is the older name of uniformBucketLevelAccess; the server keeps them equal.
    access["bucketPolicyOnly"] = access["uniformBucketLevelAccess"]
    number = str(int(bucket["metageneration"]) + 1)
    bucket |= {"metageneration": number, "etag": f"CAE{number}=", "updated": timestamp(call.request.now)}
    call.store.put(KIND, bucket["name"], bucket)
    return bucket


def _complete(old: JsonObject, bucket: JsonObject, now: str) -> None:
    """What the server adds to settings, as the discovery document describes each."""
    for where, stamp in _STAMPED:
        setting, before = _inner(bucket, where), _inner(old, where)
        if setting:
            same = {**setting, stamp: None} == {**before, stamp: None} and stamp in before
            setting[stamp] = before[stamp] if same else now
    if bucket.get("autoclass", {}).get("enabled"):
        bucket["autoclass"].setdefault("terminalStorageClass", "NEARLINE")
    if bucket.get("logging"):
        bucket["logging"].setdefault("logObjectPrefix", bucket["name"])


def _inner(bucket: JsonObject, where: tuple[str, ...]) -> JsonObject:
    found = bucket
    for name in where:
        found = found.get(name) or {}
    return found


def _lock(call: Call) -> JsonObject:
    """lockRetentionPolicy: for ever. Who asks says which state of the bucket is meant."""
    if not call.query.get("ifMetagenerationMatch"):
        raise ApiError(400, "Required parameter: ifMetagenerationMatch")
    old = _get(call)
    if not old.get("retentionPolicy"):
        raise ApiError(400, "The bucket has no retention policy.")
    return _saved(old, merged(old, {"retentionPolicy": {"isLocked": True}}), call)


def _get(call: Call) -> JsonObject:
    bucket = find(call, call.path["bucket"])
    check_metageneration(bucket, call.query)
    return bucket


def _layout(call: Call) -> JsonObject:
    """What gcloud requests before it copies: where the bucket is, and that it has no real folders."""
    bucket = _get(call)
    call.query.get("prefix")  # the layout is the whole bucket's
    place = {"location": bucket["location"], "locationType": bucket["locationType"]}
    return {"kind": "storage#storageLayout", "bucket": bucket["name"], **place}


def _list(call: Call) -> JsonObject:
    call.query.get("returnPartialSuccess")  # no part is ever missing
    owners, project = dict(call.store.under(f"{KIND}.project", "")), call.query.get("project")
    rows = [
        bucket for name, bucket in call.store.under(KIND, call.query.get("prefix", "")) if owners[name]["project"] == project
    ]
    page, token = paged(rows, call.query, key=lambda row: str(row["name"]), size_parameter="maxResults")
    return {"kind": "storage#buckets", "items": page} | ({"nextPageToken": token} if token else {})


def _patch(call: Call) -> JsonObject:
    old = _get(call)
    patch = {key: value for key, value in call.body.items() if key not in SERVER_FIELDS}
    return _saved(old, _with_defaults(merged(old, patch)), call)


def _update(call: Call) -> JsonObject:
    old = _get(call)
    new = _with_defaults(merged({}, call.body)) | {key: value for key, value in old.items() if key in SERVER_FIELDS}
    return _saved(old, new, call)


def _delete(call: Call) -> Response:
    bucket = _get(call)
    if call.store.objects(bucket["name"], versions=True):
        raise ApiError(409, "The bucket you tried to delete is not empty.")
    call.store.drop(KIND, bucket["name"])
    call.store.drop(f"{KIND}.project", bucket["name"])
    call.store.drop(policy_kind(KIND), bucket["name"])
    return Response(status=204)


def _folders(call: Call) -> JsonObject:
    """Folders that exist on their own; there are none here. gcloud requests them before it deletes recursively."""
    for parameter in ("prefix", "pageSize", "pageToken"):
        call.query.get(parameter)
    return {"kind": "storage#managedFolders"}


HANDLERS: Mapping[str, Handler] = {
    "storage.buckets.insert": _insert,
    "storage.buckets.get": _get,
    "storage.buckets.getStorageLayout": _layout,
    "storage.managedFolders.list": _folders,
    "storage.buckets.list": _list,
    "storage.buckets.lockRetentionPolicy": _lock,
    "storage.buckets.patch": _patch,
    "storage.buckets.update": _update,
    "storage.buckets.delete": _delete,
}
