"""Sound that is handed out in parts is the sound of the whole, byte by byte."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.media.frames import join
from tests.media.jobs import ignore

from carrete.adapters.ffmpeg.transcoder import FfmpegTranscoder
from carrete.domain.artifacts import MadeFile
from carrete.domain.chunks import total
from carrete.domain.plan import make_plan
from carrete.domain.playlist import Layout
from carrete.domain.sound import sound_ranges

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


async def test_encoded_sound_needs_no_byte_outside_its_ranges(
    clip: Clip, transcoder: FfmpegTranscoder, tmp_path: Path
) -> None:
    source = clip("copyable")
    info = await transcoder.probe(source)
    plan = make_plan(info)
    assert plan.audio is not None
    assert plan.audio.ranged
    assert plan.audio.apart
    ranges = sound_ranges(replace(info, size=0))  # nothing is read for nothing
    assert 0 < total(ranges) < 0.9 * info.size
    data, part = source.read_bytes(), tmp_path / "part.mp4"
    with part.open("wb") as file:
        file.truncate(len(data))
        for start, end in ranges:
            file.seek(start)
            file.write(data[start:end])
    sounds = []
    for name, original in (("whole", source), ("part", part)):
        folder = tmp_path / name
        folder.mkdir()
        [made] = await transcoder.encode_audio(original, plan, folder, ignore)
        sounds.append(fragments(made.path.read_bytes()))
    assert sounds[0] == sounds[1]


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
