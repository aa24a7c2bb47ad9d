"""The whole plan of one video: which renditions, which chunks, which sound. Pure and stored."""

from dataclasses import dataclass, replace
from fractions import Fraction

from carrete.domain.chunks import (
    MERGE_GAP,
    Chunk,
    Timeline,
    key_times,
    merge,
    split,
    thin,
    total,
    with_ranges,
)
from carrete.domain.jsonable import Jsonable
from carrete.domain.ladder import (
    Profile,
    Rendition,
    VideoCodec,
    can_copy,
    choose_gop,
    copied,
    make_ladder,
    output_rate,
)
from carrete.domain.media import Access, ByteRange, SourceIndex, SourceInfo

__all__ = ["AudioPlan", "Chunk", "Plan", "make_plan"]

MAX_AUDIO_RATE = 128_000
MIN_AUDIO_RATE = 64_000
"""Bit/s of stereo AAC-LC: transparent to most ears, and the least that is not unpleasant."""
MAX_COPIED_AUDIO_RATE = 200_000
COPIED_AUDIO_SLACK_S = 0.045
"""A copied track may start or end so much apart from the picture: nobody notices 45 ms."""
AUDIO_HEAD_S = 8.0
"""Sound that is made ahead of the rest; the probe tells where the first twelve seconds lie."""
MIN_SPLIT_AUDIO_S = 120.0
"""Shorter sound is made at once: a second or so is all that it takes."""
EARLY_AUDIO_S = 0.5
"""Sound that starts this much before the picture is kept by holding the first frame."""
LATE_AUDIO_S = 0.1
"""Sound that ends this much after the picture is kept by holding the last frame."""
MAX_HELD_S = 600.0
"""The longest that the first or last frame is held for sound."""
AUDIO_ALLOWANCE = 0.1
"""Share of the source that the sound's task may read for nothing, to make fewer requests."""
MIN_RANGED_BYTES = 8 << 20
"""A smaller file is fetched whole: one request for all of it costs less than several."""
MAX_READ = 1.3
"""Times the source's size that all chunks together may read; beyond it ranges help nobody."""


@dataclass(frozen=True, slots=True)
class AudioPlan(Jsonable):
    """The sound of the result: AAC-LC, once for the whole file.

    Attributes:
        stream_index: the source's stream.
        channels: of the result.
        sample_rate: of the result, Hz.
        bit_rate: of the result, bit/s.
        copy: whether the source's own packets are kept instead of encoding.
        source_ranges: the bytes of the source that it reads; empty means the whole file.
        head_s: seconds of sound that can be made ahead of the rest, from ``head_ranges`` alone, so
            that the first seconds can be played soon; 0 when it is all made at once.
        head_ranges: the bytes of the source that the head reads; empty means the whole file.
    """

    stream_index: int
    channels: int = 2
    sample_rate: int = 48_000
    bit_rate: int = 128_000
    copy: bool = False
    source_ranges: tuple[ByteRange, ...] = ()
    head_s: float = 0.0
    head_ranges: tuple[ByteRange, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan(Jsonable):
    """How one video is processed. Workers read it; nothing in it changes while they work.

    Attributes:
        profile: which codecs are made.
        source: what the probe found.
        origin_s: the source's clock at the output's zero, seconds.
        frame_rate: of every rendition, constant, frames per second.
        frame_count: frames of every rendition.
        gop: frames from keyframe to keyframe; chunk boundaries are multiples of it.
        timescale: ticks per second of every video track; a frame is a whole number of them.
        renditions: best first; the first is what ``processed.mp4`` is made of.
        chunks: in order, covering every frame once.
        audio: ``None`` when there is no sound.
    """

    profile: Profile
    source: SourceInfo
    origin_s: Fraction
    frame_rate: Fraction
    frame_count: int
    gop: int
    timescale: int
    renditions: tuple[Rendition, ...]
    chunks: tuple[Chunk, ...]
    audio: AudioPlan | None

    @property
    def top(self) -> Rendition:
        """The rendition that the downloadable result is made of."""
        return self.renditions[0]

    @property
    def first(self) -> Rendition:
        """The rendition that players start with: the smallest that every player can show."""
        return min(
            (one for one in self.renditions if one.codec is VideoCodec.H264),
            key=lambda one: one.width * one.height,
        )

    @property
    def duration_s(self) -> float:
        """Length of the result, seconds."""
        return float(self.frame_count / self.frame_rate)


def make_plan(
    info: SourceInfo, profile: Profile = Profile.H264, *, allow_copy: bool = False
) -> Plan:
    """Everything that has to be made of a video, decided from its facts alone.

    Args:
        info: what the probe found.
        profile: which codecs are made.
        allow_copy: whether streams that already fit may be kept. The top rendition is then one
            file for the whole video, made by ``copy_top``; where nothing else is to be made there
            are no chunks.
    """
    timeline = make_timeline(info)
    renditions = make_ladder(info, profile)
    if allow_copy and timeline.frames == timeline.shown and can_copy(info):
        renditions = (copied(renditions[0], info.video), *renditions[1:])
    nothing_to_encode = all(one.copy for one in renditions)
    chunks = () if nothing_to_encode else _chunks(info, timeline)
    sound: tuple[ByteRange, ...] = ()
    if info.index is not None and info.index.header and chunks and info.size > MIN_RANGED_BYTES:
        chunks, sound = _ranges(info, info.index, chunks, timeline)
    return Plan(
        profile=profile,
        source=replace(info, index=None),
        origin_s=timeline.origin_s,
        frame_rate=timeline.rate,
        frame_count=timeline.frames,
        gop=timeline.gop,
        timescale=choose_timescale(timeline.rate),
        renditions=renditions,
        chunks=chunks,
        audio=None
        if info.audio is None
        else plan_audio(info, timeline, sound, allow_copy=allow_copy),
    )


def plan_audio(
    info: SourceInfo, timeline: Timeline, ranges: tuple[ByteRange, ...], *, allow_copy: bool
) -> AudioPlan:
    """Stereo AAC at 128 kbit/s, less where the source has less to give; a copy where it fits."""
    audio = info.audio
    assert audio is not None
    origin, end = float(timeline.origin_s), float(timeline.frames / timeline.rate)
    rate = min(MAX_AUDIO_RATE, max(MIN_AUDIO_RATE, audio.bit_rate or MAX_AUDIO_RATE))
    long = end > MIN_SPLIT_AUDIO_S
    head = _head_ranges(info) if long and ranges else ()
    plan = AudioPlan(
        audio.index,
        bit_rate=rate,
        source_ranges=ranges,
        head_s=AUDIO_HEAD_S if long else 0.0,
        head_ranges=head,
    )
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


def choose_timescale(rate: Fraction) -> int:
    """Ticks per second in which a frame is a whole number of ticks, at least 10,000."""
    return rate.numerator * -(-10_000 // rate.numerator)


def make_timeline(info: SourceInfo) -> Timeline:
    """Where the output starts on the source's clock, how long it is and how it is counted."""
    video, audio = info.video, info.audio
    rate = output_rate(video)
    shown = max(1, round(video.duration_s * rate))
    before = after = 0
    if audio is not None:
        early = float(video.first_pts_s) - audio.start_s
        if early >= EARLY_AUDIO_S:
            before = round(min(early, MAX_HELD_S) * rate)
        late = audio.start_s + audio.duration_s - float(video.first_pts_s) - video.duration_s
        if late >= LATE_AUDIO_S:
            after = round(min(late, MAX_HELD_S) * rate)
    return Timeline(
        origin_s=video.first_pts_s - before / rate,
        rate=rate,
        frames=before + shown + after,
        shown=before + shown,
        gop=choose_gop(rate),
    )


def _chunks(info: SourceInfo, timeline: Timeline) -> tuple[Chunk, ...]:
    """One chunk for a container that can only be read from its start."""
    if info.access is Access.WHOLE:
        return split(replace(timeline, shown=0), info.video)
    keys = () if info.index is None else key_times(info.index, info.video)
    return split(timeline, info.video, keys)


def _ranges(
    info: SourceInfo, index: SourceIndex, chunks: tuple[Chunk, ...], timeline: Timeline
) -> tuple[tuple[Chunk, ...], tuple[ByteRange, ...]]:
    """Chunks with their byte ranges and the sound's ranges; none where they would read too much."""
    ranged = with_ranges(chunks, timeline, info.video, index)
    # Every chunk lists what all of them share, but a worker fetches that once for all its chunks.
    shared = total(merge([*index.header, *_probed(index)]))
    read = shared + sum(total(one.source_ranges) - shared for one in ranged)
    if len(chunks) == 1 or read > MAX_READ * info.size:
        ranged = chunks
    sound = thin(index.audio, round(info.size * AUDIO_ALLOWANCE))
    return ranged, merge([*index.header, *_probed(index), *sound]) if sound else ()


def _probed(index: SourceIndex) -> list[ByteRange]:
    """What ffmpeg looks at before it seeks, which belongs to every reader."""
    return [(slot.first, slot.end) for slot in index.slots[:1]]


def _head_ranges(info: SourceInfo) -> tuple[ByteRange, ...]:
    index = info.index
    assert index is not None
    return merge([*index.header, *_probed(index), *index.audio_head], MERGE_GAP)
