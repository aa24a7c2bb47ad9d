"""What the probe reads of the packets: their times, keyframes and places, and what those amount to.

Part of the probe's own process, see ``probe_main``.
"""

from contextlib import suppress
from itertools import pairwise
from typing import Any

from carrete.adapters.ffmpeg.probe_answer import fail
from carrete.adapters.ffmpeg.probe_boxes import header_ranges

MAX_PACKETS = 4_000_000
SLOT_S = 0.5
MAX_RUNS = 200_000
"""Runs of sound that are told: two hours of a file that has sound between any two pictures."""
IDR = 5
MAX_SLICE = 5

Row = tuple[int, int, int, bool, bool]
"""Time in ticks, first byte, bytes, whether a keyframe, whether an edit list discards it."""


def packet_table(
    av: Any, container: Any, video: Any, audio: Any, *, path: str, size: int
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
            "sound_runs": sound_runs(sound, audio.time_base) if sound else None,
            "header_ranges": header_ranges(path, size),
            "closed_gops": closed_gops(path, video, rows),
        }
    rows, sound, last, sound_last, sound_duration = demux_all(av, container, video, audio)
    return {
        "indexed": False,
        "video_table": summarise(rows, video, last),
        "audio_table": audio_summary(sound, sound_last, sound_duration),
        "sound_runs": None,
        "header_ranges": [],
    }


def closed_gops(path: str, video: Any, rows: list[Row]) -> bool:
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
    rows: list[Row] = []
    sound: list[tuple[int, int, int]] = []
    last: int | None = None
    sound_last: int | None = None
    sound_duration: int | None = None
    # What was read before an error stands; a damaged end shows as a shorter duration.
    with suppress(av.FFmpegError):
        for packet in container.demux([s for s in (video, audio) if s is not None]):
            time = packet.pts if packet.pts is not None else packet.dts
            if packet.size == 0 or time is None:
                continue
            if packet.stream_index == video.index:
                rows.append(
                    (time, packet.pos or 0, packet.size, packet.is_keyframe, packet.is_discard)
                )
                if last is None or time + (packet.duration or 0) > last:
                    last = time + (packet.duration or 0)
            else:
                if not sound or time < sound[0][0]:
                    sound[:1] = [(time, 0, packet.size)]
                if sound_last is None or time >= sound_last:
                    sound_last, sound_duration = time, packet.duration or 0
            if len(rows) > MAX_PACKETS:
                fail("too_large", f"more than {MAX_PACKETS} frames")
    return rows, sound, last, sound_last, sound_duration


def sound_runs(sound: list[tuple[int, int, int]], base: Any) -> dict[str, Any]:
    """When packets of sound that lie together are heard, and where they lie."""
    longest = SLOT_S / float(base)
    times: list[int] = []
    first: list[int] = []
    ends: list[int] = []
    for time, pos, size in sound:
        if ends and pos == ends[-1] and time < times[-1] + longest:
            ends[-1] = pos + size
        else:
            times.append(time)
            first.append(pos)
            ends.append(pos + size)
    while len(times) > MAX_RUNS:  # two and two together, with what lies between them
        times = times[::2]
        first = [min(first[n : n + 2]) for n in range(0, len(first), 2)]
        ends = [max(ends[n : n + 2]) for n in range(0, len(ends), 2)]
    return {"base": str(base), "times": times, "first": first, "ends": ends}


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


def summarise(rows: list[Row], stream: Any, end: int | None) -> dict[str, Any]:
    """What planning needs of the packets: timing on a grid, keyframes, bytes and slots."""
    shown = sorted(time for time, _, _, _, discard in rows if not discard)
    if not shown:
        return {"count": 0}
    base = float(stream.time_base)
    deltas = sorted(b - a for a, b in pairwise(shown) if b > a)
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


def place_ends(rows: list[Row]) -> list[int]:
    """Where the packet at each hundredth of the stream ends: how much a cut file still has."""
    step = max(1, len(rows) // 100)
    return [pos + size for _, pos, size, _, _ in rows[::step]]


def fits(shown: list[int], base: float, stream: Any) -> list[tuple[str, float]]:
    """For each likely rate, how many frames the worst one lies from its place on the grid."""
    count = len(shown)
    span = (shown[-1] - shown[0]) * base
    if count < 2 or span <= 0:  # noqa: PLR2004 - one frame has no rate
        return []
    average = (count - 1) / span
    rates = {
        (24000, 1001),
        (24, 1),
        (25, 1),
        (30000, 1001),
        (30, 1),
        (48, 1),
        (50, 1),
        (60000, 1001),
        (60, 1),
        (100, 1),
        (120000, 1001),
        (120, 1),
        (240000, 1001),
        (240, 1),
        (12, 1),
        (15, 1),
        (10, 1),
        (5, 1),
        (1, 1),
    }
    for own in (stream.average_rate, stream.guessed_rate):
        if own:
            rates.add((own.numerator, own.denominator))
    found = []
    for num, den in rates:
        rate = num / den
        if 0.97 < rate / average < 1.03:  # noqa: PLR2004 - others drift off within 40 frames
            step = rate * base
            off = [(time - shown[0]) * step - place for place, time in enumerate(shown)]
            found.append((f"{num}/{den}", max(map(abs, off))))
    return found


def peak_bits(rows: list[Row], base: float) -> int:
    """Highest bit rate over windows of two seconds."""
    windows: dict[int, int] = {}
    for time, _, size, _, _ in rows:
        window = int(time * base // 2)
        windows[window] = windows.get(window, 0) + size
    return max(windows.values(), default=0) * 4


def slots(rows: list[Row], base: float) -> list[list[Any]]:
    """Time, keyframe flag, first byte and end of runs, cut at keyframes and half seconds."""
    found: list[list[Any]] = []
    for time, pos, size, key, _ in rows:
        at = time * base
        if not found or (at >= found[-1][0] + SLOT_S) or (key and not found[-1][1]):
            found.append([round(at, 6), key, pos, pos + size])
        else:
            found[-1][2] = min(found[-1][2], pos)
            found[-1][3] = max(found[-1][3], pos + size)
    return found
