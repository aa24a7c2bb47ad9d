"""Two workers of one slot and one thread beside one of them, on one long video.

Each worker is pinned to a core of its own, as if it were a machine of one core: ffmpeg has a thread
for each encoder, so that one worker that is free to roam uses every core already.
"""

import asyncio
import os
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

SECONDS = 240
"""What is done once, before and after all chunks, takes some 5 s whatever the length."""
ROUNDS = int(os.environ.get("CARRETE_BENCH_ROUNDS", "2"))
ONE_THREAD = {"CARRETE_WORKER_SLOTS": "1", "CARRETE_WORKER_THREADS": "1"}


async def run() -> Report:
    """One worker and two in turns, each in a system of its own."""
    source = await asyncio.to_thread(footage.source, "hd", SECONDS)
    times: dict[int, list[float]] = {1: [], 2: []}
    machine = []
    for _ in range(ROUNDS):
        for workers, found in times.items():
            async with world(workers=workers, environment=ONE_THREAD) as system:
                for number in range(workers):
                    pin(system.stack.processes[f"worker-{number + 1}"], number)
                found.append(taken(await process(system, source)))
        machine.append(await _machine(source))
    one, two = (middle(times[workers]) for workers in (1, 2))
    return Report(
        f"Two workers of one core beside one, {SECONDS} s of 720p, median of {ROUNDS}",
        [
            Row("speed", one / two, "x", goal="≥ 1.85", detail=f"{one:.1f} and {two:.1f} s"),
            Row(
                "what the machine gives: two plain ffmpegs on a core each beside one",
                middle(machine),
                "x",
                detail="the same piece encoded by each",
            ),
        ],
    )


def pin(pid: int, core: int) -> None:
    """Let a process, and what it starts from now on, run on one core only."""
    for thread in (Path("/proc") / str(pid) / "task").iterdir():
        os.sched_setaffinity(int(thread.name), {sorted(os.sched_getaffinity(0))[core]})


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
    """How much faster two cores get the same thing done twice than one does."""
    async with metered() as one:
        await _plain(source, 0)
    async with metered() as two:
        await asyncio.gather(_plain(source, 0), _plain(source, 1))
    return 2 * one.wall_s / two.wall_s


async def _plain(source: Path, core: int) -> None:
    process = await asyncio.create_subprocess_exec(
        *(footage.ffmpeg(), "-nostdin", "-v", "error", "-threads", "1", "-i", str(source)),
        *("-t", "20", "-an", "-c:v", "libx264", "-preset", "faster", "-threads", "1"),
        *("-f", "null", "-"),
    )
    pin(process.pid, core)
    if await process.wait():
        raise RuntimeError("ffmpeg failed")
