"""Measures how near a chunk is to its source, and looks whether there is anything to see in it.

Twelve bursts of consecutive frames, spread over the video, were measured to give the VMAF of all
frames within 0.1 at a fraction of the time; single frames far apart are biased.
"""

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from carrete.adapters.ffmpeg import argv, files
from carrete.adapters.ffmpeg.filters import Logs
from carrete.adapters.ffmpeg.run import Command, Runner
from carrete.adapters.ffmpeg.sandbox import Grant
from carrete.domain.failures import InvalidInputError
from carrete.domain.media import FfmpegError, Limits, VerificationError
from carrete.domain.plan import Chunk, Plan

BURSTS = 12
BURST_FRAMES = 8
MIN_STEP = 4
"""Chunks from one that is measured to the next: one costs 4 % of what its encoding does."""


def is_sampled(plan: Plan, chunk: Chunk) -> bool:
    """Whether this chunk is one of the at most twelve that are measured."""
    return chunk.index % max(MIN_STEP, -(-len(plan.chunks) // BURSTS)) == 0


BLACK = 24
BRIGHT = 64
"""Luma of 8 bits: nothing brighter than this is a black picture; this bright is none."""
MOVES = 0.5
"""Mean change of luma from frame to frame of a small picture that is clearly a moving one."""
STILL_SHARE = 0.05
"""Share of the source's motion below which a result stands still."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is to be seen on a burst of frames.

    Attributes:
        brightest: luma of the brightest spot of any of them.
        motion: mean change of luma from one to the next.
    """

    brightest: float
    motion: float


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

    A measurement that fails is no reason to lose a chunk that is fine.

    Raises:
        VerificationError: the chunk is black, or stands still, where its source does not.
    """
    first = max(0, min(plan.gop // 2, chunk.frame_count - BURST_FRAMES))
    count = min(BURST_FRAMES, chunk.frame_count)
    vmaf, before, after = (
        made.with_name(f".{made.name}.{what}") for what in ("vmaf", "source", "made")
    )
    command = Command(
        argv.compare(
            ffmpeg,
            source,
            plan,
            chunk,
            made=made,
            logs=Logs(str(vmaf), str(before), str(after)),
            span=(first, count),
            threads=threads,
            limits=limits,
        ),
        grant,
    )
    try:
        with suppress(InvalidInputError, FfmpegError):
            await runner.encode(command, lambda _: None)
        # What lies under transparency is not what is shown.
        if files.exists(before) and files.exists(after) and not plan.source.video.has_alpha:
            check_seen(look(files.read_text(before)), look(files.read_text(after)), chunk.index)
        return mean(files.read_text(vmaf)) if files.exists(vmaf) else None
    finally:
        for log in (vmaf, before, after):
            files.remove(log)


def look(log: str) -> Seen | None:
    """What the ``signalstats`` filter wrote of a burst; ``None`` where it saw nothing."""
    found: dict[str, list[float]] = {"YMAX": [], "YDIF": []}
    for line in log.splitlines():
        key, _, value = line.removeprefix("lavfi.signalstats.").partition("=")
        if key in found:
            found[key].append(float(value))
    if not found["YMAX"]:
        return None
    changes = found["YDIF"][1:]  # the first frame has none before it
    return Seen(max(found["YMAX"]), sum(changes) / len(changes) if changes else 0.0)


def check_seen(source: Seen | None, made: Seen | None, chunk: int) -> None:
    """Compare what is to be seen of a chunk with its source.

    Raises:
        VerificationError: it is black, or stands still, where the source does not.
    """
    if source is None or made is None:
        return
    if made.brightest <= BLACK and source.brightest >= BRIGHT:
        raise VerificationError(f"chunk {chunk} is black where its source is not")
    if source.motion >= MOVES and made.motion <= STILL_SHARE * source.motion:
        raise VerificationError(f"chunk {chunk} stands still where its source moves")


def mean(log: str) -> float | None:
    """The pooled mean in libvmaf's JSON log."""
    pooled: dict[str, Any] = json.loads(log).get("pooled_metrics", {})
    value = pooled.get("vmaf", {}).get("mean")
    return None if value is None else round(float(value), 2)
