"""Every ready video is fetched and decoded, every original compared with what was sent."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from urllib.parse import urljoin

import av
import httpx

from carrete.domain.failures import CarreteError
from chaos.audit.base import Breakage
from chaos.clips import RATE, Clip
from chaos.ledger import Promise
from chaos.users import User

SOUND_S = 0.15
"""Seconds by which the sound may be shorter or longer than the picture: a few AAC frames."""

TIMEOUT = httpx.Timeout(30)


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a stored object."""

    url: str
    start: int
    length: int
    seconds: float


async def play(user: User, promise: Promise) -> list[Breakage]:
    """Look at one video as its owner does; what is wrong with it."""
    try:
        return [breakage async for breakage in _look(user, promise)]
    except (CarreteError, httpx.HTTPError, av.FFmpegError, ValueError, LookupError) as exc:
        name = promise.clip.path.name
        return [Breakage("not playable", f"{name}: {type(exc).__name__} {exc}")]


async def _look(user: User, promise: Promise) -> AsyncIterator[Breakage]:
    name = promise.clip.path.name
    assert promise.video_id is not None
    video = await user.client.video(promise.video_id)
    if video.state == "failed" and not (video.failure and all(video.failure.message.values())):
        yield Breakage("no reason given", name)
    link = await user.client.download_link(video.id, "original")
    if hashlib.sha256(await _get(link.url)).hexdigest() != promise.clip.sha256:
        yield Breakage("original changed", name)
    if video.state == "ready":
        link = await user.client.download_link(video.id, "processed")
        whole = await _get(link.url)
        for breakage in await asyncio.to_thread(_judge, promise.clip, "processed", whole):
            yield breakage
        async with httpx.AsyncClient(timeout=TIMEOUT, trust_env=False) as http:
            http.headers["Authorization"] = f"Bearer {user.token}"
            for breakage in await _stream(http, user, promise):
                yield breakage


async def _get(url: str) -> bytes:
    """What a signed link leads to; the store must not see the session's token."""
    async with httpx.AsyncClient(timeout=TIMEOUT, trust_env=False) as http:
        return (await http.get(url)).raise_for_status().content


async def _stream(http: httpx.AsyncClient, user: User, promise: Promise) -> list[Breakage]:
    """Every rendition and the sound, put together by the byte ranges of the playlists."""
    base = f"{user.client.server}/api/videos/{promise.video_id}/hls/"
    master = (await http.get(f"{base}master.m3u8")).raise_for_status().text
    names = set(re.findall(r"^([^#\s]+\.m3u8)", master, re.MULTILINE))
    names |= set(re.findall(r'URI="([^"]+\.m3u8)"', master))
    found: list[Breakage] = []
    if not names:
        found.append(Breakage("not playable", f"{promise.clip.path.name}: an empty playlist"))
    objects: dict[str, bytes] = {}
    for name in sorted(names):
        text = (await http.get(urljoin(base, name))).raise_for_status().text
        if "#EXT-X-ENDLIST" not in text:
            found.append(Breakage("not playable", f"{name} has no end"))
        data = bytearray()
        for segment in read_playlist(text):
            if segment.url not in objects:
                objects[segment.url] = await _get(segment.url)
            whole = objects[segment.url]
            length = segment.length if segment.length >= 0 else len(whole)
            piece = whole[segment.start : segment.start + length]
            if len(piece) != length:
                found.append(Breakage("not playable", f"{name} names bytes that are not there"))
            data += piece
        sound = "audio" in name
        found += await asyncio.to_thread(_judge, promise.clip, name, bytes(data), sound=sound)
    return found


def read_playlist(text: str) -> Iterator[Segment]:
    """The initialization and the segments of a media playlist, in order (RFC 8216)."""
    seconds, span, end = 0.0, "", dict[str, int]()
    for line in text.splitlines():
        if line.startswith("#EXT-X-MAP:"):
            url = re.findall(r'URI="([^"]+)"', line)[0]
            ranges = re.findall(r'BYTERANGE="([^"]+)"', line)
            yield _segment(url, ranges[0] if ranges else "", 0.0, end)
        elif line.startswith("#EXTINF:"):
            seconds = float(line.removeprefix("#EXTINF:").split(",")[0])
        elif line.startswith("#EXT-X-BYTERANGE:"):
            span = line.removeprefix("#EXT-X-BYTERANGE:")
        elif line and not line.startswith("#"):
            yield _segment(line, span, seconds, end)
            span = ""


def _segment(url: str, span: str, seconds: float, end: dict[str, int]) -> Segment:
    if not span:
        return Segment(url, 0, -1, seconds)
    length, _, start = span.partition("@")
    first = int(start) if start else end.get(url, 0)
    end[url] = first + int(length)
    return Segment(url, first, int(length), seconds)


def _judge(clip: Clip, name: str, data: bytes, *, sound: bool = False) -> list[Breakage]:
    """Decode everything and compare with what was sent. Blocking."""
    what = f"{name} of {clip.path.name}"
    found = []
    with av.open(BytesIO(data), "r") as container:
        if not sound:
            frames = len([1 for _ in container.decode(container.streams.video[0])])
            if frames != clip.kind.frames:
                found.append(
                    Breakage("wrong frames", f"{what}: {frames} instead of {clip.kind.frames}")
                )
    with suppress(IndexError), av.open(BytesIO(data), "r") as container:
        stream = container.streams.audio[0]
        samples = [frame.samples for frame in container.decode(stream)]
        seconds = sum(samples) / stream.rate
        if abs(seconds - clip.kind.frames / RATE) > SOUND_S:
            found.append(Breakage("wrong sound", f"{what}: {seconds:.2f} s"))
    return found
