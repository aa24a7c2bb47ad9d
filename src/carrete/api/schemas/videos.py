"""Videos and their work on the wire."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from carrete.api.schemas.examples import AT, JOB_ID, VIDEO_ID, example, request
from carrete.domain.failures import FailureCode
from carrete.domain.ladder import Profile
from carrete.domain.task import TaskKind, TaskState
from carrete.domain.video import VideoState
from carrete.usecases.videos import MAX_SELECTED

MAX_NAME_CHARS = 4096
"""Characters of a name as typed, path included; the domain cuts and checks what is kept."""

VIDEO_EXAMPLE = {
    "id": VIDEO_ID,
    "name": "Boda en Sevilla.mov",
    "state": "processing",
    "size_bytes": 734003200,
    "content_type": "video/quicktime",
    "profile": "h264",
    "progress": 0.42,
    "failure": None,
    "warnings": [],
    "duration_s": 183.4,
    "width": 1920,
    "height": 1080,
    "frame_rate": 29.97,
    "video_codec": "h264",
    "audio_codec": "aac",
    "output_bytes": None,
    "has_poster": False,
    "has_storyboard": False,
    "playable": False,
    "created_at": AT,
    "uploaded_at": "2026-03-01T12:01:10Z",
    "started_at": "2026-03-01T12:01:11Z",
    "playable_at": None,
    "finished_at": None,
}


class VideoName(BaseModel):
    """A video's new name."""

    model_config = request({"name": "Boda de Ana y Luis.mov"})

    name: str = Field(min_length=1, max_length=MAX_NAME_CHARS)


class Reprocessing(BaseModel):
    """How to process a video anew."""

    model_config = request({"profile": "h264+av1"})

    profile: Profile | None = Field(None, description="Another profile than last time")


class Message(BaseModel):
    """A sentence in each language that Carrete speaks."""

    en: str
    es: str


class Failure(BaseModel):
    """Why a video failed."""

    model_config = example(
        {
            "code": "not_a_video",
            "message": {
                "en": "This file is not a video. Upload a video file such as MP4.",
                "es": "Este archivo no es un vídeo. Sube un archivo de vídeo como MP4.",
            },
        }
    )

    code: FailureCode = Field(description="Stable; programs match on it")
    message: Message


class Video(BaseModel):
    """A video as its owner sees it."""

    model_config = example(VIDEO_EXAMPLE)

    id: UUID
    name: str
    state: VideoState
    size_bytes: int = Field(description="Bytes of the original")
    content_type: str
    profile: Profile
    progress: float = Field(ge=0, le=1, description="Fraction of the current work that is done")
    failure: Failure | None
    warnings: list[str] = Field(description="What was found odd about the original")
    duration_s: float | None = Field(description="Seconds; known once the work has begun")
    width: int | None = Field(description="Pixels")
    height: int | None = Field(description="Pixels")
    frame_rate: float | None = Field(description="Frames per second")
    video_codec: str | None
    audio_codec: str | None = Field(description="Nothing when the original has no sound")
    output_bytes: int | None = Field(description="Bytes of the processed file")
    has_poster: bool = Field(description="Whether there is a still picture to see")
    has_storyboard: bool = Field(description="Whether there are small pictures of the whole video")
    playable: bool = Field(description="Whether it can be streamed now")
    created_at: datetime
    uploaded_at: datetime | None
    started_at: datetime | None
    playable_at: datetime | None = Field(description="When its first seconds could be streamed")
    finished_at: datetime | None


class VideoPage(BaseModel):
    """Some of the videos."""

    model_config = example({"items": [VIDEO_EXAMPLE], "next_cursor": "WyItY3JlYXRlZF9hdCIsbnVsbF0"})

    items: list[Video]
    next_cursor: str | None = Field(description="`cursor` of the next page; nothing on the last")


class VideoSummary(BaseModel):
    """How many videos there are."""

    model_config = example({"states": {"ready": 12, "processing": 1}})

    states: dict[VideoState, int] = Field(description="By state; those that don't occur are absent")


class Selection(BaseModel):
    """Videos to be deleted together."""

    model_config = request({"ids": [VIDEO_ID]})

    ids: list[UUID] = Field(min_length=1, max_length=MAX_SELECTED)


class SelectionRemoval(BaseModel):
    """What became of a selection."""

    model_config = example({"deleted": 1})

    deleted: int = Field(description="Videos that are being deleted; others were not there")


class Task(BaseModel):
    """One step of a job."""

    kind: TaskKind
    index: int = Field(description="Position among the tasks of its kind, from 0")
    state: TaskState
    attempt: int = Field(description="How often a worker took it")
    failures: int = Field(description="How often it failed or its worker was lost")
    progress: float
    worker: str | None
    started_at: datetime | None
    finished_at: datetime | None
    result: dict[str, Any] = Field(description="Figures of the finished step")


class Job(BaseModel):
    """The steps of a video's current or last work."""

    model_config = example(
        {
            "job_id": JOB_ID,
            "profile": "h264",
            "tasks": [
                {
                    "kind": "prepare",
                    "index": 0,
                    "state": "done",
                    "attempt": 1,
                    "failures": 0,
                    "progress": 1.0,
                    "worker": "worker-1",
                    "started_at": "2026-03-01T12:01:11Z",
                    "finished_at": "2026-03-01T12:01:12Z",
                    "result": {},
                }
            ],
        }
    )

    job_id: UUID | None = Field(description="Nothing before the upload is complete")
    profile: Profile
    tasks: list[Task]


class Removal(BaseModel):
    """What became of a deleted video."""

    model_config = example({"state": "deleting"})

    state: Annotated[VideoState, Field(description="Always `deleting`")]


class DownloadLink(BaseModel):
    """A link that anybody who has it may read until it expires."""

    model_config = example(
        {
            "url": "https://bucket.s3.eu-west-1.amazonaws.com/output/…?X-Amz-Signature=…",
            "expires_at": "2026-03-01T18:00:00Z",
            "filename": "Boda en Sevilla.mp4",
            "size_bytes": 104857600,
        }
    )

    url: str
    expires_at: datetime
    filename: str
    size_bytes: int
