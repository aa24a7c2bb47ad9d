"""The receive loop: one slot runs one task at a time."""

import asyncio
import time
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from typing import Any

import structlog
from opentelemetry.trace import Span, SpanKind

from carrete import tracing
from carrete.domain.failures import TransientError
from carrete.domain.flow import worth_finishing
from carrete.domain.task import Claim, TaskKind
from carrete.metrics import WorkerMetrics
from carrete.ports import JobStore, Message, Queue
from carrete.usecases.run_task import TaskRunner
from carrete.usecases.tasks.bench import Progress

log = structlog.get_logger(__name__)

LONG_POLL_S = 20.0
LOOK_S = 2.0
"""Seconds between two looks into the database while a slot listens: what a lost message costs."""

UNHEARD_S = 1.0
"""Seconds that a message may take before a slot goes without it."""

DEAF_POLL_S = 2.0
"""Seconds between two looks into the database while the queue is out of reach."""

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 15.0

OUTAGES = frozenset({"waits", "unsaved"})
"""Outcomes after which the next task would fare no better."""


@dataclass
class Slot:
    """Runs one task after the other until ``stopping`` is set.

    A message is a permit to claim, not a task: the database says which task is next (ADR 2). A
    slot that listens looks there now and then, so a lost message costs seconds, and a queue that
    is out of reach stops nothing.
    """

    name: str
    jobs: JobStore
    queue: Queue
    runner: TaskRunner
    metrics: WorkerMetrics
    stopping: asyncio.Event
    lease_s: float
    visibility_s: float
    stop_grace_s: float
    wait_s: float = field(default=FIRST_WAIT_S, init=False)
    deaf: bool = field(default=False, init=False)

    async def run(self) -> None:
        """Work until told to stop; then give back what can't be finished in time."""
        poll_s = 0.0
        while not self.stopping.is_set():
            message = await self._receive(poll_s)
            if self.stopping.is_set():
                return
            try:
                await self.runner.ready()
                claim = await self.jobs.claim(self.name, self.lease_s)
            except TransientError as exc:
                await self._back_off(str(exc))
                continue
            if claim is None:
                self.wait_s = FIRST_WAIT_S
                await self._forget(message)
                # nothing waits: listen for as long as SQS lets us
                poll_s = 0.0 if message is not None else LONG_POLL_S
                if self.deaf:
                    await self._pause(DEAF_POLL_S)
                continue
            poll_s = 0.0
            if await self._work(claim, message) in OUTAGES:
                await self._back_off("a service is out of reach")
            else:
                self.wait_s = FIRST_WAIT_S

    async def _receive(self, poll_s: float) -> Message | None:
        """Wait for a message, for the stop, or for a task that waits unheard."""
        waiting = asyncio.ensure_future(self.queue.receive(poll_s, self.visibility_s))
        stop = asyncio.ensure_future(self.stopping.wait())
        unheard = asyncio.ensure_future(self._unheard())
        either: list[asyncio.Future[Any]] = [waiting, stop, unheard]
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            message = waiting.result() if waiting.done() else None
            self.deaf = False
        except TransientError as exc:
            log.warning("the queue is out of reach", error=str(exc))
            self.deaf = True
            return None
        else:
            return message
        finally:
            for one in either:
                one.cancel()
            await asyncio.gather(*either, return_exceptions=True)

    async def _unheard(self) -> None:
        """Return when some task has waited for longer than its message takes."""
        while True:
            await asyncio.sleep(LOOK_S)
            with suppress(TransientError):
                if await self.jobs.waiting(UNHEARD_S):
                    return

    async def _work(self, claim: Claim, message: Message | None) -> str:
        task = claim.task
        started = time.monotonic()
        progress = Progress()
        with (
            structlog.contextvars.bound_contextvars(
                video_id=str(task.video_id), task_id=str(task.id), attempt=task.attempt
            ),
            self._span(claim, message) as span,
        ):
            log.info("task started", kind=task.kind.value, index=task.index)
            running = asyncio.ensure_future(self.runner.run(claim, message, progress))
            outcome = await self._finish_or_give_back(running, progress, started)
            seconds = time.monotonic() - started
            span.set_attribute("carrete.outcome", outcome)
            log.info("task ended", kind=task.kind.value, outcome=outcome, seconds=round(seconds, 3))
        self._count(task.kind, outcome, progress, seconds)
        return outcome

    def _span(self, claim: Claim, message: Message | None) -> AbstractContextManager[Span]:
        task = claim.task
        return tracing.span(
            f"task {task.kind}",
            kind=SpanKind.CONSUMER,
            parent=claim.traceparent,
            caused_by=message.traceparent if message is not None else None,
            messaging__system="aws_sqs",
            carrete__video_id=str(task.video_id),
            carrete__task_id=str(task.id),
            carrete__task_index=task.index,
            carrete__attempt=task.attempt,
            carrete__worker=self.name,
        )

    def _count(self, kind: TaskKind, outcome: str, progress: Progress, seconds: float) -> None:
        self.metrics.task_ended(kind, outcome, seconds)
        self.metrics.stored(progress.stored_bytes)
        if outcome == "lost":
            self.metrics.lease_lost()
        if outcome == "done" and progress.media_s:
            self.metrics.encoded(progress.media_s, seconds)
        if progress.failure is not None:
            self.metrics.failed(progress.failure)

    async def _finish_or_give_back(
        self, running: asyncio.Future[str], progress: Progress, started: float
    ) -> str:
        stop = asyncio.ensure_future(self.stopping.wait())
        either: list[asyncio.Future[Any]] = [running, stop]
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            elapsed = time.monotonic() - started
            grace = self.stop_grace_s
            if not running.done() and worth_finishing(progress.fraction, elapsed, grace):
                await asyncio.wait({running}, timeout=grace)
            if running.done():
                return running.result()
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
            return "given_back"
        finally:
            stop.cancel()
            if not running.done():
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)

    async def _forget(self, message: Message | None) -> None:
        """A message that led to no task has done its work."""
        if message is not None:
            with suppress(TransientError):
                await self.queue.delete(message)

    async def _back_off(self, error: str) -> None:
        log.warning("no work for now", error=error, wait_s=self.wait_s)
        await self._pause(self.wait_s)
        self.wait_s = min(self.wait_s * 2, LONGEST_WAIT_S)

    async def _pause(self, seconds: float) -> None:
        """Wait, but not longer than until the stop."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.stopping.wait()
