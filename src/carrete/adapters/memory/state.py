"""What the stores in memory share: rows, a clock and the event log."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from carrete.domain.account import Account, Session
from carrete.domain.artifacts import ArtifactKind, JsonObject
from carrete.domain.task import Task, TaskState
from carrete.domain.video import Event, Video, VideoState
from carrete.ports import Artifact, NotFoundError


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

    def __init__(self, clock: Callable[[], datetime] = utc_now) -> None:
        """Start empty; ``clock`` gives the time that leases are measured by."""
        self.clock = clock
        self.accounts: dict[UUID, tuple[Account, str]] = {}
        self.sessions: dict[bytes, Session] = {}
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

    def set_state(self, video: Video, state: VideoState, **values: Any) -> None:
        """Change a video's state and note it."""
        self.change(video.id, state=state, **values)
        data = {"code": values["failure"].value} if values.get("failure") else {}
        self.note(video.owner_id, video.id, f"video.{state}", **data)

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
