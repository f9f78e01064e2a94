"""The coordinator: a Cloud Run function over HTTP, its sources, and who may call it.

One instance and one request at a time, so that reconciles rarely meet; Google may exceed the bound for a moment, so it is no
mutex: https://cloud.google.com/run/docs/configuring/max-instances
"""

from __future__ import annotations

from pathlib import Path

from interlock.environment import Environment
from interlock.pasted import LOCAL
from interlock.runtime.callers_of import callers
from stacks.accounts import Accounts, names_of
from stacks.archive import ENTRY_POINT, archive_name
from stacks.cdk import (
    BaseStack,
    Cloudfunctions2Function,
    Cloudfunctions2FunctionBuildConfig,
    Cloudfunctions2FunctionBuildConfigSource,
    Cloudfunctions2FunctionBuildConfigSourceStorageSource,
    Cloudfunctions2FunctionServiceConfig,
    CloudRunV2ServiceIamMember,
    ITerraformDependable,
    StorageBucketObject,
    literal,
)

RUNTIME = "python312"
TIMEOUT_SECONDS = 300
"""Of a request, and of the timers' attempts. Pausing 200 jobs takes seconds; the rest is for the waits between retries."""
MEMORY = "512Mi"
PREFIX = "coordinator/"
"""Of the archive's object in the coordination bucket."""
UP_TO_THE_OUTPUT = "../.."
"""From a stack's own folder to the output folder."""


def add_function(
    stack: BaseStack,
    env: Environment,
    accounts: Accounts,
    *,
    archive: bytes,
    output: Path,
    bucket: ITerraformDependable,
    apis: ITerraformDependable,
) -> Cloudfunctions2Function:
    """The function; its sources, the `archive`, are written into `output`, beside the stacks."""
    source = _source(stack, env, archive=archive, output=output, bucket=bucket)
    function = Cloudfunctions2Function(
        stack.among(Cloudfunctions2Function),
        "coordinator",
        name=env.coordinator.name,
        location=env.coordinator.region,
        description="Opens and closes windows, ends holds, catches up missed runs and says when something is left paused",
        build_config=Cloudfunctions2FunctionBuildConfig(
            runtime=RUNTIME,
            entry_point=ENTRY_POINT,
            service_account=accounts.build.id,
            source=Cloudfunctions2FunctionBuildConfigSource(
                storage_source=Cloudfunctions2FunctionBuildConfigSourceStorageSource(
                    # Left out, an update would send the generation of the archive before.
                    bucket=env.bucket,
                    object=source.name,
                    generation=source.generation,
                )
            ),
        ),
        service_config=Cloudfunctions2FunctionServiceConfig(
            service_account_email=accounts.coordinator.email,
            min_instance_count=0,
            max_instance_count=1,
            max_instance_request_concurrency=1,
            available_cpu="1",
            available_memory=MEMORY,
            timeout_seconds=TIMEOUT_SECONDS,
            ingress_settings="ALLOW_ALL",  # operators call it from where they are; IAM says who may
            all_traffic_on_latest_revision=True,
            environment_variables=variables(env),
        ),
        labels={"managed-by": "interlock"},
        depends_on=[apis, *accounts.build_access],
    )
    invokers = {"timers": accounts.timers.member, "push": accounts.push.member}
    invokers |= {f"operator-{name}": member for member, name in names_of(env.coordinator.operators).items()}
    for name, member in invokers.items():
        CloudRunV2ServiceIamMember(
            stack.among(CloudRunV2ServiceIamMember),
            name,
            # The service behind a function has the function's name.
            name=env.coordinator.name,
            location=env.coordinator.region,
            role="roles/run.invoker",
            member=member,
            depends_on=[function],
        )
    return function


def variables(env: Environment) -> dict[str, str]:
    """What the coordinator has to know of its environment; everything else is in the declaration."""
    return {
        "INTERLOCK_PROJECT": env.project,
        "INTERLOCK_BUCKET": env.bucket,
        "INTERLOCK_CALLERS": literal(callers(env).to_json()),
    }


def _source(
    stack: BaseStack, env: Environment, *, archive: bytes, output: Path, bucket: ITerraformDependable
) -> StorageBucketObject:
    """The archive as an object. Not created before its predecessor is destroyed: where only the path of `source` changes, which
    also replaces it, both have one name, and the new one would be gone."""
    name = archive_name(archive)
    for old in output.glob("coordinator-*.zip"):
        old.unlink()
    (output / name).write_bytes(archive)
    path = f"{UP_TO_THE_OUTPUT}/{name}"
    return StorageBucketObject(
        stack,
        "source",
        bucket=env.bucket,
        name=PREFIX + name,
        # From the folder of the stack, where Terraform runs, so that a plan is the same on every machine. The local target's
        # provider runs in another folder and takes absolute paths only.
        source=f'${{abspath("{path}")}}' if env.name == LOCAL else path,
        content_type="application/zip",
        depends_on=[bucket],
    )
