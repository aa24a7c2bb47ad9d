"""How far a video's work has come, chunk by chunk, and what came out of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from carrete.domain.artifacts import ArtifactKind
from carrete.domain.chunks import Chunk
from carrete.domain.ladder import Rendition
from carrete.domain.media import mean_vmaf
from carrete.domain.plan import Plan
from carrete.domain.playlist import Layout, Piece, bit_rates
from carrete.domain.speed import speed
from carrete.domain.task import Task, TaskKind, TaskState
from carrete.domain.video import Event, Video
from carrete.ports import Artifact, ChunkSize, EventLog, VideoStore

MAX_EVENTS = 500


@dataclass(frozen=True, slots=True)
class MapTask:
    """A task, and how fast it goes.

    Attributes:
        chunk: index of the chunk that it makes, if it makes one.
        speed: seconds of video made in one second; ``None`` when not known.
    """

    task: Task
    chunk: int | None
    speed: float | None


@dataclass(frozen=True, slots=True)
class VideoMap:
    """The current job as a picture: chunks across, renditions down, tasks at work."""

    job_id: UUID | None
    chunks: Sequence[Chunk]
    renditions: Sequence[Rendition]
    tasks: Sequence[MapTask]
    cells: Sequence[ChunkSize]


@dataclass(frozen=True, slots=True)
class MadeRendition:
    """What was made of a rendition so far: bytes, bit/s, and sampled VMAF if there is one."""

    rendition: Rendition
    frame_rate: float
    size_bytes: int
    average_bps: int
    peak_bps: int
    vmaf: float | None


@dataclass(frozen=True, slots=True)
class MadeSound:
    """What was made of the sound so far."""

    size_bytes: int
    average_bps: int
    channels: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """The original beside what was made of it."""

    video: Video
    renditions: Sequence[MadeRendition]
    sound: MadeSound | None


@dataclass(frozen=True, slots=True)
class Timeline:
    """Stored events in order; ``after`` leads to the next ones, if there are."""

    events: Sequence[Event]
    after: int | None


async def read_map(
    owner_id: UUID, video_id: UUID, *, now: datetime, videos: VideoStore
) -> VideoMap:
    """The current job's map; empty parts where nothing is planned yet.

    Raises:
        NotFoundError: the owner has no such video.
    """
    job = await videos.job(owner_id, video_id)
    if job is None:
        return VideoMap(None, (), (), (), ())
    plan = Plan.from_json(job.plan) if job.plan else None
    tasks = [
        MapTask(
            task,
            task.index if task.kind is TaskKind.ENCODE else None,
            speed_of(task, seconds_of(task, plan), now),
        )
        for task in job.tasks
    ]
    if plan is None:
        return VideoMap(job.id, (), (), tasks, ())
    sizes = await videos.chunk_sizes(owner_id, video_id)
    return VideoMap(job.id, plan.chunks, plan.renditions, tasks, sizes)


def seconds_of(task: Task, plan: Plan | None) -> float | None:
    """Seconds of video that a task makes; ``None`` for one that makes none."""
    if plan is None or task.kind in {TaskKind.PREPARE, TaskKind.REMOVE}:
        return None
    if task.kind is not TaskKind.ENCODE:
        return plan.duration_s
    return plan.chunks[task.index].duration_s if task.index < len(plan.chunks) else None


def speed_of(task: Task, seconds: float | None, now: datetime) -> float | None:
    """Seconds of video that the task's attempt makes, or made, in one second."""
    if task.state is TaskState.DONE and task.finished_at is not None:
        return speed(seconds, 1.0, task.started_at, task.finished_at)
    if task.state is TaskState.RUNNING:
        return speed(seconds, task.progress, task.started_at, now)
    return None


async def compare(owner_id: UUID, video_id: UUID, *, videos: VideoStore) -> Comparison:
    """Sizes, bit rates and quality of what is served, or of what is being made.

    Raises:
        NotFoundError: the owner has no such video.
    """
    video = await videos.video(owner_id, video_id)
    kinds = (ArtifactKind.CHUNK, ArtifactKind.AUDIO)
    found = await videos.results(owner_id, video_id, kinds)
    if not found.plan:
        return Comparison(video, (), None)
    plan = Plan.from_json(found.plan)
    by_name: dict[str | None, list[Artifact]] = {}
    for made in found.artifacts:
        by_name.setdefault(made.rendition, []).append(made)
    renditions = [_rendition(one, plan, by_name.get(one.name, [])) for one in plan.renditions]
    if plan.audio is None:
        return Comparison(video, renditions, None)
    sound = [made for made in found.artifacts if made.kind is ArtifactKind.AUDIO]
    _, average = bit_rates(_pieces(sound))
    return Comparison(video, renditions, MadeSound(_bytes(sound), average, plan.audio.channels))


async def read_timeline(
    owner_id: UUID, video_id: UUID, after: int, limit: int, *, videos: VideoStore, events: EventLog
) -> Timeline:
    """A video's stored events, the oldest first.

    Raises:
        NotFoundError: the owner has no such video.
    """
    await videos.video(owner_id, video_id)
    size = max(1, min(limit, MAX_EVENTS))
    found = await events.events(owner_id, after, size + 1, video_id)
    return Timeline(found[:size], found[size - 1].id if len(found) > size else None)


def _rendition(one: Rendition, plan: Plan, made: Sequence[Artifact]) -> MadeRendition:
    peak, average = bit_rates(_pieces(made))
    sampled = [piece.meta.get("vmaf") for piece in made]
    return MadeRendition(
        rendition=one,
        frame_rate=float(plan.frame_rate),
        size_bytes=_bytes(made),
        average_bps=average,
        peak_bps=peak,
        vmaf=mean_vmaf([float(score) for score in sampled if isinstance(score, int | float)]),
    )


def _pieces(made: Sequence[Artifact]) -> list[Piece]:
    return [Piece(one.key, Layout.from_json(one.meta)) for one in made if "fragments" in one.meta]


def _bytes(made: Sequence[Artifact]) -> int:
    return sum(one.size_bytes for one in made)
