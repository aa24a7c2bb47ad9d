"""The bucket, through aiobotocore.

Permissions it needs: ``s3:PutObject``, ``s3:GetObject``, ``s3:ListMultipartUploadParts`` and
``s3:AbortMultipartUpload`` for uploads and downloads; ``s3:DeleteObject`` where objects are
removed; ``s3:ListBucket`` and ``s3:ListBucketMultipartUploads`` only for an operator's ``gc``.
Without ``s3:ListBucket``, S3 answers 403 instead of 404 for a missing key, which therefore counts
as missing in ``head``.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import quote
from weakref import WeakValueDictionary

from aiohttp import ClientError as HttpError
from botocore.exceptions import BotoCoreError, ClientError

from carrete.adapters.canceled import end_if_canceled
from carrete.domain.failures import TransientError, UnavailableError
from carrete.domain.upload import MIB, Part, part_count, part_size
from carrete.ports import (
    NotFoundError,
    ObjectHead,
    OpenUpload,
    PartToSend,
    ProgressSink,
    SignedRequest,
    UploadGoneError,
)

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client

_SINGLE_PUT = 64 * MIB
"""Files up to this size go in one request; larger ones in parts, several at once."""

_PARALLEL = 4
_PIECE = MIB
"""Bytes read from a response at a time."""

_DELETE_AT_ONCE = 1000
"""S3's limit of keys in one DeleteObjects request."""

SERVER_ERROR = 500
"""The first HTTP status by which a server speaks of itself; 503 SlowDown is one."""

_GONE = {"NoSuchUpload"}
_MISSING = {"404", "NoSuchKey", "NotFound", "403", "AccessDenied"}


@contextmanager
def _translated(doing: str) -> Iterator[None]:
    """Turn the SDK's errors into Carrete's."""
    try:
        yield
    except ClientError as exc:
        end_if_canceled(exc)
        if exc.response["Error"].get("Code") in _GONE:
            msg = f"{doing}: there is no such upload"
            raise UploadGoneError(msg) from exc
        msg = f"{doing}: {exc}"
        if _answers_for_itself(exc):
            raise UnavailableError(msg) from exc
        raise TransientError(msg) from exc
    except (BotoCoreError, HttpError, TimeoutError, ConnectionError) as exc:
        end_if_canceled(exc)
        msg = f"{doing}: {exc}"
        raise UnavailableError(msg) from exc


def _answers_for_itself(error: ClientError) -> bool:
    """Whether S3 says that it can't answer anybody, rather than that this request is wrong."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) >= SERVER_ERROR


@contextmanager
def _found(key: str) -> Iterator[None]:
    """Tell a missing object from a store that can't be reached."""
    try:
        yield
    except TransientError as exc:
        cause = exc.__cause__
        if isinstance(cause, ClientError) and cause.response["Error"].get("Code") in _MISSING:
            msg = f"there is no object {key}"
            raise NotFoundError(msg) from exc
        raise


class S3Objects:
    """Conforms to ``ports.ObjectStore``."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        """Use an open client; whoever opened it closes it."""
        self._s3 = client
        self._bucket = bucket
        self._completing: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def begin_upload(self, key: str, content_type: str) -> str:
        """See the port."""
        with _translated(f"opening an upload to {key}"):
            answer = await self._s3.create_multipart_upload(
                Bucket=self._bucket,
                Key=key,
                ContentType=content_type,
                ChecksumAlgorithm="SHA256",
            )
        return answer["UploadId"]

    async def sign_part(self, key: str, upload_id: str, part: PartToSend) -> SignedRequest:
        """See the port."""
        with _translated(f"signing a part of {key}"):
            url = await self._s3.generate_presigned_url(
                "upload_part",
                Params={
                    "Bucket": self._bucket,
                    "Key": key,
                    "UploadId": upload_id,
                    "PartNumber": part.number,
                    "ContentLength": part.length,
                    "ChecksumSHA256": part.sha256,
                },
                ExpiresIn=part.expires_s,
            )
        return SignedRequest(
            url, {"Content-Length": str(part.length), "x-amz-checksum-sha256": part.sha256}
        )

    async def parts(self, key: str, upload_id: str) -> list[Part]:
        """See the port."""
        found: list[Part] = []
        with _translated(f"listing the parts of {key}"):
            pages = self._s3.get_paginator("list_parts").paginate(
                Bucket=self._bucket, Key=key, UploadId=upload_id
            )
            async for page in pages:
                found += [
                    Part(
                        number=item["PartNumber"],
                        size=item["Size"],
                        etag=item["ETag"],
                        sha256=item.get("ChecksumSHA256"),
                    )
                    for item in page.get("Parts", [])
                ]
        return found

    async def complete_upload(self, key: str, upload_id: str, parts: Sequence[Part]) -> None:
        """See the port.

        In turns: S3 joins an upload once, however many ask at once, but LocalStack lets a second
        one empty the object that the first has made, and the parts are gone by then.
        """
        turn = self._completing.setdefault(upload_id, asyncio.Lock())
        async with turn:
            await self._complete_upload(key, upload_id, parts)

    async def _complete_upload(self, key: str, upload_id: str, parts: Sequence[Part]) -> None:
        with _translated(f"completing the upload of {key}"):
            await self._s3.complete_multipart_upload(
                Bucket=self._bucket,
                Key=key,
                UploadId=upload_id,
                MultipartUpload={
                    "Parts": [
                        {
                            "PartNumber": part.number,
                            "ETag": part.etag,
                            **({"ChecksumSHA256": part.sha256} if part.sha256 else {}),
                        }
                        for part in parts
                    ]
                },
            )

    async def abort_upload(self, key: str, upload_id: str) -> None:
        """See the port."""
        try:
            with _translated(f"aborting the upload of {key}"):
                await self._s3.abort_multipart_upload(
                    Bucket=self._bucket, Key=key, UploadId=upload_id
                )
        except UploadGoneError:
            return

    async def head(self, key: str) -> ObjectHead | None:
        """See the port."""
        try:
            answer = await self._s3.head_object(Bucket=self._bucket, Key=key)
        except ClientError as exc:
            if exc.response["Error"].get("Code") in _MISSING:
                return None
            msg = f"looking at {key}: {exc}"
            raise TransientError(msg) from exc
        except (BotoCoreError, HttpError, TimeoutError, ConnectionError) as exc:
            msg = f"looking at {key}: {exc}"
            raise TransientError(msg) from exc
        return ObjectHead(key, answer["ContentLength"], answer["ETag"], answer["LastModified"])

    async def sign_get(
        self, key: str, expires_s: int, *, filename: str | None = None, inline: bool = False
    ) -> str:
        """See the port."""
        params = {"Bucket": self._bucket, "Key": key}
        if filename is not None:
            params["ResponseContentDisposition"] = disposition(filename, inline=inline)
        with _translated(f"signing a link to {key}"):
            return await self._s3.generate_presigned_url(
                "get_object", Params=params, ExpiresIn=expires_s
            )

    async def read(self, key: str, start: int, end: int) -> bytes:
        """See the port."""
        with _found(key), _translated(f"reading {key}"):
            answer = await self._s3.get_object(
                Bucket=self._bucket, Key=key, Range=f"bytes={start}-{end - 1}"
            )
            async with answer["Body"] as body:
                data = await body.read()
        if len(data) != end - start:
            msg = f"reading {key}: {len(data)} of {end - start} bytes came"
            raise TransientError(msg)
        return data

    async def download(self, key: str, target: Path, on_progress: ProgressSink) -> None:
        """See the port."""
        with _found(key), _translated(f"reading {key}"):
            answer = await self._s3.get_object(Bucket=self._bucket, Key=key)
            size = answer["ContentLength"]
            done = 0
            async with answer["Body"] as body:
                file = await asyncio.to_thread(target.open, "wb")
                try:
                    async for piece in body.iter_chunks(_PIECE):
                        await asyncio.to_thread(file.write, piece)
                        done += len(piece)
                        on_progress(done / size)
                finally:
                    await asyncio.to_thread(file.close)
        if done != size:
            msg = f"reading {key}: {done} of {size} bytes came"
            raise TransientError(msg)

    async def put_file(self, key: str, source: Path, content_type: str) -> int:
        """See the port."""
        size = (await asyncio.to_thread(source.stat)).st_size
        if size > _SINGLE_PUT:
            await self._put_parts(key, source, content_type, size)
            return size
        data = await asyncio.to_thread(source.read_bytes)
        with _translated(f"storing {key}"):
            await self._s3.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=data,
                ContentType=content_type,
                ChecksumAlgorithm="SHA256",
            )
        return len(data)

    async def _put_parts(self, key: str, source: Path, content_type: str, size: int) -> None:
        upload_id = await self.begin_upload(key, content_type)
        each = part_size(size)
        slots = asyncio.Semaphore(_PARALLEL)
        file = await asyncio.to_thread(source.open, "rb")
        try:
            async with asyncio.TaskGroup() as group:
                jobs = [
                    group.create_task(self._put_part(key, upload_id, number, file, each, slots))
                    for number in range(1, part_count(size, each) + 1)
                ]
            await self.complete_upload(key, upload_id, [job.result() for job in jobs])
        except BaseException as exc:
            # also on cancellation: parts that nobody will complete cost money
            await asyncio.shield(self.abort_upload(key, upload_id))
            if isinstance(exc, BaseExceptionGroup):
                raise exc.exceptions[0] from exc
            raise
        finally:
            await asyncio.to_thread(file.close)

    async def _put_part(  # noqa: PLR0917 - a part is all of this
        self,
        key: str,
        upload_id: str,
        number: int,
        file: IO[bytes],
        each: int,
        slots: asyncio.Semaphore,
    ) -> Part:
        async with slots:
            offset = (number - 1) * each
            data = await asyncio.to_thread(os.pread, file.fileno(), each, offset)
            with _translated(f"storing part {number} of {key}"):
                answer = await self._s3.upload_part(
                    Bucket=self._bucket,
                    Key=key,
                    UploadId=upload_id,
                    PartNumber=number,
                    Body=data,
                    ChecksumAlgorithm="SHA256",
                )
        return Part(number, len(data), answer["ETag"], answer.get("ChecksumSHA256"))

    async def delete(self, keys: Sequence[str]) -> None:
        """See the port."""
        for start in range(0, len(keys), _DELETE_AT_ONCE):
            batch = keys[start : start + _DELETE_AT_ONCE]
            with _translated(f"deleting {len(batch)} objects"):
                answer = await self._s3.delete_objects(
                    Bucket=self._bucket,
                    Delete={"Objects": [{"Key": key} for key in batch], "Quiet": True},
                )
            if answer.get("Errors"):
                first = answer["Errors"][0]
                msg = f"deleting {first.get('Key')}: {first.get('Code')} {first.get('Message')}"
                raise TransientError(msg)

    async def list(self, prefix: str) -> AsyncIterator[ObjectHead]:
        """See the port."""
        with _translated(f"listing {prefix}"):
            pages = self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=prefix
            )
            async for page in pages:
                for item in page.get("Contents", []):
                    yield ObjectHead(item["Key"], item["Size"], item["ETag"], item["LastModified"])

    async def list_uploads(self, prefix: str) -> AsyncIterator[OpenUpload]:
        """See the port."""
        with _translated(f"listing the uploads to {prefix}"):
            pages = self._s3.get_paginator("list_multipart_uploads").paginate(
                Bucket=self._bucket, Prefix=prefix
            )
            async for page in pages:
                for item in page.get("Uploads", []):
                    yield OpenUpload(item["Key"], item["UploadId"], item["Initiated"])

    async def check(self) -> None:
        """See the port."""
        # a key that never exists: S3's 404 (or 403 without ListBucket) proves that it answers
        probe = ".carrete-check"
        try:
            await self._s3.head_object(Bucket=self._bucket, Key=probe)
        except ClientError as exc:
            code = exc.response["Error"].get("Code")
            if code in {"404", "NoSuchKey", "NotFound"}:
                await self._bucket_exists()
                return
            if code in {"403", "AccessDenied"}:
                return
            msg = f"bucket {self._bucket}: {exc}"
            raise TransientError(msg) from exc
        except (BotoCoreError, HttpError, TimeoutError, ConnectionError) as exc:
            msg = f"bucket {self._bucket}: {exc}"
            raise TransientError(msg) from exc

    async def _bucket_exists(self) -> None:
        """A HEAD of a key gives 404 for a missing bucket too: read the error of a GET instead."""
        try:
            await self._s3.get_object(Bucket=self._bucket, Key=".carrete-check")
        except ClientError as exc:
            if exc.response["Error"].get("Code") == "NoSuchBucket":
                msg = f"there is no bucket {self._bucket}"
                raise TransientError(msg) from exc


def disposition(filename: str, *, inline: bool = False) -> str:
    """A Content-Disposition header that gives a file its name in any language (RFC 6266)."""
    plain = "".join(
        c if c.isascii() and c.isprintable() and c not in '"\\%' else "_" for c in filename
    )
    kind = "inline" if inline else "attachment"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
