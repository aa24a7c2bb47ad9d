"""What a user would write instead: plain ffmpeg commands for the same outputs, as lists. Pure.

Encoder options come from Carrete's own plan, so that both sides make the same thing: presets, CRF,
caps, GOPs and the scaler's filter are equal, and the sound is copied where Carrete copies it.
"""

from pathlib import Path

from carrete.adapters.ffmpeg.argv import video_encoder
from carrete.domain.ladder import Rendition
from carrete.domain.plan import Plan
from carrete.domain.playlist import Storyboard, plan_storyboard

POSTER_SHARE = 0.1
QUIET = ("-nostdin", "-v", "error", "-nostats", "-y")
HLS = (
    *("-f", "hls", "-hls_time", "6", "-hls_playlist_type", "vod"),
    *("-hls_segment_type", "fmp4", "-hls_flags", "single_file"),
)


def one_for_each_thing(plan: Plan, source: Path, out: Path) -> dict[str, tuple[str, ...]]:
    """A command for each output, by its name, as most systems run them."""
    read = (*QUIET, "-i", str(source))
    commands = {
        one.name: (
            *read,
            *("-vf", _scale(one)),
            *_picture(plan, one),
            *_sound(plan),
            *HLS,
            *("-hls_fmp4_init_filename", f"{one.name}.init.mp4"),
            str(out / f"{one.name}.m3u8"),
        )
        for one in plan.renditions
    }
    commands["processed.mp4"] = (
        *read,
        *("-vf", _scale(plan.top)),
        *_picture(plan, plan.top),
        *_sound(plan),
        *("-movflags", "+faststart"),
        str(out / "processed.mp4"),
    )
    commands["poster"] = (
        *(*QUIET, "-ss", f"{POSTER_SHARE * plan.duration_s:.3f}", "-i", str(source)),
        *("-vf", f"thumbnail=20,{_scale(plan.top)}", "-frames:v", "1", "-q:v", "4"),
        *("-update", "1", str(out / "poster.jpg")),
    )
    commands["storyboard"] = (
        *(*read, "-an", "-vf", _tiles(plan_storyboard(plan)), "-frames:v", "1", "-q:v", "5"),
        *("-update", "1", str(out / "storyboard.jpg")),
    )
    return commands


MEDIACMS_RATES = {1080: 4500, 720: 2500, 480: 1000, 360: 500}
"""kbit/s by height, the cap being 1.5 times that: MediaCMS's table for up to 30 frames a second."""


def as_mediacms(plan: Plan, source: Path, out: Path) -> dict[str, tuple[str, ...]]:
    """What MediaCMS runs (``files/helpers.py``): an MP4 of each size, and HLS copied out of them.

    CRF 23, preset "faster" from 720 lines on and "medium" below; the download is the largest MP4.
    Keyframes lie as Carrete's do. The stills are made as in ``one_for_each_thing``.
    """
    commands: dict[str, tuple[str, ...]] = {}
    for one in plan.renditions:
        side = min(one.width, one.height)
        rate = MEDIACMS_RATES[min(MEDIACMS_RATES, key=lambda known: abs(known - side))]
        made = out / f"{one.name}.mp4"
        cap = f"{round(1.5 * rate)}k"
        commands[f"{one.name}.mp4"] = (
            *(*QUIET, "-i", str(source), "-vf", _scale(one), "-c:v", "libx264", "-crf", "23"),
            *("-maxrate", cap, "-bufsize", cap, "-g", str(plan.gop)),
            *("-keyint_min", str(plan.gop), "-sc_threshold", "0"),
            *("-preset", "faster" if side >= 720 else "medium", "-profile:v", "high"),  # noqa: PLR2004
            *("-c:a", "aac", "-b:a", "128k", "-ac", "2", "-movflags", "+faststart", str(made)),
        )
        commands[f"{one.name}.m3u8"] = (
            *(*QUIET, "-i", str(made), "-c", "copy", *HLS),
            *("-hls_fmp4_init_filename", f"{one.name}.init.mp4", str(out / f"{one.name}.m3u8")),
        )
    stills = one_for_each_thing(plan, source, out)
    return commands | {name: stills[name] for name in ("poster", "storyboard")}


def all_at_once(plan: Plan, source: Path, out: Path) -> tuple[str, ...]:
    """The best single command: one decode, each size scaled from the one above it, nothing twice.

    The downloadable MP4 takes the packets of the top rendition's encoder (``tee``); the storyboard
    is made of the smallest size, the poster of a picture of the largest.
    """
    graph, labels = _graph(plan)
    words = [*QUIET, "-i", str(source), "-filter_complex", graph]
    for number, (one, label) in enumerate(zip(plan.renditions, labels, strict=True)):
        words += ["-map", f"[{label}]", "-map", "0:a", *_picture(plan, one), *_sound(plan)]
        playlist = out / f"{one.name}.m3u8"
        init = f"{one.name}.init.mp4"
        if number == 0:
            hls = (
                "f=hls:hls_time=6:hls_playlist_type=vod:hls_segment_type=fmp4"
                f":hls_flags=single_file:hls_fmp4_init_filename={init}"
            )
            mp4 = f"[f=mp4:movflags=+faststart]{out / 'processed.mp4'}"
            # Global headers: both muxers want them, and tee does not ask for them.
            words += ["-flags", "+global_header", "-f", "tee", f"[{hls}]{playlist}|{mp4}"]
        else:
            words += [*HLS, "-hls_fmp4_init_filename", init, str(playlist)]
    for label, scale, name in (("poster", "4", "poster.jpg"), ("tiles", "5", "storyboard.jpg")):
        words += ["-map", f"[{label}]", "-frames:v", "1", "-q:v", scale, "-update", "1"]
        words.append(str(out / name))
    return tuple(words)


def _graph(plan: Plan) -> tuple[str, list[str]]:
    """The filter graph of ``all_at_once`` and the label of each rendition."""
    at = round(POSTER_SHARE * plan.frame_count)
    parts = [
        f"[0:v]{_scale(plan.top)},split=3[r0][n0][still]",
        f"[still]select='between(n,{at},{at + 19})',thumbnail=20[poster]",
    ]
    last = len(plan.renditions) - 1
    for number, one in enumerate(plan.renditions[1:], start=1):
        below = "small" if number == last else f"n{number}"
        parts.append(f"[n{number - 1}]{_scale(one)},split=2[r{number}][{below}]")
    parts.append(f"[small]{_tiles(plan_storyboard(plan))}[tiles]")
    return ";".join(parts), [f"r{number}" for number in range(last + 1)]


def _scale(one: Rendition) -> str:
    return f"scale={one.width}:{one.height}:flags=bicubic,format=yuv420p"


def _tiles(board: Storyboard) -> str:
    rows = -(-board.count // board.columns)
    small = f"scale={board.width}:{board.height}"
    return f"fps=1/{float(board.interval_s):g},{small},tile={board.columns}x{rows}"


def _picture(plan: Plan, one: Rendition) -> tuple[str, ...]:
    # 0 threads: as many as ffmpeg likes.
    return video_encoder(plan, one, 0)


def _sound(plan: Plan) -> tuple[str, ...]:
    if plan.audio is None:
        return ()
    if plan.audio.copy:
        return ("-c:a", "copy")
    return ("-c:a", "aac", "-b:a", str(plan.audio.bit_rate))
