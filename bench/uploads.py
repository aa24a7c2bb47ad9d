"""Many multipart uploads at once, by the real client, against one API process."""

import asyncio
import os
import tempfile
import time
from pathlib import Path

from bench.meter import metered
from bench.report import Report, Row, at
from bench.world import World, world
from carrete.client.parts import UploadOptions
from carrete.client.retry import PATIENT
from carrete.client.state import UploadBook
from carrete.client.upload import UploadRequest, upload_file
from carrete.domain.upload import MIB
from carrete.domain.video import VideoState

UPLOADS = 200
SIZE = 17 * MIB
"""Three parts."""


async def run() -> Report:
    """Begin all of them in the same moment."""
    # How much one account may ask in a second is a limit of its own, and not what is measured.
    async with world(workers=0, environment={"CARRETE_RATE_PER_S": "0"}) as system:
        system.client.retry = PATIENT
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / "film.mp4"
            path.write_bytes(os.urandom(SIZE))
            async with metered([system.stack.processes["api"]]) as usage:
                start = time.perf_counter()
                times = await asyncio.gather(
                    *(_one(system, path, Path(scratch) / str(number)) for number in range(UPLOADS)),
                    return_exceptions=True,
                )
                seconds = time.perf_counter() - start
        good = [one for one in times if isinstance(one, float)]
        errors = {repr(one)[:100] for one in times if not isinstance(one, float)}
        stored = await _queued(system)
    speed = len(good) * SIZE / seconds / 1e6
    return Report(
        f"{UPLOADS} uploads at once, {SIZE // MIB} MiB in three parts each",
        [
            Row(
                "not acknowledged, or not queued",
                UPLOADS - min(len(good), stored),
                "",
                goal="0",
                detail="; ".join(sorted(errors)[:3]),
            ),
            Row("all of them", seconds, "s", detail=f"{speed:.0f} MB/s together"),
            Row("one of them, median", at(good, 0.5), "s", detail=f"p99 {at(good, 0.99):.1f} s"),
            Row(
                "API process: memory at most",
                usage.peak_root_rss / MIB,
                "MiB",
                detail=f"{usage.cpu_s:.1f} CPU-s, no byte of the files passes it",
            ),
        ],
    )


async def _one(system: World, path: Path, home: Path) -> float:
    before = time.perf_counter()
    await upload_file(
        system.client,
        system.me.account.id,
        UploadRequest(path),
        # Of its own: in one book, it would be the same file again.
        book=UploadBook(home),
        options=UploadOptions(in_flight=2, memory=2 * 8 * MIB),
    )
    return time.perf_counter() - before


async def _queued(system: World) -> int:
    """How many videos the database has queued."""
    counts = await system.container.maintenance.counts()
    return counts.videos.get(VideoState.QUEUED.value, 0)
