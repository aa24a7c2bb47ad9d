"""Every ffmpeg command that Carrete runs, as lists. Pure: nothing here starts a process."""

from pathlib import Path

from carrete.adapters.ffmpeg.filters import Logs, audio_graph, quality_graph, video_graph
from carrete.domain.ladder import Rendition, VideoCodec
from carrete.domain.media import Access, Limits
from carrete.domain.plan import Chunk, Plan

DEMUXERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpegtsraw,mpeg,flv,live_flv,asf,ogg,mxf"
)
MAX_ERROR_RATE = "0.25"
STATS_PERIOD_S = "0.5"
AFTER_S = 1.0
"""Seconds of packets that are read past those that are kept; which ones are is told exactly."""
MIN_FRAGMENT_S = 1.9
"""Seconds of a copy that make a fragment: it ends at the first keyframe after them."""

_GLOBAL = (
    "-nostdin",  # a child that waits for a key would hang
    "-hide_banner",
    *("-v", "error"),  # standard error holds reasons, nothing else
    "-nostats",
    *("-progress", "pipe:1"),
    *("-stats_period", STATS_PERIOD_S),
    "-y",  # an attempt's directory is its own
)
_NO_METADATA = (
    *("-map_metadata", "-1"),  # GPS, device names, dates: none of them is the viewer's business
    *("-map_metadata:s", "-1"),
    *("-map_chapters", "-1"),
)
_FRAGMENTED = (
    *("-avoid_negative_ts", "disabled"),  # timestamps are absolute already; nothing may shift them
    *("-f", "mp4"),
    "-movflags",
    # frag_keyframe: one fragment a GOP, which is what playlists address. default_base_moof: CMAF.
    # frag_discont: tfdt says the absolute time, so that chunks need no joining. delay_moov: the
    # header waits for the first GOP and so can hold the edit that hides the reordering delay; it
    # is the same in every chunk (negative_cts_offsets would need no edit, but FFmpeg's own
    # demuxer, and every player built on it, then shows the picture two frames late).
    # skip_trailer: no index box between the chunks.
    "+frag_keyframe+delay_moov+default_base_moof+frag_discont+skip_trailer",
)


_SOUND_FRAGMENTS = (
    *("-frag_duration", "2000000"),  # about two seconds, as the video's fragments
    *("-avoid_negative_ts", "disabled"),  # as for the pictures
    *("-use_editlist", "0"),  # there is nothing to hide: the first sample is at zero
    *("-f", "mp4"),
    *("-movflags", "+empty_moov+default_base_moof+frag_discont+skip_trailer"),
)


def _safe_input(limits: Limits) -> tuple[str, ...]:
    return (
        *("-protocol_whitelist", "file"),  # a playlist in disguise reaches nothing
        *("-format_whitelist", DEMUXERS),  # nor is it read as one
        *("-max_pixels", str(limits.max_pixels)),  # a frame size bomb in mid-stream
        *("-max_error_rate", MAX_ERROR_RATE),  # beyond it, what decodes is no longer the video
        # A change of picture size is the scaler's business; rebuilding the graph would start the
        # frame grid again in the middle.
        *("-reinit_filter", "0"),
    )


def encode(
    ffmpeg: Path,
    source: Path,
    plan: Plan,
    chunk: Chunk,
    outputs: dict[str, Path],
    *,
    threads: int,
    limits: Limits,
) -> tuple[str, ...]:
    """One chunk in the renditions that ``outputs`` names, each as a fragmented MP4."""
    renditions = tuple(one for one in plan.renditions if one.name in outputs)
    graph = video_graph(plan, chunk, renditions)
    argv = [
        str(ffmpeg),
        *_GLOBAL,
        *_safe_input(limits),
        *seek(plan, chunk),
        *("-threads", str(threads)),
        *("-i", f"file:{source}"),
        *("-filter_complex_threads", str(threads)),
        *("-filter_complex", graph.text),
    ]
    for rendition, label in zip(renditions, graph.outputs, strict=True):
        argv += [
            *("-map", f"[{label}]"),
            *("-frames:v", str(chunk.frame_count)),  # exactly; the graph offers more
            *("-fps_mode", "passthrough"),  # the grid is made; nothing is to be added or dropped
            *video_encoder(plan, rendition, threads),
            *_NO_METADATA,
            *("-video_track_timescale", str(plan.timescale)),
            *_FRAGMENTED,
            f"file:{outputs[rendition.name]}",
        ]
    return tuple(argv)


def seek(plan: Plan, chunk: Chunk) -> tuple[str, ...]:
    """Input options that start decoding at a keyframe before the chunk."""
    keep = ("-copyts",)  # the source's clock, which the graph turns into the output's
    if chunk.first_frame == 0 or plan.source.access is Access.WHOLE:
        return keep
    return (
        *keep,
        *("-seek_timestamp", "1"),  # on the container's clock, not from its start time
        "-noaccurate_seek",  # the frames before the chunk go in too; the grid drops them
        *("-ss", f"{chunk.seek_s:.6f}"),
    )


def compare(
    ffmpeg: Path,
    source: Path,
    plan: Plan,
    burst: Chunk,
    *,
    made: Path,
    skip: int,
    logs: Logs,
    threads: int,
    limits: Limits,
) -> tuple[str, ...]:
    """The frames of ``burst`` beside those of ``made`` from its frame ``skip`` on."""
    return (
        str(ffmpeg),
        *_GLOBAL,
        *_safe_input(limits),
        *seek(plan, burst),
        *("-threads", str(threads)),
        *("-i", f"file:{source}"),
        *("-f", "mp4", "-threads", str(threads)),
        *("-i", f"file:{made}"),
        *("-filter_complex", quality_graph(plan, burst, skip, logs)),
        *("-map", "[out]"),
        *("-frames:v", str(burst.frame_count)),
        *("-f", "null", "-"),
    )


X264_EFFORT = "trellis=1:me=dia:partitions=p8x8,i8x8,i4x4"
"""What is changed of the preset "veryfast". Trellis: 0.91 of the bytes at equal VMAF for 1.09 of
the CPU. The smaller search and B-frames undivided: equal bytes for 0.91 of that CPU."""

_SVT_AV1 = (
    # Closed GOPs, keyframes on the grid alone.
    "irefresh-type=2:scd=0:"
    # For eyes instead of PSNR, quantisation matrices, eight frames between references: together
    # 0.88 of the bytes at a VMAF of 93 and no more CPU, in the mean of five clips.
    "tune=0:enable-qm=1:qm-min=4:hierarchical-levels=3"
)


def video_encoder(plan: Plan, rendition: Rendition, threads: int) -> tuple[str, ...]:
    """Encoder options: capped CRF, closed GOPs of fixed length."""
    cap = rendition.max_bitrate
    shared = (
        *("-crf", str(rendition.crf)),
        *("-maxrate", str(cap)),  # CRF spends less where less will do; this bounds the rest
        *("-bufsize", str(2 * cap)),
        *("-g", str(plan.gop)),
    )
    if rendition.codec is VideoCodec.AV1:
        return (
            *("-c:v", "libsvtav1"),
            *("-preset", rendition.preset),
            *shared,
            *("-svtav1-params", f"lp={threads}:{_SVT_AV1}"),
        )
    return (
        *("-c:v", "libx264"),
        *("-preset", rendition.preset),
        *shared,
        *("-keyint_min", str(plan.gop)),  # no keyframe off the grid
        *("-sc_threshold", "0"),
        *("-profile:v", "high"),
        # A stream may begin with another rendition's chunk: parameters stand before each keyframe.
        *("-x264-params", f"repeat-headers=1:{X264_EFFORT}"),
        *("-threads", str(threads)),
    )


def audio(
    ffmpeg: Path,
    source: Path,
    plan: Plan,
    out: Path,
    *,
    limits: Limits,
    until_s: float | None = None,
) -> tuple[str, ...]:
    """The sound, of the whole file or up to a time, as a fragmented MP4 of AAC-LC."""
    assert plan.audio is not None
    assert plan.source.audio is not None
    return (
        str(ffmpeg),
        *_GLOBAL,
        *_safe_input(limits),
        "-copyts",
        *("-i", f"file:{source}"),
        "-filter_complex",
        audio_graph(plan, plan.source.audio, plan.audio.sample_rate, until_s),
        *("-map", "[a]"),
        *("-c:a", "aac"),
        *("-b:a", str(plan.audio.bit_rate)),
        *_NO_METADATA,
        *_SOUND_FRAGMENTS,
        f"file:{out}",
    )


def copy_video(
    ffmpeg: Path, source: Path, plan: Plan, chunk: Chunk, out: Path, *, limits: Limits
) -> tuple[str, ...]:
    """The source's own pictures of a chunk as a fragmented MP4, on the output's clock."""
    kept = []
    if chunk.keep_from_s is not None:
        kept.append(f"lt(dts*tb\\,{chunk.keep_from_s:.6f})")
    if chunk.keep_until_s is not None:
        kept.append(f"gte(dts*tb\\,{chunk.keep_until_s:.6f})")
    drop = f"noise=drop={'+'.join(kept)}," if kept else ""
    return (
        *_copied(ffmpeg, source, plan, chunk, limits, until_s=chunk.keep_until_s),
        *("-map", f"0:{plan.source.video.index}"),
        *("-c", "copy"),
        *("-bsf:v", f"{drop}{_moved(plan)}"),
        *_NO_METADATA,
        # The clock of the encoded renditions: players that switch between tracks of different
        # timescales (hls.js) work out the offset anew, and leave a hole.
        *("-video_track_timescale", str(plan.timescale)),
        # Microseconds; else every picture of intra-only video is a fragment.
        *("-min_frag_duration", str(round(MIN_FRAGMENT_S * 1e6))),
        *_FRAGMENTED,
        f"file:{out}",
    )


def copy_audio(
    ffmpeg: Path, source: Path, plan: Plan, chunk: Chunk, out: Path, *, limits: Limits
) -> tuple[str, ...]:
    """The source's own sound of a chunk as a fragmented MP4, on the output's clock.

    The packet before zero, the encoder's priming, is left out, as ``audio`` leaves it out.
    """
    assert plan.audio is not None
    # The same number stands on both sides of a join: each packet is in one chunk.
    drop = [f"lt(pts*tb\\,{chunk.start_s:.6f})"]
    end_s = None
    if chunk.index + 1 < len(plan.chunks):
        end_s = plan.chunks[chunk.index + 1].start_s
        drop.append(f"gte(pts*tb\\,{end_s:.6f})")
    until_s = None if end_s is None else float(plan.origin_s) + end_s
    return (
        *_copied(ffmpeg, source, plan, chunk, limits, until_s=until_s),
        *("-map", f"0:{plan.audio.stream_index}"),
        *("-c", "copy"),
        *("-bsf:a", f"{_moved(plan)},noise=drop={'+'.join(drop)}"),
        *_NO_METADATA,
        *_SOUND_FRAGMENTS,
        f"file:{out}",
    )


def _copied(
    ffmpeg: Path, source: Path, plan: Plan, chunk: Chunk, limits: Limits, *, until_s: float | None
) -> tuple[str, ...]:
    """A command up to its input, which is read from a keyframe to a little after ``until_s``."""
    return (
        str(ffmpeg),
        *_GLOBAL,
        *_safe_input(limits),
        *seek(plan, chunk),
        *(() if until_s is None else ("-to", f"{until_s + AFTER_S:.6f}")),
        *("-i", f"file:{source}"),
    )


def _moved(plan: Plan) -> str:
    """The bitstream filter that puts packets on the output's clock."""
    return f"setts=pts=PTS-({plan.origin_s})/TB:dts=DTS-({plan.origin_s})/TB"


def rewrap(ffmpeg: Path, source: Path, streams: tuple[int, ...], out: Path) -> tuple[str, ...]:
    """The same packets in an MP4, in which every frame can be reached by seeking."""
    maps = [word for index in streams for word in ("-map", f"0:{index}")]
    return (
        str(ffmpeg),
        *_GLOBAL,
        *_safe_input(Limits()),
        *("-fflags", "+genpts"),
        *("-i", f"file:{source}"),
        *maps,
        *("-c", "copy"),
        *("-f", "mov"),  # takes codecs that the MP4 muxer refuses
        *("-movflags", "+faststart"),
        f"file:{out}",
    )


def assemble(ffmpeg: Path, pictures: Path, sound: Path | None, out: Path) -> tuple[str, ...]:
    """The downloadable MP4 out of the files that ``pictures`` and ``sound`` list, not encoded."""
    # The files of a track follow each other as one fragmented file; repeated headers are skipped.
    joined = ("-protocol_whitelist", "file,concatf", "-f", "mp4", "-i")
    maps = ("-map", "0:v:0") if sound is None else ("-map", "0:v:0", "-map", "1:a:0")
    return (
        str(ffmpeg),
        *("-nostdin", "-hide_banner"),
        # The repeated headers are reported as errors; real ones end with a non-zero exit.
        *("-v", "error", "-nostats", "-progress", "pipe:1", "-stats_period", STATS_PERIOD_S, "-y"),
        *(*joined, f"concatf:{pictures}"),
        *(() if sound is None else (*joined, f"concatf:{sound}")),
        *maps,
        *("-c", "copy"),
        *_NO_METADATA,
        *("-movflags", "+faststart"),  # playable while it downloads
        *("-f", "mp4"),
        f"file:{out}",
    )
