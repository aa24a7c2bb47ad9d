"""The worker over real PostgreSQL, S3, SQS and ffmpeg."""

import asyncio
from contextlib import suppress
from pathlib import Path

import av
import psutil
import pytest
from tests.integration.worker.conftest import Desk

from carrete.domain.artifacts import ArtifactKind
from carrete.domain.failures import FailureCode
from carrete.domain.ids import new_id
from carrete.domain.task import TaskKind, TaskState
from carrete.domain.video import Video, VideoState
from carrete.ports import Doorbell
from carrete.usecases import run_task
from carrete.usecases.dead_letters import list_dead_letters, redrive


async def running(desk: Desk, video: Video, kind: TaskKind) -> Video:
    """Wait until a task of that kind runs and has begun to make something."""
    async with asyncio.timeout(60), desk.container.events.listen() as heard:
        while True:
            job = await desk.container.videos.job(video.owner_id, video.id)
            assert job is not None
            tasks = [t for t in job.tasks if t.kind is kind and t.state is TaskState.RUNNING]
            if any(task.progress > 0 for task in tasks):
                return video
            await anext(heard)


async def test_a_clip_becomes_a_playable_mp4_with_a_poster(
    desk: Desk, clip: Path, tmp_path: Path
) -> None:
    video = await desk.send(clip)
    async with desk.worker():
        done = await desk.settled(video)
    assert (done.state, done.failure) == (VideoState.READY, None)
    kinds = [ArtifactKind.PROCESSED, ArtifactKind.POSTER]
    made = await desk.container.videos.artifacts(desk.owner, video.id, kinds)
    assert {artifact.kind for artifact in made} == set(kinds)
    for artifact in made:
        path = tmp_path / artifact.kind
        await desk.container.objects.download(artifact.key, path, lambda _: None)
    with av.open(str(tmp_path / "processed")) as container:
        stream = container.streams.video[0]
        assert (stream.codec.name, stream.width, stream.height) == ("h264", 1280, 720)
        assert container.streams.audio[0].codec.name == "aac"
        assert sum(1 for _ in container.decode(stream)) == 90
    head = (tmp_path / "processed").read_bytes()[:64_000]
    assert head.index(b"moov") < 64_000
    assert (tmp_path / "poster").read_bytes()[:2] == b"\xff\xd8"


async def test_a_file_that_is_no_video_fails_with_a_reason_and_the_next_one_is_processed(
    desk: Desk, clip: Path, tmp_path: Path
) -> None:
    (tmp_path / "text.mp4").write_text("this is no video\n" * 100)
    bad, good = await desk.send(tmp_path / "text.mp4"), await desk.send(clip)
    async with desk.worker():
        failed, done = await desk.settled(bad), await desk.settled(good)
    assert (failed.state, failed.failure) == (VideoState.FAILED, FailureCode.NOT_A_VIDEO)
    assert done.state is VideoState.READY


async def test_a_lost_message_does_not_lose_the_video(desk: Desk, clip: Path) -> None:
    video = await desk.send(clip)
    message = await desk.container.queue.receive(5, 30)
    assert message is not None
    await desk.container.queue.delete(message)
    async with desk.worker():
        assert (await desk.settled(video)).state is VideoState.READY


async def test_a_message_delivered_twice_at_the_same_time_processes_once(
    desk: Desk, clip: Path
) -> None:
    video = await desk.send(clip)
    job = await desk.container.videos.job(desk.owner, video.id)
    assert job is not None
    await desk.container.queue.ring([Doorbell(job.tasks[0].id, desk.owner)] * 3)
    async with desk.worker(), desk.worker(), desk.worker():
        assert (await desk.settled(video)).state is VideoState.READY
    job = await desk.container.videos.job(desk.owner, video.id)
    assert job is not None
    assert all(task.attempt == 1 for task in job.tasks)


async def test_messages_that_are_nonsense_are_thrown_away(desk: Desk, clip: Path) -> None:
    await desk.container.queue.ring([Doorbell(new_id(), new_id())])
    video = await desk.send(clip)
    async with desk.worker():
        assert (await desk.settled(video)).state is VideoState.READY
        async with asyncio.timeout(30):
            while await desk.container.queue.receive(1, 1) is not None:
                pass  # the worker still empties the queue


async def test_cancellation_stops_ffmpeg_and_leaves_nothing(desk: Desk, long_clip: Path) -> None:
    video = await desk.send(long_clip)
    async with desk.worker() as slot:
        await running(desk, video, TaskKind.ENCODE)
        await desk.container.videos.cancel(desk.owner, video.id)
        async with asyncio.timeout(10):
            while _ffmpegs():
                await asyncio.sleep(0.02)  # no event tells that a process has ended
        assert not slot.stopping.is_set()
    assert (await desk.video(video)).state is VideoState.CANCELED
    await desk.reconcile()
    assert [key for key in await desk.keys() if key.startswith("output/")] == []


def _ffmpegs() -> list[int]:
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it ended while we looked
            found += [process.pid] if "ffmpeg" in process.name() else []
    return found


async def test_a_stopping_worker_gives_its_task_back_at_once(desk: Desk, long_clip: Path) -> None:
    video = await desk.send(long_clip)
    async with desk.worker():
        await running(desk, video, TaskKind.ENCODE)
    job = await desk.container.videos.job(desk.owner, video.id)
    assert job is not None
    encodes = [task for task in job.tasks if task.kind is TaskKind.ENCODE]
    assert {task.state for task in encodes} <= {TaskState.PENDING, TaskState.DONE}
    assert any(task.attempt == 1 and task.state is TaskState.PENDING for task in encodes)
    assert all(task.failures == 0 for task in encodes)


async def test_a_removed_video_leaves_no_object(desk: Desk, clip: Path) -> None:
    video = await desk.send(clip)
    async with desk.worker():
        await desk.settled(video)
        assert len(await desk.keys()) > 1
        async with asyncio.timeout(30), desk.container.events.listen() as heard:
            bells = await desk.container.videos.request_removal(desk.owner, video.id)
            await desk.container.queue.ring(bells)
            while (await anext(heard)).type != "video.deleted":
                pass
    assert await desk.keys() == []


async def test_a_missing_original_is_said_to_be_missing(desk: Desk, clip: Path) -> None:
    video = await desk.send(clip)
    await desk.container.objects.delete([f"input/{desk.owner}/{video.id}/original.mp4"])
    async with desk.worker():
        done = await desk.settled(video)
    assert (done.state, done.failure) == (VideoState.FAILED, FailureCode.SOURCE_MISSING)


async def test_scratch_space_is_empty_after_work(desk: Desk, clip: Path) -> None:
    video = await desk.send(clip)
    async with desk.worker():
        await desk.settled(video)
    left = [path for path in desk.settings.scratch_dir.rglob("*") if path.name != ".lock"]
    assert left == []


async def test_an_unforeseen_error_ends_in_the_dead_letter_queue_and_a_redrive_mends_it(
    desk: Desk, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(bench: object) -> None:
        msg = "nobody foresaw this"
        raise KeyError(msg)

    video = await desk.send(clip)
    with monkeypatch.context() as patch:
        patch.setitem(run_task.HANDLERS, TaskKind.FINISH, broken)
        async with desk.worker():
            failed = await desk.settled(video)
            await desk.reconcile()
            letters = await list_dead_letters(desk.container.queue, 10)
    assert (failed.state, failed.failure) == (VideoState.FAILED, FailureCode.INTERNAL)
    (letter,) = letters
    assert "nobody foresaw this" in letter.reason
    async with asyncio.timeout(30):
        while (await redrive(desk.container.queue, desk.container.jobs))[0] == 0:
            await asyncio.sleep(0.2)  # the letter shows again when its visibility ends
    async with desk.worker():
        assert (await desk.until(video, lambda v: v.state is VideoState.READY)).failure is None
    assert await list_dead_letters(desk.container.queue, 10) == []
