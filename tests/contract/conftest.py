"""The same suite for the adapters in memory and the real ones."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from tests.conftest import Aws

from carrete.adapters.memory import MemoryObjects, MemoryQueue, MemoryStore
from carrete.adapters.postgres.accounts import PostgresAccounts
from carrete.adapters.postgres.engine import Database
from carrete.adapters.postgres.events import PostgresEvents
from carrete.adapters.postgres.jobs import PostgresJobs
from carrete.adapters.postgres.maintenance import PostgresMaintenance
from carrete.adapters.postgres.operator import PostgresOperator
from carrete.adapters.postgres.shares import PostgresShares
from carrete.adapters.postgres.videos import PostgresVideos
from carrete.bootstrap import create_local_resources, open_container
from carrete.config import load_settings
from carrete.domain.account import Account, Role
from carrete.domain.ids import new_id
from carrete.domain.quota import Quota
from carrete.domain.video import Video
from carrete.ports import (
    AccountStore,
    EventLog,
    JobStore,
    MaintenanceStore,
    NewVideo,
    ObjectStore,
    OperatorStore,
    Queue,
    ShareStore,
    VideoStore,
)

SHIFTED = (
    ("task", ("lease_until", "run_after", "rung_at")),
    ("video", ("updated_at",)),
    ("artifact", ("swept_at",)),
    ("session", ("expires_at", "seen_at")),
    ("signin_attempt", ("window_start",)),
    ("event", ("at",)),
    ("share", ("expires_at",)),
    ("worker", ("seen_at",)),
)


@dataclass
class Stores:
    """All stores over one set of rows, and the means to let time pass without waiting."""

    accounts: AccountStore
    videos: VideoStore
    jobs: JobStore
    maintenance: MaintenanceStore
    events: EventLog
    shares: ShareStore
    operator: OperatorStore
    elapse: Callable[[float], Awaitable[None]]
    limit: Callable[[Quota], None]

    async def account(self, name: str = "ana") -> Account:
        return await self.accounts.create_account(f"{name}@example.org", "hash", Role.USER)

    async def upload(self, owner_id: UUID, name: str = "film.mp4") -> Video:
        """A video whose upload has just been opened."""
        new = NewVideo(
            id=new_id(),
            owner_id=owner_id,
            name=name,
            extension=".mp4",
            content_type="video/mp4",
            size_bytes=1000,
            part_size=8 * 1024 * 1024,
            profile="h264",
        )
        video, _ = await self.videos.create_video(new, None, hashlib.sha256(b"").digest())
        return video

    async def queued(self, owner_id: UUID, name: str = "film.mp4") -> Video:
        """A video whose upload is complete."""
        video = await self.upload(owner_id, name)
        await self.videos.submit(owner_id, video.id, "etag")
        return await self.videos.video(owner_id, video.id)


def _in_memory() -> Stores:
    shift = timedelta()

    async def elapse(seconds: float) -> None:
        nonlocal shift
        shift += timedelta(seconds=seconds)

    store = MemoryStore(clock=lambda: datetime.now(UTC) + shift)

    def limit(quota: Quota) -> None:
        store.quota = quota

    return Stores(store, store, store, store, store, store, store, elapse, limit)


@pytest.fixture(params=["memory", "postgres"])
def store_url(request: pytest.FixtureRequest) -> str | None:
    """URL of the database, or nothing for the stores in memory, which then start none."""
    return None if request.param == "memory" else str(request.getfixturevalue("database_url"))


@pytest.fixture
async def stores(store_url: str | None) -> AsyncIterator[Stores]:
    if store_url is None:
        yield _in_memory()
        return
    database = Database(store_url, 5)

    async def elapse(seconds: float) -> None:
        async with database.transaction() as tx:
            for table, columns in SHIFTED:
                past = ", ".join(f"{c} = {c} - make_interval(secs => :s)" for c in columns)
                await tx.rows(f"UPDATE {table} SET {past}", s=seconds)  # noqa: S608 - constants

    videos, jobs = PostgresVideos(database), PostgresJobs(database)

    def limit(quota: Quota) -> None:
        videos._quota = jobs._quota = quota

    yield Stores(
        PostgresAccounts(database),
        videos,
        jobs,
        PostgresMaintenance(database),
        PostgresEvents(database),
        PostgresShares(database),
        PostgresOperator(database),
        elapse,
        limit,
    )
    await database.close()


@dataclass
class Services:
    """A bucket and a queue of the test's own."""

    objects: ObjectStore
    queue: Queue


@pytest.fixture(params=["memory", "aws"])
def cloud(request: pytest.FixtureRequest) -> Aws | None:
    """Where S3 and SQS answer, or nothing for those in memory."""
    return None if request.param == "memory" else request.getfixturevalue("aws")


@pytest.fixture
async def services(cloud: Aws | None) -> AsyncIterator[Services]:
    if cloud is None:
        yield Services(MemoryObjects(), MemoryQueue())
        return
    settings = load_settings(
        database_url="postgresql+psycopg://unused/unused",
        aws_endpoint_url=cloud.endpoint_url,
        s3_bucket=cloud.bucket,
        sqs_queue_url=cloud.queue_url(),
        sqs_dlq_url=cloud.queue_url("carrete-dead"),
    )
    await create_local_resources(settings)
    async with open_container(settings) as container:
        yield Services(container.objects, container.queue)
