"""Videos as their owners see and change them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from carrete.domain.artifacts import ArtifactKind, JsonObject
from carrete.domain.library import Position, VideoQuery
from carrete.domain.task import Task
from carrete.domain.video import Video, VideoState


@dataclass(frozen=True, slots=True)
class NewVideo:
    """What a video starts with."""

    id: UUID
    owner_id: UUID
    name: str
    extension: str
    content_type: str
    size_bytes: int
    part_size: int
    profile: str


@dataclass(frozen=True, slots=True)
class Artifact:
    """A stored object that a published or running job made."""

    key: str
    video_id: UUID
    job_id: UUID
    kind: ArtifactKind
    size_bytes: int
    content_type: str
    rendition: str | None
    chunk: int | None
    meta: JsonObject


@dataclass(frozen=True, slots=True)
class ChunkSize:
    """A chunk that is made in a rendition, without what playlists need of it."""

    rendition: str
    chunk: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Doorbell:
    """A message that says: a task of this owner waits. It carries no work itself (invariant 1)."""

    task_id: UUID
    owner_id: UUID


@dataclass(frozen=True, slots=True)
class JobDetail:
    """One job of a video with its tasks, for its owner."""

    id: UUID
    profile: str
    plan: JsonObject
    created_at: datetime
    finished_at: datetime | None
    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class Results:
    """What a job has made so far.

    Attributes:
        plan: empty before ``prepare`` is done.
        complete: whether that is all; the job is published.
        artifacts: live objects in order of their chunks.
    """

    plan: JsonObject
    complete: bool
    artifacts: tuple[Artifact, ...]


class VideoStore(Protocol):
    """Videos as their owners see and change them. Every call is scoped by owner (invariant 9)."""

    async def create_video(
        self, new: NewVideo, idempotency_key: str | None, request_hash: bytes
    ) -> tuple[Video, bool]:
        """Add a video in ``uploading``, or find the one that the same key made before.

        Returns:
            The video, and whether it was made by this call.

        Raises:
            IdempotencyConflictError: the key was used with another ``request_hash``.
            QuotaExceededError: the owner may have no more; of many calls at once no more succeed
                than may.
        """
        ...

    async def set_upload(self, owner_id: UUID, video_id: UUID, upload_id: str) -> str:
        """Keep S3's name of the multipart upload unless one is kept; returns the one that is."""
        ...

    async def touch(self, owner_id: UUID, video_id: UUID) -> None:
        """A sign of life from an upload: it is not abandoned."""
        ...

    async def video(self, owner_id: UUID, video_id: UUID) -> Video:
        """One video.

        Raises:
            NotFoundError: the owner has no such video.
        """
        ...

    async def videos(
        self,
        owner_id: UUID,
        query: VideoQuery = VideoQuery(),  # noqa: B008 - frozen
        *,
        after: Position | None = None,
        limit: int,
    ) -> list[Video]:
        """At most ``limit`` videos in the query's order, those behind ``after``.

        Names are compared in lower case; a video of unknown length counts as the shortest.
        """
        ...

    async def count_by_state(self, owner_id: UUID, text: str = "") -> dict[VideoState, int]:
        """How many videos with that text in their name are in each state that occurs."""
        ...

    async def rename(self, owner_id: UUID, video_id: UUID, name: str) -> Video:
        """Change the name that is shown.

        Raises:
            NotFoundError: the owner has no such video.
        """
        ...

    async def submit(self, owner_id: UUID, video_id: UUID, etag: str | None) -> Sequence[Doorbell]:
        """The original is stored whole: open a job, from ``uploading`` to ``queued``.

        Calling it again changes nothing and returns nothing to ring.

        Raises:
            NotFoundError: the owner has no such video.
            InvalidStateError: the video is being deleted.
        """
        ...

    async def resubmit(
        self, owner_id: UUID, video_id: UUID, profile: str | None
    ) -> Sequence[Doorbell]:
        """Process the original anew with a new job; the old results stay until it is ready.

        Raises:
            NotFoundError: the owner has no such video.
            InvalidStateError: it is uploading, in work or being deleted.
            QuotaExceededError: the owner may have no more in flight.
        """
        ...

    async def cancel(self, owner_id: UUID, video_id: UUID) -> Video:
        """Stop a job that is queued or in work; a canceled one stays as it is.

        Raises:
            NotFoundError: the owner has no such video.
            InvalidStateError: there is nothing to cancel.
        """
        ...

    async def request_removal(
        self, owner_id: UUID, video_id: UUID, *, only: VideoState | None = None
    ) -> Sequence[Doorbell]:
        """Hide the video from its owner, stop its work and open the task that deletes its objects.

        Args:
            owner_id: who asks.
            video_id: of which video.
            only: the state that the video must be in.

        Raises:
            NotFoundError: the owner has no such video.
            InvalidStateError: it is in another state than ``only``.
        """
        ...

    async def request_removals(
        self, owner_id: UUID, video_ids: Collection[UUID]
    ) -> tuple[int, Sequence[Doorbell]]:
        """``request_removal`` of those that the owner has; the others are left out.

        Returns:
            How many are being removed, and what to ring.
        """
        ...

    async def artifacts(
        self, owner_id: UUID, video_id: UUID, kinds: Collection[ArtifactKind]
    ) -> list[Artifact]:
        """The live objects of the published job, or of the one in work where none is published.

        Raises:
            NotFoundError: the owner has no such video.
        """
        ...

    async def results(
        self,
        owner_id: UUID,
        video_id: UUID,
        kinds: Collection[ArtifactKind],
        rendition: str | None = None,
    ) -> "Results":
        """The published job's plan and live objects, or those of the one in work so far.

        Args:
            owner_id: who asks.
            video_id: of which video.
            kinds: of objects.
            rendition: objects of this one alone.

        Raises:
            NotFoundError: the owner has no such video.
        """
        ...

    async def job(self, owner_id: UUID, video_id: UUID) -> JobDetail | None:
        """The video's current job with its tasks.

        Raises:
            NotFoundError: the owner has no such video.
        """
        ...

    async def chunk_sizes(self, owner_id: UUID, video_id: UUID) -> list[ChunkSize]:
        """The live chunks of the video's current job, in order.

        Raises:
            NotFoundError: the owner has no such video.
        """
        ...
