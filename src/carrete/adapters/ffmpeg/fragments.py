"""Reads where the fragments of a fragmented MP4 lie, which is what a playlist addresses.

The box layout is ISO/IEC 14496-12; only files that Carrete wrote itself are read here.
"""

import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from carrete.domain.playlist import Fragment, Layout

_COPY_BYTES = 1 << 20
_BEFORE_FRAGMENTS = (b"ftyp", b"moov", b"free", b"sidx", b"styp")
MAX_INIT = 1 << 20
_TRUN_DURATION = 0x100
_TRUN_SIZE = 0x200
_TRUN_FLAGS = 0x400
_TRUN_CTS = 0x800


def read_layout(path: Path, *, growing: bool = False) -> Layout:
    """The layout of a file that the fragmenting muxer wrote; blocking, reads headers only.

    Args:
        path: of the file.
        growing: whether it is being written: what is not complete at its end is left out.

    Raises:
        ValueError: the file is not of that kind, or is cut off.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        moov = b""
        init_length = 0
        heads: list[tuple[int, bytes]] = []
        fragments: list[Fragment] = []
        timescale, codecs, default_duration = 0, "", 0
        for kind, start, end in _boxes(file, size):
            if end > size:
                if growing:
                    break
                raise ValueError(f"{kind.decode('latin1')} is cut off")
            if kind == b"moov":
                moov = _read(file, start, end)
                init_length = end
                timescale = _timescale(moov)
                codecs = codec_name(moov)
                default_duration = _trex_duration(moov)
            elif kind == b"moof":
                heads.append((start, _read(file, start, end)))
            elif kind == b"mdat" and heads:
                at, moof = heads.pop()
                fragments.append(_fragment(at, end - at, moof, timescale, default_duration))
    if not init_length or not fragments:
        raise ValueError("no fragments")
    return Layout(init_length, codecs, tuple(fragments))


def read_init(path: Path) -> bytes:
    """What stands before the first fragment; blocking.

    Raises:
        ValueError: the file is not of that kind.
    """
    with path.open("rb") as file:
        for kind, start, end in _boxes(file, file.seek(0, 2)):
            if kind == b"moof":
                return _read(file, 0, start)
            if kind not in _BEFORE_FRAGMENTS or end > MAX_INIT:
                break
    raise ValueError("no fragments")


def cut(path: Path, layout: Layout, first: int, last: int, out: Path) -> Layout:
    """Write fragments ``first`` to before ``last``, with the init segment, to ``out``; blocking."""
    chosen = layout.fragments[first:last]
    start, end = chosen[0].offset, chosen[-1].offset + chosen[-1].length
    with path.open("rb") as source, out.open("wb") as target:
        target.write(source.read(layout.init_length))
        source.seek(start)
        left = end - start
        while left and (data := source.read(min(left, _COPY_BYTES))):
            target.write(data)
            left -= len(data)
    back = start - layout.init_length
    return replace(
        layout, fragments=tuple(replace(one, offset=one.offset - back) for one in chosen)
    )


def _boxes(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int]]:
    at = 0
    while at + 8 <= size:
        head = _read(file, at, at + 16)
        length, kind = struct.unpack(">I4s", head[:8])
        if length == 1:
            length = struct.unpack(">Q", head[8:16])[0]
        if length < 8:  # noqa: PLR2004 - a box is at least its own header
            raise ValueError("a box of no length")
        yield kind, at, at + length
        at += length


def _read(file: BinaryIO, start: int, end: int) -> bytes:
    file.seek(start)
    return file.read(end - start)


def find_box(data: bytes, *path: bytes) -> bytes:
    """The content of the first box at ``path``, searched from the top of ``data``."""
    for name in path:
        at = 0
        while at + 8 <= len(data):
            length, kind = struct.unpack(">I4s", data[at : at + 8])
            if kind == name:
                data = data[at + 8 : at + length]
                break
            at += max(length, 8)
        else:
            raise ValueError(f"no {name.decode()} box")
    return data


def _timescale(moov: bytes) -> int:
    mdhd = find_box(moov[8:], b"trak", b"mdia", b"mdhd")
    at = 20 if mdhd[0] == 1 else 12
    return int(struct.unpack(">I", mdhd[at : at + 4])[0])


def _trex_duration(moov: bytes) -> int:
    return int(struct.unpack(">I", find_box(moov[8:], b"mvex", b"trex")[12:16])[0])


def codec_name(moov: bytes) -> str:
    """The RFC 6381 name of the first track, as playlists and browsers want it."""
    stsd = find_box(moov[8:], b"trak", b"mdia", b"minf", b"stbl", b"stsd")[8:]
    entry = stsd[4:8]
    body = stsd[8 : struct.unpack(">I", stsd[:4])[0]]
    if entry == b"avc1":
        avcc = find_box(body[78:], b"avcC")
        return f"avc1.{avcc[1]:02X}{avcc[2]:02X}{avcc[3]:02X}"
    if entry == b"av01":
        av1c = find_box(body[78:], b"av1C")
        tier = "H" if av1c[2] & 0x80 else "M"
        depth = 10 if av1c[2] & 0x40 else 8
        return f"av01.{av1c[1] >> 5}.{av1c[1] & 31:02d}{tier}.{depth:02d}"
    if entry == b"mp4a":
        return "mp4a.40.2"
    raise ValueError(f"unexpected track {entry!r}")


def _fragment(
    offset: int, length: int, moof: bytes, timescale: int, default_duration: int
) -> Fragment:
    traf = find_box(moof[8:], b"traf")
    tfdt = find_box(traf, b"tfdt")
    tfhd = find_box(traf, b"tfhd")
    start = (
        struct.unpack(">Q", tfdt[4:12])[0] if tfdt[0] == 1 else struct.unpack(">I", tfdt[4:8])[0]
    )
    flags = struct.unpack(">I", tfhd[:4])[0] & 0xFFFFFF
    if flags & 0x8:
        skip = 8 + (8 if flags & 0x1 else 0) + (4 if flags & 0x2 else 0)
        default_duration = struct.unpack(">I", tfhd[skip : skip + 4])[0]
    samples, duration = 0, 0
    at = 0
    while at + 8 <= len(traf):
        size, kind = struct.unpack(">I4s", traf[at : at + 8])
        if kind == b"trun":
            count, ticks = _trun(traf[at + 8 : at + size], default_duration)
            samples, duration = samples + count, duration + ticks
        at += max(size, 8)
    return Fragment(offset, length, start / timescale, duration / timescale, samples, True)


def _trun(body: bytes, default_duration: int) -> tuple[int, int]:
    """Samples and total duration of one run."""
    flags, count = struct.unpack(">II", body[:8])
    flags &= 0xFFFFFF
    if not flags & _TRUN_DURATION:
        return count, count * default_duration
    step = 4 * sum(
        bool(flags & bit) for bit in (_TRUN_DURATION, _TRUN_SIZE, _TRUN_FLAGS, _TRUN_CTS)
    )
    at = 8 + (4 if flags & 0x1 else 0) + (4 if flags & 0x4 else 0)
    ticks = sum(
        struct.unpack(">I", body[at + step * n : at + step * n + 4])[0] for n in range(count)
    )
    return count, ticks
