"""From a complete upload to a video that can be watched, for short and long ones."""

import asyncio
import tempfile
from pathlib import Path

from bench import footage
from bench.report import Report, Row, middle
from bench.world import World, world
from carrete.client.models import VideoView
from carrete.client.state import UploadBook
from carrete.client.upload import UploadRequest, upload_file
from carrete.domain.video import VideoState

WORKERS = 2
LENGTHS_S = (10, 60, 600, 3600)
ROUNDS = 3
LIMIT_S = 120.0
"""A video that can't be watched after so many seconds is a failure, not a figure."""
LOOK_S = 0.25
IDLE_S = 1.5
"""Seconds for the workers to let go of a canceled video and wait again."""


async def run() -> Report:
    """Measure on idle workers, one video at a time, the lengths in turn."""
    sources = {length: await asyncio.to_thread(footage.full_hd, length) for length in LENGTHS_S}
    kept = await asyncio.to_thread(footage.copyable_gigabyte)
    waits: dict[int, list[float]] = {length: [] for length in LENGTHS_S}
    copies: list[float] = []
    async with world(workers=WORKERS) as system:
        for _ in range(ROUNDS):
            for length, path in sources.items():
                waits[length].append(await _wait(system, path))
            copies.append(await _wait(system, kept))
    middles = {length: middle(found) for length, found in waits.items()}
    return Report(
        f"Upload complete → playable, 1080p, {WORKERS} idle workers",
        [
            *(
                Row(f"{length} s", middles[length], "s", goal="≤ 3", detail=_spread(waits[length]))
                for length in LENGTHS_S
            ),
            Row("longest / shortest", max(middles.values()) / min(middles.values()), "x", "≤ 1.5"),
            Row(
                f"copied, {kept.stat().st_size / 1e9:.2f} GB",
                middle(copies),
                "s",
                goal="≤ 5",
                detail=_spread(copies),
            ),
        ],
    )


def _spread(values: list[float]) -> str:
    return f"median of {len(values)}: {', '.join(f'{value:.2f}' for value in values)}"


async def _wait(system: World, path: Path) -> float:
    """Seconds from the commit of the upload to the first playlist, on the database's clock."""
    with tempfile.TemporaryDirectory() as book:
        outcome = await upload_file(
            system.client,
            system.me.account.id,
            UploadRequest(path),
            book=UploadBook(Path(book)),
        )
    video = await until_playable(system, outcome.video)
    await system.client.cancel(video.id)
    key = f"input/{system.me.account.id}/{video.id}/original.mp4"
    await system.container.objects.delete([key])  # several of them would fill the disk
    await asyncio.sleep(IDLE_S)
    assert video.uploaded_at is not None
    assert video.playable_at is not None
    return (video.playable_at - video.uploaded_at).total_seconds()


async def until_playable(system: World, video: VideoView) -> VideoView:
    """Look until a video can be watched; the time is the server's, so looking late is no error."""
    async with asyncio.timeout(LIMIT_S):
        while video.playable_at is None:
            await asyncio.sleep(LOOK_S)
            video = await system.client.video(video.id)
            if video.state is VideoState.FAILED:
                raise RuntimeError(f"the video failed: {video}")
    return video
