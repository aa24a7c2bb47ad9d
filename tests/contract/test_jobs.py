import asyncio
from uuid import UUID

import pytest
from tests.contract.conftest import Stores

from carrete import tracing
from carrete.domain.artifacts import ArtifactKind
from carrete.domain.failures import FailureCode, LeaseLostError, TaskCanceledError
from carrete.domain.task import Claim, NewTask, Priority, TaskKind, TaskState
from carrete.domain.video import VideoFacts, VideoState
from carrete.ports import Completion, Need, StoredFile

LEASE = 20.0
FACTS = VideoFacts(3.0, 640, 360, 25.0, "h264", "aac")
FINISH = NewTask(TaskKind.FINISH)
PROCESSED = Need(ArtifactKind.PROCESSED, "h264-360", 0)
CHUNK = Need(ArtifactKind.CHUNK, "h264-360", 0)
SOUND = Need(ArtifactKind.AUDIO, "h264-360", 0)


async def claimed(stores: Stores, worker: str = "w") -> Claim:
    claim = await stores.jobs.claim(worker, LEASE)
    assert claim is not None
    return claim


def planned(chunks: int = 2) -> Completion:
    follow = [NewTask(TaskKind.ENCODE, index=n, weight=10) for n in range(chunks)]
    return Completion(
        result={}, facts=FACTS, plan={"chunks": chunks}, total_weight=100, follow=follow
    )


def stored(key: str, kind: ArtifactKind = ArtifactKind.CHUNK) -> StoredFile:
    return StoredFile(key, kind, 7, "video/mp4", "h264-360", 0, {"a": [1, 2]})


async def ready(stores: Stores, owner: UUID, key: str = "p") -> UUID:
    """Take a video all the way."""
    video = await stores.queued(owner)
    await stores.jobs.complete((await claimed(stores)).task, planned(1))
    chunk = await claimed(stores)
    await stores.jobs.complete(chunk.task, Completion(result={}, last=FINISH))
    finish = await claimed(stores)
    await stores.jobs.intend(finish.task, [key], LEASE)
    file = stored(key, ArtifactKind.PROCESSED)
    await stores.jobs.complete(
        finish.task, Completion(result={}, files=[file], playable_when=[PROCESSED], publish=True)
    )
    return video.id


async def test_a_job_runs_from_prepare_to_ready(stores: Stores) -> None:
    owner = (await stores.account()).id
    video_id = await ready(stores, owner)
    video = await stores.videos.video(owner, video_id)
    assert video.state is VideoState.READY
    assert video.published_job_id == video.job_id
    assert (video.width, video.duration_s, video.audio_codec) == (640, 3.0, "aac")
    assert video.output_bytes == 7
    assert video.progress == 1.0
    assert video.playable_at is not None
    found = await stores.videos.artifacts(owner, video_id, [ArtifactKind.PROCESSED])
    assert [(a.key, a.meta) for a in found] == [("p", {"a": [1, 2]})]
    kinds = [event.type for event in await stores.events.events(owner, 0, 100)]
    assert kinds[:3] == ["video.uploading", "video.queued", "video.processing"]
    assert kinds[-2:] == ["video.playable", "video.ready"]


async def test_all_tasks_of_a_job_belong_to_the_trace_that_submitted_it(stores: Stores) -> None:
    owner = (await stores.account()).id
    traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    with tracing.span("submit", parent=traceparent):
        await stores.queued(owner)
    first = await claimed(stores)
    await stores.jobs.complete(first.task, planned(1))
    second = await claimed(stores)
    assert [first.traceparent, second.traceparent] == [traceparent] * 2
    await stores.queued(owner)
    untraced = await claimed(stores)
    assert untraced.traceparent is None


async def test_a_task_is_claimed_once_however_many_ask(stores: Stores) -> None:
    owner = (await stores.account()).id
    await stores.queued(owner)
    claims = await asyncio.gather(*(stores.jobs.claim(f"w{n}", LEASE) for n in range(8)))
    assert sum(claim is not None for claim in claims) == 1


async def test_many_claims_at_once_take_many_tasks(stores: Stores) -> None:
    owner = (await stores.account()).id
    await stores.queued(owner)
    await stores.jobs.complete((await claimed(stores)).task, planned(4))
    claims = await asyncio.gather(*(stores.jobs.claim(f"w{n}", LEASE) for n in range(4)))
    taken = {claim.task.index for claim in claims if claim is not None}
    assert taken == {0, 1, 2, 3}


async def test_the_last_task_opens_when_all_others_are_done_and_only_once(
    stores: Stores,
) -> None:
    owner = (await stores.account()).id
    await stores.queued(owner)
    await stores.jobs.complete((await claimed(stores)).task, planned(3))
    chunks = [await claimed(stores) for _ in range(3)]
    bells = await asyncio.gather(
        *(stores.jobs.complete(c.task, Completion(result={}, last=FINISH)) for c in chunks)
    )
    assert sum(len(some) for some in bells) == 1
    assert (await claimed(stores)).task.kind is TaskKind.FINISH


async def test_a_lost_lease_is_freed_and_the_old_attempt_changes_nothing(stores: Stores) -> None:
    owner = (await stores.account()).id
    video = await stores.queued(owner)
    old = await claimed(stores, "frozen")
    await stores.elapse(LEASE + 1)
    freed = await stores.maintenance.free_expired(10)
    assert len(freed.waiting) == 1
    new = await claimed(stores, "fresh")
    assert new.task.attempt == old.task.attempt + 1
    assert new.task.failures == 1
    for late in (
        stores.jobs.heartbeat(old.task, LEASE, 0.5),
        stores.jobs.complete(old.task, planned()),
        stores.jobs.retry(old.task, 1, "x"),
        stores.jobs.give_back(old.task),
        stores.jobs.reject(old.task, FailureCode.INTERNAL, "x"),
        stores.jobs.intend(old.task, ["late"], LEASE),
    ):
        with pytest.raises(LeaseLostError):
            await late
    assert (await stores.videos.video(owner, video.id)).state is VideoState.PROCESSING
    await stores.jobs.heartbeat(new.task, LEASE, 0.1)


async def test_a_heartbeat_keeps_the_lease(stores: Stores) -> None:
    owner = (await stores.account()).id
    await stores.queued(owner)
    claim = await claimed(stores)
    await stores.elapse(LEASE - 5)
    await stores.jobs.heartbeat(claim.task, LEASE, 0.2)
    await stores.elapse(LEASE - 5)
    assert (await stores.maintenance.free_expired(10)).waiting == ()


async def test_progress_is_weighted_over_the_tasks(stores: Stores) -> None:
    owner = (await stores.account()).id
    video = await stores.queued(owner)
    await stores.jobs.complete((await claimed(stores)).task, planned(2))
    chunk = await claimed(stores)
    async with stores.events.listen() as heard:
        await stores.jobs.heartbeat(chunk.task, LEASE, 0.5)
        event = await anext(heard)
    assert (event.id, event.type) == (None, "video.progress")
    # prepare weighs 1 of 100 and is done, half of a chunk that weighs 10 is done
    assert (await stores.videos.video(owner, video.id)).progress == pytest.approx(0.06)


async def test_a_task_lost_too_often_fails_with_a_reason(stores: Stores) -> None:
    owner = (await stores.account()).id
    video = await stores.queued(owner)
    given_up = 0
    for _ in range(5):
        await claimed(stores)
        await stores.elapse(LEASE + 1)
        given_up += len((await stores.maintenance.free_expired(10)).given_up)
    assert given_up == 1
    found = await stores.videos.video(owner, video.id)
    assert (found.state, found.failure) == (VideoState.FAILED, FailureCode.GAVE_UP)


async def test_a_retry_waits_for_its_delay(stores: Stores) -> None:
    owner = (await stores.account()).id
    await stores.queued(owner)
    claim = await claimed(stores)
    assert len(await stores.jobs.retry(claim.task, 30, "network")) == 1
    assert await stores.jobs.claim("w", LEASE) is None
    await stores.elapse(31)
    again = await claimed(stores)
    assert (again.task.attempt, again.task.failures) == (2, 1)


async def test_a_task_that_waits_out_an_outage_has_not_failed(stores: Stores) -> None:
    owner = (await stores.account()).id
    await stores.queued(owner)
    claim = await claimed(stores)
    await stores.jobs.retry(claim.task, 30, "S3 is away", counted=False)
    assert await stores.jobs.claim("w", LEASE) is None
    await stores.elapse(31)
    again = await claimed(stores)
    assert (again.task.attempt, again.task.failures) == (2, 0)


async def test_a_task_that_nobody_claims_is_seen_to_wait(stores: Stores) -> None:
    owner = (await stores.account()).id
    assert not await stores.jobs.waiting(0)
    await stores.queued(owner)
    assert not await stores.jobs.waiting(5)
    await stores.elapse(6)
    assert await stores.jobs.waiting(5)
    await claimed(stores)
    assert not await stores.jobs.waiting(5)


async def test_giving_back_counts_as_no_failure(stores: Stores) -> None:
    owner = (await stores.account()).id
    await stores.queued(owner)
    await stores.jobs.give_back((await claimed(stores)).task)
    again = await claimed(stores)
    assert (again.task.attempt, again.task.failures) == (2, 0)


async def test_a_rejected_video_fails_and_its_other_tasks_are_canceled(stores: Stores) -> None:
    owner = (await stores.account()).id
    video = await stores.queued(owner)
    await stores.jobs.complete((await claimed(stores)).task, planned(3))
    one, two = await claimed(stores), await claimed(stores)
    await stores.jobs.reject(one.task, FailureCode.DAMAGED_FILE, "frame 7")
    found = await stores.videos.video(owner, video.id)
    assert (found.state, found.failure) == (VideoState.FAILED, FailureCode.DAMAGED_FILE)
    with pytest.raises(TaskCanceledError):
        await stores.jobs.heartbeat(two.task, LEASE, 0.1)
    assert await stores.jobs.claim("w", LEASE) is None
    last = (await stores.events.events(owner, 0, 100))[-1]
    assert (last.type, last.data) == ("video.failed", {"code": "damaged_file"})


async def test_cancellation_is_noticed_by_the_next_heartbeat(stores: Stores) -> None:
    owner = (await stores.account()).id
    video = await stores.queued(owner)
    claim = await claimed(stores)
    await stores.videos.cancel(owner, video.id)
    with pytest.raises(TaskCanceledError):
        await stores.jobs.heartbeat(claim.task, LEASE, 0.1)
    with pytest.raises(TaskCanceledError):
        await stores.jobs.complete(claim.task, planned())


async def test_a_redrive_sends_the_whole_job_back_to_work(stores: Stores) -> None:
    owner = (await stores.account()).id
    video = await stores.queued(owner)
    await stores.jobs.complete((await claimed(stores)).task, planned(3))
    one, two = await claimed(stores), await claimed(stores)
    await stores.jobs.complete(one.task, Completion(result={}, last=FINISH))
    await stores.jobs.reject(two.task, FailureCode.INTERNAL, "bug")
    assert len(await stores.jobs.redrive(two.task.id)) == 2
    assert (await stores.videos.video(owner, video.id)).state is VideoState.PROCESSING
    assert {(await claimed(stores)).task.index for _ in range(2)} == {1, 2}
    assert await stores.jobs.redrive(two.task.id) == ()


async def test_removal_names_every_object_and_then_the_rows_are_gone(stores: Stores) -> None:
    owner = (await stores.account()).id
    video_id = await ready(stores, owner)
    await stores.videos.request_removal(owner, video_id)
    claim = await claimed(stores)
    assert claim.task.kind is TaskKind.REMOVE
    found = await stores.jobs.removal(video_id)
    assert found is not None
    assert found.keys == ("p",)
    assert found.original_key == f"input/{owner}/{video_id}/original.mp4"
    await stores.jobs.finish_removal(claim.task)
    assert await stores.jobs.removal(video_id) is None
    assert (await stores.events.events(owner, 0, 100))[-1].type == "video.deleted"


async def test_reprocessing_keeps_the_old_result_until_the_new_one_is_ready(
    stores: Stores,
) -> None:
    owner = (await stores.account()).id
    video_id = await ready(stores, owner, "old")
    await stores.videos.resubmit(owner, video_id, None)
    kinds = [ArtifactKind.PROCESSED]
    assert [a.key for a in await stores.videos.artifacts(owner, video_id, kinds)] == ["old"]
    await stores.jobs.complete((await claimed(stores)).task, planned(1))
    await stores.jobs.complete((await claimed(stores)).task, Completion(result={}, last=FINISH))
    finish = await claimed(stores)
    await stores.jobs.intend(finish.task, ["new"], LEASE)
    await stores.jobs.complete(
        finish.task,
        Completion(result={}, files=[stored("new", ArtifactKind.PROCESSED)], publish=True),
    )
    assert [a.key for a in await stores.videos.artifacts(owner, video_id, kinds)] == ["new"]
    assert await stores.maintenance.dead_keys(0, 10) == ["old"]


async def test_a_canceled_reprocess_leaves_the_video_ready(stores: Stores) -> None:
    owner = (await stores.account()).id
    video_id = await ready(stores, owner)
    await stores.videos.resubmit(owner, video_id, None)
    assert (await stores.videos.cancel(owner, video_id)).state is VideoState.READY


async def test_one_owners_thousand_tasks_do_not_keep_another_waiting(stores: Stores) -> None:
    busy, other = await stores.account("busy"), await stores.account("other")
    for n in range(50):
        await stores.queued(busy.id, f"{n}.mp4")
    first = await claimed(stores)
    assert first.task.owner_id == busy.id
    mine = await stores.queued(other.id)
    assert (await claimed(stores)).task.video_id == mine.id


async def test_owners_take_turns(stores: Stores) -> None:
    owners = [(await stores.account(name)).id for name in ("a", "b", "c")]
    for owner in owners:
        for n in range(3):
            await stores.queued(owner, f"{n}.mp4")
    turns = []
    for _ in range(9):
        claim = await claimed(stores)
        turns.append(claim.task.owner_id)
        # nobody else runs: the turns alone decide
        await stores.jobs.complete(claim.task, Completion(result={}, plan={}, total_weight=1))
    for start in (0, 3, 6):
        assert set(turns[start : start + 3]) == set(owners)


async def test_first_seconds_go_before_the_later_chunks_of_others(stores: Stores) -> None:
    ana, eva = await stores.account("ana"), await stores.account("eva")
    await stores.queued(ana.id)
    await stores.jobs.complete((await claimed(stores)).task, planned(5))
    await stores.queued(eva.id)
    assert (await claimed(stores)).task.owner_id == eva.id


async def test_later_chunks_that_waited_long_are_not_held_back_for_ever(stores: Stores) -> None:
    ana, eva = await stores.account("ana"), await stores.account("eva")
    await stores.queued(ana.id)
    await stores.jobs.complete((await claimed(stores)).task, planned(1))
    for n in range(5):
        await stores.queued(eva.id, f"{n}.mp4")
    # one worker, one task at a time: without ageing only eva's first tasks would ever run
    await stores.elapse(31)
    served = []
    for _ in range(2):
        claim = await claimed(stores)
        served.append(claim.task.owner_id)
        await stores.jobs.complete(claim.task, Completion(result={}, plan={}, total_weight=1))
    assert ana.id in served


async def test_an_owners_own_first_seconds_go_before_his_later_chunks(stores: Stores) -> None:
    owner = (await stores.account()).id
    await stores.queued(owner)
    await stores.jobs.complete((await claimed(stores)).task, planned(5))
    second = await stores.queued(owner)
    claim = await claimed(stores)
    assert (claim.task.video_id, claim.task.priority) == (second.id, Priority.FIRST_SECONDS)


@pytest.mark.parametrize("kinds", ["encode audio", "audio encode"])
async def test_equal_tasks_are_claimed_in_the_order_in_which_they_were_given(
    kinds: str, stores: Stores
) -> None:
    owner = (await stores.account()).id
    await stores.queued(owner)
    first, second = (NewTask(TaskKind(kind)) for kind in kinds.split())
    later = [NewTask(TaskKind.ENCODE, index=n) for n in range(1, 4)]
    plan = Completion(result={}, facts=FACTS, plan={}, follow=[first, second, *later])
    await stores.jobs.complete((await claimed(stores)).task, plan)
    taken = [(await claimed(stores)).task for _ in range(5)]
    wanted = [(task.kind, task.index) for task in (first, second, *later)]
    assert [(task.kind, task.index) for task in taken] == wanted


async def test_job_detail_lists_the_tasks(stores: Stores) -> None:
    owner = (await stores.account()).id
    video = await stores.queued(owner)
    await stores.jobs.complete((await claimed(stores)).task, planned(2))
    job = await stores.videos.job(owner, video.id)
    assert job is not None
    assert [(t.kind, t.index, t.state) for t in job.tasks] == [
        (TaskKind.PREPARE, 0, TaskState.DONE),
        (TaskKind.ENCODE, 0, TaskState.PENDING),
        (TaskKind.ENCODE, 1, TaskState.PENDING),
    ]


async def test_a_video_is_playable_once_all_that_its_start_needs_is_there(stores: Stores) -> None:
    owner = (await stores.account()).id
    video = await stores.queued(owner)
    await stores.jobs.complete((await claimed(stores)).task, planned(2))
    one, two = await claimed(stores), await claimed(stores)
    await stores.jobs.intend(one.task, ["picture"], LEASE)
    await stores.jobs.publish(one.task, [stored("picture")], [CHUNK, SOUND])
    assert (await stores.videos.video(owner, video.id)).playable_at is None
    await stores.jobs.intend(two.task, ["sound"], LEASE)
    sound = stored("sound", ArtifactKind.AUDIO)
    await stores.jobs.publish(two.task, [sound], [CHUNK, SOUND])
    now = await stores.videos.video(owner, video.id)
    assert now.playable_at is not None
    assert now.state is VideoState.PROCESSING
    await stores.jobs.complete(
        one.task, Completion(result={}, files=[stored("picture")], playable_when=[CHUNK, SOUND])
    )
    kinds = [event.type for event in await stores.events.events(owner, 0, 100)]
    assert kinds.count("video.playable") == 1


async def test_what_a_lost_attempt_published_is_replaced_by_the_next_one(stores: Stores) -> None:
    owner = (await stores.account()).id
    video = await stores.queued(owner)
    await stores.jobs.complete((await claimed(stores)).task, planned(1))
    old = await claimed(stores)
    await stores.jobs.intend(old.task, ["old"], LEASE)
    await stores.jobs.publish(old.task, [stored("old")], [])
    await stores.elapse(LEASE + 1)
    await stores.maintenance.free_expired(10)
    kinds = [ArtifactKind.CHUNK]
    assert [a.key for a in await stores.videos.artifacts(owner, video.id, kinds)] == ["old"]
    new = await claimed(stores)
    await stores.jobs.intend(new.task, ["new"], LEASE)
    await stores.jobs.complete(new.task, Completion(result={}, files=[stored("new")]))
    assert [a.key for a in await stores.videos.artifacts(owner, video.id, kinds)] == ["new"]
    assert await stores.maintenance.dead_keys(600, 10) == ["old"]


async def test_a_restarted_job_begins_anew_without_what_it_made(stores: Stores) -> None:
    owner = (await stores.account()).id
    video = await stores.queued(owner)
    await stores.jobs.complete((await claimed(stores)).task, planned(2))
    one, two = await claimed(stores), await claimed(stores)
    await stores.jobs.intend(one.task, ["k"], LEASE)
    await stores.jobs.complete(one.task, Completion(result={}, files=[stored("k")]))
    first = NewTask(TaskKind.PREPARE, spec={"allow_copy": False})
    assert len(await stores.jobs.restart(two.task, first)) == 1
    again = await claimed(stores)
    assert (again.task.kind, again.task.spec) == (TaskKind.PREPARE, {"allow_copy": False})
    # keys carry the job and the attempt, and attempts are counted from 1 again
    assert (again.task.attempt, again.task.job_id != two.task.job_id) == (1, True)
    assert (await stores.videos.video(owner, video.id)).job_id == again.task.job_id
    assert await stores.maintenance.dead_keys(600, 10) == ["k"]
    with pytest.raises((LeaseLostError, TaskCanceledError)):
        await stores.jobs.complete(two.task, Completion(result={}))
    assert (await stores.videos.video(owner, video.id)).state is VideoState.PROCESSING
