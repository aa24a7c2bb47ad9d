"""Where a video is cut into chunks, and which bytes of the source each chunk reads. Pure.

Chunks start at multiples of the GOP, so that their fragments line up in every rendition. Where the
source can only be entered at its own keyframes, a chunk that starts right after one decodes and
reads little that it does not need: among the possible places the cheapest is taken.
"""

from bisect import bisect_right
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from carrete.domain.jsonable import Jsonable
from carrete.domain.media import ByteRange, SourceIndex, VideoFacts

FIRST_CHUNK_S = 4
"""Seconds of the first chunk: short, so that the first seconds can be streamed soon."""
SECOND_CHUNK_S = 6
"""Seconds of the second chunk: it has to be there when a player has shown the first one."""
SECOND_SPREAD_S = 2
CHUNK_S = 10
"""Seconds of later chunks: cost 0.95 to 1.00 of the unchunked CPU (2 s chunks cost 1.05)."""
CHUNK_SPREAD_S = 4
"""A later chunk may be so much longer or shorter, to start right after a keyframe of the source."""
SINGLE_CHUNK_S = 12
"""A video up to this long is one chunk in one task: splitting it would only add hops."""
MAX_CHUNKS = 2000
"""Longer videos get longer chunks, so that tasks and playlists stay bounded."""
MAX_PREROLL_S = 6.0
"""Seconds decoded for nothing that a chunk may cost; else it starts after the next keyframe."""
AHEAD_FRAMES = 10
"""Packets past the last frame that a decoder must see, besides those it reorders: one for each of
its threads and one that ends the frame. What is read further ahead is never decoded to any use."""
MERGE_GAP = 256 << 10
"""Bytes between two ranges that are read along, since a request costs as much as they do."""
MERGE_SHARE = 64
"""Of a small file the gap is this part of its size: not every chunk shall read it whole."""


@dataclass(frozen=True, slots=True)
class Chunk(Jsonable):
    """A run of output frames that one task encodes, in every rendition.

    Attributes:
        index: from 0.
        first_frame: index of its first frame in the output.
        frame_count: frames in it.
        start_s: seconds on the output's clock.
        duration_s: seconds.
        seek_s: where decoding is entered, seconds on the source's clock.
        source_ranges: the bytes of the source that it is made of, ascending and disjoint; empty
            means the whole file.
        keep_from_s: of a rendition that is a copy, the decoding time on the source's clock of the
            first packet that is this chunk's; ``None`` for the first one of all.
        keep_until_s: the same for the first packet that is the next chunk's; ``None`` for none.
    """

    index: int
    first_frame: int
    frame_count: int
    start_s: float
    duration_s: float
    seek_s: float
    source_ranges: tuple[ByteRange, ...] = ()
    keep_from_s: float | None = None
    keep_until_s: float | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    """The output's frames and where they lie on the source's clock.

    Attributes:
        origin_s: the source's clock at the output's zero.
        rate: frames per second.
        frames: of the output.
        shown: frames up to the end of the source's picture; what follows holds the last frame and
            belongs to the last chunk, since a seek past the picture finds nothing.
        gop: frames between keyframes.
    """

    origin_s: Fraction
    rate: Fraction
    frames: int
    shown: int
    gop: int


def seek_target(video: VideoFacts, timeline: Timeline, first_frame: int) -> float:
    """The time on the source's clock whose keyframe at or before it gives the chunk's first frame.

    Frames of a constant rate lie within a fifth of a frame of the grid: a quarter after the
    frame's place no later frame is found. Of a variable rate the frame that is shown at the
    chunk's start may be as old as the longest gap.
    """
    at = timeline.origin_s + first_frame / timeline.rate
    if not video.variable and video.frame_rate == timeline.rate:
        return float(at + Fraction(1, 4) / timeline.rate)
    return float(at - 1 / timeline.rate) - video.max_frame_gap_s


def split(timeline: Timeline, video: VideoFacts, keys: tuple[float, ...] = ()) -> tuple[Chunk, ...]:
    """Cut the output into chunks: the first short, the later ones longer.

    Args:
        timeline: the output's frames.
        video: of the source.
        keys: when the source's keyframes are shown, ascending, seconds on its clock; none when
            every place is as good as another.
    """
    starts = [0]
    if timeline.frames > SINGLE_CHUNK_S * timeline.rate:
        position = _next_start(timeline, video, keys, 0, wanted_s=FIRST_CHUNK_S)
        # What is left over when less than a GOP joins the chunk before it.
        while position + timeline.gop <= timeline.shown:
            second = len(starts) == 1
            starts.append(position)
            position = _next_start(
                timeline,
                video,
                keys,
                position,
                wanted_s=SECOND_CHUNK_S if second else CHUNK_S,
                spread_s=SECOND_SPREAD_S if second else CHUNK_SPREAD_S,
            )
    return tuple(
        Chunk(
            index,
            start,
            end - start,
            float(start / timeline.rate),
            float((end - start) / timeline.rate),
            seek_target(video, timeline, start),
        )
        for index, (start, end) in enumerate(pairwise([*starts, timeline.frames]))
    )


def one_chunk(timeline: Timeline, video: VideoFacts) -> tuple[Chunk, ...]:
    """The whole output as a single chunk."""
    seconds = float(timeline.frames / timeline.rate)
    return (Chunk(0, 0, timeline.frames, 0.0, seconds, seek_target(video, timeline, 0)),)


def _next_start(
    timeline: Timeline,
    video: VideoFacts,
    keys: tuple[float, ...],
    position: int,
    *,
    wanted_s: int,
    spread_s: int = 0,
) -> int:
    """The multiple of the GOP where the chunk that starts at ``position`` ends best."""
    gop, rate = timeline.gop, timeline.rate
    fewest = -(-timeline.frames // (gop * MAX_CHUNKS))
    wanted = max(1, fewest, round(wanted_s * rate / gop))
    spread = round(spread_s * rate / gop)
    near = [position + gop * n for n in range(max(1, fewest, wanted - spread), wanted + spread + 1)]
    ideal = position + gop * wanted
    if not keys:
        return ideal
    costs = {place: _preroll(keys, seek_target(video, timeline, place)) for place in near}
    best = min(near, key=lambda place: (round(costs[place], 1), abs(place - ideal)))
    if costs[best] <= MAX_PREROLL_S:
        return best
    # A long way from any keyframe: go on to the first multiple after the next one.
    after = bisect_right(keys, seek_target(video, timeline, near[-1]))
    if after == len(keys):
        return timeline.frames
    beyond = (Fraction(keys[after]) - timeline.origin_s) * rate
    return max(near[-1], gop * -(-round(beyond) // gop))


def _preroll(keys: tuple[float, ...], target: float) -> float:
    """Seconds from the keyframe that a seek to ``target`` lands on to the target."""
    place = bisect_right(keys, target)
    return target - keys[place - 1] if place else 0.0


def key_times(index: SourceIndex, video: VideoFacts) -> tuple[float, ...]:
    """When the source's keyframes are shown.

    The index holds decoding times; a keyframe is shown as much later as the first frame is.
    """
    if not index.slots:
        return ()
    times = _shown(index, video)
    return tuple(at for at, slot in zip(times, index.slots, strict=True) if slot.key)


def with_ranges(
    chunks: tuple[Chunk, ...],
    timeline: Timeline,
    video: VideoFacts,
    index: SourceIndex,
    gap: int = MERGE_GAP,
) -> tuple[Chunk, ...]:
    """``chunks`` with the bytes that each reads; unchanged where a file can't be read in parts.

    Ranges that lie at most ``gap`` bytes apart are joined.
    """
    if not index.header or not index.slots:
        return chunks
    times = _shown(index, video)
    ahead = (AHEAD_FRAMES + video.reorder_frames) / float(min(video.frame_rate, timeline.rate))
    found = []
    for chunk in chunks:
        begin = _entry(index, times, chunk)
        last = float(timeline.origin_s) + chunk.start_s + chunk.duration_s + ahead
        end = bisect_right(times, last + video.max_frame_gap_s)
        if chunk is chunks[-1]:
            end = len(times)
        body = [(slot.first, slot.end) for slot in index.slots[begin:end]]
        ranges = merge([*index.header, *probed(index), *body], gap)
        found.append(replace(chunk, source_ranges=ranges))
    return tuple(found)


def probed(index: SourceIndex) -> list[ByteRange]:
    """What ffmpeg looks at before it seeks, which belongs to every reader."""
    return [(slot.first, slot.end) for slot in index.slots[:1]]


def merge_gap(size: int) -> int:
    """Bytes between two ranges of a file of ``size`` bytes that are read along."""
    return min(MERGE_GAP, size // MERGE_SHARE)


def _shown(index: SourceIndex, video: VideoFacts) -> list[float]:
    """When the first picture of each slot is shown, as far as decoding times tell."""
    shift = float(video.first_pts_s) - index.slots[0].time_s
    return [slot.time_s + shift for slot in index.slots]


def _entry(index: SourceIndex, times: list[float], chunk: Chunk) -> int:
    """The slot of the keyframe at which the decoding of a chunk is entered."""
    begin = max(0, bisect_right(times, chunk.seek_s) - 1)
    while begin > 0 and not index.slots[begin].key:
        begin -= 1
    return begin


def with_kept(
    chunks: tuple[Chunk, ...], video: VideoFacts, index: SourceIndex
) -> tuple[Chunk, ...]:
    """``chunks`` with the source's packets that each keeps where a rendition is a copy.

    These are whole GOPs, from the keyframe at which the chunk's decoding is entered to that of the
    next chunk: bytes that its encoding reads anyway. A chunk without a keyframe of its own joins
    the one before it.
    """
    times = _shown(index, video)
    # Half a frame before it: a time in seconds is not exactly a number of ticks.
    margin = 0.5 / float(video.frame_rate)
    found: list[Chunk] = []
    entered = -1
    for chunk in chunks:
        begin = _entry(index, times, chunk)
        if begin == entered:
            found[-1] = replace(
                found[-1],
                frame_count=found[-1].frame_count + chunk.frame_count,
                duration_s=found[-1].duration_s + chunk.duration_s,
            )
            continue
        entered = begin
        start = index.slots[begin].time_s - margin
        if found:
            found[-1] = replace(found[-1], keep_until_s=start)
        found.append(replace(chunk, index=len(found), keep_from_s=start if found else None))
    return tuple(found)


def merge(ranges: list[ByteRange], gap: int = 0) -> tuple[ByteRange, ...]:
    """Ascending, disjoint ranges that hold all of ``ranges``; gaps up to ``gap`` are filled."""
    merged: list[ByteRange] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1] + gap:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        elif end > start:
            merged.append((start, end))
    return tuple(merged)


def thin(ranges: tuple[ByteRange, ...], allowance: int) -> tuple[ByteRange, ...]:
    """The fewest ranges that read at most ``allowance`` bytes more than ``ranges`` do."""
    needed = total(ranges)
    best, gap = ranges, 1024
    while gap <= 64 << 20:
        wider = merge(list(ranges), gap)
        if total(wider) - needed > allowance:
            break
        best, gap = wider, gap * 2
    return best


def total(ranges: tuple[ByteRange, ...]) -> int:
    """Bytes in all ranges."""
    return sum(end - start for start, end in ranges)
