"""What the catalog asks of the project: quotas, where its tables are, and the provider that the stacks want."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from interlock.catalog import Catalog
from interlock.names import count
from interlock.pasted import LOCAL
from interlock.terminal.cdktf import stacks_of
from interlock.terminal.doctor.looking import Look
from interlock.terminal.initialized import LOCK_FILE
from interlock.terminal.machine import Finding, terraform_binary
from interlock.terminal.printed import make
from interlock.terminal.terraform import Stack, asks_for_another_provider

WRITES_A_MINUTE, READS_A_MINUTE = 500, 1250
JOBS_IN_A_REGION, MOST_JOBS_IN_A_REGION = 1000, 5000
"""Defaults, and the most that can be had: https://cloud.google.com/scheduler/quotas"""
WRITES_OF_A_JOB = 2
"""Terraform's provider creates a job and then pauses or resumes it:
https://github.com/hashicorp/terraform-provider-google/blob/v7.45.0/google/services/cloudscheduler/resource_cloud_scheduler_job.go"""
MULTI_REGIONS = {"US": "us-", "EU": "europe-"}
"""https://cloud.google.com/bigquery/docs/locations#multi-regions"""
OTHERS = 8
"""Datasets that are named, of those in one place."""


def quotas(look: Look) -> Iterator[Finding]:
    """What a first deploy writes to Cloud Scheduler against what a project may in a minute."""
    jobs = len(look.catalog.jobs)
    writes = jobs * WRITES_OF_A_JOB
    found = f"a first deploy writes {writes:,} times to Cloud Scheduler, which takes {WRITES_A_MINUTE} a minute"
    page = "console.cloud.google.com/apis/api/cloudscheduler.googleapis.com/quotas?project=" + look.environment.project
    by_region = Counter(job.region for job in look.catalog.jobs.values())
    for region, number in sorted(by_region.items()):
        if number > JOBS_IN_A_REGION:
            said = f"{number:,} jobs in {region}; projects begin with {JOBS_IN_A_REGION:,} a region, at most"
            yield Finding("quotas", f"{said} {MOST_JOBS_IN_A_REGION:,}; look", page, note=number <= MOST_JOBS_IN_A_REGION)
    if writes > WRITES_A_MINUTE:
        minutes = -(-writes // WRITES_A_MINUTE)
        yield Finding("quotas", f"{found}: it takes {count(minutes, 'minute')} at least")
    else:
        yield Finding("quotas", found)


def datasets(look: Look) -> Iterator[Finding]:
    """Where the datasets of the catalog's tables are. A statement can't touch two places:
    https://cloud.google.com/bigquery/docs/locations#specify_locations"""
    names = sorted({table.partition(".")[0] for table in look.catalog.tables})
    places = {name: look.project.dataset_location(name) for name in names}
    if missing := [name for name, place in places.items() if place is None]:
        command = f"bq mk --location={look.environment.location} --dataset {look.environment.project}:{missing[0]}"
        yield Finding("datasets", f"{', '.join(missing)} not there; one that nothing makes yet", command, note=True)
    by_place = Counter(place for place in places.values() if place is not None)
    for place in sorted(by_place):
        of_place = [name for name in names if places[name] == place]
        shown = ", ".join(of_place[:OTHERS]) + (" ..." if len(of_place) > OTHERS else "")
        yield Finding("datasets", f"{shown} in {place}")
    yield from _across(look.catalog, places)
    yield from _far(look.catalog, places)


def _across(catalog: Catalog, places: dict[str, str | None]) -> Iterator[Finding]:
    """Processors whose tables are in more than one place."""
    for name, processor in sorted(catalog.processors.items()):
        touched = {place for table in processor.tables if (place := places.get(table.partition(".")[0]))}
        if len(touched) > 1:
            said = f"processor {name} touches tables in {' and '.join(sorted(touched))}, which no one statement can"
            yield Finding("datasets", said, "cloud.google.com/bigquery/docs/managing-datasets#copy-datasets", note=True)


def _far(catalog: Catalog, places: dict[str, str | None]) -> Iterator[Finding]:
    """Regions of jobs that are in none of the places of the data."""
    known = {place for place in places.values() if place}
    regions = sorted({job.region for job in catalog.jobs.values()})
    far = [region for region in regions if known and not any(_within(region, place) for place in known)]
    if far:
        said = f"jobs in {', '.join(far)} call from elsewhere than the data is"
        yield Finding("datasets", f"{said}; what they start should run in {' or '.join(sorted(known))}")


def _within(region: str, place: str) -> bool:
    return region.startswith(MULTI_REGIONS.get(place.upper(), place.lower()))


def provider_lock(look: Look) -> Iterator[Finding]:
    """Terraform's lock of the provider is there, as the stacks want it, and good for more machines than this one."""
    if look.environment.name == LOCAL:
        yield Finding("provider", "the local target's own")
        return
    wrong = False
    stacks = stacks_of(look.catalog)
    for name in stacks:
        stack = Stack(environment=look.environment, name=name)
        file = stack.folder / LOCK_FILE
        if not file.exists():
            continue
        if asks_for_another_provider(stack.folder):
            wrong = True
            yield Finding("provider", f"{file} is of another version than the stack; the next deploy changes it", note=True)
        elif not re.search(r'"zh:', file.read_text(encoding="utf-8", errors="replace")):
            wrong = True
            lock = f"{terraform_binary()} -chdir={stack.folder} providers lock -platform=linux_amd64 -platform=darwin_arm64"
            yield Finding("provider", f"{file} is good for this kind of machine only; for others", lock, note=True)
    if not any((Stack(environment=look.environment, name=name).folder / LOCK_FILE).exists() for name in stacks):
        yield Finding("provider", f"not locked here yet; {make('plan')} does that")
    elif not wrong:
        yield Finding("provider", "locked, for several kinds of machines")
