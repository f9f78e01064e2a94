"""Cloud Storage objects: generations, preconditions, versions, listing, reading (JSON and XML API) and copying.

gcloud and the Python client download from mediaLink, so for them it leads here. For others it is Google's, as selfLink
always is: Terraform keeps both in its state, and our port changes from run to run.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from urllib.parse import quote

import google_crc32c

from local.emulator import buckets, kept, retention
from local.emulator.globs import glob_pattern
from local.emulator.model import ApiError, JsonObject, Response, timestamp
from local.emulator.rest import Call, Handler, paged
from local.emulator.uploads import Sessions, Upload

MAX_NAME = 1024  # bytes in UTF-8
# What the server sets; ignored when a client sends it back. All else is the client's, and is kept.
SERVER_FIELDS = frozenset(
    {
        "bucket",
        "componentCount",
        "crc32c",
        "customerEncryption",
        "etag",
        "generation",
        "hardDeleteTime",
        "id",
        "kind",
        "kmsKeyName",
    }
    | {"md5Hash", "mediaLink", "metageneration", "name", "owner", "restoreToken", "retentionExpirationTime", "selfLink", "size"}
    | {"softDeleteTime", "timeCreated", "timeDeleted", "timeFinalized", "timeStorageClassUpdated", "updated", retention.BEGUN}
)
# Of an ACL nothing is served: no caller is told apart by it here.
_REFUSED = frozenset({"acl"})
DEFAULT_TYPE = "application/octet-stream"  # of what is read, where none is kept
_NOT_MET = "At least one of the pre-conditions you specified did not hold."


def _check_preconditions(current: JsonObject | None, query: Mapping[str, str], *, reading: bool = False) -> None:
    """ApiError 412 (304 for a read of what the client has) unless the if... parameters hold; generation 0 is none."""
    generation = current["generation"] if current else "0"
    query.get("ifMetagenerationNotMatch")  # true of what isn't there
    if query.get("ifGenerationMatch") not in (None, generation):
        raise ApiError(412, _NOT_MET)
    if query.get("ifGenerationNotMatch") == generation:
        raise ApiError(304 if reading else 412, _NOT_MET)
    if current is None and query.get("ifMetagenerationMatch") is not None:
        raise ApiError(412, _NOT_MET)
    if current is not None:
        buckets.check_metageneration(current, query)


def _generation(text: str | None) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise ApiError(400, f"Invalid generation: {text}")
    return int(text)


def _find(call: Call, *, reading: bool = False) -> tuple[JsonObject, bytes]:
    """The version that the call names (the live one without `generation`), its preconditions checked."""
    bucket, name = call.path["bucket"], call.path["object"]
    buckets.find(call, bucket)
    found = call.store.object(bucket, name, _generation(call.query.get("generation")))
    if found is None:
        if not reading:
            _check_preconditions(None, call.query)
        raise ApiError(404, f"No such object: {bucket}/{name}")
    _check_preconditions(found[0], call.query, reading=reading)
    return found


def _given(body: JsonObject) -> JsonObject:
    """What a client may set of an object, with its nulls."""
    if refused := sorted(_REFUSED & body.keys()):
        raise ApiError(400, f"The local stand-in does not act on the field {refused[0]!r} of Object.")
    return {key: value for key, value in body.items() if key not in SERVER_FIELDS}


def _retire(call: Call, meta: JsonObject, content: bytes) -> None:
    """Make the live version noncurrent in a versioned bucket, else drop it; ApiError 403 if it is held."""
    bucket = buckets.find(call, meta["bucket"])
    retention.check_free(bucket, meta, call.request.now)
    if (bucket.get("versioning") or {}).get("enabled"):
        call.store.put_object(meta | {"timeDeleted": timestamp(call.request.now)}, content, live=False)
    else:
        call.store.drop_object(meta)


def _write(call: Call, bucket: str, name: str, given: JsonObject, content: bytes) -> JsonObject:
    """A new live generation; ApiError 412 unless the call's preconditions hold for the one it replaces."""
    owner = buckets.find(call, bucket)
    if not name or len(name.encode()) > MAX_NAME or re.search(r"[\r\n]", name) or name in {".", ".."}:
        raise ApiError(400, f"Invalid object name: {name!r}")
    current = call.store.object(bucket, name)
    _check_preconditions(current[0] if current else None, call.query)
    hashes = {"md5Hash": hashlib.md5(content, usedforsecurity=False).digest()}
    hashes["crc32c"] = google_crc32c.value(content).to_bytes(4, "big")
    encoded = {key: base64.b64encode(value).decode() for key, value in hashes.items()}
    for key, value in encoded.items():
        if given.get(key) not in (None, value):
            raise ApiError(400, f"Provided {key} {given[key]} doesn't match calculated {value}.")
    if current:
        _retire(call, *current)
    micros = int(call.request.now.timestamp() * 1_000_000)
    generation = str(max(micros, call.store.last_generation() + 1))
    now = timestamp(call.request.now)
    link = f"{buckets.LINK}{bucket}/o/{quote(name, safe='')}"
    meta = {key: value for key, value in _given(given).items() if value is not None}
    held = {"eventBasedHold": True} if owner.get("defaultEventBasedHold") else {}
    meta = {"storageClass": owner["storageClass"]} | held | meta
    retention.check_mode(owner, meta)
    meta |= (
        _contexts({}, meta, now)
        | encoded
        | {
            "kind": "storage#object",
            "id": f"{bucket}/{name}/{generation}",
            "name": name,
            "bucket": bucket,
            "generation": generation,
            "metageneration": "1",
            "size": str(len(content)),
            "selfLink": link,
            "etag": base64.b64encode(f"{generation}/1".encode()).decode(),
            **dict.fromkeys(("timeCreated", "updated", "timeStorageClassUpdated", "timeFinalized"), now),
        }
    )
    call.store.put_object(meta, content)
    return meta


def _shown(meta: JsonObject, call: Call) -> JsonObject:
    """The metadata with its mediaLink, which the module's docstring describes, and the end of its retention."""
    headers = call.request.headers
    host = f"http://{headers.get('host')}" if "gcloud" in headers.get("user-agent", "") else "https://storage.googleapis.com"
    place = f"{meta['bucket']}/o/{quote(meta['name'], safe='')}?generation={meta['generation']}&alt=media"
    told = retention.shown(buckets.find(call, meta["bucket"]), meta)
    return told | {"mediaLink": f"{host}/download/storage/v1/b/{place}"}


def _contexts(old: JsonObject, new: JsonObject, now: str) -> JsonObject:
    """The contexts with the times that the server keeps of each."""
    custom = (new.get("contexts") or {}).get("custom")
    if not custom:
        return {}
    before = (old.get("contexts") or {}).get("custom") or {}
    told = {}
    for key, context in custom.items():
        was = before.get(key) or {}
        same = was.get("value") == context.get("value")
        times = {"createTime": was.get("createTime", now), "updateTime": was["updateTime"] if was and same else now}
        told[key] = context | times
    return {"contexts": {"custom": told}}


def _insert(sessions: Sessions, call: Call) -> JsonObject | Response:
    if not call.method.upload:
        raise ApiError(400, "An object is created under /upload/storage/v1/.")
    buckets.find(call, call.path["bucket"])
    upload = sessions.receive(call.request)
    if not isinstance(upload, Upload):
        return upload
    given = call.api.check_body("Object", upload.meta)
    given["contentType"] = given.get("contentType") or upload.content_type
    given["contentEncoding"] = call.query.get("contentEncoding") or given.get("contentEncoding")
    name = call.query.get("name") or given.get("name") or ""
    made = _shown(_write(call, call.path["bucket"], name, given, upload.content), call)
    kept.check_resource(call.api, "Object", _given(given), made)
    return made


def _get(call: Call) -> JsonObject | Response:
    meta, content = _find(call, reading=True)
    return _media(call, meta, content) if call.query.get("alt") == "media" else _shown(meta, call)


def read_xml(call: Call) -> Response:
    """GET or HEAD /bucket/object, as the Go client reads; conditions come as headers."""
    names = {"ifGenerationMatch": "x-goog-if-generation-match", "ifMetagenerationMatch": "x-goog-if-metageneration-match"}
    headers = call.request.headers
    meta, content = _find(call, reading=True)
    _check_preconditions(meta, {name: headers[header] for name, header in names.items() if header in headers}, reading=True)
    return _media(call, meta, content)


def _media(call: Call, meta: JsonObject, content: bytes) -> Response:
    headers = {
        "ETag": f'"{meta["etag"]}"',
        "X-Goog-Generation": meta["generation"],
        "X-Goog-Metageneration": meta["metageneration"],
        "X-Goog-Hash": f"crc32c={meta['crc32c']},md5={meta['md5Hash']}",
        "X-Goog-Storage-Class": meta["storageClass"],
        "X-Goog-Stored-Content-Length": meta["size"],
        "X-Goog-Stored-Content-Encoding": meta.get("contentEncoding", "identity"),
        "Last-Modified": call.request.now.fromisoformat(meta["updated"]).strftime("%a, %d %b %Y %H:%M:%S GMT"),
        "Accept-Ranges": "bytes",
    }
    for key, header in (("contentEncoding", "Content-Encoding"), ("cacheControl", "Cache-Control")):
        if key in meta:
            headers[header] = meta[key]
    status = 200
    if parts := re.fullmatch(r"bytes=(\d*)-(\d*)", call.request.headers.get("range", "")):
        size = len(content)
        start = int(parts[1]) if parts[1] else max(size - int(parts[2] or 0), 0)
        end = min(int(parts[2]), size - 1) if parts[1] and parts[2] else size - 1
        if start > end:
            raise ApiError(416, "The requested range cannot be satisfied.")
        content, status = content[start : end + 1], 206
        headers["Content-Range"] = f"bytes {start}-{end}/{size}"
    return Response(status=status, body=content, content_type=meta.get("contentType", DEFAULT_TYPE), headers=headers)


def _list(call: Call) -> JsonObject:
    """One page of objects, and of prefixes: what lies below a further delimiter is shown as one prefix."""
    buckets.find(call, call.path["bucket"])
    query = call.query
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    glob = glob_pattern(query["matchGlob"]) if query.get("matchGlob") else None
    folders = query.get("includeTrailingDelimiter", "").lower() == "true"
    query.get("includeFoldersAsPrefixes")  # there are none beside the objects' own
    start, end = query.get("startOffset", ""), query.get("endOffset", "\U0010ffff")
    rows: dict[str, JsonObject | None] = {}  # sort key -> object, or None for a prefix
    for meta in call.store.objects(call.path["bucket"], prefix=prefix, versions=query.get("versions", "").lower() == "true"):
        name = meta["name"]
        if not start <= name < end:
            continue
        head, found, below = name[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
        if found:
            rows[prefix + head + delimiter] = None
        if found and (below or not folders):
            continue
        if glob is None or glob.fullmatch(name):
            rows[f"{name}\0{int(meta['generation']):020d}"] = meta
    page, token = paged(sorted(rows.items()), query, key=lambda row: row[0], size_parameter="maxResults")
    out: JsonObject = {"kind": "storage#objects"}
    if items := [_shown(meta, call) for _, meta in page if meta is not None]:
        out["items"] = items
    if prefixes := [name for name, meta in page if meta is None]:
        out["prefixes"] = prefixes
    return out | ({"nextPageToken": token} if token else {})


def _patch(call: Call) -> JsonObject:
    meta, content = _find(call)
    live = "timeDeleted" not in meta
    given, now = _given(call.body), timestamp(call.request.now)
    base = meta if call.method.verb == "patch" else {k: v for k, v in meta.items() if k in SERVER_FIELDS}
    number = str(int(meta["metageneration"]) + 1)
    etag = base64.b64encode(f"{meta['generation']}/{number}".encode()).decode()
    new = {key: meta[key] for key in ("contentType", "storageClass") if key in meta} | buckets.merged(base, given)
    overrides = call.query.get("overrideUnlockedRetention", "").lower() == "true"
    bucket = buckets.find(call, meta["bucket"])
    new = retention.changed(bucket, meta, new, overrides=overrides, now=call.request.now)
    new |= _contexts(meta, new, now) | {"metageneration": number, "etag": etag, "updated": now}
    call.store.put_object(new, content, live=live)
    return _shown(new, call)


def _delete(call: Call) -> Response:
    """Without `generation` the live version becomes noncurrent in a versioned bucket; with it, it is gone for good."""
    meta, content = _find(call)
    if "generation" in call.query:
        retention.check_free(buckets.find(call, meta["bucket"]), meta, call.request.now)
        call.store.drop_object(meta)
    else:
        _retire(call, meta, content)
    return Response(status=204)


def _copy(call: Call) -> JsonObject:
    """copyTo and rewriteTo: a new object from another; done in one step whatever its size."""
    generation = _generation(call.query.get("sourceGeneration"))
    buckets.find(call, call.path["sourceBucket"])
    found = call.store.object(call.path["sourceBucket"], call.path["sourceObject"], generation)
    if found is None:
        raise ApiError(404, f"No such object: {call.path['sourceBucket']}/{call.path['sourceObject']}")
    prefix = "ifSource"
    conditions = {f"if{k.removeprefix(prefix)}": v for k, v in call.query.items() if k.startswith(prefix)}
    _check_preconditions(found[0], conditions)
    given = call.body or _given(found[0])
    call.query.get("maxBytesRewrittenPerCall")  # a limit that the one step keeps below for nobody
    new = _write(call, call.path["destinationBucket"], call.path["destinationObject"], given, found[1])
    new = _shown(new, call)
    if call.method.verb == "copy":
        return new
    progress = {"totalBytesRewritten": new["size"], "objectSize": new["size"], "done": True}
    return {"kind": "storage#rewriteResponse", **progress, "resource": new}


def handlers() -> Mapping[str, Handler]:
    """The handlers of objects, with their own resumable sessions."""
    sessions = Sessions()
    return {
        "storage.objects.insert": lambda call: _insert(sessions, call),
        "storage.objects.get": _get,
        "storage.objects.list": _list,
        "storage.objects.patch": _patch,
        "storage.objects.update": _patch,
        "storage.objects.delete": _delete,
        "storage.objects.copy": _copy,
        "storage.objects.rewrite": _copy,
    }
