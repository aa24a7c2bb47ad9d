"""FFmpeg, the corpus and a transcoder for the tests of real files."""

from collections.abc import Callable
from pathlib import Path

import imageio_ffmpeg
import pytest
from tests.media import corpus

from carrete.adapters.ffmpeg.transcoder import FfmpegTranscoder


@pytest.fixture(scope="session")
def ffmpeg() -> Path:
    return Path(imageio_ffmpeg.get_ffmpeg_exe())


@pytest.fixture(scope="session")
def clip(request: pytest.FixtureRequest, ffmpeg: Path) -> Callable[[str], Path]:
    """Gives a clip of the corpus by name; clips are kept from run to run in pytest's cache."""
    folder = request.config.cache.mkdir(f"media-corpus-{corpus.fingerprint()}")
    return lambda name: corpus.make(name, folder, ffmpeg)


@pytest.fixture(scope="session")
def transcoder(ffmpeg: Path) -> FfmpegTranscoder:
    return FfmpegTranscoder(ffmpeg, threads=1)
