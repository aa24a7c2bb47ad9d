"""Keep a task's lease and its message alive while it runs, and end it when it is no longer ours."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

from carrete.domain.failures import LeaseLostError, TransientError
from carrete.domain.task import Task
from carrete.ports import JobStore, Message, Queue
from carrete.usecases.tasks.bench import Progress

log = structlog.get_logger(__name__)

T = TypeVar("T")

SAFE_SHARE = 0.8
"""Share of the lease after which an attempt that can't reach the database stops by itself, so
that it has stopped before anybody else may start."""


class LeaseKeeper:
    """Holds one task for one attempt (invariant 4)."""

    def __init__(
        self,
        jobs: JobStore,
        queue: Queue,
        task: Task,
        message: Message | None,
        progress: Progress,
        *,
        lease_s: float,
        heartbeat_s: float,
        visibility_s: float,
    ) -> None:
        """Keep ``task`` and hide ``message`` until the work is over."""
        self._jobs = jobs
        self._queue = queue
        self._task = task
        self._message = message
        self._progress = progress
        self._lease_s = lease_s
        self._heartbeat_s = heartbeat_s
        self._visibility_s = visibility_s
        self._beating = asyncio.Lock()

    async def rest(self) -> None:
        """Beat no more: the task is about to end by a fenced write.

        A heartbeat that came after that write would find the task ended and take it for lost.
        """
        await self._beating.acquire()

    async def hold(self, work: Coroutine[Any, Any, T]) -> T:
        """Run ``work`` while the lease is kept.

        Raises:
            TaskCanceledError: the owner canceled; ``work`` was stopped.
            LeaseLostError: the task is not ours any more; ``work`` was stopped.
        """
        working = asyncio.ensure_future(work)
        keeping = asyncio.ensure_future(self._keep())
        hiding = asyncio.ensure_future(self._hide())
        try:
            await asyncio.wait({working, keeping}, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                return working.result()
            return await self._stop(working, keeping)
        finally:
            for job in (working, keeping, hiding):
                job.cancel()
            await asyncio.gather(working, keeping, hiding, return_exceptions=True)

    @staticmethod
    async def _stop(working: asyncio.Future[T], keeping: asyncio.Future[None]) -> T:
        """The keeper ended, so the lease is gone: end the work, unless it was done just then."""
        working.cancel()
        await asyncio.wait({working})
        if not working.cancelled() and working.exception() is None:
            return working.result()
        keeping.result()
        msg = "the lease keeper ended"
        raise LeaseLostError(msg)

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        heard = loop.time()
        while True:
            await asyncio.sleep(self._heartbeat_s)
            before = loop.time()
            limit = heard + self._lease_s * SAFE_SHARE
            try:
                async with self._beating, asyncio.timeout_at(limit):
                    await self._jobs.heartbeat(self._task, self._lease_s, self._progress.fraction)
                heard = before
            except (TransientError, TimeoutError) as exc:
                if loop.time() >= limit:
                    msg = "the database could not be reached for most of the lease"
                    raise LeaseLostError(msg) from exc
                log.warning("heartbeat failed", error=str(exc))

    async def _hide(self) -> None:
        """Keep the message hidden, so that the queue's depth tells what really waits."""
        while self._message is not None:
            await asyncio.sleep(self._visibility_s / 3)
            try:
                await self._queue.extend(self._message, self._visibility_s)
            except TransientError as exc:
                log.warning("the message could not be kept hidden", error=str(exc))
