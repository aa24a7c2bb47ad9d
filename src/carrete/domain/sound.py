"""How the sound of a video is made, and where in the source it lies. Pure.

Sound that fits is copied packet by packet, each chunk its own part: packets need nothing of their
neighbours. Sound that does not is encoded once for the whole file, since an encoder that starts
anew at each chunk leaves a gap at each join.
"""

from bisect import bisect_right
from dataclasses import dataclass, replace

from carrete.domain.chunks import (
    MERGE_GAP,
    SINGLE_CHUNK_S,
    Chunk,
    Timeline,
    merge,
    merge_gap,
    probed,
    thin,
)
from carrete.domain.jsonable import Jsonable
from carrete.domain.media import Access, ByteRange, SourceIndex, SourceInfo

MAX_AUDIO_RATE = 128_000
MIN_AUDIO_RATE = 64_000
"""Bit/s of stereo AAC-LC: transparent to most ears, and the least that is not unpleasant."""
MAX_COPIED_AUDIO_RATE = 200_000
COPIED_AUDIO_SLACK_S = 0.045
"""A copied track may start or end so much apart from the picture: nobody notices 45 ms."""
AUDIO_HEAD_S = 8.0
"""Sound that is made ahead of the rest."""
HEAD_SPARE_S = 4.0
"""Sound that is fetched past the head, which its encoder and the demuxer look at."""
MIN_SPLIT_AUDIO_S = 120.0
"""Shorter sound is made at once: a second or so is all that it takes."""
AUDIO_ALLOWANCE = 0.1
"""Share of the source that the sound's task may read for nothing, to make fewer requests."""


@dataclass(frozen=True, slots=True)
class AudioPlan(Jsonable):
    """The sound of the result: AAC-LC.

    Attributes:
        stream_index: the source's stream.
        channels: of the result.
        sample_rate: of the result, Hz.
        bit_rate: of the result, bit/s.
        copy: whether the source's own packets are kept instead of encoding.
        apart: whether a task of its own makes it; else it is made with the chunks.
        ranged: whether that task can fetch the sound's bytes alone. Where they lie is not kept
            here: an hour has some 86,000 places. The task looks for itself (``sound_ranges``).
        head_s: seconds of sound that are made with the first chunk, ahead of the rest, so that the
            first seconds can be played soon; 0 when it is all made at once.
        head_ranges: the bytes of the source that the head reads; empty means the whole file.
    """

    stream_index: int
    channels: int = 2
    sample_rate: int = 48_000
    bit_rate: int = 128_000
    copy: bool = False
    apart: bool = False
    ranged: bool = False
    head_s: float = 0.0
    head_ranges: tuple[ByteRange, ...] = ()


def plan_audio(info: SourceInfo, timeline: Timeline, *, allow_copy: bool) -> AudioPlan:
    """Stereo AAC at 128 kbit/s, less where the source has less to give; a copy where it fits.

    Whether a task of its own makes it is ``set_apart``'s to say, when the chunks are known.
    """
    audio = info.audio
    assert audio is not None
    origin, end = float(timeline.origin_s), float(timeline.frames / timeline.rate)
    rate = min(MAX_AUDIO_RATE, max(MIN_AUDIO_RATE, audio.bit_rate or MAX_AUDIO_RATE))
    plan = AudioPlan(audio.index, bit_rate=rate)
    fits = (
        allow_copy
        and info.access is Access.SEEK
        and "mov" in info.container
        and (audio.codec, audio.profile) == ("aac", "LC")
        and audio.channels in (1, 2)
        and audio.sample_rate in (44_100, 48_000)
        and 0 < audio.bit_rate <= MAX_COPIED_AUDIO_RATE
        and abs(audio.start_s - origin) < COPIED_AUDIO_SLACK_S
        and abs(audio.start_s + audio.duration_s - origin - end) < COPIED_AUDIO_SLACK_S
    )
    if not fits:
        return plan
    return replace(
        plan,
        copy=True,
        channels=audio.channels,
        sample_rate=audio.sample_rate,
        bit_rate=audio.bit_rate,
    )


def set_apart(
    plan: AudioPlan, info: SourceInfo, chunks: tuple[Chunk, ...], timeline: Timeline
) -> AudioPlan:
    """Encoded sound gets a task of its own, but for a short video of one chunk: one task is less.

    Long sound that a task of its own makes has a head, which the first chunk's task makes.
    """
    seconds = float(timeline.frames / timeline.rate)
    if plan.copy or (len(chunks) == 1 and seconds <= SINGLE_CHUNK_S):
        return plan
    plan = replace(plan, apart=True, ranged=bool(sound_ranges(info)))
    if seconds <= MIN_SPLIT_AUDIO_S:
        return plan
    return replace(plan, head_s=AUDIO_HEAD_S, head_ranges=_head_ranges(info))


def sound_ranges(info: SourceInfo) -> tuple[ByteRange, ...]:
    """The bytes that hold all of the sound and little more; empty means the whole file."""
    index = info.index
    if index is None or not index.header or not index.sound:
        return ()
    runs = tuple((first, end) for _, first, end in index.sound)
    return merge([*index.header, *probed(index), *thin(runs, round(info.size * AUDIO_ALLOWANCE))])


def _head_ranges(info: SourceInfo) -> tuple[ByteRange, ...]:
    index = info.index
    if index is None or not index.header or not index.sound:
        return ()
    until = index.sound[0][0] + AUDIO_HEAD_S + HEAD_SPARE_S
    runs = [(first, end) for time, first, end in index.sound if time < until]
    return merge([*index.header, *probed(index), *runs], MERGE_GAP)


def with_sound(
    chunks: tuple[Chunk, ...], timeline: Timeline, index: SourceIndex, size: int
) -> tuple[Chunk, ...]:
    """``chunks`` whose ranges also hold the packets that are heard while each is shown."""
    times = [time for time, _, _ in index.sound]
    found = []
    for chunk in chunks:
        start = float(timeline.origin_s) + chunk.start_s
        begin = max(0, bisect_right(times, start) - 1)
        end = bisect_right(times, start + chunk.duration_s)
        if chunk is chunks[-1]:
            end = len(times)
        runs = [(first, last) for _, first, last in index.sound[begin:end]]
        ranges = merge([*chunk.source_ranges, *runs], merge_gap(size))
        found.append(replace(chunk, source_ranges=ranges))
    return tuple(found)
