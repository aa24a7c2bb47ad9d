"""Download to ``NAME.part``, go on where an earlier run stopped, name the file when it is whole.

Beside the part lies a note of the stored object's ETag and size, so that a part is only ever
continued with the bytes of the same object.
"""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from carrete.client.api import CarreteClient, Which
from carrete.client.errors import TargetExistsError
from carrete.client.models import DownloadLink
from carrete.client.retry import PATIENT, RetryPolicy
from carrete.client.state import write_private
from carrete.client.store import LIMITS, RefusedError, refusal
from carrete.domain.upload import MIB, InvalidNameError, clean_name

ProgressSink = Callable[[int, int], None]

OTHER_OBJECT = frozenset({412, 416})
"""The store's object is not the one that the part is of: start again from the first byte. (S3 knows
``If-Match``; ``If-Range`` is not among the headers that it documents.)"""


class PartNote(BaseModel):
    """Which object a part belongs to: its ETag, and its bytes in all."""

    model_config = ConfigDict(frozen=True)

    etag: str
    size: int


def local_name(link: DownloadLink, fallback: str) -> str:
    """A safe local name for what a link leads to: the server's word is no path."""
    try:
        return clean_name(link.filename)
    except InvalidNameError:
        return fallback


def free_name(path: Path) -> Path:
    """The path itself, or the first of ``name-2``, ``name-3`` … where nothing is."""
    candidate, number = path, 1
    while candidate.exists():
        number += 1
        candidate = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return candidate


async def download(
    client: CarreteClient,
    video_id: UUID,
    which: Which,
    target: Path,
    *,
    force: bool = False,
    progress: ProgressSink = lambda _done, _total: None,
    retry: RetryPolicy = PATIENT,
) -> int:
    """Download the original or the result.

    Args:
        client: signed in.
        video_id: of which video.
        which: what of it.
        target: the file to make; its directory is made too.
        force: replace a file that is there.
        progress: takes bytes done and bytes in all.
        retry: how patient to be; only failures without a new byte between them count.

    Returns:
        Bytes of the file.

    Raises:
        TargetExistsError: there is a file, and ``force`` was not given.
        TransferError: the store did not give the bytes.
        ApiError: the server answered no.
        UnreachableError: the server gave no answer.
    """
    if not force and await asyncio.to_thread(os.path.lexists, target):
        raise TargetExistsError(target)
    await asyncio.to_thread(_make_directory, target.parent)
    part = _PartFile(target)
    size = await _fetch_all(client, video_id, which, part, progress, retry)
    await asyncio.to_thread(part.publish, force=force)
    return size


async def _fetch_all(  # noqa: PLR0917 - the private half of `download`
    client: CarreteClient,
    video_id: UUID,
    which: Which,
    part: "_PartFile",
    progress: ProgressSink,
    retry: RetryPolicy,
) -> int:
    """Fetch again and again until the part is whole; returns its size in bytes."""
    failures, before = 0, -1
    while True:
        link = await client.download_link(video_id, which)
        try:
            return await _fetch(client.store, link.url, part, progress)
        except RefusedError as error:
            done = await asyncio.to_thread(part.length)
            failures = 1 if done > before else failures + 1
            before = done
            delay = retry.delay_s(failures)
            if not (error.passing or error.status in OTHER_OBJECT) or delay is None:
                raise
            await asyncio.sleep(delay)


async def _fetch(
    store: httpx.AsyncClient, url: str, part: "_PartFile", progress: ProgressSink
) -> int:
    """One attempt: what is missing of the part; returns the size of the whole."""
    headers = await asyncio.to_thread(part.range_headers)
    try:
        async with store.stream("GET", url, headers=headers, timeout=LIMITS) as response:
            if response.status_code in OTHER_OBJECT:
                await asyncio.to_thread(part.drop)
            if not response.is_success:
                await response.aread()
                raise refusal(response)
            return await _write(response, part, progress)
    except httpx.TransportError as exc:
        raise RefusedError(str(exc) or type(exc).__name__) from exc


async def _write(response: httpx.Response, part: "_PartFile", progress: ProgressSink) -> int:
    partial = response.status_code == httpx.codes.PARTIAL_CONTENT
    # Without a range in the answer it starts from the first byte.
    done = await asyncio.to_thread(part.length) if partial else 0
    total = done + int(response.headers.get("Content-Length", 0))
    if not partial:
        await asyncio.to_thread(part.note, response.headers.get("ETag"), total)
    file = await asyncio.to_thread(part.open, append=partial)
    waiting = bytearray()
    try:
        async for piece in response.aiter_raw():
            waiting += piece
            done += len(piece)
            if len(waiting) >= MIB:
                await asyncio.to_thread(file.write, waiting)
                waiting = bytearray()
                progress(done, total)
    finally:
        # Whatever ended it: what has come is kept, to go on from.
        await asyncio.to_thread(_finish, file, waiting)
    progress(done, total)
    if done != total:
        raise RefusedError(f"the store ended after {done} of {total} bytes")
    return total


class _PartFile:
    """The part of a file on disk, and the note beside it. Blocking."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = target.with_name(f"{target.name}.part")
        self._note = target.with_name(f"{target.name}.part.json")

    def length(self) -> int:
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def range_headers(self) -> dict[str, str]:
        """Ask for the rest, if the object is still the one that the part is of."""
        # The store must not compress: lengths and ranges are of the file's own bytes.
        plain = {"Accept-Encoding": "identity"}
        note, done = self._read_note(), self.length()
        if note is None or done == 0:
            return plain
        if done >= note.size:
            # Whole, or wrong; the last byte again tells, and costs nothing.
            os.truncate(self.path, max(note.size - 1, 0))
            done = max(note.size - 1, 0)
        return plain | {"Range": f"bytes={done}-", "If-Match": note.etag}

    def note(self, etag: str | None, size: int) -> None:
        """Keep what the part is of; a store that names no version gets no second half."""
        self._note.unlink(missing_ok=True)
        if etag is not None:
            write_private(self._note, PartNote(etag=etag, size=size).model_dump_json())

    def open(self, *, append: bool) -> BinaryIO:
        return self.path.open("ab" if append else "wb")

    def drop(self) -> None:
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    def publish(self, *, force: bool) -> None:
        """Give the finished part its name, in one step."""
        if force:
            self.path.replace(self.target)
        else:
            self._link()
        self._note.unlink(missing_ok=True)

    def _link(self) -> None:
        # A link never replaces anything, not even what appeared a moment ago; a rename would.
        try:
            os.link(self.path, self.target)
        except FileExistsError as exc:
            raise TargetExistsError(self.target) from exc
        except OSError:
            # A file system without links (FAT, some network shares).
            if self.target.exists():
                raise TargetExistsError(self.target) from None
            self.path.rename(self.target)
        else:
            self.path.unlink()

    def _read_note(self) -> PartNote | None:
        with suppress(FileNotFoundError, ValidationError):
            return PartNote.model_validate_json(self._note.read_bytes())
        return None


def _make_directory(path: Path) -> None:
    path.mkdir(parents=True, exist_ok=True)


def _finish(file: BinaryIO, rest: bytearray) -> None:
    with file:
        file.write(rest)
        file.flush()
        os.fsync(file.fileno())
