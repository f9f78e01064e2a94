"""google_storage_bucket and google_storage_bucket_object: google/services/storage/, which is written by hand there too."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from local.provider import convert
from local.provider.planning import Change
from local.provider.resource import NOT_FOUND, Cloud, Failure, Resource, Settings
from local.provider.rest import ApiError
from local.provider.values import UNKNOWN, Object, mapping, only, text

OBJECT = "b/{bucket}/o/{name}"
DIFFERENT_HASH = "different hash"
_ZERO_SWITCHES = (
    "send_age_if_zero",
    "send_days_since_custom_time_if_zero",
    "send_days_since_noncurrent_time_if_zero",
    "send_num_newer_versions_if_zero",
)
_LIVE = {"LIVE": True, "ARCHIVED": False}


@dataclass(frozen=True, kw_only=True)
class Bucket(Resource):
    """The bucket, with lifecycle rules, versioning, soft delete and labels."""

    def amend(self, change: Change, settings: Settings) -> None:
        """Locations are kept in capitals (its StateFunc), as the API returns them."""
        location = change.planned.get("location")
        if isinstance(location, str):
            change.planned["location"] = location.upper()
            if change.planned["location"] == text(change.prior or {}, "location"):
                change.replace = [path for path in change.replace if path != ("location",)]
        super().amend(change, settings)

    def encode(self, value: Object) -> Object:
        """Access settings live under iamConfiguration, lifecycle rules have sets of one."""
        nested = ("lifecycle_rule", "versioning", "soft_delete_policy")
        hidden = self.hidden | {"uniform_bucket_level_access", "public_access_prevention", *nested}
        body = convert.expand(self.block, value, skip=hidden)
        body["labels"] = mapping(value, "effective_labels")
        body["iamConfiguration"] = _iam_configuration(value)
        rules = value.get("lifecycle_rule")
        body["lifecycle"] = {"rule": [_expand_rule(rule) for rule in rules] if isinstance(rules, list) else []}
        if versioning := only(value, "versioning"):
            body["versioning"] = {"enabled": versioning.get("enabled") is True}
        if soft_delete := only(value, "soft_delete_policy"):  # sent even if 0, which turns it off
            body["softDeletePolicy"] = {"retentionDurationSeconds": str(soft_delete["retention_duration_seconds"])}
        return body

    def decode(self, body: Object, reference: Object) -> Object:
        """The reverse of encode."""
        state = super().decode(body, reference)
        access = mapping(body, "iamConfiguration")
        state["uniform_bucket_level_access"] = mapping(access, "uniformBucketLevelAccess").get("enabled") is True
        state["public_access_prevention"] = access.get("publicAccessPrevention")
        state["url"] = f"gs://{text(body, 'name')}"
        state["id"] = text(body, "id") or text(body, "name")
        rules = mapping(body, "lifecycle").get("rule")
        state["lifecycle_rule"] = self._flatten_rules(rules, reference) if isinstance(rules, list) else []
        return state

    def _flatten_rules(self, rules: list[Object], reference: Object) -> list[Object]:
        """Rules as the schema has them; the send_..._if_zero switches are ours alone, kept from the reference."""
        block = self.block.blocks["lifecycle_rule"].blocks["condition"]
        before = reference.get("lifecycle_rule")
        known = before if isinstance(before, list) else []
        flat: list[Object] = []
        for i, rule in enumerate(rules):
            live = mapping(rule, "condition").get("isLive")
            condition = convert.flatten(block, mapping(rule, "condition"), skip=("with_state", *_ZERO_SWITCHES))
            condition["with_state"] = "ANY" if live is None else "LIVE" if live else "ARCHIVED"
            switches = only(known[i], "condition") if i < len(known) else {}
            condition |= {name: switches.get(name) for name in _ZERO_SWITCHES}
            action = mapping(rule, "action")
            action = {"type": action.get("type"), "storage_class": action.get("storageClass")}
            flat.append({"action": [action], "condition": [condition]})
        return flat

    def create(self, cloud: Cloud, planned: Object) -> Object:
        """A bucket is posted to its project."""
        project = text(planned, "project") or cloud.settings.project
        if not project:
            raise Failure("project: required field is not set in the resource and has no default in the provider")
        url = cloud.url(self.service, self.collection, planned)
        self._attempt("creating", cloud, "POST", url, self.encode(planned), {"project": project})
        return self.must_read(cloud, planned | {"project": project, "id": text(planned, "name")})

    def send_update(self, cloud: Cloud, prior: Object, planned: Object) -> None:
        """PATCH of the bucket; a label is deleted by sending null."""
        body = self.encode(planned)
        for fixed in ("name", "location"):
            body.pop(fixed, None)
        labels = mapping(planned, "effective_labels")
        gone = mapping(prior, "effective_labels").keys() - labels.keys()
        body["labels"] = {**labels, **dict.fromkeys(sorted(gone))}
        self._attempt("updating", cloud, "PATCH", self.link(cloud, planned), body)

    def delete(self, cloud: Cloud, prior: Object) -> None:
        """Deletes objects and all their versions first, if force_destroy says so."""
        if not self.may_delete(prior):
            return
        name = text(prior, "name")
        objects = self.link(cloud, prior) + "/o"
        try:
            for item in list_objects(cloud, objects, {"versions": "true"}):
                if prior.get("force_destroy") is not True:
                    raise Failure(f"Error trying to delete bucket {name} without `force_destroy` set to true", state=prior)
                url = cloud.url(self.service, OBJECT, {"bucket": name, "name": item["name"]})
                _send_delete(cloud, url, {"generation": text(item, "generation")})
            _send_delete(cloud, self.link(cloud, prior))
        except ApiError as error:
            raise Failure(f"Error deleting bucket {name}: {error}", state=prior) from error

    def import_state(self, import_id: str, settings: Settings) -> Object:
        """`project/bucket` or `bucket`."""
        state = super().import_state(import_id, settings)
        return state | {"project": state.get("project") or settings.project or None, "force_destroy": False}


def _send_delete(cloud: Cloud, url: str, query: Mapping[str, str] | None = None) -> None:
    """DELETE; what is gone already is fine."""
    try:
        cloud.send("DELETE", url, query=query)
    except ApiError as error:
        if error.status != NOT_FOUND:
            raise


def _iam_configuration(value: Object) -> Object:
    access: Object = {"uniformBucketLevelAccess": {"enabled": value.get("uniform_bucket_level_access") is True}}
    if prevention := text(value, "public_access_prevention"):
        access["publicAccessPrevention"] = prevention
    return access


def _expand_rule(rule: Object) -> Object:
    action, condition = only(rule, "action"), only(rule, "condition")
    sent: Object = {}
    for name, value in condition.items():
        if name == "with_state" or name in _ZERO_SWITCHES or value is UNKNOWN:
            continue
        if value not in (None, "", 0, []) or (value == 0 and condition.get(f"send_{name}_if_zero") is True):
            sent[convert.camel(name)] = str(value) if name.startswith("size_") else value
    if (state := text(condition, "with_state")) in _LIVE:
        sent["isLive"] = _LIVE[state]
    return {"action": {convert.camel(k): v for k, v in action.items() if v}, "condition": sent}


@dataclass(frozen=True, kw_only=True)
class BucketObject(Resource):
    """An object. Its content is never read back: what differs shows in the hash that the API has."""

    def validate(self, config: Object) -> list[str]:
        """Content or a file, not both."""
        given = [name for name in ("content", "source") if config.get(name) is not None]
        return [] if len(given) == 1 else ["exactly one of content, source must be specified"]

    def amend(self, change: Change, settings: Settings) -> None:
        """detect_md5hash shows "different hash" exactly when what is stored is not what is planned."""
        super().amend(change, settings)
        planned, stored = change.planned, change.prior or {}
        local = _local_md5(planned)
        if not change.creates:
            suppressed = bool(planned.get("source_md5hash")) or (local and local == stored.get("detect_md5hash"))
            if suppressed and change.config.get("detect_md5hash") is None:
                planned["detect_md5hash"] = stored.get("detect_md5hash")
            given = planned.get("source_md5hash") != stored.get("source_md5hash")
            if given or (local and local != stored.get("md5hash")) or planned.get("content") is UNKNOWN:
                planned |= dict.fromkeys(("md5hash", "crc32c", "generation"), UNKNOWN)

    def create(self, cloud: Cloud, planned: Object) -> Object:
        """A multipart upload to the host's root: /upload/... is not under a custom endpoint's path, in the provider neither."""
        metadata = convert.expand(self.block, planned, skip=self.hidden)
        media, media_type = _media(planned)
        body, content_type = _multipart(metadata, media, media_type)
        origin = urlsplit(cloud.settings.endpoints[self.service])
        url = cloud.url(self.service, self.collection, planned).removeprefix(origin.geturl())
        url = f"{origin.scheme}://{origin.netloc}/upload/storage/v1/{url}"
        query = {"uploadType": "multipart", "name": text(planned, "name")}
        try:
            cloud.send("POST", url, body, query=query, content_type=content_type)
        except ApiError as error:
            raise Failure(f"Error uploading object {text(planned, 'name')}: {error}") from error
        return self.must_read(cloud, planned | {"id": f"{text(planned, 'bucket')}-{text(planned, 'name')}"})

    def send_update(self, cloud: Cloud, prior: Object, planned: Object) -> None:  # noqa: ARG002 - a hook
        """Everything that changes in place is content: upload it again, without a generation precondition."""
        self.create(cloud, planned)

    def decode(self, body: Object, reference: Object) -> Object:
        """The hash in its two spellings, and as the value that the next plan compares."""
        state = super().decode(body, reference)
        md5 = text(body, "md5Hash")
        state |= {"md5hash": md5, "detect_md5hash": md5, "md5hexhash": binascii.hexlify(base64.b64decode(md5)).decode()}
        return state | {"name": reference["name"], "output_name": body.get("name")}


def _local_md5(planned: Object) -> str:
    """The hash of what would be uploaded; "" if only the apply can tell."""
    content, source = planned.get("content"), text(planned, "source")
    if isinstance(content, str) and not source:
        data = content.encode()
    elif source and Path(source).is_file():
        data = Path(source).read_bytes()
    else:
        return ""
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def _media(planned: Object) -> tuple[bytes, str]:
    """What to upload, and the type that Go's client finds in it when none is given."""
    if source := text(planned, "source"):
        try:
            data = Path(source).read_bytes()
        except OSError as error:
            raise Failure(f"source: {error}") from error
    else:
        data = text(planned, "content").encode()
    is_text = b"\x00" not in data
    return data, "text/plain; charset=utf-8" if is_text else "application/octet-stream"


def _multipart(metadata: Object, media: bytes, media_type: str) -> tuple[bytes, str]:
    """A multipart/related body of metadata and media, and its content type."""
    boundary = secrets.token_hex(16)
    head = f"--{boundary}\r\nContent-Type: application/json\r\n\r\n{json.dumps(metadata)}\r\n"
    middle = f"--{boundary}\r\nContent-Type: {media_type}\r\n\r\n"
    return f"{head}{middle}".encode() + media + f"\r\n--{boundary}--".encode(), f"multipart/related; boundary={boundary}"


def list_objects(cloud: Cloud, url: str, query: Mapping[str, str]) -> Iterator[Object]:
    """Every object of a listing, over all its pages."""
    token = ""
    while True:
        page = cloud.send("GET", url, query={**query, **({"pageToken": token} if token else {})}).json()
        items = page.get("items")
        yield from items if isinstance(items, list) else []
        token = text(page, "nextPageToken")
        if not token:
            return


def read_bucket_objects(cloud: Cloud, config: Object) -> Object:
    """data google_storage_bucket_objects: names under a prefix or glob; a missing bucket is an error, an empty one is []."""
    query = {"prefix": text(config, "prefix"), "matchGlob": text(config, "match_glob")}
    url = cloud.url("storage", "b/{bucket}/o", config)
    fields = ("content_type", "media_link", "name", "self_link", "storage_class")
    try:
        items = list(list_objects(cloud, url, {key: value for key, value in query.items() if value}))
    except ApiError as error:
        raise Failure(f"Error retrieving bucket objects: {error}") from error
    objects = [{name: item.get(convert.camel(name)) for name in fields} for item in items]
    return config | {"bucket_objects": objects, "id": config["bucket"]}


def read_object_content(cloud: Cloud, config: Object) -> Object:
    """data google_storage_bucket_object_content: what is in one object; a missing one is an error."""
    try:
        data = cloud.send("GET", cloud.url("storage", OBJECT, config), query={"alt": "media"}).body
    except ApiError as error:
        raise Failure(f"Error downloading storage bucket object: {error}") from error
    digest = hashlib.sha512(data)
    return config | {
        "id": f"{text(config, 'bucket')}-{text(config, 'name')}",
        "content": data.decode(errors="replace"),
        "content_base64": base64.b64encode(data).decode(),
        "content_base64sha512": base64.b64encode(digest.digest()).decode(),
        "content_hexsha512": digest.hexdigest(),
    }
