"""Live events: a stream that picks itself up again, and waiting for videos without missing one.

The stream only says *when* to look. What is true is always read from the video itself: after each
(re)connection, after each event that may be the last one, and now and then besides. So neither a
lost event nor a stream that a proxy swallows leaves anybody waiting for ever.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any
from uuid import UUID

import httpx
from pydantic import ValidationError

from carrete.client.api import CarreteClient
from carrete.client.errors import ApiError, UnreachableError
from carrete.client.http import CONNECT_S, PASSING_STATUSES, api_error
from carrete.client.models import EventView, VideoView
from carrete.client.retry import PATIENT, RetryPolicy
from carrete.client.sse import SseError, SseEvent, SseParser

SILENCE_S = 45.0
"""The server says something every 15 s; three times that without a byte is a dead connection."""

LOOK_S = 30.0
"""Seconds between two looks at a video that nothing is heard of."""

STEADY_S = 10.0
"""Seconds after which a broken stream counts as the first failure again."""

CONNECTED = "hello"
"""First event of a stream that starts with the present."""

RESUMED = "resumed"
"""Made here: the stream was broken and goes on after the last event that was seen."""

EventSink = Callable[[EventView], None]


async def events(
    client: CarreteClient,
    *,
    video_id: UUID | None = None,
    after: int | None = None,
    retry: RetryPolicy = PATIENT,
) -> AsyncGenerator[EventView]:
    """Follow what happens, from now on or after an event.

    Never ends by itself. A broken stream goes on where it broke, after a wait that grows with each
    failure in a row.

    Args:
        client: whose videos.
        video_id: only this one.
        after: id of the last event that is known.
        retry: how patient to be while the server can't be reached.

    Raises:
        UnreachableError: the server stayed away for as long as ``retry`` allows.
        ApiError: the server answered no.
    """
    failures, clock = 0, asyncio.get_running_loop().time
    while True:
        since = clock()
        try:
            async with aclosing(_stream(client, video_id, after)) as stream:
                async for event in stream:
                    if event.type != RESUMED:
                        failures = 0
                    after = event.id if event.id is not None else after
                    yield event
            reason: Exception = SseError("the server ended the stream")
        except (httpx.TransportError, SseError) as exc:
            reason = exc
        except ApiError as exc:
            if exc.status not in PASSING_STATUSES:
                raise
            reason = exc
        # A stream that lasted was a good one, even if nothing happened meanwhile.
        failures = 1 if clock() - since > STEADY_S else failures + 1
        delay = retry.delay_s(failures)
        if delay is None:
            raise UnreachableError(client.server, str(reason)) from reason
        await asyncio.sleep(delay)


async def _stream(
    client: CarreteClient, video_id: UUID | None, after: int | None
) -> AsyncGenerator[EventView]:
    """One connection's events."""
    headers = {"Accept": "text/event-stream"}
    if after is not None:
        headers["Last-Event-ID"] = str(after)
    params = {} if video_id is None else {"video_id": str(video_id)}
    limits = httpx.Timeout(SILENCE_S, connect=CONNECT_S)
    request = client.http.stream("GET", "/events", headers=headers, params=params, timeout=limits)
    async with request as response:
        if not response.is_success:
            await response.aread()
            raise api_error(response)
        if not response.headers.get("Content-Type", "").startswith("text/event-stream"):
            raise UnreachableError(client.server, "what answers there is not a Carrete server")
        if after is not None:
            yield EventView(type=RESUMED)
        parser = SseParser()
        async for line in response.aiter_lines():
            if (event := parser.feed(line)) is not None:
                yield read_event(event)


def read_event(event: SseEvent) -> EventView:
    """An event of the stream as Carrete means it.

    Raises:
        SseError: it is none of Carrete's.
    """
    try:
        body: dict[str, Any] = json.loads(event.data)
        number = None if event.id is None else int(event.id)
        return EventView.model_validate({**body, "type": event.type, "id": number})
    except (ValueError, TypeError, ValidationError) as exc:
        raise SseError(f"an event can't be understood: {event.type}") from exc


class Tracker:
    """Waits for any number of videos on one stream."""

    def __init__(self, client: CarreteClient, on_event: EventSink | None = None) -> None:
        self._client = client
        self._on_event = on_event
        self._changed: dict[UUID, asyncio.Event] = {}
        self._failure: Exception | None = None

    async def settled(self, video_id: UUID) -> VideoView:
        """Wait until nothing more happens to a video by itself: ready, failed or canceled.

        Raises:
            ApiError: there is no such video (any more).
            UnreachableError: the server stayed away.
        """
        changed = self._changed.setdefault(video_id, asyncio.Event())
        try:
            while True:
                # Before the look, so that what happens during it is seen at the next one.
                changed.clear()
                if self._failure is not None:
                    raise self._failure
                video = await self._client.video(video_id)
                if video.settled:
                    return video
                with suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), LOOK_S)
        finally:
            self._changed.pop(video_id, None)

    async def follow(self, video_id: UUID | None = None) -> None:
        """Feed the tracker from the stream until canceled. A failure wakes everybody who waits."""
        try:
            async with aclosing(events(self._client, video_id=video_id)) as stream:
                async for event in stream:
                    self._take(event)
        except (ApiError, UnreachableError) as exc:
            self._failure = exc
            self._wake_all()

    def _take(self, event: EventView) -> None:
        if event.type in {CONNECTED, RESUMED}:
            self._wake_all()
            return
        if self._on_event is not None:
            self._on_event(event)
        waiting = None if event.video_id is None else self._changed.get(event.video_id)
        if waiting is not None and event.id is not None and event.type.startswith("video."):
            waiting.set()

    def _wake_all(self) -> None:
        for changed in self._changed.values():
            changed.set()


@asynccontextmanager
async def tracking(
    client: CarreteClient, on_event: EventSink | None = None, video_id: UUID | None = None
) -> AsyncIterator[Tracker]:
    """A tracker that follows the stream while the block runs.

    Args:
        client: whose videos.
        on_event: is shown every event, progress included.
        video_id: follow this video alone.
    """
    tracker = Tracker(client, on_event)
    following = asyncio.create_task(tracker.follow(video_id))
    try:
        yield tracker
    finally:
        following.cancel()
        # `wait`, unlike `await`, can't mistake our own cancellation for that of the task.
        await asyncio.wait([following])


async def wait_until_settled(
    client: CarreteClient, video_id: UUID, on_event: EventSink | None = None
) -> VideoView:
    """Wait until a video is ready, failed or canceled, and return it.

    Raises:
        ApiError: there is no such video (any more).
        UnreachableError: the server stayed away.
    """
    async with tracking(client, on_event, video_id) as tracker:
        return await tracker.settled(video_id)
