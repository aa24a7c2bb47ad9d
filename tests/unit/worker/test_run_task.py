"""Nothing that an operator must know is lost, whatever comes between."""

import asyncio
from typing import Any, cast

import pytest
from tests.unit.usecases.desk import Desk, leader
from tests.unit.worker.test_minutes import Scratch

from carrete.adapters.memory import MemoryStore
from carrete.domain.failures import FailureCode, UnavailableError
from carrete.domain.retry import MAX_BUG_FAILURES
from carrete.domain.task import Claim, Task, TaskKind
from carrete.domain.video import Video
from carrete.ports import Completion, Transcoder, Workspace
from carrete.usecases import run_task
from carrete.usecases.run_task import TaskRunner
from carrete.usecases.tasks.bench import Bench, Progress


class SlowToReject(MemoryStore):
    """Says when it begins to write a failure down, and goes on when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()

    async def reject(self, task: Task, code: FailureCode, detail: str) -> None:
        self.begun.set()
        await self.go_on.wait()
        await super().reject(task, code, detail)


class LosesAnswers(MemoryStore):
    """Writes a failure down, and the answer to that is lost."""

    async def reject(self, task: Task, code: FailureCode, detail: str) -> None:
        await super().reject(task, code, detail)
        msg = "the connection broke"
        raise UnavailableError(msg)


async def broken(_bench: Bench) -> Completion:
    msg = "nobody foresaw this"
    raise KeyError(msg)


async def last_try(desk: Desk) -> tuple[Video, Claim, TaskRunner]:
    """A claim whose next failure is the last, and who runs it."""
    video = await desk.complete(await desk.uploaded())
    for _ in range(MAX_BUG_FAILURES - 1):
        claim = await desk.store.claim("w", 30)
        assert claim is not None
        await desk.store.retry(claim.task, 0, "as before")
    claim = await desk.store.claim("w", 30)
    assert claim is not None
    runner = TaskRunner(
        jobs=desk.store,
        videos=desk.store,
        objects=desk.objects,
        queue=desk.queue,
        transcoder=cast(Transcoder, object()),
        workspace=cast(Workspace, cast(Any, Scratch())),
        lease_s=30,
        heartbeat_s=1,
        visibility_s=60,
    )
    return video, claim, runner


async def reconcile(desk: Desk) -> None:
    """One round of a worker that leads."""
    assert (await leader(desk.store, desk.objects, desk.queue).round()).led


async def test_a_worker_that_is_drained_after_a_failure_still_writes_it_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(run_task.HANDLERS, TaskKind.PREPARE, broken)
    desk = Desk()
    desk.store = store = SlowToReject()
    video, claim, runner = await last_try(desk)
    running = asyncio.ensure_future(runner.run(claim, None, Progress()))
    await store.begun.wait()
    running.cancel()
    await asyncio.wait({running}, timeout=0.01)
    assert not running.done()
    store.go_on.set()
    await asyncio.wait({running})
    assert running.cancelled()
    assert (await desk.now(video)).failure is FailureCode.INTERNAL
    await reconcile(desk)
    (letter,) = await desk.queue.dead_letters(10, 30)
    assert letter.task_id == claim.task.id


async def test_a_failure_whose_commit_was_not_answered_still_gets_its_dead_letter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(run_task.HANDLERS, TaskKind.PREPARE, broken)
    desk = Desk()
    desk.store = LosesAnswers()
    video, claim, runner = await last_try(desk)
    # the second try finds that the attempt is over
    assert await runner.run(claim, None, Progress()) == "lost"
    assert (await desk.now(video)).failure is FailureCode.INTERNAL
    await reconcile(desk)
    await reconcile(desk)
    (letter,) = await desk.queue.dead_letters(10, 30)
    assert letter.task_id == claim.task.id
    assert "nobody foresaw this" in letter.reason
