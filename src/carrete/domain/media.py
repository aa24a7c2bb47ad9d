"""What Carrete knows about a video file, what it refuses, and what a checked result looks like."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from carrete.domain.failures import CarreteError
from carrete.domain.jsonable import Jsonable

ByteRange = tuple[int, int]
"""First byte and the byte after the last one."""


class Hdr(StrEnum):
    """The transfer function of a high dynamic range picture."""

    PQ = "pq"
    HLG = "hlg"


class Access(StrEnum):
    """How a frame in the middle of a file is reached."""

    SEEK = "seek"
    """By the container's index, exactly."""
    REWRAP = "rewrap"
    """Seeking loses frames (MPEG-TS): copied into an MP4 first, whose clock the facts are on."""
    WHOLE = "whole"
    """Only by decoding from the start: such a video is one chunk."""


@dataclass(frozen=True, slots=True)
class VideoFacts(Jsonable):
    """The video stream that is processed, as its container and first frame describe it.

    Attributes:
        index: the stream's index in the container.
        codec: FFmpeg's name of the codec, such as ``h264``.
        profile: the codec's profile, such as ``High``; empty when unknown.
        width: coded width in pixels, before rotation and before the pixels are squared.
        height: coded height in pixels.
        sar: shape of one pixel, width over height.
        rotation: clockwise turn in degrees that shows the picture upright: 0, 90, 180 or 270.
        display_width: width in square pixels as shown.
        display_height: height in square pixels as shown.
        frame_rate: the constant rate that this stream is shown at, frames per second.
        variable: whether frames lie off the grid of ``frame_rate``.
        frame_count: frames that the stream holds.
        first_pts_s: when the first frame is shown, seconds on the container's clock.
        duration_s: from the first frame's start to the last frame's end, seconds.
        pix_fmt: FFmpeg's name of the pixel format.
        bit_depth: bits per component.
        color_primaries: FFmpeg's number for the primaries (ITU-T H.273); 2 is unspecified.
        color_transfer: the same for the transfer function.
        color_space: the same for the matrix.
        full_range: whether the samples use the full range (JPEG) rather than the limited one.
        hdr: kind of high dynamic range, or ``None`` for a standard picture.
        interlaced: whether the first frames are interlaced.
        has_alpha: whether the picture has transparency.
        bit_rate: average of this stream, bit/s.
        peak_bit_rate: highest average over any two seconds, bit/s; 0 when unknown.
        max_keyframe_gap_s: longest time between keyframes, seconds; 0 when unknown.
        reorder_frames: how many frames a decoder holds back to put them in order.
        closed_gops: whether every keyframe seen is one that decoding can start at cleanly.
        max_frame_gap_s: longest time between two frames, seconds.
        level: the codec's level as its header codes it (40 is 4.0 for H.264); 0 when unknown.
    """

    index: int
    codec: str
    profile: str
    width: int
    height: int
    sar: Fraction
    rotation: int
    display_width: int
    display_height: int
    frame_rate: Fraction
    variable: bool
    frame_count: int
    first_pts_s: Fraction
    duration_s: float
    pix_fmt: str
    bit_depth: int
    color_primaries: int
    color_transfer: int
    color_space: int
    full_range: bool
    hdr: Hdr | None
    interlaced: bool
    has_alpha: bool
    bit_rate: int
    peak_bit_rate: int = 0
    max_keyframe_gap_s: float = 0.0
    max_frame_gap_s: float = 0.0
    reorder_frames: int = 16
    closed_gops: bool = False
    level: int = 0


@dataclass(frozen=True, slots=True)
class AudioFacts(Jsonable):
    """The default audio track.

    Attributes:
        index: the stream's index in the container.
        codec: FFmpeg's name of the codec, such as ``aac``.
        channels: number of channels.
        sample_rate: samples per second.
        start_s: when the first sample is heard, seconds on the container's clock.
        duration_s: seconds of sound.
        bit_rate: bit/s; 0 when unknown.
        profile: the codec's profile, such as ``LC``; empty when unknown.
    """

    index: int
    codec: str
    channels: int
    sample_rate: int
    start_s: float
    duration_s: float
    bit_rate: int
    profile: str = ""


@dataclass(frozen=True, slots=True)
class Slot(Jsonable):
    """A run of video packets, in the order in which they are decoded.

    Attributes:
        time_s: when the first of them is decoded, seconds on the container's clock.
        key: whether it starts with a keyframe.
        first: first byte of the run.
        end: the byte after its last one.
    """

    time_s: float
    key: bool
    first: int
    end: int


@dataclass(frozen=True, slots=True)
class SourceIndex(Jsonable):
    """Where in the file what is needed lies. Used for planning, not kept in the plan.

    Attributes:
        slots: the whole video stream in runs of about half a second, cut at keyframes.
        header: what every reader of the file needs: all that is no media data; empty for a
            container that can't be read in parts.
        sound: where the default audio track's packets lie, in runs of at most about half a second
            without a gap: seconds on the container's clock, first byte, the byte after the last
            one; empty for such a container.
    """

    slots: tuple[Slot, ...]
    header: tuple[ByteRange, ...] = ()
    sound: tuple[tuple[float, int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class SourceInfo(Jsonable):
    """Everything that planning needs to know about an uploaded file.

    Attributes:
        container: FFmpeg's short name of the format, such as ``mov,mp4,m4a,3gp,3g2,mj2``.
        size: bytes.
        duration_s: of the picture, seconds.
        start_s: when the container's clock starts, seconds.
        video: the stream that is processed.
        audio: the default audio track, or ``None`` when there is no sound.
        stream_count: streams of any kind.
        access: how a frame in the middle is reached.
        warnings: what is wrong but can be lived with, for the owner and the operator.
        index: for planning; a stored plan does without.
    """

    container: str
    size: int
    duration_s: float
    start_s: float
    video: VideoFacts
    audio: AudioFacts | None
    stream_count: int
    access: Access
    warnings: tuple[str, ...] = ()
    index: SourceIndex | None = None


@dataclass(frozen=True, slots=True)
class Limits(Jsonable):
    """What is refused from the header alone, before memory or time is spent.

    Attributes:
        max_pixels: width times height of a coded frame (8192 x 4320 by default).
        max_dimension: longest side in pixels.
        min_dimension: shortest side in pixels, as shown.
        max_frame_rate: frames per second.
        max_duration_s: seconds.
        max_streams: streams in the container.
        max_frames: frames in the video stream.
    """

    max_pixels: int = 8192 * 4320
    max_dimension: int = 16384
    min_dimension: int = 16
    max_frame_rate: int = 300
    max_duration_s: float = 12 * 3600
    max_streams: int = 64
    max_frames: int = 12 * 3600 * 60


@dataclass(frozen=True, slots=True)
class Verification(Jsonable):
    """What was measured on a result that passed.

    Attributes:
        frames: frames decoded.
        duration_s: of the video track, seconds.
        audio_duration_s: of the audio track, seconds; ``None`` without sound.
        width: pixels.
        height: pixels.
        size: bytes.
        vmaf: mean VMAF of sampled frames against the source, 0 to 100; ``None`` if not measured.
    """

    frames: int
    duration_s: float
    audio_duration_s: float | None
    width: int
    height: int
    size: int
    vmaf: float | None = None


def mean_vmaf(sampled: Sequence[float | None]) -> float | None:
    """The VMAF of a result from that of its sampled chunks; ``None`` where there is none."""
    known = [one for one in sampled if one is not None]
    return round(sum(known) / len(known), 2) if known else None


class VerificationError(CarreteError):
    """A result differs from what its plan promises; the message says in what."""


class FfmpegError(CarreteError):
    """FFmpeg failed for a reason that is neither the source's fault nor passing.

    Attributes:
        argv: the command.
        exit_code: negative for a signal, as :mod:`subprocess` reports it.
        stderr: the end of what it wrote.
    """

    def __init__(self, argv: tuple[str, ...], exit_code: int, stderr: str) -> None:
        """Keep what an operator needs to run it again."""
        last = stderr.strip().splitlines()[-1] if stderr.strip() else "no message"
        super().__init__(f"ffmpeg ended with {exit_code}: {last}")
        self.argv = argv
        self.exit_code = exit_code
        self.stderr = stderr
