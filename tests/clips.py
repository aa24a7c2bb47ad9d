"""Clips that tests make with the bundled ffmpeg."""

import subprocess
from pathlib import Path

import imageio_ffmpeg


def make_clip(path: Path, seconds: int, rate: int = 30) -> Path:
    """A 720p picture in which everything moves, with a tone; returns ``path``."""
    sources = [
        f"testsrc2=size=1280x720:rate={rate}:duration={seconds}",
        f"sine=frequency=440:sample_rate=48000:duration={seconds}",
    ]
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y"]
    for source in sources:
        argv += ["-f", "lavfi", "-i", source]
    argv += ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    subprocess.run([*argv, str(path)], check=True, capture_output=True)
    return path
