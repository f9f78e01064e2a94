"""Holds, retention and the server's part of a bucket's settings."""

from __future__ import annotations

import pytest

BUCKET = "/storage/v1/b/kept"
OBJECT = f"{BUCKET}/o/o"
UPLOAD = "/upload/storage/v1/b/kept/o?uploadType=media&name=o"
LATER, LATEST = "2100-01-01T00:00:00Z", "2101-01-01T00:00:00Z"


@pytest.fixture
def make(rest):
    """A bucket with settings, and the answer of its creation."""

    def make(query: str = "", **settings):
        answer = rest("POST", f"/storage/v1/b?project=p{query}", {"name": "kept", **settings})
        assert answer.status == 200, answer.message
        return answer.json

    return make


def settled(rest, **change):
    answer = rest("PATCH", OBJECT, change)
    assert answer.status == 200, answer.message
    return answer.json


def reason(answer):
    return answer.status, answer.json["error"]["errors"][0]["reason"]


REFUSED = (403, "retentionPolicyNotMet")


@pytest.mark.parametrize(
    ("hold", "words"), [("temporaryHold", "active Temporary hold"), ("eventBasedHold", "active Event-Based hold")]
)
def test_a_held_object_is_neither_deleted_nor_replaced_until_it_is_released(rest, make, hold, words):
    make()
    generation = rest("POST", UPLOAD, b"1").json["generation"]
    assert settled(rest, **{hold: True})[hold] is True
    for method, path in (("DELETE", OBJECT), ("DELETE", f"{OBJECT}?generation={generation}"), ("POST", UPLOAD)):
        answer = rest(method, path, b"2")
        assert reason(answer) == REFUSED
        assert words in answer.message
    assert rest("GET", f"{OBJECT}?alt=media").body == b"1"
    settled(rest, **{hold: False})
    assert rest("DELETE", OBJECT).status == 204


def test_a_held_object_is_not_archived_either(rest, make):
    make(versioning={"enabled": True})
    rest("POST", UPLOAD, b"1")
    settled(rest, temporaryHold=True)
    assert reason(rest("POST", UPLOAD, b"2")) == REFUSED
    assert len(rest("GET", f"{BUCKET}/o?versions=true").json["items"]) == 1


def test_new_objects_are_held_where_the_bucket_says_so(rest, make):
    make(defaultEventBasedHold=True)
    assert rest("POST", UPLOAD, b"1").json["eventBasedHold"] is True
    assert reason(rest("DELETE", OBJECT)) == REFUSED


def test_a_buckets_retention_counts_from_the_creation_or_from_the_end_of_an_event_based_hold(rest, make):
    made = make(retentionPolicy={"retentionPeriod": "3600"})
    assert made["retentionPolicy"]["effectiveTime"]
    rest("POST", "/_local/clock", {"set": "2026-03-10T12:00:00Z"})
    assert rest("POST", UPLOAD, b"1").json["retentionExpirationTime"] == "2026-03-10T13:00:00.000000Z"
    held = settled(rest, eventBasedHold=True)
    assert "retentionExpirationTime" not in held
    rest("POST", "/_local/clock", {"set": "2026-03-10T14:00:00Z"})
    released = settled(rest, eventBasedHold=False)
    assert released["retentionExpirationTime"] == "2026-03-10T15:00:00.000000Z"
    assert not [name for name in released if name.startswith("_")]
    assert reason(rest("DELETE", OBJECT)) == REFUSED
    rest("POST", "/_local/clock", {"set": "2026-03-10T15:00:00Z"})
    assert rest("DELETE", OBJECT).status == 204


def test_a_locked_retention_policy_only_grows(rest, make):
    number = make(retentionPolicy={"retentionPeriod": "60"})["metageneration"]
    assert rest("POST", f"{BUCKET}/lockRetentionPolicy").status == 400
    assert rest("POST", f"{BUCKET}/lockRetentionPolicy?ifMetagenerationMatch=7").status == 412
    locked = rest("POST", f"{BUCKET}/lockRetentionPolicy?ifMetagenerationMatch={number}").json
    assert locked["retentionPolicy"]["isLocked"] is True
    for change in ({"retentionPolicy": None}, {"retentionPolicy": {"retentionPeriod": "30"}}):
        assert reason(rest("PATCH", BUCKET, change)) == REFUSED
    assert rest("PATCH", BUCKET, {"retentionPolicy": {"retentionPeriod": "90"}}).status == 200


def test_an_objects_own_retention_wants_a_bucket_made_for_it(rest, make):
    make()
    rest("POST", UPLOAD, b"1")
    answer = rest("PATCH", OBJECT, {"retention": {"mode": "Unlocked", "retainUntilTime": LATER}})
    assert (answer.status, "no object retention" in answer.message) == (400, True)


def test_who_takes_a_retention_off_writes_back_what_was_read_with_the_servers_own_fields(rest, make):
    """As the provider does: resource_storage_bucket_object.go, resourceStorageBucketObjectUpdate."""
    make("&enableObjectRetention=true")
    rest("POST", UPLOAD, b"1")
    read = settled(rest, retention={"mode": "Unlocked", "retainUntilTime": LATER})
    assert "retentionExpirationTime" in read
    written = rest("PUT", f"{OBJECT}?overrideUnlockedRetention=true", read | {"retention": None})
    assert (written.status, {"retention", "retentionExpirationTime"} & written.json.keys()) == (200, set())


def test_an_unlocked_retention_is_loosened_by_who_says_so_and_a_locked_one_by_nobody(rest, make):
    assert make("&enableObjectRetention=true")["objectRetention"] == {"mode": "Enabled"}
    rest("POST", UPLOAD, b"1")
    unlocked, locked = ({"mode": mode, "retainUntilTime": LATER} for mode in ("Unlocked", "Locked"))
    assert settled(rest, retention=unlocked)["retention"] == unlocked
    assert reason(rest("DELETE", OBJECT)) == REFUSED
    assert reason(rest("PATCH", OBJECT, {"retention": None})) == REFUSED
    assert "retention" not in rest("PATCH", f"{OBJECT}?overrideUnlockedRetention=true", {"retention": None}).json
    settled(rest, retention=unlocked)
    settled(rest, retention=locked)
    for query in ("", "?overrideUnlockedRetention=true"):
        assert reason(rest("PATCH", OBJECT + query, {"retention": None})) == REFUSED
        assert reason(rest("PATCH", OBJECT + query, {"retention": unlocked})) == REFUSED
    assert settled(rest, retention=locked | {"retainUntilTime": LATEST})["retention"]["retainUntilTime"] == LATEST


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        pytest.param(
            {"logging": {"logBucket": "l"}}, {"logging": {"logBucket": "l", "logObjectPrefix": "kept"}}, id="a log's prefix"
        ),
        pytest.param({"location": "nam4"}, {"locationType": "dual-region", "rpo": "DEFAULT"}, id="a region of two"),
        pytest.param(
            {"location": "US", "customPlacementConfig": {"dataLocations": ["US-EAST1", "US-WEST1"]}, "rpo": "ASYNC_TURBO"},
            {"locationType": "dual-region", "rpo": "ASYNC_TURBO"},
            id="two regions by name",
        ),
        pytest.param({"location": "us-west2"}, {"locationType": "region", "rpo": None}, id="one region has no RPO"),
    ],
)
def test_the_server_completes_the_settings_of_a_bucket(rest, make, given, shown):
    make(**given)
    found = rest("GET", BUCKET).json
    assert {name: found.get(name) for name in shown} == shown


@pytest.mark.parametrize(
    ("where", "stamp", "given"),
    [
        (("autoclass",), "toggleTime", {"autoclass": {"enabled": True}}),
        (
            ("encryption", "customerSuppliedEncryptionEnforcementConfig"),
            "effectiveTime",
            {"encryption": {"customerSuppliedEncryptionEnforcementConfig": {"restrictionMode": "FullyRestricted"}}},
        ),
        (("softDeletePolicy",), "effectiveTime", {"softDeletePolicy": {"retentionDurationSeconds": "604800"}}),
    ],
)
def test_a_setting_says_since_when_it_is_so_and_another_change_leaves_that_alone(rest, make, where, stamp, given):
    def stamped():
        found = rest("GET", BUCKET).json
        for name in where:
            found = found[name]
        return found[stamp]

    rest("POST", "/_local/clock", {"set": "2026-03-10T12:00:00Z"})
    make(**given)
    assert stamped() == "2026-03-10T12:00:00.000000Z"
    rest("POST", "/_local/clock", {"set": "2026-03-11T12:00:00Z"})
    rest("PATCH", BUCKET, {"labels": {"a": "1"}})
    assert stamped() == "2026-03-10T12:00:00.000000Z"


def test_contexts_of_an_object_have_the_times_that_each_was_set(rest, make):
    make()
    rest("POST", UPLOAD, b"1")
    rest("POST", "/_local/clock", {"set": "2026-03-10T12:00:00Z"})
    settled(rest, contexts={"custom": {"a": {"value": "1"}, "b": {"value": "1"}}})
    rest("POST", "/_local/clock", {"set": "2026-03-11T12:00:00Z"})
    custom = settled(rest, contexts={"custom": {"a": {"value": "2"}, "b": None}})["contexts"]["custom"]
    times = {"createTime": "2026-03-10T12:00:00.000000Z", "updateTime": "2026-03-11T12:00:00.000000Z"}
    assert custom == {"a": {"value": "2", **times}}
