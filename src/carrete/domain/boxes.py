"""Where an MP4 or MOV file keeps what describes it: a walk over its top-level boxes. Pure.

Source: ISO/IEC 14496-12, section 4.2 (object structured file organisation).
"""

from collections.abc import Generator

from carrete.domain.media import ByteRange

MAX_BOXES = 256
"""More top-level boxes than this make a fragmented file, whose description lies all over it."""

MAX_HEADER = 256 * 1024 * 1024
"""Bytes: an hour of video is described by some 4 MB; what claims more is read whole or refused."""

FIRST_MEDIA = 4 * 1024 * 1024
"""Bytes of media data that are read with the header: a probe decodes the first frames."""

_START = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
_SHORT, _LONG = 8, 16


def find_header(size: int) -> Generator[ByteRange, bytes, tuple[ByteRange, ...] | None]:
    """Find all that is no media data, and the first media bytes.

    A generator that asks for bytes: it yields a range and is sent its bytes.

    Args:
        size: bytes of the file.

    Returns:
        The ranges, ascending and disjoint, or nothing when the file is no MP4 or MOV that can be
        read in parts.
    """
    found: list[ByteRange] = []
    media: ByteRange | None = None
    described = False
    at = 0
    for _ in range(MAX_BOXES):
        if at + _SHORT > size:
            break
        head = yield (at, min(at + _LONG, size))
        kind, length, body = _box(head, size - at)
        if length < body or (at == 0 and kind not in _START) or kind == b"moof":
            return None
        end = min(at + length, size)
        if kind == b"mdat":
            found.append((at, at + body))
            media = media or (at + body, min(at + body + FIRST_MEDIA, end))
        else:
            described = described or kind == b"moov"
            found.append((at, end))
        at = end
    if at + _SHORT <= size or not described or media is None:
        return None
    header = [*found, media]
    if sum(end - start for start, end in header) > MAX_HEADER:
        return None
    return tuple(sorted(header))


def _box(head: bytes, left: int) -> tuple[bytes, int, int]:
    """A box's kind, its length, and the length of its own header, all in bytes."""
    length, kind = int.from_bytes(head[:4], "big"), head[4:8]
    if length == 1:
        return kind, int.from_bytes(head[8:16], "big"), _LONG
    if length == 0:  # up to the end of the file
        return kind, left, _SHORT
    return kind, length, _SHORT
