"""The stack `coordination`: what Interlock itself needs, deployed first. It owns the bucket of the flags and holds."""

from __future__ import annotations

from interlock.environment import Environment
from stacks.cdk import (
    BaseStack,
    Construct,
    StorageBucket,
    StorageBucketLifecycleRule,
    StorageBucketLifecycleRuleAction,
    StorageBucketLifecycleRuleCondition,
    StorageBucketVersioning,
)

STACK = "coordination"
KEEP_OLD_VERSIONS_DAYS = 90
"""A flag or hold that has been released can be read for so long afterwards: who held what, and why."""


class CoordinationStack(BaseStack):
    """The bucket. `schedules` reads it by name, without remote state."""

    def __init__(self, scope: Construct, *, env: Environment) -> None:
        super().__init__(scope, STACK, env=env)
        StorageBucket(
            self,
            "bucket",
            name=env.bucket,
            location=env.location.upper(),  # the API answers in capitals
            uniform_bucket_level_access=True,
            public_access_prevention="enforced",
            force_destroy=env.allow_destroy,
            versioning=StorageBucketVersioning(enabled=True),
            lifecycle_rule=[
                StorageBucketLifecycleRule(
                    action=StorageBucketLifecycleRuleAction(type="Delete"),
                    condition=StorageBucketLifecycleRuleCondition(days_since_noncurrent_time=KEEP_OLD_VERSIONS_DAYS),
                )
            ],
            labels={"managed-by": "interlock", "purpose": "backfill-flags-and-holds"},
        )
