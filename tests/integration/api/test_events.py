"""Live events over a real server and real notifications."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import psycopg
import pytest
from psycopg import sql
from tests.integration.api.problems import assert_problem
from tests.integration.api.serving import Client, Service


@dataclass
class Heard:
    """Events as a client reads them."""

    answer: httpx.Response
    events: list[dict[str, Any]] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self) -> None:
        event: dict[str, Any] = {}
        async for line in self.answer.aiter_lines():
            name, _, value = line.partition(": ")
            if name == "data":
                event["data"] = json.loads(value)
            elif name in {"id", "event"}:
                event[name] = int(value) if name == "id" else value
            elif not line and "event" in event:
                self.events.append(event)
                event = {}
        self.ended.set()

    @property
    def kinds(self) -> list[str]:
        return [event["event"] for event in self.events]

    @property
    def ids(self) -> list[int]:
        return [event["id"] for event in self.events if "id" in event]

    async def until(self, kind: str, count: int = 1) -> None:
        async with asyncio.timeout(10):
            while self.kinds.count(kind) < count:
                await asyncio.sleep(0.01)


@asynccontextmanager
async def listening(client: Client, query: str = "", **headers: str) -> AsyncIterator[Heard]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with client.http.stream("GET", f"/api/events{query}", headers=named) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        heard = Heard(answer)
        reading = asyncio.create_task(heard.read())
        try:
            yield heard
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


async def test_a_stream_tells_what_happens_from_its_beginning_on(
    service: Service, ana: Client
) -> None:
    before = await ana.upload()
    async with listening(ana) as heard:
        await heard.until("hello")
        newest = await service.container.events.last_event_id(ana.id)
        assert heard.events[0] == {
            "id": newest,
            "event": "hello",
            "data": {"last_event_id": newest},
        }
        video = await ana.upload()
        await heard.until("video.queued")
        await ana.http.post(f"/api/videos/{before['id']}/cancel")
        await heard.until("video.canceled")
    assert heard.kinds == ["hello", "video.uploading", "video.queued", "video.canceled"]
    assert heard.ids == sorted(set(heard.ids))
    last = heard.events[2]["data"]
    assert set(last) == {"video_id", "type", "at", "data"}
    assert (last["video_id"], last["type"]) == (video["id"], "video.queued")


async def test_progress_is_told_without_an_id(own_service: Service) -> None:
    ana = await own_service.account("ana")
    video = await ana.upload()
    claim = await own_service.container.jobs.claim("test", 30)
    assert claim is not None
    async with listening(ana) as heard:
        await heard.until("hello")
        await own_service.container.jobs.heartbeat(claim.task, 30, 0.5)
        await heard.until("video.progress")
    event = heard.events[-1]
    assert "id" not in event
    assert event["data"]["video_id"] == video["id"]
    assert event["data"]["data"]["task"]["progress"] == 0.5


async def test_a_client_that_breaks_off_again_and_again_misses_and_repeats_nothing(
    service: Service, ana: Client
) -> None:
    """Reconnects at random moments while events are made as fast as the API takes them."""
    chance = random.Random(7)
    ids: list[int] = []
    async with listening(ana) as heard:
        await heard.until("hello")
        last = heard.ids[-1]
    start = last

    async def make() -> None:
        for number in range(60):
            await ana.create(f"{number}.mp4")
            await asyncio.sleep(chance.random() / 100)

    making = asyncio.create_task(make())
    while not making.done():
        async with listening(ana, Last_Event_ID=str(last)) as heard:
            await asyncio.sleep(chance.random() / 10)
        ids += heard.ids
        last = ids[-1] if ids else last
    await making
    newest = await service.container.events.last_event_id(ana.id)
    async with listening(ana, f"?last_event_id={last}") as heard:
        async with asyncio.timeout(5):
            while last < newest and (heard.ids or [last])[-1] < newest:
                await asyncio.sleep(0.01)
    ids += heard.ids
    stored = await service.container.events.events(ana.id, start, 1000)
    assert ids == [event.id for event in stored]
    assert len(ids) == 60


async def test_what_happens_while_the_database_cuts_the_listener_off_is_not_lost(
    own_service: Service, database_url: str
) -> None:
    ana = await own_service.account("ana")
    async with listening(ana) as heard:
        await heard.until("hello")
        await ana.create("1.mp4")
        await heard.until("video.uploading", 1)
        await cut_listeners(database_url)
        await ana.create("2.mp4")
        await heard.until("video.uploading", 2)
        await ana.create("3.mp4")
        await heard.until("video.uploading", 3)
    names = [event["data"]["data"]["name"] for event in heard.events[1:]]
    assert names == ["1.mp4", "2.mp4", "3.mp4"]


async def cut_listeners(database_url: str) -> None:
    url = database_url.replace("postgresql+psycopg", "postgresql")
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        found = await connection.execute(
            sql.SQL(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND query LIKE 'LISTEN%'"
            )
        )
        assert await found.fetchall()


async def test_nobody_hears_of_another_accounts_videos(service: Service, ana: Client) -> None:
    bob = await service.account("bob")
    async with listening(bob) as heard:
        await heard.until("hello")
        video = await ana.upload()
        own = await bob.create()
        await heard.until("video.uploading")
    assert {event["data"].get("video_id") for event in heard.events[1:]} == {own["video"]["id"]}
    refused = await bob.http.get(f"/api/events?video_id={video['id']}")
    assert_problem(refused, 404, "not_found")


async def test_a_stream_of_one_video_is_about_that_one(ana: Client) -> None:
    one, other = (await ana.create())["video"], (await ana.create())["video"]
    async with listening(ana, f"?video_id={one['id']}&last_event_id=0") as heard:
        await ana.http.patch(f"/api/videos/{other['id']}", json={"name": "x"})
        await ana.http.patch(f"/api/videos/{one['id']}", json={"name": "y"})
        await heard.until("video.renamed")
    assert {event["data"]["video_id"] for event in heard.events} == {one["id"]}
    assert heard.kinds == ["video.uploading", "video.renamed"]


async def test_a_client_of_another_database_starts_afresh(ana: Client) -> None:
    async with listening(ana, Last_Event_ID="999999") as heard:
        await heard.until("hello")
        await ana.create()
        await heard.until("video.uploading")


@pytest.mark.parametrize("bad", ["x", "-1", str(2**63)])
async def test_a_bad_position_is_refused(ana: Client, bad: str) -> None:
    answer = await ana.http.get("/api/events", headers={"Last-Event-ID": bad})
    assert_problem(answer, 422, "invalid_request")


async def test_the_twenty_first_stream_of_an_account_is_refused(
    service: Service, ana: Client
) -> None:
    async with AsyncExitStack() as open_ones:
        for _ in range(20):
            await open_ones.enter_async_context(listening(ana))
        assert_problem(await ana.http.get("/api/events"), 429, "too_many_streams")
        bob = await service.account("bob")
        await open_ones.enter_async_context(listening(bob))
    async with asyncio.timeout(5):
        while (await ana.http.head("/api/events")).status_code != 200:
            await asyncio.sleep(0.05)


async def test_streams_end_at_once_when_the_server_stops(own_service: Service) -> None:
    ana = await own_service.account("ana")
    async with listening(ana) as heard:
        await heard.until("hello")
        loop = asyncio.get_running_loop()
        began = loop.time()
        own_service.server.should_exit = True
        await asyncio.wait_for(heard.ended.wait(), 5)
        assert loop.time() - began < 2
