"""Files broken at random, from fixed seeds: each ends as a video or with a reason for its owner."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.media.jobs import process

from carrete.adapters.ffmpeg.transcoder import FfmpegTranscoder
from carrete.domain.failures import FailureCode, InvalidInputError
from carrete.domain.media import VerificationError

pytestmark = pytest.mark.media

Clip = Callable[[str], Path]
CLIPS = (
    "plain",
    "ten_bit",
    "vp8",
    "wrap",
    "mjpeg",
    "flv",
    "wmv",
    "mpeg4_ps",
    "tagged",
    "fragmented",
)
ROUNDS = 6


def mutate(data: bytes, chance: random.Random) -> bytes:
    """One to three random injuries: flipped bytes, zeros, a cut, a removed or a repeated part."""
    out = bytearray(data)
    for _ in range(chance.randint(1, 3)):
        start = (
            chance.randrange(len(out))
            if chance.random() < 0.6
            else chance.randrange(min(4096, len(out)))
        )
        length = chance.choice((1, 4, 64, 1024, len(out) // 8))
        match chance.randrange(5):
            case 0:
                for at in range(start, min(start + length, len(out)), chance.choice((1, 7, 31))):
                    out[at] = chance.randrange(256)
            case 1:
                out[start : start + length] = bytes(len(out[start : start + length]))
            case 2:
                del out[max(start, 64) :]
            case 3:
                del out[start : start + length]
            case _:
                out[start:start] = out[start : start + length]
        if len(out) < 64:
            break
    return bytes(out)


@pytest.mark.parametrize("name", CLIPS)
async def test_no_injury_ends_in_anything_but_a_video_or_a_reason(
    name: str, clip: Clip, transcoder: FfmpegTranscoder, tmp_path: Path
) -> None:
    original = clip(name)
    for seed in range(ROUNDS):
        source = tmp_path / f"{seed}{original.suffix}"
        source.write_bytes(mutate(original.read_bytes(), random.Random(f"{name}{seed}")))
        out = tmp_path / f"out{seed}"
        out.mkdir()
        try:
            result = await process(transcoder, source, out)
        except InvalidInputError as exc:
            assert exc.code in FailureCode  # noqa: PT017 - either end is right
        except VerificationError as exc:
            pytest.fail(f"seed {seed} was encoded and is wrong: {exc}")
        else:
            assert result.verification.frames == result.plan.frame_count
