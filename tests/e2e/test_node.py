"""A deploy and a toggle on the Node.js that is first on the PATH, from `npm ci` on it: `make test-node`; CI on 20 to 26."""

from __future__ import annotations

import pytest

from interlock.terminal.machine import NEWEST_NODE, OLDEST_NODE
from tests.e2e.deployment import ROOT, Deployment
from tests.e2e.test_flags import BOOKS, DECLARED

pytestmark = pytest.mark.node
NOISE = ("Warning", "node v", "node:", "!!!", "jsii")
"""What Node.js and jsii say of themselves."""


@pytest.fixture
def installed(nothing: Deployment) -> Deployment:
    """A cloud with nothing in it, and the packages of the lock as this Node.js installs them."""
    (nothing.folder / "node_modules").unlink()
    for name in ("package.json", "package-lock.json"):
        (nothing.folder / name).write_bytes((ROOT / name).read_bytes())
    nothing.run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund").succeeded()
    return nothing


def test_a_deploy_and_a_backfill_on_and_off_work_from_npm_ci_on_this_node(installed: Deployment) -> None:
    version = installed.run("node", "--version").succeeded().text
    assert OLDEST_NODE <= int(version.removeprefix("v").partition(".")[0]) <= NEWEST_NODE, version
    said = [installed.interlock("deploy").succeeded().raw]
    assert installed.paused() == DECLARED
    said.append(installed.interlock("backfill", "on", "books").succeeded().raw)
    assert installed.paused() == BOOKS | DECLARED
    said.append(installed.interlock("backfill", "off", "books").succeeded().raw)
    assert installed.paused() == DECLARED
    assert [line for text in said for line in text.splitlines() if any(noise in line for noise in NOISE)] == []


def test_the_plain_cdktf_command_deploys_and_toggles_from_npm_ci_on_this_node(installed: Deployment) -> None:
    """It needs what `interlock` does not: the command line of cdktf, and its pty module."""
    installed.interlock("deploy").succeeded()
    on = ["--var", "backfill_mode=true", "--var", 'backfills=["books"]']
    installed.run("npx", "cdktf", "deploy", "schedules", "--auto-approve", *on, CI="1").succeeded()
    assert installed.paused() == BOOKS | DECLARED
    installed.run("npx", "cdktf", "deploy", "schedules", "--auto-approve", "--var", "backfill_mode=false", CI="1").succeeded()
    assert installed.paused() == DECLARED
