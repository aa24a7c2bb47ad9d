"""Upload a file so that nothing is lost: not by a crash, not by a lost answer, not by a second run.

The upload is written down (``state``) before the server hears of it. A later process finds the
record, asks the server which parts are stored, compares them with the file's own bytes and sends
the rest.
"""

import asyncio
import mimetypes
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from carrete.client.api import CarreteClient
from carrete.client.errors import (
    ApiError,
    EmptyFileError,
    FileChangedError,
    TransferError,
    UnreachableError,
)
from carrete.client.models import StoredUpload, VideoView
from carrete.client.parts import PartSender, Progress, SourceFile, UploadOptions
from carrete.client.state import FileIdentity, UploadBook, UploadEntry, UploadRecord, new_key
from carrete.client.threads import in_thread
from carrete.domain.video import VideoState

GONE = frozenset({"upload_gone", "not_found", "idempotency_conflict"})
"""The server no longer has the upload that we remember: start a new one."""

NO_SUCH_UPLOAD = "NoSuchUpload"
"""The object store's own word for it."""

INCOMPLETE = "upload_incomplete"

ROUNDS = 3
"""How often the server may say that parts are missing after all were sent."""


@dataclass(frozen=True, slots=True)
class UploadRequest:
    """What to upload.

    Attributes:
        path: of the local file.
        name: shown for the video; the file's own name when not given.
        profile: encoding profile; the server's default when not given.
    """

    path: Path
    name: str | None = None
    profile: str | None = None


@dataclass(frozen=True, slots=True)
class UploadOutcome:
    """An upload that is complete.

    Attributes:
        video: as the server sees it now.
        sent_bytes: what this process had to send.
        resumed: whether another process had begun it.
    """

    video: VideoView
    sent_bytes: int
    resumed: bool


@dataclass(frozen=True, slots=True)
class UploadReport:
    """What an upload tells while it runs; both are called on the event loop.

    Attributes:
        progress: takes bytes done and bytes in all.
        begun: takes the video once the server knows of it, and whether the upload is resumed.
    """

    progress: Callable[[int, int], None] = lambda _done, _total: None
    begun: Callable[[VideoView, bool], None] = lambda _video, _resumed: None


async def upload_file(
    client: CarreteClient,
    account_id: UUID,
    request: UploadRequest,
    *,
    book: UploadBook,
    options: UploadOptions | None = None,
    report: UploadReport | None = None,
) -> UploadOutcome:
    """Upload a file, or go on with an upload of it, and have it processed.

    Args:
        client: signed in.
        account_id: whose account that is.
        request: what to upload.
        book: where unfinished uploads are remembered.
        options: how hard to pull.
        report: hears of what happens.

    Raises:
        FileNotFoundError: there is no such file, or other errors of reading it.
        EmptyFileError: it has no bytes.
        UploadBusyError: another process uploads it now.
        FileChangedError: it changed meanwhile; what was stored of it is thrown away.
        TransferError: the store did not take a part.
        ApiError: the server answered no.
        UnreachableError: the server gave no answer.
    """
    source = await asyncio.to_thread(SourceFile, request.path)
    if source.identity.size == 0:
        raise EmptyFileError(request.path)
    entries = book.entry(client.server, account_id, request.path)
    async with in_thread(source), in_thread(entries) as entry:
        upload = _Upload(
            client,
            account_id,
            request,
            source=source,
            entry=entry,
            options=options or UploadOptions(),
            report=report or UploadReport(),
        )
        return await upload.run()


class _Upload:
    """One call of ``upload_file``."""

    def __init__(
        self,
        client: CarreteClient,
        account_id: UUID,
        request: UploadRequest,
        *,
        source: SourceFile,
        entry: UploadEntry,
        options: UploadOptions,
        report: UploadReport,
    ) -> None:
        self._client = client
        self._account_id = account_id
        self._request = request
        self._source = source
        self._entry = entry
        self._options = options
        self._report = report

    async def run(self) -> UploadOutcome:
        await self._drop_stale()
        if self._entry.record is not None:
            try:
                return await self._go_on(self._entry.record, resumed=True)
            except ApiError as error:
                if error.code not in GONE:
                    raise
            except TransferError as error:
                if error.code != NO_SUCH_UPLOAD:
                    raise
            await asyncio.to_thread(self._entry.forget)
        return await self._go_on(await self._new_record(), resumed=False)

    async def _drop_stale(self) -> None:
        """Throw away what was begun for other bytes or another profile."""
        record = self._entry.record
        if record is None or _fits(record, self._source.identity, self._request):
            return
        await asyncio.to_thread(self._entry.forget)
        if record.video_id is not None:
            await self._abort(record.video_id)

    async def _new_record(self) -> UploadRecord:
        file = self._source.identity
        name = self._request.name or self._request.path.name
        content_type, _ = await asyncio.to_thread(mimetypes.guess_type, name)
        record = UploadRecord(
            server=self._client.server,
            account_id=self._account_id,
            file=file,
            key=new_key(self._client.server, self._account_id, file),
            name=name,
            content_type=content_type,
            profile=self._request.profile,
        )
        await asyncio.to_thread(self._entry.save, record)
        return record

    async def _go_on(self, record: UploadRecord, *, resumed: bool) -> UploadOutcome:
        created = await self._client.create_video(
            record.name,
            record.file.size,
            key=record.key,
            content_type=record.content_type,
            profile=record.profile,
        )
        video, sent = created.video, 0
        if record.video_id != video.id:
            record = record.model_copy(update={"video_id": video.id})
            await asyncio.to_thread(self._entry.save, record)
        self._report.begun(video, resumed)
        # A lost answer to "complete" leaves a record of an upload that is done.
        if video.state is VideoState.UPLOADING:
            # A new upload has no parts: no need to ask.
            known = None if resumed else StoredUpload(parts=(), **created.upload.model_dump())
            video, sent = await self._send(video.id, known)
        if self._request.name not in {None, video.name}:
            video = await self._client.rename(video.id, self._request.name or video.name)
        await asyncio.to_thread(self._entry.forget)
        return UploadOutcome(video, sent, resumed)

    async def _send(self, video_id: UUID, upload: StoredUpload | None) -> tuple[VideoView, int]:
        sent = 0
        try:
            for last_round in (*[False] * (ROUNDS - 1), True):
                upload = upload or await self._client.stored_upload(video_id)
                sent += await self._send_missing(video_id, upload)
                upload = None
                await asyncio.to_thread(self._source.check)
                try:
                    return await self._client.complete_upload(video_id), sent
                except ApiError as error:
                    if error.code != INCOMPLETE or last_round:
                        raise
        except FileChangedError:
            # What is stored belongs to no version of the file.
            await asyncio.to_thread(self._entry.forget)
            await self._abort(video_id)
            raise
        raise AssertionError("the last round returns or raises")

    async def _send_missing(self, video_id: UUID, upload: StoredUpload) -> int:
        progress = Progress(self._source.identity.size, self._report.progress)
        sender = PartSender(
            self._client,
            video_id,
            source=self._source,
            shape=upload,
            options=self._options,
            progress=progress,
        )
        await sender.run({part.number: part for part in upload.parts})
        return sender.sent

    async def _abort(self, video_id: UUID) -> None:
        # It only saves the server the wait until it does so by itself.
        with suppress(ApiError, UnreachableError):
            await self._client.abort_upload(video_id)


def _fits(record: UploadRecord, file: FileIdentity, request: UploadRequest) -> bool:
    """Whether an upload that was begun is of these bytes and this request. A name can change."""
    return record.file == file and record.profile == request.profile
