"""The stream, read by a player that is not ours, while the video is made and afterwards."""

import asyncio
import re
from pathlib import Path

import av
import httpx
import pytest
from tests.e2e.conftest import Person

from carrete.client.events import tracking
from carrete.client.models import VideoView
from carrete.local.stack import Stack

pytestmark = pytest.mark.e2e


def url(stack: Stack, video: VideoView, name: str) -> str:
    return f"{stack.api_url}/api/videos/{video.id}/hls/{name}.m3u8"


def read_all(address: str, token: str) -> tuple[list[str], int]:
    """Decode a stream with FFmpeg's libraries; their complaints, and the frames they gave.

    The FFmpeg 9.0.2 program loses its place in byte-range segments over HTTP; these libraries,
    older programs and browsers read the same playlists well.
    """
    headers = {"headers": f"Authorization: Bearer {token}\r\n"}
    av.logging.set_level(av.logging.WARNING)
    try:
        with av.logging.Capture(local=False) as said, av.open(address, options=headers) as stream:
            frames = sum(1 for _ in stream.decode(stream.streams.best("video") or 0))
    finally:
        av.logging.set_level(None)
    return [line for _, _, line in said], frames


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
        assert (done.state, done.failure) == ("ready", None)
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
    assert late.count("#EXT-X-STREAM-INF") > 1
    token = headers["Authorization"].removeprefix("Bearer ")
    names = re.findall(r"^(h264-\d+)\.m3u8$", late, re.MULTILINE)
    for name in names:
        read = await asyncio.to_thread(read_all, url(stack, video, name), token)
        assert read == ([], 600)
    said_of_sound, packets = await asyncio.to_thread(read_all, url(stack, video, "audio"), token)
    assert (said_of_sound, packets > 900) == ([], True)


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
