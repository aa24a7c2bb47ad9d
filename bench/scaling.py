"""Two workers of one slot and one thread beside one of them, on one long video."""

import asyncio
import tempfile
from pathlib import Path

from bench import footage
from bench.meter import metered
from bench.report import Report, Row, middle
from bench.world import World, world
from carrete.client.events import wait_until_settled
from carrete.client.models import VideoView
from carrete.client.state import UploadBook
from carrete.client.upload import UploadRequest, upload_file
from carrete.domain.video import VideoState

SECONDS = 120
ROUNDS = 2
ONE_THREAD = {"CARRETE_WORKER_SLOTS": "1", "CARRETE_WORKER_THREADS": "1"}


async def run() -> Report:
    """One worker and two in turns, each in a system of its own."""
    source = await asyncio.to_thread(footage.source, "hd", SECONDS)
    times: dict[int, list[float]] = {1: [], 2: []}
    machine = []
    for _ in range(ROUNDS):
        for workers, found in times.items():
            async with world(workers=workers, environment=ONE_THREAD) as system:
                found.append(taken(await process(system, source)))
        machine.append(await _machine(source))
    one, two = (middle(times[workers]) for workers in (1, 2))
    return Report(
        f"Two one-thread workers beside one, {SECONDS} s of 720p, median of {ROUNDS}",
        [
            Row("speed", one / two, "x", goal="≥ 1.85", detail=f"{one:.1f} and {two:.1f} s"),
            Row(
                "what the machine gives: two plain one-thread ffmpegs beside one",
                middle(machine),
                "x",
                detail="the same piece encoded by each",
            ),
        ],
    )


async def process(system: World, path: Path, profile: str | None = None) -> VideoView:
    """Upload a video and wait until it is ready."""
    with tempfile.TemporaryDirectory() as book:
        request = UploadRequest(path, profile=profile)
        kept = UploadBook(Path(book))
        outcome = await upload_file(system.client, system.me.account.id, request, book=kept)
    video = await wait_until_settled(system.client, outcome.video.id)
    if video.state is not VideoState.READY:
        raise RuntimeError(f"the video failed: {video}")
    return video


def taken(video: VideoView) -> float:
    """Seconds from the complete upload to ready, on the database's clock."""
    assert video.uploaded_at is not None
    assert video.finished_at is not None
    return (video.finished_at - video.uploaded_at).total_seconds()


async def _machine(source: Path) -> float:
    """How much faster two ffmpegs of one thread get two things done than one after the other."""
    async with metered() as one:
        await _plain(source)
    async with metered() as two:
        await asyncio.gather(_plain(source), _plain(source))
    return 2 * one.wall_s / two.wall_s


async def _plain(source: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(footage.ffmpeg(), "-nostdin", "-v", "error", "-threads", "1", "-i", str(source)),
        *("-t", "20", "-an", "-c:v", "libx264", "-preset", "faster", "-threads", "1"),
        *("-f", "null", "-"),
    )
    if await process.wait():
        raise RuntimeError("ffmpeg failed")
