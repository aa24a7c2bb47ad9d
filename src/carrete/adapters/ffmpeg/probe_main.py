"""Looks at one file in a process of its own and prints what it saw as one line of JSON.

Run by path (``python -I probe_main.py FILE``): it imports the standard library and PyAV only, so that
the sandbox need show it nothing of Carrete, and so that no crash or bomb in a demuxer reaches the
worker. It decides nothing; ``probe.py`` does. Output: ``{"facts": {…}}`` or
``{"error": code, "detail": text}`` with the codes of ``carrete.domain.failures.FailureCode``.
"""

import json
import resource
import struct
import sys
from collections.abc import Iterator
from typing import Any, NoReturn

MEMORY_BYTES = 2 << 30
CPU_SECONDS = 60
MAX_PACKETS = 4_000_000
SLOT_S = 0.5
HEAD_BYTES = 4096
MAX_MOOV_SEARCH = 64 << 20
# Audio demuxers are listed so that a song is told from a text file; stills and playlists are not.
VIDEO_FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpegtsraw,mpeg,flv,live_flv,asf,ogg,mxf"
)
FORMATS = f"{VIDEO_FORMATS},mp3,wav,flac,aac,ac3,amr,aiff"
STILL_BRANDS = {b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1"}
STILL_CODECS = {"png", "gif", "bmp", "tiff", "webp", "ansi"}
TEXT_CODECS = {"ansi"}


def main(path: str) -> None:
    """Print the facts of ``path``, or why there are none."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    try:
        facts = inspect(path)
    except MemoryError:
        fail("too_large", "the header asks for more memory than a probe may use")
    answer({"facts": facts})


def answer(value: dict[str, Any]) -> None:
    """Print one line of JSON."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def fail(code: str, detail: str) -> NoReturn:
    """Print a refusal and end."""
    answer({"error": code, "detail": detail[:500]})
    raise SystemExit(0)


# ── before any demuxer ──────────────────────────────────────────────────────────────────────────


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
    """All of an ISO file but its media data; the start of each ``mdat`` is needed to step over it."""
    return merge_ranges([
        (start, min(start + 16 if kind == b"mdat" else end, size))
        for kind, start, end in top_boxes(path, size)
    ])  # fmt: skip


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


# ── with libavformat ────────────────────────────────────────────────────────────────────────────


def inspect(path: str) -> dict[str, Any]:
    """Everything about the file that planning may ask for."""
    with open(path, "rb") as file:  # noqa: PTH123 - as above
        head = file.read(HEAD_BYTES)
        size = file.seek(0, 2)
    if size == 0:
        fail("empty_file", "zero bytes")
    family = looks_like(head)
    if family == "mov":
        check_boxes(path, size, head)
    import av  # noqa: PLC0415 - after the limits, and not for files refused above

    av.logging.set_level(av.logging.PANIC)
    options = {"format_whitelist": FORMATS, "protocol_whitelist": "file"}
    try:
        container = av.open(path, options=options, metadata_errors="replace")
    except (av.FFmpegError, OSError, ValueError) as exc:
        code = "damaged_file" if family else "not_a_video"
        fail(code, f"{family or 'unknown'} container: {exc}")
    with container:
        return describe(av, container, family, path, size)


def describe(av: Any, container: Any, family: str, path: str, size: int) -> dict[str, Any]:
    """The facts of an open container."""
    name = container.format.name
    streams = list(container.streams)
    if len(streams) > 1000:  # noqa: PLR2004 - answers stay small; the real limit is the parent's
        fail("too_large", f"{len(streams)} streams")
    if not family and not any(part in VIDEO_FORMATS.split(",") for part in name.split(",")):
        has_sound = any(s.type == "audio" and s.codec_context for s in streams)
        fail("no_video_stream" if has_sound else "not_a_video", f"format {name}")
    video, audio = pick_video(av, streams), pick_audio(av, streams)
    if video is None and any(s.type == "video" and s.codec_context is None for s in streams):
        fail("unsupported", "no decoder for the video stream")
    if video is None:
        fail("no_video_stream", f"format {name} without a moving picture")
    # A song opened as a video container that holds a cover ends above; a picture in a shell here.
    packets = packet_table(av, container, video, audio, path, size)
    frame = first_frame(av, container, video)
    return {
        "container": name,
        "size": size,
        "stream_count": len(streams),
        "claimed": claimed_size(path, size) if family == "mov" else (0, 0),
        "start_s": (container.start_time or 0) / av.time_base,
        "container_duration_s": (container.duration or 0) / av.time_base,
        "video": video_facts(video, frame),
        "audio": None if audio is None else audio_facts(audio),
        **packets,
    }


def pick_video(av: Any, streams: list[Any]) -> Any:
    """The default moving picture, else the largest; covers and thumbnails are no video."""
    still = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails
    found = [
        s for s in streams
        if s.type == "video" and s.codec_context is not None and not s.disposition & still
        and s.codec_context.name not in TEXT_CODECS
    ]  # fmt: skip
    default = av.stream.Disposition.default
    found.sort(key=lambda s: (not s.disposition & default, -s.width * s.height))
    return found[0] if found else None


def pick_audio(av: Any, streams: list[Any]) -> Any:
    """The default track that can be decoded, else the first that can."""
    found = [s for s in streams if s.type == "audio" and s.codec_context is not None
             and s.codec_context.sample_rate]  # fmt: skip
    found.sort(key=lambda s: (not s.disposition & av.stream.Disposition.default, s.index))
    return found[0] if found else None


def ratio(value: Any) -> str | None:
    """A fraction as text, ``None`` for none or an undefined one."""
    return f"{value.numerator}/{value.denominator}" if value else None


def video_facts(stream: Any, frame: dict[str, Any]) -> dict[str, Any]:
    """What the container and the first frame say about the video stream."""
    context = stream.codec_context
    pix = context.format
    names = [] if pix is None else [part.is_alpha for part in pix.components]
    return {
        "index": stream.index,
        "codec": context.name,
        "profile": str(stream.profile or ""),
        "level": int(getattr(context, "level", 0) or 0),
        "width": stream.width,
        "height": stream.height,
        "sar": ratio(stream.sample_aspect_ratio),
        "average_rate": ratio(stream.average_rate),
        "guessed_rate": ratio(stream.guessed_rate),
        "time_base": ratio(stream.time_base),
        "start": stream.start_time,
        "duration": stream.duration,
        "frames": stream.frames,
        "pix_fmt": "" if pix is None else pix.name,
        "bit_depth": max((p.bits for p in pix.components), default=8) if pix else 8,
        "has_alpha": any(names) or stream.metadata.get("alpha_mode") == "1",
        "bit_rate": context.bit_rate or 0,
        "primaries": int(context.color_primaries),
        "transfer": int(context.color_trc),
        "space": int(context.colorspace),
        "range": int(context.color_range),
        **frame,
    }


def audio_facts(stream: Any) -> dict[str, Any]:
    """What the container says about the audio track."""
    context = stream.codec_context
    return {
        "index": stream.index,
        "codec": context.name,
        "profile": str(stream.profile or ""),
        "channels": context.channels,
        "sample_rate": context.sample_rate,
        "bit_rate": context.bit_rate or 0,
        "time_base": ratio(stream.time_base),
        "start": stream.start_time,
        "duration": stream.duration,
    }


def first_frame(av: Any, container: Any, stream: Any) -> dict[str, Any]:
    """Facts that show only on a decoded frame; an empty dict when none decodes."""
    try:
        container.seek(0, backward=True, any_frame=False)
    except av.FFmpegError:
        pass
    tried = 0
    try:
        stream.codec_context.thread_count = 1
        for packet in container.demux(stream):
            tried += 1
            try:
                frames = packet.decode()
            except av.InvalidDataError:
                frames = []
            for frame in frames:
                return frame_facts(frame)
            if tried > 200:  # noqa: PLR2004 - two hundred packets without a picture have none
                break
    except (av.FFmpegError, ValueError) as exc:
        return {"decoded": False, "decode_error": f"{type(exc).__name__}: {exc}"[:200]}
    return {"decoded": False, "decode_error": "no packet gave a picture"}


def frame_facts(frame: Any) -> dict[str, Any]:
    """Rotation, interlace and colour as the decoder reports them."""
    facts: dict[str, Any] = {
        "decoded": True,
        "rotation": int(frame.rotation or 0),
        "interlaced": bool(frame.interlaced_frame),
        "width": frame.width,
        "height": frame.height,
    }
    for key, value in (
        ("primaries", frame.color_primaries), ("transfer", frame.color_trc),
        ("space", frame.colorspace), ("range", frame.color_range),
    ):  # fmt: skip
        facts[key] = int(value)
    if frame.format is not None:
        facts["pix_fmt"] = frame.format.name
        facts["bit_depth"] = max((p.bits for p in frame.format.components), default=8)
        facts["has_alpha"] = any(p.is_alpha for p in frame.format.components)
    return facts


# ── every packet's time and place ───────────────────────────────────────────────────────────────


def packet_table(
    av: Any, container: Any, video: Any, audio: Any, path: str, size: int
) -> dict[str, Any]:
    """Times, keyframes and bytes of all packets, from the index where the container has one.

    The index of an MP4 that is not fragmented is complete and needs none of the media bytes;
    everything else is demuxed once, which also finds out where it really ends.
    """
    entries = video.index_entries
    indexed = "mov" in container.format.name and video.frames > 0 and len(entries) >= video.frames
    if indexed:
        rows = [(e.timestamp, e.pos, e.size, e.is_keyframe, bool(e.is_discard)) for e in entries]
        sound = [(e.timestamp, e.pos, e.size) for e in audio.index_entries] if audio else []
        return {
            "indexed": True,
            "video_table": summarise(rows, video, None),
            "audio_table": audio_summary(sound, None, None),
            "audio_ranges": merge_ranges([(pos, pos + size) for _, pos, size in sound]),
            "header_ranges": header_ranges(path, size),
            "closed_gops": closed_gops(path, video, rows),
        }
    rows, sound, last, sound_last, sound_duration = demux_all(av, container, video, audio)
    return {
        "indexed": False,
        "video_table": summarise(rows, video, last),
        "audio_table": audio_summary(sound, sound_last, sound_duration),
        "audio_ranges": [],
        "header_ranges": [],
    }


def closed_gops(path: str, video: Any, rows: list[tuple[int, int, int, bool, bool]]) -> bool:
    """Whether the keyframes of an H.264 stream are IDR pictures, as far as their bytes are there.

    A file that was fetched in part has holes, which read as zeros and tell nothing; two keyframes
    at least must tell, since the first one of an open-GOP stream is an IDR picture too.
    """
    extra = video.codec_context.extradata
    if video.codec_context.name != "h264" or not extra or extra[0] != 1:
        return False
    width = (extra[4] & 3) + 1
    places = [(pos, size) for _, pos, size, key, _ in rows if key]
    told = []
    with open(path, "rb") as file:  # noqa: PTH123 - as above
        for pos, size in places[:4000]:
            file.seek(pos)
            kind = first_slice(file.read(min(size, 8192)), width)
            if kind:
                told.append(kind == IDR)
    return all(told) and len(told) >= min(2, len(places))


IDR = 5
MAX_SLICE = 5


def first_slice(data: bytes, width: int) -> int:
    """The type of the first slice in these length-prefixed NAL units; 0 when none is seen."""
    at = 0
    while at + width < len(data):
        length = int.from_bytes(data[at : at + width], "big")
        kind = data[at + width] & 31
        if length == 0:
            return 0
        if 1 <= kind <= MAX_SLICE:
            return kind
        at += width + length
    return 0


def demux_all(av: Any, container: Any, video: Any, audio: Any) -> tuple[Any, ...]:
    """Read every packet without decoding any."""
    rows: list[tuple[int, int, int, bool, bool]] = []
    sound: list[tuple[int, int, int]] = []
    last: int | None = None
    sound_last: int | None = None
    sound_duration: int | None = None
    try:
        for packet in container.demux([s for s in (video, audio) if s is not None]):
            time = packet.pts if packet.pts is not None else packet.dts
            if packet.size == 0 or time is None:
                continue
            if packet.stream_index == video.index:
                rows.append((time, packet.pos or 0, packet.size, packet.is_keyframe,
                             packet.is_discard))  # fmt: skip
                if last is None or time + (packet.duration or 0) > last:
                    last = time + (packet.duration or 0)
            else:
                if not sound or time < sound[0][0]:
                    sound[:1] = [(time, 0, packet.size)]
                if sound_last is None or time >= sound_last:
                    sound_last, sound_duration = time, packet.duration or 0
            if len(rows) > MAX_PACKETS:
                fail("too_large", f"more than {MAX_PACKETS} frames")
    except av.FFmpegError:
        pass  # What was read so far stands; a damaged end shows as a shorter duration.
    return rows, sound, last, sound_last, sound_duration


def audio_summary(
    sound: list[tuple[int, int, int]], last: int | None, duration: int | None
) -> dict[str, Any]:
    """First time and end of the sound, in its own ticks."""
    if not sound:
        return {"first": None, "end": None, "count": 0}
    if last is None:
        last = sound[-1][0]
        duration = sound[-1][0] - sound[-2][0] if len(sound) > 1 else 0
    return {"first": sound[0][0], "end": last + (duration or 0), "count": len(sound)}


def merge_ranges(ranges: list[tuple[int, int]], most: int = 5000) -> list[tuple[int, int]]:
    """Join ranges that touch; then ever wider gaps, until at most ``most`` are left."""
    ranges.sort()
    gap = 0
    while True:
        merged: list[tuple[int, int]] = []
        for start, end in ranges:
            if merged and start <= merged[-1][1] + gap:
                merged[-1] = (merged[-1][0], max(merged[-1][1], end))
            else:
                merged.append((start, end))
        if len(merged) <= most:
            return merged
        ranges, gap = merged, max(4096, gap * 2)


def summarise(
    rows: list[tuple[int, int, int, bool, bool]], stream: Any, end: int | None
) -> dict[str, Any]:
    """What planning needs of the packets: timing on a grid, keyframes, bytes, slots of half a second."""
    shown = sorted(time for time, _, _, _, discard in rows if not discard)
    if not shown:
        return {"count": 0}
    base = float(stream.time_base)
    deltas = sorted(b - a for a, b in zip(shown, shown[1:], strict=False) if b > a)
    keys = [time for time, _, _, key, _ in rows if key]
    gaps = [b - a for a, b in zip(keys, [*keys[1:], shown[-1]], strict=True)]
    return {
        "count": len(shown),
        "first": shown[0],
        "last": shown[-1],
        "end": end,
        "median_delta": deltas[len(deltas) // 2] if deltas else 0,
        "short_delta": deltas[len(deltas) // 4] if deltas else 0,
        "max_delta": deltas[-1] if deltas else 0,
        "bytes": sum(size for _, _, size, _, _ in rows),
        "last_byte": max(pos + size for _, pos, size, _, _ in rows),
        "ends": place_ends(rows),
        "max_key_gap_s": max(gaps, default=0) * base,
        "fits": fits(shown, base, stream),
        "peak_bits": peak_bits(rows, base),
        "slots": slots(rows, base),
    }


def place_ends(rows: list[tuple[int, int, int, bool, bool]]) -> list[int]:
    """Where the packet at each hundredth of the stream ends, to see how much a cut file still has."""
    step = max(1, len(rows) // 100)
    return [pos + size for _, pos, size, _, _ in rows[::step]]


def fits(shown: list[int], base: float, stream: Any) -> list[tuple[str, float]]:
    """For each likely rate, the furthest that a frame lies from its place on the grid, in frames."""
    count = len(shown)
    span = (shown[-1] - shown[0]) * base
    if count < 2 or span <= 0:  # noqa: PLR2004 - one frame has no rate
        return []
    average = (count - 1) / span
    rates = {
        (24000, 1001), (24, 1), (25, 1), (30000, 1001), (30, 1), (48, 1), (50, 1),
        (60000, 1001), (60, 1), (100, 1), (120000, 1001), (120, 1), (240000, 1001), (240, 1),
        (12, 1), (15, 1), (10, 1), (5, 1), (1, 1),
    }  # fmt: skip
    for own in (stream.average_rate, stream.guessed_rate):
        if own:
            rates.add((own.numerator, own.denominator))
    found = []
    for num, den in rates:
        rate = num / den
        if 0.97 < rate / average < 1.03:  # noqa: PLR2004 - others drift off within 40 frames
            step = rate * base
            off = [(time - shown[0]) * step - place for place, time in enumerate(shown)]
            found.append((f"{num}/{den}", max(max(off), -min(off))))
    return found


def peak_bits(rows: list[tuple[int, int, int, bool, bool]], base: float) -> int:
    """Highest bit rate over windows of two seconds."""
    windows: dict[int, int] = {}
    for time, _, size, _, _ in rows:
        window = int(time * base // 2)
        windows[window] = windows.get(window, 0) + size
    return max(windows.values(), default=0) * 4


def slots(rows: list[tuple[int, int, int, bool, bool]], base: float) -> list[list[Any]]:
    """Time, keyframe flag, first byte and end of runs of packets, cut at keyframes and half seconds."""
    found: list[list[Any]] = []
    for time, pos, size, key, _ in rows:
        at = time * base
        if not found or (at >= found[-1][0] + SLOT_S) or (key and not found[-1][1]):
            found.append([round(at, 6), key, pos, pos + size])
        else:
            found[-1][2] = min(found[-1][2], pos)
            found[-1][3] = max(found[-1][3], pos + size)
    return found


if __name__ == "__main__":
    main(sys.argv[1])
