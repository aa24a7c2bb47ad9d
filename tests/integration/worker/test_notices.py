"""A machine that is about to be taken away: the worker drains in time."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.integration.worker.conftest import Desk
from tests.integration.worker.imds_fake import INTERRUPTION, LIFECYCLE, FakeImds, fake_imds

from carrete.adapters.imds import Imds, open_imds
from carrete.domain.failures import TransientError
from carrete.domain.video import VideoState

NOTICE = '{"action": "terminate", "time": "2026-11-24T15:02:00Z"}'


@pytest.fixture
async def imds() -> AsyncIterator[FakeImds]:
    async with fake_imds() as fake:
        yield fake


async def test_there_is_no_notice_until_there_is_one(imds: FakeImds) -> None:
    async with open_imds(imds.url) as http:
        notices = Imds(http)
        assert await notices.pending() is None
        imds.items[INTERRUPTION] = NOTICE
        assert "terminate" in str(await notices.pending())
    assert (imds.refused, imds.given) == (0, 1)


@pytest.mark.parametrize(("state", "goes"), [("InService", False), ("Terminated", True)])
async def test_a_machine_that_its_group_ends_gets_notice_too(
    imds: FakeImds, state: str, *, goes: bool
) -> None:
    imds.items[LIFECYCLE] = state
    async with open_imds(imds.url) as http:
        assert (await Imds(http).pending() is not None) == goes


async def test_a_token_that_expired_is_renewed(imds: FakeImds) -> None:
    async with open_imds(imds.url) as http:
        notices = Imds(http)
        await notices.pending()
        imds.tokens.clear()
        imds.items[INTERRUPTION] = NOTICE
        assert await notices.pending() is not None
    assert (imds.refused, imds.given) == (1, 2)


async def test_a_service_that_does_not_answer_is_a_passing_fault() -> None:
    async with open_imds("http://127.0.0.1:1") as http:
        with pytest.raises(TransientError):
            await Imds(http).pending()


def environment(desk: Desk, imds: FakeImds, scratch: Path) -> dict[str, str]:
    settings = desk.settings
    return {
        **os.environ,
        "CARRETE_DATABASE_URL": settings.database_url.get_secret_value(),
        "CARRETE_AWS_ENDPOINT_URL": str(settings.aws_endpoint_url),
        "CARRETE_S3_BUCKET": settings.s3_bucket,
        "CARRETE_SQS_QUEUE_URL": settings.sqs_queue_url,
        "CARRETE_SQS_DLQ_URL": settings.sqs_dlq_url,
        "CARRETE_SCRATCH_DIR": str(scratch),
        "CARRETE_STOP_GRACE_S": "0",
        "CARRETE_IMDS_URL": imds.url,
        "CARRETE_IMDS_POLL_S": "0.2",
    }


async def start(desk: Desk, imds: FakeImds, scratch: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "carrete", "worker"),
        env=environment(desk, imds, scratch),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )


@pytest.mark.media
async def test_a_worker_gives_its_task_back_when_its_machine_is_taken_away(
    desk: Desk, imds: FakeImds, long_clip: Path, tmp_path: Path
) -> None:
    worker = await start(desk, imds, tmp_path / "spot")
    try:
        async with desk.container.events.listen() as heard:
            video = await desk.send(long_clip)
            async with asyncio.timeout(60):
                while True:
                    event = await anext(heard)
                    if event.type == "task.running" and event.data["kind"] == "encode":
                        break
                imds.items[INTERRUPTION] = NOTICE
                while (event := await anext(heard)).type != "task.given_back":
                    assert event.type not in {"task.lost", "task.retrying"}
        assert await asyncio.wait_for(worker.wait(), 30) == 0
    finally:
        if worker.returncode is None:
            worker.kill()
            await worker.wait()
    # given back in order: nothing counted, nothing left, and another machine goes on
    job = await desk.container.videos.job(video.owner_id, video.id)
    assert job is not None
    assert [task.failures for task in job.tasks] == [0] * len(job.tasks)
    assert {task.state.value for task in job.tasks} == {"pending", "done"}
    # nothing of it is left but the lock of the directory
    assert [path.name for path in (tmp_path / "spot").iterdir()] == [".lock"]
    assert (await desk.video(video)).state is VideoState.PROCESSING


async def test_a_worker_on_a_machine_that_goes_begins_nothing(
    desk: Desk, imds: FakeImds, tmp_path: Path
) -> None:
    imds.items[LIFECYCLE] = "Terminated"
    source = tmp_path / "x.mp4"
    source.write_text("no video")
    video = await desk.send(source)
    worker = await start(desk, imds, tmp_path / "spot")
    try:
        assert await asyncio.wait_for(worker.wait(), 60) == 0
    finally:
        if worker.returncode is None:
            worker.kill()
            await worker.wait()
    assert (await desk.video(video)).state is VideoState.QUEUED
