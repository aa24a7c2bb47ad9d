"""An owner with every port in memory, and short names for the use cases."""

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from carrete.adapters.memory import MemoryObjects, MemoryQueue, MemoryStore
from carrete.domain.artifacts import original_key
from carrete.domain.ids import new_id
from carrete.domain.upload import MIB
from carrete.domain.video import Video
from carrete.usecases.complete_upload import complete_upload
from carrete.usecases.create_upload import WantedUpload, create_upload
from carrete.usecases.reconcile import Reconciler

LIMIT = 1000 * MIB


@dataclass
class Desk:
    owner: UUID = field(default_factory=new_id)
    objects: MemoryObjects = field(default_factory=MemoryObjects)
    queue: MemoryQueue = field(default_factory=MemoryQueue)
    shift: timedelta = field(default_factory=timedelta)

    def __post_init__(self) -> None:
        self.store = MemoryStore(lambda: datetime.now(UTC) + self.shift)

    async def create(
        self, size: int = 5, name: str = "film.mp4", key: str | None = None
    ) -> tuple[Video, bool]:
        return await create_upload(
            self.owner,
            WantedUpload(name, size),
            idempotency_key=key,
            max_bytes=LIMIT,
            videos=self.store,
            objects=self.objects,
        )

    async def uploaded(self, data: bytes = b"hello") -> Video:
        """A video whose single part is stored."""
        video, _ = await self.create(len(data))
        self.put(video, 1, data)
        return video

    def put(self, video: Video, number: int, data: bytes) -> None:
        assert video.upload_id is not None
        self.objects.put_part(video.upload_id, number, data)

    async def complete(self, video: Video) -> Video:
        return await complete_upload(
            self.owner, video.id, videos=self.store, objects=self.objects, queue=self.queue
        )

    async def now(self, video: Video) -> Video:
        return await self.store.video(self.owner, video.id)

    def key(self, video: Video) -> str:
        return original_key(self.owner, video.id, video.extension)


def sha256(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def leader(store: MemoryStore, objects: MemoryObjects, queue: MemoryQueue) -> Reconciler:
    """What a worker does that leads."""
    return Reconciler(
        videos=store,
        accounts=store,
        maintenance=store,
        objects=objects,
        queue=queue,
        resend_s=60,
        upload_expiry_s=3600,
        sweep_grace_s=600,
        event_s=86400,
    )
