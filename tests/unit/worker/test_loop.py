"""A slot works whatever becomes of its queue, and begins nothing that it could not end."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import cast

import pytest

from carrete.adapters.memory import MemoryQueue, MemoryStore
from carrete.domain.account import Role
from carrete.domain.failures import TransientError, UnavailableError
from carrete.domain.ids import new_id
from carrete.domain.task import Claim
from carrete.metrics import WorkerMetrics, new_registry
from carrete.ports import Completion, Doorbell, Message, NewVideo
from carrete.usecases.run_task import TaskRunner
from carrete.usecases.tasks.bench import Progress
from carrete.worker import loop
from carrete.worker.loop import Slot


@dataclass
class Runner:
    """Ends each task with the next of some outcomes, the last for ever; then stops the slot.

    Attributes:
        troubles: how often the disk is full at first.
    """

    store: MemoryStore
    stopping: asyncio.Event
    outcomes: list[str] = field(default_factory=lambda: ["done"])
    troubles: int = 0
    stop_after: int = 1
    ran: list[Claim] = field(default_factory=list)
    asked: int = 0

    async def ready(self) -> None:
        self.asked += 1
        if self.asked <= self.troubles:
            msg = "the disk is full"
            raise UnavailableError(msg)

    async def run(self, claim: Claim, _message: Message | None, _progress: Progress) -> str:
        self.ran.append(claim)
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if outcome == "done":
            await self.store.complete(claim.task, Completion(result={}))
        else:
            await self.store.retry(claim.task, 0, "away", counted=False)
        if len(self.ran) == self.stop_after:
            self.stopping.set()
        return outcome


class DeadQueue(MemoryQueue):
    """Refuses everything, or hangs."""

    def __init__(self, *, hangs: bool) -> None:
        super().__init__()
        self.hangs = hangs

    async def receive(self, wait_s: float, visibility_s: float) -> Message | None:
        del wait_s, visibility_s
        if self.hangs:
            await asyncio.Event().wait()
        msg = "no queue"
        raise TransientError(msg)


class LosingQueue(MemoryQueue):
    """Takes messages and delivers none."""

    async def ring(self, bells: Sequence[Doorbell], delay_s: float = 0) -> None:
        pass


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The usual waits are for real services."""
    for name in ("LOOK_S", "DEAF_POLL_S", "FIRST_WAIT_S", "LONGEST_WAIT_S"):
        monkeypatch.setattr(loop, name, 0.01)
    monkeypatch.setattr(loop, "UNHEARD_S", 0.0)


async def submit(store: MemoryStore) -> None:
    account = await store.create_account(f"{new_id()}@example.org", "h", Role.USER)
    new = NewVideo(new_id(), account.id, "n", ".mp4", "video/mp4", 1, 8, "h264")
    await store.create_video(new, None, b"")
    await store.submit(account.id, new.id, None)


def slot_of(
    store: MemoryStore, queue: MemoryQueue, make: Callable[[asyncio.Event], Runner]
) -> tuple[Slot, Runner]:
    stopping = asyncio.Event()
    runner = make(stopping)
    slot = Slot(
        name="w",
        jobs=store,
        queue=queue,
        runner=cast("TaskRunner", runner),
        metrics=WorkerMetrics(new_registry()),
        stopping=stopping,
        lease_s=10,
        visibility_s=10,
        stop_grace_s=1,
    )
    return slot, runner


@pytest.mark.parametrize("queue", [DeadQueue(hangs=False), DeadQueue(hangs=True), LosingQueue()])
async def test_a_queue_that_is_away_stops_nothing(queue: MemoryQueue) -> None:
    store = MemoryStore()
    slot, runner = slot_of(store, queue, lambda stop: Runner(store, stop, stop_after=2))
    async with asyncio.timeout(20):
        working = asyncio.ensure_future(slot.run())
        # Both come while the slot listens in vain.
        for _ in range(2):
            await submit(store)
        await working
    assert len(runner.ran) == 2


async def test_a_worker_without_room_claims_nothing() -> None:
    store = MemoryStore()
    await submit(store)
    slot, runner = slot_of(store, MemoryQueue(), lambda stop: Runner(store, stop, troubles=3))
    async with asyncio.timeout(20):
        await slot.run()
    # three looks at the disk came to nothing, and the task was not touched by them
    assert runner.asked == 4
    assert [claim.task.attempt for claim in runner.ran] == [1]


async def test_after_an_outage_the_next_task_waits_ever_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = MemoryStore()
    await submit(store)
    outcomes = ["waits", "unsaved", "waits", "done"]
    slot, runner = slot_of(
        store, MemoryQueue(), lambda stop: Runner(store, stop, list(outcomes), stop_after=4)
    )
    waited: list[float] = []
    monkeypatch.setattr(loop, "LONGEST_WAIT_S", 0.03)

    async def pause(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(slot, "_pause", pause)
    async with asyncio.timeout(20):
        await slot.run()
    assert len(runner.ran) == 4
    assert waited == [0.5, 0.03, 0.03]
