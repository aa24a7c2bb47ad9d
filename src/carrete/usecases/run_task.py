"""Run one claimed task to its end: held by a lease, and always leaving it in a defined state."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog

from carrete.domain.failures import (
    CarreteError,
    LeaseLostError,
    TaskCanceledError,
    TransientError,
)
from carrete.domain.retry import DeadLetter, Reject, Restart, Retry, WaitOut, decide
from carrete.domain.task import Claim, NewTask, Priority, Task, TaskKind
from carrete.ports import (
    Completion,
    Doorbell,
    JobStore,
    Message,
    ObjectStore,
    Queue,
    Transcoder,
    VideoStore,
    Workspace,
)
from carrete.usecases.doorbells import ring
from carrete.usecases.hold_lease import LeaseKeeper
from carrete.usecases.tasks.bench import Bench, Progress
from carrete.usecases.tasks.encode import audio, encode
from carrete.usecases.tasks.finish import finish
from carrete.usecases.tasks.prepare import prepare
from carrete.usecases.tasks.remove import remove

log = structlog.get_logger(__name__)

T = TypeVar("T")

HANDLERS: dict[TaskKind, Callable[[Bench], Awaitable[Completion]]] = {
    TaskKind.PREPARE: prepare,
    TaskKind.ENCODE: encode,
    TaskKind.AUDIO: audio,
    TaskKind.FINISH: finish,
    TaskKind.REMOVE: remove,
}

FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 2.0


@dataclass(frozen=True)
class TaskRunner:
    """Runs tasks with the given ports.

    Attributes:
        lease_s: seconds a task is held without a heartbeat.
        heartbeat_s: seconds between heartbeats.
        visibility_s: seconds that SQS hides the message between extensions.
    """

    jobs: JobStore
    videos: VideoStore
    objects: ObjectStore
    queue: Queue
    transcoder: Transcoder
    workspace: Workspace
    lease_s: float
    heartbeat_s: float
    visibility_s: float

    async def ready(self) -> None:
        """Make sure that a task can begin at all, before one is claimed for nothing.

        Raises:
            UnavailableError: the scratch disk is full.
        """
        await self.workspace.check()

    async def run(self, claim: Claim, message: Message | None, progress: Progress) -> str:
        """Run a task; afterwards it is done, waiting again, failed, or somebody else's.

        Canceling this call gives the task back. Returns the outcome in a word, for metrics:
        ``done``, ``retry``, ``waits``, ``restart``, ``rejected``, ``dead_letter``, ``canceled``,
        ``lost`` or ``unsaved``.
        """
        task = claim.task
        keeper = LeaseKeeper(
            self.jobs,
            self.queue,
            task,
            message,
            progress,
            lease_s=self.lease_s,
            heartbeat_s=self.heartbeat_s,
            visibility_s=self.visibility_s,
        )
        try:
            bells = await keeper.hold(self._work(claim, progress, keeper))
            await ring(self.queue, bells)
            outcome = "done"
        except TaskCanceledError:
            outcome = "canceled"
            await self._let_go(task)
        except LeaseLostError as exc:
            log.warning("lease lost", reason=str(exc))
            outcome = "lost"
            await self._let_go(task)
        except asyncio.CancelledError:
            await asyncio.shield(self._give_back(task))
            raise
        except Exception as exc:  # noqa: BLE001 - whatever it is, the task must end in a state
            outcome = await _to_its_end(self._failed(task, exc, progress))
        finally:
            # the row says what is next; the message has done its work
            if message is not None:
                with suppress(TransientError):
                    await asyncio.shield(self.queue.delete(message))
        return outcome

    async def _work(
        self, claim: Claim, progress: Progress, keeper: LeaseKeeper
    ) -> Sequence[Doorbell]:
        """Do the task and write its end down, both while the lease is kept."""
        async with self.workspace.attempt(claim.task) as scratch:
            bench = Bench(
                claim=claim,
                scratch=scratch,
                lease_s=self.lease_s,
                jobs=self.jobs,
                videos=self.videos,
                objects=self.objects,
                transcoder=self.transcoder,
                workspace=self.workspace,
                progress=progress,
            )
            completion = await HANDLERS[claim.task.kind](bench)
        task = claim.task
        await keeper.rest()
        if task.kind is TaskKind.REMOVE:
            await self._persist(lambda: self.jobs.finish_removal(task))
            return ()
        return await self._persist(lambda: self.jobs.complete(task, completion))

    async def _failed(self, task: Task, error: Exception, progress: Progress) -> str:
        """Carry out what the one pure decision says about a failed attempt."""
        decision = decide(error, task.failures, _age_s(task))
        log.warning(
            "task failed",
            decision=type(decision).__name__,
            error=decision.detail,
            exc_info=error if not isinstance(error, CarreteError) else None,
        )
        try:
            match decision:
                case Retry(delay_s, detail) | WaitOut(delay_s, detail):
                    counted = isinstance(decision, Retry)
                    bells = await self._persist(
                        lambda: self.jobs.retry(task, delay_s, detail, counted=counted)
                    )
                    await ring(self.queue, bells, delay_s)
                    return "retry" if counted else "waits"
                case Restart():
                    first = NewTask(
                        TaskKind.PREPARE,
                        priority=Priority.FIRST_SECONDS,
                        spec={"allow_copy": False},
                    )
                    bells = await self._persist(lambda: self.jobs.restart(task, first))
                    await ring(self.queue, bells)
                    return "restart"
                case Reject(code, detail):
                    await self._persist(lambda: self.jobs.reject(task, code, detail))
                    progress.failure = code
                    return "rejected"
                case DeadLetter(code, detail):
                    await self._persist(lambda: self.jobs.reject(task, code, detail))
                    progress.failure = code
                    return "dead_letter"  # reconcile sends it: it follows from the row
        except (LeaseLostError, TaskCanceledError):
            await self._let_go(task)
            return "lost"
        except TransientError as exc:
            # the lease runs out by itself, and reconcile puts the task back
            log.warning("the failure could not be written down", error=str(exc))
            return "unsaved"

    async def _persist(self, write: Callable[[], Awaitable[T]]) -> T:
        """Try a fenced write until it is answered, for as long as the lease may last."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self.lease_s
        wait = FIRST_WAIT_S
        while True:
            try:
                return await write()
            except TransientError:
                if loop.time() + wait > end:
                    raise
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT_S)

    async def _let_go(self, task: Task) -> None:
        with suppress(TransientError):
            await self.jobs.acknowledge(task)

    async def _give_back(self, task: Task) -> None:
        try:
            bells = await self.jobs.give_back(task)
        except (LeaseLostError, TaskCanceledError):
            await self._let_go(task)
        except TransientError as exc:
            log.warning("the task could not be given back", error=str(exc))
        else:
            await ring(self.queue, bells)


def _age_s(task: Task) -> float:
    """Seconds since a task was made; the two clocks may differ by a little."""
    return 0.0 if task.created_at is None else max(0.0, time.time() - task.created_at.timestamp())


async def _to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """Finish ``work`` even when canceled meanwhile.

    A drain must not come between a failure and the row that tells of it. What is awaited in it is
    bounded by the lease.
    """
    running = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait({running})
        raise
