"""No video is lost, whatever is killed (the campaign of faults goes further: see tests/chaos)."""

import asyncio
import signal
from pathlib import Path

import av
import psutil
import psycopg
import pytest
from tests.e2e.conftest import Person

from carrete.bootstrap import open_container
from carrete.client.download import download
from carrete.client.models import TaskView
from carrete.config import Settings
from carrete.local.stack import Stack

pytestmark = pytest.mark.e2e


def encoding(task: TaskView) -> bool:
    return task.kind == "encode" and task.state == "running" and task.progress > 0


def worker_of(stack: Stack, task: TaskView) -> str:
    """The child that runs a task; a worker's name carries its pid."""
    pids = {pid: name for name, pid in stack.processes.items()}
    assert task.worker is not None
    return pids[int(task.worker.split("-")[-2])]


async def test_a_clip_goes_in_and_a_playable_mp4_comes_out(
    person: Person, clip: Path, tmp_path: Path
) -> None:
    video = await person.upload(clip)
    assert video.name == clip.name
    done = await person.settled(video)
    assert (done.state, done.failure) == ("ready", None)
    target = tmp_path / "result.mp4"
    await download(person.client, video.id, "processed", target)
    with av.open(str(target)) as container:
        stream = container.streams.video[0]
        assert sum(1 for _ in container.decode(stream)) == 90
        assert container.streams.audio[0].codec.name == "aac"
    link = await person.client.download_link(video.id, "processed")
    assert link.filename == clip.name
    await download(person.client, video.id, "original", tmp_path / "original.mp4")
    assert (tmp_path / "original.mp4").read_bytes() == clip.read_bytes()


async def test_a_worker_killed_in_the_middle_is_replaced_and_the_video_gets_ready(
    stack: Stack, person: Person, long_clip: Path
) -> None:
    video = await person.upload(long_clip)
    task = await person.until_task(video, encoding)
    pid = stack.processes[worker_of(stack, task)]
    children = psutil.Process(pid).children(recursive=True)
    await stack.kill(worker_of(stack, task))
    again = await person.until_task(
        video, lambda t: (t.kind, t.index) == ("encode", task.index) and t.attempt > task.attempt
    )
    assert again.failures == 1
    assert not any(child.is_running() for child in children)
    done = await person.settled(video)
    assert (done.state, done.failure) == ("ready", None)


async def test_a_stopped_worker_gives_its_task_back_at_once(
    stack: Stack, person: Person, long_clip: Path
) -> None:
    video = await person.upload(long_clip)
    task = await person.until_task(video, encoding)
    psutil.Process(stack.processes[worker_of(stack, task)]).send_signal(signal.SIGTERM)
    again = await person.until_task(
        video, lambda t: (t.kind, t.index) == ("encode", task.index) and t.attempt > task.attempt
    )
    # given back, not found again after its lease: no failure was counted
    assert again.failures == 0
    assert (await person.settled(video)).state == "ready"


async def test_a_frozen_worker_that_wakes_up_changes_nothing(
    stack: Stack, person: Person, long_clip: Path
) -> None:
    video = await person.upload(long_clip)
    task = await person.until_task(video, encoding)
    frozen = psutil.Process(stack.processes[worker_of(stack, task)])
    tree = [frozen, *frozen.children(recursive=True)]
    for process in tree:
        process.suspend()
    again = await person.until_task(
        video, lambda t: (t.kind, t.index) == ("encode", task.index) and t.attempt > task.attempt
    )
    for process in tree:
        if process.is_running():
            process.resume()
    assert again.worker != task.worker
    done = await person.settled(video)
    assert (done.state, done.failure) == ("ready", None)


async def test_the_api_may_die_while_videos_are_processed(
    stack: Stack, person: Person, clip: Path
) -> None:
    video = await person.upload(clip)
    await stack.kill("api")
    assert (await person.settled(video)).state == "ready"


async def test_a_restarted_database_loses_nothing(
    stack: Stack, person: Person, long_clip: Path, settings: Settings
) -> None:
    video = await person.upload(long_clip)
    await person.until_task(video, encoding)
    # every connection is cut, as on a failover
    async with open_container(settings) as container:
        accounts = await container.maintenance.counts()
        assert accounts.running > 0
        await _cut_connections(settings)
    done = await person.settled(video)
    assert (done.state, done.failure) == ("ready", None)


async def _cut_connections(settings: Settings) -> None:
    url = settings.database_url.get_secret_value().replace("+psycopg", "")
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )


async def test_a_file_that_is_no_video_ends_its_own_job_only(
    person: Person, clip: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "page.mp4"
    bad.write_text("<html>not a video</html>")
    first, second = await asyncio.gather(person.upload(bad), person.upload(clip))
    failed, done = await asyncio.gather(person.settled(first), person.settled(second))
    assert failed.state == "failed"
    assert failed.failure is not None
    assert failed.failure.code == "not_a_video"
    assert "no es un vídeo" in failed.failure.message["es"]
    assert done.state == "ready"
