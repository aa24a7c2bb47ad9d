"""Chunks show exactly the frames that one piece would show, whatever the source is."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.media.frames import join, numbers_in, runs, times_in

from carrete.adapters.ffmpeg.transcoder import FfmpegTranscoder
from carrete.domain.chunks import Chunk, seek_target, split, total, with_ranges
from carrete.domain.media import Access, SourceInfo
from carrete.domain.plan import Plan, make_plan, make_timeline

pytestmark = pytest.mark.media

CONSTANT = (
    "cfr24",
    "cfr25_open",
    "cfr30_long",
    "cfr50_hevc",
    "cfr60_mkv",
    "vp9_webm",
    "ts_h264",
    "ts_mpeg2",
    "offset",
    "fragmented",
    "all_intra",
)
VARIABLE = ("vfr", "vfr_mkv", "cfr120", "avi_mpeg4")

Clip = Callable[[str], Path]


def in_chunks(plan: Plan, seconds: int = 2) -> Plan:
    """The same plan cut at every GOP or so, so that short clips have many joins."""
    step = plan.gop * max(1, round(seconds * plan.frame_rate / plan.gop))
    starts = list(range(0, plan.frame_count, step))
    timeline = make_timeline(plan.source)
    return replace(
        plan,
        chunks=tuple(
            Chunk(
                n,
                a,
                b - a,
                float(a / plan.frame_rate),
                float((b - a) / plan.frame_rate),
                seek_target(plan.source.video, timeline, a),
            )
            for n, (a, b) in enumerate(zip(starts, [*starts[1:], plan.frame_count], strict=True))
        ),
    )


async def encode(
    transcoder: FfmpegTranscoder, source: Path, plan: Plan, out: Path
) -> list[list[Path]]:
    """Every chunk in every rendition: one list of chunk files a rendition."""
    files: list[list[Path]] = [[] for _ in plan.renditions]
    for chunk in plan.chunks:
        folder = out / f"{len(plan.chunks)}-{chunk.index}"
        folder.mkdir()
        made = await transcoder.encode_chunk(source, plan, chunk, folder, lambda _: None)
        for place, file in enumerate(made):
            files[place].append(file.path)
    return files


async def probe(transcoder: FfmpegTranscoder, source: Path) -> tuple[SourceInfo, Plan]:
    info = await transcoder.probe(source)
    plan = make_plan(info)
    return info, replace(plan, chunks=split(replace(make_timeline(info), shown=0), info.video))


@pytest.mark.parametrize("name", CONSTANT)
async def test_every_source_frame_appears_once_and_in_order_over_all_chunks(
    name: str, clip: Clip, transcoder: FfmpegTranscoder, tmp_path: Path
) -> None:
    source = clip(name)
    _, plan = await probe(transcoder, source)
    [files] = await encode(transcoder, source, in_chunks(plan), tmp_path)
    joined = join(files, tmp_path / "joined.mp4")
    numbers = numbers_in(joined)
    assert numbers == list(range(len(numbers))), runs(numbers)
    assert len(numbers) == len(numbers_in(source))
    step = 1 / plan.frame_rate
    assert times_in(joined) == pytest.approx([n * step for n in range(len(numbers))], abs=1e-6)


@pytest.mark.parametrize("name", VARIABLE)
async def test_chunks_of_any_rate_equal_one_piece(
    name: str, clip: Clip, transcoder: FfmpegTranscoder, tmp_path: Path
) -> None:
    source = clip(name)
    info, plan = await probe(transcoder, source)
    [[whole]] = await encode(transcoder, source, plan, tmp_path)
    [files] = await encode(transcoder, source, in_chunks(plan), tmp_path)
    assert len(files) > 3
    joined = join(files, tmp_path / "joined.mp4")
    assert numbers_in(joined) == numbers_in(whole)
    assert times_in(joined) == pytest.approx(times_in(whole), abs=1e-6)
    assert info.access in Access


@pytest.mark.parametrize("name", ["vfr", "vfr_mkv"])
async def test_a_variable_rate_shows_each_frame_at_its_own_time(
    name: str, clip: Clip, transcoder: FfmpegTranscoder, tmp_path: Path
) -> None:
    source = clip(name)
    _, plan = await probe(transcoder, source)
    [[whole]] = await encode(transcoder, source, plan, tmp_path)
    shown = dict(zip(numbers_in(source), times_in(source), strict=True))
    for number, at in zip(numbers_in(whole), times_in(whole), strict=True):
        assert shown[number] <= at + 0.51 / float(plan.frame_rate)


async def test_init_segments_of_all_chunks_are_the_same(
    clip: Clip, transcoder: FfmpegTranscoder, tmp_path: Path
) -> None:
    source = clip("cfr24")
    _, plan = await probe(transcoder, source)
    [files] = await encode(transcoder, source, in_chunks(plan), tmp_path)
    inits = {file.read_bytes().split(b"moof")[0][:-4] for file in files}
    assert len(inits) == 1


@pytest.mark.parametrize(
    "name", ["cfr24", "cfr25_open", "cfr30_long", "cfr50_hevc", "vfr", "all_intra"]
)
async def test_a_chunk_needs_no_byte_outside_its_ranges(
    name: str, clip: Clip, transcoder: FfmpegTranscoder, tmp_path: Path
) -> None:
    source = clip(name)
    info, plan = await probe(transcoder, source)
    [[whole]] = await encode(transcoder, source, plan, tmp_path)
    plan = in_chunks(plan)
    assert info.index is not None
    chunks = with_ranges(plan.chunks, make_timeline(info), info.video, info.index, 0)
    data = source.read_bytes()
    files = []
    for chunk in chunks:
        assert 0 < total(chunk.source_ranges) < len(data)
        sparse = tmp_path / f"sparse{chunk.index}{source.suffix}"
        with sparse.open("wb") as file:
            file.truncate(len(data))
            for start, end in chunk.source_ranges:
                file.seek(start)
                file.write(data[start:end])
        folder = tmp_path / str(chunk.index)
        folder.mkdir()
        [made] = await transcoder.encode_chunk(sparse, plan, chunk, folder, lambda _: None)
        files.append(made.path)
    assert numbers_in(join(files, tmp_path / "joined.mp4")) == numbers_in(whole)
