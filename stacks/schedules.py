"""The stack `schedules`: the Cloud Scheduler jobs, and the backfill switch that pauses those which a backfill needs still.

What is on lives in the bucket as flag objects, which this stack writes, and which every plan lists anew. So a plan that nobody
asks anything of keeps what is on and drops what has ended, and two owners don't end each other's backfills.
"""

from __future__ import annotations

from dataclasses import replace

from interlock.catalog import Catalog
from interlock.declare import declare
from interlock.environment import Environment
from interlock.holds import FLAG_PREFIX, HOLD_PREFIX
from interlock.runtime.declaration_file import OBJECT, to_json
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
from stacks.guards import add_checks, add_guard, add_variables
from stacks.held import DECLARATIONS_LISTING, expressions, flag_name, inputs
from stacks.jobs import add_jobs

STACK = "schedules"


class SchedulesStack(BaseStack):
    """The jobs of `catalog` in `env`."""

    def __init__(self, scope: Construct, *, catalog: Catalog, env: Environment) -> None:
        super().__init__(scope, STACK, env=env)
        add_variables(self, env)
        self._read_the_bucket()
        for name, value in {**inputs(catalog, env), **expressions()}.items():
            self.local(name, value)
        guard = add_guard(self, env)
        declaration = self._declaration(catalog, after=guard)
        flags = self._flags(after=guard)
        add_jobs(self, catalog, env, after=[guard, declaration, flags])
        add_checks(self, env)
        self._outputs()
        self.facts(stack_facts(catalog, env.name))

    def _read_the_bucket(self) -> None:
        """Read while planning: the bucket by its name, and no depends_on, which would make every `paused` known only after
        the apply. So the bucket has to exist; `coordination` is deployed first."""
        bucket = self.env.bucket
        DataGoogleStorageBucketObjects(self, "listing-flags", bucket=bucket, prefix=FLAG_PREFIX).override_logical_id("flags")
        DataGoogleStorageBucketObjects(self, "listing-holds", bucket=bucket, prefix=HOLD_PREFIX).override_logical_id("holds")
        active = DataGoogleStorageBucketObjectContent(self, "content-active", bucket=bucket, name="${each.value}")
        active.override_logical_id("active")
        self.for_each(active, "${local.objects_read}")
        listing = DataGoogleStorageBucketObjects(self, "listing-declarations", bucket=bucket, prefix=OBJECT)
        listing.override_logical_id("declarations")
        # By a listing: what is not there yet can't be read, and that fails the plan.
        deployed = DataGoogleStorageBucketObjectContent(self, "content-deployed", bucket=bucket, name="${each.value}")
        deployed.override_logical_id("deployed")
        self.for_each(
            deployed, f'${{toset([for one in {DECLARATIONS_LISTING}.bucket_objects : one.name if one.name == "{OBJECT}"])}}'
        )

    def _declaration(self, catalog: Catalog, *, after: ITerraformDependable) -> StorageBucketObject:
        """What the coordinator goes by, there before the first job changes: it never acts on jobs by an older catalog."""
        declared = declare(catalog, self.env, declared_digests(catalog, self.env))
        declaration = StorageBucketObject(
            self,
            "declaration",
            bucket=self.env.bucket,
            name=OBJECT,
            content=literal(to_json(replace(declared, about=about(catalog, self.env.name)))),
            content_type="application/json",
            depends_on=[after],
        )
        declaration.override_logical_id("declaration")
        return declaration

    def _flags(self, *, after: ITerraformDependable) -> StorageBucketObject:
        """One flag for each backfill that is on. Its content (docs/flags.md) says what was true when it was written, and is not
        kept up to date: the jobs in it stay held, and a later catalog may not lose them. An extension takes them over."""
        flags = StorageBucketObject(
            self,
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
        self.for_each(flags, "${local.active}")
        return flags

    def _outputs(self) -> None:
        """What a plan says about backfills. Never about runtime holds: a deploy inside an open window is an empty plan."""
        self.output("backfills_on", "${local.active}", "The backfills that are on after this plan, each with its end.")
        self.output("backfills_declared", "${keys(local.declared)}", "The backfills that can be turned on.")
