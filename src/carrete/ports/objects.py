"""The bucket."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from carrete.domain.upload import Part
from carrete.ports.common import ProgressSink


@dataclass(frozen=True, slots=True)
class ObjectHead:
    """A stored object: its key, bytes and entity tag."""

    key: str
    size: int
    etag: str
    modified: datetime


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request that whoever holds it may make, with the headers that it must carry."""

    url: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class PartToSend:
    """A part that a client is about to send.

    Attributes:
        number: from 1.
        length: bytes.
        sha256: base64 of the SHA-256 of those bytes; S3 refuses others.
        expires_s: seconds until the URL is no longer valid.
    """

    number: int
    length: int
    sha256: str
    expires_s: int


@dataclass(frozen=True, slots=True)
class OpenUpload:
    """A multipart upload that was neither completed nor aborted."""

    key: str
    upload_id: str
    initiated: datetime


class ObjectStore(Protocol):
    """The bucket."""

    async def begin_upload(self, key: str, content_type: str) -> str:
        """Open a multipart upload with SHA-256 part checksums; returns S3's name for it."""
        ...

    async def sign_part(self, key: str, upload_id: str, part: "PartToSend") -> SignedRequest:
        """A PUT of exactly that part. No request is made."""
        ...

    async def parts(self, key: str, upload_id: str) -> list[Part]:
        """The parts stored so far, by number.

        Raises:
            UploadGoneError: there is no such upload.
        """
        ...

    async def complete_upload(self, key: str, upload_id: str, parts: Sequence[Part]) -> None:
        """Make the object out of its parts.

        Raises:
            UploadGoneError: there is no such upload.
        """
        ...

    async def abort_upload(self, key: str, upload_id: str) -> None:
        """Throw the stored parts away; nothing happens when the upload is gone."""
        ...

    async def head(self, key: str) -> ObjectHead | None:
        """Facts about an object, or nothing where there is none."""
        ...

    async def sign_get(
        self, key: str, expires_s: int, *, filename: str | None = None, inline: bool = False
    ) -> str:
        """A URL that reads the object, saved under ``filename`` by browsers. No request is made."""
        ...

    async def read(self, key: str, start: int, end: int) -> bytes:
        """The bytes from ``start`` up to and without ``end``; the caller keeps that small.

        Raises:
            NotFoundError: there is no such object.
            TransientError: fewer bytes came.
        """
        ...

    async def download(self, key: str, target: Path, on_progress: ProgressSink) -> None:
        """Copy an object into a file.

        Raises:
            NotFoundError: there is no such object.
        """
        ...

    async def put_file(self, key: str, source: Path, content_type: str) -> int:
        """Store a file; returns its size in bytes. Nothing is visible before all of it is there."""
        ...

    async def delete(self, keys: Sequence[str]) -> None:
        """Delete objects; those that are not there count as deleted."""
        ...

    def list(self, prefix: str) -> AsyncIterator[ObjectHead]:
        """All objects under a prefix. For operators: the running system never lists."""
        ...

    def list_uploads(self, prefix: str) -> AsyncIterator[OpenUpload]:
        """All open multipart uploads under a prefix. For operators."""
        ...

    async def check(self) -> None:
        """Prove that the bucket answers.

        Raises:
            TransientError: it does not, and why.
        """
        ...
