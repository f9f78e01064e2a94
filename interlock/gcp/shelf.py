"""The board's objects in Cloud Storage, as `interlock.board.keeping` needs them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from interlock.board.keeping import PREFIX, Stored
from interlock.gcp.ports import CALL_SECONDS, NOT_FOUND, PRECONDITION_FAILED, calls
from interlock.gcp.storage import storage_client
from interlock.runtime.ports import Refused

if TYPE_CHECKING:
    from google.cloud import storage


class GoogleShelf:
    """A `keeping.Shelf`."""

    def __init__(self, project: str, bucket: str) -> None:
        with calls():
            self._client: storage.Client = storage_client(project)
            self._bucket = self._client.bucket(bucket)

    def look(self) -> Mapping[str, Stored]:
        """The board's objects, by name."""
        with calls():
            found = self._client.list_blobs(self._bucket, prefix=PREFIX, retry=None, timeout=CALL_SECONDS)
            return {
                blob.name: Stored(name=blob.name, generation=int(blob.generation), metadata=blob.metadata or {})
                for blob in found
            }

    def read(self, stored: Stored) -> bytes | None:
        """The content of that generation, which the library unpacks; None when it is gone."""
        try:
            with calls():
                content: bytes = self._bucket.blob(stored.name).download_as_bytes(
                    if_generation_match=stored.generation, retry=None, timeout=CALL_SECONDS
                )
        except Refused as refused:
            if refused.code in (PRECONDITION_FAILED, NOT_FOUND):
                return None
            raise
        return content

    def write(self, name: str, content: bytes, content_type: str, metadata: Mapping[str, str], generation: int) -> bool:
        """Replaces that generation. Nothing between the bucket and the reader keeps it:
        https://cloud.google.com/storage/docs/metadata#cache-control"""
        blob = self._bucket.blob(name)
        blob.cache_control, blob.content_encoding, blob.metadata = "no-store", "gzip", dict(metadata)
        try:
            with calls():
                blob.upload_from_string(
                    content, content_type=content_type, if_generation_match=generation, retry=None, timeout=CALL_SECONDS
                )
        except Refused as refused:
            if refused.code == PRECONDITION_FAILED:
                return False
            raise
        return True
