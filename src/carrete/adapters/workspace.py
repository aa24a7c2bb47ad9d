"""A worker's scratch directory.

Layout: ``<root>/<worker>/`` with a lock file that the worker holds for as long as it lives,
``attempts/`` and ``sources/``. A worker that starts removes the directories whose lock nobody
holds, so that a killed worker's files go with the next start of any worker on the machine.
"""

import asyncio
import errno
import fcntl
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import IO

from carrete.adapters.mirror import Mirror
from carrete.domain.failures import (
    FailureCode,
    InvalidInputError,
    TransientError,
    UnavailableError,
)
from carrete.domain.media import ByteRange
from carrete.domain.task import Claim, Task
from carrete.domain.upload import MIB
from carrete.ports import NotFoundError, ObjectStore, ProgressSink

SPARE_BYTES = 256 * MIB
"""Bytes that stay free on the disk: a full disk breaks more than one task."""


class ScratchWorkspace:
    """Conforms to ``ports.Workspace``. One for each worker process; closes with ``close``."""

    def __init__(
        self,
        root: Path,
        worker: str,
        objects: ObjectStore,
        max_bytes: int,
        on_read: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Remember where; ``open`` makes the directory.

        Args:
            root: shared by all workers of the machine.
            worker: this worker's name, unique on the machine.
            objects: where originals come from.
            max_bytes: bytes of originals that are kept at most; those in use always stay.
            on_read: told the bytes of each read from the bucket.
        """
        self._root = root
        self._home = root / worker
        self._objects = objects
        self._max_bytes = max_bytes
        self._on_read = on_read
        self._sources: dict[str, Mirror] = {}
        self._lock: IO[bytes] | None = None

    async def open(self) -> None:
        """Make this worker's directory and remove those of dead workers."""
        await asyncio.to_thread(self._open)

    def _open(self) -> None:
        self._root.mkdir(parents=True, exist_ok=True)
        # one at a time: nobody may take a directory for dead between its making and its locking
        with _locked(self._root / ".lock"):
            for other in self._root.iterdir():
                if other.is_dir() and not _is_locked(other / "lock"):
                    shutil.rmtree(other, ignore_errors=True)
            for name in ("attempts", "sources"):
                (self._home / name).mkdir(parents=True)
            self._lock = (self._home / "lock").open("wb")
            fcntl.flock(self._lock, fcntl.LOCK_EX)

    async def close(self) -> None:
        """Remove this worker's directory."""
        await asyncio.to_thread(shutil.rmtree, self._home, ignore_errors=True)
        if self._lock is not None:
            self._lock.close()

    async def check(self) -> None:
        """See the port."""
        if await self._free() < SPARE_BYTES:
            # what is kept for later tasks goes first
            await self._evict(self._max_bytes)
        free = await self._free()
        if free < SPARE_BYTES:
            msg = f"the scratch disk has {free} bytes free"
            raise UnavailableError(msg)

    async def _free(self) -> int:
        return await asyncio.to_thread(lambda: shutil.disk_usage(self._home).free)

    @asynccontextmanager
    async def attempt(self, task: Task) -> AsyncIterator[Path]:
        """See the port."""
        path = self._home / "attempts" / f"{task.id}.{task.attempt}"
        with full_disk_passes():
            await asyncio.to_thread(path.mkdir)
        try:
            with full_disk_passes():
                yield path
        finally:
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, path, ignore_errors=True))

    @asynccontextmanager
    async def source(
        self, claim: Claim, on_progress: ProgressSink, ranges: Sequence[ByteRange] = ()
    ) -> AsyncIterator[Path]:
        """See the port."""
        async with self._mirror(claim) as mirror:
            async with mirror.lock:
                await self._make_room(mirror, mirror.missing(ranges or [(0, mirror.size)]))
                with _reading(claim):
                    await mirror.ensure(ranges, on_progress)
            yield mirror.path

    @asynccontextmanager
    async def header(self, claim: Claim, on_progress: ProgressSink) -> AsyncIterator[Path]:
        """See the port."""
        async with self._mirror(claim) as mirror:
            async with mirror.lock:
                with _reading(claim):
                    ranges = await mirror.header()
                await self._make_room(mirror, mirror.missing(ranges))
                with _reading(claim):
                    await mirror.ensure(ranges, on_progress)
            yield mirror.path

    @asynccontextmanager
    async def _mirror(self, claim: Claim) -> AsyncIterator[Mirror]:
        key = claim.source_key
        mirror = self._sources.pop(key, None) or Mirror(
            self._objects,
            key,
            claim.source_bytes,
            self._home / "sources" / str(claim.task.video_id) / f"original{claim.extension}",
            self._on_read,
        )
        # the most recently used one is the last, and the last to be evicted
        self._sources[key] = mirror
        mirror.users += 1
        try:
            yield mirror
        finally:
            mirror.users -= 1
            await asyncio.shield(self._evict(0))

    async def _make_room(self, mirror: Mirror, lacking: Sequence[ByteRange]) -> None:
        needed = sum(end - start for start, end in lacking)
        await self._evict(needed)
        free = await self._free()
        if free < needed + SPARE_BYTES:
            msg = f"the scratch disk has {free} bytes free, {needed} are needed"
            total = await asyncio.to_thread(lambda: shutil.disk_usage(self._home).total)
            # on a disk that is too small for it, waiting does not help; another worker's may do
            raise UnavailableError(msg) if needed + SPARE_BYTES <= total else TransientError(msg)
        if mirror.held + needed > self._max_bytes:
            msg = f"the original needs {needed} bytes, {self._max_bytes} are allowed"
            raise InvalidInputError(FailureCode.TOO_LARGE, msg)

    async def _evict(self, room_for: int) -> None:
        """Remove originals that nobody uses, oldest use first, until the bound is kept."""
        held = sum(mirror.held for mirror in self._sources.values())
        for key, mirror in list(self._sources.items()):
            if held + room_for <= self._max_bytes:
                return
            if mirror.users == 0:
                held -= mirror.held
                del self._sources[key]
                await asyncio.to_thread(mirror.remove)


@contextmanager
def _reading(claim: Claim) -> Iterator[None]:
    try:
        with full_disk_passes():
            yield
    except NotFoundError as exc:
        msg = f"{claim.source_key}: {exc}"
        raise InvalidInputError(FailureCode.SOURCE_MISSING, msg) from exc


@contextmanager
def full_disk_passes() -> Iterator[None]:
    """A full disk is a passing fault: the task is tried again, here or elsewhere."""
    try:
        yield
    except OSError as exc:
        if exc.errno in {errno.ENOSPC, errno.EDQUOT}:
            msg = f"the scratch disk is full: {exc}"
            raise TransientError(msg) from exc
        raise


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _is_locked(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)
