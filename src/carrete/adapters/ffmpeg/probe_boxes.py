"""What the probe reads of a file before any demuxer does: its first bytes and its top-level boxes.

Part of the probe's own process, see ``probe_main``.
"""

import struct
from collections.abc import Iterator

from carrete.adapters.ffmpeg.probe_answer import fail, merge_ranges

MAX_MOOV_SEARCH = 64 << 20
STILL_BRANDS = {b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1"}


def looks_like(head: bytes) -> str:
    """The family of containers that these first bytes belong to; empty for none."""
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"styp", b"moof"):
        return "mov"
    for magic, name in (
        (b"\x1aE\xdf\xa3", "matroska"),
        (b"FLV\x01", "flv"),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
        (b"OggS", "ogg"),
        (b"\x00\x00\x01\xba", "mpeg"),
        (b"\x06\x0e\x2b\x34", "mxf"),
    ):
        if head.startswith(magic):
            return name
    if head.startswith(b"RIFF") and head[8:12] == b"AVI ":
        return "avi"
    for start, step in ((0, 188), (4, 192)):
        marks = head[start::step]
        if len(marks) > 2 and set(marks[:4]) == {0x47}:  # noqa: PLR2004 - three sync bytes in step
            return "mpegts"
    return ""


def top_boxes(path: str, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Type, first byte and claimed end of each top-level box of an ISO file."""
    with open(path, "rb") as file:  # noqa: PTH123 - a script of few imports
        at = 0
        while at + 8 <= size:
            file.seek(at)
            head = file.read(16)
            length, kind = struct.unpack(">I4s", head[:8])
            if length == 1 and len(head) == 16:  # noqa: PLR2004 - a 64-bit length follows
                length = struct.unpack(">Q", head[8:])[0]
            elif length == 0:
                length = size - at
            if length < 8:  # noqa: PLR2004 - a box is at least its own header
                return
            yield kind, at, at + length
            at += length


def claimed_size(path: str, size: int) -> tuple[int, int]:
    """The largest picture that a track header of an ISO file claims, in pixels.

    A decoder that refuses a monstrous size leaves none behind.
    """
    largest = (0, 0)
    for kind, start, end in top_boxes(path, size):
        if kind == b"moov":
            with open(path, "rb") as file:  # noqa: PTH123 - as above
                file.seek(start)
                moov = file.read(min(end - start, MAX_MOOV_SEARCH))
            at = moov.find(b"tkhd")
            while at >= 4:  # noqa: PLR2004 - the length is before the name
                (length,) = struct.unpack(">I", moov[at - 4 : at])
                tail = moov[at - 4 + length - 8 : at - 4 + length]
                if len(tail) == 8:  # noqa: PLR2004 - width and height, 16.16 fixed point
                    width, height = (value >> 16 for value in struct.unpack(">II", tail))
                    largest = max(largest, (width, height), key=lambda one: one[0] * one[1])
                at = moov.find(b"tkhd", at + 4)
    return largest


def header_ranges(path: str, size: int) -> list[tuple[int, int]]:
    """All of an ISO file but its media data; to step over an ``mdat`` its start is needed."""
    return merge_ranges(
        [
            (start, min(start + 16 if kind == b"mdat" else end, size))
            for kind, start, end in top_boxes(path, size)
        ]
    )


def check_boxes(path: str, size: int, head: bytes) -> None:
    """Refuse stills, encrypted files and files that lost their index before they are opened."""
    boxes = {kind: (start, end) for kind, start, end in top_boxes(path, size)}
    if head[4:8] == b"ftyp" and head[8:12] in STILL_BRANDS and b"moov" not in boxes:
        fail("not_a_video", "a still image in an ISO container")
    if b"moov" not in boxes:
        fail("damaged_file", "the index (moov) is missing")
    start, end = boxes[b"moov"]
    if end > size:
        fail("damaged_file", "the index (moov) is cut off")
    with open(path, "rb") as file:  # noqa: PTH123 - as above
        file.seek(start)
        moov = file.read(min(end - start, MAX_MOOV_SEARCH))
    if b"sinf" in moov and (b"encv" in moov or b"drmi" in moov):
        fail("encrypted", "the video track is protected (encv)")
