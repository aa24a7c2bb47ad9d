"""What the stores in memory share: rows, a clock and the event log."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from carrete.domain.account import Account, Session
from carrete.domain.artifacts import ArtifactKind, JsonObject
from carrete.domain.failures import FailureCode, InvalidInputError
from carrete.domain.quota import NO_QUOTA, OwnQuota, Quota, Usage, check_new_video
from carrete.domain.share import Share
from carrete.domain.task import Task, TaskState
from carrete.domain.video import IN_FLIGHT, Event, Video, VideoState
from carrete.ports import Artifact, KnownWorker, NotFoundError


def utc_now() -> datetime:
    """The current time."""
    return datetime.now(UTC)


@dataclass
class JobRow:
    """A stored job."""

    id: UUID
    video_id: UUID
    profile: str
    created_at: datetime
    plan: JsonObject = field(default_factory=dict)
    total_weight: float = 100.0
    charged: bool = False
    finished_at: datetime | None = None
    traceparent: str | None = None


@dataclass
class TaskRow:
    """A stored task with what its domain value leaves out."""

    task: Task
    weight: float
    run_after: datetime
    rung_at: datetime
    rings: int = 0
    to_bury: bool = False
    lease_until: datetime | None = None


@dataclass
class ArtifactRow:
    """A key that an attempt wrote or will write."""

    key: str
    video_id: UUID
    job_id: UUID
    task_id: UUID
    attempt: int
    state: str = "writing"
    made: Artifact | None = None
    swept_at: datetime | None = None


@dataclass
class VideoRow:
    """A stored video with what its domain value leaves out."""

    video: Video
    idempotency_key: str | None
    request_hash: bytes


class State:
    """All rows, and what every store needs of them."""

    def __init__(self, clock: Callable[[], datetime] = utc_now, quota: Quota = NO_QUOTA) -> None:
        """Start empty; ``clock`` gives the time that leases are measured by."""
        self.clock = clock
        self.quota = quota
        self.own_quotas: dict[UUID, OwnQuota] = {}
        self.removed: set[UUID] = set()
        self.fleet: dict[str, KnownWorker] = {}
        self.links: dict[UUID, Share] = {}
        self.days: dict[tuple[UUID, date], float] = {}
        self.accounts_by_id: dict[UUID, tuple[Account, str]] = {}
        self.opened: dict[bytes, Session] = {}
        self.attempts: dict[tuple[str, int], int] = {}
        self.rows: dict[UUID, VideoRow] = {}
        self.job_rows: dict[UUID, JobRow] = {}
        self.tasks: dict[UUID, TaskRow] = {}
        self.turns: dict[UUID, int] = {}
        self.keys: dict[str, ArtifactRow] = {}
        self.log: list[Event] = []
        self.listeners: list[asyncio.Queue[Event]] = []
        self.led = False

    # ── time and events ──

    def later(self, seconds: float) -> datetime:
        """The time in so many seconds."""
        return self.clock() + timedelta(seconds=seconds)

    def note(self, owner_id: UUID, video_id: UUID, name: str, /, **data: Any) -> None:
        """Append an event and announce it."""
        event = Event(len(self.log) + 1, owner_id, video_id, name, data, self.clock())
        self.log.append(event)
        self.announce(event)

    def announce(self, event: Event) -> None:
        """Tell the listeners."""
        for listener in self.listeners:
            listener.put_nowait(event)

    async def events(
        self, owner_id: UUID, after: int, limit: int, video_id: UUID | None = None
    ) -> list[Event]:
        """See ``ports.EventLog``."""
        return [
            event
            for event in self.log
            if event.owner_id == owner_id
            and (event.id or 0) > after
            and video_id in {None, event.video_id}
        ][:limit]

    async def last_event_id(self, owner_id: UUID) -> int:
        """See ``ports.EventLog``."""
        return max((event.id or 0 for event in self.log if event.owner_id == owner_id), default=0)

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[AsyncIterator[Event]]:
        """See ``ports.EventLog``."""
        queue: asyncio.Queue[Event] = asyncio.Queue()
        self.listeners.append(queue)

        async def heard() -> AsyncIterator[Event]:
            while True:
                yield await queue.get()

        try:
            yield heard()
        finally:
            self.listeners.remove(queue)

    # ── rows ──

    def owned(self, owner_id: UUID, video_id: UUID) -> Video:
        """A video of this owner that is not being deleted."""
        row = self.rows.get(video_id)
        if row is None or row.video.owner_id != owner_id or row.video.state is VideoState.DELETING:
            msg = f"there is no video {video_id}"
            raise NotFoundError(msg)
        return self.seen(row.video)

    def seen(self, video: Video) -> Video:
        """A video with its progress and what its results have."""
        job = video.published_job_id or video.job_id
        kinds = {
            key.made.kind
            for key in self.keys.values()
            if key.job_id == job and key.state == "live" and key.made is not None
        }
        video = replace(
            video,
            has_poster=ArtifactKind.POSTER in kinds,
            has_storyboard=ArtifactKind.STORYBOARD in kinds,
        )
        if video.state is VideoState.READY:
            return replace(video, progress=1.0)
        if video.state is not VideoState.PROCESSING or video.job_id is None:
            return replace(video, progress=0.0)
        return replace(video, progress=self.overall(video.job_id))

    # ── limits ──

    def quota_of(self, owner_id: UUID) -> Quota:
        """The limits that hold for an owner."""
        return self.own_quotas.get(owner_id, OwnQuota()).over(self.quota)

    def used_by(self, owner_id: UUID) -> Usage:
        """What an owner uses."""
        videos = [row.video for row in self.rows.values() if row.video.owner_id == owner_id]
        kept = [video for video in videos if video.state is not VideoState.DELETING]
        published = {video.published_job_id for video in kept} - {None}
        results = sum(
            key.made.size_bytes
            for key in self.keys.values()
            if key.state == "live" and key.made is not None and key.job_id in published
        )
        return Usage(
            sum(video.size_bytes for video in kept) + results,
            sum(video.state in IN_FLIGHT for video in kept),
            self.days.get((owner_id, self.clock().date()), 0.0) / 60,
        )

    def admit(self, owner_id: UUID, more: Usage, quota: Quota) -> None:
        """Check that an owner may use so much more."""
        now = self.used_by(owner_id)
        after = Usage(
            now.stored_bytes + more.stored_bytes,
            now.videos_in_flight + more.videos_in_flight,
            now.minutes_today,
        )
        check_new_video(after, quota)

    def charge(self, job: JobRow, owner_id: UUID, seconds: float) -> None:
        """Count a video's length against its owner's day, once for each job."""
        today = (owner_id, self.clock().date())
        total = self.days.get(today, 0.0) + seconds
        limit = self.quota_of(owner_id).minutes_per_day * 60
        if not job.charged:
            if limit and total > limit:
                detail = f"{seconds:.0f} s more than the day's {limit} s allow"
                raise InvalidInputError(FailureCode.QUOTA_EXCEEDED, detail)
            self.days[today] = total
            job.charged = True

    def overall(self, job_id: UUID) -> float:
        """The fraction of a job's work that is done."""
        done = sum(row.weight * row.task.progress for row in self.tasks_of(job_id))
        return min(1.0, done / max(self.job_rows[job_id].total_weight, 1e-9))

    def tasks_of(self, job_id: UUID) -> Iterator[TaskRow]:
        """The tasks of a job."""
        return (row for row in self.tasks.values() if row.task.job_id == job_id)

    def change(self, video_id: UUID, **values: Any) -> Video:
        """Change a video's row."""
        row = self.rows[video_id]
        row.video = replace(row.video, updated_at=self.clock(), **values)
        return row.video

    def set_state(
        self, video: Video, state: VideoState, data: JsonObject | None = None, /, **values: Any
    ) -> None:
        """Change a video's state and note it, with what else there is to say."""
        self.change(video.id, state=state, **values)
        code = {"code": values["failure"].value} if values.get("failure") else {}
        self.note(video.owner_id, video.id, f"video.{state}", **code, **(data or {}))

    def change_task(self, row: TaskRow, **values: Any) -> Task:
        """Change a task's row."""
        row.task = replace(row.task, **values)
        return row.task

    def stop_tasks(self, video_id: UUID, *, but: UUID | None = None) -> None:
        """Cancel a video's unfinished tasks; a running one keeps its lease."""
        for row in self.tasks.values():
            unfinished = row.task.state in {TaskState.PENDING, TaskState.RUNNING}
            if row.task.video_id == video_id and unfinished and row.task.id != but:
                self.change_task(row, state=TaskState.CANCELED, finished_at=self.clock())

    def drop_results(self, video_id: UUID, *, but: set[UUID | None]) -> None:
        """Mark live objects of a video's jobs as dead, except those of the jobs in ``but``."""
        for key in self.keys.values():
            if key.video_id == video_id and key.state == "live" and key.job_id not in but:
                key.state = "dead"

    def delete_video(self, video_id: UUID) -> None:
        """Delete a video with its jobs and tasks; its keys stay until they are swept."""
        del self.rows[video_id]
        self.job_rows = {k: j for k, j in self.job_rows.items() if j.video_id != video_id}
        self.tasks = {k: r for k, r in self.tasks.items() if r.task.video_id != video_id}
        self.links = {k: s for k, s in self.links.items() if s.video_id != video_id}


@contextmanager
def flag(state: State) -> Iterator[bool]:
    """Hold the leader's lock if it is free."""
    if state.led:
        yield False
        return
    state.led = True
    try:
        yield True
    finally:
        state.led = False
