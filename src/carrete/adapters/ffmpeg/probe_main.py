"""Looks at one file in a process of its own and prints what it saw as one line of JSON.

``children.command`` runs it: no crash or bomb in a demuxer reaches the worker, and in the sandbox
nothing but the file, Python and Carrete's code can be seen. It decides nothing; ``probe.py`` does.
Output: ``{"facts": {…}}`` or ``{"error": code, "detail": text}`` with the codes of
``carrete.domain.failures.FailureCode``.
"""

import resource
import sys
from contextlib import suppress
from typing import Any

from carrete.adapters.ffmpeg.probe_answer import answer, fail
from carrete.adapters.ffmpeg.probe_boxes import check_boxes, claimed_size, looks_like
from carrete.adapters.ffmpeg.probe_packets import packet_table

MEMORY_BYTES = 2 << 30
CPU_SECONDS = 60
HEAD_BYTES = 4096
MAX_FIRST_PACKETS = 200
"""Packets that are decoded in search of a first picture."""
# Audio demuxers are listed so that a song is told from a text file; stills and playlists are not.
VIDEO_FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpegtsraw,mpeg,flv,live_flv,asf,ogg,mxf"
)
FORMATS = f"{VIDEO_FORMATS},mp3,wav,flac,aac,ac3,amr,aiff"
TEXT_CODECS = {"ansi"}
MAX_ANSWERED_STREAMS = 1000


def main(path: str) -> None:
    """Print the facts of ``path``, or why there are none."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    try:
        facts = inspect(path)
    except MemoryError:
        fail("too_large", "the header asks for more memory than a probe may use")
    answer({"facts": facts})


def inspect(path: str) -> dict[str, Any]:
    """Everything about the file that planning may ask for."""
    with open(path, "rb") as file:  # noqa: PTH123 - a child of few imports
        head = file.read(HEAD_BYTES)
        size = file.seek(0, 2)
    if size == 0:
        fail("empty_file", "zero bytes")
    family = looks_like(head)
    if family == "mov":
        check_boxes(path, size, head)
    import av  # noqa: PLC0415 - after the limits, and not for files refused above

    av.logging.set_level(av.logging.PANIC)
    options = {"format_whitelist": FORMATS, "protocol_whitelist": "file"}
    try:
        container = av.open(path, options=options, metadata_errors="replace")
    except (av.FFmpegError, OSError, ValueError) as exc:
        code = "damaged_file" if family else "not_a_video"
        fail(code, f"{family or 'unknown'} container: {exc}")
    with container:
        return describe(av, container, family, path, size)


def describe(av: Any, container: Any, family: str, path: str, size: int) -> dict[str, Any]:
    """The facts of an open container."""
    name = container.format.name
    streams = list(container.streams)
    if len(streams) > MAX_ANSWERED_STREAMS:  # the real limit is the parent's
        fail("too_large", f"{len(streams)} streams")
    if not family and not any(part in VIDEO_FORMATS.split(",") for part in name.split(",")):
        has_sound = any(s.type == "audio" and s.codec_context for s in streams)
        fail("no_video_stream" if has_sound else "not_a_video", f"format {name}")
    video, audio = pick_video(av, streams), pick_audio(av, streams)
    if video is None and any(s.type == "video" and s.codec_context is None for s in streams):
        fail("unsupported", "no decoder for the video stream")
    if video is None:
        fail("no_video_stream", f"format {name} without a moving picture")
    # A song opened as a video container that holds a cover ends above; a picture in a shell here.
    packets = packet_table(av, container, video, audio, path=path, size=size)
    frame = first_frame(av, container, video)
    return {
        "container": name,
        "size": size,
        "stream_count": len(streams),
        "claimed": claimed_size(path, size) if family == "mov" else (0, 0),
        "start_s": (container.start_time or 0) / av.time_base,
        "container_duration_s": (container.duration or 0) / av.time_base,
        "video": video_facts(video, frame),
        "audio": None if audio is None else audio_facts(audio),
        **packets,
    }


def pick_video(av: Any, streams: list[Any]) -> Any:
    """The default moving picture, else the largest; covers and thumbnails are no video."""
    still = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails
    found = [
        s
        for s in streams
        if s.type == "video"
        and s.codec_context is not None
        and not s.disposition & still
        and s.codec_context.name not in TEXT_CODECS
    ]
    default = av.stream.Disposition.default
    found.sort(key=lambda s: (not s.disposition & default, -s.width * s.height))
    return found[0] if found else None


def pick_audio(av: Any, streams: list[Any]) -> Any:
    """The default track that can be decoded, else the first that can."""
    found = [
        s
        for s in streams
        if s.type == "audio" and s.codec_context is not None and s.codec_context.sample_rate
    ]
    found.sort(key=lambda s: (not s.disposition & av.stream.Disposition.default, s.index))
    return found[0] if found else None


def ratio(value: Any) -> str | None:
    """A fraction as text, ``None`` for none or an undefined one."""
    return f"{value.numerator}/{value.denominator}" if value else None


def video_facts(stream: Any, frame: dict[str, Any]) -> dict[str, Any]:
    """What the container and the first frame say about the video stream."""
    context = stream.codec_context
    pix = context.format
    names = [] if pix is None else [part.is_alpha for part in pix.components]
    return {
        "index": stream.index,
        "codec": context.name,
        "profile": str(stream.profile or ""),
        "reorder": int(context.reorder_depth),
        "level": int(getattr(context, "level", 0) or 0),
        "width": stream.width,
        "height": stream.height,
        "sar": ratio(stream.sample_aspect_ratio),
        "average_rate": ratio(stream.average_rate),
        "guessed_rate": ratio(stream.guessed_rate),
        "time_base": ratio(stream.time_base),
        "start": stream.start_time,
        "duration": stream.duration,
        "frames": stream.frames,
        "pix_fmt": "" if pix is None else pix.name,
        "bit_depth": max((p.bits for p in pix.components), default=8) if pix else 8,
        "has_alpha": any(names) or stream.metadata.get("alpha_mode") == "1",
        "bit_rate": context.bit_rate or 0,
        "primaries": int(context.color_primaries),
        "transfer": int(context.color_trc),
        "space": int(context.colorspace),
        "range": int(context.color_range),
        **frame,
    }


def audio_facts(stream: Any) -> dict[str, Any]:
    """What the container says about the audio track."""
    context = stream.codec_context
    return {
        "index": stream.index,
        "codec": context.name,
        "profile": str(stream.profile or ""),
        "channels": context.channels,
        "sample_rate": context.sample_rate,
        "bit_rate": context.bit_rate or 0,
        "time_base": ratio(stream.time_base),
        "start": stream.start_time,
        "duration": stream.duration,
    }


def first_frame(av: Any, container: Any, stream: Any) -> dict[str, Any]:
    """Facts that show only on a decoded frame; an empty dict when none decodes."""
    with suppress(av.FFmpegError):
        container.seek(0, backward=True, any_frame=False)
    tried = 0
    try:
        stream.codec_context.thread_count = 1
        for packet in container.demux(stream):
            tried += 1
            try:
                frames = packet.decode()
            except av.InvalidDataError:
                frames = []
            for frame in frames:
                return frame_facts(frame)
            if tried > MAX_FIRST_PACKETS:
                break
    except (av.FFmpegError, ValueError) as exc:
        return {"decoded": False, "decode_error": f"{type(exc).__name__}: {exc}"[:200]}
    return {"decoded": False, "decode_error": "no packet gave a picture"}


def frame_facts(frame: Any) -> dict[str, Any]:
    """Rotation, interlace and colour as the decoder reports them."""
    facts: dict[str, Any] = {
        "decoded": True,
        "rotation": int(frame.rotation or 0),
        "interlaced": bool(frame.interlaced_frame),
        "width": frame.width,
        "height": frame.height,
    }
    for key, value in (
        ("primaries", frame.color_primaries),
        ("transfer", frame.color_trc),
        ("space", frame.colorspace),
        ("range", frame.color_range),
    ):
        facts[key] = int(value)
    if frame.format is not None:
        facts["pix_fmt"] = frame.format.name
        facts["bit_depth"] = max((p.bits for p in frame.format.components), default=8)
        facts["has_alpha"] = any(p.is_alpha for p in frame.format.components)
    return facts


if __name__ == "__main__":
    main(sys.argv[1])
