import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from carrete.adapters.memory import MemoryQueue, MemoryStore
from carrete.domain.account import Role
from carrete.domain.failures import LeaseLostError, TaskCanceledError, TransientError
from carrete.domain.ids import new_id
from carrete.domain.task import Claim, Task
from carrete.ports import Completion, NewVideo
from carrete.usecases.hold_lease import LeaseKeeper
from carrete.usecases.tasks.bench import Progress


class Clock:
    def __init__(self) -> None:
        self.shift = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.shift


async def claimed(store: MemoryStore) -> Claim:
    account = await store.create_account("a@example.org", "h", Role.USER)
    new = NewVideo(new_id(), account.id, "n", ".mp4", "video/mp4", 1, 8, "h264")
    await store.create_video(new, None, b"")
    await store.submit(account.id, new.id, None)
    claim = await store.claim("w", 1)
    assert claim is not None
    return claim


def keeper(store: MemoryStore, task: Task, lease_s: float = 1) -> LeaseKeeper:
    return LeaseKeeper(
        store,
        MemoryQueue(),
        task,
        None,
        Progress(),
        lease_s=lease_s,
        heartbeat_s=0.005,
        visibility_s=1,
    )


async def endless(stopped: asyncio.Event) -> str:
    try:
        await asyncio.Event().wait()
    finally:
        stopped.set()
    return "never"


async def test_the_works_answer_comes_back() -> None:
    store = MemoryStore()
    claim = await claimed(store)

    async def work() -> int:
        return 7

    assert await keeper(store, claim.task).hold(work()) == 7


async def test_cancellation_by_the_owner_stops_the_work() -> None:
    store = MemoryStore()
    claim = await claimed(store)
    stopped = asyncio.Event()
    holding = asyncio.ensure_future(keeper(store, claim.task).hold(endless(stopped)))
    await store.cancel(claim.task.owner_id, claim.task.video_id)
    with pytest.raises(TaskCanceledError):
        await holding
    assert stopped.is_set()


async def test_a_lost_lease_stops_the_work() -> None:
    clock = Clock()
    store = MemoryStore(clock)
    claim = await claimed(store)
    stopped = asyncio.Event()
    clock.shift += timedelta(seconds=60)
    await store.free_expired(10)
    with pytest.raises(LeaseLostError):
        await keeper(store, claim.task).hold(endless(stopped))
    assert stopped.is_set()


async def test_a_database_that_stays_away_stops_the_work_before_the_lease_ends() -> None:
    class Away(MemoryStore):
        async def heartbeat(self, _task: Task, _lease_s: float, _progress: float) -> None:
            msg = "away"
            raise TransientError(msg)

    store = Away()
    claim = await claimed(store)
    stopped = asyncio.Event()
    with pytest.raises(LeaseLostError):
        await keeper(store, claim.task, lease_s=0.1).hold(endless(stopped))
    assert stopped.is_set()


async def test_an_error_of_the_work_comes_through() -> None:
    store = MemoryStore()
    claim = await claimed(store)

    async def broken() -> None:
        msg = "x"
        raise ValueError(msg)

    with pytest.raises(ValueError, match="x"):
        await keeper(store, claim.task).hold(broken())


async def test_a_task_that_ends_is_not_taken_for_lost_by_a_late_heartbeat() -> None:
    store = MemoryStore()
    claim = await claimed(store)
    holder = keeper(store, claim.task)

    async def work() -> str:
        await holder.rest()
        await store.complete(claim.task, Completion(result={}))
        # many heartbeats would have come by now, and found the task ended
        await asyncio.sleep(0.05)
        return "done"

    assert await holder.hold(work()) == "done"
