"""The hub and the stream without a server: what is sent, in which order, and when it ends."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID

import pytest

from carrete.api import hub as hubs
from carrete.api import stream as streams
from carrete.api.errors import TooManyStreamsError
from carrete.api.hub import EventHub, Subscription
from carrete.api.stream import EventStream
from carrete.domain.failures import TransientError
from carrete.domain.ids import new_id
from carrete.domain.video import Event
from carrete.metrics import ApiMetrics, new_registry

ANA, BOB, FILM, OTHER = new_id(), new_id(), new_id(), new_id()


class Log:
    """An event log whose notifications and interruptions the test decides."""

    def __init__(self) -> None:
        self.stored: list[Event] = []
        self.live: asyncio.Queue[Event | None] = asyncio.Queue()
        self.listeners = 0

    def make(self, owner: UUID = ANA, video: UUID = FILM, *, heard: bool = True) -> Event:
        event = Event(len(self.stored) + 1, owner, video, "video.ready", {}, datetime.now(UTC))
        self.stored.append(event)
        if heard:
            self.live.put_nowait(event)
        return event

    async def events(
        self, owner_id: UUID, after: int, limit: int, video_id: UUID | None = None
    ) -> list[Event]:
        found = [e for e in self.stored if e.owner_id == owner_id and (e.id or 0) > after]
        return [e for e in found if video_id in {None, e.video_id}][:limit]

    async def last_event_id(self, owner_id: UUID) -> int:
        return max((e.id or 0 for e in self.stored if e.owner_id == owner_id), default=0)

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[AsyncIterator[Event]]:
        self.listeners += 1
        yield self._live()

    async def _live(self) -> AsyncIterator[Event]:
        while True:
            event = await self.live.get()
            if event is None:
                raise TransientError("the connection broke")
            yield event


@pytest.fixture
async def log() -> Log:
    return Log()


@pytest.fixture
async def hub(log: Log, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[EventHub]:
    monkeypatch.setattr(hubs, "FIRST_BACKOFF_S", 0.01)
    made = EventHub(log, ApiMetrics(new_registry()))
    running = asyncio.create_task(made.run())
    await until(lambda: log.listeners == 1)
    yield made
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


class Watcher:
    """Reads a stream's frames into a list."""

    def __init__(self, hub: EventHub, log: Log, after: int | None, video: UUID | None) -> None:
        self.subscription: Subscription = hub.subscribe(ANA, video)
        if after is not None:
            self.subscription.mark_missed()
        self.stream = EventStream(hub, log, self.subscription, after or 0, hello=after is None)
        self.frames: list[bytes] = []
        self.task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for frame in self.stream.frames():
            self.frames.append(frame)

    @property
    def ids(self) -> list[int]:
        return [int(i) for i in re.findall(rb"id: (\d+)\nevent: video", b"".join(self.frames))]

    async def expect(self, *ids: int) -> None:
        await until(lambda: len(self.ids) >= len(ids))
        assert self.ids == list(ids)


@pytest.fixture
async def watch(hub: EventHub, log: Log) -> AsyncIterator[Callable[..., Watcher]]:
    watchers: list[Watcher] = []

    def begin(after: int | None = None, video: UUID | None = None) -> Watcher:
        watchers.append(Watcher(hub, log, after, video))
        return watchers[-1]

    yield begin
    for watcher in watchers:
        watcher.task.cancel()
    await asyncio.gather(*(w.task for w in watchers), return_exceptions=True)


Watch = Callable[..., Watcher]


async def test_a_new_stream_says_where_it_starts_and_tells_only_what_follows(
    log: Log, watch: Watch
) -> None:
    watcher = watch()
    await until(lambda: len(watcher.frames) == 2)
    assert watcher.frames == [
        b"retry: 1000\n\n",
        b'id: 0\nevent: hello\ndata: {"last_event_id":0}\n\n',
    ]
    log.make()
    await watcher.expect(1)


async def test_a_stream_that_comes_back_gets_what_it_missed_and_then_what_happens(
    log: Log, watch: Watch
) -> None:
    for _ in range(5):
        log.make(heard=False)
    watcher = watch(2)
    await watcher.expect(3, 4, 5)
    log.make()
    await watcher.expect(3, 4, 5, 6)
    assert b"hello" not in b"".join(watcher.frames)


async def test_what_is_both_in_the_log_and_heard_is_sent_once(log: Log, watch: Watch) -> None:
    watcher = watch(0)
    for _ in range(20):
        log.make()
    await watcher.expect(*range(1, 21))
    log.make()
    await watcher.expect(*range(1, 22))


async def test_a_backlog_longer_than_a_page_comes_whole(
    log: Log, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "BACKLOG_PAGE", 3)
    for _ in range(7):
        log.make(heard=False)
    await watch(0).expect(*range(1, 8))


async def test_nobody_hears_another_owner(log: Log, watch: Watch) -> None:
    watcher = watch()
    log.make(owner=BOB)
    log.make(owner=ANA)
    await watcher.expect(2)


async def test_a_stream_of_one_video_tells_of_that_one_only(log: Log, watch: Watch) -> None:
    log.make(video=OTHER, heard=False)
    log.make(video=FILM, heard=False)
    watcher = watch(0, FILM)
    await watcher.expect(2)
    log.make(video=OTHER)
    log.make(video=FILM)
    await watcher.expect(2, 4)


async def test_what_happened_while_the_listener_was_cut_off_is_read_from_the_log_in_order(
    log: Log, watch: Watch
) -> None:
    watcher = watch()
    log.make()
    await watcher.expect(1)
    log.live.put_nowait(None)
    log.make(heard=False)
    log.make(heard=False)
    # Heard right after the connection is back, before the stream has looked at the log.
    log.make()
    await watcher.expect(1, 2, 3, 4)
    assert log.listeners == 2


async def test_progress_has_no_id_and_moves_nothing(log: Log, watch: Watch) -> None:
    watcher = watch()
    now = datetime.now(UTC)
    log.live.put_nowait(Event(None, ANA, FILM, "video.progress", {"progress": 0.5}, now))
    await until(lambda: len(watcher.frames) == 3)
    assert watcher.frames[2].startswith(b"event: video.progress\ndata: {")
    assert watcher.stream.last == 0


async def test_a_client_that_is_too_slow_is_cut_off_and_loses_no_stored_event(
    hub: EventHub, log: Log
) -> None:
    subscription = hub.subscribe(ANA, None)
    for _ in range(hubs.MAX_WAITING):
        log.make()
    await until(log.live.empty)
    assert not subscription.closed
    log.live.put_nowait(Event(None, ANA, FILM, "video.progress", {}, datetime.now(UTC)))
    await until(log.live.empty)
    assert not subscription.closed
    log.make()
    await until(lambda: subscription.closed)
    hub.unsubscribe(subscription)


async def test_silence_is_filled_with_comments(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "PING_S", 0.02)
    watcher = watch()
    await until(lambda: watcher.frames.count(b": ping\n\n") >= 2)


async def test_an_account_has_a_bounded_number_of_streams(hub: EventHub) -> None:
    open_ones = [hub.subscribe(ANA, None) for _ in range(hubs.MAX_STREAMS)]
    with pytest.raises(TooManyStreamsError):
        hub.subscribe(ANA, None)
    hub.subscribe(BOB, None)
    hub.unsubscribe(open_ones[0])
    hub.unsubscribe(open_ones[0])
    hub.subscribe(ANA, None)
    with pytest.raises(TooManyStreamsError):
        hub.subscribe(ANA, None)


async def test_all_streams_end_when_the_process_stops(hub: EventHub, watch: Watch) -> None:
    watcher = watch()
    await until(lambda: len(watcher.frames) == 2)
    hub.close()
    await asyncio.wait_for(watcher.task, 1)
    assert hub.subscribe(ANA, None).closed


async def test_a_bug_in_one_event_does_not_end_listening(log: Log, watch: Watch) -> None:
    watcher = watch()
    log.live.put_nowait("not an event")  # type: ignore[arg-type]
    await until(lambda: log.listeners == 2)
    log.make()
    await watcher.expect(1)


Receive = Callable[[], Awaitable[dict[str, object]]]


async def serve(stream: EventStream, receive: Receive, sent: list[object]) -> None:
    async def send(message: object) -> None:
        sent.append(message)

    await stream({"type": "http"}, receive, send)


async def test_a_client_that_leaves_ends_the_stream(hub: EventHub, log: Log) -> None:
    leave = asyncio.Event()

    async def receive() -> dict[str, object]:
        await leave.wait()
        return {"type": "http.disconnect"}

    sent: list[object] = []
    subscription = hub.subscribe(ANA, None)
    stream = EventStream(hub, log, subscription, 0, hello=True)
    serving = asyncio.create_task(serve(stream, receive, sent))
    await until(lambda: len(sent) == 3)
    leave.set()
    await asyncio.wait_for(serving, 1)
    assert not hub._streams


async def test_a_stream_ends_by_itself_after_a_while(
    hub: EventHub, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "LONGEST_S", 0.05)
    sent: list[object] = []
    stream = EventStream(hub, log, hub.subscribe(ANA, None), 0, hello=True)
    await asyncio.wait_for(serve(stream, asyncio.Event().wait, sent), 1)  # type: ignore[arg-type]
    assert sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}


async def test_a_client_that_takes_nothing_is_given_up(
    hub: EventHub, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "SEND_S", 0.05)
    stream = EventStream(hub, log, hub.subscribe(ANA, None), 0, hello=True)

    async def send(message: dict[str, object]) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    serving = stream({"type": "http"}, asyncio.Event().wait, send)  # type: ignore[arg-type]
    await asyncio.wait_for(serving, 1)
    assert not hub._streams


async def test_a_log_out_of_reach_ends_the_stream_so_that_it_resumes(
    hub: EventHub, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_args: object) -> list[Event]:
        raise TransientError("gone")

    monkeypatch.setattr(log, "events", broken)
    subscription = hub.subscribe(ANA, None)
    subscription.mark_missed()
    sent: list[object] = []
    stream = EventStream(hub, log, subscription, 3, hello=False)
    await asyncio.wait_for(serve(stream, asyncio.Event().wait, sent), 1)  # type: ignore[arg-type]
    assert len(sent) == 3
