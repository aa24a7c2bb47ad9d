import hashlib

import pytest
from tests.contract.conftest import Stores

from carrete.domain.ids import new_id
from carrete.domain.video import InvalidStateError, VideoState
from carrete.ports import IdempotencyConflictError, NewVideo, NotFoundError


def _new(owner: object) -> NewVideo:
    return NewVideo(
        id=new_id(),
        owner_id=owner,  # type: ignore[arg-type]
        name="a.mp4",
        extension=".mp4",
        content_type="video/mp4",
        size_bytes=5,
        part_size=8,
        profile="h264",
    )


async def test_an_idempotency_key_makes_one_video_and_refuses_another_request(
    stores: Stores,
) -> None:
    owner = (await stores.account()).id
    first, made = await stores.videos.create_video(_new(owner), "key", b"h")
    again, made_again = await stores.videos.create_video(_new(owner), "key", b"h")
    assert (made, made_again) == (True, False)
    assert first.id == again.id
    with pytest.raises(IdempotencyConflictError):
        await stores.videos.create_video(_new(owner), "key", b"other")


async def test_the_same_key_of_another_owner_is_another_video(stores: Stores) -> None:
    ana, eva = await stores.account("ana"), await stores.account("eva")
    first, _ = await stores.videos.create_video(_new(ana.id), "key", b"h")
    second, made = await stores.videos.create_video(_new(eva.id), "key", b"h")
    assert made
    assert first.id != second.id


async def test_the_first_upload_id_stays(stores: Stores) -> None:
    owner = (await stores.account()).id
    video = await stores.upload(owner)
    assert await stores.videos.set_upload(owner, video.id, "one") == "one"
    assert await stores.videos.set_upload(owner, video.id, "two") == "one"


async def test_another_owner_finds_nothing(stores: Stores) -> None:
    ana, eva = await stores.account("ana"), await stores.account("eva")
    video = await stores.queued(ana.id)
    for call in (
        stores.videos.video(eva.id, video.id),
        stores.videos.rename(eva.id, video.id, "x"),
        stores.videos.submit(eva.id, video.id, None),
        stores.videos.resubmit(eva.id, video.id, None),
        stores.videos.cancel(eva.id, video.id),
        stores.videos.request_removal(eva.id, video.id),
        stores.videos.artifacts(eva.id, video.id, []),
        stores.videos.job(eva.id, video.id),
        stores.videos.set_upload(eva.id, video.id, "x"),
    ):
        with pytest.raises(NotFoundError):
            await call
    assert await stores.videos.videos(eva.id, limit=10) == []
    assert await stores.events.events(eva.id, 0, 10) == []


async def test_pages_follow_each_other_without_gap_or_repeat(stores: Stores) -> None:
    owner = (await stores.account()).id
    made = [(await stores.upload(owner, f"{n}.mp4")).id for n in range(7)]
    seen = []
    before = None
    while page := await stores.videos.videos(owner, before=before, limit=3):
        seen += [video.id for video in page]
        before = page[-1].id
    assert seen == sorted(made, reverse=True)


async def test_the_list_is_filtered_by_state(stores: Stores) -> None:
    owner = (await stores.account()).id
    await stores.upload(owner)
    queued = await stores.queued(owner)
    found = await stores.videos.videos(owner, states=[VideoState.QUEUED], limit=10)
    assert [video.id for video in found] == [queued.id]


async def test_submitting_twice_opens_one_job(stores: Stores) -> None:
    owner = (await stores.account()).id
    video = await stores.upload(owner)
    assert len(await stores.videos.submit(owner, video.id, "e")) == 1
    assert len(await stores.videos.submit(owner, video.id, "e")) == 0
    assert (await stores.maintenance.counts()).pending == 1


async def test_canceling_stops_the_work_and_canceling_again_changes_nothing(
    stores: Stores,
) -> None:
    owner = (await stores.account()).id
    video = await stores.queued(owner)
    assert (await stores.videos.cancel(owner, video.id)).state is VideoState.CANCELED
    assert (await stores.videos.cancel(owner, video.id)).state is VideoState.CANCELED
    assert await stores.jobs.claim("w", 10) is None


async def test_an_upload_can_not_be_canceled_or_reprocessed(stores: Stores) -> None:
    owner = (await stores.account()).id
    video = await stores.upload(owner)
    with pytest.raises(InvalidStateError):
        await stores.videos.cancel(owner, video.id)
    with pytest.raises(InvalidStateError):
        await stores.videos.resubmit(owner, video.id, None)


async def test_a_canceled_video_is_processed_anew_with_a_new_job(stores: Stores) -> None:
    owner = (await stores.account()).id
    video = await stores.queued(owner)
    await stores.videos.cancel(owner, video.id)
    bells = await stores.videos.resubmit(owner, video.id, "h264+av1")
    again = await stores.videos.video(owner, video.id)
    assert len(bells) == 1
    assert (again.state, again.profile) == (VideoState.QUEUED, "h264+av1")
    assert again.job_id != video.job_id


async def test_a_removed_video_is_gone_for_its_owner_at_once(stores: Stores) -> None:
    owner = (await stores.account()).id
    video = await stores.queued(owner)
    assert len(await stores.videos.request_removal(owner, video.id)) == 1
    with pytest.raises(NotFoundError):
        await stores.videos.video(owner, video.id)
    with pytest.raises(NotFoundError):
        await stores.videos.request_removal(owner, video.id)
    assert await stores.videos.videos(owner, limit=5) == []


async def test_a_removal_for_one_state_leaves_a_video_in_another_alone(stores: Stores) -> None:
    owner = (await stores.account()).id
    video = await stores.queued(owner)
    with pytest.raises(InvalidStateError):
        await stores.videos.request_removal(owner, video.id, only=VideoState.UPLOADING)
    assert (await stores.videos.video(owner, video.id)).state is VideoState.QUEUED


async def test_every_change_is_an_event_in_order(stores: Stores) -> None:
    owner = (await stores.account()).id
    video = await stores.queued(owner)
    await stores.videos.rename(owner, video.id, "b.mp4")
    await stores.videos.cancel(owner, video.id)
    events = await stores.events.events(owner, 0, 100)
    assert [event.type for event in events] == [
        "video.uploading",
        "video.queued",
        "video.renamed",
        "video.canceled",
    ]
    ids = [event.id or 0 for event in events]
    assert ids == sorted(ids)
    assert await stores.events.last_event_id(owner) == ids[-1]
    assert await stores.events.events(owner, ids[1], 100) == events[2:]


async def test_a_listener_hears_what_is_committed(stores: Stores) -> None:
    owner = (await stores.account()).id
    async with stores.events.listen() as heard:
        video = await stores.upload(owner)
        event = await anext(heard)
    assert (event.type, event.video_id, event.owner_id) == ("video.uploading", video.id, owner)
    assert [event] == await stores.events.events(owner, 0, 10)


async def test_a_listener_hears_events_that_are_too_long_for_a_notification(
    stores: Stores,
) -> None:
    owner = (await stores.account()).id
    long_name = "ñ" * 6000
    async with stores.events.listen() as heard:
        await stores.upload(owner, long_name)
        event = await anext(heard)
    assert event.data == {"name": long_name}


async def test_request_hashes_are_kept_as_bytes(stores: Stores) -> None:
    owner = (await stores.account()).id
    digest = hashlib.sha256(b"request").digest()
    first, _ = await stores.videos.create_video(_new(owner), "k", digest)
    again, made = await stores.videos.create_video(_new(owner), "k", digest)
    assert (again.id, made) == (first.id, False)
