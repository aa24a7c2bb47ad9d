"""Sound that is handed out in parts is the sound of the whole, byte by byte."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.media.frames import join
from tests.media.jobs import ignore

from carrete.adapters.ffmpeg.transcoder import FfmpegTranscoder
from carrete.domain.artifacts import MadeFile
from carrete.domain.plan import make_plan
from carrete.domain.playlist import Layout

pytestmark = pytest.mark.media

Clip = Callable[[str], Path]


async def test_the_head_and_the_rest_make_the_whole(
    clip: Clip, transcoder: FfmpegTranscoder, tmp_path: Path
) -> None:
    source = clip("cfr24")
    plan = make_plan(await transcoder.probe(source))
    assert plan.audio is not None
    plan = replace(plan, audio=replace(plan.audio, head_s=4.0))
    [head] = await transcoder.encode_head(source, plan, tmp_path)
    [rest] = await transcoder.encode_audio(source, plan, tmp_path, ignore, after_head=True)
    assert (head.chunk, rest.chunk) == (0, 1)
    joined = join([head.path, rest.path], tmp_path / "joined.mp4").read_bytes()
    [whole] = await transcoder.encode_audio(source, plan, tmp_path, ignore)
    assert fragments(joined) == fragments(whole.path.read_bytes())
    assert 3.9 < durations(head) < 4.2


async def test_parts_that_are_handed_out_while_it_grows_make_the_whole(
    ffmpeg: Path, transcoder: FfmpegTranscoder, tmp_path: Path
) -> None:
    source = tmp_path / "long.mp4"
    await make_long(ffmpeg, source)
    plan = make_plan(await transcoder.probe(source))
    assert plan.audio is not None
    assert plan.audio.head_s > 0
    parts: list[MadeFile] = list(await transcoder.encode_head(source, plan, tmp_path))

    async def take(part: MadeFile) -> None:
        parts.append(part)

    last = await transcoder.encode_audio(
        source, plan, tmp_path, ignore, after_head=True, on_part=take
    )
    early = len(parts)
    parts += last
    assert early > 1
    assert [part.chunk for part in parts] == list(range(len(parts)))
    whole = tmp_path / "whole"
    whole.mkdir()
    [piece] = await transcoder.encode_audio(source, plan, whole, ignore)
    joined = join([part.path for part in parts], tmp_path / "joined.mp4").read_bytes()
    assert fragments(joined) == fragments(piece.path.read_bytes())


async def make_long(ffmpeg: Path, out: Path) -> None:
    from tests.media.test_inputs import run  # noqa: PLC0415

    await run(
        ffmpeg,
        "-f",
        "lavfi",
        "-i",
        "color=size=64x64:rate=2:duration=240",
        "-f",
        "lavfi",
        "-i",
        "sine=frequency=440:duration=240",
        "-preset",
        "ultrafast",
        str(out),
    )


def fragments(data: bytes) -> list[bytes]:
    """What each ``mdat`` holds: the packets, whatever file they are in."""
    found, at = [], data.index(b"moof") - 4
    while at + 8 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] == b"mdat":
            found.append(data[at + 8 : at + length])
        at += length
    return found


def durations(made: MadeFile) -> float:
    return sum(one.duration_s for one in Layout.from_json(made.meta).fragments)
