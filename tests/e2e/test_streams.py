"""The stream, read by a player that is not ours, while the video is made and afterwards."""

import asyncio
import re
import subprocess
from pathlib import Path

import httpx
import imageio_ffmpeg
import pytest

from carrete.client.events import tracking
from carrete.client.models import VideoView
from carrete.local.stack import Stack
from tests.e2e.conftest import Person

pytestmark = pytest.mark.e2e


def url(stack: Stack, video: VideoView, name: str) -> str:
    return f"{stack.api_url}/api/videos/{video.id}/hls/{name}.m3u8"


def read_all(address: str, token: str) -> tuple[str, int, int]:
    """Decode a stream with ffmpeg; its complaints, and the frames and sound packets it saw."""
    argv = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        *("-nostdin", "-v", "warning", "-headers", f"Authorization: Bearer {token}\r\n"),
        *("-i", address, "-map", "0:v:0?", "-map", "0:a:0?", "-f", "framecrc", "-"),
    ]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=90, check=False)
    rows = [line.split(",") for line in done.stdout.splitlines() if not line.startswith("#")]
    return (
        done.stderr.strip(),
        sum(row[0].strip() == "0" for row in rows),
        sum(row[0].strip() == "1" for row in rows),
    )


async def test_a_video_can_be_streamed_while_it_is_made_and_the_stream_grows(
    stack: Stack, person: Person, long_clip: Path
) -> None:
    video = await person.upload(long_clip)
    playable = asyncio.Event()

    def heard(event: object) -> None:
        if getattr(event, "type", "") == "video.playable":
            playable.set()

    async with asyncio.timeout(90), tracking(person.client, heard):
        await playable.wait()
    headers = {"Authorization": person.client.http.headers["Authorization"]}
    async with httpx.AsyncClient(headers=headers) as http:
        early = (await http.get(url(stack, video, "master"))).raise_for_status().text
        name = re.findall(r"^(h264-\d+)\.m3u8$", early, re.MULTILINE)[-1]
        first = (await http.get(url(stack, video, name))).raise_for_status().text
        done = await person.settled(video)
        assert done.state == "ready"
        whole = (await http.get(url(stack, video, name))).raise_for_status().text
        late = (await http.get(url(stack, video, "master"))).raise_for_status().text
    assert "#EXT-X-PLAYLIST-TYPE:EVENT" in first
    assert "#EXT-X-ENDLIST" not in first
    assert "#EXT-X-PLAYLIST-TYPE:VOD" in whole
    assert "#EXT-X-ENDLIST" in whole
    # what was said stays said: the segments of the first answer begin the last one
    said, now = ([s for s in text.splitlines() if s.startswith("#EXT-X-BYTERANGE")]
                 for text in (first, whole))  # fmt: skip
    assert now[: len(said)] == said
    assert len(now) > len(said)
    assert late.count("#EXT-X-STREAM-INF") > 1
    token = headers["Authorization"].removeprefix("Bearer ")
    names = re.findall(r"^(h264-\d+)\.m3u8$", late, re.MULTILINE)
    for name in [*names, "audio"]:
        read = await asyncio.to_thread(read_all, url(stack, video, name), token)
        assert read[0] == ""
        assert read[1] == (600 if name != "audio" else 0) or read[1] > 900
    # of a whole master ffmpeg opens every variant and drops all but one in mid-segment, which it
    # then complains of itself: what counts is that nothing is missing
    _, frames, packets = await asyncio.to_thread(read_all, url(stack, video, "master"), token)
    assert frames == 600
    assert packets > 900


async def test_nothing_can_be_streamed_before_there_is_something(
    stack: Stack, person: Person, tmp_path: Path
) -> None:
    (tmp_path / "x.mp4").write_text("no video")
    video = await person.upload(tmp_path / "x.mp4")
    await person.settled(video)
    headers = {"Authorization": person.client.http.headers["Authorization"]}
    async with httpx.AsyncClient(headers=headers) as http:
        for name in ("master", "h264-720", "audio"):
            answer = await http.get(url(stack, video, name))
            assert answer.status_code == 404
            assert answer.json()["code"] == "not_found"
