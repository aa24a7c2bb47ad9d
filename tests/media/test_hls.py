"""The playlists of real chunks, read by FFmpeg's own HLS client."""

import asyncio
import json
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import av
import pytest
from tests.media.frames import number_of
from tests.media.jobs import ignore, make_sound

from carrete.adapters.ffmpeg.transcoder import FfmpegTranscoder
from carrete.domain.artifacts import MadeFile
from carrete.domain.chunks import split
from carrete.domain.ladder import Profile
from carrete.domain.plan import Plan, make_plan, make_timeline
from carrete.domain.playlist import (
    AUDIO,
    Layout,
    Piece,
    master_playlist,
    media_playlist,
)

pytestmark = pytest.mark.media

Clip = Callable[[str], Path]


def piece(made: MadeFile) -> Piece:
    return Piece(str(made.path), Layout.from_json(json.loads(json.dumps(made.meta))))


async def stream(
    transcoder: FfmpegTranscoder, source: Path, plan: Plan, out: Path
) -> tuple[dict[str, list[Piece]], list[Piece]]:
    """Every track of a plan, as pieces."""
    video: dict[str, list[Piece]] = {one.name: [] for one in plan.renditions}
    for chunk in plan.chunks:
        for made in await transcoder.encode_chunk(source, plan, chunk, out, ignore):
            video[str(made.rendition)].append(piece(made))
    return video, [piece(made) for made in await make_sound(transcoder, source, plan, out)]


def write(
    plan: Plan, video: dict[str, list[Piece]], sound: Sequence[Piece], out: Path, *, complete: bool
) -> Path:
    """All playlists; returns the master's path."""
    for name, pieces in ({**video, AUDIO: sound} if sound else video).items():
        text = media_playlist(pieces, lambda key: Path(key).name, complete=complete)
        (out / f"{name}.m3u8").write_text(text)
    master = out / "master.m3u8"
    master.write_text(master_playlist(plan, video, sound, lambda name: f"{name}.m3u8"))
    return master


async def complaints(ffmpeg: Path, source: Path, *maps: str) -> str:
    """What an ffmpeg that reads all of ``source`` has to say about it."""
    process = await asyncio.create_subprocess_exec(
        str(ffmpeg),
        "-nostdin",
        "-v",
        "warning",
        "-allowed_extensions",
        "ALL",
        "-extension_picky",
        "0",
        "-i",
        str(source),
        *maps,
        "-f",
        "null",
        "-",
        stderr=asyncio.subprocess.PIPE,
    )
    _, stderr = await process.communicate()
    assert process.returncode == 0
    return stderr.decode()


@pytest.mark.parametrize(
    ("name", "profile", "allow_copy"),
    [
        ("cfr24", Profile.H264, False),
        ("cfr60_mkv", Profile.H264_AV1, False),
        ("cfr24", Profile.H264_AV1, True),
    ],
)
async def test_ffmpeg_plays_every_frame_of_every_rendition_without_a_word(
    name: str,
    profile: Profile,
    *,
    allow_copy: bool,
    clip: Clip,
    ffmpeg: Path,
    transcoder: FfmpegTranscoder,
    tmp_path: Path,
) -> None:
    source = clip(name)
    plan = make_plan(await transcoder.probe(source), profile, allow_copy=allow_copy)
    video, sound = await stream(transcoder, source, plan, tmp_path)
    assert len(plan.chunks) > 1
    master = write(plan, video, sound, tmp_path, complete=True)
    assert await complaints(ffmpeg, master, "-map", "0:v", "-map", "0:a") == ""
    for rendition in plan.renditions:
        frames = shown(tmp_path / f"{rendition.name}.m3u8")
        assert [number for number, _ in frames] == list(range(plan.frame_count))
        times = [at for _, at in frames]
        assert times == pytest.approx(
            [float(n / plan.frame_rate) for n in range(len(times))], abs=1e-3
        )


async def test_picture_and_sound_start_together(
    clip: Clip, transcoder: FfmpegTranscoder, tmp_path: Path
) -> None:
    source = clip("cfr24")
    plan = make_plan(await transcoder.probe(source))
    video, sound = await stream(transcoder, source, plan, tmp_path)
    master = write(plan, video, sound, tmp_path, complete=True)
    with av.open(str(master), options={"allowed_extensions": "ALL", "extension_picky": "0"}) as box:
        starts: dict[str, float] = {}
        for frame in box.decode(box.streams.video[0], box.streams.audio[0]):
            assert isinstance(frame, av.VideoFrame | av.AudioFrame)
            starts.setdefault(type(frame).__name__, frame.time or 0.0)
            if len(starts) == 2:
                break
    assert max(starts.values()) - min(starts.values()) < 0.001


async def test_a_growing_list_only_grows(
    clip: Clip, transcoder: FfmpegTranscoder, tmp_path: Path
) -> None:
    source = clip("cfr24")
    info = await transcoder.probe(source)
    plan = make_plan(info)
    timeline = make_timeline(info)
    assert plan.chunks == split(timeline, info.video, (0.0,)) or len(plan.chunks) > 1
    video, _ = await stream(transcoder, source, plan, tmp_path)
    pieces = video[plan.top.name]
    lists = [
        media_playlist(pieces[:n], str, complete=n == len(pieces)).splitlines()
        for n in range(1, len(pieces) + 1)
    ]
    for before, after in pairwise(lists):
        body = [
            line for line in before if "PLAYLIST-TYPE" not in line and "EXT-X-START" not in line
        ]
        later = [
            line for line in after if "PLAYLIST-TYPE" not in line and "EXT-X-START" not in line
        ]
        assert later[: len(body)] == body
    assert "#EXT-X-ENDLIST" not in lists[0]
    assert lists[-1][-1] == "#EXT-X-ENDLIST"


def shown(playlist: Path) -> list[tuple[int, float]]:
    with av.open(
        str(playlist), options={"allowed_extensions": "ALL", "extension_picky": "0"}
    ) as box:
        return [(number_of(frame), float(frame.time or 0)) for frame in box.decode(video=0)]
