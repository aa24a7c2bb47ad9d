"""The whole system as its users have it: separate processes, real stores, the client library."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from tests.clips import make_clip

from carrete.client.api import CarreteClient
from carrete.client.events import tracking
from carrete.client.models import TaskView, VideoView
from carrete.client.retry import PATIENT
from carrete.client.state import UploadBook
from carrete.client.upload import UploadRequest, upload_file
from carrete.config import Settings, load_settings
from carrete.local.stack import Stack, StackOptions

PASSWORD = "correct horse battery"
LEASE_S = 4


@dataclass
class Person:
    """Somebody who is signed in."""

    client: CarreteClient
    account_id: UUID
    book: UploadBook

    async def upload(self, path: Path, name: str | None = None) -> VideoView:
        outcome = await upload_file(
            self.client, self.account_id, UploadRequest(path, name), book=self.book
        )
        return outcome.video

    async def settled(self, video: VideoView) -> VideoView:
        async with asyncio.timeout(100), tracking(self.client) as tracker:
            return await tracker.settled(video.id)

    async def until_task(self, video: VideoView, wanted: Callable[[TaskView], bool]) -> TaskView:
        """Wait, from event to event, for a task of the video that is as wanted."""
        heard = asyncio.Event()
        async with asyncio.timeout(60), tracking(self.client, lambda _: heard.set()):
            while True:
                heard.clear()
                for task in (await self.client.job(video.id)).tasks:
                    if wanted(task):
                        return task
                await heard.wait()


@pytest.fixture(scope="module")
async def stack() -> AsyncIterator[Stack]:
    """Two workers and an API; a child that a test kills is started again."""
    options = StackOptions(
        api_port=0,
        localstack_port=0,
        workers=2,
        environment={
            "CARRETE_LEASE_S": str(LEASE_S),
            "CARRETE_VISIBILITY_S": "10",
            "CARRETE_RECONCILE_S": "0.5",
            "CARRETE_STOP_GRACE_S": "0",
        },
    )
    async with Stack(options) as stack:
        supervising = asyncio.ensure_future(stack.supervise())
        yield stack
        supervising.cancel()
        await asyncio.wait([supervising])


@pytest.fixture
async def person(stack: Stack, tmp_path: Path) -> AsyncIterator[Person]:
    async with CarreteClient(stack.api_url, retry=PATIENT) as client:
        signed = await client.register(f"{uuid4().hex}@example.org", PASSWORD)
        client.use_token(signed.token)
        yield Person(client, signed.account.id, UploadBook(tmp_path / "uploads"))


@pytest.fixture
def settings(stack: Stack) -> Settings:
    """The settings of the running system, for a look behind it."""
    env = stack.environment
    return load_settings(
        database_url=env["CARRETE_DATABASE_URL"],
        aws_endpoint_url=env["CARRETE_AWS_ENDPOINT_URL"],
        s3_bucket=env["CARRETE_S3_BUCKET"],
        sqs_queue_url=env["CARRETE_SQS_QUEUE_URL"],
        sqs_dlq_url=env["CARRETE_SQS_DLQ_URL"],
    )


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clips") / "día 1 'quoted' 🎬.mp4", 3)


@pytest.fixture(scope="session")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clips") / "long.mp4", 20)
