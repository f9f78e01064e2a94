"""google_storage_bucket: what google/services/storage/resource_storage_bucket.go does beyond its row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from local.provider import convert
from local.provider.cloud import Cloud, Failure, Settings
from local.provider.objects import OBJECT, list_objects
from local.provider.planning import Change
from local.provider.resource import NOT_FOUND, Resource
from local.provider.rest import ApiError
from local.provider.schema import Block
from local.provider.values import Object, mapping, only, text

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
        body["lifecycle"] = {"rule": [_expand_rule(self._condition, rule) for rule in _rules(value, "lifecycle_rule")]}
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
        before = _rules(reference, "lifecycle_rule")
        state["lifecycle_rule"] = [
            _flatten_rule(self._condition, rule, only(before[i], "condition") if i < len(before) else {})
            for i, rule in enumerate(_rules(mapping(body, "lifecycle"), "rule"))
        ]
        return state

    @property
    def _condition(self) -> Block:
        return self.block.blocks["lifecycle_rule"].blocks["condition"]

    def identity(self, state: Object) -> str:
        """A bucket's name is unique in the world."""
        return text(state, "name")

    def insert(self, cloud: Cloud, planned: Object) -> Object:
        """A bucket is posted to its project."""
        return super().insert(cloud, planned | {"project": text(planned, "project") or cloud.settings.project})

    def after_create(self, cloud: Cloud, state: Object) -> None:
        """The API does not return the project's name."""
        state["project"] = state.get("project") or cloud.settings.project

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
        """Deletes objects and all their versions first, if force_destroy is set."""
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


def _rules(value: Object, name: str) -> list[Object]:
    found = value.get(name)
    return [rule for rule in found if isinstance(rule, dict)] if isinstance(found, list) else []


def _expand_rule(block: Block, rule: Object) -> Object:
    """A lifecycle rule for the API. A zero is sent only if its send_..._if_zero switch is on."""
    action, condition = only(rule, "action"), only(rule, "condition")
    sent = convert.expand(block, condition, skip=("with_state", *_ZERO_SWITCHES))
    switched = (name for name in block.attrs if condition.get(f"send_{name}_if_zero") is True)
    sent |= {convert.camel(name): 0 for name in switched if not condition.get(name)}
    if (state := text(condition, "with_state")) in _LIVE:
        sent["isLive"] = _LIVE[state]
    return {"action": {convert.camel(name): value for name, value in action.items() if value}, "condition": sent}


def _flatten_rule(block: Block, rule: Object, before: Object) -> Object:
    """A rule as the schema has it; the switches are ours alone, kept from the condition before."""
    action, found = mapping(rule, "action"), mapping(rule, "condition")
    condition = convert.flatten(block, found, skip=("with_state", *_ZERO_SWITCHES))
    live = found.get("isLive")
    condition["with_state"] = "ANY" if live is None else "LIVE" if live else "ARCHIVED"
    condition |= {name: before.get(name) for name in _ZERO_SWITCHES}
    return {
        "action": [{"type": action.get("type"), "storage_class": action.get("storageClass")}],
        "condition": [condition],
    }
