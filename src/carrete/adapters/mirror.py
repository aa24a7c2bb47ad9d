"""A local sparse copy of a stored object that holds the bytes that were asked for so far."""

import asyncio
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from carrete.domain.boxes import find_header
from carrete.domain.chunks import merge, total
from carrete.domain.media import ByteRange
from carrete.domain.upload import MIB
from carrete.ports import ObjectStore, ProgressSink

PIECE = 8 * MIB
"""Bytes asked for in one request at most: bounds memory, and what a broken request wastes."""

PARALLEL = 8
PARALLEL_SMALL = 32
"""Requests at a time, for pieces that are mostly larger than ``SMALL`` and for smaller ones, whose
time is that of the request: the sound of an hour may lie in 86,000 places."""
SMALL = 64 * 1024
"""Bytes that a look at a few bytes reads, since more will be looked at nearby."""


class Mirror:
    """One original. Use ``ensure`` under ``lock`` only."""

    def __init__(
        self,
        objects: ObjectStore,
        key: str,
        size: int,
        path: Path,
        on_read: Callable[[int], None],
    ) -> None:
        """Mirror ``key``, of ``size`` bytes, at ``path``; its directory is this mirror's own.

        Args:
            objects: where the original is.
            key: of the original.
            size: bytes of the original.
            path: of the copy.
            on_read: told the bytes of each request.
        """
        self._objects = objects
        self._key = key
        self._on_read = on_read
        self.size = size
        self.path = path
        self.users = 0
        self.lock = asyncio.Lock()
        self._have: tuple[ByteRange, ...] = ()
        self._header: tuple[ByteRange, ...] | None = None

    @property
    def held(self) -> int:
        """Bytes that are here."""
        return total(self._have)

    def missing(self, ranges: Sequence[ByteRange]) -> list[ByteRange]:
        """The parts of ``ranges`` that are not here yet."""
        lacking = []
        place = 0  # both lists ascend, and may be long: each is gone through once
        for start, end in merge(list(ranges)):
            at = start
            while place < len(self._have) and self._have[place][0] < end:
                have_start, have_end = self._have[place]
                if have_start > at:
                    lacking.append((at, have_start))
                at = max(at, have_end)
                if have_end > end:
                    break  # it may reach into the next range
                place += 1
            if at < end:
                lacking.append((at, end))
        return lacking

    async def ensure(self, ranges: Sequence[ByteRange], on_progress: ProgressSink) -> None:
        """Fetch what is missing of ``ranges``; all of the file when there are none.

        Raises:
            NotFoundError: the original is not stored.
            TransientError: it could not be read.
            OSError: it could not be written.
        """
        if not self.path.exists():
            await asyncio.to_thread(self._create)
        lacking = self.missing(ranges or [(0, self.size)])
        pieces = [
            (at, min(at + PIECE, end)) for start, end in lacking for at in range(start, end, PIECE)
        ]
        if not pieces:
            return
        done, wanted = 0, total(tuple(pieces))
        parallel = PARALLEL if wanted > len(pieces) * SMALL else PARALLEL_SMALL
        waiting = iter(pieces)
        descriptor = os.open(self.path, os.O_WRONLY)

        async def fetch() -> None:
            nonlocal done
            for start, end in waiting:
                data = await self._objects.read(self._key, start, end)
                await asyncio.to_thread(os.pwrite, descriptor, data, start)
                self._on_read(end - start)
                done += end - start
                on_progress(done / wanted)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(parallel, len(pieces))):
                    group.create_task(fetch())
        except BaseExceptionGroup as exc:
            raise exc.exceptions[0] from exc
        finally:
            os.close(descriptor)
        self._have = merge([*self._have, *pieces])

    async def header(self) -> tuple[ByteRange, ...]:
        """What describes the file, or all of it where that can't be told apart; small reads only.

        Raises:
            NotFoundError: the original is not stored.
            TransientError: it could not be read.
            OSError: it could not be written.
        """
        if self._header is None:
            self._header = await self._find_header() or ((0, self.size),)
        return self._header

    async def _find_header(self) -> tuple[ByteRange, ...] | None:
        walk = find_header(self.size)
        try:
            wanted = next(walk)
            while True:
                start, end = wanted
                near = (start, min(max(end, start + SMALL), self.size))
                await self.ensure([near] if self.missing([wanted]) else [wanted], lambda _: None)
                wanted = walk.send(await asyncio.to_thread(self._look, start, end))
        except StopIteration as stop:
            found: tuple[ByteRange, ...] | None = stop.value
            return found

    def _look(self, start: int, end: int) -> bytes:
        with self.path.open("rb") as file:
            return os.pread(file.fileno(), end - start, start)

    def _create(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("wb") as file:
            file.truncate(self.size)

    def remove(self) -> None:
        """Remove the copy and all that was made beside it. Blocking."""
        shutil.rmtree(self.path.parent, ignore_errors=True)
        self._have = ()
        self._header = None
