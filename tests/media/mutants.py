"""Files that no encoder makes: clips of the corpus broken in a given way, and what is no clip."""

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

Clip = Callable[[str], Path]

HLS = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{url}\n#EXT-X-ENDLIST\n"
DASH = (
    '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    'mediaPresentationDuration="PT10S"><Period><AdaptationSet mimeType="video/mp4">'
    '<Representation id="1" bandwidth="1"><BaseURL>{url}</BaseURL></Representation>'
    "</AdaptationSet></Period></MPD>"
)
CONCAT = "ffconcat version 1.0\nfile '{url}'\n"
SDP = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {port} RTP/AVP 96\n"


def cut(data: bytes, share: float) -> bytes:
    """The first ``share`` of a file."""
    return data[: int(len(data) * share)]


def faststart(data: bytes) -> bytes:
    """The same MP4 with its index first, as a download that broke off would have it."""
    boxes = dict(top_boxes(data))
    moov, mdat_at = boxes[b"moov"], data.index(b"mdat") - 4
    head, media = data[:mdat_at], data[mdat_at : data.index(b"moov") - 4]
    return head + _shift_offsets(moov, len(moov)) + media


def top_boxes(data: bytes) -> list[tuple[bytes, bytes]]:
    """Type and content, header included, of each top-level box."""
    at, found = 0, []
    while at + 8 <= len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        found.append((kind, data[at : at + length]))
        at += max(length, 8)
    return found


def _shift_offsets(moov: bytes, by: int) -> bytes:
    out = bytearray(moov)
    at = out.find(b"stco")
    while at >= 0:
        (count,) = struct.unpack(">I", out[at + 8 : at + 12])
        for n in range(count):
            place = at + 12 + 4 * n
            (old,) = struct.unpack(">I", out[place : place + 4])
            out[place : place + 4] = struct.pack(">I", old + by)
        at = out.find(b"stco", at + 4)
    return bytes(out)


def without_index(data: bytes) -> bytes:
    """An MP4 whose recording was never finished."""
    return b"".join(content for kind, content in top_boxes(data) if kind != b"moov")


def scrambled(data: bytes, start: float, end: float) -> bytes:
    """A file with every third byte of a part of its media flipped."""
    out = bytearray(data)
    for at in range(int(len(out) * start), int(len(out) * end), 3):
        out[at] ^= 0xFF
    return bytes(out)


def vast_jpegs(data: bytes, side: int) -> bytes:
    """A Motion JPEG MOV whose pictures and header claim to be ``side`` pixels square."""
    out = bytearray(data)
    at = out.find(b"\xff\xc0\x00\x11")
    while at >= 0:
        out[at + 5 : at + 9] = struct.pack(">HH", side, side)
        at = out.find(b"\xff\xc0\x00\x11", at + 1)
    at = out.index(b"jpeg", out.index(b"stsd"))
    out[at + 28 : at + 32] = struct.pack(">HH", side, side)
    at = out.index(b"tkhd") - 4
    end = at + struct.unpack(">I", out[at : at + 4])[0]
    out[end - 8 : end] = struct.pack(">II", side << 16, side << 16)
    return bytes(out)


def encrypted(data: bytes) -> bytes:
    """An MP4 whose track says that it is protected (ISO 23001-7)."""
    sinf = _box(b"sinf", _box(b"frma", b"avc1") + _box(b"schm", b"\0\0\0\0cenc\0\1\0\0"))
    out = bytearray(data)
    for name in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"avc1"):
        at = out.index(name) - 4
        (length,) = struct.unpack(">I", out[at : at + 4])
        out[at : at + 4] = struct.pack(">I", length + len(sinf))
    at = out.index(b"avc1", out.index(b"stsd")) - 4
    (length,) = struct.unpack(">I", out[at : at + 4])
    out[at + 4 : at + 8] = b"encv"
    out[at + length - len(sinf) : at + length - len(sinf)] = sinf
    return bytes(out)


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, kind) + content


def a_zip() -> bytes:
    """An archive, as somebody's video.zip renamed."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("video.txt", "no video" * 100)
    return file.getvalue()
