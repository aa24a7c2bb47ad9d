"""An hour of 1080p from its upload to its end, and what that takes of the workers.

Only when it is named: two cores are busy with it for more than half an hour.
"""

import asyncio
import os
import tempfile
from pathlib import Path

from bench import footage
from bench.meter import metered
from bench.reading import MB, watched
from bench.report import Report, Row
from bench.scaling import process, taken
from bench.world import world
from carrete.adapters.ffmpeg.transcoder import FfmpegTranscoder
from carrete.client.download import download

SECONDS = int(os.environ.get("CARRETE_BENCH_HOUR_S", "3600"))
WORKERS = 2


async def run() -> Report:
    """Process it, fetch the result, and count the result's frames."""
    source = await asyncio.to_thread(footage.full_hd, SECONDS)
    transcoder = FfmpegTranscoder(Path(footage.ffmpeg()), threads=0)
    async with world(workers=WORKERS) as system:
        scratch = Path(system.stack.environment["CARRETE_SCRATCH_DIR"])
        workers = [system.stack.processes[f"worker-{n + 1}"] for n in range(WORKERS)]
        async with metered(workers) as usage, watched(scratch) as disk:
            video = await process(system, source)
        job = await system.client.job(video.id)
        with tempfile.TemporaryDirectory(dir=footage.CACHE) as folder:
            made = Path(folder) / "processed.mp4"
            size = await download(system.client, video.id, "processed", made)
            result = await transcoder.probe(made)
    assert video.uploaded_at is not None
    assert video.playable_at is not None
    first_s = (video.playable_at - video.uploaded_at).total_seconds()
    return Report(
        f"{SECONDS} s of 1080p to its end, {WORKERS} workers of one slot",
        [
            Row("upload complete → playable", first_s, "s", goal="≤ 3"),
            Row("upload complete → ready / length", taken(video) / SECONDS, "x"),
            Row(
                "frames of the result / of the source",
                result.video.frame_count / (SECONDS * footage.RATE),
                "x",
                goal="1",
                detail=f"{result.duration_s:.3f} s, {size / MB:.0f} MB",
            ),
            Row(
                "attempts / tasks",
                sum(task.attempt for task in job.tasks) / len(job.tasks),
                "x",
                goal="1",
                detail=f"{len(job.tasks)} tasks",
            ),
            Row("scratch disk of both workers, peak", disk.peak / MB, "MB"),
            Row("memory of both and their children, peak", usage.peak_rss / MB, "MB"),
            Row("memory of one worker process alone, peak", usage.peak_root_rss / MB, "MB"),
        ],
    )
