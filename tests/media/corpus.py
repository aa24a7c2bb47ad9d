"""The media corpus: small files that ffmpeg makes, with what must become of each.

Run ``python -m tests.media.corpus DIR FFMPEG`` to make all of them at once; the tests make each when
they need it and keep it in pytest's cache.
"""

import hashlib
import subprocess
import sys
from pathlib import Path

from tests.media.frames import NUMBERED

SOUND = "sine=frequency=440:sample_rate=48000:duration={seconds}"
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "18", "-pix_fmt", "yuv420p")


def numbered(
    rate: str, seconds: float, *codec: str, name: str, extra: str = "", sound: bool = True
) -> tuple[str, ...]:
    """Arguments for a clip of numbered frames, ``name`` last."""
    picture = NUMBERED.format(rate=rate, seconds=seconds) + extra
    audio = ("-f", "lavfi", "-i", SOUND.format(seconds=seconds)) if sound else ()
    return ("-f", "lavfi", "-i", picture, *audio, *codec, name)


_DROPS = ",select='not(eq(mod(n\\,7)\\,3)+eq(mod(n\\,11)\\,5)+between(mod(n\\,120)\\,60\\,80))'"

CLIPS: dict[str, tuple[str, ...]] = {
    # ── constant and variable rates, GOPs and containers: frame-exact chunks ──
    "cfr24": numbered("24000/1001", 13, *X264, "-bf", "3", "-g", "48", name="cfr24.mp4"),
    "cfr25_open": numbered("25", 13, "-c:v", "libx264", "-preset", "veryfast", "-x264-params",
                           "open-gop=1:keyint=50:bframes=3", name="cfr25_open.mp4"),
    "cfr30_long": numbered("30000/1001", 13, *X264, "-bf", "2", "-g", "250", name="cfr30_long.mp4"),
    "cfr50_hevc": numbered("50", 13, "-c:v", "libx265", "-preset", "ultrafast", "-x265-params",
                           "log-level=error:keyint=100", "-tag:v", "hvc1", name="cfr50_hevc.mp4"),
    "cfr60_mkv": numbered("60", 13, *X264, "-bf", "3", "-g", "120", name="cfr60_mkv.mkv"),
    "cfr120": numbered("120", 13, *X264, "-g", "120", name="cfr120.mp4", sound=False),
    "vp9_webm": numbered("30", 13, "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8",
                         "-b:v", "300k", "-g", "75", "-c:a", "libopus", name="vp9_webm.webm"),
    "ts_h264": numbered("25", 13, *X264, "-bf", "2", "-g", "50", "-f", "mpegts", name="ts_h264.ts"),
    "ts_mpeg2": numbered("30000/1001", 13, "-c:v", "mpeg2video", "-q:v", "3", "-bf", "2", "-g", "15",
                         "-c:a", "mp2", "-f", "mpegts", name="ts_mpeg2.m2ts"),
    "avi_mpeg4": numbered("25", 13, "-c:v", "mpeg4", "-q:v", "3", "-bf", "2", "-g", "50",
                          "-c:a", "libmp3lame", name="avi_mpeg4.avi"),
    "offset": numbered("25", 13, *X264, "-bf", "2", "-g", "50", "-output_ts_offset", "1.021",
                       "-c:a", "aac", name="offset.mkv"),
    "vfr": numbered("30", 13, *X264, "-bf", "2", "-g", "60", "-fps_mode", "vfr", name="vfr.mp4",
                    extra=_DROPS),
    "vfr_mkv": numbered("60", 13, *X264, "-bf", "2", "-g", "60", "-fps_mode", "vfr",
                        name="vfr_mkv.mkv", extra=_DROPS),
    "fragmented": numbered("25", 13, *X264, "-bf", "2", "-g", "50", "-movflags",
                           "frag_keyframe+empty_moov", name="fragmented.mp4"),
    "all_intra": numbered("25", 13, "-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p",
                          name="all_intra.mov"),
}  # fmt: skip


def fingerprint() -> str:
    """Changes when any recipe changes, so that no test meets an old clip."""
    return hashlib.sha256(repr(sorted(CLIPS.items())).encode()).hexdigest()[:12]


def make(name: str, folder: Path, ffmpeg: Path) -> Path:
    """The clip of that name, made when it is not there yet."""
    arguments = CLIPS[name]
    path = folder / arguments[-1]
    if not path.exists():
        part = folder / f".part-{arguments[-1]}"
        subprocess.run(
            (str(ffmpeg), "-nostdin", "-v", "error", "-y", *arguments[:-1], str(part)), check=True
        )
        part.rename(path)
    return path


if __name__ == "__main__":
    for clip in CLIPS:
        make(clip, Path(sys.argv[1]), Path(sys.argv[2]))
