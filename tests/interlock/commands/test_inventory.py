"""`interlock inventory` against the emulator: side by side, what no job leads to, and what could not be listed."""

from __future__ import annotations

import pytest

from tests.golden import golden
from tests.interlock.commands.conftest import ENVIRONMENT, Cloud, Run, parsed
from tests.local.plain import Rest

HOST = "https://{}-100000000000.us-west2.run.invalid"


@pytest.fixture
def rest(cloud: Cloud) -> Rest:
    """A project with the services of the small catalog, one that nobody knows, and two jobs whose targets are gone."""
    rest = Rest(cloud.url)
    for name in ("scrapers", "forgotten"):
        path = f"/v2/projects/{ENVIRONMENT.project}/locations/us-west2/services?serviceId={name}"
        assert rest("POST", path, {}).status == 200
    called = {"gamebook-scraper": "scrapers", "line-scraper": "scrapers", "morning-catch-up": "moved", "repair": "gone"}
    for job, path in called.items():
        body = {"httpTarget": {"uri": f"{HOST.format(path)}/x"}, "schedule": "0 * * * *", "timeZone": "Etc/UTC"}
        assert rest("PATCH", f"/v1/{cloud.name(job)}", body).status == 200
    return rest


@pytest.mark.golden
def test_side_by_side_for_people(run: Run, cloud: Cloud, rest: Rest) -> None:
    del rest
    done = run("inventory", INTERLOCK_LOCAL_URL=cloud.url)
    assert done.returncode == 0, done.stderr
    golden("commands/inventory.txt", done.stdout)


def test_side_by_side_for_programs(run: Run, cloud: Cloud, rest: Rest) -> None:
    del rest
    value = parsed(run("inventory", "--format", "json", INTERLOCK_LOCAL_URL=cloud.url))
    assert value["unled"] == ["us-west2/forgotten"]
    assert value["not_there"] == ["analytics"]
    [forgotten, scrapers] = value["services"]
    assert (forgotten["declared"], scrapers["declared"]) == (False, True)
    assert scrapers["called_by"] == ["gamebook-scraper", "line-scraper"]
    assert scrapers["led_to_by"] == ["morning-catch-up"], "its processor is one of them, wherever it calls"
    reached = {job["name"]: job["why_not"] for job in value["jobs"]}
    assert reached["repair"] == "no service that was found answers there"
    assert reached["gamebook-scraper"] is None


def test_only_what_no_job_leads_to(run: Run, cloud: Cloud, rest: Rest) -> None:
    del rest
    lines = run("inventory", "--unled", INTERLOCK_LOCAL_URL=cloud.url).stdout
    assert "forgotten" in lines
    assert "scrapers" not in lines


def test_what_can_not_be_listed_is_said_and_the_rest_is_shown(run: Run, cloud: Cloud, rest: Rest) -> None:
    rest("POST", "/_local/faults", {"faults": ["GET /functions 403"]})
    done = run("inventory", "--region", "europe-west1", INTERLOCK_LOCAL_URL=cloud.url)
    assert done.returncode == 1
    assert "Jobs and Cloud Run services in europe-west1, us-west2; functions in every region" in done.stdout
    assert "not listed: cloudfunctions.googleapis.com says no (403)" in done.stdout
    assert "No job leads to: forgotten (us-west2)" in done.stdout


def test_a_region_that_is_none_is_refused(run: Run, cloud: Cloud) -> None:
    done = run("inventory", "--region", "../../x", INTERLOCK_LOCAL_URL=cloud.url)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--region '../../x' is no region; write one like us-west2" in done.stderr
