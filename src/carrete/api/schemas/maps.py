"""A video's work, chunk by chunk, and what came out of it, on the wire."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from carrete.api.schemas.examples import AT, JOB_ID, VIDEO_ID, example
from carrete.api.schemas.videos import Task
from carrete.domain.ladder import VideoCodec


class Chunk(BaseModel):
    """A stretch of the video that one task makes in every rendition."""

    index: int
    start_s: float = Field(description="Seconds from the beginning")
    duration_s: float = Field(description="Seconds")


class PlannedRendition(BaseModel):
    """One version of the video that is made."""

    name: str
    codec: VideoCodec
    width: int
    height: int
    copied: bool = Field(description="Whether the original's own picture is kept")


class MapTask(Task):
    """One step of the job, and how fast it goes."""

    chunk: int | None = Field(description="Index of the chunk that it makes, if it makes one")
    speed: float | None = Field(description="Seconds of video made in one second")


class Cell(BaseModel):
    """A chunk that is made in a rendition."""

    rendition: str
    chunk: int
    size_bytes: int


class VideoMap(BaseModel):
    """The current job as a picture: chunks across, renditions down, steps at work."""

    model_config = example(
        {
            "job_id": JOB_ID,
            "chunks": [{"index": 0, "start_s": 0.0, "duration_s": 4.0}],
            "renditions": [
                {"name": "h264-720", "codec": "h264", "width": 1280, "height": 720, "copied": False}
            ],
            "tasks": [],
            "cells": [{"rendition": "h264-720", "chunk": 0, "size_bytes": 912345}],
        }
    )

    job_id: UUID | None = Field(description="Nothing before the upload is complete")
    chunks: list[Chunk]
    renditions: list[PlannedRendition] = Field(description="Best first")
    tasks: list[MapTask]
    cells: list[Cell] = Field(description="Chunks that are made; not those of copies")


class Rendition(PlannedRendition):
    """What was made of one version so far."""

    frame_rate: float = Field(description="Frames per second")
    size_bytes: int
    average_bps: int = Field(description="Bit/s")
    peak_bps: int = Field(description="Bit/s of the largest segment")
    vmaf: float | None = Field(description="0 to 100, of frames sampled against the original")


class Sound(BaseModel):
    """What was made of the sound so far."""

    codec: str
    size_bytes: int
    average_bps: int = Field(description="Bit/s")
    channels: int


class Original(BaseModel):
    """What was uploaded."""

    size_bytes: int
    average_bps: int | None = Field(description="Bit/s; known once the work has begun")


class Renditions(BaseModel):
    """The original beside what was made of it."""

    model_config = example(
        {
            "items": [
                {
                    "name": "h264-720",
                    "codec": "h264",
                    "width": 1280,
                    "height": 720,
                    "copied": False,
                    "frame_rate": 29.97,
                    "size_bytes": 41234567,
                    "average_bps": 1798672,
                    "peak_bps": 2911034,
                    "vmaf": 93.4,
                }
            ],
            "audio": {
                "codec": "aac",
                "size_bytes": 2934567,
                "average_bps": 128004,
                "channels": 2,
            },
            "original": {"size_bytes": 734003200, "average_bps": 32017588},
        }
    )

    items: list[Rendition] = Field(description="Best first")
    audio: Sound | None
    original: Original


class StoredEvent(BaseModel):
    """One thing that happened to a video."""

    id: int = Field(description="Grows; what `after` and `Last-Event-ID` mean")
    video_id: UUID
    type: str = Field(description="As in the event stream, but for `video.progress`")
    at: datetime
    data: dict[str, Any]


class Timeline(BaseModel):
    """What happened to a video, the oldest first."""

    model_config = example(
        {
            "items": [
                {"id": 42, "video_id": VIDEO_ID, "type": "video.queued", "at": AT, "data": {}}
            ],
            "next_after": None,
        }
    )

    items: list[StoredEvent]
    next_after: int | None = Field(description="`after` of the next page; nothing on the last")
