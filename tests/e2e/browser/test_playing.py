"""The stream in the player that most pages use, from its first second to its last."""

import asyncio
from pathlib import Path

import pytest
from tests.e2e.browser.conftest import CLIP_S
from tests.e2e.browser.player import Player
from tests.e2e.conftest import Person

from carrete.client.api import CarreteClient
from carrete.client.events import tracking
from carrete.client.models import VideoView
from carrete.client.upload import UploadRequest, upload_file

# Playing takes as long as the video; encoding beside it, on two cores, longer.
pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(240)]

MOST_STALLS = 8
"""A player on a busy machine may overtake the encoder before each chunk; a storm is dozens."""


async def until_playable(client: CarreteClient, video: VideoView) -> None:
    """Wait, from event to event, until the first seconds can be streamed."""
    heard = asyncio.Event()
    async with asyncio.timeout(60), tracking(client, lambda _: heard.set(), video.id):
        while (await client.video(video.id)).playable_at is None:
            await heard.wait()
            heard.clear()


async def test_a_video_plays_from_its_first_second_while_later_chunks_are_encoded(
    person: Person, player: Player, slow_clip: Path
) -> None:
    video = await person.upload(slow_clip)
    await until_playable(person.client, video)
    await player.play(video.id)
    await player.until("seen.first")
    first = (await player.seen())["first"]
    assert first["state"] == "processing"
    assert first["at"] < 0.1
    assert first["edge"] < CLIP_S - 1
    await player.until("video.currentTime > 3 && video.readyState >= video.HAVE_CURRENT_DATA")
    assert await player.value("contrast()") > 100
    # Into chunks that were not listed when it started, and in a better rendition than was there.
    await player.until(f"video.currentTime > {first['edge']} + 4")
    await player.until("video.videoHeight === 720")
    assert (await player.seen())["stalls"] <= MOST_STALLS

    done = await person.settled(video)
    assert (done.state, done.failure) == ("ready", None)
    await player.until("complete()")
    await plays_to_the_end_in_every_rendition(player)


async def test_a_finished_video_plays_to_its_end_in_every_rendition(
    person: Person, player: Player, long_clip: Path
) -> None:
    video = await person.upload(long_clip)
    assert (await person.settled(video)).state == "ready"
    await player.play(video.id)
    await player.until("video.currentTime > 1 && complete()")
    assert (await player.seen())["first"]["edge"] == pytest.approx(20, abs=0.1)
    await plays_to_the_end_in_every_rendition(player, seconds=20)
    assert (await player.seen())["errors"] == []


async def plays_to_the_end_in_every_rendition(player: Player, seconds: float = CLIP_S) -> None:
    """Switch, seek and reach the end, as a viewer does with a video that is complete."""
    await player.until(f"Math.abs(video.duration - {seconds}) < 0.1")
    heights = await player.value("hls.levels.map((level) => level.height)")
    assert sorted(heights) == [360, 480, 720]
    for level, height in enumerate(heights):
        await player.value(f"hls.currentLevel = {level}")
        await player.until(f"video.videoHeight === {height} && hls.currentLevel === {level}")
        await player.shows_more()
    await player.seek(seconds - 6)
    await player.shows_more()
    await player.seek(seconds - 1)
    await player.until("video.ended")
    seen = await player.seen()
    assert seen["time"] == pytest.approx(seconds, abs=0.1)
    # Software decoding beside encoders loses a few; most pictures must have been shown.
    assert seen["quality"]["dropped"] < seen["quality"]["total"] / 4, seen


async def test_the_av1_renditions_play(person: Person, player: Player, clip: Path) -> None:
    request = UploadRequest(clip, profile="h264+av1")
    outcome = await upload_file(person.client, person.account_id, request, book=person.book)
    done = await person.settled(outcome.video)
    assert (done.state, done.failure) == ("ready", None)
    await player.play(done.id)
    await player.until("seen.first")
    codecs = await player.value("hls.levels.map((level) => level.videoCodec)")
    av1 = [level for level, codec in enumerate(codecs) if codec.startswith("av01")]
    assert len(av1) == len(codecs) / 2
    await player.value(f"hls.currentLevel = {av1[-1]}")
    await player.seek(0)
    await player.until(f"hls.currentLevel === {av1[-1]} && video.videoHeight === 720")
    await player.shows_more()
    assert await player.value("contrast()") > 100
    await player.until("video.ended")
