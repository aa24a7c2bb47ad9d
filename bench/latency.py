"""From a complete upload to a worker's claim, and what a task costs when it has no media work."""

import asyncio
import tempfile
from pathlib import Path

import psutil

from bench.report import Report, Row, at, middle
from bench.world import World, world
from carrete.client.events import tracking
from carrete.client.state import UploadBook
from carrete.client.upload import UploadRequest, upload_file

VIDEOS = 20
REMOVALS = 60


async def run() -> Report:
    """Measure on one idle worker."""
    async with world(workers=1) as system:
        with tempfile.TemporaryDirectory() as scratch:
            waits, ids = await _waits(system, Path(scratch))
        cpu = await _cpu_per_task(system)
    return Report(
        "Queue",
        [
            Row(
                "upload complete → claimed, median",
                middle(waits) * 1000,
                "ms",
                detail=f"p95 {at(waits, 0.95) * 1000:.0f} ms, {len(ids)} uploads one by one",
            ),
            Row("CPU of a task without media work", cpu * 1000, "ms", detail=f"{REMOVALS} tasks"),
        ],
    )


async def _waits(system: World, scratch: Path) -> tuple[list[float], list[str]]:
    """Seconds from the commit of the upload to the claim, both on the database's clock."""
    waits, ids = [], []
    for number in range(VIDEOS):
        path = scratch / f"{number}.mp4"
        path.write_text(f"no video {number}")
        outcome = await upload_file(
            system.client,
            system.me.account.id,
            UploadRequest(path),
            book=UploadBook(scratch / "book"),
        )
        async with tracking(system.client) as tracker:
            done = await tracker.settled(outcome.video.id)
        if done.uploaded_at is None or done.started_at is None:
            raise RuntimeError("the video was not processed")
        waits.append((done.started_at - done.uploaded_at).total_seconds())
        ids.append(str(done.id))
    return waits, ids


async def _cpu_per_task(system: World) -> float:
    """CPU seconds of the worker for each task that deletes a video of one object."""
    owner = system.me.account.id
    videos = [video.id for video in await system.container.videos.videos(owner, limit=VIDEOS)]
    while len(videos) < REMOVALS:
        created = await system.client.create_video("x.mp4", 1, key=f"k{len(videos)}")
        videos.append(created.video.id)
    worker = psutil.Process(system.stack.processes["worker-1"])
    before = sum(worker.cpu_times()[:2])
    async with system.container.events.listen() as heard:
        for video in videos:
            await system.client.remove(video)
        gone = 0
        async with asyncio.timeout(60):
            while gone < len(videos):
                gone += (await anext(heard)).type == "video.deleted"
    return (sum(worker.cpu_times()[:2]) - before) / len(videos)
