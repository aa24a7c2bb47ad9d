"""How much memory, CPU time and disk each kind of child may use: generous, and no more."""

from pathlib import Path

from carrete.adapters.ffmpeg import probe_main, verify_main
from carrete.adapters.ffmpeg.sandbox import OPEN_FILES, Grant
from carrete.domain.plan import Chunk, Plan

MIB = 1 << 20
GIB = 1 << 30
_FULL_HD = 1920 * 1080
_BYTES_PER_PIXEL = 512
"""Some sixty frames in queues, threads and lookahead, at up to eight bytes a pixel."""
_CPU_PER_SECOND = 120
"""CPU seconds for a second of full HD: twenty times what the slowest ladder took."""


def probe(source: Path) -> Grant:
    """For a look at a file."""
    return Grant(
        read=(source,),
        memory_bytes=probe_main.MEMORY_BYTES,
        cpu_seconds=probe_main.CPU_SECONDS,
        file_bytes=MIB,
    )


def rewrap(ffmpeg: Path, source: Path, size: int) -> Grant:
    """For a copy of all packets beside their source."""
    return Grant(read=(ffmpeg, source), write=(source.parent,), file_bytes=size * 2 + 64 * MIB)


def encode(ffmpeg: Path, source: Path, plan: Plan, chunk: Chunk, out: Path) -> Grant:
    """For all renditions of a chunk."""
    video = plan.source.video
    pixels = video.width * video.height
    # A container that is decoded from its start has only one chunk, so this holds for it too.
    seconds = chunk.duration_s + video.max_keyframe_gap_s + video.max_frame_gap_s
    largest = max(one.max_bitrate for one in plan.renditions)
    return Grant(
        read=(ffmpeg, source),
        write=(out,),
        memory_bytes=3 * GIB + pixels * _BYTES_PER_PIXEL,
        cpu_seconds=600 + round(seconds * _CPU_PER_SECOND * max(1, pixels / _FULL_HD)),
        file_bytes=64 * MIB + round(largest * chunk.duration_s / 8 * 4),
    )


def copy(ffmpeg: Path, source: Path, plan: Plan, out: Path) -> Grant:
    """For a copy of the source's own pictures."""
    return Grant(read=(ffmpeg, source), write=(out,), file_bytes=plan.source.size * 2 + 64 * MIB)


def sound(ffmpeg: Path, source: Path, plan: Plan, out: Path) -> Grant:
    """For the sound of the whole video."""
    rate = plan.audio.bit_rate if plan.audio else 0
    return Grant(
        read=(ffmpeg, source),
        write=(out,),
        cpu_seconds=300 + round(plan.duration_s),
        file_bytes=64 * MIB + round(rate * plan.duration_s),
    )


def assemble(ffmpeg: Path, parts: tuple[Path, ...], out: Path, size: int) -> Grant:
    """For joining ``parts`` of ``size`` bytes together, all of which FFmpeg opens at once."""
    return Grant(
        read=(ffmpeg, *folders(parts)),
        write=(out,),
        file_bytes=size * 2 + 1024 * MIB,
        open_files=OPEN_FILES + len(parts),
    )


def stills(result: Path, out: Path) -> Grant:
    """For drawing the poster and a sheet of small pictures."""
    return Grant(
        read=(result,),
        write=(out,),
        memory_bytes=3 * GIB,
        cpu_seconds=600,
        file_bytes=64 * MIB,
    )


def verify(result: Path) -> Grant:
    """For decoding a share of a result."""
    return Grant(
        read=(result,), memory_bytes=verify_main.MEMORY_BYTES, cpu_seconds=1800, file_bytes=MIB
    )


def folders(parts: tuple[Path, ...]) -> tuple[Path, ...]:
    """The directories that hold ``parts``: hundreds of files would be hundreds of mounts."""
    return tuple(dict.fromkeys(part.parent for part in parts))
