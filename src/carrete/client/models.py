"""The server's answers. Unknown fields are ignored, so that a newer server can say more."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from carrete.domain.task import TaskKind, TaskState
from carrete.domain.video import IN_WORK, VideoState


class Answer(BaseModel):
    """Base of all answers: frozen."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class AccountView(Answer):
    """An account."""

    id: UUID
    email: str
    role: str
    created_at: datetime


class SignIn(Answer):
    """A new session; ``token`` is its secret."""

    account: AccountView
    token: str = Field(repr=False)
    expires_at: datetime


class FailureView(Answer):
    """Why a video failed: a stable code, and a sentence by language (``en``, ``es``)."""

    code: str
    message: dict[str, str]


class VideoView(Answer):
    """A video. Times are UTC, sizes bytes, ``progress`` a fraction from 0 to 1."""

    id: UUID
    name: str
    state: VideoState
    size_bytes: int
    content_type: str
    profile: str
    progress: float = 0.0
    failure: FailureView | None = None
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
    playable: bool = False
    created_at: datetime
    uploaded_at: datetime | None = None
    started_at: datetime | None = None
    playable_at: datetime | None = None
    finished_at: datetime | None = None

    @property
    def settled(self) -> bool:
        """Whether nothing more happens to it by itself."""
        return self.state not in IN_WORK and self.state is not VideoState.UPLOADING


class VideoPage(Answer):
    """A page of a list; ``next_cursor`` leads to the next one."""

    items: tuple[VideoView, ...]
    next_cursor: str | None = None


class UploadShape(Answer):
    """How the file has to be cut: ``part_size`` bytes in each part but the last."""

    part_size: int = Field(ge=1)
    part_count: int = Field(ge=1)


class CreatedVideo(Answer):
    """A new video that waits for its bytes."""

    video: VideoView
    upload: UploadShape


class StoredPart(Answer):
    """A part that the store has; ``sha256`` in base64 when the store kept it."""

    number: int
    size: int
    sha256: str | None = None


class StoredUpload(UploadShape):
    """How far an upload has come."""

    parts: tuple[StoredPart, ...]


class SignedPart(Answer):
    """Leave to PUT one part of ``length`` bytes; the request must carry exactly ``headers``."""

    number: int
    url: str = Field(repr=False)
    headers: dict[str, str] = Field(repr=False)
    length: int


class SignedParts(Answer):
    """Leave to PUT several parts, until ``expires_at``."""

    parts: tuple[SignedPart, ...]
    expires_at: datetime


class TaskView(Answer):
    """A task of a job; ``result`` holds what it measured."""

    kind: TaskKind
    index: int
    state: TaskState
    attempt: int
    failures: int
    progress: float
    worker: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    result: dict[str, Any] = {}


class JobView(Answer):
    """The current job of a video; ``job_id`` is empty before there is one."""

    job_id: UUID | None = None
    profile: str | None = None
    tasks: tuple[TaskView, ...] = ()


class DownloadLink(Answer):
    """Leave to read a stored file, and the name and size (bytes) that it has."""

    url: str = Field(repr=False)
    expires_at: datetime
    filename: str
    size_bytes: int | None = None


class ShareView(Answer):
    """A link to a video; ``path`` is that of the page which shows it."""

    id: UUID
    token: str = Field(repr=False)
    path: str = Field(repr=False)
    has_password: bool
    allow_download: bool
    created_at: datetime
    expires_at: datetime | None = None
    views: int = 0


class SharePage(Answer):
    """A video's links."""

    items: tuple[ShareView, ...]


class EventView(Answer):
    """One thing that happened to a video.

    Attributes:
        id: what to resume after; ``None`` for fleeting events (progress).
        type: such as ``video.ready``; ``hello`` opens a stream and belongs to no video.
    """

    id: int | None = None
    type: str
    video_id: UUID | None = None
    at: datetime | None = None
    data: dict[str, Any] = {}
