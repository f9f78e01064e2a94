"""The stack `coordination`: what Interlock itself needs, deployed first. It owns the bucket of the flags and holds."""

from __future__ import annotations

from pathlib import Path

from interlock.apis import OF_STACKS
from interlock.catalog import Catalog
from interlock.environment import Environment
from interlock.verify.history import KEEP_OLD_VERSIONS
from stacks.accounts import add_accounts
from stacks.alerts_topic import add_alerts_topic
from stacks.cdk import (
    BaseStack,
    Construct,
    ProjectService,
    StorageBucket,
    StorageBucketLifecycleRule,
    StorageBucketLifecycleRuleAction,
    StorageBucketLifecycleRuleCondition,
    StorageBucketVersioning,
    quoted,
)
from stacks.function import add_function
from stacks.metrics import add_metrics
from stacks.timers import add_timers

STACK = "coordination"


class CoordinationStack(BaseStack):
    """The bucket, which `schedules` reads by name and without remote state, and the coordinator with all that wakes it.

    `archive` is the coordinator's, and `output` the folder of the synthesized stacks, where it is written.
    """

    def __init__(self, scope: Construct, *, catalog: Catalog, env: Environment, archive: bytes, output: Path) -> None:
        super().__init__(scope, STACK, env=env)
        apis = self._apis()
        bucket = self._bucket()
        accounts = add_accounts(self, env, bucket=bucket, apis=apis)
        function = add_function(self, env, accounts, archive=archive, output=output, bucket=bucket, apis=apis)
        add_timers(self, catalog, env, account=accounts.timers, after=function)
        add_alerts_topic(self, env, account=accounts.push, function=function, apis=apis)
        add_metrics(self, env, apis=apis)

    def _apis(self) -> ProjectService:
        """The APIs that the stacks use; others may use them too, so they stay on when this is destroyed."""
        apis = ProjectService(
            self, "apis", project=self.env.project, service="${each.value}.googleapis.com", disable_on_destroy=False
        )
        self.for_each(apis, f"${{toset([{', '.join(map(quoted, OF_STACKS))}])}}")
        return apis

    def _bucket(self) -> StorageBucket:
        return StorageBucket(
            self,
            "bucket",
            name=self.env.bucket,
            location=self.env.location.upper(),  # the API answers in capitals
            uniform_bucket_level_access=True,
            public_access_prevention="enforced",
            force_destroy=self.env.allow_destroy,
            versioning=StorageBucketVersioning(enabled=True),
            lifecycle_rule=[
                StorageBucketLifecycleRule(
                    action=StorageBucketLifecycleRuleAction(type="Delete"),
                    condition=StorageBucketLifecycleRuleCondition(days_since_noncurrent_time=KEEP_OLD_VERSIONS.days),
                )
            ],
            labels={"managed-by": "interlock", "purpose": "backfill-flags-and-holds"},
        )
