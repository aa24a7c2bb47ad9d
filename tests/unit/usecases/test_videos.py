import pytest
from tests.unit.usecases.desk import Desk

from carrete.domain.artifacts import ArtifactKind
from carrete.domain.ids import new_id
from carrete.domain.ladder import Profile
from carrete.domain.library import VideoQuery
from carrete.domain.upload import InvalidNameError
from carrete.domain.video import InvalidStateError, Video, VideoState
from carrete.ports import Completion, NotFoundError, StoredFile
from carrete.usecases import downloads, videos
from carrete.usecases.downloads import DownloadKind


async def ready(desk: Desk) -> Video:
    """A video whose job published a result and a poster."""
    video = await desk.complete(await desk.uploaded())
    claim = await desk.store.claim("w", 10)
    assert claim is not None
    files = [
        StoredFile("out/processed.mp4", ArtifactKind.PROCESSED, 7, "video/mp4", None, None, {}),
        StoredFile("out/poster.jpg", ArtifactKind.POSTER, 3, "image/jpeg", None, None, {}),
    ]
    await desk.store.intend(claim.task, [file.key for file in files], 10)
    await desk.store.complete(claim.task, Completion({}, files=files, publish=True))
    return await desk.now(video)


async def test_a_list_goes_from_page_to_page_without_gap_or_repetition() -> None:
    desk = Desk()
    made = [(await desk.create())[0].id for _ in range(7)]
    seen, cursor, pages = [], None, 0
    while True:
        page = await videos.list_videos(desk.owner, cursor=cursor, limit=3, videos=desk.store)
        seen += [video.id for video in page.videos]
        pages += 1
        cursor = page.after
        if cursor is None:
            break
    assert sorted(seen) == sorted(made)
    assert len(seen) == 7
    assert pages == 3


async def test_a_full_last_page_says_that_it_is_the_last() -> None:
    desk = Desk()
    for _ in range(3):
        await desk.create()
    page = await videos.list_videos(desk.owner, limit=3, videos=desk.store)
    assert (len(page.videos), page.after) == (3, None)


async def test_a_list_is_filtered_by_state_and_bounded() -> None:
    desk = Desk()
    await desk.create()
    queued = await desk.complete(await desk.uploaded())
    page = await videos.list_videos(
        desk.owner, VideoQuery((VideoState.QUEUED,)), limit=10**9, videos=desk.store
    )
    assert [video.id for video in page.videos] == [queued.id]


async def test_a_new_name_is_cleaned_like_the_first() -> None:
    desk = Desk()
    video, _ = await desk.create()
    renamed = await videos.rename_video(desk.owner, video.id, " a/b/ñ\x00 ", videos=desk.store)
    assert renamed.name == "ñ"
    with pytest.raises(InvalidNameError):
        await videos.rename_video(desk.owner, video.id, "\x00", videos=desk.store)


async def test_work_is_canceled_and_done_anew_with_another_profile() -> None:
    desk = Desk()
    video = await desk.complete(await desk.uploaded())
    canceled = await videos.cancel_video(desk.owner, video.id, videos=desk.store)
    assert canceled.state is VideoState.CANCELED
    again = await videos.reprocess_video(
        desk.owner, video.id, Profile.H264_AV1, videos=desk.store, queue=desk.queue
    )
    assert (again.state, again.profile) == (VideoState.QUEUED, "h264+av1")
    assert len(desk.queue.messages) == 2
    _, job = await videos.read_job(desk.owner, video.id, videos=desk.store)
    assert job is not None
    assert job.id != video.job_id


async def test_what_is_in_work_is_not_processed_anew() -> None:
    desk = Desk()
    video = await desk.complete(await desk.uploaded())
    with pytest.raises(InvalidStateError):
        await videos.reprocess_video(desk.owner, video.id, videos=desk.store, queue=desk.queue)


async def test_a_removed_video_is_hidden_at_once_and_its_removal_rung_for() -> None:
    desk = Desk()
    video = await ready(desk)
    await videos.remove_video(desk.owner, video.id, videos=desk.store, queue=desk.queue)
    with pytest.raises(NotFoundError):
        await videos.read_video(desk.owner, video.id, videos=desk.store)
    assert (await videos.list_videos(desk.owner, videos=desk.store)).videos == []
    assert len(desk.queue.messages) == 2


async def link(desk: Desk, video: Video, kind: DownloadKind) -> downloads.Link:
    return await downloads.download_link(
        desk.owner, video.id, kind, expires_s=60, videos=desk.store, objects=desk.objects
    )


async def test_the_original_is_downloaded_under_its_own_name() -> None:
    desk = Desk()
    video = await desk.complete(await desk.uploaded(b"hello"))
    await videos.rename_video(desk.owner, video.id, "Ñandú 🎬.MOV", videos=desk.store)
    found = await link(desk, video, DownloadKind.ORIGINAL)
    assert (found.filename, found.size_bytes) == ("Ñandú 🎬.MOV", 5)
    assert found.url.startswith(f"memory:{desk.key(video)}?Ñandú")


async def test_the_result_is_downloaded_under_that_name_as_mp4() -> None:
    desk = Desk()
    video = await ready(desk)
    await videos.rename_video(desk.owner, video.id, "Boda.MOV", videos=desk.store)
    found = await link(desk, video, DownloadKind.PROCESSED)
    assert (found.filename, found.size_bytes) == ("Boda.mp4", 7)
    assert found.url.startswith("memory:out/processed.mp4?")


async def test_what_is_not_there_yet_is_not_linked() -> None:
    desk = Desk()
    video, _ = await desk.create()
    for kind in DownloadKind:
        with pytest.raises(InvalidStateError):
            await link(desk, video, kind)
    ports = {"videos": desk.store, "objects": desk.objects}
    with pytest.raises(NotFoundError):
        await downloads.poster_link(desk.owner, video.id, expires_s=60, **ports)  # type: ignore[arg-type]


async def test_a_poster_is_shown_and_not_saved() -> None:
    desk = Desk()
    video = await ready(desk)
    found = await downloads.poster_link(
        desk.owner, video.id, expires_s=60, videos=desk.store, objects=desk.objects
    )
    assert found.filename == "film.jpg"
    assert found.url.endswith("&True")


async def test_another_owner_finds_nothing() -> None:
    desk = Desk()
    video = await ready(desk)
    desk.owner, owner = new_id(), desk.owner
    store, queue = desk.store, desk.queue
    for attempt in (
        videos.read_video(desk.owner, video.id, videos=store),
        videos.read_job(desk.owner, video.id, videos=store),
        videos.rename_video(desk.owner, video.id, "x", videos=store),
        videos.cancel_video(desk.owner, video.id, videos=store),
        videos.reprocess_video(desk.owner, video.id, videos=store, queue=queue),
        videos.remove_video(desk.owner, video.id, videos=store, queue=queue),
        link(desk, video, DownloadKind.ORIGINAL),
        link(desk, video, DownloadKind.PROCESSED),
        desk.complete(video),
    ):
        with pytest.raises(NotFoundError):
            await attempt
    assert await store.video(owner, video.id) == video
