"""Cloud Storage for the commands: a client, flags that are left over, and the bucket of Terraform's state and its locks."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from interlock.gcp import CloudError, local_url
from interlock.gcp.credentials import local_credentials, send_as_asked
from interlock.holds import FLAG_PREFIX, parse_object_name
from interlock.runtime.ports import Item

if TYPE_CHECKING:
    from google.cloud.storage import Client

MAX_CONTENT_BYTES = 1_000_000
PATIENCE_SECONDS = 15
"""How long a read is tried again: Google's default of two minutes is silence to who waits for it."""


@contextmanager
def cloud_errors(what: str) -> Iterator[None]:
    """Makes a CloudError that begins with `what` of whatever Google's library raises when it can't ask, or is refused."""
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError

    try:
        yield
    except (GoogleAPIError, GoogleAuthError, OSError) as error:
        raise CloudError(f"{what}: {error}") from error


@dataclass(frozen=True, kw_only=True)
class StateLock:
    """Who holds the lock of a Terraform state. `id` is what `terraform force-unlock` takes: the generation of the object."""

    id: str
    who: str
    operation: str
    created: str


def list_flags(project: str, bucket: str, backfills: Collection[str]) -> list[Item]:
    """Every flag of `backfills`, active or not. CloudError when they can't be listed."""
    flags = ((item, parse_object_name(item.name)) for item in list_every_flag(project, bucket))
    return [item for item, flag in flags if flag and flag.scope.removeprefix("backfill/") in backfills]


def list_every_flag(project: str, bucket: str) -> list[Item]:
    """What there is under the flags' prefix. CloudError when it can't be listed."""
    with cloud_errors(f"the flags in bucket {bucket} can't be listed"):
        blobs = list(storage_client(project).list_blobs(bucket, prefix=FLAG_PREFIX))
    return [Item(name=blob.name, generation=int(blob.generation), created=blob.time_created) for blob in blobs]


def remove_flags(project: str, bucket: str, flags: Collection[Item]) -> list[str]:
    """Deletes these flags, each only as it was listed: one that somebody has written since stays. The names of those that were
    deleted. CloudError when it can't be done."""
    from google.api_core.exceptions import NotFound, PreconditionFailed

    removed = []
    with cloud_errors(f"the flags in bucket {bucket} can't be removed"):
        client = storage_client(project)
        for flag in flags:
            with suppress(NotFound, PreconditionFailed):
                client.bucket(bucket).blob(flag.name).delete(if_generation_match=flag.generation)
                removed.append(flag.name)
    return removed


def read_lock(project: str, bucket: str, prefix: str) -> StateLock | None:
    """The lock of the state under `prefix`, or None when nobody holds it or it can't be read.

    The gcs backend keeps it beside the state, and takes the generation as its id:
    https://github.com/hashicorp/terraform/blob/v1.11.4/internal/backend/remote-state/gcs/client.go
    """
    info = None
    with suppress(CloudError, ValueError), cloud_errors("the lock can't be read"):
        if blob := storage_client(project).bucket(bucket).get_blob(f"{prefix}/default.tflock"):
            info = json.loads(blob.download_as_bytes())
    if not isinstance(info, dict):
        return None
    who, operation, created = (str(info.get(key, "unknown")) for key in ("Who", "Operation", "Created"))
    operation = operation.removeprefix("OperationType").lower()  # as Terraform writes it: OperationTypeApply
    return StateLock(id=str(blob.generation), who=who, operation=operation, created=created)


def read_state(project: str, bucket: str, prefix: str) -> str | None:
    """The Terraform state under `prefix`, where the gcs backend keeps it; None when there is none yet. CloudError."""
    from google.api_core.exceptions import NotFound
    from google.cloud.storage.retry import DEFAULT_RETRY

    retry = DEFAULT_RETRY.with_timeout(PATIENCE_SECONDS)
    with cloud_errors(f"the state gs://{bucket}/{prefix} can't be read"), suppress(NotFound):
        content: bytes = storage_client(project).bucket(bucket).blob(f"{prefix}/default.tfstate").download_as_bytes(retry=retry)
        return content.decode(errors="replace")
    return None


def list_states(project: str, bucket: str, prefix: str) -> dict[str, int]:
    """Under which prefixes there are Terraform states, of those that begin with `prefix`, each with its generation; sorted.
    CloudError."""
    end = "/default.tfstate"
    with cloud_errors(f"the states in bucket {bucket} can't be listed"):
        blobs = {str(blob.name): int(blob.generation) for blob in storage_client(project).list_blobs(bucket, prefix=prefix)}
    return {name.removesuffix(end): blobs[name] for name in sorted(blobs) if name.endswith(end)}


def has_bucket(project: str, bucket: str, *, hidden_is_none: bool = False) -> bool:
    """Whether the bucket is there. CloudError when Google does not answer that.

    `hidden_is_none`: one that is not to be seen is none, as Google may say that of one that is not there (java-storage #1372).
    """
    from google.api_core.exceptions import Forbidden

    with cloud_errors(f"project {project} can't be asked for bucket {bucket}"):
        try:
            return storage_client(project).lookup_bucket(bucket) is not None
        except Forbidden:
            if hidden_is_none:
                return False
            raise


def ensure_state_bucket(project: str, bucket: str, location: str) -> bool:
    """Makes the bucket for Terraform's state unless it is there: versioned, uniform access, never public. True when made.

    Of one that is not there Google may also say that it is not to be seen (java-storage #1372), so that is tried, too.
    """
    from google.api_core.exceptions import Conflict, Forbidden

    hidden: Forbidden | None = None
    with cloud_errors(f"the state bucket {bucket} can't be made in project {project}"):
        client = storage_client(project)
        try:
            if client.lookup_bucket(bucket) is not None:
                return False
        except Forbidden as error:
            hidden = error
        new = client.bucket(bucket)
        new.versioning_enabled = True
        new.iam_configuration.uniform_bucket_level_access_enabled = True
        new.iam_configuration.public_access_prevention = "enforced"
        try:
            client.create_bucket(new, location=location)
        except Conflict as taken:
            raise hidden or taken from None
    return True


def remove_state_bucket(project: str, bucket: str) -> None:
    """Deletes the state bucket with every version of every state in it, unless a state still holds resources: CloudError."""
    with cloud_errors(f"the state bucket {bucket} can't be deleted"):
        client = storage_client(project)
        if (found := client.lookup_bucket(bucket)) is None:
            return
        for blob in client.list_blobs(bucket):
            if blob.name.endswith(".tfstate") and json.loads(blob.download_as_bytes()).get("resources"):
                raise CloudError(f"gs://{bucket}/{blob.name} still holds resources; destroy the stack first: make destroy")
        for blob in client.list_blobs(bucket, versions=True):
            found.blob(blob.name, generation=blob.generation).delete()
        found.delete()


def storage_client(project: str) -> Client:
    """A client of Cloud Storage, or of the stand-in."""
    preload()
    from google.cloud.storage import Client

    if (url := local_url()) is None:
        client = Client(project=project)
    else:
        client = Client(project=project, credentials=local_credentials(), client_options={"api_endpoint": url})
    send_as_asked(client._http)
    return client


def preload() -> None:
    """Imports what a client takes, which is most of what a command waits for that asks the bucket one thing."""
    # Else the client also requests the bucket itself, in a thread of its own, which the coordinator may not:
    # google/cloud/storage/_bucket_metadata_cache.py
    os.environ.setdefault("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")
    import google.auth.transport.requests
    import google.cloud.storage  # noqa: F401
