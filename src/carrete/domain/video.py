"""The states of a video, and which changes between them are allowed."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from carrete.domain.artifacts import JsonObject
from carrete.domain.failures import CarreteError, FailureCode


class VideoState(StrEnum):
    """Where a video stands. ``playable_at`` is set apart, while it is still processing."""

    UPLOADING = "uploading"
    QUEUED = "queued"
    PROCESSING = "processing"
    READY = "ready"
    FAILED = "failed"
    CANCELED = "canceled"
    DELETING = "deleting"


IN_WORK = frozenset({VideoState.QUEUED, VideoState.PROCESSING})
"""States in which a job has work left to do."""

IN_FLIGHT = IN_WORK | {VideoState.UPLOADING}
"""States of videos that still cost something to finish."""

REPROCESSABLE = frozenset({VideoState.READY, VideoState.FAILED, VideoState.CANCELED})
"""States from which the original can be processed anew."""

MOVES: dict[VideoState, frozenset[VideoState]] = {
    VideoState.UPLOADING: frozenset({VideoState.QUEUED, VideoState.DELETING}),
    VideoState.QUEUED: frozenset(
        {VideoState.PROCESSING, VideoState.FAILED, VideoState.CANCELED, VideoState.DELETING}
    ),
    VideoState.PROCESSING: frozenset(
        {VideoState.READY, VideoState.FAILED, VideoState.CANCELED, VideoState.DELETING}
    ),
    VideoState.READY: frozenset({VideoState.QUEUED, VideoState.DELETING}),
    # an operator's redrive sends a failed video back to work without a new job
    VideoState.FAILED: frozenset({VideoState.QUEUED, VideoState.PROCESSING, VideoState.DELETING}),
    VideoState.CANCELED: frozenset({VideoState.QUEUED, VideoState.DELETING}),
    VideoState.DELETING: frozenset(),
}


def sources_of(target: VideoState) -> frozenset[VideoState]:
    """The states from which ``target`` may be entered."""
    return frozenset(state for state, targets in MOVES.items() if target in targets)


class InvalidStateError(CarreteError):
    """The video is not in a state that allows what was asked.

    Attributes:
        state: where the video stands.
        wanted: what was asked, as a verb.
    """

    def __init__(self, state: VideoState, wanted: str) -> None:
        """Keep what stands in the way."""
        super().__init__(f"a video that is {state} can't be {wanted}")
        self.state = state
        self.wanted = wanted


@dataclass(frozen=True, slots=True)
class Video:
    """A video as its owner sees it.

    Attributes:
        size_bytes: the size that the client declared; the stored original has exactly this size.
        part_size: bytes in each part of the upload except the last.
        upload_id: S3's name for the multipart upload while one is open.
        job_id: the job that is in work or was the last one.
        published_job_id: the job whose results are served; an older one while a new one runs.
        progress: fraction of the current job's work that is done, 0 to 1.
        duration_s: seconds of picture, known after ``prepare``.
        has_poster: whether the results that are served have a still picture.
        has_storyboard: whether they have small pictures of the whole video.
    """

    id: UUID
    owner_id: UUID
    name: str
    extension: str
    content_type: str
    size_bytes: int
    state: VideoState
    profile: str
    part_size: int
    created_at: datetime
    updated_at: datetime
    upload_id: str | None = None
    source_etag: str | None = None
    job_id: UUID | None = None
    published_job_id: UUID | None = None
    progress: float = 0.0
    failure: FailureCode | None = None
    warnings: tuple[str, ...] = ()
    duration_s: float | None = None
    width: int | None = None
    height: int | None = None
    frame_rate: float | None = None
    video_codec: str | None = None
    audio_codec: str | None = None
    output_bytes: int | None = None
    has_poster: bool = False
    has_storyboard: bool = False
    uploaded_at: datetime | None = None
    started_at: datetime | None = None
    playable_at: datetime | None = None
    finished_at: datetime | None = None

    @property
    def playable(self) -> bool:
        """Whether it can be streamed now: it was made, or enough of it is while it is made."""
        served = self.published_job_id is not None or self.state is VideoState.PROCESSING
        return served and self.playable_at is not None


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """What ``prepare`` learned about the original, shown to its owner."""

    duration_s: float
    width: int
    height: int
    frame_rate: float
    video_codec: str
    audio_codec: str | None
    warnings: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a video; ``id`` grows without gaps visible to its owner.

    Attributes:
        id: the position to resume after; ``None`` for fleeting events (progress), which are
            not stored.
        type: such as ``video.ready`` or ``task.done``.
    """

    id: int | None
    owner_id: UUID
    video_id: UUID
    type: str
    data: JsonObject
    at: datetime
