"""A drain that comes at the worst moment loses nothing that an operator must know."""

import asyncio
from typing import Any, cast

import pytest
from tests.unit.usecases.desk import Desk
from tests.unit.worker.test_minutes import Scratch

from carrete.adapters.memory import MemoryQueue
from carrete.domain.failures import FailureCode
from carrete.domain.retry import MAX_BUG_FAILURES
from carrete.domain.task import TaskKind
from carrete.ports import Completion, Doorbell, Transcoder, Workspace
from carrete.usecases import run_task
from carrete.usecases.run_task import TaskRunner
from carrete.usecases.tasks.bench import Bench, Progress


class SlowToBury(MemoryQueue):
    """Says when it begins to bury, and goes on when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()

    async def bury(self, bell: Doorbell, reason: str) -> None:
        self.begun.set()
        await self.go_on.wait()
        await super().bury(bell, reason)


async def broken(_bench: Bench) -> Completion:
    msg = "nobody foresaw this"
    raise KeyError(msg)


async def test_a_worker_that_is_drained_after_a_failure_still_sends_the_dead_letter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(run_task.HANDLERS, TaskKind.PREPARE, broken)
    desk, queue = Desk(), SlowToBury()
    video = await desk.complete(await desk.uploaded())
    runner = TaskRunner(
        jobs=desk.store,
        videos=desk.store,
        objects=desk.objects,
        queue=queue,
        transcoder=cast(Transcoder, object()),
        workspace=cast(Workspace, cast(Any, Scratch())),
        lease_s=30,
        heartbeat_s=1,
        visibility_s=60,
    )
    for _ in range(MAX_BUG_FAILURES - 1):
        claim = await desk.store.claim("w", 30)
        assert claim is not None
        await desk.store.retry(claim.task, 0, "as before")
    claim = await desk.store.claim("w", 30)
    assert claim is not None
    running = asyncio.ensure_future(runner.run(claim, None, Progress()))
    await queue.begun.wait()
    running.cancel()
    await asyncio.wait({running}, timeout=0.01)
    assert not running.done()
    queue.go_on.set()
    await asyncio.wait({running})
    assert running.cancelled()
    (letter,) = await queue.dead_letters(10, 30)
    assert letter.task_id == claim.task.id
    assert (await desk.now(video)).failure is FailureCode.INTERNAL
