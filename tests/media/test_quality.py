"""The sampled VMAF compares each frame with the one that it was made from."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.media.jobs import ignore
from tests.media.test_inputs import run

from carrete.adapters.ffmpeg import grants, quality
from carrete.adapters.ffmpeg.filters import escape
from carrete.adapters.ffmpeg.quality import Seen, check_seen
from carrete.adapters.ffmpeg.run import Runner
from carrete.adapters.ffmpeg.sandbox import find_jail
from carrete.adapters.ffmpeg.sound import read
from carrete.adapters.ffmpeg.transcoder import FfmpegTranscoder
from carrete.domain.media import Limits, VerificationError, mean_vmaf
from carrete.domain.plan import make_plan

pytestmark = pytest.mark.media

Clip = Callable[[str], Path]


@pytest.mark.parametrize("name", ["cfr24", "cfr25_open", "vfr", "ts_mpeg2", "offset"])
async def test_frames_are_compared_with_their_own_source(
    name: str,
    clip: Clip,
    transcoder: FfmpegTranscoder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(quality, "MIN_STEP", 1)
    source = clip(name)
    plan = make_plan(await transcoder.probe(source))
    assert len(plan.chunks) > 1
    sampled = []
    for chunk in plan.chunks:
        [made] = await transcoder.encode_chunk(source, plan, chunk, tmp_path, ignore)
        sampled.append(made.meta["vmaf"])
    # Numbered frames differ wholly from one another: a wrong pair scores below fifty.
    assert all(isinstance(one, float) and one > 90 for one in sampled), sampled


@pytest.mark.parametrize("name", ["plain", "hdr10", "tff", "portrait"])
@pytest.mark.parametrize(("fault", "said"), [("black", "is black"), ("frozen", "stands still")])
async def test_a_black_or_frozen_result_of_a_moving_source_is_refused(
    name: str,
    fault: str,
    said: str,
    *,
    clip: Clip,
    ffmpeg: Path,
    transcoder: FfmpegTranscoder,
    tmp_path: Path,
) -> None:
    source = clip(name)
    plan = make_plan(await transcoder.probe(source))
    [chunk] = plan.chunks
    names = [plan.top.name]
    [good] = await transcoder.encode_chunk(source, plan, chunk, tmp_path, ignore, only=names)
    broken = tmp_path / "broken.mp4"
    change = {"black": "drawbox=color=black:t=fill", "frozen": "loop=loop=-1:size=1:start=0"}
    frames = ("-frames:v", str(chunk.frame_count), "-bf", "0", "-g", str(plan.gop))
    cut = ("-sc_threshold", "0", "-movflags", "+frag_keyframe+empty_moov+default_base_moof")
    await run(ffmpeg, "-i", str(good.path), "-vf", change[fault], *frames, *cut, str(broken))

    async def check(made: Path) -> float | None:
        grant = grants.encode(ffmpeg, source, plan, chunk, tmp_path)
        work = quality.Measuring(ffmpeg, source, plan, chunk, grant, 1, Limits())
        runner = Runner(await find_jail(), stall_seconds=30)
        return await quality.measure(runner, work, made, await read(made))

    assert await check(good.path) is not None
    with pytest.raises(VerificationError, match=said):
        await check(broken)


async def test_black_and_still_sources_may_give_black_and_still_results() -> None:
    black, dim, still = Seen(16, 0), Seen(40, 0), Seen(200, 0.1)
    for same in (black, dim, still):
        check_seen(same, same, 0)
    check_seen(still, Seen(200, 0.0), 0)
    check_seen(None, black, 0)


async def test_a_few_chunks_of_a_long_video_are_measured(
    clip: Clip, transcoder: FfmpegTranscoder
) -> None:
    plan = make_plan(await transcoder.probe(clip("cfr24")))
    for count, most in ((1, 1), (6, 2), (360, 12)):
        chunks = tuple(replace(plan.chunks[0], index=n) for n in range(count))
        long = replace(plan, chunks=chunks)
        measured = [one.index for one in chunks if quality.is_sampled(long, one)]
        assert 1 <= len(measured) <= most
        assert measured[0] == 0


async def test_bursts_move_through_the_chunks_and_a_short_video_has_three(
    clip: Clip, transcoder: FfmpegTranscoder
) -> None:
    plan = make_plan(await transcoder.probe(clip("cfr24")))
    ten_s = replace(plan.chunks[0], frame_count=5 * plan.gop)
    assert quality.sampled_gops(replace(plan, chunks=(ten_s,)), ten_s) == (0, 2, 4)
    one_s = replace(ten_s, frame_count=plan.gop // 2)
    assert quality.sampled_gops(replace(plan, chunks=(one_s,)), one_s) == (0,)
    chunks = tuple(replace(ten_s, index=n) for n in range(48))
    long = replace(plan, chunks=chunks)
    gops = [quality.sampled_gops(long, one) for one in chunks[::4]]
    assert {gop for [gop] in gops} == set(range(5))


def test_the_mean_leaves_out_what_was_not_measured() -> None:
    assert mean_vmaf([90.0, None, 92.0]) == 91.0
    assert mean_vmaf([None]) is None


def test_a_path_of_any_name_is_one_filter_value() -> None:
    assert escape("/tmp/a") == "/tmp/a"
    assert escape("a:b") == "a\\\\:b"
    assert escape("a,b") == "a\\,b"
