"""google_storage_bucket_object and the two data sources that read objects: listings and content."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from local.provider import convert
from local.provider.cloud import Cloud, Failure, Settings, fill
from local.provider.planning import Change
from local.provider.resource import Resource
from local.provider.rest import ApiError
from local.provider.values import UNKNOWN, Object, exactly_one_of, text

OBJECT = "b/{bucket}/o/{name}"


@dataclass(frozen=True, kw_only=True)
class BucketObject(Resource):
    """An object. Its content is never read back: what differs shows in the hash that the API has."""

    def validate(self, config: Object) -> list[str]:
        """Content or a file, not both. The provider's folder is not terraform's: a relative path would be another file."""
        problems = exactly_one_of({name: config.get(name) for name in ("content", "source")})
        if (source := text(config, "source")) and not Path(source).is_absolute():
            problems.append(f"source: the local stand-in needs an absolute path, as abspath({source!r}) gives")
        return problems

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

    def identity(self, state: Object) -> str:
        """Not the name of the object in the API, but this."""
        return f"{text(state, 'bucket')}-{text(state, 'name')}"

    def insert(self, cloud: Cloud, planned: Object) -> Object:
        """A multipart upload to the host's root: /upload/... is not under a custom endpoint's path, in the provider neither."""
        metadata = convert.expand(self.block, planned, skip=self.hidden)
        body, content_type = _multipart(metadata, *_media(planned))
        host = urlsplit(cloud.settings.endpoints[self.service])._replace(path="/").geturl()
        url = host + fill(self.collection, planned, quoted=True)
        try:
            return cloud.send("POST", url, body, content_type=content_type).json()
        except ApiError as error:
            raise Failure(f"Error uploading object {text(planned, 'name')}: {error}") from error

    def send_update(self, cloud: Cloud, prior: Object, planned: Object) -> None:  # noqa: ARG002 - a hook
        """Everything that changes in place is content: upload it again, without a generation precondition."""
        self.insert(cloud, planned)

    def decode(self, body: Object, reference: Object) -> Object:
        """The hash in its two spellings, and as the value that the next plan compares."""
        state = super().decode(body, reference)
        md5 = text(body, "md5Hash")
        state |= {"md5hash": md5, "detect_md5hash": md5, "md5hexhash": base64.b64decode(md5).hex()}
        return state | {"name": reference["name"], "output_name": body.get("name")}


def _local_md5(planned: Object) -> str:
    """The hash of what would be uploaded; "" if only the apply shows it."""
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
