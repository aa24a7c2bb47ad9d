"""Events: nothing is missed, whatever breaks."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import httpx
import pytest
from tests.unit.client.fake_server import HURRY, NOW, FakeServer, FakeVideo, problem

from carrete.client.errors import ApiError, UnreachableError
from carrete.client.events import RESUMED, events, tracking, wait_until_settled
from carrete.client.sse import MAX_EVENT, SseError, SseEvent, SseParser

if TYPE_CHECKING:
    from carrete.client.models import EventView

HEADERS = {"Content-Type": "text/event-stream; charset=utf-8"}


def frame(kind: str, number: int | None, video_id: UUID | None = None, **data: Any) -> bytes:
    head = "" if number is None else f"id: {number}\n"
    body = {"video_id": str(video_id), "type": kind, "at": NOW, "data": data} if video_id else {}
    return f"{head}event: {kind}\ndata: {json.dumps(body)}\n\n".encode()


class Live(httpx.AsyncByteStream):
    """A stream that sends what is put in and ends with ``None``."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[bytes | Exception | None] = asyncio.Queue()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (item := await self.queue.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item


class StreamingServer(FakeServer):
    """A server with one video, whose connections to ``/events`` are in ``streams``."""

    def __init__(self) -> None:
        video = FakeVideo(uuid4(), {"name": "clip.mp4", "size_bytes": 3}, state="queued")
        super().__init__(videos={"key": video}, fault=self._events)
        self.id = video.id
        self.streams: asyncio.Queue[Live] = asyncio.Queue()
        self.resumed_after: list[str | None] = []

    def _events(self, request: httpx.Request) -> httpx.Response | None:
        if request.url.path != "/api/events":
            return None
        self.resumed_after.append(request.headers.get("Last-Event-ID"))
        live = Live()
        self.streams.put_nowait(live)
        return httpx.Response(200, headers=HEADERS, stream=live)


@pytest.fixture
def server() -> StreamingServer:
    return StreamingServer()


async def test_a_broken_stream_resumes_after_the_last_stored_event(
    server: StreamingServer,
) -> None:
    async with server.client() as client, aclosing(events(client, retry=HURRY)) as stream:
        first = asyncio.ensure_future(anext(stream))
        live = await server.streams.get()
        live.queue.put_nowait(frame("hello", 7))
        assert (await first).type == "hello"
        live.queue.put_nowait(frame("video.processing", 9, server.id))
        live.queue.put_nowait(frame("video.progress", None, server.id, progress=0.5))
        live.queue.put_nowait(httpx.ReadError("cut"))
        assert [(await anext(stream)).id for _ in range(2)] == [9, None]
        again = asyncio.ensure_future(anext(stream))
        live = await server.streams.get()
        assert (await again).type == RESUMED
        live.queue.put_nowait(frame("video.ready", 10, server.id))
        assert (await anext(stream)).type == "video.ready"
    assert server.resumed_after == [None, "9"]


async def test_a_server_that_stays_away_is_given_up(server: StreamingServer) -> None:
    def refuse(_request: httpx.Request) -> httpx.Response | None:
        raise httpx.ConnectError("refused")

    server.fault = refuse
    async with server.client() as client:
        with pytest.raises(UnreachableError, match="refused"):
            async for _ in events(client, retry=HURRY):
                pass
    assert server.seen["GET /events"] == HURRY.attempts


async def test_a_stream_that_breaks_at_once_each_time_is_given_up(
    server: StreamingServer,
) -> None:
    server.fault = lambda _request: httpx.Response(200, headers=HEADERS, content=b": ping\n\n")
    async with server.client() as client:
        with pytest.raises(UnreachableError):
            async for _ in events(client, after=3, retry=HURRY):
                pass
    assert server.seen["GET /events"] == HURRY.attempts


async def test_a_refused_stream_is_not_repeated(server: StreamingServer) -> None:
    server.fault = lambda _request: problem(401, "unauthenticated")
    async with server.client() as client:
        with pytest.raises(ApiError):
            async for _ in events(client, retry=HURRY):
                pass
    assert server.seen["GET /events"] == 1


async def test_a_video_that_settled_before_the_stream_began_is_noticed(
    server: StreamingServer,
) -> None:
    async with server.client() as client:
        waiting = asyncio.ensure_future(wait_until_settled(client, server.id))
        live = await server.streams.get()
        # The event of it was sent before this connection: only the look finds it.
        server.only().state = "ready"
        live.queue.put_nowait(frame("hello", 7))
        assert (await waiting).state == "ready"


async def test_the_last_event_ends_the_wait(server: StreamingServer) -> None:
    shown: list[EventView] = []
    async with server.client() as client:
        waiting = asyncio.ensure_future(wait_until_settled(client, server.id, shown.append))
        live = await server.streams.get()
        live.queue.put_nowait(frame("hello", 7))
        live.queue.put_nowait(frame("video.progress", None, server.id, progress=0.5))
        server.only().state = "failed"
        live.queue.put_nowait(frame("video.failed", 8, server.id))
        assert (await waiting).state == "failed"
    assert [event.type for event in shown] == ["video.progress", "video.failed"]


async def test_what_happened_while_the_stream_was_broken_is_noticed(
    server: StreamingServer,
) -> None:
    async with server.client() as client, tracking(client) as tracker:
        waiting = asyncio.ensure_future(tracker.settled(server.id))
        live = await server.streams.get()
        live.queue.put_nowait(frame("hello", 7))
        live.queue.put_nowait(None)
        live = await server.streams.get()
        server.only().state = "canceled"
        # It resumes after event 7, and this server has already forgotten event 8.
        live.queue.put_nowait(b": ping\n\n")
        assert (await waiting).state == "canceled"


async def test_a_video_that_is_deleted_meanwhile_ends_the_wait(server: StreamingServer) -> None:
    async with server.client() as client:
        waiting = asyncio.ensure_future(wait_until_settled(client, server.id))
        live = await server.streams.get()
        live.queue.put_nowait(frame("hello", 7))
        server.videos.clear()
        live.queue.put_nowait(frame("video.deleted", 8, server.id))
        with pytest.raises(ApiError, match="not_found"):
            await waiting


async def test_a_session_that_ends_wakes_everybody(server: StreamingServer) -> None:
    server.fault = lambda request: (
        problem(401, "unauthenticated") if request.url.path == "/api/events" else None
    )
    async with server.client() as client:
        with pytest.raises(ApiError, match="unauthenticated"):
            await wait_until_settled(client, server.id)


def parse(*lines: str) -> list[SseEvent]:
    parser = SseParser()
    return [event for line in lines if (event := parser.feed(line)) is not None]


def test_fields_are_read_as_the_standard_says() -> None:
    assert parse("id: 3", "event: a", "data: x", "data:y", "") == [SseEvent("a", "x\ny", "3")]
    assert parse(": comment", "data", "") == [SseEvent("message", "", None)]
    assert parse("event: a", "") == []
    assert parse("data: 1", "", "data: 2", "") == [
        SseEvent("message", "1", None),
        SseEvent("message", "2", None),
    ]


def test_an_endless_event_is_refused() -> None:
    with pytest.raises(SseError):
        parse(*["data: " + "x" * 1000] * (MAX_EVENT // 1000 + 1))
