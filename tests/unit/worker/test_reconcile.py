import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.usecases.desk import leader

from carrete.adapters.memory import MemoryObjects, MemoryQueue, MemoryStore
from carrete.domain.account import Account, Role
from carrete.domain.artifacts import original_key
from carrete.domain.failures import FailureCode, UnavailableError
from carrete.domain.ids import new_id
from carrete.domain.task import TaskKind, TaskState
from carrete.domain.video import Video, VideoState
from carrete.ports import Doorbell, NewVideo
from carrete.usecases.collect_garbage import collect_garbage


class World:
    def __init__(self) -> None:
        self.shift = timedelta()
        self.store = MemoryStore(lambda: datetime.now(UTC) + self.shift)
        self.objects = MemoryObjects()
        self.queue = MemoryQueue()
        self.reconciler = leader(self.store, self.objects, self.queue)

    async def account(self) -> Account:
        return await self.store.create_account("a@example.org", "h", Role.USER)

    async def uploading(self, owner: Account) -> tuple[Video, str, str]:
        new = NewVideo(new_id(), owner.id, "n", ".mp4", "video/mp4", 4, 8, "h264")
        video, _ = await self.store.create_video(new, None, b"")
        key = original_key(owner.id, video.id, ".mp4")
        upload = await self.objects.begin_upload(key, "video/mp4")
        await self.store.set_upload(owner.id, video.id, upload)
        return video, key, upload

    def wait(self, seconds: float) -> None:
        self.shift += timedelta(seconds=seconds)


async def test_an_abandoned_upload_is_aborted_and_forgotten() -> None:
    world = World()
    owner = await world.account()
    await world.uploading(owner)
    world.wait(3601)
    assert (await world.reconciler.round()).abandoned == 1
    assert world.objects.uploads == {}
    assert await world.store.videos(owner.id, limit=9) == []


async def test_an_upload_that_was_whole_but_never_acknowledged_is_processed() -> None:
    world = World()
    owner = await world.account()
    video, key, upload = await world.uploading(owner)
    world.objects.put_part(upload, 1, b"film")
    await world.objects.complete_upload(key, upload, await world.objects.parts(key, upload))
    world.wait(3601)
    await world.reconciler.round()
    assert (await world.store.video(owner.id, video.id)).state is VideoState.QUEUED
    assert len(world.queue.messages) == 1


async def test_a_lost_message_is_sent_again() -> None:
    world = World()
    owner = await world.account()
    video, _, _ = await world.uploading(owner)
    await world.store.submit(owner.id, video.id, None)
    assert (await world.reconciler.round()).rung == 0
    world.wait(61)
    assert (await world.reconciler.round()).rung == 1
    assert len(world.queue.messages) == 1


async def test_who_does_not_lead_does_nothing() -> None:
    world = World()
    async with world.store.lead():
        assert not (await world.reconciler.round()).led


async def test_a_task_lost_too_often_is_buried() -> None:
    world = World()
    owner = await world.account()
    video, _, _ = await world.uploading(owner)
    await world.store.submit(owner.id, video.id, None)
    for _ in range(5):
        assert await world.store.claim("w", 10) is not None
        world.wait(11)
        await world.reconciler.round()
    (letter,) = await world.queue.dead_letters(10, 1)
    assert letter.task_id is not None
    assert (await world.store.video(owner.id, video.id)).state is VideoState.FAILED


async def test_a_dead_letter_that_could_not_be_sent_is_sent_by_a_later_round() -> None:
    class Deaf(MemoryQueue):
        async def bury(self, bell: Doorbell, reason: str) -> None:
            del bell, reason
            msg = "SQS is away"
            raise UnavailableError(msg)

    world = World()
    owner = await world.account()
    video, _, _ = await world.uploading(owner)
    await world.store.submit(owner.id, video.id, None)
    claim = await world.store.claim("w", 10)
    assert claim is not None
    await world.store.reject(claim.task, FailureCode.INTERNAL, "KeyError")
    assert (await replace(world.reconciler, queue=Deaf()).round()).led
    assert world.queue.dead == {}
    for _ in range(2):
        await world.reconciler.round()
    (letter,) = await world.queue.dead_letters(10, 1)
    assert (letter.task_id, letter.reason) == (claim.task.id, "KeyError")


async def test_a_store_that_hangs_keeps_nobody_from_freeing_leases() -> None:
    class Hanging(MemoryObjects):
        async def delete(self, keys: Sequence[str]) -> None:
            del keys
            await asyncio.Event().wait()

    world = World()
    owner = await world.account()
    for _ in range(2):
        video, _, _ = await world.uploading(owner)
        await world.store.submit(owner.id, video.id, None)
    claim = await world.store.claim("w", 10)
    assert claim is not None
    await world.store.intend(claim.task, ["output/left"], 10)
    world.wait(11)
    slow = replace(world.reconciler, objects=Hanging(), round_s=0.01)
    with pytest.raises(UnavailableError):
        await slow.round()
    # the lease was freed, the task rung for, and somebody else may lead
    assert {row.task.state for row in world.store.tasks.values()} == {TaskState.PENDING}
    assert len(world.queue.messages) >= 1
    assert (await world.reconciler.round()).led


async def test_garbage_is_what_no_row_points_at() -> None:
    world = World()
    owner = await world.account()
    _, key, _ = await world.uploading(owner)
    world.objects.stored = {key: b"kept", "output/a/b/x": b"orphan", "input/a/b/y": b"orphan"}
    await world.objects.begin_upload("input/z", "video/mp4")
    looked = await collect_garbage(
        world.store, world.objects, min_age_s=-60, sweep_grace_s=600, dry_run=True
    )
    assert (looked.seen, looked.orphans, looked.uploads) == (3, 2, 1)
    assert len(world.objects.stored) == 3
    await collect_garbage(
        world.store, world.objects, min_age_s=-60, sweep_grace_s=600, dry_run=False
    )
    assert list(world.objects.stored) == [key]
    assert len(world.objects.uploads) == 1


async def test_young_objects_are_left_alone() -> None:
    world = World()
    world.objects.stored = {"output/a/b/x": b"its row is on the way"}
    report = await collect_garbage(
        world.store, world.objects, min_age_s=3600, sweep_grace_s=600, dry_run=False
    )
    assert report.orphans == 0
    assert len(world.objects.stored) == 1


async def test_what_a_deleted_account_leaves_is_removed_and_then_the_account() -> None:
    world = World()
    owner = await world.account()
    await world.uploading(owner)
    await world.store.remove_account(owner.id)
    await world.reconciler.round()
    claim = await world.store.claim("w", 60)
    assert claim is not None
    assert claim.task.kind is TaskKind.REMOVE
    assert len(world.queue.messages) == 1
    await world.store.finish_removal(claim.task)
    await world.reconciler.round()
    assert world.store.accounts_by_id == {}
    assert world.store.log == []
