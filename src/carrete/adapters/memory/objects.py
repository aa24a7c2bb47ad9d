"""A bucket in memory."""

import base64
import hashlib
import itertools
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from carrete.domain.upload import Part
from carrete.ports import (
    NotFoundError,
    ObjectHead,
    OpenUpload,
    PartToSend,
    ProgressSink,
    SignedRequest,
    UploadGoneError,
)


@dataclass
class _Upload:
    key: str
    started: datetime
    parts: dict[int, bytes] = field(default_factory=dict)


class MemoryObjects:
    """Conforms to ``ports.ObjectStore``; signed URLs have the scheme ``memory``."""

    def __init__(self) -> None:
        """Start empty."""
        self.stored: dict[str, bytes] = {}
        self.uploads: dict[str, _Upload] = {}
        self._names = itertools.count(1)

    async def begin_upload(self, key: str, content_type: str) -> str:  # noqa: ARG002 - not kept
        """See the port."""
        name = f"upload-{next(self._names)}"
        self.uploads[name] = _Upload(key, datetime.now(UTC))
        return name

    async def sign_part(self, key: str, upload_id: str, part: PartToSend) -> SignedRequest:
        """See the port."""
        headers = {"Content-Length": str(part.length), "x-amz-checksum-sha256": part.sha256}
        return SignedRequest(f"memory:{key}?{upload_id}&{part.number}", headers)

    def put_part(self, upload_id: str, number: int, data: bytes) -> None:
        """What a client does with a signed part."""
        self.uploads[upload_id].parts[number] = data

    def _upload(self, key: str, upload_id: str) -> _Upload:
        upload = self.uploads.get(upload_id)
        if upload is None or upload.key != key:
            msg = f"there is no upload {upload_id}"
            raise UploadGoneError(msg)
        return upload

    async def parts(self, key: str, upload_id: str) -> list[Part]:
        """See the port."""
        return [
            Part(
                number,
                len(data),
                hashlib.sha256(data).hexdigest(),
                base64.b64encode(hashlib.sha256(data).digest()).decode(),
            )
            for number, data in sorted(self._upload(key, upload_id).parts.items())
        ]

    async def complete_upload(self, key: str, upload_id: str, parts: Sequence[Part]) -> None:
        """See the port."""
        upload = self._upload(key, upload_id)
        self.stored[key] = b"".join(upload.parts[part.number] for part in parts)
        del self.uploads[upload_id]

    async def abort_upload(self, key: str, upload_id: str) -> None:  # noqa: ARG002 - ids are unique
        """See the port."""
        self.uploads.pop(upload_id, None)

    async def head(self, key: str) -> ObjectHead | None:
        """See the port."""
        data = self.stored.get(key)
        return None if data is None else _head(key, data)

    async def sign_get(
        self,
        key: str,
        expires_s: int,  # noqa: ARG002 - nothing expires here
        *,
        filename: str | None = None,
        inline: bool = False,
    ) -> str:
        """See the port."""
        return f"memory:{key}?{filename or ''}&{inline}"

    async def read(self, key: str, start: int, end: int) -> bytes:
        """See the port."""
        if key not in self.stored:
            msg = f"there is no object {key}"
            raise NotFoundError(msg)
        return self.stored[key][start:end]

    async def download(self, key: str, target: Path, on_progress: ProgressSink) -> None:
        """See the port."""
        if key not in self.stored:
            msg = f"there is no object {key}"
            raise NotFoundError(msg)
        target.write_bytes(self.stored[key])  # noqa: ASYNC240 - small, and in tests only
        on_progress(1.0)

    async def put_file(self, key: str, source: Path, content_type: str) -> int:  # noqa: ARG002
        """See the port."""
        self.stored[key] = source.read_bytes()  # noqa: ASYNC240 - small, and in tests only
        return len(self.stored[key])

    async def delete(self, keys: Sequence[str]) -> None:
        """See the port."""
        for key in keys:
            self.stored.pop(key, None)

    async def list(self, prefix: str) -> AsyncIterator[ObjectHead]:
        """See the port."""
        for key, data in sorted(self.stored.items()):
            if key.startswith(prefix):
                yield _head(key, data)

    async def list_uploads(self, prefix: str) -> AsyncIterator[OpenUpload]:
        """See the port."""
        for name, upload in self.uploads.items():
            if upload.key.startswith(prefix):
                yield OpenUpload(upload.key, name, upload.started)

    async def check(self) -> None:
        """See the port."""


def _head(key: str, data: bytes) -> ObjectHead:
    return ObjectHead(key, len(data), hashlib.sha256(data).hexdigest(), datetime.now(UTC))
