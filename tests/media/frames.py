"""Pictures that carry their own frame number, and what reads it back.

Each frame is 16 vertical bars, 10 pixels wide, that spell its number in binary, lowest bit first.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import av
from av.video.frame import VideoFrame

BITS = 16
WIDTH, HEIGHT = 160, 90
NUMBERED = (
    f"nullsrc=size={WIDTH}x{HEIGHT}:rate={{rate}}:duration={{seconds}},"
    "geq=lum='if(mod(floor(N/pow(2\\,floor(X/10)))\\,2)\\,235\\,16)':cb=128:cr=128,format=yuv420p"
)


def number_of(frame: VideoFrame) -> int:
    """The number that a frame carries, at whatever size it was scaled to."""
    plane = frame.planes[0]
    data = memoryview(plane)
    row = frame.height // 2 * plane.line_size
    bar = frame.width / BITS
    return sum(1 << bit for bit in range(BITS) if data[row + int((bit + 0.5) * bar)] > 128)


def numbers_in(path: Path) -> list[int]:
    """The numbers of all frames of a file, in the order in which they are shown."""
    with av.open(str(path)) as box:
        return [number_of(frame) for frame in box.decode(video=0)]


def times_in(path: Path) -> list[float]:
    """When each frame of a file is shown, seconds."""
    with av.open(str(path)) as box:
        return [float(frame.time or 0.0) for frame in box.decode(video=0)]


def join(parts: Iterable[Path], out: Path) -> Path:
    """Chunk files put one after the other as a player reads them: one init, all fragments."""
    with out.open("wb") as file:
        for place, part in enumerate(parts):
            data = part.read_bytes()
            file.write(data if place == 0 else data[data.index(b"moof") - 4 :])
    return out


def runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Where consecutive numbers do not follow each other by one: (place, step). For messages."""
    return [(n, b - a) for n, (a, b) in enumerate(pairwise(numbers)) if b - a != 1]
