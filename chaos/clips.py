"""The files that users upload: real video that is quick to make and to process, and none twice."""

import hashlib
import random
import subprocess
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg

RATE = 24


@dataclass(frozen=True, slots=True)
class Kind:
    """A sort of file. ``seconds`` is 0 for one that is no video."""

    name: str
    seconds: int
    height: int = 180

    @property
    def frames(self) -> int:
        """Frames of its picture."""
        return self.seconds * RATE


SMALL = Kind("small", 2)
LONG = Kind("long", 26, 270)
"""Four chunks."""
JUNK = Kind("junk", 0)


@dataclass(frozen=True, slots=True)
class Clip:
    """A file with what must come back of it."""

    path: Path
    kind: Kind
    sha256: str


def make_base(kind: Kind, folder: Path) -> Path:
    """The picture and sound that files of a kind share. Blocking."""
    path = folder / f"{kind.name}.mp4"
    if path.exists():
        return path
    width = kind.height * 16 // 9
    picture = f"testsrc2=size={width}x{kind.height}:rate={RATE}:duration={kind.seconds}"
    sound = f"sine=frequency=440:sample_rate=48000:duration={kind.seconds}"
    argv = [str(imageio_ffmpeg.get_ffmpeg_exe()), "-nostdin", "-v", "error", "-y"]
    argv += ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound]
    argv += ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "48"]
    # A bit rate that no ladder keeps: everything has to be encoded, in chunks.
    argv += ["-b:v", "3M", "-c:a", "aac", "-movflags", "+faststart", str(path)]
    subprocess.run(argv, check=True)
    return path


def make_clip(kind: Kind, folder: Path, name: str, chance: random.Random) -> Clip:
    """A file of a kind that no other file equals. Blocking."""
    own = chance.randbytes(1024)
    if kind.seconds:
        # A box that players skip (ISO/IEC 14496-12, 8.1.2).
        box = (len(own) + 8).to_bytes(4, "big") + b"free" + own
        data = make_base(kind, folder).read_bytes() + box
    else:
        data = b"<html>not a video</html>" + own.hex().encode()
    path = folder / f"{name}.mp4"
    path.write_bytes(data)
    return Clip(path, kind, hashlib.sha256(data).hexdigest())
