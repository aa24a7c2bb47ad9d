"""Measures how near a chunk is to its source, on a few frames of a few chunks.

Twelve bursts of consecutive frames, spread over the video, were measured to give the VMAF of all
frames within 0.1 at a fraction of the time; single frames far apart are biased.
"""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from carrete.adapters.ffmpeg import argv, files
from carrete.adapters.ffmpeg.run import Command, Runner
from carrete.adapters.ffmpeg.sandbox import Grant
from carrete.domain.failures import InvalidInputError
from carrete.domain.media import FfmpegError, Limits
from carrete.domain.plan import Chunk, Plan

BURSTS = 12
BURST_FRAMES = 8
MIN_STEP = 4
"""Chunks from one that is measured to the next: one costs 4 % of what its encoding does."""


def is_sampled(plan: Plan, chunk: Chunk) -> bool:
    """Whether this chunk is one of the at most twelve that are measured."""
    return chunk.index % max(MIN_STEP, -(-len(plan.chunks) // BURSTS)) == 0


async def measure(
    runner: Runner,
    ffmpeg: Path,
    source: Path,
    plan: Plan,
    chunk: Chunk,
    *,
    made: Path,
    grant: Grant,
    threads: int,
    limits: Limits,
) -> float | None:
    """Mean VMAF of a burst in the middle of the chunk's first GOP; ``None`` where it fails.

    A measurement is no reason to lose a chunk that is fine.
    """
    first = max(0, min(plan.gop // 2, chunk.frame_count - BURST_FRAMES))
    count = min(BURST_FRAMES, chunk.frame_count)
    log = made.with_name(f".{made.name}.vmaf")
    command = Command(
        argv.compare(
            ffmpeg,
            source,
            plan,
            chunk,
            made=made,
            log=log,
            span=(first, count),
            threads=threads,
            limits=limits,
        ),
        grant,
    )
    try:
        with suppress(InvalidInputError, FfmpegError):
            await runner.encode(command, lambda _: None)
        return mean(files.read_text(log)) if files.exists(log) else None
    finally:
        files.remove(log)


def mean(log: str) -> float | None:
    """The pooled mean in libvmaf's JSON log."""
    pooled: dict[str, Any] = json.loads(log).get("pooled_metrics", {})
    value = pooled.get("vmaf", {}).get("mean")
    return None if value is None else round(float(value), 2)
