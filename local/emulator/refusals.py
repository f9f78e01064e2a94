"""Cloud Monitoring's way to refuse a field: `Field alert_policy.x had an invalid value of "y": why`.

Seen in terraform-provider-google #16892, #13349 and #10893. The reasons are Google's words where one of these has them or the
discovery document, else ours.
"""

from __future__ import annotations

import re

from local.emulator.model import ApiError, JsonObject

MAX_USER_LABELS = 64
_KEY, _VALUE = re.compile(r"[a-z][a-z0-9_-]{0,62}"), re.compile(r"[a-z0-9_-]{0,63}")


def invalid(field: str, value: object, why: str) -> ApiError:
    """The refusal of a field of a request, which is named as in protos: `alert_policy.conditions[0].filter`."""
    return ApiError(400, f'Field {field} had an invalid value of "{value}": {why}', field=field)


def check_user_labels(message: JsonObject, where: str) -> None:
    """https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#AlertPolicy.FIELDS.user_labels"""
    labels = message.get("userLabels") or {}
    if len(labels) > MAX_USER_LABELS:
        raise invalid(f"{where}.user_labels", len(labels), f"there can be up to {MAX_USER_LABELS} entries")
    for key, value in labels.items():
        if not _KEY.fullmatch(key) or not _VALUE.fullmatch(value):
            why = "labels and values can contain only lowercase letters, numerals, underscores, and dashes, at most 63, and"
            raise invalid(f"{where}.user_labels", f"{key}: {value}", f"{why} keys must begin with a letter")


def seconds(duration: str | None) -> float:
    """A duration of JSON, "0s" if there is none."""
    return float((duration or "0s").rstrip("s"))


def shown(duration: str | None) -> str:
    """A duration as a refusal has it, in `alignment period must be in multiples of one minute` (#10893)."""
    return f'{{"seconds":{seconds(duration):g}}}'
