"""Measures one finished MP4 in a process of its own and prints what it measured as JSON.

``children.command`` runs it. Every packet is read; up to SECONDS of picture, spread evenly in whole
GOPs with the first and the last among them, are decoded. It decides nothing; ``verify.py`` does.
Arguments: FILE SECONDS THREADS.
"""

import json
import resource
import sys
from fractions import Fraction
from itertools import pairwise
from typing import Any

MEMORY_BYTES = 3 << 30


def main(path: str, seconds: float, threads: int) -> None:
    """Print the measurements of ``path``."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        answer = measure(path, seconds, threads)
    except Exception as exc:  # noqa: BLE001 - whatever is wrong with a result is the answer
        answer = {"error": f"{type(exc).__name__}: {exc}"[:500]}
    sys.stdout.write(json.dumps(answer) + "\n")


def measure(path: str, seconds: float, threads: int) -> dict[str, Any]:
    """Timing of every packet and what decoding a share of them gives."""
    import av  # noqa: PLC0415 - after the limits

    av.logging.set_level(av.logging.ERROR)
    with av.open(
        path, options={"format_whitelist": "mov,mp4", "protocol_whitelist": "file"}
    ) as box:
        video = box.streams.video[0]
        sound = box.streams.audio[0] if box.streams.audio else None
        gops, audio_end, gap = read_packets(box, video, sound)
        times = sorted(time for gop in gops for time in gop)
        base = video.time_base or Fraction(1)
        answer: dict[str, Any] = {
            "width": video.width,
            "height": video.height,
            "packets": len(times),
            "first_s": float(times[0] * base),
            "deltas": sorted({b - a for a, b in pairwise(times)})[:8],
            "time_base": str(base),
            "duration_s": float((video.duration or 0) * base),
            "audio_end_s": audio_end,
            "sound_gap_s": gap,
            "streams": len(box.streams),
        }
        rate = float(video.average_rate or 25)
        answer.update(decode(box, video, choose(gops, seconds * rate), threads))
    return answer


def read_packets(box: Any, video: Any, sound: Any) -> tuple[list[list[int]], float | None, float]:
    """Times of the frames of each GOP, when the sound ends and its longest packet, in seconds."""
    gops: list[list[int]] = []
    audio_end: float | None = None
    gap = last = 0.0
    for packet in box.demux([stream for stream in (video, sound) if stream is not None]):
        if packet.pts is None:
            continue
        if packet.stream_index != video.index:
            heard = float(packet.pts * packet.time_base)
            # Not by the packets' own lengths: a muxer makes one as long as the gap after it.
            gap = max(gap, 0.0 if audio_end is None else heard - last)
            last = heard
            audio_end = float((packet.pts + (packet.duration or 0)) * packet.time_base)
        elif packet.is_keyframe or not gops:
            gops.append([packet.pts])
        else:
            gops[-1].append(packet.pts)
    return gops, audio_end, gap


def choose(gops: list[list[int]], frames: float) -> list[list[int]]:
    """GOPs of about ``frames`` frames together, evenly spread, the first and last among them."""
    total = sum(len(gop) for gop in gops)
    if total <= frames or len(gops) <= 2:  # noqa: PLR2004 - both ends are all there is
        return gops
    wanted = max(2, min(len(gops), round(len(gops) * frames / total)))
    places = sorted({round(n * (len(gops) - 1) / (wanted - 1)) for n in range(wanted)})
    return [gops[place] for place in places]


def decode(box: Any, video: Any, gops: list[list[int]], threads: int) -> dict[str, Any]:
    """Decode these GOPs and count what comes out."""
    video.codec_context.thread_count = threads
    video.codec_context.thread_type = "AUTO"
    wanted = {time for gop in gops for time in gop}
    found: set[int] = set()
    corrupt = 0
    for run in runs(gops):
        box.seek(run[0], stream=video, backward=True)
        end = max(run)
        for frame in box.decode(video):
            if frame.pts in wanted:
                found.add(frame.pts)
                corrupt += bool(frame.is_corrupt)
            if frame.pts is not None and frame.pts >= end:
                break
        video.codec_context.flush_buffers()
    return {"wanted": len(wanted), "decoded": len(found), "corrupt": corrupt}


def runs(gops: list[list[int]]) -> list[list[int]]:
    """GOPs that follow each other directly are decoded without a seek in between."""
    return [[time for gop in gops for time in gop]] if len(gops) < 3 else gops  # noqa: PLR2004


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]))
