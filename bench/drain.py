"""Thousands of queued jobs of many users, drained: nothing lost, and everybody gets on.

Two kinds. Removals are jobs without media work: what the queue, the claims and the stores can do.
Real videos, the smallest there are, cost three ffmpeg tasks each, which two cores make few of.
"""

import asyncio
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import psycopg

from bench.footage import ffmpeg
from bench.report import Report, Row
from bench.world import World, world
from carrete.domain.account import Role
from carrete.domain.artifacts import original_key
from carrete.domain.ids import new_id
from carrete.domain.upload import part_size
from carrete.domain.video import VideoState
from carrete.ports import NewVideo

USERS = 20
REMOVALS = 5000
VIDEOS = 100
WORKERS = 2
LONGEST_S = 240.0
"""Seconds that one drain may take; what is left then is reported as not drained."""

AT_ONCE = 32


@dataclass(frozen=True)
class Drained:
    """How a drain went.

    Attributes:
        done: jobs that ended as they should.
        wrong: jobs that ended otherwise.
        fairness: the least served user's jobs / the most served one's, when the first was done.
    """

    queued: int
    done: int
    wrong: int
    seconds: float
    fairness: float


async def run() -> Report:
    """Drain both kinds, one after the other."""
    async with world(workers=0) as system:
        removals = await _drain(system, REMOVALS, _queue_removals, "video.deleted")
    rows = [*_rows("jobs without media work", removals)]
    if VIDEOS:
        async with world(workers=0) as system:
            videos = await _drain(system, VIDEOS, _queue_videos, "video.ready")
        rows += _rows("smallest real videos", videos)
    title = f"Queued jobs of {USERS} users, the first of whom has half of them, {WORKERS} workers"
    return Report(title, rows)


def _rows(name: str, drained: Drained) -> Sequence[Row]:
    lost = drained.queued - drained.done - drained.wrong
    detail = f"{drained.done} of {drained.queued} done, {drained.wrong} wrong, {lost} lost"
    rate = drained.done / drained.seconds
    return [
        Row(f"{name}: lost or wrong", lost + drained.wrong, "", goal="0", detail=detail),
        Row(f"{name}: a second", rate, "1/s", detail=f"{drained.seconds:.0f} s"),
        Row(
            f"{name}: least served user / most served",
            drained.fairness,
            "",
            goal="≥ 0.8",
            detail="jobs done when the first user had all of theirs",
        ),
    ]


Queueing = Callable[[World, Sequence[UUID]], Awaitable[None]]
"""Queues a job for each of some owners."""


async def _drain(system: World, count: int, queue: Queueing, end: str) -> Drained:
    accounts = system.container.accounts
    made = [
        await accounts.create_account(f"{uuid4().hex}@example.org", "-", Role.USER)
        for _ in range(USERS)
    ]
    owners = [account.id for account in made]
    half = count // 2
    rest = [owners[1 + number % (USERS - 1)] for number in range(count - half)]
    jobs = [*[owners[0]] * half, *rest]
    random.Random(0).shuffle(jobs)
    await queue(system, jobs)
    await _wait_alike(system)
    async with system.container.events.listen() as heard:
        start = time.perf_counter()
        order: list[UUID] = []
        wrong = 0
        async with _workers(system):
            try:
                async with asyncio.timeout(LONGEST_S):
                    while len(order) + wrong < count:
                        event = await anext(heard)
                        if event.type == end:
                            order.append(event.owner_id)
                        elif event.type == "video.failed":
                            wrong += 1
            except TimeoutError:
                pass
            seconds = time.perf_counter() - start
    return Drained(count, len(order), wrong, seconds, fairness(order, owners, Counter(rest)))


async def _wait_alike(system: World) -> None:
    """Let all jobs have waited for as long: what waited for 30 s goes first (ADR 2).

    Otherwise those that were queued first would, and one user has half of them.
    """
    url = system.stack.environment["CARRETE_DATABASE_URL"].replace("+psycopg", "")
    async with await psycopg.AsyncConnection.connect(url) as connection:
        await connection.execute("UPDATE task SET run_after = now() WHERE state = 'pending'")


def fairness(order: Sequence[UUID], owners: Sequence[UUID], small: Counter[UUID]) -> float:
    """The least served owner's jobs / the most served one's, when the first owner was done. Pure.

    Args:
        order: whose jobs ended, in order of time.
        owners: all of them.
        small: jobs of the owners that have few.
    """
    done: Counter[UUID] = Counter()
    for owner in order:
        done[owner] += 1
        if done[owner] == small.get(owner):
            break
    counts: list[int] = [done[owner] for owner in owners]
    return min(counts) / max(1, *counts)


@asynccontextmanager
async def _workers(system: World) -> AsyncIterator[None]:
    """Workers that start when everything is queued."""
    environment = {**system.stack.environment, "CARRETE_WORKER_THREADS": "1"}
    running = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "carrete", "worker"),
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        for _ in range(WORKERS)
    ]
    try:
        yield
    finally:
        for process in running:
            process.terminate()
        await asyncio.gather(*(process.wait() for process in running))


async def _store(system: World, owner: UUID, source: Path) -> UUID:
    """A video whose original is stored, as after an upload."""
    size = source.stat().st_size  # noqa: ASYNC240 - a small local file
    new = NewVideo(new_id(), owner, "x.mp4", ".mp4", "video/mp4", size, part_size(size), "h264")
    await system.container.videos.create_video(new, None, b"")
    key = original_key(owner, new.id, ".mp4")
    await system.container.objects.put_file(key, source, "video/mp4")
    return new.id


async def _queue_removals(system: World, owners: Sequence[UUID]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / "x.mp4"
        source.write_bytes(b"x")

        async def one(owner: UUID) -> None:
            video = await _store(system, owner, source)
            bells = await system.container.videos.request_removal(
                owner, video, only=VideoState.UPLOADING
            )
            await system.container.queue.ring(bells)

        await _each(owners, one)


async def _queue_videos(system: World, owners: Sequence[UUID]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / "x.mp4"
        picture = "testsrc2=size=64x36:rate=24:duration=0.5"
        argv = (ffmpeg(), "-v", "error", "-f", "lavfi", "-i", picture, "-pix_fmt", "yuv420p")
        await asyncio.to_thread(subprocess.run, (*argv, str(source)), check=True)

        async def one(owner: UUID) -> None:
            video = await _store(system, owner, source)
            await system.container.queue.ring(
                await system.container.videos.submit(owner, video, None)
            )

        await _each(owners, one)


async def _each(owners: Sequence[UUID], act: Callable[[UUID], Awaitable[None]]) -> None:
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(owner: UUID) -> None:
        async with slots:
            await act(owner)

    async with asyncio.TaskGroup() as group:
        for owner in owners:
            group.create_task(one(owner))
