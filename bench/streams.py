"""How many idle event streams one API process holds, and what they cost the others."""

import asyncio
import hashlib
import resource
import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import psutil
import psycopg

from bench.load import Load, drive
from bench.report import Report, Row, at, middle
from bench.world import World, world
from carrete.api.hub import MAX_STREAMS
from carrete.domain.account import Role

STREAMS = 4_900
"""One process takes 5,000; some are left for others."""

SPARE_FILES = 500
AT_ONCE = 100
ROUNDS = 5
WAIT_S = 60.0
IDLE_S = 20.0
"""Longer than the quiet after which every stream sends a comment."""

LIST_S = 5.0
MARK = b"event: bench.mark"


@dataclass(frozen=True)
class Owner:
    """Somebody with as many streams as one account may have."""

    id: UUID
    token: str


class Stream(asyncio.Protocol):
    """One open event stream; counts the marks that came through."""

    def __init__(self, request: bytes) -> None:
        self.request = request
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.last = 0.0
        self.marks = 0
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the stream."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self.request)

    def close(self) -> None:
        """Go away."""
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Note the first answer, and marks."""
        if not self.opened.done():
            if not data.startswith(b"HTTP/1.1 200"):
                self.opened.set_exception(RuntimeError(data[:200].decode()))
                return
            self.opened.set_result(None)
        if MARK in data:
            self.marks += 1
            self.last = time.perf_counter()

    def connection_lost(self, exc: Exception | None) -> None:
        """The server ended it."""
        self.lost = True
        if not self.opened.done():
            self.opened.set_exception(exc or RuntimeError("the stream ended"))


async def run() -> Report:
    """Open the streams, let them idle, mark them all, list videos meanwhile."""
    async with world(workers=0) as system:
        port = int(system.stack.environment["CARRETE_API_PORT"])
        api = psutil.Process(system.stack.processes["api"])
        alone = await _listing(system)
        owners = await _owners(system, _possible(STREAMS))
        before = api.memory_info().rss
        began = time.perf_counter()
        streams = await _open(port, owners)
        opening_s = time.perf_counter() - began
        try:
            await asyncio.sleep(IDLE_S)
            idle = api.memory_info().rss
            cpu = await asyncio.to_thread(api.cpu_percent, IDLE_S)
            beside = await _listing(system)
            marked = [
                await _mark(system, owners, streams, number) for number in range(1, ROUNDS + 1)
            ]
            lost = sum(stream.lost for stream in streams)
        finally:
            for stream in streams:
                stream.close()
    return _report(len(streams), lost, opening_s, (idle - before), cpu, marked, alone, beside)


def _possible(wanted: int) -> int:
    """As many as this machine lets a process open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    return min(wanted, soft - SPARE_FILES)


async def _owners(system: World, streams: int) -> list[Owner]:
    """Accounts with a session each, made behind the API: passwords cost, and are not the point."""
    accounts = system.container.accounts
    owners = []
    for _ in range(-(-streams // MAX_STREAMS)):
        account = await accounts.create_account(f"{uuid4().hex}@example.org", "", Role.USER)
        token = secrets.token_urlsafe(32)
        hashed = hashlib.sha256(token.encode()).digest()
        await accounts.open_session(
            account.id, hashed, "bench", datetime.now(UTC) + timedelta(days=1)
        )
        owners.append(Owner(account.id, token))
    return owners


async def _open(port: int, owners: Sequence[Owner]) -> list[Stream]:
    """All streams of all owners, some at a time."""
    streams: list[Stream] = []
    slots = asyncio.Semaphore(AT_ONCE)
    loop = asyncio.get_running_loop()

    async def one(owner: Owner) -> None:
        request = (
            f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            f"Authorization: Bearer {owner.token}\r\n\r\n"
        ).encode()
        async with slots, asyncio.timeout(WAIT_S):
            _, stream = await loop.create_connection(lambda: Stream(request), "127.0.0.1", port)
            await stream.opened
        streams.append(stream)

    async with asyncio.TaskGroup() as group:
        for owner in owners:
            for _ in range(MAX_STREAMS):
                group.create_task(one(owner))
    return streams


async def _mark(
    system: World, owners: Sequence[Owner], streams: Sequence[Stream], number: int
) -> list[float]:
    """Seconds until each stream had an event, when every owner has one in the same commit."""
    url = system.stack.environment["CARRETE_DATABASE_URL"].replace("+psycopg", "")
    async with await psycopg.AsyncConnection.connect(url) as connection:
        await connection.execute(
            "SELECT pg_notify('carrete_event', json_build_object('id', NULL, 'owner_id', o,"
            " 'video_id', uuidv7(), 'type', 'bench.mark', 'data', '{}'::json, 'at', now())::text)"
            " FROM unnest(%s::uuid[]) o",
            ([owner.id for owner in owners],),
        )
        began = time.perf_counter()
        await connection.commit()
    async with asyncio.timeout(WAIT_S):
        # looking again costs nothing: each stream notes for itself when its event came
        while any(s.marks < number and not s.lost for s in streams):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return [stream.last - began for stream in streams if not stream.lost]


async def _listing(system: World) -> Load:
    return await drive(f"{system.stack.api_url}/api/videos?limit=100", system.me.token, 1, LIST_S)


def _report(  # noqa: PLR0917 - what was measured
    count: int,
    lost: int,
    opening_s: float,
    memory: int,
    cpu: float,
    marked: Sequence[Sequence[float]],
    alone: Load,
    beside: Load,
) -> Report:
    return Report(
        f"{count:,} idle event streams on one API process",
        [
            Row(
                "held", count - lost, "streams", detail=f"opened in {opening_s:.1f} s, {lost} lost"
            ),
            Row("memory of one", memory / count / 1024, "KiB", detail=f"{memory / 2**20:.0f} MiB"),
            Row("CPU while they idle", cpu, "%", detail="of one core"),
            Row(
                "one event to all of them",
                middle([max(times) for times in marked]) * 1000,
                "ms",
                detail=f"half within {middle([at(times, 0.5) for times in marked]) * 1000:.0f} ms",
            ),
            Row(
                "GET /videos meanwhile, p50",
                beside.p50_s * 1000,
                "ms",
                detail=f"{alone.p50_s * 1000:.1f} ms without streams",
            ),
            Row(
                "GET /videos meanwhile, p99",
                beside.p99_s * 1000,
                "ms",
                detail=f"{alone.p99_s * 1000:.1f} ms without streams",
            ),
        ],
    )
