"""How long an attempt may take, and how often it is tried again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from interlock.names import rounded
from policies.rules.estate import JOB, Estate, Origin, Resource
from policies.rules.rule import rule
from policies.rules.values import NOTHING

SHORTEST, LONGEST = timedelta(seconds=15), timedelta(minutes=30)
LONGEST_OF_APP_ENGINE = timedelta(hours=24, seconds=15)
"""Of an attempt over HTTP: https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs"""
LEFT_OUT = timedelta(minutes=3)
"""What the provider's schema puts where no deadline is written, on a topic too: in a plan the two look alike."""
MOST_RETRIES = 5
"""The same page, RetryConfig."""
RETRY = ("retry_count", "min_backoff_duration", "max_backoff_duration", "max_doublings", "max_retry_duration")


@rule(
    15,
    "deadline",
    "An attempt over HTTP may take 15 s to 30 min, and no less than the run is expected to; a topic has no deadline",
    kinds=(JOB,),
    bad="deadline: 180s  # of a job whose run takes 4 minutes",
    good="deadline: 540s",
)
def deadline(job: Resource, estate: Estate) -> Iterator[str]:
    """An attempt that takes longer counts as failed and is tried again, while the first one still runs. On a topic the API
    ignores a deadline and never returns it, so that no plan is ever empty (the provider's documentation)."""
    limit = job.attributes.duration("attempt_deadline")
    longest = LONGEST_OF_APP_ENGINE if "app_engine_http_target" in job.attributes else LONGEST
    if "pubsub_target" in job.attributes:
        if limit is not None and not (estate.origin is Origin.PLAN and limit == LEFT_OUT):
            yield f"publishes to a topic and has an attempt_deadline of {rounded(limit)}; leave it out"
        return
    if limit is None:
        yield "has no attempt_deadline; write one, 15s to 1800s"
        return
    if not SHORTEST <= limit <= longest:
        yield f"its attempt_deadline is {rounded(limit)}; allowed: 15s to {rounded(longest)}"
    expected = job.facts.seconds("expect_s")
    if expected is not None and limit < expected:
        yield (
            f"its attempt_deadline is {rounded(limit)}, and the run is expected to take {rounded(expected)}; let it have longer"
        )


@rule(
    16,
    "retry",
    "A job says all five numbers of its retries",
    kinds=(JOB,),
    bad="retry_config: {retry_count: 3}",
    good="retry: standard  # a profile that says all five",
)
def retry(job: Resource) -> Iterator[str]:
    """What is left out is filled in by the API and kept by the provider: nobody reviews it, and taking a number away changes
    nothing (each is Optional+Computed in the provider's schema)."""
    block = job.attributes.block("retry_config")
    if block is None:
        yield "has no retry_config; write all five: " + ", ".join(RETRY)
        return
    if missing := [name for name in RETRY if name not in block]:
        yield f"its retry_config has no {' and no '.join(missing)}; write all five"
        return
    tries, doublings = block.number("retry_count"), block.number("max_doublings")
    shortest, longest = block.duration("min_backoff_duration"), block.duration("max_backoff_duration")
    block.duration("max_retry_duration")
    if tries is not None and not 0 <= tries <= MOST_RETRIES:
        yield f"its retry_count is {tries}; allowed: 0 to {MOST_RETRIES}"
    if doublings is not None and doublings < 0:
        yield f"its max_doublings is {doublings}; allowed: 0 and more"
    if shortest is not None and longest is not None and shortest > longest:
        yield f"waits {rounded(shortest)} at least and {rounded(longest)} at most; swap them"


@rule(
    17,
    "idempotent",
    "No job is tried again that starts what must not run twice",
    kinds=(JOB,),
    bad="retry: standard  # of a job that runs a processor with idempotent: false",
    good="retry: none",
)
def idempotent(job: Resource) -> Iterator[str]:
    """A retry follows an attempt that failed or took too long, and the second may have done its work. Cloud Scheduler delivers
    at least once anyway (cloud.google.com/scheduler/docs/overview), so the real cure is a processor that bears it. A job is not
    tried again when both retry_count and max_retry_duration are 0 (cloud.google.com/scheduler/docs/configuring/retry-jobs)."""
    unsafe = job.facts.texts("not_idempotent")
    block = job.attributes.block("retry_config") or NOTHING
    tries, lasts = block.number("retry_count"), block.duration("max_retry_duration")
    if unsafe and not tries and lasts:
        yield (
            f"is tried again for {rounded(lasts)} (max_retry_duration) and starts {', '.join(unsafe)}, not idempotent;"
            " write retry: none"
        )
    if unsafe and tries:
        yield f"is tried again {tries} times and starts {', '.join(unsafe)}, not idempotent; write retry: none"
