import hashlib
from dataclasses import replace
from uuid import UUID

import pytest
from tests.contract.conftest import Stores

from carrete.domain.artifacts import ArtifactKind
from carrete.domain.ids import new_id
from carrete.domain.library import Sort, VideoQuery, position_of
from carrete.domain.task import NewTask, TaskKind
from carrete.domain.video import InvalidStateError, Video, VideoFacts, VideoState
from carrete.ports import (
    Completion,
    IdempotencyConflictError,
    Need,
    NewVideo,
    NotFoundError,
    StoredFile,
)


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
    after = None
    while page := await stores.videos.videos(owner, after=after, limit=3):
        seen += [video.id for video in page]
        after = position_of(page[-1], Sort.NEWEST)
    assert seen == sorted(made, reverse=True)


async def test_the_list_is_filtered_by_state(stores: Stores) -> None:
    owner = (await stores.account()).id
    await stores.upload(owner)
    queued = await stores.queued(owner)
    found = await stores.videos.videos(owner, VideoQuery((VideoState.QUEUED,)), limit=10)
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


async def library(stores: Stores, owner: UUID) -> list[Video]:
    """Videos whose names, sizes and lengths each have another order, some of them equal."""
    made = []
    for number, (name, size, seconds) in enumerate(
        (
            ("beta.mp4", 300, 10.0),
            ("Alpha.mp4", 100, None),
            ("Ñandú 100%.mp4", 200, 30.5),
            ("alpha_2.mp4", 300, 10.0),
            ("gamma.mp4", 50, 20.0),
        )
    ):
        # ids of one millisecond have no order
        new = replace(_new(owner), id=new_id(10**12 + number), name=name, size_bytes=size)
        video, _ = await stores.videos.create_video(new, None, b"")
        if seconds is not None:
            await stores.videos.submit(owner, video.id, None)
            claim = await stores.jobs.claim("w", 60)
            assert claim is not None
            facts = VideoFacts(seconds, 16, 16, 25.0, "h264", None)
            await stores.jobs.complete(claim.task, Completion({}, facts=facts, plan={}))
        made.append(await stores.videos.video(owner, video.id))
    return made


EXPECTED = {
    Sort.NEWEST: [4, 3, 2, 1, 0],
    Sort.OLDEST: [0, 1, 2, 3, 4],
    Sort.NAME: [1, 3, 0, 4, 2],
    Sort.NAME_DOWN: [2, 4, 0, 3, 1],
    Sort.SMALLEST: [4, 1, 2, 0, 3],
    Sort.LARGEST: [3, 0, 2, 1, 4],
    Sort.SHORTEST: [1, 0, 3, 4, 2],
    Sort.LONGEST: [2, 4, 3, 0, 1],
}


@pytest.mark.parametrize("size", [1, 2, 5])
async def test_pages_of_every_order_follow_each_other_without_gap_or_repeat(
    stores: Stores, size: int
) -> None:
    owner = (await stores.account()).id
    made = await library(stores, owner)
    for sort, expected in EXPECTED.items():
        seen: list[Video] = []
        query = VideoQuery(sort=sort)
        while True:
            after = position_of(seen[-1], sort) if seen else None
            page = await stores.videos.videos(owner, query, after=after, limit=size)
            if not page:
                break
            seen += page
        assert [video.id for video in seen] == [made[n].id for n in expected], sort


async def test_a_page_goes_on_behind_a_video_that_is_gone(stores: Stores) -> None:
    owner = (await stores.account()).id
    made = await library(stores, owner)
    await stores.videos.request_removal(owner, made[3].id)
    query = VideoQuery(sort=Sort.NAME)
    behind = position_of(made[3], Sort.NAME)
    found = await stores.videos.videos(owner, query, after=behind, limit=2)
    assert [video.id for video in found] == [made[0].id, made[4].id]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ALPHA", [3, 1]),
        ("ñAND", [2]),
        ("%", [2]),
        ("_", [3]),
        (".mp4", [4, 3, 2, 1, 0]),
        ("\\", []),
        ("nothing", []),
    ],
)
async def test_a_search_finds_text_in_names_whatever_its_case(
    stores: Stores, text: str, expected: list[int]
) -> None:
    owner = (await stores.account()).id
    made = await library(stores, owner)
    found = await stores.videos.videos(owner, VideoQuery(text=text), limit=9)
    assert [video.id for video in found] == [made[n].id for n in expected]
    counts = await stores.videos.count_by_state(owner, text)
    assert sum(counts.values()) == len(expected)


async def test_videos_are_counted_by_state_for_their_owner_alone(stores: Stores) -> None:
    ana, eva = await stores.account("ana"), await stores.account("eva")
    await stores.upload(ana.id)
    await stores.queued(ana.id)
    await stores.queued(ana.id)
    gone = await stores.queued(ana.id)
    await stores.videos.request_removal(ana.id, gone.id)
    counts = await stores.videos.count_by_state(ana.id)
    assert counts == {VideoState.UPLOADING: 1, VideoState.QUEUED: 2}
    assert await stores.videos.count_by_state(eva.id) == {}


async def test_a_selection_is_removed_but_for_what_is_anothers_or_gone(stores: Stores) -> None:
    ana, eva = await stores.account("ana"), await stores.account("eva")
    mine = [await stores.queued(ana.id) for _ in range(2)]
    hers = await stores.queued(eva.id)
    chosen = [mine[0].id, hers.id, new_id(), mine[0].id]
    count, bells = await stores.videos.request_removals(ana.id, chosen)
    assert (count, len(bells)) == (1, 1)
    assert [v.id for v in await stores.videos.videos(ana.id, limit=9)] == [mine[1].id]
    assert (await stores.videos.video(eva.id, hers.id)).state is VideoState.QUEUED


async def test_a_video_says_what_its_results_have(stores: Stores) -> None:
    owner = (await stores.account()).id
    video = await stores.queued(owner)
    assert (video.has_poster, video.has_storyboard, video.playable) == (False, False, False)
    claim = await stores.jobs.claim("w", 60)
    assert claim is not None
    chunk = stored("c", ArtifactKind.CHUNK, chunk=0)
    poster = stored("p", ArtifactKind.POSTER)
    await stores.jobs.intend(claim.task, [chunk.key, poster.key], 60)
    needs = [Need(ArtifactKind.CHUNK, None, 0)]
    await stores.jobs.publish(claim.task, [chunk, poster], needs)
    early = await stores.videos.video(owner, video.id)
    assert (early.has_poster, early.has_storyboard, early.playable) == (True, False, True)
    await stores.jobs.complete(claim.task, Completion({}, publish=True))
    await stores.videos.resubmit(owner, video.id, None)
    again = await stores.videos.video(owner, video.id)
    assert (again.has_poster, again.playable) == (True, True)


async def test_a_job_that_begins_anew_has_nothing_to_play(stores: Stores) -> None:
    owner = (await stores.account()).id
    video = await stores.queued(owner)
    claim = await stores.jobs.claim("w", 60)
    assert claim is not None
    files = [stored("c", ArtifactKind.CHUNK, chunk=0), stored("p", ArtifactKind.POSTER)]
    await stores.jobs.intend(claim.task, [file.key for file in files], 60)
    await stores.jobs.publish(claim.task, files, [Need(ArtifactKind.CHUNK, None, 0)])
    await stores.jobs.restart(claim.task, NewTask(TaskKind.PREPARE))
    after = await stores.videos.video(owner, video.id)
    assert (after.has_poster, after.playable) == (False, False)


def stored(key: str, kind: ArtifactKind, chunk: int | None = None) -> StoredFile:
    return StoredFile(key, kind, 10, "video/mp4", None, chunk, {})
