from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from carrete.adapters.memory import MemoryQueue, MemoryStore
from carrete.domain.account import Role
from carrete.domain.ids import new_id
from carrete.ports import Doorbell
from carrete.usecases import operate

NOW = datetime(2026, 3, 1, 12, 34, 56, tzinfo=UTC)


@pytest.mark.parametrize("hours", [1, 2, 3, 4, 16, 17, 24, 48, 49, 100, 168])
async def test_history_has_no_gap_ends_now_and_is_bounded(hours: int) -> None:
    found = await operate.history(hours, now=NOW, operator=MemoryStore())
    step = timedelta(seconds=found.bucket_s)
    times = [one.at for one in found.buckets]
    assert len(times) <= operate.MAX_BUCKETS
    assert len(times) * step == timedelta(hours=hours)
    assert all(later - sooner == step for sooner, later in pairwise(times))
    assert times[-1] <= NOW < times[-1] + step


async def test_what_just_happened_is_in_the_last_stretch() -> None:
    store = MemoryStore(lambda: NOW)
    store.note(new_id(), new_id(), "task.lost")
    found = await operate.history(3, now=NOW, operator=store)
    assert [one.tasks_lost for one in found.buckets[-2:]] == [0, 1]


async def test_a_dead_letter_whose_task_is_gone_is_still_shown() -> None:
    store, queue = MemoryStore(), MemoryQueue()
    await queue.bury(Doorbell(new_id(), new_id()), "it failed")
    (found,) = await operate.dead_letters(10, operator=store, queue=queue)
    assert (found.task, found.message.reason) == (None, "it failed")


async def test_accounts_are_listed_in_pages() -> None:
    store = MemoryStore()
    for number in range(5):
        await store.create_account(f"{number}@example.org", "h", Role.USER)
    seen: list[str] = []
    cursor = None
    while True:
        page = await operate.list_accounts("", cursor, 2, operator=store)
        seen += [one.account.email for one in page.accounts]
        cursor = page.after
        if cursor is None:
            break
    assert seen == [f"{number}@example.org" for number in range(5)]
