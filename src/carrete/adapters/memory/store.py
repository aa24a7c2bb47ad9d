"""Accounts, videos, jobs and events in memory."""

from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from uuid import UUID

from carrete.adapters.memory.accounts import MemoryAccounts
from carrete.adapters.memory.jobs import MemoryJobs, in_order
from carrete.adapters.memory.maintenance import MemoryMaintenance
from carrete.adapters.memory.operator import MemoryOperator
from carrete.adapters.memory.shares import MemoryShares
from carrete.adapters.memory.state import VideoRow
from carrete.domain.artifacts import ArtifactKind
from carrete.domain.library import Position, VideoQuery, position_of
from carrete.domain.quota import Usage
from carrete.domain.task import NewTask, Priority, TaskKind
from carrete.domain.video import IN_WORK, REPROCESSABLE, InvalidStateError, Video, VideoState
from carrete.ports import (
    Artifact,
    ChunkSize,
    Doorbell,
    IdempotencyConflictError,
    JobDetail,
    NewVideo,
    NotFoundError,
    Results,
)

_PREPARE = NewTask(TaskKind.PREPARE, priority=Priority.FIRST_SECONDS)


class MemoryStore(MemoryMaintenance, MemoryJobs, MemoryAccounts, MemoryShares, MemoryOperator):
    """Conforms to all stores of ``ports`` and to ``EventLog``."""

    async def create_video(
        self, new: NewVideo, idempotency_key: str | None, request_hash: bytes
    ) -> tuple[Video, bool]:
        """See ``ports.VideoStore``."""
        for row in self.rows.values():
            same = row.video.owner_id == new.owner_id and row.idempotency_key == idempotency_key
            if idempotency_key is not None and same:
                if row.request_hash != request_hash:
                    msg = "this Idempotency-Key was used with another request"
                    raise IdempotencyConflictError(msg)
                return self.owned(new.owner_id, row.video.id), False
        self.admit(new.owner_id, Usage(new.size_bytes, 1), self.quota_of(new.owner_id))
        now = self.clock()
        video = Video(
            id=new.id,
            owner_id=new.owner_id,
            name=new.name,
            extension=new.extension,
            content_type=new.content_type,
            size_bytes=new.size_bytes,
            state=VideoState.UPLOADING,
            profile=new.profile,
            part_size=new.part_size,
            created_at=now,
            updated_at=now,
        )
        self.rows[video.id] = VideoRow(video, idempotency_key, request_hash)
        self.note(video.owner_id, video.id, "video.uploading", name=video.name)
        return video, True

    async def set_upload(self, owner_id: UUID, video_id: UUID, upload_id: str) -> str:
        """See ``ports.VideoStore``."""
        video = self.owned(owner_id, video_id)
        if video.upload_id is not None or video.state is not VideoState.UPLOADING:
            return video.upload_id or ""
        self.change(video_id, upload_id=upload_id)
        return upload_id

    async def touch(self, owner_id: UUID, video_id: UUID) -> None:
        """See ``ports.VideoStore``."""
        row = self.rows.get(video_id)
        if row and row.video.owner_id == owner_id and row.video.state is VideoState.UPLOADING:
            self.change(video_id)

    async def video(self, owner_id: UUID, video_id: UUID) -> Video:
        """See ``ports.VideoStore``."""
        return self.owned(owner_id, video_id)

    async def videos(
        self,
        owner_id: UUID,
        query: VideoQuery = VideoQuery(),  # noqa: B008 - frozen
        *,
        after: Position | None = None,
        limit: int,
    ) -> list[Video]:
        """See ``ports.VideoStore``."""
        sort = query.sort

        def place(position: Position) -> tuple[str | float, UUID]:
            value = -1 if position.value is None else position.value
            return (value.lower() if isinstance(value, str) else value, position.id)

        found = sorted(
            self._matching(owner_id, query),
            key=lambda video: place(position_of(video, sort)),
            reverse=sort.down,
        )
        if after is not None:
            here = place(after)
            places = [(place(position_of(video, sort)), video) for video in found]
            found = [v for p, v in places if (p < here if sort.down else p > here)]
        return found[:limit]

    def _matching(self, owner_id: UUID, query: VideoQuery) -> list[Video]:
        return [
            self.seen(row.video)
            for row in self.rows.values()
            if row.video.owner_id == owner_id
            and row.video.state is not VideoState.DELETING
            and (not query.states or row.video.state in query.states)
            and query.text.lower() in row.video.name.lower()
        ]

    async def count_by_state(self, owner_id: UUID, text: str = "") -> dict[VideoState, int]:
        """See ``ports.VideoStore``."""
        return dict(Counter(v.state for v in self._matching(owner_id, VideoQuery(text=text))))

    async def rename(self, owner_id: UUID, video_id: UUID, name: str) -> Video:
        """See ``ports.VideoStore``."""
        self.owned(owner_id, video_id)
        self.change(video_id, name=name)
        self.note(owner_id, video_id, "video.renamed", name=name)
        return self.owned(owner_id, video_id)

    async def submit(self, owner_id: UUID, video_id: UUID, etag: str | None) -> Sequence[Doorbell]:
        """See ``ports.VideoStore``."""
        video = self.owned(owner_id, video_id)
        if video.state is not VideoState.UPLOADING:
            return ()
        job, bells = self.open_job(video, video.profile, _PREPARE)
        self.set_state(
            video,
            VideoState.QUEUED,
            {"size_bytes": video.size_bytes},
            job_id=job,
            upload_id=None,
            uploaded_at=self.clock(),
            source_etag=etag,
        )
        return bells

    async def resubmit(
        self, owner_id: UUID, video_id: UUID, profile: str | None
    ) -> Sequence[Doorbell]:
        """See ``ports.VideoStore``."""
        video = self.owned(owner_id, video_id)
        if video.state not in REPROCESSABLE:
            raise InvalidStateError(video.state, "reprocessed")
        quota = replace(self.quota_of(owner_id), stored_bytes=0)
        self.admit(owner_id, Usage(videos_in_flight=1), quota)
        self.drop_results(video_id, but={video.published_job_id})
        chosen = profile or video.profile
        job, bells = self.open_job(video, chosen, _PREPARE)
        self.set_state(
            video,
            VideoState.QUEUED,
            job_id=job,
            profile=chosen,
            failure=None,
            started_at=None,
            finished_at=None,
            warnings=(),
            playable_at=video.playable_at if video.published_job_id else None,
        )
        return bells

    async def cancel(self, owner_id: UUID, video_id: UUID) -> Video:
        """See ``ports.VideoStore``."""
        video = self.owned(owner_id, video_id)
        if video.state in IN_WORK:
            self.stop_tasks(video_id)
            self.drop_results(video_id, but={video.published_job_id})
            published = video.published_job_id is not None
            self.set_state(
                video,
                VideoState.READY if published else VideoState.CANCELED,
                finished_at=self.clock(),
                playable_at=video.playable_at if published else None,
            )
        elif video.state is not VideoState.CANCELED:
            raise InvalidStateError(video.state, "canceled")
        return self.owned(owner_id, video_id)

    async def request_removal(
        self, owner_id: UUID, video_id: UUID, *, only: VideoState | None = None
    ) -> Sequence[Doorbell]:
        """See ``ports.VideoStore``."""
        video = self.owned(owner_id, video_id)
        if only is not None and video.state is not only:
            raise InvalidStateError(video.state, "removed")
        self.stop_tasks(video_id)
        task = NewTask(TaskKind.REMOVE, priority=Priority.CLEANUP)
        _, bells = self.open_job(video, video.profile, task)
        self.set_state(video, VideoState.DELETING)
        return bells

    async def request_removals(
        self, owner_id: UUID, video_ids: Collection[UUID]
    ) -> tuple[int, Sequence[Doorbell]]:
        """See ``ports.VideoStore``."""
        count, bells = 0, list[Doorbell]()
        for video_id in sorted(set(video_ids)):
            with suppress(NotFoundError):
                bells += await self.request_removal(owner_id, video_id)
                count += 1
        return count, bells

    async def artifacts(
        self, owner_id: UUID, video_id: UUID, kinds: Collection[ArtifactKind]
    ) -> list[Artifact]:
        """See ``ports.VideoStore``."""
        video = self.owned(owner_id, video_id)
        job = video.published_job_id or video.job_id
        return [made for made in self.live(job) if made.kind in kinds]

    async def results(
        self,
        owner_id: UUID,
        video_id: UUID,
        kinds: Collection[ArtifactKind],
        rendition: str | None = None,
    ) -> Results:
        """See ``ports.VideoStore``."""
        video = self.owned(owner_id, video_id)
        job = video.published_job_id or video.job_id
        plan = self.job_rows[job].plan if job in self.job_rows else {}
        found = tuple(
            made
            for made in self.live(job)
            if made.kind in kinds and rendition in {None, made.rendition}
        )
        return Results(plan, video.published_job_id is not None, found)

    async def job(self, owner_id: UUID, video_id: UUID) -> JobDetail | None:
        """See ``ports.VideoStore``."""
        video = self.owned(owner_id, video_id)
        row = self.job_rows.get(video.job_id) if video.job_id else None
        if row is None:
            return None
        tasks = sorted((item.task for item in self.tasks_of(row.id)), key=in_order)
        return JobDetail(
            id=row.id,
            profile=row.profile,
            plan=row.plan,
            created_at=row.created_at,
            finished_at=row.finished_at,
            tasks=tuple(replace(task) for task in tasks),
        )

    async def chunk_sizes(self, owner_id: UUID, video_id: UUID) -> list[ChunkSize]:
        """See ``ports.VideoStore``."""
        found = [
            ChunkSize(made.rendition or "", made.chunk, made.size_bytes)
            for made in self.live(self.owned(owner_id, video_id).job_id)
            if made.kind is ArtifactKind.CHUNK and made.chunk is not None
        ]
        return sorted(found, key=lambda one: (one.chunk, one.rendition))
