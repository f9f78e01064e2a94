"""Our schema against `terraform providers schema -json`: of the real provider where it acts, and of ours, to know the check."""

from __future__ import annotations

import copy
import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from local.acting import REAL
from local.provider.compared import differences
from tests.local.provider.stand import Stand
from tests.providers import KIND, TERRAFORM, only_the_stand_in

Shown = dict[str, Any]
JOB = ("resource_schemas", "google_cloud_scheduler_job")


def shown_by(stand: Stand) -> Shown:
    """What the provider that acts declares."""
    stand.write("")
    stand.terraform("init")
    words = [TERRAFORM, "providers", "schema", "-json"]
    done = subprocess.run(words, cwd=stand.folder, env=stand.env, capture_output=True, check=True)
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


@pytest.mark.skipif(KIND != REAL, reason="needs the real provider: INTERLOCK_LOCAL_PROVIDER=real")
def test_our_schema_is_the_real_providers_as_far_as_it_goes(stand: Stand) -> None:
    assert [str(difference) for difference in differences(shown_by(stand))] == []


def of(shown: Shown, kind: str, name: str) -> Shown:
    [provider] = shown["provider_schemas"].values()
    block = provider[kind][name]["block"]
    assert isinstance(block, dict)
    return block


def retyped(shown: Shown) -> None:
    of(shown, *JOB)["attributes"]["paused"]["type"] = "string"


def computed(shown: Shown) -> None:
    of(shown, *JOB)["attributes"]["schedule"]["computed"] = True


def gone(shown: Shown) -> None:
    del of(shown, *JOB)["attributes"]["region"]


def required(shown: Shown) -> None:
    of(shown, *JOB)["attributes"]["anew"] = {"type": "string", "required": True}


def more(shown: Shown) -> None:
    of(shown, *JOB)["attributes"]["anew"] = {"type": "string", "optional": True}


def nested(shown: Shown) -> None:
    of(shown, *JOB)["block_types"]["http_target"]["max_items"] = 2


def deeper(shown: Shown) -> None:
    of(shown, *JOB)["block_types"]["http_target"]["block"]["attributes"]["uri"] = {"type": "string", "optional": True}


@only_the_stand_in("its own schema is what is changed here")
def test_the_check_finds_what_is_not_the_same_and_lets_pass_what_only_the_real_one_has(stand: Stand) -> None:
    shown = shown_by(stand)
    assert differences(shown) == []
    job = "google_cloud_scheduler_job"
    changes: dict[Callable[[Shown], None], list[str]] = {
        retyped: [f"{job}.paused"],
        computed: [f"{job}.schedule"],
        gone: [f"{job}.region"],
        required: [f"{job}.anew"],
        more: [],
        nested: [f"{job}.http_target"],
        deeper: [f"{job}.http_target.uri"],
    }
    for change, found in changes.items():
        changed = copy.deepcopy(shown)
        change(changed)
        assert [difference.where for difference in differences(changed)] == found, change.__name__


def test_what_is_no_schema_of_it_is_refused() -> None:
    with pytest.raises(ValueError, match="no schemas of hashicorp/google"):
        differences({"provider_schemas": {"registry.example.com/other/one": {}}})
