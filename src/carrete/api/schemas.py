"""What goes over the wire, as OpenAPI describes it.

Requests are parsed with these models and refuse unknown fields. Answers are written by
``present``, which a test holds against them: building a model for each row only to serialize it
again would double the cost of a list.
"""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from carrete.domain.account import MAX_PASSWORD, MIN_PASSWORD, Role
from carrete.domain.failures import FailureCode
from carrete.domain.ladder import Profile
from carrete.domain.task import TaskKind, TaskState
from carrete.domain.upload import MAX_PARTS
from carrete.domain.video import VideoState
from carrete.usecases.sign_parts import MAX_AT_ONCE

MAX_NAME_CHARS = 4096
"""Characters of a name as typed, path included; the domain cuts and checks what is kept."""

_VIDEO_ID = "0198c5a2-7d3e-7a10-9f4e-5b1d2c3a4e5f"
_JOB_ID = "0198c5a2-9a11-7c02-8d3f-1a2b3c4d5e6f"
_AT = "2026-03-01T12:00:00Z"
_SHA256 = "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="

ACCOUNT_EXAMPLE = {
    "id": "0198c5a1-1111-7000-8000-000000000001",
    "email": "ana@example.com",
    "role": "user",
    "created_at": _AT,
}
VIDEO_EXAMPLE = {
    "id": _VIDEO_ID,
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
    "created_at": _AT,
    "uploaded_at": "2026-03-01T12:01:10Z",
    "started_at": "2026-03-01T12:01:11Z",
    "playable_at": None,
    "finished_at": None,
}


def _example(value: dict[str, Any]) -> ConfigDict:
    return ConfigDict(frozen=True, json_schema_extra={"examples": [value]})


def _request(value: dict[str, Any]) -> ConfigDict:
    return ConfigDict(frozen=True, extra="forbid", json_schema_extra={"examples": [value]})


class Registration(BaseModel):
    """A new account."""

    model_config = _request({"email": "ana@example.com", "password": "correct horse battery"})

    email: str = Field(min_length=3, max_length=320, description="Names the account")
    password: SecretStr = Field(
        min_length=MIN_PASSWORD, max_length=MAX_PASSWORD, description="Any characters"
    )


class SignIn(BaseModel):
    """An account's address and password."""

    model_config = _request({"email": "ana@example.com", "password": "correct horse battery"})

    email: str = Field(min_length=1, max_length=320)
    password: SecretStr = Field(min_length=1, max_length=MAX_PASSWORD)


class Account(BaseModel):
    """An account."""

    model_config = _example(ACCOUNT_EXAMPLE)

    id: UUID
    email: str
    role: Role
    created_at: datetime


class SignedIn(BaseModel):
    """A new session. The same token is set as the cookie ``carrete_session``."""

    model_config = _example(
        {
            "account": ACCOUNT_EXAMPLE,
            "token": "Yb3t0kB9zq1N8pQvXw5rJmD2hL6sC4aFgUeIoTnRkZc",
            "expires_at": "2026-03-31T12:00:00Z",
        }
    )

    account: Account
    token: str = Field(description="For `Authorization: Bearer …`; it is shown only now")
    expires_at: datetime


class NewVideo(BaseModel):
    """A file that is about to be uploaded."""

    model_config = _request(
        {
            "name": "Boda en Sevilla.mov",
            "size_bytes": 734003200,
            "content_type": "video/quicktime",
            "profile": "h264",
        }
    )

    name: str = Field(
        min_length=1,
        max_length=MAX_NAME_CHARS,
        description="The file's name; only the last component of a path is kept",
    )
    size_bytes: int = Field(
        strict=True, ge=0, le=2**63 - 1, description="Exact size of the whole file, in bytes"
    )
    content_type: str | None = Field(
        None,
        max_length=100,
        pattern=r"^[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+$",
        description="The file's media type, if it is known",
    )
    profile: Profile = Field(Profile.H264, description="Which codecs are made")


class VideoName(BaseModel):
    """A video's new name."""

    model_config = _request({"name": "Boda de Ana y Luis.mov"})

    name: str = Field(min_length=1, max_length=MAX_NAME_CHARS)


class Reprocessing(BaseModel):
    """How to process a video anew."""

    model_config = _request({"profile": "h264+av1"})

    profile: Profile | None = Field(None, description="Another profile than last time")


class Message(BaseModel):
    """A sentence in each language that Carrete speaks."""

    en: str
    es: str


class Failure(BaseModel):
    """Why a video failed."""

    model_config = _example(
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

    model_config = _example(VIDEO_EXAMPLE)

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
    created_at: datetime
    uploaded_at: datetime | None
    started_at: datetime | None
    playable_at: datetime | None = Field(description="When its first seconds could be streamed")
    finished_at: datetime | None


class VideoPage(BaseModel):
    """Some of the videos, newest first."""

    model_config = _example({"items": [VIDEO_EXAMPLE], "next_cursor": _VIDEO_ID})

    items: list[Video]
    next_cursor: str | None = Field(description="`cursor` of the next page; nothing on the last")


class UploadPlan(BaseModel):
    """How a file is cut into parts."""

    model_config = _example({"part_size": 8388608, "part_count": 88})

    part_size: int = Field(description="Bytes of each part but the last")
    part_count: int = Field(description="Parts are numbered from 1 to this")


class CreatedVideo(BaseModel):
    """A new video and how to upload it."""

    model_config = _example(
        {
            "video": VIDEO_EXAMPLE | {"state": "uploading", "progress": 0.0},
            "upload": {"part_size": 8388608, "part_count": 88},
        }
    )

    video: Video
    upload: UploadPlan


class PartDigest(BaseModel):
    """A part that is about to be sent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int = Field(strict=True, ge=1, le=MAX_PARTS, description="From 1")
    sha256: str = Field(
        pattern=r"^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$",
        description="Base64 of the SHA-256 of the part's bytes",
    )


class PartsRequest(BaseModel):
    """Parts to be sent next."""

    model_config = _request({"parts": [{"number": 1, "sha256": _SHA256}]})

    parts: list[PartDigest] = Field(min_length=1, max_length=MAX_AT_ONCE)


class SignedPart(BaseModel):
    """Where a part goes: PUT its bytes to ``url`` with exactly these headers."""

    number: int
    url: str
    headers: dict[str, str]
    length: int = Field(description="Bytes that the part must have")


class SignedParts(BaseModel):
    """Presigned requests."""

    model_config = _example(
        {
            "parts": [
                {
                    "number": 1,
                    "url": "https://bucket.s3.eu-west-1.amazonaws.com/input/…?X-Amz-Signature=…",
                    "headers": {"x-amz-checksum-sha256": _SHA256, "Content-Length": "8388608"},
                    "length": 8388608,
                }
            ],
            "expires_at": "2026-03-01T13:00:00Z",
        }
    )

    parts: list[SignedPart]
    expires_at: datetime


class StoredPart(BaseModel):
    """A part that is stored."""

    number: int
    size: int = Field(description="Bytes")
    sha256: str | None = Field(description="Base64 of the SHA-256 of its bytes")


class UploadStatus(BaseModel):
    """How far an upload has come."""

    model_config = _example(
        {
            "part_size": 8388608,
            "part_count": 88,
            "parts": [{"number": 1, "size": 8388608, "sha256": _SHA256}],
        }
    )

    part_size: int
    part_count: int
    parts: list[StoredPart]


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

    model_config = _example(
        {
            "job_id": _JOB_ID,
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

    model_config = _example({"state": "deleting"})

    state: Annotated[VideoState, Field(description="Always `deleting`")]


class DownloadLink(BaseModel):
    """A link that anybody who has it may read until it expires."""

    model_config = _example(
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


class Health(BaseModel):
    """The process runs."""

    model_config = _example({"status": "ok"})

    status: str


class Readiness(BaseModel):
    """Whether each thing that Carrete needs answers."""

    model_config = _example(
        {"status": "ok", "checks": {"database": "ok", "objects": "ok", "queue": "ok"}}
    )

    status: str = Field(description="`ok` or `unavailable`")
    checks: dict[str, str]


class FieldError(BaseModel):
    """What is wrong with one field."""

    field: str = Field(description="Path of the field, such as `parts.0.sha256`")
    message: str


class Problem(BaseModel):
    """Why a request was refused (RFC 9457)."""

    type: str = Field(description="`urn:carrete:problem:` and the code")
    title: str
    status: int
    detail: str
    code: str = Field(description="Stable; programs match on it")
    request_id: str = Field(description="Names the request in the operator's logs")
    errors: list[FieldError] | None = Field(None, description="At most 100")
