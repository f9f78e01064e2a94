"""The coordination bucket and Cloud Scheduler as `interlock.runtime.ports` needs them.

Nothing is tried again here: the core decides what may be repeated, and of a write that is repeated by a library nobody could
tell whose it was. Both libraries speak REST, also Cloud Scheduler's, whose gRPC transport says UNAVAILABLE for a connection
that broke as well as for a call that was turned down.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from interlock.actual import ActualJob
from interlock.gcp.scheduler import actual_job, regions, rest_client
from interlock.gcp.storage import storage_client
from interlock.names import plain
from interlock.runtime.declaration_file import MAX_BYTES
from interlock.runtime.ports import Item, NoBucket, Refused, Unknown
from interlock.secrets import scrubbed

if TYPE_CHECKING:
    from google.cloud import scheduler_v1, storage

CALL_SECONDS = 20
"""How long one call may take; then its outcome is not known."""
BAD_REQUEST, UNAUTHENTICATED, NOT_FOUND, PRECONDITION_FAILED = 400, 401, 404, 412
MAX_SAID = 300
"""Characters of an error that may quote all of an answer."""
EMPTY_RANGE = 416
"""The answer to a range of an object without content."""
NO_OUTCOME = frozenset({408, 500, 502, 504})
"""Statuses after which a write may have happened; 429 and 503 turn a request down before it is worked on.

https://cloud.google.com/storage/docs/retry-strategy
"""


class GoogleBucket:
    """A `ports.Bucket` in Cloud Storage."""

    def __init__(self, project: str, bucket: str) -> None:
        with calls():
            self._client: storage.Client = storage_client(project)
            self._bucket = self._client.bucket(bucket)

    def list(self, prefix: str) -> list[Item]:
        """The objects whose names begin with `prefix`."""
        try:
            with calls():
                found = self._client.list_blobs(self._bucket, prefix=prefix, retry=None, timeout=CALL_SECONDS)
                return [_item(blob) for blob in found]
        except Refused as refused:
            if refused.code == NOT_FOUND:
                raise NoBucket(refused.code, str(refused)) from refused
            raise

    def read(self, item: Item) -> bytes | None:
        """The content of that generation, or None when it is gone: in a bucket with versions an old one could still be read."""
        try:
            with calls():
                content: bytes = self._bucket.blob(item.name).download_as_bytes(
                    if_generation_match=item.generation, end=MAX_BYTES, retry=None, timeout=CALL_SECONDS
                )
        except Refused as refused:
            if refused.code in (PRECONDITION_FAILED, NOT_FOUND):
                return None
            if refused.code == EMPTY_RANGE:
                return b""
            raise
        return content

    def create(self, name: str, content: bytes) -> bool:
        """Writes an object that must not exist; False when it does."""
        try:
            with calls():
                self._bucket.blob(name).upload_from_string(
                    content, content_type="application/json", if_generation_match=0, retry=None, timeout=CALL_SECONDS
                )
        except Refused as refused:
            if refused.code == PRECONDITION_FAILED:
                return False
            raise
        return True

    def delete(self, item: Item) -> bool:
        """Deletes exactly that generation; False when it is gone or another."""
        try:
            with calls():
                self._bucket.blob(item.name).delete(if_generation_match=item.generation, retry=None, timeout=CALL_SECONDS)
        except Refused as refused:
            if refused.code in (PRECONDITION_FAILED, NOT_FOUND):
                return False
            raise
        return True


class GoogleScheduler:
    """A `ports.Scheduler` in Cloud Scheduler."""

    def __init__(self, project: str) -> None:
        self._project = project

    @cached_property
    def _client(self) -> scheduler_v1.CloudSchedulerClient:
        """Made when it is needed first: its library takes longer to import than a command runs that only reads the bucket. To
        be asked for within `calls`."""
        return rest_client()

    def list(self, region: str) -> list[ActualJob]:
        """Every job of the region."""
        parent = f"projects/{self._project}/locations/{region}"
        with calls():
            return [actual_job(job, region) for job in self._client.list_jobs(parent=parent, retry=None, timeout=CALL_SECONDS)]

    def regions(self) -> Sequence[str]:
        """Every region that Cloud Scheduler serves the project in, sorted."""
        with calls():
            return regions(self._client, self._project, CALL_SECONDS)

    def pause(self, region: str, job: str) -> None:
        """Pauses an enabled job; nothing is wrong with one that somebody has paused meanwhile."""
        with self._or_is("PAUSED", region, job), calls():
            self._client.pause_job(name=self._name(region, job), retry=None, timeout=CALL_SECONDS)

    def resume(self, region: str, job: str) -> None:
        """Resumes a paused job; nothing is wrong with one that somebody has resumed meanwhile."""
        with self._or_is("ENABLED", region, job), calls():
            self._client.resume_job(name=self._name(region, job), retry=None, timeout=CALL_SECONDS)

    def run(self, region: str, job: str) -> None:
        """Starts a run now. Turned down for sure, or `Unknown`: no server's error means that nothing was started."""
        try:
            with calls():
                self._client.run_job(name=self._name(region, job), retry=None, timeout=CALL_SECONDS)
        except Refused as refused:
            if refused.code >= 500:
                raise Unknown(str(refused)) from refused
            raise

    @contextmanager
    def _or_is(self, state: str, region: str, job: str) -> Iterator[None]:
        """Takes a refusal for no failure where the job is as it was to be. The reference says that a job must be ENABLED to be
        paused and PAUSED to be resumed; whether the other is refused nobody says, nor in which words.

        https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs/pause
        """
        try:
            yield
        except Refused as refused:
            if refused.code != BAD_REQUEST:
                raise
            with calls():
                found = self._client.get_job(name=self._name(region, job), retry=None, timeout=CALL_SECONDS)
            if found.state.name != state:
                raise

    def _name(self, region: str, job: str) -> str:
        return f"projects/{self._project}/locations/{region}/jobs/{job}"


def _item(blob: storage.Blob) -> Item:
    return Item(
        name=blob.name,
        generation=int(blob.generation),
        created=blob.time_created,
        size=blob.size,
        metadata=blob.metadata or {},
    )


@contextmanager
def calls() -> Iterator[None]:
    """Google's exceptions as the ports': a status that refuses, or no outcome that is known. What they say is logged, and
    Google may repeat in it what a job says."""
    from google.api_core.exceptions import GoogleAPICallError, GoogleAPIError
    from google.auth.exceptions import GoogleAuthError

    try:
        yield
    except GoogleAPICallError as error:
        if error.code is None or int(error.code) in NO_OUTCOME:
            raise Unknown(scrubbed(str(error))) from error
        raise Refused(int(error.code), scrubbed(str(error))) from error
    except GoogleAuthError as error:  # before anything was sent
        raise Refused(UNAUTHENTICATED, scrubbed(str(error))) from error
    except (GoogleAPIError, OSError) as error:  # OSError: requests, and time-outs
        raise Unknown(scrubbed(str(error))) from error
    except Exception as error:
        # An answer that is none of Google's, as a proxy's page or a damaged content: each library has errors of its own for it.
        said = f"an answer that can't be understood: {type(error).__name__}: {error}"
        raise Unknown(scrubbed(plain(said, MAX_SAID))) from error
