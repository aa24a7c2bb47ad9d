"""HLS playlists and the storyboard's WebVTT as text. Pure: RFC 8216 and its second edition draft.

Objects are chunks of fragmented MP4; segments inside them are addressed by byte range, so that a
long video needs few signed addresses. While a video is being made its playlists are of type EVENT
and only grow; once it is complete they are of type VOD.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from carrete.domain.jsonable import Jsonable
from carrete.domain.ladder import Rendition
from carrete.domain.plan import Plan

SEGMENT_S = 6
"""Target duration of segments, seconds, as Apple's HLS authoring specification has it."""
AUDIO = "audio"
"""Name of the sound's playlist, where renditions have theirs."""
_AUDIO_GROUP = "sound"
_LEVELS = (
    (30, 1620, 40_500),
    (31, 3600, 108_000),
    (32, 5120, 216_000),
    (40, 8192, 245_760),
    (42, 8704, 522_240),
    (51, 36_864, 983_040),
)
"""H.264 levels times ten with their macroblocks a frame and a second (ITU-T H.264, table A-1)."""


@dataclass(frozen=True, slots=True)
class Fragment(Jsonable):
    """One ``moof`` and its ``mdat``.

    Attributes:
        offset: first byte in the file.
        length: bytes.
        start_s: decode time of its first sample, seconds on the output's clock.
        duration_s: seconds.
        samples: frames of video or packets of sound.
        independent: whether it starts with a keyframe.
    """

    offset: int
    length: int
    start_s: float
    duration_s: float
    samples: int
    independent: bool


@dataclass(frozen=True, slots=True)
class Layout(Jsonable):
    """The layout of a stored fragmented MP4; kept in ``MadeFile.meta``.

    Attributes:
        init_length: bytes of the init segment at its start.
        codecs: RFC 6381 name of its one track.
        fragments: in order.
        longest_s: the longest fragment that any file of its track may have, seconds, where they are
            not of one length; else zero.
    """

    init_length: int
    codecs: str
    fragments: tuple[Fragment, ...]
    longest_s: float = 0.0

    @property
    def samples(self) -> int:
        """Frames or packets in all fragments."""
        return sum(one.samples for one in self.fragments)

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self.fragments[-1].offset + self.fragments[-1].length


@dataclass(frozen=True, slots=True)
class Piece:
    """A stored chunk of one track.

    Attributes:
        key: of the object.
        layout: of the file.
    """

    key: str
    layout: Layout


def master_playlist(
    plan: Plan,
    video: Mapping[str, Sequence[Piece]],
    sound: Sequence[Piece],
    playlist_url: Callable[[str], str],
    borrowed_url: Callable[[str], str] | None = None,
) -> str:
    """The playlist that offers every rendition of which something is there, or can be borrowed.

    Players read it once. Who starts before the first chunk is there in every rendition would never
    see the others, so these are offered with the first chunk of the one that is there.

    Args:
        plan: of the video.
        video: the pieces of each rendition by its name, in order from the first chunk.
        sound: the pieces of the sound.
        playlist_url: address of the playlist of a rendition, or of ``AUDIO``.
        borrowed_url: address of the playlist of a rendition that begins with the first chunk of
            ``plan.first``; without it such renditions are left out.
    """
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
    if sound:
        lines.append(
            f'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="{_AUDIO_GROUP}",NAME="Default",DEFAULT=YES,'
            f'AUTOSELECT=YES,CHANNELS="{plan.audio.channels if plan.audio else 2}",'
            f'URI="{playlist_url(AUDIO)}"'
        )
    lender = video.get(plan.first.name)
    for rendition in plan.renditions:
        if video.get(rendition.name):
            pieces = video[rendition.name]
            lines += [_stream_line(plan, rendition, pieces, sound), playlist_url(rendition.name)]
        elif borrowed_url is not None and lender and can_borrow(plan, rendition):
            lines += [_stream_line(plan, rendition, (), sound), borrowed_url(rendition.name)]
    return "\n".join(lines) + "\n"


def can_borrow(plan: Plan, rendition: Rendition) -> bool:
    """Whether a rendition can begin with another one's first chunk and go on with its own.

    It has the same codec, both are cut at the same frames, and something comes after the first
    chunk.
    """
    cut_alike = not rendition.copy and not plan.first.copy
    return cut_alike and rendition.codec is plan.first.codec and len(plan.chunks) > 1


def _expected_codecs(rendition: Rendition, frame_rate: Fraction) -> str:
    """RFC 6381 name of H.264 that is not made yet: high profile, a level that surely suffices."""
    macroblocks = ceil(rendition.width / 16) * ceil(rendition.height / 16)
    level = next(
        (
            level
            for level, in_frame, in_second in _LEVELS
            if macroblocks <= in_frame and macroblocks * frame_rate <= in_second
        ),
        _LEVELS[-1][0],
    )
    return f"avc1.6400{level:02X}"


def _stream_line(
    plan: Plan, rendition: Rendition, pieces: Sequence[Piece], sound: Sequence[Piece]
) -> str:
    # What is not there yet may need all that it is allowed.
    peak, average = bit_rates(pieces) if pieces else (0, rendition.max_bitrate)
    if sum(piece.layout.samples for piece in pieces) < plan.frame_count:
        # What is still to come is bounded by the cap alone.
        peak = max(peak, rendition.max_bitrate)
    codecs = [pieces[0].layout.codecs if pieces else _expected_codecs(rendition, plan.frame_rate)]
    group = ""
    if sound:
        sound_peak, sound_average = bit_rates(sound)
        peak, average = peak + sound_peak, average + sound_average
        codecs.append(sound[0].layout.codecs)
        group = f',AUDIO="{_AUDIO_GROUP}"'
    return (
        f"#EXT-X-STREAM-INF:BANDWIDTH={peak},AVERAGE-BANDWIDTH={average},"
        f'CODECS="{",".join(codecs)}",RESOLUTION={rendition.width}x{rendition.height},'
        f"FRAME-RATE={float(plan.frame_rate):.3f}{group}"
    )


def bit_rates(pieces: Iterable[Piece]) -> tuple[int, int]:
    """Highest bit rate of any segment and the average of all, bit/s."""
    peak, size, duration = 0.0, 0, 0.0
    for place, piece in enumerate(pieces):
        for segment in segments(piece.layout, first=place == 0):
            peak = max(peak, segment.length * 8 / max(segment.duration_s, 0.1))
            size, duration = size + segment.length, duration + segment.duration_s
    return ceil(peak), ceil(size * 8 / duration) if duration else 0


def media_playlist(
    pieces: Sequence[Piece],
    object_url: Callable[[str], str],
    *,
    complete: bool,
    borrowed: bool = False,
) -> str:
    """The playlist of one track.

    Args:
        pieces: in order from the first chunk, without a gap.
        object_url: address of an object by its key.
        complete: whether these are all that there will be.
        borrowed: whether the first piece is another rendition's. No discontinuity is marked there:
            the clock runs on, and the sound and the other renditions would have to mark it too.
    """
    made = (one.duration_s for piece in pieces for one in piece.layout.fragments)
    longest = max([*made, *(piece.layout.longest_s for piece in pieces)], default=0.0)
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        # Of all segments that there will ever be, since it may not change while the list grows.
        f"#EXT-X-TARGETDURATION:{max(SEGMENT_S, ceil(longest - 0.5))}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        f"#EXT-X-PLAYLIST-TYPE:{'VOD' if complete else 'EVENT'}",
        "#EXT-X-INDEPENDENT-SEGMENTS",
    ]
    if not complete:
        # A growing list looks live, and players would start at its end.
        lines.append("#EXT-X-START:TIME-OFFSET=0,PRECISE=YES")
    for place, piece in enumerate(pieces):
        url = object_url(piece.key)
        if place == 0 or (place == 1 and borrowed):
            # One for all: every chunk of a track has the same init segment.
            lines.append(f'#EXT-X-MAP:URI="{url}",BYTERANGE="{piece.layout.init_length}@0"')
        for segment in segments(piece.layout, first=place == 0):
            lines += [
                f"#EXTINF:{segment.duration_s:.6f},",
                f"#EXT-X-BYTERANGE:{segment.length}@{segment.offset}",
                url,
            ]
    if complete:
        lines.append("#EXT-X-ENDLIST")
    return "\n".join(lines) + "\n"


def segments(layout: Layout, *, first: bool) -> list[Fragment]:
    """The fragments of a file joined into segments of up to six seconds.

    The first file's fragments stay single, so that a player has something to show soon. The join
    depends on the file alone: a growing playlist never changes what it has said.
    """
    joined: list[Fragment] = []
    for one in layout.fragments:
        last = joined[-1] if joined else None
        if last is None or first or last.duration_s + one.duration_s > SEGMENT_S + 0.01:
            joined.append(one)
            continue
        joined[-1] = Fragment(
            last.offset,
            one.offset + one.length - last.offset,
            last.start_s,
            last.duration_s + one.duration_s,
            last.samples + one.samples,
            last.independent,
        )
    return joined


def contiguous(pieces: Mapping[int, Piece]) -> list[Piece]:
    """Those chunks, by index, that follow the first one without a gap."""
    found: list[Piece] = []
    while len(found) in pieces:
        found.append(pieces[len(found)])
    return found


@dataclass(frozen=True, slots=True)
class Storyboard(Jsonable):
    """Small pictures of the whole video in one sheet.

    Attributes:
        interval_s: seconds from one picture to the next.
        count: pictures.
        columns: pictures in a row of the sheet.
        width: of one picture, pixels.
        height: of one picture, pixels.
    """

    interval_s: Fraction
    count: int
    columns: int
    width: int
    height: int


MAX_TILES = 120
TILE_COLUMNS = 10
TILE_LONG_SIDE = 160


def plan_storyboard(plan: Plan) -> Storyboard:
    """At most 120 pictures, each at the start of a GOP."""
    gop_s = Fraction(plan.gop) / plan.frame_rate
    gops = -(-plan.frame_count // plan.gop)
    step = -(-gops // MAX_TILES)
    top = plan.top
    scale = Fraction(TILE_LONG_SIDE, max(top.width, top.height))
    width, height = (max(2, round(side * scale / 2) * 2) for side in (top.width, top.height))
    return Storyboard(gop_s * step, -(-gops // step), TILE_COLUMNS, width, height)


def storyboard_vtt(board: Storyboard, duration_s: float, url: str) -> str:
    """WebVTT whose cues point at the parts of the sheet at ``url``."""
    lines = ["WEBVTT", ""]
    for place in range(board.count):
        start = float(place * board.interval_s)
        end = duration_s if place == board.count - 1 else float((place + 1) * board.interval_s)
        row, column = divmod(place, board.columns)
        area = f"{column * board.width},{row * board.height},{board.width},{board.height}"
        lines += [f"{_clock(start)} --> {_clock(end)}", f"{url}#xywh={area}", ""]
    return "\n".join(lines)


def _clock(seconds: float) -> str:
    millis = round(seconds * 1000)
    hours, millis = divmod(millis, 3_600_000)
    minutes, millis = divmod(millis, 60_000)
    return f"{hours:02d}:{minutes:02d}:{millis // 1000:02d}.{millis % 1000:03d}"
