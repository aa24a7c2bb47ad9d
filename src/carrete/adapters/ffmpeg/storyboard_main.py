"""Draws the storyboard's sheet in a process of its own.

``children.command`` runs it with one argument, a JSON file with ``chunks`` (files of one rendition,
in order), ``out``, ``interval_s``, ``count``, ``columns``, ``width`` and ``height``. It seeks to the
GOP of each picture and decodes its first frame only: 120 pictures of ten minutes took 1.2 CPU-s this
way, and 57 by decoding everything. The source is not touched: a rendition is small, upright and of
standard range already.
"""

import json
import sys
from fractions import Fraction
from typing import Any


def main(request_path: str) -> None:
    """Write the sheet and print how many pictures it holds."""
    with open(request_path, encoding="utf-8") as file:  # noqa: PTH123 - a script of few imports
        request = json.load(file)
    import av  # noqa: PLC0415 - as the other child scripts do

    av.logging.set_level(av.logging.PANIC)
    tiles = list(pictures(av, request))
    write_sheet(av, request, tiles)
    sys.stdout.write(json.dumps({"count": len(tiles)}) + "\n")


def pictures(av: Any, request: dict[str, Any]) -> Any:
    """The planes of each picture, Y, U and V, in order."""
    wanted = [place * request["interval_s"] for place in range(request["count"])]
    for path in request["chunks"]:
        with av.open(path, options={"format_whitelist": "mov,mp4"}) as box:
            video = box.streams.video[0]
            video.codec_context.thread_count = 1
            video.codec_context.skip_frame = "NONKEY"
            for fragment_start, fragment_end in spans(box, video):
                while wanted and wanted[0] < fragment_end - 1e-3:
                    at = max(wanted[0], fragment_start)
                    box.seek(int((at + 1e-3) / video.time_base), stream=video, backward=True)
                    frame = next(iter(box.decode(video)))
                    wanted.pop(0)
                    yield tile(frame, request["width"], request["height"])


def spans(box: Any, video: Any) -> list[tuple[float, float]]:
    """From when to when, in seconds, the file shows something: one span a chunk."""
    start = float((video.start_time or 0) * video.time_base)
    end = start
    for packet in box.demux(video):
        if packet.pts is not None:
            end = max(end, float((packet.pts + (packet.duration or 0)) * video.time_base))
    return [(start, end)]


def tile(frame: Any, width: int, height: int) -> list[bytes]:
    """A frame scaled to one tile: its three planes without padding."""
    small = frame.reformat(width=width, height=height, format="yuvj420p", dst_color_range="JPEG")
    planes = []
    for plane, shift in zip(small.planes, (0, 1, 1), strict=True):
        data, line = bytes(plane), plane.line_size
        planes.append(
            b"".join(data[row * line : row * line + (width >> shift)]
                     for row in range(height >> shift))
        )
    return planes


def write_sheet(av: Any, request: dict[str, Any], tiles: list[list[bytes]]) -> None:
    """Put the tiles into one JPEG, row by row."""
    columns = min(request["columns"], len(tiles))
    rows = -(-len(tiles) // columns)
    width, height = request["width"], request["height"]
    sheet = av.VideoFrame(columns * width, rows * height, "yuvj420p")
    sheet.color_range = 2
    for index, (plane, shift) in enumerate(zip(sheet.planes, (0, 1, 1), strict=True)):
        wide, high, line = width >> shift, height >> shift, plane.line_size
        canvas = bytearray((16 if index == 0 else 128).to_bytes(1, "big") * plane.buffer_size)
        for place, planes in enumerate(tiles):
            row, column = divmod(place, columns)
            for y in range(high):
                at = (row * high + y) * line + column * wide
                canvas[at : at + wide] = planes[index][y * wide : (y + 1) * wide]
        plane.update(bytes(canvas))
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt = sheet.width, sheet.height, "yuvj420p"
    encoder.time_base, sheet.pts = Fraction(1, 25), 0
    encoder.options = {"qscale": "5"}
    data = b"".join(bytes(packet) for packet in (*encoder.encode(sheet), *encoder.encode(None)))
    with open(request["out"], "wb") as file:  # noqa: PTH123 - as above
        file.write(data)


if __name__ == "__main__":
    main(sys.argv[1])
