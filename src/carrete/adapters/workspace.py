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
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from carrete.domain.failures import FailureCode, InvalidInputError, TransientError
from carrete.domain.task import Claim, Task
from carrete.domain.upload import MIB
from carrete.ports import NotFoundError, ObjectStore, ProgressSink

SPARE_BYTES = 256 * MIB
"""Bytes that stay free on the disk: a full disk breaks more than one task."""


@dataclass
class _Source:
    """A downloaded original, or one that is on its way."""

    path: Path
    size: int
    users: int = 0
    whole: bool = False
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class ScratchWorkspace:
    """Conforms to ``ports.Workspace``. One for each worker process; closes with ``close``."""

    def __init__(self, root: Path, worker: str, objects: ObjectStore, max_bytes: int) -> None:
        """Remember where; ``open`` makes the directory.

        Args:
            root: shared by all workers of the machine.
            worker: this worker's name, unique on the machine.
            objects: where originals come from.
            max_bytes: bytes of originals that are kept at most; those in use always stay.
        """
        self._root = root
        self._home = root / worker
        self._objects = objects
        self._max_bytes = max_bytes
        self._sources: dict[str, _Source] = {}
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
    async def source(self, claim: Claim, on_progress: ProgressSink) -> AsyncIterator[Path]:
        """See the port."""
        key = claim.source_key
        name = f"{claim.task.video_id}{claim.extension}"
        source = self._sources.setdefault(
            key, _Source(self._home / "sources" / name, claim.source_bytes)
        )
        source.users += 1
        try:
            async with source.lock:
                if not source.whole:
                    await self._fetch(key, source, on_progress)
            yield source.path
        finally:
            source.users -= 1
            # the most recently used one goes to the end, to be evicted last
            if self._sources.get(key) is source:
                self._sources[key] = self._sources.pop(key)
            await asyncio.shield(self._evict())

    async def _fetch(self, key: str, source: _Source, on_progress: ProgressSink) -> None:
        await self._evict(room_for=source.size)
        free = await asyncio.to_thread(lambda: shutil.disk_usage(self._home).free)
        if free < source.size + SPARE_BYTES:
            msg = f"the scratch disk has {free} bytes free, {source.size} are needed"
            raise TransientError(msg)
        try:
            with full_disk_passes():
                await self._objects.download(key, source.path, on_progress)
        except NotFoundError as exc:
            raise InvalidInputError(FailureCode.SOURCE_MISSING, str(exc)) from exc
        source.whole = True

    async def _evict(self, room_for: int = 0) -> None:
        """Remove originals that nobody uses, oldest use first, until the bound is kept."""
        held = sum(source.size for source in self._sources.values() if source.whole)
        for key, source in list(self._sources.items()):
            failed = not source.whole and not source.lock.locked()
            if source.users == 0 and (failed or held + room_for > self._max_bytes):
                held -= source.size if source.whole else 0
                del self._sources[key]
                await asyncio.to_thread(source.path.unlink, missing_ok=True)


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
