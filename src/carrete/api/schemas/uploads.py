"""Uploads on the wire."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from carrete.api.schemas.examples import SHA256, example, request
from carrete.api.schemas.videos import MAX_NAME_CHARS, VIDEO_EXAMPLE, Video
from carrete.domain.ladder import Profile
from carrete.domain.upload import MAX_PARTS
from carrete.usecases.sign_parts import MAX_AT_ONCE


class NewVideo(BaseModel):
    """A file that is about to be uploaded."""

    model_config = request(
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


class UploadPlan(BaseModel):
    """How a file is cut into parts."""

    model_config = example({"part_size": 8388608, "part_count": 88})

    part_size: int = Field(description="Bytes of each part but the last")
    part_count: int = Field(description="Parts are numbered from 1 to this")


class CreatedVideo(BaseModel):
    """A new video and how to upload it."""

    model_config = example(
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

    model_config = request({"parts": [{"number": 1, "sha256": SHA256}]})

    parts: list[PartDigest] = Field(min_length=1, max_length=MAX_AT_ONCE)


class SignedPart(BaseModel):
    """Where a part goes: PUT its bytes to ``url`` with exactly these headers."""

    number: int
    url: str
    headers: dict[str, str]
    length: int = Field(description="Bytes that the part must have")


class SignedParts(BaseModel):
    """Presigned requests."""

    model_config = example(
        {
            "parts": [
                {
                    "number": 1,
                    "url": "https://bucket.s3.eu-west-1.amazonaws.com/input/…?X-Amz-Signature=…",
                    "headers": {"x-amz-checksum-sha256": SHA256, "Content-Length": "8388608"},
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

    model_config = example(
        {
            "part_size": 8388608,
            "part_count": 88,
            "parts": [{"number": 1, "size": 8388608, "sha256": SHA256}],
        }
    )

    part_size: int
    part_count: int
    parts: list[StoredPart]
