"""The filter graphs that turn any source's pictures and sound into the ones that Carrete serves."""

from dataclasses import dataclass
from fractions import Fraction

from carrete.domain.ladder import Rendition
from carrete.domain.media import AudioFacts, Hdr, VideoFacts
from carrete.domain.plan import Chunk, Plan

AAC_PRIMING = 1024
"""Samples that FFmpeg's AAC encoder puts before the first one it is given."""
TOLERATED_TAIL_S = 2.0
"""Seconds of picture that may be missing at a damaged end; the last frame is held for them."""
_HD_HEIGHT = 720
_MATRIX = {
    1: "bt709",
    4: "fcc",
    5: "bt470",
    6: "smpte170m",
    7: "smpte240m",
    9: "bt2020",
    10: "bt2020",
}
_ZSCALE_MATRIX = {1: "709", 5: "470bg", 6: "170m", 9: "2020_ncl", 10: "2020_cl"}
_ZSCALE_TRANSFER = {
    1: "709",
    6: "601",
    14: "2020_10",
    15: "2020_12",
    16: "smpte2084",
    18: "arib-std-b67",
}
_WIDE_PRIMARIES = 9


@dataclass(frozen=True, slots=True)
class VideoGraph:
    """A filter graph and the name of its output for each rendition, in the order asked for."""

    text: str
    outputs: tuple[str, ...]


def video_graph(plan: Plan, chunk: Chunk, renditions: tuple[Rendition, ...]) -> VideoGraph:
    """One decode, every rendition: put on the grid, cleaned, then scaled down step by step."""
    video = plan.source.video
    largest = max(renditions, key=lambda one: (one.width, one.height))
    head = [
        # The output's clock, absolute in every chunk: nothing is left to shift or to join.
        f"setpts='PTS-({plan.origin_s})/TB'",
        # Before fps, so that a chunk's first frame sees the same neighbours as in one piece.
        *(["bwdif=mode=send_frame:deint=interlaced"] if video.interlaced else []),
        *grid(plan, chunk),
        *picture(video, largest.width, largest.height),
    ]
    return _cascade(f"[0:{video.index}]{','.join(head)}", renditions)


@dataclass(frozen=True, slots=True)
class Logs:
    """Files that ``quality_graph`` writes: VMAF, and what is to be seen on either side."""

    vmaf: str
    source: str
    made: str


_LOOK = "scale=64:36:flags=area,format=yuv420p,signalstats,metadata=mode=print:file="
"""Brightness and motion of a small picture, in which no grain is left that looks like motion."""


def quality_graph(plan: Plan, burst: Chunk, skip: int, logs: Logs) -> str:
    """Compares the frames of ``burst`` with those of a made file (input 1) from ``skip`` on.

    VMAF is against the source as it was scaled and coloured for encoding; what is to be seen is
    looked at before that, so that a fault of that step shows too.
    """
    video, top, count = plan.source.video, plan.top, burst.frame_count
    source = [
        f"[0:{video.index}]setpts='PTS-({plan.origin_s})/TB'",
        *(["bwdif=mode=send_frame:deint=interlaced"] if video.interlaced else []),
        *grid(plan, burst),
        f"trim=end_frame={count},split=2[grid][raw]",
    ]
    shown = ",".join(picture(video, top.width, top.height))
    # One clock for both: frames are paired by time.
    clock = "settb=1/1000,setpts=N"
    return ";".join(
        (
            ",".join(source),
            f"[raw]{_LOOK}{escape(logs.source)},nullsink",
            f"[grid]{shown},{clock}[source]",
            f"[1:0]trim=start_frame={skip}:end_frame={skip + count},{clock},split=2[made][same]",
            f"[same]{_LOOK}{escape(logs.made)},nullsink",
            f"[made][source]libvmaf=log_fmt=json:log_path={escape(logs.vmaf)}:shortest=1[out]",
        )
    )


def escape(text: str) -> str:
    """A value as a filter option takes it, inside a graph: quoted on both levels."""
    inner = "".join(f"\\{char}" if char in "\\':" else char for char in text)
    return "".join(f"\\{char}" if char in "\\'[],;" else char for char in inner)


def grid(plan: Plan, chunk: Chunk) -> list[str]:
    """The frames of ``chunk`` on the constant grid of ``plan``.

    ``fps`` with a start time drops what lies before the chunk but keeps the frame that is still
    shown at its start, so that it may be fed from any earlier keyframe and gives the same frames.
    """
    steps = [f"fps=fps={plan.frame_rate}:start_time={chunk.start_s:.9f}:round=near"]
    if chunk.first_frame + chunk.frame_count == plan.frame_count:
        shown = round(plan.source.video.duration_s * plan.frame_rate)
        held = max(0, plan.frame_count - shown) + round(TOLERATED_TAIL_S * plan.frame_rate)
        steps.append(f"tpad=stop_mode=clone:stop={held}")
    return steps


def picture(video: VideoFacts, width: int, height: int) -> list[str]:
    """Upright square pixels of one size in limited 8-bit BT.709, whatever the source is.

    Rotation is FFmpeg's own first step. Tags, HDR metadata and captions go with the side data.
    """
    if video.hdr is not None:
        steps = [f"scale={width}:{height}:flags=bicubic", *_tone_map(video.hdr, video)]
    elif video.color_primaries == _WIDE_PRIMARIES:
        steps = [f"scale={width}:{height}:flags=bicubic", _narrow(video)]
    else:
        steps = [_scale(video, width, height)]
    if video.has_alpha:
        # Black shows through: premultiplied, then the alpha plane is dropped.
        steps = [
            f"scale={width}:{height}:flags=bicubic:out_color_matrix=bt709:out_range=tv",
            "format=yuva444p",
            "premultiply=inplace=1",
        ]
    return [
        *steps,
        "format=yuv420p",
        "setsar=1",
        "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709:field_mode=prog",
        "sidedata=mode=delete",
    ]


def _scale(video: VideoFacts, width: int, height: int) -> str:
    # Untagged pictures: players take BT.601 below 720 lines and BT.709 from there.
    guess = "bt709" if video.height >= _HD_HEIGHT else "smpte170m"
    matrix = _MATRIX.get(video.color_space, guess)
    options = f"out_color_matrix=bt709:in_range={'pc' if video.full_range else 'auto'}:out_range=tv"
    if "rgb" not in video.pix_fmt and "gbr" not in video.pix_fmt and "bgr" not in video.pix_fmt:
        options += f":in_color_matrix={matrix}"
    return f"scale={width}:{height}:flags=bicubic:{options}"


def _tone_map(hdr: Hdr, video: VideoFacts) -> list[str]:
    transfer = "smpte2084" if hdr is Hdr.PQ else "arib-std-b67"
    matrix = _ZSCALE_MATRIX.get(video.color_space, "2020_ncl")
    return [
        # Input tags are given, since a stream may leave some of them out.
        f"zscale=tin={transfer}:pin=2020:min={matrix}:t=linear:npl=100",
        "format=gbrpf32le",
        "zscale=p=709",
        "tonemap=hable:desat=0",
        "zscale=t=709:m=709:r=limited",
    ]


def _narrow(video: VideoFacts) -> str:
    transfer = _ZSCALE_TRANSFER.get(video.color_transfer, "709")
    matrix = _ZSCALE_MATRIX.get(video.color_space, "2020_ncl")
    return f"zscale=tin={transfer}:pin=2020:min={matrix}:t=709:p=709:m=709:r=limited"


def _cascade(head: str, renditions: tuple[Rendition, ...]) -> VideoGraph:
    """Split for each size, each smaller size made from the one above it."""
    sizes = sorted({(one.width, one.height) for one in renditions}, reverse=True)
    parts, source, names = [head], "", {}
    for step, size in enumerate(sizes):
        here = [one for one in renditions if (one.width, one.height) == size]
        labels = [f"v{step}_{place}" for place in range(len(here))]
        names.update({one.name: label for one, label in zip(here, labels, strict=True)})
        last = step == len(sizes) - 1
        outs = [*labels, *([] if last else [f"n{step}"])]
        scale = "" if step == 0 else f"[{source}]scale={size[0]}:{size[1]}:flags=bicubic,setsar=1"
        split = f"split={len(outs)}" if len(outs) > 1 else ("null" if scale == "" else "")
        chain = ",".join(part for part in (scale, split) if part)
        ends = "".join(f"[{name}]" for name in outs)
        if step == 0:
            parts[0] = f"{parts[0]},{chain}{ends}"
        else:
            parts.append(f"{chain}{ends}")
        source = f"n{step}"
    return VideoGraph(";".join(parts), tuple(names[one.name] for one in renditions))


def audio_graph(plan: Plan, audio: AudioFacts, rate: int, until_s: float | None = None) -> str:
    """The default track as stereo on the output's clock, exactly as long as the picture.

    Silence fills what is missing at the start, in gaps and at the end. The first 1024 samples
    (21 ms) are left out: the encoder's own priming takes their place, so that sound is in sync in
    every player without an edit list, which fragmented files can't carry for all of them.

    ``until_s`` stops earlier; what comes out is the same as far as it goes.
    """
    mono = ["pan=stereo|c0=c0|c1=c0"] if audio.channels == 1 else []
    end = Fraction(plan.frame_count) / plan.frame_rate
    if until_s is not None:
        end = min(end, Fraction(until_s))
    return ",".join(
        [
            f"[0:{audio.index}]asetpts='PTS-({plan.origin_s})/TB'",
            *mono,
            f"aresample={rate}:async=1:first_pts=0:ochl=stereo:osf=fltp",
            f"apad=whole_dur={float(end):.6f}",
            f"atrim=start_sample={AAC_PRIMING}:end_sample={round(end * rate)}[a]",
        ]
    )
