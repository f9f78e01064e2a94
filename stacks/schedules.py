"""The stack `schedules`, or `schedules-<platform>` of each of several platforms: the Cloud Scheduler jobs, and the backfill
switch that pauses those which a backfill needs still.

What is on lives in the bucket as flag objects, which this stack writes, and which every plan lists anew. So a plan that nobody
asks anything of keeps what is on and drops what has ended, and two owners don't end each other's backfills. Each stack goes by
all flags, and writes those of its own backfills.
"""

from __future__ import annotations

from dataclasses import replace

from interlock.catalog import Catalog
from interlock.declare import declare
from interlock.environment import Environment
from interlock.holds import FLAG_PREFIX, HOLD_PREFIX
from interlock.runtime.declaration_file import OBJECT, deployable, object_of
from interlock.shares import Share
from interlock.terraform.drift import declared_digests
from interlock.terraform.facts import stack_facts
from interlock.timing.about import about
from stacks.cdk import (
    BaseStack,
    Construct,
    DataGoogleStorageBucketObjectContent,
    DataGoogleStorageBucketObjects,
    ITerraformDependable,
    StorageBucketObject,
    TerraformResourceLifecycle,
    literal,
)
from stacks.guards import add_checks, add_guard, add_variables, judged
from stacks.held import DECLARATIONS_LISTING, expressions, flag_name, inputs
from stacks.jobs import add_jobs


class SchedulesStack(BaseStack):
    """The jobs of one `share` of `catalog` in `env`."""

    def __init__(self, scope: Construct, *, catalog: Catalog, env: Environment, share: Share) -> None:
        super().__init__(scope, share.stack, env=env)
        add_variables(self, env)
        self._read_the_bucket(share)
        self.local_values({**inputs(catalog, env, share), **expressions(share), **judged(env, share)})
        guard = add_guard(self, env, share)
        declaration = self._declaration(catalog, share, after=guard)
        flags = self._flags(share, after=guard)
        add_jobs(self, catalog, env, share.jobs, after=[guard, declaration, flags])
        add_checks(self)
        self._outputs(share)
        self.facts(stack_facts(catalog, env.name, share))

    def _read_the_bucket(self, share: Share) -> None:
        """Read while planning: the bucket by its name, and no depends_on, which would make every `paused` known only after
        the apply. So the bucket has to exist; `coordination` is deployed first."""
        bucket = self.env.bucket
        listings, contents = self.among(DataGoogleStorageBucketObjects), self.among(DataGoogleStorageBucketObjectContent)
        DataGoogleStorageBucketObjects(listings, "flags", bucket=bucket, prefix=FLAG_PREFIX)
        DataGoogleStorageBucketObjects(listings, "holds", bucket=bucket, prefix=HOLD_PREFIX)
        active = DataGoogleStorageBucketObjectContent(contents, "active", bucket=bucket, name="${each.value}")
        self.for_each(active, "${local.objects_read}")
        if not share.alone:
            return
        DataGoogleStorageBucketObjects(listings, "declarations", bucket=bucket, prefix=OBJECT)
        # By a listing: what is not there yet can't be read, and that fails the plan.
        deployed = DataGoogleStorageBucketObjectContent(contents, "deployed", bucket=bucket, name="${each.value}")
        self.for_each(
            deployed, f'${{toset([for one in {DECLARATIONS_LISTING}.bucket_objects : one.name if one.name == "{OBJECT}"])}}'
        )

    def _declaration(self, catalog: Catalog, share: Share, *, after: ITerraformDependable) -> StorageBucketObject:
        """What the coordinator goes by, there before the first job changes: it never acts on jobs by an older catalog."""
        digests = declared_digests(catalog, self.env, share.jobs)
        declared = declare(catalog, self.env, digests, share)
        return StorageBucketObject(
            self.among(StorageBucketObject),
            "declaration",
            bucket=self.env.bucket,
            name=object_of(share.platform),
            content=literal(deployable(replace(declared, about=about(catalog, self.env.name).of(share.jobs)))),
            content_type="application/json",
            depends_on=[after],
        )

    def _flags(self, share: Share, *, after: ITerraformDependable) -> StorageBucketObject:
        """One flag for each backfill that is on. Its content (docs/flags.md) says what was true when it was written, and is not
        kept up to date: the jobs in it stay held, and a later catalog may not lose them. An extension takes them over."""
        flags = StorageBucketObject(
            self.among(StorageBucketObject),
            "flags",
            bucket=self.env.bucket,
            name=flag_name("each.key", "each.value"),
            content="${jsonencode({backfill = each.key, until = each.value, reason = local.said[each.key].reason,"
            " owner = local.said[each.key].owner, jobs = local.names_of_flags[each.key],"
            " identities = local.identities_of_flags[each.key],"
            " tables = local.tables_of_flags[each.key]})}",
            content_type="application/json",
            # An extension writes the new flag before it deletes the old one: no moment without. The price is that a backfill
            # which ends gives its jobs back first and loses its flag last; interrupted in between, it is on again until it is
            # ended again. detect_md5hash is how the provider notices other content (resource_storage_bucket_object.go).
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True, ignore_changes=["content", "detect_md5hash"]),
            depends_on=[after],
        )
        self.for_each(flags, "${local.active}" if share.alone else "${local.written}")
        return flags

    def _outputs(self, share: Share) -> None:
        """What a plan says about backfills, and one of several stacks only about its own: a toggle of one would change what all
        say. Never about runtime holds: a deploy inside an open window is an empty plan."""
        on = "${local.active}" if share.alone else "${local.written}"
        self.output("backfills_on", on, "The backfills that are on after this plan, each with its end.")
        self.output("backfills_declared", "${keys(local.declared)}", "The backfills that can be turned on.")
