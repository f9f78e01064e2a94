"""The commands about runtime holds, against the emulator with its clock set, without a coordinator: `--direct`."""

from __future__ import annotations

import json
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from interlock.reading.files import load_catalog
from tests.golden import golden
from tests.interlock.commands.conftest import Cloud, Direct, Run, parsed


def hold(site: Direct, *more: str) -> CompletedProcess[str]:
    return site("hold", "service/scrapers", "--until", "11:30", "--reason", "deploys", "--direct", *more)


def test_a_hold_says_its_effect_and_pauses_its_jobs(site: Direct, cloud: Cloud) -> None:
    done = hold(site)
    assert done.returncode == 0, done.stderr
    golden("commands/hold.txt", done.stdout)
    assert [cloud.state(job) for job in ("gamebook-scraper", "line-scraper", "morning-catch-up", "repair")] == [
        "PAUSED",
        "PAUSED",
        "PAUSED",
        "ENABLED",
    ]
    assert cloud.objects("holds/") == ["holds/service/scrapers/at-20260310T120500Z@2026-03-10T15:30:00Z.json"]


def test_what_is_held_for_people_programs_and_a_handoff(site: Direct, cloud: Cloud) -> None:
    assert site("holds").stdout == "nothing is held\n"
    hold(site)
    cloud.hold("backfills/marts@2026-03-11T12:00:00Z.json", '{"reason": "re|process `all` <b>", "owner": "ana"}')
    cloud.at("2026-03-10T14:30:00Z")
    golden("commands/holds.txt", site("holds").stdout)
    golden("commands/holds.md", site("holds", "--format", "markdown").stdout)
    value = parsed(site("holds", "--format", "json"))
    [flag, scrapers] = value["holds"]
    assert flag["end_with"] == "make backfill-off NAME=marts"
    assert (scrapers["scope"], scrapers["owner"], scrapers["missed"]) == ("service/scrapers", "ana", 8)
    assert scrapers["jobs"] == [job["name"] for job in value["jobs"] if scrapers["scope"] in _scopes(job["held_by"])]


def _scopes(holds: list[dict[str, str]]) -> list[str]:
    return [hold["scope"] for hold in holds]


def test_why_a_job_is_held(site: Direct, cloud: Cloud) -> None:
    hold(site)
    cloud.at("2026-03-10T14:30:00Z")
    golden("commands/why-held.txt", site("why", "line-scraper").stdout)
    golden("commands/why-later.txt", site("why", "line-scraper", "--at", "12:00").stdout)
    golden("commands/why-declared.txt", site("why", "morning-catch-up").stdout)
    [job] = parsed(site("why", "gamebook-scraper", "--format", "json"))["jobs"]
    assert (job["state"], job["missed_so_far"], job["will_miss"]) == ("PAUSED", 5, 2)
    assert job["free_at"] == "2026-03-10T15:30:00Z"
    assert _scopes(job["held_by"]) == ["service/scrapers"]


def test_extending_and_releasing(site: Direct, cloud: Cloud) -> None:
    hold(site)
    cloud.at("2026-03-10T14:30:00Z")
    done = site("extend", "service/scrapers", "--for", "2h", "--direct")
    assert done.returncode == 0, done.stderr
    golden("commands/extend.txt", done.stdout)
    assert cloud.objects("holds/") == ["holds/service/scrapers/at-20260310T120500Z@2026-03-10T16:30:00Z.json"]
    done = site("release", "service/scrapers", "--direct")
    assert done.returncode == 0, done.stderr
    golden("commands/release.txt", done.stdout)
    assert cloud.objects("holds/") == []
    assert cloud.state("line-scraper") == "ENABLED"
    assert cloud.state("morning-catch-up") == "PAUSED"


def test_of_several_holds_one_is_named(site: Direct, cloud: Cloud) -> None:
    hold(site)
    cloud.at("2026-03-10T12:06:00Z")
    hold(site)
    done = site("release", "service/scrapers", "--direct")
    assert done.returncode == 2
    assert "service/scrapers has 2 holds; name one: at-20260310T120500Z, at-20260310T120600Z" in done.stderr
    assert site("release", "service/scrapers", "at-20260310T120500Z", "--direct").returncode == 0
    assert cloud.state("line-scraper") == "PAUSED"


HOLD = ["hold", "service/scrapers", "--reason", "deploys", "--direct"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(HOLD, "say how long: --for 2h, or --until 23:00", id="no end"),
        pytest.param([*HOLD, "--for", "2h", "--until", "23:00"], "--for and --until are two ends; say one", id="two ends"),
        pytest.param([*HOLD, "--for", "soon"], "'soon' is no duration; write one like 45m", id="no duration"),
        pytest.param([*HOLD, "--until", "soon"], "'soon' is no time; write how long, like 2h", id="no time"),
        pytest.param([*HOLD, "--for", "5m"], "is too soon; the coordinator looks every 10m", id="too short"),
        pytest.param([*HOLD, "--for", "5d"], "is too late; no hold may be longer than 4d", id="too long"),
        pytest.param([*HOLD, "--until", "2020-01-01 07:00"], "is in the past", id="in the past"),
        pytest.param(["hold", "service/scrapers", "--for", "2h"], "Missing option '--reason'", id="no reason"),
        pytest.param(
            ["hold", "service/scraper", "--for", "2h", "--reason", "x"], "did you mean service/scrapers?", id="unknown scope"
        ),
        pytest.param(
            ["hold", "service/scrapers", "--for", "2h", "--reason", "a\x1b[2J"], "reason has control characters", id="escape"
        ),
        pytest.param(["release", "job/repair"], "no hold of job/repair is active; active: none", id="nothing to release"),
        pytest.param(["extend", "job/repair", "--for", "2h"], "no hold of job/repair is active", id="nothing to extend"),
        pytest.param(["why", "repairs"], "did you mean repair?", id="an unknown job"),
        pytest.param(["why", "repair", "--at", "2020-01-01 07:00"], "is not in the next 31 days", id="the past"),
    ],
)
def test_what_is_refused_before_anything_changes(site: Direct, cloud: Cloud, arguments: list[str], said: str) -> None:
    done = site(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert cloud.objects("holds/") == []


def test_a_flag_is_ended_by_make(site: Direct, cloud: Cloud) -> None:
    cloud.hold("backfills/marts@2026-03-11T12:00:00Z.json")
    done = site("release", "backfill/marts", "--direct")
    assert "backfill/marts is on by its flag, which Terraform writes; to end it: make backfill-off NAME=marts" in done.stderr


def test_without_a_declaration_the_next_command_is_named(run: Run, cloud: Cloud) -> None:
    done = run("holds", INTERLOCK_LOCAL_URL=cloud.url)
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no declaration in the bucket; deploy the schedules: make deploy" in done.stderr


def test_without_a_coordinator_the_way_without_it_is_named(site: Direct) -> None:
    done = site("hold", "service/scrapers", "--for", "2h", "--reason", "deploys")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith("if it is not deployed: make deploy, or add --direct")


def test_jobs_that_never_ran_are_drained(site: Direct) -> None:
    assert hold(site, "--wait").stdout.endswith("drained: no run of them is under way\n")


def test_a_claim_that_nobody_resolved_is_shown_with_the_commands(site: Direct, cloud: Cloud) -> None:
    name = "ledger/claims/line-scraper@2026-03-10T09:00:00Z.7.json"
    said = {"job": "line-scraper", "fire": "2026-03-10T11:15:00Z", "missed": 3, "claimed": "2026-03-10T11:20:00Z"}
    cloud.hold(name, json.dumps(said))
    done = site("status")
    assert done.returncode == 1
    golden("commands/status-claim.txt", done.stdout)
    cloud.at("2026-03-10T11:21:00Z")  # whoever made it may still be at work
    assert site("status").returncode == 0


def test_the_days_that_no_run_will_cover_are_listed_with_the_command(site: Direct, cloud: Cloud, root: Path) -> None:
    file = root / "small/all.yaml"
    file.write_text(
        file.read_text().replace(
            "{service: analytics, path: /repair}", "{service: analytics, path: /repair, body: {date: TODAY}}"
        )
    )
    cloud.declare(load_catalog(root))
    site("hold", "job/repair", "--for", "3d", "--reason", "x", "--direct")
    cloud.at("2026-03-11T08:00:00Z")
    golden("commands/why-uncovered.txt", site("why", "repair").stdout)
    assert "no run will cover its day 2026-03-10" in site("release", "job/repair", "--direct").stdout
    said = site("show", "repair", "--day", "2026-03-09").stdout
    assert "By hand for 2026-03-09:\n  curl -X POST" in said, "and for any day, also when the ledger tells no more"
    assert """-d '{"date": "2026-03-09"}'""" in said


def test_one_end_reads_the_same_in_all_commands_also_for_who_works_in_utc(site: Direct, cloud: Cloud) -> None:
    end = "08:30 PDT (15:30 UTC)"
    said = {"hold": site("hold", "job/repair", "--until", "15:30", "--reason", "x", "--direct", TZ="UTC").stdout}
    cloud.at("2026-03-10T12:10:00Z")
    said |= {command: site(command, TZ="UTC").stdout for command in ("holds", "status")}
    said["why"] = site("why", "repair", TZ="UTC").stdout
    said["extend"] = site("extend", "job/repair", "--until", "16:30", "--direct", TZ="UTC").stdout
    said["release"] = site("release", "job/repair", "--direct", TZ="UTC").stdout.replace("09:30 PDT (16:30 UTC)", end)
    assert {command: end in " ".join(text.split()) for command, text in said.items()} == dict.fromkeys(said, True)


def test_what_the_preview_did_not_foresee_has_its_names(site: Direct, cloud: Cloud) -> None:
    cloud.jobs.pause_job(name=cloud.name("line-scraper"))
    lines = hold(site).stdout.splitlines()
    assert lines[lines.index("paused 1 job") + 1] == "unchanged: line-scraper"
