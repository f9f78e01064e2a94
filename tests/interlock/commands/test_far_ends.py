"""What people see of an object that ends in the last year that there is, in zones on either side of UTC; and of rubbish."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.interlock.commands.conftest import Cloud, Direct, loaded

LAST = "9999-12-31T23:59:59Z"


@pytest.mark.parametrize("place", ["Pacific/Kiritimati", "Asia/Tokyo", "America/Los_Angeles", "Etc/UTC"])
def test_an_end_in_the_last_year_is_shown_by_every_command(site: Direct, cloud: Cloud, root: Path, place: str) -> None:
    file = root / "small/all.yaml"
    file.write_text(file.read_text().replace("America/Los_Angeles", place))
    cloud.declare(loaded(root))
    for name in (
        f"holds/job/repair/x@{LAST}.json",
        f"backfills/marts@{LAST}.json",
        "holds/job/repair/y@0001-01-01T00:00:00Z.json",
    ):
        cloud.hold(name)
    for command in (
        ["holds"],
        ["holds", "--format", "json"],
        ["holds", "--format", "markdown"],
        ["why", "repair"],
        ["why", "repair", "--format", "json"],
        ["why", "repair", "--at", "2026-03-25T00:00:00Z"],
        ["status"],
        ["status", "--all", "--format", "json"],
        ["timeline", "--env", "local", "--day", "2026-03-10"],
    ):
        done = site(*command)
        assert (done.returncode, "Traceback" in done.stderr) in ((0, False), (1, False)), f"{command}: {done.stderr}"
        assert done.stdout
    assert "2026-03-14" in site("holds").stdout, "as far as a hold may reach from now"
    assert site("release", "job/repair", "x", "--direct").returncode == 0
    assert f"holds/job/repair/x@{LAST}.json" not in [blob.name for blob in cloud.bucket.list_blobs()]


def test_rubbish_of_any_amount_is_a_few_lines(site: Direct, cloud: Cloud) -> None:
    for number in range(60):
        cloud.hold(f"holds/rubbish-{number:02}")
    done = site("status")
    assert done.returncode == 1
    assert done.stdout.count("its name states no flag or hold") == 21
    assert "39 more objects like it" in " ".join(done.stdout.split())
