"""Which renditions a video gets: sizes, quality and bit-rate caps, decided from its facts."""

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction

from carrete.domain.jsonable import Jsonable
from carrete.domain.media import Access, SourceInfo, VideoFacts

GOP_S = 2
"""Seconds from keyframe to keyframe (Apple's HLS authoring specification asks for 2)."""


class Profile(StrEnum):
    """Which codecs a job makes."""

    H264 = "h264"
    H264_AV1 = "h264+av1"


class VideoCodec(StrEnum):
    """Codecs that Carrete writes."""

    H264 = "h264"
    AV1 = "av1"


@dataclass(frozen=True, slots=True)
class Rendition(Jsonable):
    """One version of the video.

    Attributes:
        name: such as ``h264-720``; unique in its plan and safe in a key.
        codec: of the pictures.
        width: pixels, even.
        height: pixels, even.
        crf: constant rate factor on the codec's own scale.
        max_bitrate: cap, bit/s, over a two-second buffer.
        preset: the encoder's own name of its speed.
        copy: whether the source's own stream is kept instead of encoding.
    """

    name: str
    codec: VideoCodec
    width: int
    height: int
    crf: int
    max_bitrate: int
    preset: str
    copy: bool = False


SHORT_SIDES = (1080, 720, 480, 360)
"""Steps of the ladder by the shorter side of the picture; the longer side may be 16/9 of it."""
MAX_RATE = 60
MIN_STEP = 0.8
"""A step closer than this to the one above it would be made for nothing."""
SHARE_OF_SOURCE = 0.9
"""A result that is encoded anew stays under this share of the source's own video bit rate."""
_FULL_HD_CAP = 6_000_000
"""Bit/s, Apple's HLS authoring specification for 1080p at 30 frames per second."""
_FULL_HD_PIXELS = 1920 * 1080
_CAP_EXPONENT = 0.75
"""Bits grow slower than pixels; fits the same specification's 720p to 360p within a fifth."""
_REFERENCE_RATE = 30
_MIN_BITRATE = 150_000
_AV1_CAP = 0.6
"""AV1 reaches the same quality at about half the bits of H.264."""


def choose_gop(rate: Fraction) -> int:
    """Frames from keyframe to keyframe, the nearest whole number to two seconds."""
    return max(1, round(GOP_S * rate))


def output_rate(video: VideoFacts) -> Fraction:
    """The rate of every rendition: the source's, halved until it is at most 60."""
    rate = video.frame_rate
    while rate > MAX_RATE:
        rate /= 2
    return rate


def fit(width: int, height: int, short_side: int) -> tuple[int, int]:
    """The largest even size of the same shape inside a 16:9 frame, upright or lying; not larger."""
    long_side = Fraction(short_side * 16, 9)
    scale = min(
        Fraction(1), short_side / Fraction(min(width, height)), long_side / max(width, height)
    )
    return _even(width * scale, width), _even(height * scale, height)


def _even(value: Fraction, own: int) -> int:
    """The nearest even number, never above the source's own size."""
    return max(2, min(round(value / 2) * 2, own // 2 * 2))


MAX_COPY_KEY_GAP_S = 4.0
"""Seekable and switchable enough; Apple's specification asks for keyframes every two seconds."""
MAX_LEAN_KEY_GAP_S = 12.0
"""The same for a lean source: x264's own default is 250 frames, 10.4 s at 24 a second."""
LEAN_SHARE = 0.5
"""Of the cap: what takes less bits than this can't be encoded anew without taking more than it
does or losing what is seen (1.2 Mbit/s of 720p animation: VMAF 88.8 within its own rate, 92.9
for 1.4 times its bytes)."""
_COPY_PROFILES = ("Constrained Baseline", "Baseline", "Main", "High")
_COPY_LEVEL = 42
_BT709_OR_UNSPECIFIED = (1, 2)
_PEAK_OF_CAP = 2.5


def can_copy(info: SourceInfo) -> bool:
    """Whether the source's own pictures are what the top rendition would be, made worse.

    That is H.264 that every browser plays, upright, square, of standard range and constant rate,
    within the size and bit rate that encoding would keep, with regular closed GOPs. Where it takes
    so few bits that encoding would only lose, its GOPs may be longer.
    """
    video = info.video
    own = (video.width, video.height)
    cap = bitrate_cap(own, video.frame_rate)
    lean = video.bit_rate <= LEAN_SHARE * cap
    return (
        info.access is Access.SEEK
        and "mov" in info.container
        and video.codec == "h264"
        and video.profile in _COPY_PROFILES
        and 0 < video.level <= _COPY_LEVEL
        and (video.pix_fmt, video.rotation, video.sar) == ("yuv420p", 0, Fraction(1))
        and not (video.variable or video.interlaced or video.full_range or video.hdr)
        and video.color_primaries in _BT709_OR_UNSPECIFIED
        and video.color_space in _BT709_OR_UNSPECIFIED
        and video.frame_rate <= MAX_RATE
        and fit(*own, SHORT_SIDES[0]) == own
        and video.closed_gops
        and video.max_keyframe_gap_s <= (MAX_LEAN_KEY_GAP_S if lean else MAX_COPY_KEY_GAP_S)
        and video.bit_rate <= cap
        and video.peak_bit_rate <= _PEAK_OF_CAP * cap
        and not info.warnings
    )


def copied(rendition: Rendition, video: VideoFacts) -> Rendition:
    """The rendition as a copy of the source's own stream."""
    cap = max(video.peak_bit_rate, video.bit_rate)
    return replace(rendition, copy=True, crf=0, preset="", max_bitrate=cap)


def make_ladder(info: SourceInfo, profile: Profile) -> tuple[Rendition, ...]:
    """The renditions of a video, best first, H.264 before AV1. Never upscaled."""
    video = info.video
    sizes: list[tuple[int, int]] = []
    for short_side in SHORT_SIDES:
        size = fit(video.display_width, video.display_height, short_side)
        if not sizes or max(size) <= MIN_STEP * max(sizes[-1]):
            sizes.append(size)
    codecs = [VideoCodec.H264]
    if profile is Profile.H264_AV1:
        codecs.append(VideoCodec.AV1)
    return tuple(_rendition(video, size, sizes[0], codec) for codec in codecs for size in sizes)


def bitrate_cap(size: tuple[int, int], rate: Fraction, codec: VideoCodec = VideoCodec.H264) -> int:
    """Bit/s that a rendition of this size and rate may take, whatever the source is."""
    cap: float = _FULL_HD_CAP * (size[0] * size[1] / _FULL_HD_PIXELS) ** _CAP_EXPONENT
    cap *= math.sqrt(max(1.0, float(rate / _REFERENCE_RATE)))
    return round(cap * _AV1_CAP if codec is VideoCodec.AV1 else cap)


def _rendition(
    video: VideoFacts, size: tuple[int, int], top: tuple[int, int], codec: VideoCodec
) -> Rendition:
    cap = bitrate_cap(size, output_rate(video), codec)
    if video.bit_rate:
        # the same for both codecs: what is starved by a poor source need not be starved twice
        share = (size[0] * size[1] / (top[0] * top[1])) ** _CAP_EXPONENT
        cap = min(cap, round(video.bit_rate * SHARE_OF_SOURCE * share))
    short = min(size)
    return Rendition(
        name=f"{codec}-{short}",
        codec=codec,
        width=size[0],
        height=size[1],
        crf=choose_crf(short, codec),
        max_bitrate=max(cap, _MIN_BITRATE),
        preset=choose_preset(short, codec),
    )


def choose_preset(short_side: int, codec: VideoCodec) -> str:
    """The encoder's speed, so that an AV1 ladder costs what the H.264 one does.

    SVT-AV1's 9 takes 0.8 of the bytes of its 10 for 1.2 times the CPU: at 1080p that is still less
    than x264's, on smaller pictures a third more.
    """
    if codec is VideoCodec.H264:
        return "veryfast"
    return "9" if short_side >= 900 else "10"  # noqa: PLR2004 - as in choose_crf


def choose_crf(short_side: int, codec: VideoCodec) -> int:
    """The CRF that gives a VMAF of about 93 at that size (its own size, default model).

    Measured on animation, means over whole ladders: H.264 93.7 and 94.1, AV1 92.6 and 94.3. Small
    pictures are seen enlarged: H.264 spends a little more on them.
    """
    steps = ((900, 22, 33), (600, 22, 30), (400, 21, 32), (0, 21, 33))
    _, h264, av1 = next(step for step in steps if short_side >= step[0])
    return h264 if codec is VideoCodec.H264 else av1
