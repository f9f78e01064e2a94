"""When `terraform init` has to run again: when anything that it looks at is another than it was, or is not as it was left."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from interlock.terminal.initialized import FILE, FOLDER, LOCK_FILE, forget, is_initialized, note

STACK = {
    "terraform": {"backend": {"gcs": {"bucket": "state"}}, "required_providers": {"google": {"version": "~> 7.45"}}},
    "resource": {"google_cloud_scheduler_job": {"odds": {"paused": False}}},
    "data": {"google_storage_bucket_objects": {"flags": {}}},
}
REATTACH = {"registry.terraform.io/hashicorp/google": {"Pid": 1, "Addr": {"String": "socket-1"}}}


class Place:
    """A stack in which an init has run."""

    def __init__(self, root: Path) -> None:
        self.folder, self.binary = root / "stack", root / "bin" / "terraform"
        self.settings = root / "settings.tfrc"
        self.provider = self.folder / FOLDER / "providers" / "host" / "google" / "7.45.0" / "provider"
        self.environ = {"PATH": str(self.binary.parent), "TF_CLI_CONFIG_FILE": str(self.settings)}
        for file in (self.binary, self.provider, self.settings):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("as it was")
        self.binary.chmod(0o755)
        (self.folder / LOCK_FILE).write_text("locked")
        (self.folder / FOLDER / "terraform.tfstate").write_text("where the state lies")
        (self.folder / "versions.tf").write_text('terraform { required_version = ">= 1.11" }')
        self.stack(STACK)
        note(self.folder, "terraform", self.environ)

    def stack(self, content: object) -> None:
        (self.folder / "cdk.tf.json").write_text(json.dumps(content))

    @property
    def is_initialized(self) -> bool:
        return is_initialized(self.folder, "terraform", self.environ)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def replaced(place: Place, **more: object) -> None:
    place.stack({**STACK, **more})


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda p: replaced(p, terraform={"backend": {"gcs": {"bucket": "b"}}}), id="the backend"),
        pytest.param(lambda p: replaced(p, terraform=STACK["terraform"] | {"cloud": {}}), id="whatever the block says"),
        pytest.param(lambda p: replaced(p, module={"a": {"source": "./a"}}), id="a module"),
        pytest.param(lambda p: replaced(p, data={"random_id": {"a": {}}}), id="a type of another provider"),
        pytest.param(lambda p: (p.folder / "more.tf").write_text("module {}"), id="a file beside the stack"),
        pytest.param(lambda p: (p.folder / "versions.tf").write_text(""), id="the version of Terraform that is asked for"),
        pytest.param(lambda p: (p.folder / "cdk.tf.json").write_text("{"), id="a stack that is no JSON"),
        pytest.param(lambda p: (p.folder / LOCK_FILE).write_text("others"), id="the lock"),
        pytest.param(lambda p: (p.folder / LOCK_FILE).unlink(), id="a lock that is gone"),
        pytest.param(lambda p: (p.folder / FOLDER / "terraform.tfstate").unlink(), id="the pointer to the state"),
        pytest.param(lambda p: p.provider.unlink(), id="a provider that is gone"),
        pytest.param(lambda p: p.provider.write_text("another one"), id="a provider of another size"),
        pytest.param(lambda p: p.binary.write_text("#!/bin/sh\n# OpenTofu"), id="another Terraform"),
        pytest.param(lambda p: p.settings.write_text("another mirror"), id="Terraform's settings"),
        pytest.param(lambda p: p.environ.update(TF_CLI_ARGS_init="-upgrade"), id="words for init"),
        pytest.param(lambda p: p.environ.update(TF_PLUGIN_CACHE_DIR="/cache"), id="another cache"),
        pytest.param(lambda p: p.environ.update(TF_REATTACH_PROVIDERS=json.dumps(REATTACH)), id="a provider that runs already"),
        pytest.param(lambda p: p.environ.update(TF_REATTACH_PROVIDERS="{"), id="providers that are no JSON"),
        pytest.param(lambda p: (p.folder / FOLDER / FILE).write_text(""), id="the note itself"),
        pytest.param(lambda p: forget(p.folder), id="a note that was taken back"),
    ],
)
def test_an_init_is_due_after_a_change_of(place: Place, change: Callable[[Place], object]) -> None:
    assert place.is_initialized
    change(place)
    assert not place.is_initialized


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda _: None, id="nothing"),
        pytest.param(lambda p: replaced(p, resource={"google_pubsub_topic": {}}), id="jobs and types of the same provider"),
        pytest.param(lambda p: replaced(p, variable={"backfill_mode": {}}), id="what is no business of an init"),
        pytest.param(lambda p: (p.folder / "imports.tf").write_text("import {}"), id="imports"),
        pytest.param(lambda p: (p.folder / "plan.bin").write_text("a plan"), id="a plan beside it"),
        pytest.param(lambda p: p.environ.update(GOOGLE_OAUTH_ACCESS_TOKEN="another"), id="another token"),
    ],
)
def test_none_is_due_after(place: Place, change: Callable[[Place], object]) -> None:
    change(place)
    assert place.is_initialized


def test_a_provider_that_runs_already_has_another_process_and_socket_each_time(place: Place) -> None:
    place.environ["TF_REATTACH_PROVIDERS"] = json.dumps(REATTACH)
    note(place.folder, "terraform", place.environ)
    again = {name: {"Pid": 2, "Addr": {"String": "socket-2"}} for name in REATTACH}
    place.environ["TF_REATTACH_PROVIDERS"] = json.dumps(again)
    assert place.is_initialized


def test_where_it_can_not_be_noted_the_next_init_runs(tmp_path: Path) -> None:
    note(tmp_path / "gone", "terraform", {})
    assert not is_initialized(tmp_path / "gone", "terraform", {})
