"""The whole plan of one video: which renditions, which chunks, which sound. Pure and stored."""

from dataclasses import dataclass, replace
from fractions import Fraction

from carrete.domain.chunks import (
    Chunk,
    Timeline,
    key_times,
    merge,
    merge_gap,
    one_chunk,
    probed,
    split,
    total,
    with_kept,
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
from carrete.domain.media import Access, SourceIndex, SourceInfo
from carrete.domain.sound import AudioPlan, plan_audio, set_apart, with_sound

__all__ = ["AudioPlan", "Chunk", "Plan", "make_plan"]

EARLY_AUDIO_S = 0.5
"""Sound that starts this much before the picture is kept by holding the first frame."""
LATE_AUDIO_S = 0.1
"""Sound that ends this much after the picture is kept by holding the last frame."""
MAX_HELD_S = 600.0
"""The longest that the first or last frame is held for sound."""
MIN_RANGED_BYTES = 1 << 20
"""A smaller file is fetched whole: one request for all of it costs less than several."""
MAX_READ = 1.3
"""Times the source's size that all chunks together may read; beyond it ranges help nobody."""


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
        allow_copy: whether streams that already fit may be kept.
    """
    timeline = make_timeline(info)
    renditions = make_ladder(info, profile)
    index = info.index
    unheld = timeline.frames == timeline.shown and timeline.origin_s == info.video.first_pts_s
    if allow_copy and unheld and index is not None and can_copy(info):
        renditions = (copied(renditions[0], info.video), *renditions[1:])
    audio = None if info.audio is None else plan_audio(info, timeline, allow_copy=allow_copy)
    chunks = _chunks(info, timeline, renditions)
    if index is not None and index.header and info.size > MIN_RANGED_BYTES:
        with_packets = audio is not None and audio.copy
        chunks = _ranges(info, index, chunks, timeline, with_packets=with_packets)
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
        audio=None if audio is None else set_apart(audio, info, chunks, timeline),
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


def _chunks(
    info: SourceInfo, timeline: Timeline, renditions: tuple[Rendition, ...]
) -> tuple[Chunk, ...]:
    """One chunk for a container that can only be read from its start, or where all is copied."""
    if info.access is Access.WHOLE or all(one.copy for one in renditions):
        return one_chunk(timeline, info.video)
    keys = () if info.index is None else key_times(info.index, info.video)
    chunks = split(timeline, info.video, keys)
    if info.index is None or not any(one.copy for one in renditions):
        return chunks
    return with_kept(chunks, info.video, info.index)


def _ranges(
    info: SourceInfo,
    index: SourceIndex,
    chunks: tuple[Chunk, ...],
    timeline: Timeline,
    *,
    with_packets: bool,
) -> tuple[Chunk, ...]:
    """Chunks with their byte ranges; without any where they would read too much.

    ``with_packets``: each chunk also keeps the packets of its sound.
    """
    if len(chunks) == 1:
        return chunks
    ranged = with_ranges(chunks, timeline, info.video, index, merge_gap(info.size))
    if with_packets:
        ranged = with_sound(ranged, timeline, index, info.size)
    # Every chunk lists what all of them share, but a worker fetches that once for all its chunks.
    shared = total(merge([*index.header, *probed(index)]))
    read = shared + sum(total(one.source_ranges) - shared for one in ranged)
    return chunks if read > MAX_READ * info.size else ranged
