"""The parts of one upload: read, hashed, signed for and sent, several at a time in bounded memory.

    load (one thread: read, hash) ──▶ sign (all that are ready in one call) ──▶ send (several)

A part takes a slot when it is read and gives it back when it is stored, so that never more than
``slots`` parts are in memory.
"""

import asyncio
import base64
import hashlib
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import UUID

from carrete.client.api import CarreteClient
from carrete.client.errors import FileChangedError
from carrete.client.models import SignedPart, StoredPart, UploadShape
from carrete.client.retry import RetryPolicy
from carrete.client.state import FileIdentity
from carrete.client.store import RefusedError, put_part
from carrete.domain.upload import MIB, part_length

ProgressSink = Callable[[int, int], None]
"""Takes bytes done and bytes in all."""

MAX_SIGNED = 100
"""Parts that the server signs in one call."""


PART_RETRY = RetryPolicy(attempts=8, first_s=0.5, longest_s=20.0)


@dataclass(frozen=True, slots=True)
class UploadOptions:
    """How hard an upload pulls.

    Attributes:
        in_flight: parts that are sent at once.
        memory: bytes of parts held at once, at most; two parts at least.
        retry: of each part.
    """

    in_flight: int = 4
    memory: int = 256 * MIB
    retry: RetryPolicy = PART_RETRY

    def slots(self, part_size: int) -> int:
        """Parts in memory: in flight, signed for and waiting, and read ahead to be signed for."""
        return max(2, min(3 * self.in_flight, self.memory // part_size))


@dataclass(frozen=True, slots=True)
class LoadedPart:
    """A part in memory; ``sha256`` in base64."""

    number: int
    body: bytes
    sha256: str


class SourceFile:
    """A local file, read by part and watched for changes. A context manager."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.identity = FileIdentity.of(path)
        self._descriptor = -1
        self._reading = threading.Lock()

    def __enter__(self) -> Self:
        self._descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # A canceled upload may leave a thread that still reads one part.
        with self._reading:
            os.close(self._descriptor)
            self._descriptor = -1

    def load(self, number: int, part_size: int) -> LoadedPart:
        """Read and hash a part. Blocking: call it in a thread (hashing lets others run).

        Raises:
            FileChangedError: the file has become shorter.
        """
        length = part_length(number, self.identity.size, part_size)
        with self._reading:
            body = self._read(length, (number - 1) * part_size)
        digest = hashlib.sha256(body).digest()
        return LoadedPart(number, body, base64.b64encode(digest).decode())

    def _read(self, length: int, offset: int) -> bytes:
        body = os.pread(self._descriptor, length, offset)
        while 0 < len(body) < length:
            # Linux reads at most 2 GiB at a time; network file systems less.
            more = os.pread(self._descriptor, length - len(body), offset + len(body))
            if not more:
                break
            body += more
        if len(body) != length:
            raise FileChangedError(self.path)
        return body

    def check(self) -> None:
        """Make sure that the file is still the one that was opened.

        Raises:
            FileChangedError: it is not.
        """
        try:
            now = FileIdentity.of(self.path)
        except OSError as exc:
            raise FileChangedError(self.path) from exc
        if now != self.identity:
            raise FileChangedError(self.path)


def is_stored(part: LoadedPart, stored: StoredPart | None) -> bool:
    """Whether the store has these very bytes.

    Where the store kept no hash, the size has to do.
    """
    if stored is None or stored.size != len(part.body):
        return False
    return stored.sha256 is None or stored.sha256 == part.sha256


class Progress:
    """Bytes that are stored or on their way, of all of them."""

    def __init__(self, total: int, sink: ProgressSink) -> None:
        self.total = total
        self.done = 0
        self._sink = sink

    def add(self, count: int) -> None:
        """So many bytes more; negative when a part has to be sent again."""
        self.done += count
        self._sink(self.done, self.total)


class PartSender:
    """Sends the parts of one upload that are not stored yet."""

    def __init__(
        self,
        client: CarreteClient,
        video_id: UUID,
        *,
        source: SourceFile,
        shape: UploadShape,
        options: UploadOptions,
        progress: Progress,
    ) -> None:
        self._client = client
        self._video_id = video_id
        self._source = source
        self._shape = shape
        self._options = options
        self._progress = progress
        slots = options.slots(shape.part_size)
        self._slots = asyncio.Semaphore(slots)
        # A third of the slots, so that it is never waited for parts that have no slot to come in.
        self._batch = min(max(1, slots // 3), MAX_SIGNED)
        self._loaded: asyncio.Queue[LoadedPart | None] = asyncio.Queue()
        self._signed: asyncio.Queue[tuple[LoadedPart, SignedPart] | None] = asyncio.Queue()
        self.sent = 0
        """Bytes that had to be sent."""

    async def run(self, stored: Mapping[int, StoredPart]) -> None:
        """Send every part that ``stored`` does not hold with the same bytes.

        Raises:
            TransferError: a part could not be stored.
            FileChangedError: the file has become shorter.
            ApiError: the server answered no.
            UnreachableError: the server gave no answer.
        """
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._load(stored))
                group.create_task(self._sign())
                for _ in range(self._options.in_flight):
                    group.create_task(self._send())
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None

    async def _load(self, stored: Mapping[int, StoredPart]) -> None:
        for number in range(1, self._shape.part_count + 1):
            await self._slots.acquire()
            part = await asyncio.to_thread(self._source.load, number, self._shape.part_size)
            if is_stored(part, stored.get(number)):
                self._progress.add(len(part.body))
                self._slots.release()
            else:
                self._loaded.put_nowait(part)
        self._loaded.put_nowait(None)

    async def _sign(self) -> None:
        # The first part goes out at once; then ever more are signed for in one call, while those
        # before them are being sent.
        wanted, more = 1, True
        while more:
            batch, more = await self._take(wanted)
            for part, leave in zip(batch, await self._leaves(batch), strict=True):
                self._signed.put_nowait((part, leave))
            wanted = min(2 * wanted, self._batch)
        for _ in range(self._options.in_flight):
            self._signed.put_nowait(None)

    async def _take(self, count: int) -> tuple[list[LoadedPart], bool]:
        """The next ``count`` loaded parts, or the last ones; and whether there may be more."""
        batch: list[LoadedPart] = []
        while len(batch) < count:
            part = await self._loaded.get()
            if part is None:
                return batch, False
            batch.append(part)
        return batch, True

    async def _leaves(self, batch: list[LoadedPart]) -> list[SignedPart]:
        if not batch:
            return []
        hashes = {part.number: part.sha256 for part in batch}
        signed = await self._client.sign_parts(self._video_id, hashes)
        by_number = {leave.number: leave for leave in signed.parts}
        return [by_number[part.number] for part in batch]

    async def _send(self) -> None:
        while (pair := await self._signed.get()) is not None:
            part, leave = pair
            # Only `part` may hold the bytes: the slot is given back when they are let go.
            del pair
            await self._send_part(part, leave)
            self.sent += len(part.body)
            del part
            self._slots.release()

    async def _send_part(self, part: LoadedPart, leave: SignedPart) -> None:
        failures = 0
        while True:
            counted = 0

            def count(more: int) -> None:
                nonlocal counted
                counted += more
                self._progress.add(more)

            try:
                await put_part(self._client.store, leave, part.body, count)
            except RefusedError as error:
                self._progress.add(-counted)
                failures += 1
                delay = self._options.retry.delay_s(failures)
                if not error.passing or delay is None:
                    raise
                await asyncio.sleep(delay)
                if error.expired:
                    (leave,) = await self._leaves([part])
            else:
                return
