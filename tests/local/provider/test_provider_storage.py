"""Buckets and objects as flags and holds need them."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest

from tests.local.provider.stand import HEADER, Stand
from tests.providers import only_the_stand_in

OBJECTS = "/storage/v1/b/test-bucket/o"
BUCKET = """
resource "google_storage_bucket" "b" {
  name          = "test-bucket"
  location      = "%(location)s"
  force_destroy = %(force)s
  versioning { enabled = true }
  %(extra)s
}
"""
FLAG = """
variable "end" { default = "2030-01-01T00:00:00Z" }
variable "content" { default = "{}" }
resource "google_storage_bucket_object" "flag" {
  bucket  = google_storage_bucket.b.name
  name    = "backfills/tdza@${var.end}.json"
  content = var.content
  lifecycle {
    create_before_destroy = true
    %s
  }
}
"""
FLAG_ADDRESS = "google_storage_bucket_object.flag"
IGNORED = "ignore_changes = [content]"


def bucket(*, location: str = "us-west2", force: bool = True, extra: str = "") -> str:
    return BUCKET % {"location": location, "force": str(force).lower(), "extra": extra}


def names(stand: Stand, *, versions: bool = False) -> list[str]:
    items = stand.api("GET", f"{OBJECTS}?versions={str(versions).lower()}").get("items", [])
    assert isinstance(items, list)
    return [item["name"] for item in items]


def upload(stand: Stand, name: str, content: object) -> None:
    stand.api("POST", f"/upload/storage/v1/b/test-bucket/o?uploadType=media&name={quote(name)}", content)


def test_a_flag_that_gets_another_end_is_written_before_the_old_one_is_deleted(stand: Stand) -> None:
    stand.write(bucket() + FLAG % IGNORED)
    stand.apply()
    assert stand.changes(end="2031-01-01T00:00:00Z") == {FLAG_ADDRESS: "create,delete"}
    stand.faults.add("DELETE /o/ 412 x1")
    stand.apply(fails=True)
    assert names(stand) == ["backfills/tdza@2030-01-01T00:00:00Z.json", "backfills/tdza@2031-01-01T00:00:00Z.json"]
    stand.apply()
    assert names(stand) == ["backfills/tdza@2031-01-01T00:00:00Z.json"]
    assert stand.changes() == {}


def test_content_that_is_ignored_is_written_once(stand: Stand) -> None:
    stand.write(bucket() + FLAG % IGNORED)
    stand.apply(content="first")
    assert stand.changes(content="second") == {}


def test_a_flag_overwritten_by_hand_is_written_again(stand: Stand) -> None:
    """Under watch, and where content that is ignored is still what Terraform wrote."""
    ignored = FLAG[FLAG.index("resource") :].replace('"flag"', '"ignored"').replace("tdza", "ignored")
    stand.write(bucket() + FLAG % "" + ignored % IGNORED)
    stand.apply()
    for name in ("tdza", "ignored"):
        upload(stand, f"backfills/{name}@2030-01-01T00:00:00Z.json", {"other": 1})
    addresses = (FLAG_ADDRESS, "google_storage_bucket_object.ignored")
    assert stand.changes() == dict.fromkeys(addresses, "update crc32c detect_md5hash generation md5hash")
    stand.apply()
    assert stand.changes() == {}
    assert [stand.state(address)["content"] for address in addresses] == ["{}", "{}"]


def test_a_flag_deleted_by_hand_is_made_again(stand: Stand) -> None:
    stand.write(bucket() + FLAG % IGNORED)
    stand.apply()
    stand.api("DELETE", f"{OBJECTS}/{quote(names(stand)[0], safe='')}")
    assert stand.changes() == {FLAG_ADDRESS: "create"}


def test_what_is_known_of_an_object_after_its_upload(stand: Stand) -> None:
    stand.write(bucket() + FLAG % "")
    stand.apply(content='{"backfill": "tdza"}')
    state = stand.state(FLAG_ADDRESS)
    assert state["content_type"] == "text/plain; charset=utf-8"
    assert state["md5hash"] == state["detect_md5hash"] == "KqMjEcDspMk5+H5B3kcf6g=="
    assert state["md5hexhash"] == "2aa32311c0eca4c939f87e41de471fea"
    assert state["id"] == f"test-bucket-{state['name']}"
    assert isinstance(state["generation"], int)


def test_a_file_is_uploaded_as_it_is(stand: Stand, tmp_path: Path) -> None:
    source = tmp_path / "data.bin"
    source.write_bytes(b"\r\n--\x00\xff")
    hcl = FLAG.replace("content = var.content", f'source = "{source}"') % ""
    stand.write(bucket() + hcl)
    stand.apply()
    assert stand.state(FLAG_ADDRESS)["content_type"] == "application/octet-stream"
    assert stand.changes() == {}
    source.write_bytes(b"changed")
    assert stand.changes() == {FLAG_ADDRESS: "update crc32c detect_md5hash generation md5hash"}


@pytest.mark.parametrize(
    ("hcl", "message"),
    [
        pytest.param("", "one of `content,source` must be specified", id="neither content nor a file"),
        pytest.param(
            'source = "zip/code.zip"',
            "needs an absolute path",
            id="a relative file",
            marks=only_the_stand_in("the real one runs in Terraform's folder"),
        ),
        pytest.param('content = "x"\n source = "/y"', "but `content,source` were specified.", id="both"),
    ],
)
def test_an_object_that_the_provider_would_refuse_is_refused(stand: Stand, hcl: str, message: str) -> None:
    stand.write(bucket() + FLAG.replace("content = var.content", hcl) % "")
    assert message in stand.terraform("plan", fails=True)


def test_a_bucket_that_may_go_takes_every_version_with_it(stand: Stand) -> None:
    stand.write(bucket())
    stand.apply()
    for name in ("holds/a@1.json", "holds/a@1.json", "holds/b@1.json"):
        upload(stand, name, {})
    stand.api("DELETE", f"{OBJECTS}/holds%2Fb@1.json")
    assert names(stand, versions=True) == ["holds/a@1.json", "holds/a@1.json", "holds/b@1.json"]
    stand.destroy()
    assert stand.api("GET", "/storage/v1/b?project=test-project")["items"] == []


def test_a_bucket_with_objects_that_may_not_go_stays(stand: Stand) -> None:
    stand.write(bucket(force=False))
    stand.apply()
    upload(stand, "holds/a@1.json", {})
    output = stand.terraform("destroy", "-auto-approve", fails=True)
    assert "Error trying to delete bucket test-bucket without `force_destroy` set to true" in output
    assert names(stand) == ["holds/a@1.json"]
    assert stand.changes() == {}


def test_a_location_is_the_same_in_any_case_and_another_one_replaces_the_bucket(stand: Stand) -> None:
    stand.write(bucket(location="us-west2"))
    stand.apply()
    stand.write(bucket(location="US-WEST2"))
    assert stand.changes() == {}
    stand.write(bucket(location="us-east1"))
    assert stand.changes() == {"google_storage_bucket.b": "delete,create"}


def test_labels_are_ours_the_providers_and_those_of_others(stand: Stand) -> None:
    header = HEADER.replace("region ", 'default_labels = { team = "data" }\n region ')
    stand.write(bucket(extra='labels = { a = "1" }'), header=header)
    stand.apply()
    stand.api("PATCH", "/storage/v1/b/test-bucket", {"labels": {"theirs": "x"}})
    assert stand.changes() == {}, "a label that somebody else set is no drift"
    stand.write(bucket(extra='labels = { b = "2" }'), header=header)
    stand.apply()
    assert stand.api("GET", "/storage/v1/b/test-bucket")["labels"] == {
        "b": "2",
        "team": "data",
        "theirs": "x",
        "goog-terraform-provisioned": "true",
    }
    stand.api("PATCH", "/storage/v1/b/test-bucket", {"labels": {"b": "3"}})
    assert stand.changes() == {"google_storage_bucket.b": "update effective_labels labels terraform_labels"}


HEADERS = {
    "as the provider has it": "",
    "never": "add_terraform_attribution_label = false",
    "always": 'terraform_attribution_label_addition_strategy = "PROACTIVE"',
}


@pytest.mark.parametrize("made", HEADERS)
def test_the_label_of_attribution_is_added_to_what_is_made_and_stays_where_it_is_unless_it_is_not_wanted(
    stand: Stand, made: str
) -> None:
    stand.write(bucket(), header=HEADER.replace("region ", f"{HEADERS[made]}\n region "))
    stand.apply()
    has = made != "never"
    labels = stand.api("GET", "/storage/v1/b/test-bucket").get("labels", {})
    assert labels == ({"goog-terraform-provisioned": "true"} if has else {})
    for then, wanted in {"as the provider has it": has, "never": False, "always": True}.items():
        stand.write(bucket(), header=HEADER.replace("region ", f"{HEADERS[then]}\n region "))
        update = {"google_storage_bucket.b": "update effective_labels terraform_labels"}
        assert stand.changes() == ({} if has == wanted else update), then


def test_an_import_of_what_has_the_label_takes_it_for_terraforms_unless_it_is_not_wanted(stand: Stand) -> None:
    stand.write(bucket())
    stand.apply()
    for header, change in (
        (HEADER, "update force_destroy terraform_labels"),
        (HEADER.replace("region ", "add_terraform_attribution_label = false\n region "), "update force_destroy"),
    ):
        stand.write(bucket(), header=header)
        stand.terraform("state", "rm", "google_storage_bucket.b")
        stand.terraform("import", "google_storage_bucket.b", "test-bucket")
        assert stand.changes() == {"google_storage_bucket.b": change}


def test_protection_against_deletion(stand: Stand) -> None:
    stand.write(bucket(extra='deletion_policy = "PREVENT"'))
    stand.apply()
    assert 'without setting deletion_policy="DELETE"' in stand.terraform("destroy", "-auto-approve", fails=True)
    stand.write(bucket(extra='deletion_policy = "ABANDON"'))
    stand.apply()
    stand.destroy()
    assert stand.api("GET", "/storage/v1/b/test-bucket")["name"] == "test-bucket"


def test_a_bucket_changed_by_hand_is_changed_back(stand: Stand) -> None:
    stand.write(bucket(extra='public_access_prevention = "enforced"'))
    stand.apply()
    patch = {"iamConfiguration": {"publicAccessPrevention": "inherited"}, "versioning": {"enabled": False}}
    stand.api("PATCH", "/storage/v1/b/test-bucket", patch)
    assert stand.changes() == {"google_storage_bucket.b": "update public_access_prevention versioning"}
    stand.apply()
    found = stand.api("GET", "/storage/v1/b/test-bucket")
    assert found["versioning"] == {"enabled": True}
    access = found["iamConfiguration"]
    assert isinstance(access, dict)
    assert access["publicAccessPrevention"] == "enforced"


ZEROS = """
  lifecycle_rule {
    action { type = "Delete" }
    condition {
      age                              = 0
      send_age_if_zero                 = %s
      days_since_noncurrent_time       = 0
      matches_suffix                   = [".tmp"]
    }
  }
"""


@pytest.mark.parametrize(("switch", "sent"), [("true", {"age": 0}), ("false", {})], ids=["switched on", "switched off"])
def test_a_zero_in_a_lifecycle_condition_is_sent_if_its_switch_says_so(
    stand: Stand, switch: str, sent: dict[str, object]
) -> None:
    stand.write(bucket(extra=ZEROS % switch))
    stand.apply()
    assert stand.changes() == {}
    lifecycle = stand.api("GET", "/storage/v1/b/test-bucket")["lifecycle"]
    assert lifecycle == {"rule": [{"action": {"type": "Delete"}, "condition": {"matchesSuffix": [".tmp"]} | sent}]}
