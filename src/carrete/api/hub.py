"""Live events: one LISTEN connection for the process, shared out to the streams of each owner."""

import asyncio
from collections import Counter, deque
from uuid import UUID

import structlog

from carrete.api.errors import TooManyStreamsError
from carrete.domain.failures import TransientError
from carrete.domain.video import Event
from carrete.metrics import ApiMetrics
from carrete.ports import EventLog

MAX_WAITING = 256
"""Events that wait for a slow client before its stream is closed; it resumes where it was."""

MAX_STREAMS = 20
"""Streams of one account: a few tabs and programs."""

MAX_ALL_STREAMS = 5_000
FIRST_BACKOFF_S = 0.2
LONGEST_BACKOFF_S = 10.0


class Subscription:
    """What one stream is to be sent.

    Attributes:
        missed: events may have passed unheard, and must be read from the log.
        closed: the stream must end.
    """

    def __init__(self, owner_id: UUID, video_id: UUID | None) -> None:
        self.owner_id = owner_id
        self.video_id = video_id
        self.missed = False
        self.closed = False
        self._waiting: deque[Event] = deque()
        self._wake = asyncio.Event()

    def offer(self, event: Event) -> None:
        """Hand an event over; never waits."""
        if self.closed or (self.video_id is not None and event.video_id != self.video_id):
            return
        if len(self._waiting) >= MAX_WAITING:
            if event.id is None:
                # Progress is worth nothing late: the next one says more.
                return
            self.close()
            return
        self._waiting.append(event)
        self._wake.set()

    def mark_missed(self) -> None:
        """The log must be read again."""
        self.missed = True
        self._wake.set()

    def close(self) -> None:
        """End the stream."""
        self.closed = True
        self._wake.set()

    async def take(self, timeout_s: float) -> list[Event]:
        """The waiting events, as soon as there is one or something else to do."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._wake.wait()
        except TimeoutError:
            return []
        self._wake.clear()
        taken = list(self._waiting)
        self._waiting.clear()
        return taken


class EventHub:
    """Hears every committed event once and gives it to the streams of its owner."""

    def __init__(self, log: EventLog, metrics: ApiMetrics) -> None:
        self._log = log
        self._metrics = metrics
        self._streams: dict[UUID, set[Subscription]] = {}
        self._counts: Counter[UUID] = Counter()
        self._closed = False

    def subscribe(self, owner_id: UUID, video_id: UUID | None) -> Subscription:
        """Hear an owner's events from now on.

        Raises:
            TooManyStreamsError: the owner or the process has too many streams.
        """
        if self._counts[owner_id] >= MAX_STREAMS or self._counts.total() >= MAX_ALL_STREAMS:
            raise TooManyStreamsError(f"at most {MAX_STREAMS} event streams may be open at once")
        subscription = Subscription(owner_id, video_id)
        subscription.closed = self._closed
        self._counts[owner_id] += 1
        self._streams.setdefault(owner_id, set()).add(subscription)
        self._metrics.streams.inc()
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Forget a stream that ended."""
        owner = subscription.owner_id
        streams = self._streams.get(owner, set())
        if subscription not in streams:
            return
        streams.discard(subscription)
        self._counts[owner] -= 1
        if not streams:
            self._streams.pop(owner)
            del self._counts[owner]
        self._metrics.streams.dec()

    def close_streams(self, owner_id: UUID) -> None:
        """End an owner's streams: whoever may still watch comes back, and is looked at again."""
        for subscription in tuple(self._streams.get(owner_id, ())):
            subscription.close()

    def close(self) -> None:
        """End all streams, and those that are still to come: the process stops."""
        self._closed = True
        for subscription in self._all():
            subscription.close()

    async def run(self) -> None:
        """Listen until canceled; after each interruption, streams read what they missed."""
        backoff = FIRST_BACKOFF_S
        while True:
            try:
                async with self._log.listen() as events:
                    self._metrics.listening.set(1)
                    backoff = FIRST_BACKOFF_S
                    for subscription in self._all():
                        subscription.mark_missed()
                    async for event in events:
                        for subscription in tuple(self._streams.get(event.owner_id, ())):
                            subscription.offer(event)
            except TransientError as exc:
                structlog.get_logger().warning("listening for events broke off", error=str(exc))
            except Exception:  # noqa: BLE001 - one unreadable event must not end all streams
                structlog.get_logger().exception("listening for events met a bug")
            finally:
                self._metrics.listening.set(0)
            await asyncio.sleep(backoff)
            backoff = min(backoff * 2, LONGEST_BACKOFF_S)

    def _all(self) -> list[Subscription]:
        return [one for streams in self._streams.values() for one in streams]
