"""Draws the poster and the storyboard's sheet in a process of its own.

``children.command`` runs it with one argument, a JSON file with ``source`` (a finished MP4),
``sheet`` and ``poster`` (files to write), ``interval_s``, ``count``, ``columns``, ``width`` and
``height`` of the sheet's pictures. It seeks to the GOP of each picture and decodes its first
frame only: 120 pictures of ten minutes took 1.2 CPU-s this way, and 57 by decoding everything. It
works on a finished result, never on an upload: that one is upright and of standard range already,
and no byte of the original is read for it.
"""

import json
import sys
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

EARLY_SHARE = 0.5
"""The poster is best taken before this share of the video: it should not tell the end."""
LIVELY = 10.0
"""A picture whose brightness spreads less than this is nearly plain; a later one may be better."""


def main(request_path: str) -> None:
    """Write both files."""
    with open(request_path, encoding="utf-8") as file:  # noqa: PTH123 - a child of few imports
        request = json.load(file)
    import av  # noqa: PLC0415 - as the other child programs do

    av.logging.set_level(av.logging.PANIC)
    tiles = []
    poster: Any = None
    best = -1.0
    for place, frame in enumerate(pictures(av, request)):
        tiles.append(tile(frame, request["width"], request["height"]))
        score = liveliness(tiles[-1][0])
        early = place <= request["count"] * EARLY_SHARE
        if score > best and (early or best < LIVELY):
            poster, best = frame, score
    write_jpeg(av, sheet(av, request, tiles), request["sheet"], "5")
    full = poster.reformat(format="yuvj420p", dst_color_range="JPEG")
    write_jpeg(av, full, request["poster"], "4")
    sys.stdout.write(json.dumps({"count": len(tiles)}) + "\n")


def pictures(av: Any, request: dict[str, Any]) -> Iterator[Any]:
    """The keyframe at the start of each interval, in order."""
    options = {"format_whitelist": "mov,mp4", "protocol_whitelist": "file"}
    with av.open(request["source"], options=options) as box:
        video = box.streams.video[0]
        video.codec_context.thread_count = 1
        video.codec_context.skip_frame = "NONKEY"
        for place in range(request["count"]):
            # A thousandth past it: the clock's ticks are not the interval's.
            at = place * request["interval_s"] + 1e-3
            box.seek(int(at / video.time_base), stream=video, backward=True)
            yield next(iter(box.decode(video)))


def liveliness(luma: bytes) -> float:
    """How much there is to see: the spread of brightness, 0 for a plain picture."""
    mean = sum(luma) / len(luma)
    return sum(abs(value - mean) for value in luma) / len(luma)


def tile(frame: Any, width: int, height: int) -> list[bytes]:
    """A frame scaled to one tile: its three planes without padding."""
    small = frame.reformat(width=width, height=height, format="yuvj420p", dst_color_range="JPEG")
    planes = []
    for plane, shift in zip(small.planes, (0, 1, 1), strict=True):
        data, line = bytes(plane), plane.line_size
        rows = range(height >> shift)
        planes.append(b"".join(data[row * line : row * line + (width >> shift)] for row in rows))
    return planes


def sheet(av: Any, request: dict[str, Any], tiles: list[list[bytes]]) -> Any:
    """All tiles in one picture, row by row."""
    columns = min(request["columns"], len(tiles))
    rows = -(-len(tiles) // columns)
    width, height = request["width"], request["height"]
    picture = av.VideoFrame(columns * width, rows * height, "yuvj420p")
    picture.color_range = 2
    for index, (plane, shift) in enumerate(zip(picture.planes, (0, 1, 1), strict=True)):
        wide, high, line = width >> shift, height >> shift, plane.line_size
        canvas = bytearray((16 if index == 0 else 128).to_bytes(1, "big") * plane.buffer_size)
        for place, planes in enumerate(tiles):
            row, column = divmod(place, columns)
            for y in range(high):
                at = (row * high + y) * line + column * wide
                canvas[at : at + wide] = planes[index][y * wide : (y + 1) * wide]
        plane.update(bytes(canvas))
    return picture


def write_jpeg(av: Any, picture: Any, path: str, scale: str) -> None:
    """Write a full-range picture; ``scale`` is the quantiser, smaller is better."""
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt = picture.width, picture.height, "yuvj420p"
    encoder.time_base, picture.pts = Fraction(1, 25), 0
    encoder.options = {"qmin": scale, "qmax": scale}
    data = b"".join(bytes(packet) for packet in (*encoder.encode(picture), *encoder.encode(None)))
    with open(path, "wb") as file:  # noqa: PTH123 - as above
        file.write(data)


if __name__ == "__main__":
    main(sys.argv[1])
