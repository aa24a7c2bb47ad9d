"""Measures how near a chunk is to its source, and looks whether there is anything to see in it.

Twelve bursts of consecutive frames, spread over the video, were measured to give the VMAF of all
frames within 0.1 at a fraction of the time; single frames far apart are biased.
"""

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from carrete.adapters.ffmpeg import argv, files, fragments
from carrete.adapters.ffmpeg.filters import Logs
from carrete.adapters.ffmpeg.run import Command, Runner
from carrete.adapters.ffmpeg.sandbox import Grant
from carrete.domain.chunks import Timeline, seek_target
from carrete.domain.failures import InvalidInputError
from carrete.domain.media import Access, FfmpegError, Limits, VerificationError, mean_vmaf
from carrete.domain.plan import Chunk, Plan
from carrete.domain.playlist import Layout

BURSTS = 12
BURST_FRAMES = 8
MIN_STEP = 4
"""Chunks from one that is measured to the next: one costs 4 % of what its encoding does."""
BURSTS_OF_ONE = 3
"""Bursts of a video of a single chunk."""
_SPREAD = Fraction(5, 8)
"""From one measured chunk to the next the burst moves on by this share of the chunk's GOPs, so that
bursts do not all lie at its start; near the golden section."""


def is_sampled(plan: Plan, chunk: Chunk) -> bool:
    """Whether this chunk is one of the at most twelve that are measured."""
    return chunk.index % _step(plan) == 0


def _step(plan: Plan) -> int:
    return max(MIN_STEP, -(-len(plan.chunks) // BURSTS))


def sampled_gops(plan: Plan, chunk: Chunk) -> tuple[int, ...]:
    """Which GOPs of a chunk that ``is_sampled`` are measured.

    Only the first where none can be entered without decoding all that lies before it.
    """
    gops = max(1, chunk.frame_count // plan.gop)
    if plan.source.access is Access.WHOLE:
        return (0,)
    if len(plan.chunks) == 1:
        count = min(BURSTS_OF_ONE, gops)
        return tuple((2 * place + 1) * gops // (2 * count) for place in range(count))
    moved = (Fraction(1, 2) + _SPREAD * (chunk.index // _step(plan))) % 1
    return (int(moved * gops),)


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


@dataclass(frozen=True, slots=True)
class Measuring:
    """What frames of a chunk are compared with.

    Attributes:
        ffmpeg: the binary.
        source: a seekable file on the plan's clock.
        plan: of the video.
        chunk: of the plan.
        grant: what the comparison may use.
        threads: of one ffmpeg.
        limits: what is refused of the source.
    """

    ffmpeg: Path
    source: Path
    plan: Plan
    chunk: Chunk
    grant: Grant
    threads: int
    limits: Limits


async def measure(runner: Runner, work: Measuring, made: Path, layout: Layout) -> float | None:
    """Mean VMAF of some bursts of a chunk's frames; ``None`` where it can't be measured.

    A measurement that fails is no reason to lose a chunk that is fine.

    Args:
        runner: runs ffmpeg.
        work: the chunk and its source.
        made: the chunk's file.
        layout: of ``made``, a fragment for each GOP.

    Raises:
        VerificationError: the chunk is black, or stands still, where its source does not.
    """
    found = [
        await _burst(runner, work, made, layout, gop) for gop in sampled_gops(work.plan, work.chunk)
    ]
    return mean_vmaf(found)


async def _burst(
    runner: Runner, work: Measuring, made: Path, layout: Layout, gop: int
) -> float | None:
    """VMAF of a burst in the middle of one GOP."""
    plan, fragment = work.plan, layout.fragments[gop]
    count = min(BURST_FRAMES, fragment.samples)
    skip = max(0, min(plan.gop // 2, fragment.samples - count))
    part, vmaf, before, after = logs = [
        made.with_name(f".{made.name}.{what}") for what in ("gop", "vmaf", "source", "made")
    ]
    await asyncio.to_thread(fragments.cut, made, layout, gop, gop + 1, part)
    piece = burst(plan, work.chunk, gop * plan.gop + skip, count)
    command = Command(
        argv.compare(
            work.ffmpeg,
            work.source,
            plan,
            piece,
            made=part,
            skip=skip,
            logs=Logs(str(vmaf), str(before), str(after)),
            threads=work.threads,
            limits=work.limits,
        ),
        work.grant,
    )
    try:
        with suppress(InvalidInputError, FfmpegError):
            await runner.encode(command, lambda _: None)
        # What lies under transparency is not what is shown.
        if files.exists(before) and files.exists(after) and not plan.source.video.has_alpha:
            seen = look(files.read_text(before)), look(files.read_text(after))
            check_seen(*seen, work.chunk.index)
        return mean(files.read_text(vmaf)) if files.exists(vmaf) else None
    finally:
        for log in logs:
            files.remove(log)


def burst(plan: Plan, chunk: Chunk, first: int, count: int) -> Chunk:
    """``count`` frames of ``chunk`` from its frame ``first`` on, to be read like a chunk."""
    frame = chunk.first_frame + first
    timeline = Timeline(
        plan.origin_s, plan.frame_rate, plan.frame_count, plan.frame_count, plan.gop
    )
    return replace(
        chunk,
        first_frame=frame,
        frame_count=count,
        start_s=float(frame / plan.frame_rate),
        duration_s=float(count / plan.frame_rate),
        seek_s=max(chunk.seek_s, seek_target(plan.source.video, timeline, frame)),
    )


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
