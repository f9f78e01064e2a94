"""What keeps an object from being deleted or replaced: holds, its own retention, and its bucket's retention policy.

https://cloud.google.com/storage/docs/object-holds, https://cloud.google.com/storage/docs/object-lock and
https://cloud.google.com/storage/docs/bucket-lock: 403 retentionPolicyNotMet. The words of a refusal are those that people see:
https://github.com/GoogleCloudPlatform/gsutil/issues/1175
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from local.emulator.model import ApiError, JsonObject, timestamp

BEGUN = "_retentionBegun"
"""When an event-based hold was released, from which the bucket's period counts; kept with the object, and never shown."""

LOCKED = "Locked"


def check_free(bucket: JsonObject, meta: JsonObject, now: datetime) -> None:
    """ApiError 403 if the version may not be deleted, replaced or made noncurrent at `now`."""
    name = f"Object '{meta['bucket']}/{meta['name']}'"
    for field, hold in (("eventBasedHold", "Event-Based"), ("temporaryHold", "Temporary")):
        if meta.get(field):
            message = (
                f"{name} is under active {hold} hold and cannot be deleted, overwritten or archived until hold is removed."
            )
            raise _refusal(message)
    until = expiration(bucket, meta)
    if until is not None and now < until:
        whose = "object retention" if _own(meta) == until else "bucket's retention policy"
        moment = timestamp(until)
        raise _refusal(f"{name} is subject to {whose} and cannot be deleted, overwritten or archived until {moment}.")


def expiration(bucket: JsonObject, meta: JsonObject) -> datetime | None:
    """When the retention ends; None if there is none, or if nobody knows while an event-based hold lasts."""
    if meta.get("eventBasedHold"):
        return None
    period = int((bucket.get("retentionPolicy") or {}).get("retentionPeriod") or 0)
    begun = datetime.fromisoformat(meta.get(BEGUN) or meta["timeCreated"])
    ends = [begun + timedelta(seconds=period)] if period else []
    ends += [own] if (own := _own(meta)) else []
    return max(ends, default=None)


def shown(bucket: JsonObject, meta: JsonObject) -> JsonObject:
    """The metadata with the end of its retention, and without what is not for clients."""
    until = expiration(bucket, meta)
    told = {key: value for key, value in meta.items() if key != BEGUN}
    return told | ({"retentionExpirationTime": timestamp(until)} if until else {})


def changed(bucket: JsonObject, old: JsonObject, new: JsonObject, *, overrides: bool, now: datetime) -> JsonObject:
    """The new metadata, with what an ended event-based hold begins. ApiError for a retention that may not be so.

    `overrides`: the caller says overrideUnlockedRetention.
    """
    check_mode(bucket, new)
    before, after = old.get("retention") or {}, new.get("retention") or {}
    loosened = bool(before) and before != after and (not after or _own(new) != max(_own(new) or now, _own(old) or now))
    if before.get("mode") == LOCKED and (loosened or (before != after and after.get("mode") != LOCKED)):
        raise _refusal("A locked retention can't be removed, shortened or unlocked.")
    if loosened and not overrides:
        raise _refusal("An unlocked retention is removed or shortened with overrideUnlockedRetention=true only.")
    released = bool(old.get("eventBasedHold")) and not new.get("eventBasedHold")
    return new | ({BEGUN: timestamp(now)} if released else {})


def check_mode(bucket: JsonObject, meta: JsonObject) -> None:
    """ApiError 400 for an object's retention that is not whole, or in a bucket that isn't made for it."""
    if not (given := meta.get("retention")):
        return
    if (bucket.get("objectRetention") or {}).get("mode") != "Enabled":
        raise ApiError(400, "The bucket has no object retention: it is enabled when a bucket is made.", field="retention")
    if given.get("mode") not in (LOCKED, "Unlocked") or not given.get("retainUntilTime"):
        raise ApiError(400, "retention needs a mode, Locked or Unlocked, and a retainUntilTime.", field="retention")


def check_policy(old: JsonObject, new: JsonObject) -> None:
    """ApiError 403 where a locked retention policy of a bucket is removed, shortened or unlocked."""
    before, after = old.get("retentionPolicy") or {}, new.get("retentionPolicy") or {}
    shorter = int(after.get("retentionPeriod") or 0) < int(before.get("retentionPeriod") or 0)
    if before.get("isLocked") and (shorter or not after.get("isLocked")):
        raise _refusal("A locked retention policy can't be removed, shortened or unlocked.")


def _own(meta: JsonObject) -> datetime | None:
    until = (meta.get("retention") or {}).get("retainUntilTime")
    return datetime.fromisoformat(until).astimezone(UTC) if until else None


def _refusal(message: str) -> ApiError:
    error = ApiError(403, message)
    error.reason = "retentionPolicyNotMet"
    return error
