"""The only place that imports cdktf and the provider's bindings, and what every stack begins with.

The bindings are `imports/`, which `make setup` has `cdktf get` make: of the types that the local target serves, and of the
version that cdktf.json names. cdktf is archived; leaving it for cdktn means changing this file's imports.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

# jsii's banner about a Node.js that ends, has ended (of these major versions) or is newer than jsii, and what Node.js warns of,
# would be [ERROR] lines of every cdktf command.
os.environ.setdefault("JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION", "1")
os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20,22,24")
os.environ.setdefault("JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION", "1")
os.environ.setdefault("NODE_NO_WARNINGS", "1")

from cdktf import (
    App,
    GcsBackend,
    ITerraformDependable,
    Precondition,
    TerraformDataSource,
    TerraformElement,
    TerraformOutput,
    TerraformResource,
    TerraformResourceLifecycle,
    TerraformStack,
    TerraformVariable,
    TerraformVariableValidationConfig,
    Token,
)
from constructs import Construct
from imports.google.cloud_run_v2_service_iam_member import CloudRunV2ServiceIamMember
from imports.google.cloud_scheduler_job import (
    CloudSchedulerJob,
    CloudSchedulerJobAppEngineHttpTarget,
    CloudSchedulerJobAppEngineHttpTargetAppEngineRouting,
    CloudSchedulerJobHttpTarget,
    CloudSchedulerJobHttpTargetOauthToken,
    CloudSchedulerJobHttpTargetOidcToken,
    CloudSchedulerJobPubsubTarget,
    CloudSchedulerJobRetryConfig,
)
from imports.google.cloudfunctions2_function import (
    Cloudfunctions2Function,
    Cloudfunctions2FunctionBuildConfig,
    Cloudfunctions2FunctionBuildConfigSource,
    Cloudfunctions2FunctionBuildConfigSourceStorageSource,
    Cloudfunctions2FunctionServiceConfig,
)
from imports.google.data_google_storage_bucket_object_content import (
    DataGoogleStorageBucketObjectContent,
)
from imports.google.data_google_storage_bucket_objects import DataGoogleStorageBucketObjects
from imports.google.logging_metric import (
    LoggingMetric,
    LoggingMetricBucketOptions,
    LoggingMetricBucketOptionsExplicitBuckets,
    LoggingMetricMetricDescriptor,
    LoggingMetricMetricDescriptorLabels,
)
from imports.google.monitoring_alert_policy import (
    MonitoringAlertPolicy,
    MonitoringAlertPolicyAlertStrategy,
    MonitoringAlertPolicyAlertStrategyNotificationRateLimit,
    MonitoringAlertPolicyConditions,
    MonitoringAlertPolicyConditionsConditionAbsent,
    MonitoringAlertPolicyConditionsConditionAbsentAggregations,
    MonitoringAlertPolicyConditionsConditionMatchedLog,
    MonitoringAlertPolicyConditionsConditionThreshold,
    MonitoringAlertPolicyConditionsConditionThresholdAggregations,
    MonitoringAlertPolicyDocumentation,
)
from imports.google.monitoring_dashboard import MonitoringDashboard
from imports.google.monitoring_notification_channel import MonitoringNotificationChannel
from imports.google.project_iam_custom_role import ProjectIamCustomRole
from imports.google.project_iam_member import ProjectIamMember, ProjectIamMemberCondition
from imports.google.project_service import ProjectService
from imports.google.provider import GoogleProvider
from imports.google.pubsub_subscription import (
    PubsubSubscription,
    PubsubSubscriptionExpirationPolicy,
    PubsubSubscriptionPushConfig,
    PubsubSubscriptionPushConfigOidcToken,
    PubsubSubscriptionRetryPolicy,
)
from imports.google.pubsub_topic import PubsubTopic
from imports.google.pubsub_topic_iam_member import PubsubTopicIamMember
from imports.google.service_account import ServiceAccount
from imports.google.storage_bucket import (
    StorageBucket,
    StorageBucketLifecycleRule,
    StorageBucketLifecycleRuleAction,
    StorageBucketLifecycleRuleCondition,
    StorageBucketVersioning,
)
from imports.google.storage_bucket_iam_member import (
    StorageBucketIamMember,
    StorageBucketIamMemberCondition,
)
from imports.google.storage_bucket_object import StorageBucketObject

from interlock.catalog import Json
from interlock.environment import ONLY_UNDER_LOCAL_RUN, Environment
from interlock.pasted import LOCAL
from interlock.terraform.facts import KEY
from interlock.terraform.imports import FILE as IMPORTS

TERRAFORM_VERSION = ">= 1.11, < 2.0"
"""The oldest that the tests run on. What is written needs 1.9, the first in which a variable's validation may read locals."""


def check_bindings(root: Path) -> None:
    """ImportError where the bindings in the repository `root` are not whole, or were made for another version of the provider
    than its cdktf.json names: that one is what they ask Terraform for."""
    wanted = json.loads((root / "cdktf.json").read_text(encoding="utf-8"))
    folder, asked = wanted["codeMakerOutput"], wanted["terraformProviders"]
    written = root / folder / "constraints.json"
    made = json.loads(written.read_text(encoding="utf-8"))["providers"] if written.exists() else {}
    if (found := [f"{name}@{version}" for name, version in made.items()]) != asked:
        raise ImportError(f"made for {', '.join(found) or 'nothing'} instead of {', '.join(asked)}", name=folder)


check_bindings(Path(__file__).parents[1])


def literal(text: str) -> str:
    """`text` as Terraform must write it to mean just this text: JSON strings are templates, so `${` and `%{` are doubled."""
    return text.replace("${", "$${").replace("%{", "%%{")


def quoted(text: str) -> str:
    """`text` as a string inside an expression, in quotes and escaped."""
    return literal(json.dumps(text))


def beside(facts: Mapping[str, Json]) -> dict[str, Json]:
    """`facts` as they stand beside the arguments of a resource, where Terraform ignores them and the policies read them."""
    return {"//": {KEY: dict(facts)}}


def write(app: App) -> None:
    """Synthesizes every stack of `app`, without the construct paths that cdktf writes into each resource: its command line
    would put them into Terraform's output instead of the addresses, and mangle a name that begins with another's.

    The version of Terraform goes to a file of its own: checkov (3.3.30, terraform_json/parser.py) expects only blocks under
    `terraform`, refuses the file for this text, and checks nothing of it."""
    app.synth()
    _forget_other_stacks(Path(app.outdir))
    for path in sorted(Path(app.outdir).glob("stacks/*/cdk.tf.json")):
        stack = json.loads(path.read_text(encoding="utf-8"))
        for blocks in (stack.get("resource", {}), stack.get("data", {})):
            for resource in (resource for named in blocks.values() for resource in named.values()):
                resource.get("//", {}).pop("metadata", None)
                if not resource.get("//", True):
                    del resource["//"]
        path.write_text(json.dumps(stack, indent=2) + "\n", encoding="utf-8")
        path.with_name("versions.tf").write_text(
            f'terraform {{\n  required_version = "{TERRAFORM_VERSION}"\n}}\n', encoding="utf-8"
        )
        path.with_name(IMPORTS).unlink(missing_ok=True)  # of an earlier day; a block too many fails every plan
        _forget_other_backend(path.with_name(".terraform") / "terraform.tfstate", stack["terraform"].get("backend", {}))


def _forget_other_stacks(output: Path) -> None:
    """Removes the folders of stacks that the last synth has not written: of platforms that are gone, or were one. A rule takes
    what lies there for a neighbour."""
    written = json.loads((output / "manifest.json").read_text(encoding="utf-8"))["stacks"]
    for folder in (output / "stacks").iterdir():
        if folder.is_dir() and folder.name not in written:
            shutil.rmtree(folder)


def _forget_other_backend(pointer: Path, written: Mapping[str, Mapping[str, Json]]) -> None:
    """Removes what `terraform init` has noted of where the state lies, where an earlier version of ours wrote that with other
    credentials: `init` would ask to migrate or to reconfigure. Of where it lies nothing else has changed."""
    try:
        noted = json.loads(pointer.read_text(encoding="utf-8"))["backend"]
        known = {name: value for name, value in noted["config"].items() if value is not None}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return
    wanted = dict(written.get(str(noted["type"]), {}))
    if known.pop("credentials", None) != wanted.pop("credentials", None) and known == wanted:
        pointer.unlink()


class BaseStack(TerraformStack):
    """A stack of one environment: its provider, its state, and nothing that differs between machines or days."""

    def __init__(self, scope: Construct, stack: str, *, env: Environment) -> None:
        super().__init__(scope, stack)
        self.env = env
        self._kinds: dict[type[TerraformElement], Construct] = {}
        # Without the label goog-terraform-provisioned: what is written here is all that there is, and an import stays one.
        GoogleProvider(self, "google", project=env.project, region=env.location, add_terraform_attribution_label=False)
        # Terraform reads the state before anything else. It takes an access token before credentials, and `local run` sets one;
        # without it these can't be read, so that Terraform says what they say and calls nobody. docs/traps.md has the rest.
        nobody = json.dumps({"type": ONLY_UNDER_LOCAL_RUN}) if env.name == LOCAL else None
        GcsBackend(self, bucket=env.state_bucket, prefix=f"interlock/{env.name}/{stack}", credentials=nobody)

    def among(self, kind: type[TerraformElement]) -> Construct:
        """Where constructs of this kind go: there the id of each is its name in Terraform. cdktf has one namespace for all of a
        stack and Terraform one for each kind, and to give a construct another name than its id is one more call of jsii.

        A construct called Default leaves no trace in the names below it, and one in another opens the next namespace.
        https://github.com/hashicorp/terraform-cdk/blob/v0.21.0/packages/cdktf/lib/private/unique.ts"""
        if kind not in self._kinds:
            self._kinds[kind] = Construct(next(reversed(self._kinds.values()), self), "Default")
        return self._kinds[kind]

    def facts(self, facts: Mapping[str, Json]) -> None:
        """Writes `facts` beside the whole stack, as `beside` has them of a resource."""
        self.add_override(f"//.{KEY}", facts)

    def resources(self, kind: str, more: Mapping[str, Mapping[str, Json]]) -> None:
        """More arguments of resources of this kind, by their names, as Terraform's JSON: one call of jsii for all of them.
        Terraform refuses a kind without a resource."""
        if more:
            self.add_override(f"resource.{kind}", more)

    def local_values(self, values: Mapping[str, Json]) -> None:
        """All local values; expressions read each as `local.<name>`."""
        self.add_override("locals", values)

    def output(self, name: str, value: Json, description: str) -> None:
        """An output. Its id is its name: that is what the cdktf command line shows."""
        TerraformOutput(self, name, value=value, description=description)

    def variable(
        self,
        name: str,
        *,
        kind: str,
        default: Json,
        description: str,
        validations: Sequence[tuple[str, str]] = (),
    ) -> None:
        """A variable. `default` None is null, and only then may it be null. A validation is a condition, whole in one `${}`,
        and a message."""
        TerraformVariable(
            self.among(TerraformVariable),
            name,
            type=kind,
            default=Token.null_value() if default is None else default,
            nullable=default is None,
            description=description,
            validation=[
                TerraformVariableValidationConfig(condition=condition, error_message=message)
                for condition, message in validations
            ]
            or None,
        )

    def checks(self, checks: Mapping[str, tuple[str, str]]) -> None:
        """All check blocks, each a condition and a message: they warn in a plan. cdktf has no class for one."""
        blocks = {
            name: {"assert": [{"condition": condition, "error_message": message}]}
            for name, (condition, message) in checks.items()
        }
        self.add_override("check", blocks)

    def for_each(self, thing: TerraformResource | TerraformDataSource, expression: str) -> None:
        """One instance of a resource or data source for each element; cdktf's iterators can't say a plain expression."""
        thing.add_override("for_each", expression)

    def terraform_data(self, name: str, preconditions: Mapping[str, str]) -> TerraformResource:
        """A resource that does nothing but refuse the plan: each precondition's condition with its message."""
        return TerraformResource(
            self.among(TerraformResource),
            name,
            terraform_resource_type="terraform_data",
            lifecycle=TerraformResourceLifecycle(
                precondition=[
                    Precondition(condition=condition, error_message=message) for condition, message in preconditions.items()
                ]
            ),
        )
