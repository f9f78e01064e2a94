"""Cloud Storage on the emulator: the real Python client, and the requests of the Go client and gcloud."""

from __future__ import annotations

import gzip
import json
import re

import pytest
from google.api_core.exceptions import Conflict, NotFound, PreconditionFailed
from google.cloud import storage

HOLD = "holds/table/shop raw.x/1@2026-01-01T08:00:00Z.json"
OBJECTS = "/storage/v1/b/holds-p/o"
UPLOAD = "/upload/storage/v1/b/holds-p/o"


@pytest.fixture
def client(emulator, monkeypatch):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", emulator.url)
    return storage.Client(project="p")


@pytest.fixture
def bucket(client):
    return client.create_bucket("holds-p")


@pytest.fixture
def versioned(bucket):
    bucket.versioning_enabled = True
    bucket.patch()
    return bucket


def put(rest, name, content=b"x", **query):
    parameters = "".join(f"&{key}={value}" for key, value in query.items())
    return rest("POST", f"{UPLOAD}?uploadType=media&name={name}{parameters}", content)


def names(rest, query):
    found = rest("GET", f"{OBJECTS}?{query}").json
    return [item["name"] for item in found.get("items", [])], found.get("prefixes", [])


def test_the_client_reads_back_what_it_wrote(bucket, client):
    content = b"\r\n--x\r\n\x00\xff{}\n"
    blob = bucket.blob(HOLD)
    blob.metadata = {"owner": "ana"}
    blob.upload_from_string(content, content_type="application/json")
    found = client.bucket("holds-p").get_blob(HOLD)
    assert found.download_as_bytes() == content
    assert (found.content_type, found.metadata, found.size) == ("application/json", {"owner": "ana"}, len(content))
    assert found.download_as_bytes(start=4, end=6) == content[4:7]


def test_a_large_upload_goes_in_chunks(bucket):
    blob = bucket.blob("large", chunk_size=256 * 1024)
    content = bytes(range(256)) * 3000
    blob.upload_from_string(content)
    assert bucket.blob("large").download_as_bytes() == content


def test_generation_zero_creates_only_what_is_not_there(bucket):
    bucket.blob("lock").upload_from_string("first", if_generation_match=0)
    with pytest.raises(PreconditionFailed, match="conditionNotMet"):
        bucket.blob("lock").upload_from_string("second", if_generation_match=0)
    assert bucket.blob("lock").download_as_bytes() == b"first"


def test_a_generation_guards_overwriting_and_deleting(bucket):
    blob = bucket.blob("lock")
    blob.upload_from_string("first")
    first = blob.generation
    blob.upload_from_string("second", if_generation_match=first)
    assert blob.generation > first
    with pytest.raises(PreconditionFailed):
        blob.upload_from_string("third", if_generation_match=first)
    with pytest.raises(PreconditionFailed):
        bucket.blob("lock").delete(if_generation_match=first)
    with pytest.raises(PreconditionFailed):
        bucket.get_blob("lock", if_metageneration_match=7)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        pytest.param("ifGenerationMatch=0", 412, id="a read of what must not exist"),
        pytest.param("ifGenerationMatch=7", 412, id="a read of another generation"),
        pytest.param("ifMetagenerationMatch=1", 200, id="a read of the first metadata"),
        pytest.param("ifGenerationNotMatch=7", 200, id="a read of anything but generation 7"),
        pytest.param("generation=7", 404, id="a generation that isn't there"),
        pytest.param("generation=x", 400, id="a generation that isn't a number"),
    ],
)
def test_conditions_of_reads(rest, bucket, query, status):  # noqa: ARG001 - the bucket is there
    put(rest, "a")
    assert rest("GET", f"{OBJECTS}/a?{query}").status == status


def test_a_read_of_the_generation_that_the_client_has_is_not_modified(rest, bucket):  # noqa: ARG001
    generation = put(rest, "a").json["generation"]
    answer = rest("GET", f"{OBJECTS}/a?ifGenerationNotMatch={generation}")
    assert (answer.status, answer.body) == (304, b"")


def test_a_versioned_bucket_keeps_what_was_replaced_and_deleted(versioned, client):
    for content in ("one", "two"):
        versioned.blob("flag").upload_from_string(content)
    versioned.delete_blob("flag")
    assert list(client.list_blobs("holds-p")) == []
    versions = list(client.list_blobs("holds-p", versions=True))
    assert [blob.download_as_bytes() for blob in versions] == [b"one", b"two"]
    assert all(blob.time_deleted for blob in versions)
    with pytest.raises(Conflict, match="not empty"):
        versioned.delete()
    for blob in versions:
        blob.delete()
    versioned.delete()
    assert not versioned.exists()


def test_an_unversioned_bucket_keeps_nothing(bucket, client):
    for content in ("one", "two"):
        bucket.blob("flag").upload_from_string(content)
    bucket.delete_blob("flag")
    assert list(client.list_blobs("holds-p", versions=True)) == []


def test_renaming_keeps_content_and_metadata(bucket, client):
    blob = bucket.blob(HOLD)
    blob.metadata = {"owner": "ana"}
    blob.upload_from_string("x", content_type="text/x")
    renamed = bucket.rename_blob(blob, "holds/other")
    assert [found.name for found in client.list_blobs("holds-p")] == ["holds/other"]
    assert (renamed.download_as_bytes(), renamed.content_type, renamed.metadata) == (b"x", "text/x", {"owner": "ana"})


def test_metadata_is_patched_and_null_removes(bucket):
    blob = bucket.blob("a")
    blob.upload_from_string("x")
    blob.metadata = {"a": "1", "b": "2"}
    blob.patch()
    blob.metadata = {"a": None, "b": "3"}
    blob.patch()
    found = bucket.get_blob("a")
    assert (found.metadata, found.metageneration, found.generation) == ({"b": "3"}, 3, blob.generation)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        pytest.param("", ["a", "h/x/1.json", "h/x/2.txt", "h/y", "hh"], id="everything in order"),
        pytest.param("prefix=h/", ["h/x/1.json", "h/x/2.txt", "h/y"], id="a prefix"),
        pytest.param("prefix=h/%25", [], id="a percent sign in the prefix is no wildcard"),
        pytest.param("matchGlob=h/*", ["h/y"], id="a star stops at the slash"),
        pytest.param("matchGlob=h/**", ["h/x/1.json", "h/x/2.txt", "h/y"], id="two stars don't"),
        pytest.param("matchGlob=**.json", ["h/x/1.json"], id="a suffix"),
        pytest.param("matchGlob=**/hh", ["hh"], id="two stars and a slash are no folder too"),
        pytest.param("matchGlob=h/**/y", ["h/y"], id="no folder in between"),
        pytest.param("matchGlob=**/1.json", ["h/x/1.json"], id="any folders"),
        pytest.param("matchGlob={**/hh,a}", ["a", "hh"], id="stars in a choice"),
        pytest.param("matchGlob=h/x/%3F.{json,txt}", ["h/x/1.json", "h/x/2.txt"], id="a question mark and a choice"),
        pytest.param("matchGlob=h/x/[!1].*", ["h/x/2.txt"], id="a negated class"),
        pytest.param("matchGlob=h.y", [], id="a dot is a dot"),
        pytest.param("startOffset=h/x/2&endOffset=hh", ["h/x/2.txt", "h/y"], id="offsets"),
    ],
)
def test_listing(rest, bucket, query, found):  # noqa: ARG001
    for name in ("hh", "h/y", "h/x/2.txt", "a", "h/x/1.json"):
        put(rest, name.replace("/", "%2F"))
    assert names(rest, query)[0] == found
    pages, token = [], ""
    while token is not None:
        page = rest("GET", f"{OBJECTS}?{query}&maxResults=1&pageToken={token}").json
        pages += [item["name"] for item in page.get("items", [])]
        token = page.get("nextPageToken")
    assert pages == found


def test_a_delimiter_folds_what_lies_below(rest, bucket):  # noqa: ARG001
    for name in ("h/x/1", "h/x/2", "h/y", "a"):
        put(rest, name)
    assert names(rest, "prefix=h/&delimiter=/") == (["h/y"], ["h/x/"])
    assert names(rest, "delimiter=/") == (["a"], ["h/"])


def test_an_object_that_ends_in_the_delimiter_is_shown_beside_its_prefix_on_request(rest, bucket):  # noqa: ARG001
    for name in ("h/", "h/x", "h//", "a"):
        put(rest, name.replace("/", "%2F"))
    assert names(rest, "delimiter=/") == (["a"], ["h/"])
    assert names(rest, "delimiter=/&includeTrailingDelimiter=true") == (["a", "h/"], ["h/"])


@pytest.mark.parametrize("path", ["/holds-p/a", f"{OBJECTS}/a?alt=media"])
@pytest.mark.parametrize(
    ("content", "asked", "status", "got"),
    [
        pytest.param(b"abc", "bytes=1-", 206, b"bc", id="from a place on"),
        pytest.param(b"abc", "bytes=3-", 416, None, id="behind the end"),
        pytest.param(b"", "bytes=0-", 416, None, id="nothing, from its start"),
        pytest.param(b"", "bytes=-1", 416, None, id="nothing, its last byte"),
        pytest.param(b"", None, 200, b"", id="nothing, all of it"),
    ],
)
def test_a_part_of_an_object(rest, bucket, path, content, asked, status, got):  # noqa: ARG001
    put(rest, "a", content)
    answer = rest("GET", path, headers={"Range": asked} if asked else {})
    assert answer.status == status
    assert got is None or answer.body == got


def test_an_object_that_came_without_a_content_type_has_none(rest, bucket):  # noqa: ARG001
    body = b"--b\r\n\r\n{}\r\n--b\r\n\r\nx\r\n--b--"
    headers = {"Content-Type": "multipart/related; boundary=b"}
    made = rest("POST", "/upload/storage/v1/b/holds-p/o?uploadType=multipart&name=a", body, headers).json
    assert "contentType" not in made
    copied = rest("POST", f"{OBJECTS}/a/copyTo/b/holds-p/o/c").json
    assert "contentType" not in copied
    assert "contentType" not in rest("PATCH", f"{OBJECTS}/a", {"metadata": {"a": "1"}}).json
    assert rest("GET", "/holds-p/a").headers["content-type"] == "application/octet-stream", "so it is served"


def test_the_xml_api_reads_as_the_go_client_does(rest, bucket):  # noqa: ARG001
    meta = put(rest, "a%2Fb%20c", b"content").json
    answer = rest("GET", "/holds-p/a/b%20c")
    assert (answer.status, answer.body) == (200, b"content")
    assert answer.headers["x-goog-generation"] == meta["generation"]
    assert f"crc32c={meta['crc32c']}" in answer.headers["x-goog-hash"]
    head = rest("HEAD", "/holds-p/a/b%20c")
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", "7")
    assert rest("GET", "/holds-p/a/b%20c", headers={"x-goog-if-generation-match": "1"}).status == 412
    missing = rest("GET", "/holds-p/nothing")
    assert (missing.status, b"<Code>NoSuchKey</Code>" in missing.body) == (404, True)


def test_chunked_and_compressed_bodies_are_read(rest, bucket):  # noqa: ARG001
    chunked = b"3\r\nabc\r\n4;x=y\r\n\r\nde\r\n0\r\n\r\n"
    headers = {"Transfer-Encoding": "chunked"}
    assert rest("POST", f"{UPLOAD}?uploadType=media&name=a", chunked, headers).json["size"] == "7"
    body = gzip.compress(b"content")
    assert rest("POST", f"{UPLOAD}?uploadType=media&name=b", body, {"Content-Encoding": "gzip"}).json["size"] == "7"


def test_gclouds_multipart_form_is_read(rest, bucket):  # noqa: ARG001
    body = b'--==1==\nContent-Type: application/json\n\n{"name": "a"}\n--==1==\nContent-Type: text/x\n\nhi\n\n--==1==--'
    headers = {"Content-Type": "multipart/related; boundary='==1=='"}
    found = rest("POST", f"{UPLOAD}?uploadType=multipart", body, headers).json
    assert (found["size"], found["contentType"]) == ("3", "text/x")


@pytest.mark.parametrize(
    ("path", "body", "headers"),
    [
        pytest.param("uploadType=multipart", b"x", {"Content-Type": "multipart/related"}, id="no boundary"),
        pytest.param("uploadType=multipart", b"--b\n\nx--b--", {"Content-Type": "m/r; boundary=b"}, id="one part"),
        pytest.param("uploadType=carrier-pigeon&name=a", b"x", {}, id="an unknown way"),
        pytest.param("uploadType=media", b"x", {}, id="no name"),
        pytest.param("uploadType=media&name=a%0Ab", b"x", {}, id="a line end in the name"),
        pytest.param("uploadType=resumable&name=a", b"[]", {}, id="metadata that is a list"),
    ],
)
def test_bad_uploads_are_refused(rest, bucket, path, body, headers):  # noqa: ARG001
    assert rest("POST", f"{UPLOAD}?{path}", body, headers).status == 400
    assert names(rest, "") == ([], [])


def test_a_wrong_checksum_is_refused(rest, bucket):  # noqa: ARG001
    body = b'--b\n\n{"name": "a", "md5Hash": "AAAA"}\n--b\n\nhi\n--b--'
    answer = rest("POST", f"{UPLOAD}?uploadType=multipart", body, {"Content-Type": "multipart/related; boundary=b"})
    assert (answer.status, "md5Hash" in answer.message) == (400, True)


def test_links_don_t_depend_on_the_port_unless_a_client_follows_them(rest, emulator, bucket):  # noqa: ARG001
    found = put(rest, "a/b").json
    assert found["selfLink"] == "https://www.googleapis.com/storage/v1/b/holds-p/o/a%2Fb"
    assert found["mediaLink"].startswith("https://storage.googleapis.com/")
    gcloud = rest("GET", f"{OBJECTS}/a%2Fb", headers={"User-Agent": "google-cloud-sdk gcloud/528.0.0"}).json
    link = gcloud["mediaLink"].removeprefix(emulator.url)
    assert rest("GET", link).body == b"x"


def test_a_bucket_has_the_servers_defaults(rest):
    made = rest("POST", "/storage/v1/b?project=p", {"name": "holds-p", "location": "us-west2"}).json
    now = made["timeCreated"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", now)
    assert made == {
        "kind": "storage#bucket",
        "id": "holds-p",
        "name": "holds-p",
        "selfLink": "https://www.googleapis.com/storage/v1/b/holds-p",
        "projectNumber": "100000000000",
        "location": "US-WEST2",
        "locationType": "region",
        "storageClass": "STANDARD",
        "generation": "1",
        "metageneration": "1",
        "etag": "CAE1=",
        "timeCreated": now,
        "updated": now,
        "iamConfiguration": {
            "bucketPolicyOnly": {"enabled": False},
            "uniformBucketLevelAccess": {"enabled": False},
            "publicAccessPrevention": "inherited",
        },
        "softDeletePolicy": {"retentionDurationSeconds": "604800", "effectiveTime": now},
    }


def test_a_bucket_is_patched_listed_and_deleted(rest, bucket, client):
    bucket.labels = {"a": "1"}
    bucket.iam_configuration.uniform_bucket_level_access_enabled = True
    bucket.iam_configuration.public_access_prevention = "enforced"
    bucket.patch()
    found = rest("GET", "/storage/v1/b/holds-p").json
    assert found["metageneration"] == "2"
    assert found["labels"] == {"a": "1"}
    assert found["iamConfiguration"]["bucketPolicyOnly"] == {"enabled": True}
    assert found["iamConfiguration"]["publicAccessPrevention"] == "enforced"
    assert [b.name for b in client.list_buckets()] == ["holds-p"]
    assert list(client.list_buckets(project="other")) == []
    with pytest.raises(Conflict, match="you already own it"):
        client.create_bucket("holds-p")
    bucket.delete()
    with pytest.raises(NotFound, match="bucket does not exist"):
        client.get_bucket("holds-p")


@pytest.mark.parametrize("name", ["", "ab", "Upper", "goog-x", "a/b", "x" * 223])
def test_bad_bucket_names_are_refused(rest, name):
    answer = rest("POST", "/storage/v1/b?project=p", {"name": name})
    assert (answer.status, answer.json["error"]["errors"][0]["reason"]) == (400, "invalid")


def test_state_outlives_the_emulator(tmp_path):
    from local import emulator as target
    from tests.local.plain import Rest

    contents = []
    for body in (b"one", b"two"):
        with target.serve(tmp_path / "s") as running:
            rest = Rest(running.url)
            rest("POST", "/storage/v1/b?project=p", {"name": "holds-p"})
            contents.append(rest("GET", f"{OBJECTS}/a?alt=media").body)
            generation = put(rest, "a", body).json["generation"]
            contents.append(json.loads(generation))
    assert contents[2] == b"one"
    assert contents[3] > contents[1]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"iamConfiguration": None, "softDeletePolicy": None, "labels": None}, id="whole fields"),
        pytest.param({"iamConfiguration": {"uniformBucketLevelAccess": None}, "storageClass": None}, id="parts"),
    ],
)
def test_null_puts_the_defaults_back(rest, body):
    for method, path in (("POST", "?project=p"), ("PATCH", "/holds-p"), ("PUT", "/holds-p")):
        made = rest(method, f"/storage/v1/b{path}", {"name": "holds-p", "location": "US"} | body)
        assert made.status == 200
        assert made.json["iamConfiguration"]["uniformBucketLevelAccess"] == {"enabled": False}
        assert (made.json["storageClass"], made.json.get("labels")) == ("STANDARD", None)


def test_text_that_no_header_can_carry_is_still_served(rest, bucket):  # noqa: ARG001
    body = '--b\n\n{"name": "a", "contentType": "t\\r\\nX-Evil: ü€"}\n--b\n\nhi\n--b--'.encode()
    rest("POST", f"{UPLOAD}?uploadType=multipart", body, {"Content-Type": "multipart/related; boundary=b"})
    answer = rest("GET", f"{OBJECTS}/a?alt=media")
    assert (answer.body, "x-evil" in answer.headers) == (b"hi", False)


def test_half_a_surrogate_pair_is_refused(rest, bucket):  # noqa: ARG001
    body = b'--b\n\n{"name": "\\ud800"}\n--b\n\nhi\n--b--'
    answer = rest("POST", f"{UPLOAD}?uploadType=multipart", body, {"Content-Type": "multipart/related; boundary=b"})
    assert answer.status == 400
