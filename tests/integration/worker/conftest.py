"""A worker in this process, over real PostgreSQL, S3, SQS and ffmpeg."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

import imageio_ffmpeg
import pytest
from tests.clips import make_clip
from tests.conftest import Aws
from tests.media import corpus

from carrete.bootstrap import (
    Container,
    create_local_resources,
    open_container,
    open_workspace,
)
from carrete.config import Settings, load_settings
from carrete.domain.account import Role
from carrete.domain.artifacts import original_key
from carrete.domain.ids import new_id
from carrete.domain.task import Claim
from carrete.domain.upload import extension_of, part_size
from carrete.domain.video import Video, VideoState
from carrete.metrics import WorkerMetrics, new_registry
from carrete.ports import NewVideo
from carrete.worker.loop import Slot
from carrete.worker.main import make_reconciler, make_slot, worker_name

SETTLED = {VideoState.READY, VideoState.FAILED, VideoState.CANCELED}


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of moving picture with sound."""
    return make_clip(tmp_path_factory.mktemp("clips") / "clip.mp4", 3)


@pytest.fixture(scope="session")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Long enough that its encoding can be interrupted."""
    return make_clip(tmp_path_factory.mktemp("clips") / "long.mp4", 40)


@pytest.fixture(scope="session")
def clip_of(request: pytest.FixtureRequest) -> Callable[[str], Path]:
    """Gives a clip of the media corpus by name; clips are kept in pytest's cache."""
    folder = request.config.cache.mkdir(f"media-corpus-{corpus.fingerprint()}")
    ffmpeg = Path(imageio_ffmpeg.get_ffmpeg_exe())
    return lambda name: corpus.make(name, folder, ffmpeg)


@dataclass
class Desk:
    """Everything a test needs to send a video and watch a worker."""

    settings: Settings
    container: Container
    owner: UUID
    claims: list[Claim] = field(default_factory=list)

    async def send(self, source: Path, name: str = "film.mp4", owner: UUID | None = None) -> Video:
        """Store an original and submit it, as the API does."""
        size = source.stat().st_size
        new = NewVideo(
            id=new_id(),
            owner_id=owner or self.owner,
            name=name,
            extension=extension_of(name),
            content_type="video/mp4",
            size_bytes=max(size, 1),
            part_size=part_size(max(size, 1)),
            profile="h264",
        )
        await self.container.videos.create_video(new, None, b"")
        key = original_key(new.owner_id, new.id, new.extension)
        await self.container.objects.put_file(key, source, "video/mp4")
        bells = await self.container.videos.submit(new.owner_id, new.id, None)
        await self.container.queue.ring(bells)
        return await self.container.videos.video(new.owner_id, new.id)

    async def video(self, video: Video) -> Video:
        return await self.container.videos.video(video.owner_id, video.id)

    async def until(
        self, video: Video, wanted: Callable[[Video], bool], within_s: float = 90
    ) -> Video:
        """Wait, from event to event, until the video is as wanted."""
        async with asyncio.timeout(within_s), self.container.events.listen() as heard:
            while not wanted(now := await self.video(video)):
                await anext(heard)
            return now

    async def settled(self, video: Video, within_s: float = 90) -> Video:
        return await self.until(video, lambda now: now.state in SETTLED, within_s)

    @asynccontextmanager
    async def worker(self, **changes: object) -> AsyncIterator[Slot]:
        """A worker that runs until the block ends, and then drains."""
        settings = self.settings.model_copy(update=changes)
        stopping = asyncio.Event()
        name = worker_name()
        async with open_workspace(settings, self.container, name) as workspace:
            slot = make_slot(
                settings, self.container, workspace, name, WorkerMetrics(new_registry()), stopping
            )
            running = asyncio.ensure_future(slot.run())
            try:
                yield slot
            finally:
                stopping.set()
                await asyncio.wait_for(running, 30)

    async def reconcile(self) -> None:
        await make_reconciler(self.settings, self.container).round()

    async def keys(self) -> list[str]:
        return [item.key async for item in self.container.objects.list("")]


@pytest.fixture
async def desk(database_url: str, aws: Aws, tmp_path: Path) -> AsyncIterator[Desk]:
    settings = load_settings(
        database_url=database_url,
        aws_endpoint_url=aws.endpoint_url,
        s3_bucket=aws.bucket,
        sqs_queue_url=aws.queue_url(),
        sqs_dlq_url=aws.queue_url("carrete-dead"),
        scratch_dir=tmp_path / "scratch",
        lease_s=5,
        heartbeat_s=0.2,
        visibility_s=10,
        stop_grace_s=0,
    )
    await create_local_resources(settings)
    async with open_container(settings) as container:
        account = await container.accounts.create_account(
            f"{uuid4().hex}@example.org", "hash", Role.USER
        )
        yield Desk(settings, container, account.id)
