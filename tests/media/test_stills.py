"""Poster and storyboard show what they should."""

from collections.abc import Callable
from pathlib import Path

import av
import pytest
from tests.media.frames import number_of
from tests.media.jobs import process
from tests.media.test_inputs import run

from carrete.adapters.ffmpeg.transcoder import FfmpegTranscoder
from carrete.domain.playlist import Storyboard, plan_storyboard, storyboard_vtt

pytestmark = pytest.mark.media

Clip = Callable[[str], Path]


@pytest.mark.parametrize(("name", "copy"), [("cfr30_long", False), ("cfr24", True)])
async def test_the_storyboard_shows_the_start_of_each_interval(
    name: str, *, copy: bool, clip: Clip, transcoder: FfmpegTranscoder, tmp_path: Path
) -> None:
    result = await process(transcoder, clip(name), tmp_path, allow_copy=copy)
    plan = result.plan
    assert plan.top.copy is copy
    board = Storyboard.from_json(result.sheet.meta)
    assert board == plan_storyboard(plan)
    picture = still(result.sheet.path)
    assert picture.width == min(board.columns, board.count) * board.width
    tiles = [number_of(crop(picture, n, board)) for n in range(board.count)]
    assert tiles == [n * plan.gop for n in range(board.count)]
    assert storyboard_vtt(board, plan.duration_s, "sheet.jpg").count("-->") == board.count
    assert (still(result.poster).width, still(result.poster).height) == (160, 90)


async def test_a_video_that_fades_in_from_black_has_a_poster_that_is_not_black(
    ffmpeg: Path, transcoder: FfmpegTranscoder, tmp_path: Path
) -> None:
    source = tmp_path / "fade.mp4"
    picture = "testsrc2=size=320x180:rate=25:duration=10,drawbox=c=black:t=fill:enable='lt(t,5)'"
    await run(ffmpeg, "-f", "lavfi", "-i", picture, "-g", "50", str(source))
    result = await process(transcoder, source, tmp_path)
    plane = still(result.poster).planes[0]
    assert sum(bytes(plane)) / plane.buffer_size > 40


async def test_an_all_black_video_has_a_poster_too(
    ffmpeg: Path, transcoder: FfmpegTranscoder, tmp_path: Path
) -> None:
    source = tmp_path / "black.mp4"
    await run(
        ffmpeg, "-f", "lavfi", "-i", "color=black:size=320x180:rate=25:duration=3", str(source)
    )
    result = await process(transcoder, source, tmp_path)
    assert still(result.poster).width == 320
    assert result.sheet.name == "storyboard.jpg"


def still(path: Path) -> av.VideoFrame:
    with av.open(str(path)) as box:
        return next(box.decode(video=0))


def crop(picture: av.VideoFrame, place: int, board: Storyboard) -> av.VideoFrame:
    left, top = place % board.columns * board.width, place // board.columns * board.height
    part = av.VideoFrame(board.width, board.height, "gray")
    source, target = picture.planes[0], part.planes[0]
    data, out = bytes(source), bytearray(target.buffer_size)
    for y in range(board.height):
        at = (top + y) * source.line_size + left
        out[y * target.line_size : y * target.line_size + board.width] = data[at : at + board.width]
    target.update(bytes(out))
    return part
