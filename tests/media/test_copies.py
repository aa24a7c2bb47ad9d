"""What is copied is copied whole: chunk by chunk, from the bytes that each chunk fetched."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import av
import pytest
from tests.media.frames import join, numbers_in, runs, times_in
from tests.media.jobs import ignore
from tests.media.test_inputs import run

from carrete.adapters.ffmpeg.fragments import cut
from carrete.adapters.ffmpeg.sandbox import OPEN_FILES
from carrete.adapters.ffmpeg.transcoder import FfmpegTranscoder
from carrete.domain import plan as planning
from carrete.domain.artifacts import MadeFile
from carrete.domain.chunks import Chunk, total
from carrete.domain.failures import ShortcutFailedError
from carrete.domain.ladder import Profile
from carrete.domain.media import VerificationError
from carrete.domain.plan import Plan, make_plan
from carrete.domain.playlist import Layout, Piece, media_playlist

pytestmark = pytest.mark.media

Clip = Callable[[str], Path]
BOTH = Profile.H264_AV1
"""Something is left to be encoded, or all would be copied in one chunk."""


@pytest.fixture(autouse=True)
def read_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The corpus is small: let its files be fetched in parts nevertheless."""
    monkeypatch.setattr(planning, "MIN_RANGED_BYTES", 0)


async def kept(
    transcoder: FfmpegTranscoder, source: Path, plan: Plan, out: Path
) -> tuple[list[MadeFile], list[MadeFile]]:
    """The copied pictures and sound of every chunk, each from its own bytes of the source only."""
    pictures: list[MadeFile] = []
    sound: list[MadeFile] = []
    for chunk in plan.chunks:
        folder = out / str(chunk.index)
        folder.mkdir()
        part = holed(source, chunk, folder)
        names = [plan.top.name]
        pictures += await transcoder.encode_chunk(part, plan, chunk, folder, ignore, only=names)
        sound += await transcoder.copy_sound(part, plan, chunk, folder)
    return pictures, sound


def holed(source: Path, chunk: Chunk, folder: Path) -> Path:
    """``source`` with nothing but the bytes of a chunk."""
    data = source.read_bytes()
    part = folder / f"part{source.suffix}"
    with part.open("wb") as file:
        file.truncate(len(data))
        for start, end in chunk.source_ranges:
            file.seek(start)
            file.write(data[start:end])
    return part


def packets(path: Path, kind: str) -> list[bytes]:
    with av.open(str(path)) as box:
        stream = next(one for one in box.streams if one.type == kind)
        return [bytes(packet) for packet in box.demux(stream) if packet.size]


@pytest.mark.parametrize("offset", [0, 5])
async def test_the_chunks_of_a_copy_are_the_packets_of_the_source(
    offset: int, clip: Clip, ffmpeg: Path, transcoder: FfmpegTranscoder, tmp_path: Path
) -> None:
    source = clip("copyable")
    if offset:
        late = tmp_path / "late.mp4"
        moved = ("-c", "copy", "-output_ts_offset", str(offset))
        await run(ffmpeg, "-i", str(source), *moved, str(late))
        source = late
    info = await transcoder.probe(source)
    plan = make_plan(info, BOTH, allow_copy=True)
    assert plan.top.copy
    assert plan.audio is not None
    assert plan.audio.copy
    assert len(plan.chunks) > 3
    assert all(0 < total(chunk.source_ranges) < info.size for chunk in plan.chunks)
    pictures, sound = await kept(transcoder, source, plan, tmp_path)
    joined = join([one.path for one in pictures], tmp_path / "pictures.mp4")
    assert packets(joined, "video") == packets(source, "video")
    numbers = numbers_in(joined)
    assert numbers == list(range(plan.frame_count)), runs(numbers)
    step = 1 / plan.frame_rate
    assert times_in(joined) == pytest.approx([n * step for n in range(len(numbers))], abs=1e-4)
    heard = packets(join([one.path for one in sound], tmp_path / "sound.mp4"), "audio")
    # The encoder's priming, the first packet, is left out.
    assert heard == packets(source, "audio")[1:]
    files = ([one.path for one in pictures], [one.path for one in sound])
    [made] = await transcoder.assemble(plan, *files, tmp_path, ignore)
    await transcoder.verify(plan, made.path)


async def test_a_lean_source_of_long_gops_is_kept_and_its_list_only_grows(
    clip: Clip, transcoder: FfmpegTranscoder, tmp_path: Path
) -> None:
    source = clip("lean")
    info = await transcoder.probe(source)
    assert info.video.max_keyframe_gap_s > 10
    plan = make_plan(info, BOTH, allow_copy=True)
    assert plan.top.copy
    assert len(plan.chunks) > 2
    pictures, _ = await kept(transcoder, source, plan, tmp_path)
    joined = join([one.path for one in pictures], tmp_path / "pictures.mp4")
    assert packets(joined, "video") == packets(source, "video")
    pieces = [Piece(one.name, Layout.from_json(one.meta)) for one in pictures]
    targets = {
        next(line for line in text.splitlines() if "TARGETDURATION" in line)
        for n in range(1, len(pieces) + 1)
        for text in [media_playlist(pieces[:n], str, complete=n == len(pieces))]
    }
    assert targets == {"#EXT-X-TARGETDURATION:12"}


async def test_the_hundreds_of_chunks_of_a_long_video_are_joined(
    clip: Clip, transcoder: FfmpegTranscoder, tmp_path: Path
) -> None:
    source = clip("copyable")
    plan = replace(make_plan(await transcoder.probe(source)), gop=2, audio=None)
    whole = replace(plan.chunks[0], frame_count=plan.frame_count)
    plan = replace(plan, chunks=(whole,), renditions=(plan.top,))
    [made] = await transcoder.encode_chunk(source, plan, whole, tmp_path, ignore)
    layout = Layout.from_json(made.meta)
    count = len(layout.fragments)
    assert count > 2 * OPEN_FILES - 64  # more than a child may have open by default
    parts = [tmp_path / f"{n}.mp4" for n in range(count)]
    for place, part in enumerate(parts):
        cut(made.path, layout, place, place + 1, part)
    [joined] = await transcoder.assemble(plan, parts, None, tmp_path, ignore)
    assert numbers_in(joined.path) == list(range(plan.frame_count))


async def test_a_lost_chunk_of_copied_sound_is_noticed(
    clip: Clip, transcoder: FfmpegTranscoder, tmp_path: Path
) -> None:
    source = clip("copyable")
    plan = make_plan(await transcoder.probe(source), BOTH, allow_copy=True)
    pictures, sound = await kept(transcoder, source, plan, tmp_path)
    files = ([one.path for one in pictures], [sound[0].path, *(one.path for one in sound[2:])])
    [made] = await transcoder.assemble(plan, *files, tmp_path, ignore)
    with pytest.raises(VerificationError, match="sound has a gap"):
        await transcoder.verify(plan, made.path)


async def test_parts_that_begin_differently_are_no_track(
    clip: Clip, transcoder: FfmpegTranscoder, tmp_path: Path
) -> None:
    source = clip("copyable")
    info = await transcoder.probe(source)
    plan, encoded = make_plan(info, BOTH, allow_copy=True), make_plan(info, BOTH)
    pictures, _ = await kept(transcoder, source, plan, tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    names = [encoded.top.name]
    [made] = await transcoder.encode_chunk(
        source, encoded, encoded.chunks[1], other, ignore, only=names
    )
    files = [pictures[0].path, made.path, *(one.path for one in pictures[2:])]
    with pytest.raises(VerificationError, match="begin alike"):
        await transcoder.assemble(plan, files, [], tmp_path, ignore)


async def test_packets_that_are_not_there_are_a_failed_shortcut(
    clip: Clip, transcoder: FfmpegTranscoder, tmp_path: Path
) -> None:
    source = clip("copyable")
    plan = make_plan(await transcoder.probe(source), BOTH, allow_copy=True)
    nowhere = replace(plan.chunks[1], keep_from_s=500.0, keep_until_s=501.0)
    names = [plan.top.name]
    with pytest.raises(ShortcutFailedError):
        await transcoder.encode_chunk(source, plan, nowhere, tmp_path, ignore, only=names)
