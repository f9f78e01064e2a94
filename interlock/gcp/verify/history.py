"""The past of the coordination bucket: every version of its flags, holds and ledger that is still there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from interlock.gcp import CloudError
from interlock.gcp.storage import MAX_CONTENT_BYTES, PATIENCE_SECONDS, cloud_errors, storage_client
from interlock.holds import FLAG_PREFIX, HOLD_PREFIX, decode
from interlock.runtime.ledger import HELD_PREFIX
from interlock.runtime.outside import MAX_CONCURRENT
from interlock.verify.history import PastHold, Version, told

PREFIXES = (FLAG_PREFIX, HOLD_PREFIX, HELD_PREFIX)


def read_versions(project: str, bucket: str) -> list[Version]:
    """Every version of every flag, hold and held object, old ones included. CloudError when they can't be listed."""
    from google.cloud.storage.retry import DEFAULT_RETRY

    retry = DEFAULT_RETRY.with_timeout(PATIENCE_SECONDS)
    with _asking(bucket):
        client = storage_client(project)
        listed = (client.list_blobs(bucket, prefix=prefix, versions=True, retry=retry) for prefix in PREFIXES)
        return [
            Version(name=blob.name, generation=int(blob.generation), created=blob.time_created, deleted=blob.time_deleted)
            for blobs in listed
            for blob in blobs
        ]


def read_contents(project: str, bucket: str, holds: Sequence[PastHold]) -> list[PastHold]:
    """The same with what their contents add; one that is gone by now adds nothing. CloudError when they can't be read."""
    from google.api_core.exceptions import NotFound, RequestRangeNotSatisfiable

    with _asking(bucket):
        found = storage_client(project).bucket(bucket)

        def read(past: PastHold) -> PastHold:
            blob = found.blob(past.version.name, generation=past.version.generation)
            try:
                return told(past, decode(blob.download_as_bytes(start=0, end=MAX_CONTENT_BYTES)))
            except (NotFound, RequestRangeNotSatisfiable):  # an object without content has no byte 0
                return past

        with ThreadPoolExecutor(max_workers=MAX_CONCURRENT) as pool:
            return list(pool.map(read, holds))


def keeps_versions(project: str, bucket: str) -> bool | None:
    """Whether the bucket keeps old versions; None where one may not see that (storage.buckets.get)."""
    from google.api_core.exceptions import Forbidden

    with _asking(bucket):
        try:
            return bool(storage_client(project).get_bucket(bucket).versioning_enabled)
        except Forbidden:
            return None


@contextmanager
def _asking(bucket: str) -> Iterator[None]:
    from google.api_core.exceptions import NotFound

    with cloud_errors(f"the bucket {bucket} can't be read"):
        try:
            yield
        except NotFound as error:
            raise CloudError(f"there is no bucket {bucket}; deploy the coordination stack first: make deploy") from error
