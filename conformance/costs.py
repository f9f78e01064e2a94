"""What a run makes and what it can cost, said before anything is made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from conformance.check import Check

JOB_A_DAY = 0.1 / 31
"""US dollars: https://cloud.google.com/scheduler/pricing, three jobs a month free."""
JOBS_OF_STACKS = 4
"""Three of the suite's catalog and the tick."""
FREE = (
    "Everything else of it is billed by use, in amounts that a run does not reach or that are cents: Cloud Build by the minute "
    "of a build, of which there are three (https://cloud.google.com/build/pricing), the images and archives of two functions "
    "(https://cloud.google.com/artifact-registry/pricing), Monitoring by the condition and month "
    "(https://cloud.google.com/stackdriver/pricing), BigQuery by the statement (https://cloud.google.com/bigquery/pricing)."
)


def what_it_makes(checks: Iterable[Check]) -> Iterator[str]:
    """A line each: what is made, and what that costs by Google's pages."""
    made = Counter[str]()
    for check in checks:
        made.update(check.creates)
    for what, number in sorted(made.items()):
        yield f"  {number} {what.removeprefix('google_')}" if number > 1 or what.startswith("google_") else f"  {what}"
    jobs = made["google_cloud_scheduler_job"] + (JOBS_OF_STACKS if "the three stacks" in made else 0)
    yield f"{jobs} Cloud Scheduler jobs for a day at most: {jobs * JOB_A_DAY:.2f} US dollars. {FREE}"
