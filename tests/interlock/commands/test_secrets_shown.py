"""Secrets in jobs, of the catalog and of strangers, and everything that the commands say and write: there are none in it."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from google.cloud import scheduler_v1

from interlock.terraform.events import parse_event
from tests.interlock.commands.conftest import SMALL, Cloud, Direct
from tests.interlock.commands.test_deploying import LOCAL, Place, bring, diagnostic, pausing, place
from tests.interlock.commands.test_review import AT, Repository, repository

__all__ = ["place", "repository"]

SECRET = "q7Zhunter2hunter2hunter2"
INNER = json.dumps({"api_key": SECRET})
ENCODED = base64.b64encode(INNER.encode()).decode()
BODIES = [f"{{api_key: {SECRET}}}", f"{{argument: '{INNER}'}}", f"{{messages: [{{data: {ENCODED}}}]}}"]
"""In a body, in a body inside a body, in base64 in a body."""
STRANGERS = {
    "a-query": scheduler_v1.HttpTarget(uri=f"https://web.example/run?secret={SECRET}"),
    "a-user": scheduler_v1.HttpTarget(uri=f"https://me:{SECRET}@web.example/run"),
    "a-webhook": scheduler_v1.HttpTarget(uri=f"https://hooks.slack.com/services/T0/B0/{SECRET}"),
    "a-header": scheduler_v1.HttpTarget(uri="https://web.example/run", headers={"X-Cron-Key": SECRET}),
    "a-body": scheduler_v1.HttpTarget(uri="https://web.example/run", body=INNER.encode()),
}
COMMANDS = [
    ["validate"],
    *(["show", job, *words] for job in ("repair", "line-scraper", "gamebook-scraper")
      for words in (["--format", "json"], ["--day", "2026-03-10"], ["--day", "2026-03-10", "--format", "json"])),
    *([name, "--format", style] for name in ("status", "holds", "inventory", "timeline") for style in ("table", "json")),
    ["inventory", "--all"],
    ["why", "repair"],
    ["affected", "service/scrapers"],
    ["hold", "job/repair", "--for", "1h", "--reason", "repairs", "--direct"],
    ["release", "job/repair", "--direct"],
]  # fmt: skip


def gives_away(text: str) -> bool:
    """Whether the secret is in a text, or in something in base64 in it."""
    runs = re.findall(r"[A-Za-z0-9+/_-]{16,}={0,2}", text)
    opened = (base64.b64decode(run.rstrip("=") + "=" * (-len(run.rstrip("=")) % 4), b"-_") for run in runs if len(run) % 4 != 1)
    return SECRET in text or any(SECRET.encode() in content for content in opened)


def planted(text: str) -> str:
    """The small catalog with a secret in the bodies of three of its jobs."""
    for path, body in zip(
        ("path: /scrape, body: {scraper: gamebook, dates: [1, 2]}", "path: /lines", "path: /repair"), BODIES, strict=True
    ):
        assert path in text
        text = text.replace(path, f"{path.partition(', body')[0]}, body: {body}", 1)
    return text


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of the small catalog, with secrets."""
    folder = tmp_path / "catalog"
    (folder / "small").mkdir(parents=True)
    (folder / "small/all.yaml").write_text(planted(SMALL.read_text()))
    return folder


@pytest.mark.parametrize("text", [SECRET, INNER, ENCODED], ids=["as it is", "in JSON", "in base64"])
def test_a_secret_that_is_shown_would_be_noticed(text: str) -> None:
    assert gives_away(f"before {text} after")


def test_no_command_says_a_secret_or_writes_one_to_the_bucket(site: Direct, cloud: Cloud) -> None:
    for name, target in STRANGERS.items():
        job = scheduler_v1.Job(name=cloud.name(name), schedule="0 * * * *", time_zone="Etc/UTC", http_target=target)
        cloud.jobs.create_job(parent=cloud.name(name).partition("/jobs/")[0], job=job)
    topic = scheduler_v1.PubsubTarget(topic_name="projects/p/topics/t", data=INNER.encode(), attributes={"token": SECRET})
    message = scheduler_v1.Job(name=cloud.name("a-message"), schedule="0 * * * *", time_zone="Etc/UTC", pubsub_target=topic)
    cloud.jobs.create_job(parent=cloud.name("a-message").partition("/jobs/")[0], job=message)
    said = {" ".join(words): site(*words) for words in COMMANDS}
    assert {command for command, done in said.items() if gives_away(done.stdout + done.stderr)} == set()
    assert {command: done.stderr for command, done in said.items() if done.returncode not in (0, 1)} == {}
    assert said["validate"].stdout.count("holds what looks like a secret") == len(BODIES)
    for name in STRANGERS:
        assert name in said["status --format json"].stdout
        assert name in said["inventory --all"].stdout
    assert "https://web.example/run?secret=***" in said["inventory --format json"].stdout
    blobs = [*cloud.bucket.list_blobs()]
    assert blobs
    assert [blob.name for blob in blobs if gives_away(blob.name + blob.download_as_text())] == []


OPEN = "Kundennummer-48151623"
"""Nothing by which it would be known for a secret."""


def hostile(text: str) -> list[scheduler_v1.Job]:
    """Jobs that say `text` in every place that a request or a message has, under keys that mean nothing."""
    url = f"https://web.example/run?q={text}&{text}#{text}"
    inner = json.dumps({"argument": json.dumps({"q": text})}).encode()
    http = scheduler_v1.HttpTarget(uri=url, headers={"X-Odd": text}, body=inner)
    plain = scheduler_v1.HttpTarget(uri=f"{url};v={text}", body=text.encode(), http_method="PUT")
    topic = scheduler_v1.PubsubTarget(topic_name="projects/p/topics/t", data=text.encode(), attributes={"q": text})
    engine = scheduler_v1.AppEngineHttpTarget(relative_uri=f"/run?q={text}", headers={"X-Odd": text}, body=text.encode())
    targets = ({"http_target": http}, {"http_target": plain}, {"pubsub_target": topic}, {"app_engine_http_target": engine})
    return [scheduler_v1.Job(schedule="0 * * * *", time_zone="Etc/UTC", **target) for target in targets]


def test_no_command_says_a_query_a_header_or_a_body_of_a_stranger(site: Direct, cloud: Cloud) -> None:
    """Be it a stranger's job, or a declared one that a stranger changed."""
    strangers, declared = [f"foreign-{number}" for number in range(4)], [*cloud.regions][:4]
    for name in declared:
        cloud.jobs.delete_job(name=cloud.name(name))
    names = [*strangers, *declared]
    for name, job in zip(names, [*hostile(OPEN), *hostile(OPEN)], strict=True):
        job.name = cloud.name(name)
        cloud.jobs.create_job(parent=job.name.partition("/jobs/")[0], job=job)
    encoded = base64.b64encode(OPEN.encode()).decode()
    more = [["verify", "--since", "24h"], ["status", "--all"], *([word, name] for word in ("why", "fires") for name in names)]
    said = {" ".join(words): site(*words) for words in [*COMMANDS, *more]}
    everything = "".join(done.stdout + done.stderr for done in said.values())
    assert OPEN not in everything
    assert encoded not in everything
    assert all(name in said["inventory --all"].stdout for name in names)
    assert said["inventory --format json"].stdout.count('"https://web.example/run?q=***') == 4


@pytest.mark.parametrize("style", ["terminal", "markdown", "json"])
def test_no_review_says_a_secret_that_comes_goes_or_changes(repository: Repository, style: str) -> None:
    harmless = SMALL.read_text()
    changes = {
        "sends JSON instead of nothing": (harmless, planted(harmless)),
        "sends nothing instead of JSON": (planted(harmless), harmless),
        "which is not shown": (planted(harmless), planted(harmless).replace(SECRET, f"{SECRET}0")),
    }
    for said, (before, after) in changes.items():
        repository.write(before)
        repository.git("add", "-A")
        repository.git("commit", "-q", "--allow-empty", "-m", "before")
        repository.write(after)
        done = repository.review("--base", "HEAD", "--at", AT, "--format", style)
        assert not gives_away(done.stdout + done.stderr)
        assert said in " ".join(done.stdout.split())


def test_terraforms_own_text_and_its_errors_are_said_without_secrets(place: Place) -> None:
    place.plans("schedules", *pausing("odds"))
    (place.stack("schedules") / "text").write_text(
        f'  ~ headers = {{\n      ~ "X-Cron-Key" = "old-{SECRET}" -> "{SECRET}"\n    }}\n  ~ body = "{ENCODED}"\n'
        f'  ~ uri = "https://me:{SECRET}@web.example/run?secret={SECRET}"\n'
    )
    place.answers("schedules", diagnostic(f"googleapi: Error 400: bad uri https://web.example/?secret={SECRET}",
                                          detail=f'body = "{ENCODED}"'))  # fmt: skip
    done = bring(replace(LOCAL, verbose=True), ["schedules"])
    assert not gives_away(done.output)
    assert '~ "X-Cron-Key" = "***" -> "***"' in done.output
    assert "bad uri https://web.example/?secret=***" in done.output


def test_words_of_terraform_that_are_no_json_are_without_secrets_too() -> None:
    assert not gives_away(str(parse_event(f'panic: "X-Cron-Key": "{SECRET}"')))
