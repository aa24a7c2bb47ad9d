"""Events, problems and probes on the wire."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from carrete.api.schemas.examples import AT, VIDEO_ID, example
from carrete.domain.quota import QuotaKind


class Event(BaseModel):
    """What the data of a server-sent event says: something happened to a video."""

    model_config = example({"video_id": VIDEO_ID, "type": "video.queued", "at": AT, "data": {}})

    video_id: UUID
    type: str = Field(
        description="`video.` and the video's new state, `video.playable`, `video.renamed`,"
        " `video.progress`, `video.deleted`; `task.` and `running`, `done`, `retrying`,"
        " `given_back` or `lost`"
    )
    at: datetime
    data: dict[str, Any] = Field(description="By type, such as `progress` or `code`")


class Hello(BaseModel):
    """The data of the event `hello`, the first of a stream that starts with the present."""

    model_config = example({"last_event_id": 41})

    last_event_id: int = Field(description="Id of the newest event so far, or 0")


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
    quota: QuotaKind | None = Field(None, description="Of `quota_exceeded`: what is used up")
    used: float | None = Field(None, description="Of `quota_exceeded`: with what was asked for")
    limit: int | None = Field(None, description="Of `quota_exceeded`: most that may be used")


class Health(BaseModel):
    """The process runs."""

    model_config = example({"status": "ok"})

    status: str


class Readiness(BaseModel):
    """Whether each thing that Carrete needs answers."""

    model_config = example(
        {"status": "ok", "checks": {"database": "ok", "objects": "ok", "queue": "ok"}}
    )

    status: str = Field(description="`ok` or `unavailable`")
    checks: dict[str, str]
