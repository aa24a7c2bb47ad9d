"""Server-sent events (HTML standard, section 9.2): from a subscription to bytes on the wire."""

import asyncio
from collections.abc import AsyncIterator

import structlog
from pydantic_core import to_json
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from carrete.api.hub import EventHub, Subscription
from carrete.domain.failures import TransientError
from carrete.domain.video import Event
from carrete.ports import EventLog

PING_S = 15.0
"""Seconds of silence before a comment proves that the connection lives (proxies cut at 60)."""

SEND_S = 30.0
"""Seconds in which a client must take what is sent; one that does not is gone."""

LONGEST_S = 900.0
"""Seconds until a stream ends by itself. Its client comes back at once and resumes, and its session
is looked at again: one that was ended does not go on watching for ever."""

BACKLOG_PAGE = 500
_RETRY_MS = 1000


class EventStream(Response):
    """A response that lasts until its client goes or it is told to end."""

    media_type = "text/event-stream"

    def __init__(
        self,
        hub: EventHub,
        log: EventLog,
        subscription: Subscription,
        last: int,
        *,
        hello: bool,
    ) -> None:
        """Prepare to stream; ``subscription`` is given back at the end.

        Args:
            hub: where the subscription is from.
            log: the stored events.
            subscription: the live events.
            last: id of the newest event that the client has.
            hello: whether the client is told where the stream starts.
        """
        # nginx must pass events on as they come
        super().__init__(headers={"X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self.hub = hub
        self.log = log
        self.subscription = subscription
        self.last = last
        self.hello = hello

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until the end."""
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            if scope.get("carrete.head") or await self._until_gone(receive, send):
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self.hub.unsubscribe(self.subscription)

    async def _until_gone(self, receive: Receive, send: Send) -> bool:
        """Send until somebody ends it; returns whether the client still takes what is sent."""
        pump = asyncio.create_task(self._pump(send))
        tasks = {pump, asyncio.create_task(_gone(receive))}
        try:
            await asyncio.wait(tasks, timeout=LONGEST_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return pump.cancelled() or pump.result()

    async def _pump(self, send: Send) -> bool:
        try:
            async for frame in self.frames():
                async with asyncio.timeout(SEND_S):
                    await send({"type": "http.response.body", "body": frame, "more_body": True})
        except TimeoutError:
            return False
        except TransientError as exc:
            # Ending is the answer: the client comes back with the last id that it has seen.
            structlog.get_logger().warning("an event stream broke off", error=str(exc))
        return True

    async def frames(self) -> AsyncIterator[bytes]:
        """The bytes of the stream: the backlog first, then live events, each once and in order."""
        yield f"retry: {_RETRY_MS}\n\n".encode()
        if self.hello:
            yield _frame(self.last, "hello", to_json({"last_event_id": self.last}))
        subscription = self.subscription
        while not subscription.closed:
            taken = [] if subscription.missed else await subscription.take(PING_S)
            idle = not (taken or subscription.missed or subscription.closed)
            if subscription.missed:
                # Before what was taken, which is younger: a higher id sent first would hide these.
                subscription.missed = False
                async for event in self._backlog():
                    yield self._advance(event)
            for event in taken:
                if event.id is None or event.id > self.last:
                    yield self._advance(event)
            if idle:
                yield b": ping\n\n"

    async def _backlog(self) -> AsyncIterator[Event]:
        while True:
            page = await self.log.events(
                self.subscription.owner_id, self.last, BACKLOG_PAGE, self.subscription.video_id
            )
            for event in page:
                yield event
            if len(page) < BACKLOG_PAGE:
                return

    def _advance(self, event: Event) -> bytes:
        self.last = event.id or self.last
        data = {
            "video_id": event.video_id,
            "type": event.type,
            "at": event.at,
            "data": event.data,
        }
        return _frame(event.id, event.type, to_json(data, inf_nan_mode="null"))


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _frame(event_id: int | None, kind: str, data: bytes) -> bytes:
    position = b"" if event_id is None else b"id: %d\n" % event_id
    return b"%sevent: %s\ndata: %s\n\n" % (position, kind.encode(), data)
